"""Fitted features: what a model knows about its input, as JSON and as code that encodes rows.

Numbers become columns of a float32 matrix; categories become rows of ids (`Ragged`). A missing
number is NaN; a row without a category has no id.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sqlflow_runtime._errors import ProgramError, ResourceError, did_you_mean
from sqlflow_runtime.data import Spool
from sqlflow_runtime.features import _values
from sqlflow_runtime.features._values import Floats, Integers, Ragged, Tally


def find_column(name: str, names: Sequence[str], where: str) -> str:
    """Returns the column called `name`: exactly so, or else without regard to case."""
    if names.count(name) == 1:
        return name
    alike = [candidate for candidate in names if candidate.lower() == name.lower()]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise ProgramError(f"column `{name}` is ambiguous in {where}", help="rename one with AS")
    raise ProgramError(f"no column `{name}` in {where}", help=did_you_mean(name, names))


class Columns:
    """The columns of one batch, found by the names a model was trained with."""

    def __init__(self, batch: pa.RecordBatch, where: str, tally: Tally) -> None:
        self.rows = batch.num_rows
        self.tally = tally
        self._batch = batch
        self._names = batch.schema.names
        self._where = where

    def __getitem__(self, name: str) -> pa.Array:
        return self._batch.column(find_column(name, self._names, self._where))


@dataclass(frozen=True)
class Node:
    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        content = {item.name: _plain(getattr(self, item.name)) for item in fields(self)}
        return {"kind": self.kind} | content

    def columns(self) -> Iterator[str]:
        """Yields the names of the columns that the feature reads."""
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "column":
                yield value
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Node):
                    yield from part.columns()


def _plain(value: Any) -> Any:
    if isinstance(value, Node):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


class DenseNode(Node, ABC):
    """A feature of `width` numbers."""

    width: int

    @abstractmethod
    def write(self, columns: Columns, out: Floats) -> None:
        """Fills `out` [rows, width]."""


class CategoryNode(Node, ABC):
    """A feature of any number of categories out of `size`."""

    size: int

    @abstractmethod
    def read(self, columns: Columns, *, weighted: bool = False) -> Ragged:
        """Returns ids below `size`; with the weights that the data gives them, if asked for."""


@dataclass(frozen=True)
class Number(DenseNode):
    """A number, less `origin`: seconds since 1970 would lose their last digits in a float32."""

    kind = "number"
    column: str
    unit: str
    origin: float = 0.0

    @property
    def width(self) -> int:  # type: ignore[override]
        return 1

    def write(self, columns: Columns, out: Floats) -> None:
        array = columns[self.column]
        if pa.types.is_floating(array.type) and not array.null_count and self.unit == "number":
            # The common case, worth its lines: no copy in between.
            with np.errstate(over="ignore"):
                out[:, 0] = array.to_numpy(zero_copy_only=False)
        else:
            array = _values.in_unit(array, self.column, self.unit)
            values = _values.numbers(array, self.column, columns.tally)
            with np.errstate(over="ignore"):
                out[:, 0] = values - self.origin if self.origin else values
        _drop_infinite(out, self.column, columns.tally)


@dataclass(frozen=True)
class Vector(DenseNode):
    """As many numbers as `width`, in a list or in text with a delimiter."""

    kind = "vector"
    column: str
    width: int
    delimiter: str

    def write(self, columns: Columns, out: Floats) -> None:
        array = columns[self.column]
        out[:] = _values.vectors(array, self.column, self.width, self.delimiter, columns.tally)
        _drop_infinite(out, self.column, columns.tally)


def _drop_infinite(out: Floats, column: str, tally: Tally) -> None:
    infinite = np.isinf(out)
    if infinite.any():
        tally.add(column, "infinite or beyond float32", int(infinite.sum()))
        out[infinite] = np.nan


@dataclass(frozen=True)
class Vocabulary(CategoryNode):
    """The values seen in training; others count as missing."""

    kind = "vocabulary"
    column: str
    values: tuple[str, ...]

    @property
    def size(self) -> int:  # type: ignore[override]
        return len(self.values)

    @cached_property
    def _value_set(self) -> pa.Array:
        return pa.array(self.values, pa.string())

    def read(self, columns: Columns, *, weighted: bool = False) -> Ragged:
        return _values.lookup(columns[self.column], self.column, self._value_set, columns.tally)


@dataclass(frozen=True)
class Identity(CategoryNode):
    """Whole numbers 0 to `size` - 1, one or several in a cell; others are left out."""

    kind = "identity"
    column: str
    size: int
    delimiter: str
    delimiter_kv: str | None

    def read(self, columns: Columns, *, weighted: bool = False) -> Ragged:
        ragged = _values.identifiers(
            columns[self.column],
            self.column,
            self.size,
            self.delimiter,
            self.delimiter_kv,
            columns.tally,
        )
        return ragged if weighted else Ragged(ragged.offsets, ragged.ids)


@dataclass(frozen=True)
class Hashed(CategoryNode):
    """The 64-bit FNV-1a hash of the value's text, modulo `size`."""

    kind = "hash"
    column: str
    size: int
    delimiter: str | None
    delimiter_kv: str | None

    def read(self, columns: Columns, *, weighted: bool = False) -> Ragged:
        array = columns[self.column]
        if self.delimiter is None and not _values.is_list(array.type):
            present = pc.is_valid(array).to_numpy(zero_copy_only=False)
            ids = _values.hashed(_values.texts(array, self.column), self.size)
            return Ragged.single(ids, present)
        offsets, parts = _values.split(array, self.delimiter or ",")
        if self.delimiter_kv is None:
            return Ragged(offsets, _values.hashed(_values.texts(parts, self.column), self.size))
        pairs = pc.split_pattern(parts.cast(pa.string()), self.delimiter_kv, max_splits=1)
        ids = _values.hashed(pc.list_element(pairs, 0), self.size)
        whole = pc.equal(pc.list_value_length(pairs), 2)
        columns.tally.add(self.column, "not a pair", pc.sum(pc.invert(whole)).as_py() or 0)
        pairs = pc.if_else(whole, pairs, pa.scalar(["", ""], pairs.type))
        weights = _values.numbers(pc.list_element(pairs, 1), self.column, columns.tally)
        ragged = Ragged(offsets, ids, weights.astype(np.float32)).keep(~np.isnan(weights))
        return ragged if weighted else Ragged(ragged.offsets, ragged.ids)


