"""Feature columns as a program declares them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

from sqlflow_runtime._errors import ProgramError, SpecError

Combiner = Literal["sum", "mean", "sqrtn"]


class Feature:
    """A feature column; the subclasses are all there are."""

    def columns(self) -> Iterator[str]:
        """Yields the names of the columns that the feature reads, as the program writes them."""
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.name in ("name", "source") and isinstance(value, str):
                yield value
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Feature):
                    yield from part.columns()
                elif field.name == "keys":
                    yield part


@dataclass(frozen=True)
class Column(Feature):
    name: str


@dataclass(frozen=True)
class Every(Feature):
    pass


@dataclass(frozen=True)
class Matching(Feature):
    pattern: str


@dataclass(frozen=True)
class Numeric(Feature):
    name: str
    shape: tuple[int, ...] | None
    delimiter: str | None
    dtype: str

    @property
    def size(self) -> int | None:
        return _product(self.shape)


@dataclass(frozen=True)
class Sparse(Feature):
    name: str
    shape: tuple[int, ...] | None
    delimiter: str | None
    dtype: str
    delimiter_kv: str | None
    weight_dtype: str

    @property
    def size(self) -> int | None:
        return _product(self.shape)


Source: TypeAlias = str | Feature


@dataclass(frozen=True)
class Bucket(Feature):
    source: Source
    boundaries: tuple[float, ...]


@dataclass(frozen=True)
class CategoryId(Feature):
    source: Source
    size: int


@dataclass(frozen=True)
class SeqCategoryId(Feature):
    source: Source
    size: int


@dataclass(frozen=True)
class CategoryHash(Feature):
    source: Source
    size: int


@dataclass(frozen=True)
class WeightedCategory(Feature):
    source: Source


@dataclass(frozen=True)
class Cross(Feature):
    keys: tuple[Source, ...]
    size: int


@dataclass(frozen=True)
class Embedding(Feature):
    source: Source
    dimension: int
    combiner: Combiner
    initializer: str | None


@dataclass(frozen=True)
class Indicator(Feature):
    source: Source


FeatureLists: TypeAlias = Sequence[Feature] | Mapping[str, Sequence[Feature]]

DEFAULT_TARGET = "features"


def by_target(features: FeatureLists) -> dict[str, list[Feature]]:
    """Returns each list of features by what FOR calls it."""
    if isinstance(features, Mapping):
        return {name: list(part) for name, part in features.items()}
    return {DEFAULT_TARGET: list(features)}


def column(name: str) -> Feature:
    """Declares a column as it is: a number, a vocabulary of texts, a vector written as text."""
    return Column(_text("column", "name", name))


def every() -> Feature:
    """Declares each selected column that is named nowhere else and is not the label."""
    return Every()


def matching(pattern: str) -> Feature:
    """Declares each column whose whole name matches `pattern`, without regard to case."""
    try:
        re.compile(_text("matching", "pattern", pattern))
    except re.error as error:
        raise ProgramError(f"`{pattern}` in COLUMN is no regular expression: {error}") from None
    return Matching(pattern)


def numeric(
    name: str,
    shape: int | list[int] | None = None,
    delimiter: str | None = None,
    dtype: str = "float32",
) -> Feature:
    """Declares a number, or a vector of `shape` numbers written as text."""
    dtype = _choice("numeric", "dtype", dtype, _DTYPES)
    shape_ = _shape("numeric", shape)
    return Numeric(_text("numeric", "name", name), shape_, _delimiter("numeric", delimiter), dtype)


def sparse(
    name: str,
    shape: int | list[int] | None = None,
    delimiter: str | None = None,
    dtype: str = "int",
    delimiter_kv: str | None = None,
    weight_dtype: str = "float32",
) -> Feature:
    """Declares a list of ids below `shape`, or of `id:weight` pairs, written as text."""
    return Sparse(
        _text("sparse", "name", name),
        _shape("sparse", shape),
        _delimiter("sparse", delimiter),
        _choice("sparse", "dtype", dtype, _DTYPES),
        _delimiter("sparse", delimiter_kv),
        _choice("sparse", "weight_dtype", weight_dtype, _DTYPES),
    )


def bucket(source: Source, boundaries: list[int | float]) -> Feature:
    """Declares the interval of a number: n boundaries make n + 1, closed on the left."""
    source = _source("bucket", source, (Column, Numeric))
    if not isinstance(boundaries, (list, tuple)) or not boundaries:
        raise SpecError("bucket() takes a list of at least one boundary")
    for value in boundaries:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SpecError(f"bucket() takes numbers as boundaries, not {value!r}")
    if any(left >= right for left, right in itertools.pairwise(boundaries)):
        raise ProgramError(f"the boundaries {list(boundaries)} of BUCKET do not ascend")
    return Bucket(source, tuple(float(value) for value in boundaries))


def category_id(source: Source, size: int) -> Feature:
    """Declares whole numbers 0 to `size` - 1 as categories."""
    source = _source("category_id", source, (Column, Numeric, Sparse))
    return CategoryId(source, _size("category_id", "size", size))


def seq_category_id(source: Source, size: int) -> Feature:
    """Declares a sequence of whole numbers 0 to `size` - 1; their order matters."""
    source = _source("seq_category_id", source, (Column, Numeric, Sparse))
    return SeqCategoryId(source, _size("seq_category_id", "size", size))


def category_hash(source: Source, size: int) -> Feature:
    """Declares values of any kind as `size` categories, by a hash."""
    source = _source("category_hash", source, (Column, Numeric, Sparse))
    return CategoryHash(source, _size("category_hash", "size", size))


def weighted_category(source: Source) -> Feature:
    """Declares the categories of an `id:weight` list with their weights."""
    return WeightedCategory(_source("weighted_category", source, (*_CATEGORIES, Sparse)))


def cross(keys: list[Source], size: int) -> Feature:
    """Declares the combinations of several columns as `size` categories, by a hash."""
    if not isinstance(keys, (list, tuple)) or len(keys) < 2:
        raise SpecError("cross() takes a list of at least two keys")
    sources = tuple(_source("cross", key, (Column, Bucket)) for key in keys)
    return Cross(
        tuple(key.name if isinstance(key, Column) else key for key in sources),
        _size("cross", "size", size),
    )


def embedding(
    source: Source, dimension: int, combiner: str = "sum", initializer: str | None = None
) -> Feature:
    """Declares a vector of `dimension` numbers, learned, for each category."""
    return Embedding(
        _source("embedding", source, (Column, Sparse, Numeric, *_CATEGORIES)),
        _size("embedding", "dimension", dimension),
        _choice("embedding", "combiner", combiner, ("sum", "mean", "sqrtn")),  # type: ignore[arg-type]
        None if initializer is None else _text("embedding", "initializer", initializer),
    )


def indicator(source: Source) -> Feature:
    """Declares one number for each category: how often the row has it."""
    return Indicator(_source("indicator", source, (Column, Sparse, Numeric, *_CATEGORIES)))


_CATEGORIES = (Bucket, CategoryId, SeqCategoryId, CategoryHash, WeightedCategory, Cross)
_DTYPES = ("float32", "float64", "float", "int", "int32", "int64", "string")


def to_json(feature: Feature) -> dict[str, Any]:
    """Returns the declaration as it is kept with a model."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(feature).__name__).lower()
    return {"kind": kind} | {
        field.name: _json(getattr(feature, field.name))
        for field in fields(feature)  # type: ignore[arg-type]
    }


