"""Fits declared features on the training data: types, vocabularies, lengths, names.

Whatever is not declared is derived from all of the training data, never from a sample, and in an
order that depends on the data alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError, did_you_mean
from sqlflow_runtime.data import Spool
from sqlflow_runtime.features import _declared as declared
from sqlflow_runtime.features import _fitted as fitted
from sqlflow_runtime.features import _values
from sqlflow_runtime.features._values import NUMBER, Tally, is_list, is_number, is_text, is_time

WHERE = "the training query"

_NUMBERS = f"^\\s*{NUMBER}(?:\\s*,\\s*{NUMBER})*\\s*$"


def fit(
    features: declared.FeatureLists, rows: Spool, reserved: Collection[str]
) -> fitted.Specification:
    """Returns the specification for `features`, fitted on `rows`.

    `reserved` are the columns that no feature may read: the label, weights, groups.
    """
    lists = declared.by_target(features)
    named = [name for part in lists.values() for feature in part for name in feature.columns()]
    fitter = _Fitter(rows, reserved, named)
    targets = {name: fitter.target(name, part) for name, part in lists.items()}
    return fitted.Specification(targets)


class _Fitter:
    def __init__(self, rows: Spool, reserved: Collection[str], named: Iterable[str]) -> None:
        self._rows = rows
        self._names: list[str] = rows.schema.names
        self._reserved = reserved
        self._named = {self._find(name) for name in named}

    def target(self, name: str, features: Sequence[declared.Feature]) -> fitted.Target:
        """Fits one list of features; `name` is what FOR calls it."""
        nodes: list[tuple[str, str, fitted.DenseNode | fitted.CategoryNode]] = []
        for feature in features:
            for single, optional in self._expand(feature):
                node = self._node(single) if not optional else self._node_if_usable(single)
                if node is not None:
                    nodes.append(("_".join(dict.fromkeys(node.columns())), _word(single), node))
        if not nodes:
            raise ProgramError(
                f"no column of {WHERE} can be a feature" + _for(name),
                help="select at least one more column than the label",
            )
        return fitted.Target(tuple(_unique_names(nodes)))

    def _find(self, name: str) -> str:
        found = fitted.find_column(name, self._names, WHERE)
        if found in self._reserved:
            raise ProgramError(
                f"column `{found}` cannot be a feature: it is the label, or plays another part",
                help="leave it out of COLUMN",
            )
        return found

    def _expand(self, feature: declared.Feature) -> list[tuple[declared.Feature, bool]]:
        """Returns what `*` and patterns stand for, and whether to pass over what is no feature."""
        free = [name for name in self._names if name not in self._reserved]
        if isinstance(feature, declared.Every):
            return [(declared.Column(name), True) for name in free if name not in self._named]
        if isinstance(feature, declared.Matching):
            pattern = re.compile(feature.pattern, re.IGNORECASE)
            matches = [name for name in free if pattern.fullmatch(name)]
            if not matches:
                raise ProgramError(
                    f"no column of {WHERE} matches `{feature.pattern}`",
                    help=did_you_mean(feature.pattern, free),
                )
            return [(declared.Column(name), False) for name in matches]
        return [(feature, False)]

    def _node_if_usable(
        self, feature: declared.Feature
    ) -> fitted.DenseNode | fitted.CategoryNode | None:
        assert isinstance(feature, declared.Column)
        type_ = self._type(feature.name)
        if is_text(type_) or is_number(type_) or is_time(type_) or is_list(type_):
            return self._node(feature)
        _events.log(
            "warning", f"column `{feature.name}` is left out: its type {type_} is no feature"
        )
        return None

    def _node(self, feature: declared.Feature) -> fitted.DenseNode | fitted.CategoryNode:
        match feature:
            case declared.Column(name):
                return self._column(self._find(name))
            case declared.Numeric():
                return self._numeric(feature)
            case declared.Indicator(source):
                return self._category(source)
            case declared.Embedding(source, dimension, combiner, initializer):
                category = self._category(source)
                return fitted.Embedded(category, dimension, combiner, initializer)
        return self._category(feature)

    def _column(self, name: str) -> fitted.DenseNode | fitted.CategoryNode:
        type_ = self._type(name)
        if is_text(type_):
            return self._text(name)
        if is_list(type_):
            return self._list(name, type_)
        return self._number(name)

    def _number(self, name: str) -> fitted.Number:
        type_ = self._type(name)
        if not (is_number(type_) or is_time(type_) or is_text(type_)):
            raise ProgramError(f"column `{name}` has type {type_}, which is no feature")
        unit = _values.unit_of(type_)
        if unit != "instant":
            return fitted.Number(name, unit)
        earliest = pc.min(self._chunked(name))
        if not earliest.is_valid:
            return fitted.Number(name, unit)
        origin = _values.numbers(pa.array([earliest], type_), name, Tally())
        return fitted.Number(name, unit, float(origin[0]))

    def _text(self, name: str) -> fitted.DenseNode | fitted.CategoryNode:
        values = _values.sorted_values(self._texts(name))
        filled = [value for value in values if value.strip()]
        if not filled:
            _events.log("warning", f"column `{name}` has no value in {WHERE}")
            return fitted.Number(name, "number")
        if not pc.all(pc.match_substring_regex(pa.array(filled), _NUMBERS)).as_py():
            return fitted.Vocabulary(name, tuple(values))
        width = self._one_length(name, (value.count(",") + 1 for value in filled))
        return fitted.Number(name, "number") if width == 1 else fitted.Vector(name, width, ",")

    def _list(self, name: str, type_: pa.DataType) -> fitted.DenseNode | fitted.CategoryNode:
        if is_text(type_.value_type):
            values = pa.chunked_array(
                [_values.split(array, ",")[1] for array in self._arrays(name)], pa.string()
            )
            return fitted.Vocabulary(name, tuple(_values.sorted_values(values)))
        if not is_number(type_.value_type):
            raise ProgramError(f"column `{name}` has type {type_}, which is no feature")
        lengths = pc.list_value_length(self._chunked(name)).drop_null().unique().to_pylist()
        return fitted.Vector(name, self._one_length(name, lengths), ",")

    def _one_length(self, name: str, lengths: Iterable[int]) -> int:
        counts = Counter(lengths)
        if len(counts) > 1:
            shown = ", ".join(str(length) for length in sorted(counts)[:5])
            raise ProgramError(
                f"column `{name}` holds vectors of different lengths ({shown})",
                help="say DENSE(column, length) to count the others as missing, "
                "or SPARSE(column, size) when they are lists of ids",
            )
        if not counts or 0 in counts:
            raise ProgramError(f"column `{name}` holds no vector in {WHERE}")
        return next(iter(counts))

    def _numeric(self, feature: declared.Numeric) -> fitted.DenseNode:
        name = self._find(feature.name)
        type_ = self._type(name)
        delimiter = feature.delimiter or ","
        if feature.dtype == "string":
            raise ProgramError(
                f"column `{name}` is declared as text, which is no number",
                help="wrap it in CATEGORY_HASH, EMBEDDING or INDICATOR",
            )
        if not (is_text(type_) or is_list(type_)):
            if feature.size not in (None, 1):
                raise ProgramError(
                    f"column `{name}` has type {type_} and cannot hold {feature.size} numbers"
                )
            return self._number(name)
        width = feature.size
        if width is None:
            lengths = set[int]()
            for array in self._arrays(name):
                offsets, _ = _values.split(array, delimiter)
                lengths.update((offsets[1:] - offsets[:-1]).tolist())
            width = self._one_length(name, lengths - {0})
        if width == 1 and is_text(type_):
            return fitted.Number(name, "number")
        return fitted.Vector(name, width, delimiter)

    def _category(self, source: declared.Source) -> fitted.CategoryNode:
        match source:
            case str():
                return self._vocabulary(self._find(source))
            case declared.Bucket(inner, boundaries):
                return self._bucket(inner, boundaries)
            case declared.CategoryId(inner, size) | declared.SeqCategoryId(inner, size):
                return self._identity(inner, size)
            case declared.CategoryHash(inner, size):
                return self._hash(inner, size)
            case declared.Sparse():
                identity = self._identity(source, source.size)
                return fitted.Weighted(identity) if identity.delimiter_kv else identity
            case declared.Numeric():
                return self._identity(source, None)
            case declared.WeightedCategory(inner):
                return self._weighted(inner)
            case declared.Cross(keys, size):
                return fitted.Crossed(tuple(self._key(key) for key in keys), size)
            case declared.Indicator(inner) | declared.Embedding(inner):
                return self._category(inner)
        raise AssertionError(f"{source} is resolved before")

    def _vocabulary(self, name: str) -> fitted.CategoryNode:
        type_ = self._type(name)
        if is_list(type_):
            parts = [_values.split(array, ",")[1] for array in self._arrays(name)]
            texts = pa.chunked_array([_values.texts(part, name) for part in parts], pa.string())
        else:
            texts = self._texts(name)
        values = _values.sorted_values(texts)
        if not values:
            raise ProgramError(f"column `{name}` has no value in {WHERE} to make categories of")
        return fitted.Vocabulary(name, tuple(values))

    def _bucket(self, source: declared.Source, boundaries: tuple[float, ...]) -> fitted.Bucketized:
        if isinstance(source, declared.Numeric):
            dense = self._numeric(source)
        else:
            assert isinstance(source, str)
            dense = self._number(self._find(source))
        assert isinstance(dense, (fitted.Number, fitted.Vector))
        if isinstance(dense, fitted.Number):
            # The boundaries are in the column's own unit, so nothing is taken off it.
            dense = fitted.Number(dense.column, dense.unit)
        return fitted.Bucketized(dense, boundaries)

    def _identity(self, source: declared.Source, size: int | None) -> fitted.Identity:
        name, delimiter, delimiter_kv = self._layout(source)
        if size is None:
            size = self._greatest_id(name, delimiter, delimiter_kv) + 1
        return fitted.Identity(name, size, delimiter, delimiter_kv)

    def _hash(self, source: declared.Source, size: int) -> fitted.Hashed:
        if isinstance(source, str):
            return fitted.Hashed(self._find(source), size, None, None)
        name, delimiter, delimiter_kv = self._layout(source)
        return fitted.Hashed(name, size, delimiter, delimiter_kv)

    def _weighted(self, source: declared.Source) -> fitted.CategoryNode:
        category = self._category(source)
        if isinstance(category, fitted.Weighted):
            return category
        if not isinstance(category, (fitted.Identity, fitted.Hashed)) or not category.delimiter_kv:
            raise ProgramError(
                "WEIGHTED_CATEGORY needs a column of `id:weight` pairs",
                help='declare it as SPARSE(column, size, " ", "int", ":")',
            )
        return fitted.Weighted(category)

    def _key(self, key: declared.Source) -> fitted.Raw | fitted.Bucketized:
        if isinstance(key, str):
            name = self._find(key)
            _values.texts(pa.nulls(0, self._type(name)), name)
            return fitted.Raw(name)
        assert isinstance(key, declared.Bucket)
        return self._bucket(key.source, key.boundaries)

    def _layout(self, source: declared.Source) -> tuple[str, str, str | None]:
        """Returns how ids are written: column, delimiter, and delimiter of pairs, if any."""
        match source:
            case str():
                return self._find(source), ",", None
            case declared.Numeric():
                return self._find(source.name), source.delimiter or ",", None
            case declared.Sparse():
                name = self._find(source.name)
                pairs = source.delimiter_kv
                if pairs is None and is_text(self._type(name)) and self._holds_pairs(name):
                    pairs = ":"
                return name, source.delimiter or (" " if pairs else ","), pairs
        raise AssertionError(f"{source} is no column")

    def _holds_pairs(self, name: str) -> bool:
        """Says whether every text looks like `id:weight` pairs, as in a libsvm file."""
        pattern = f"^\\s*[0-9]+:{NUMBER}(?:[\\s,;|]+[0-9]+:{NUMBER})*\\s*$"
        texts = self._texts(name)
        texts = texts.filter(pc.not_equal(pc.utf8_trim_whitespace(texts), ""))
        return bool(len(texts) and pc.all(pc.match_substring_regex(texts, pattern)).as_py())

    def _greatest_id(self, name: str, delimiter: str, delimiter_kv: str | None) -> int:
        greatest = -1
        for array in self._arrays(name):
            found = _values.identifiers(array, name, None, delimiter, delimiter_kv, Tally())
            greatest = max(greatest, int(found.ids.max(initial=-1)))
        if greatest < 0:
            raise ProgramError(f"column `{name}` holds no id in {WHERE}")
        return greatest

    def _type(self, name: str) -> pa.DataType:
        return self._rows.schema.field(self._find(name)).type

    def _arrays(self, name: str) -> Iterable[pa.Array]:
        index = self._names.index(name)
        return (batch.column(index) for batch in self._rows.batches())

    def _chunked(self, name: str) -> pa.ChunkedArray:
        return pa.chunked_array(list(self._arrays(name)), self._type(name))

    def _texts(self, name: str) -> pa.Array:
        """Returns the different texts of a column."""
        return _values.distinct_texts(self._arrays(name), name).drop_null()


def _for(target: str) -> str:
    return "" if target == declared.DEFAULT_TARGET else f" for {target}"


def _word(feature: declared.Feature) -> str:
    return str(declared.to_json(feature)["kind"])


def _unique_names(
    nodes: Sequence[tuple[str, str, fitted.DenseNode | fitted.CategoryNode]],
) -> list[fitted.Feature]:
    """Names features after their columns, with the function's name where two would be alike."""
    alone = Counter(name.lower() for name, _, _ in nodes)
    taken = set[str]()
    features = []
    for columns, word, node in nodes:
        base = columns if alone[columns.lower()] == 1 or word == "column" else f"{columns}_{word}"
        name = base
        number = 2
        while name.lower() in taken:
            name = f"{base}_{number}"
            number += 1
        taken.add(name.lower())
        features.append(fitted.Feature(name, node))
    return features