@dataclass(frozen=True)
class Bucketized(CategoryNode):
    """The interval of each number: bucket i holds boundaries[i - 1] <= x < boundaries[i]."""

    kind = "bucket"
    source: Number | Vector
    boundaries: tuple[float, ...]

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.source.width * self._buckets

    @property
    def _buckets(self) -> int:
        return len(self.boundaries) + 1

    def read(self, columns: Columns, *, weighted: bool = False) -> Ragged:
        values = np.empty((columns.rows, self.source.width), np.float32)
        self.source.write(columns, values)
        present = ~np.isnan(values)
        boundaries = np.asarray(self.boundaries, np.float32)
        ids = np.searchsorted(boundaries, values, side="right").astype(np.int64)
        # Each place of a vector has buckets of its own.
        ids += np.arange(self.source.width) * self._buckets
        counts = present.sum(axis=1)
        return Ragged(np.concatenate(([0], np.cumsum(counts))), ids[present])


@dataclass(frozen=True)
class Raw(Node):
    """A column as a key of a cross."""

    kind = "raw"
    column: str


@dataclass(frozen=True)
class Crossed(CategoryNode):
    """The hash of the keys' texts, joined by U+001F, modulo `size`; missing if one key is."""

    kind = "cross"
    keys: tuple[Raw | Bucketized, ...]
    size: int

    def read(self, columns: Columns, *, weighted: bool = False) -> Ragged:
        keys = [self._texts(key, columns) for key in self.keys]
        joined = pc.binary_join_element_wise(*keys, "\x1f")
        present = pc.is_valid(joined).to_numpy(zero_copy_only=False)
        return Ragged.single(_values.hashed(joined, self.size), present)

    @staticmethod
    def _texts(key: Raw | Bucketized, columns: Columns) -> pa.Array:
        if isinstance(key, Raw):
            return _values.texts(columns[key.column], key.column)
        buckets = key.read(columns)
        ids = np.zeros(columns.rows, np.int64)
        rows = buckets.row_of_id()
        ids[rows] = buckets.ids
        missing = np.ones(columns.rows, np.bool_)
        missing[rows] = False
        return pa.array(ids, mask=missing).cast(pa.string())


@dataclass(frozen=True)
class Weighted(CategoryNode):
    """Categories that keep the weights which the data gives them."""

    kind = "weighted"
    source: CategoryNode

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.source.size

    def read(self, columns: Columns, *, weighted: bool = False) -> Ragged:
        return self.source.read(columns, weighted=True)


@dataclass(frozen=True)
class Embedded(CategoryNode):
    """Categories that a deep model turns into vectors, which it learns."""

    kind = "embedding"
    source: CategoryNode
    dimension: int
    combiner: str
    initializer: str | None

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.source.size

    def read(self, columns: Columns, *, weighted: bool = False) -> Ragged:
        return self.source.read(columns)


_NODES: dict[str, type[Node]] = {
    node.kind: node
    for node in (
        Number, Vector, Vocabulary, Identity, Hashed, Bucketized, Raw, Crossed, Weighted, Embedded
    )
}  # fmt: skip