def _json(value: Any) -> Any:
    if isinstance(value, Feature):
        return to_json(value)
    if isinstance(value, tuple):
        return [_json(part) for part in value]
    return value


def _product(shape: tuple[int, ...] | None) -> int | None:
    if shape is None:
        return None
    size = 1
    for length in shape:
        size *= length
    return size


def _text(function: str, argument: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise SpecError(f"{function}() takes text as `{argument}`, not {value!r}")
    return value


def _choice(function: str, argument: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise SpecError(f"{function}() takes {' | '.join(choices)} as `{argument}`, not {value!r}")
    return value


def _size(function: str, argument: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{function}() takes a whole number from 1 as `{argument}`, not {value!r}")
    return value


def _shape(function: str, shape: int | list[int] | None) -> tuple[int, ...] | None:
    if shape is None:
        return None
    lengths = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    return tuple(_size(function, "shape", length) for length in lengths) or None


def _delimiter(function: str, delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    # SQLFlow writes the comma as a word, because its lexer could not read the character there.
    return "," if _text(function, "delimiter", delimiter).upper() == "COMMA" else delimiter


def _source(function: str, source: Source, allowed: tuple[type[Feature], ...]) -> Source:
    if isinstance(source, Column):
        source = source.name
    if isinstance(source, str):
        return _text(function, "source", source)
    if not isinstance(source, allowed):
        given = type(source).__name__
        named = ", ".join(sorted({kind.__name__ for kind in allowed} - {"Column"}))
        raise SpecError(f"{function}() takes a column name or one of {named}, not {given}")
    return source