def _node_from_json(content: Any) -> Any:
    if isinstance(content, dict):
        node = _NODES[content["kind"]]
        wanted = [item.name for item in fields(node)]
        return node(**{name: _node_from_json(content[name]) for name in wanted})
    if isinstance(content, list):
        return tuple(_node_from_json(part) for part in content)
    return content


@dataclass(frozen=True)
class Feature:
    name: str
    node: DenseNode | CategoryNode


@dataclass(frozen=True)
class Encoded:
    """Encoded rows: the numbers of all dense features side by side, the ids of each other one."""

    dense: Floats
    categories: tuple[Ragged, ...]

    @property
    def rows(self) -> int:
        return len(self.dense)

    @property
    def entries(self) -> int:
        """The numbers and categories of all rows."""
        return self.dense.size + sum(len(ragged.ids) for ragged in self.categories)

    @property
    def nbytes(self) -> int:
        parts = [array for r in self.categories for array in (r.offsets, r.ids, r.weights)]
        return self.dense.nbytes + sum(array.nbytes for array in parts if array is not None)

    def take(self, rows: Integers) -> Encoded:
        return Encoded(self.dense[rows], tuple(ragged.take(rows) for ragged in self.categories))


@dataclass(frozen=True)
class Target:
    """The features of one part of a model; most models have one part."""

    features: tuple[Feature, ...]

    @cached_property
    def dense(self) -> tuple[tuple[Feature, slice], ...]:
        """The dense features, with their places in `Encoded.dense`."""
        placed = []
        start = 0
        for feature in self.features:
            if isinstance(feature.node, DenseNode):
                placed.append((feature, slice(start, start + feature.node.width)))
                start += feature.node.width
        return tuple(placed)

    @cached_property
    def dense_width(self) -> int:
        return self.dense[-1][1].stop if self.dense else 0

    @cached_property
    def categories(self) -> tuple[tuple[str, CategoryNode], ...]:
        """The other features, in the order of `Encoded.categories`."""
        return tuple(
            (feature.name, feature.node)
            for feature in self.features
            if isinstance(feature.node, CategoryNode)
        )

    def encode(self, columns: Columns, dense: Floats | None = None) -> Encoded:
        """Encodes a batch, its numbers into `dense` [rows, dense_width] if that is given."""
        if dense is None:
            dense = np.empty((columns.rows, self.dense_width), np.float32)
        for feature, place in self.dense:
            assert isinstance(feature.node, DenseNode)
            feature.node.write(columns, dense[:, place])
        return Encoded(dense, tuple(node.read(columns) for _, node in self.categories))


TargetName: TypeAlias = str


@dataclass(frozen=True)
class Specification:
    """Everything that turns a query's rows into a model's input."""

    targets: Mapping[TargetName, Target]

    def columns(self) -> list[str]:
        """Returns the names of the columns that are read, each once, in order."""
        names = dict.fromkeys(
            name
            for target in self.targets.values()
            for feature in target.features
            for name in feature.node.columns()
        )
        return list(names)

    def feature_names(self) -> list[str]:
        """Returns the features' names; one that is in several targets is one feature."""
        names = dict.fromkeys(
            feature.name for target in self.targets.values() for feature in target.features
        )
        return list(names)

    def encode(self, batch: pa.RecordBatch, where: str, tally: Tally) -> dict[TargetName, Encoded]:
        columns = Columns(batch, where, tally)
        return {name: target.encode(columns) for name, target in self.targets.items()}

    def encode_all(self, rows: Spool, where: str, tally: Tally) -> dict[TargetName, Encoded]:
        """Encodes a whole spool into one matrix (and one list of ids for each other feature)."""
        dense = {
            name: np.empty((rows.rows, target.dense_width), np.float32)
            for name, target in self.targets.items()
        }
        parts: dict[TargetName, list[tuple[Ragged, ...]]] = {name: [] for name in self.targets}
        start = 0
        for batch in rows.batches():
            columns = Columns(batch, where, tally)
            end = start + batch.num_rows
            for name, target in self.targets.items():
                parts[name].append(target.encode(columns, dense[name][start:end]).categories)
            start = end
        return {
            name: Encoded(
                dense[name],
                tuple(
                    Ragged.concatenate(list(ragged)) for ragged in zip(*parts[name], strict=True)
                ),
            )
            for name in self.targets
        }

    def to_json(self) -> dict[str, Any]:
        return {
            name: [
                {"name": feature.name, "feature": feature.node.to_json()}
                for feature in target.features
            ]
            for name, target in self.targets.items()
        }

    @classmethod
    def from_json(cls, content: Any) -> Self:
        try:
            return cls(
                {
                    name: Target(
                        tuple(
                            Feature(feature["name"], _node_from_json(feature["feature"]))
                            for feature in features
                        )
                    )
                    for name, features in content.items()
                }
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ResourceError(
                f"the model's feature specification is damaged: {error!r}"
            ) from error
