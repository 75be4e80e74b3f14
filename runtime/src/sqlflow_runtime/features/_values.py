"""Reads the cells of Arrow arrays: numbers, vectors, ids, texts, hashes. Whole columns at a time.

A cell that cannot be read is ignored: it counts as missing, or is left out of its list. It is
counted in a `Tally`, which warns once at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"


class Tally:
    """Counts cells that were ignored, by column and reason."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, column: str, reason: str, count: int) -> None:
        if count:
            self._counts[column, reason] += count

    def warn(self) -> None:
        """Logs one warning for each column and reason."""
        for (column, reason), count in self._counts.items():
            ignored = "1 value was" if count == 1 else f"{count} values were"
            _events.log("warning", f"column `{column}`: {ignored} ignored: {reason}")


@dataclass(frozen=True)
class Ragged:
    """Categories: row i has `ids[offsets[i]:offsets[i + 1]]`, each with its weight (1 if none)."""

    offsets: Integers
    ids: Integers
    weights: Floats | None = None

    @property
    def rows(self) -> int:
        return len(self.offsets) - 1

    def row_of_id(self) -> Integers:
        return np.repeat(np.arange(self.rows), np.diff(self.offsets))

    def keep(self, wanted: npt.NDArray[np.bool_]) -> Ragged:
        """Returns the same rows with the wanted ids only."""
        if wanted.all():
            return self
        kept = np.concatenate(([0], np.cumsum(wanted)))
        weights = None if self.weights is None else self.weights[wanted]
        return Ragged(kept[self.offsets], self.ids[wanted], weights)

    def take(self, rows: Integers) -> Ragged:
        """Returns the given rows, in the given order."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        position = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - self.offsets[rows], lengths)
        weights = None if self.weights is None else self.weights[position]
        return Ragged(offsets, self.ids[position], weights)

    @staticmethod
    def single(ids: Integers, present: npt.NDArray[np.bool_]) -> Ragged:
        """Builds rows of one category each, or none where it is not present."""
        return Ragged(np.concatenate(([0], np.cumsum(present))), ids[present])

    @staticmethod
    def concatenate(parts: list[Ragged]) -> Ragged:
        starts = np.cumsum([0] + [len(part.ids) for part in parts[:-1]])
        shifted = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=True)]
        weights = [part.weights for part in parts if part.weights is not None]
        return Ragged(
            np.concatenate([np.zeros(1, np.int64), *shifted]),
            np.concatenate([part.ids for part in parts]),
            np.concatenate(weights) if len(weights) == len(parts) else None,
        )


def is_text(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        return is_text(type_.value_type)
    return bool(
        pa.types.is_string(type_)
        or pa.types.is_large_string(type_)
        or pa.types.is_string_view(type_)
    )


def is_list(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(type_)
        or pa.types.is_large_list(type_)
        or pa.types.is_fixed_size_list(type_)
    )


def is_number(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(type_)
        or pa.types.is_floating(type_)
        or pa.types.is_decimal(type_)
        or pa.types.is_boolean(type_)
        or pa.types.is_null(type_)
    )


def is_time(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_date(type_)
        or pa.types.is_timestamp(type_)
        or pa.types.is_time(type_)
        or pa.types.is_duration(type_)
    )


def plain(array: pa.Array) -> pa.Array:
    """Returns the array without dictionary encoding, texts as `string`."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array.cast(pa.string()) if is_text(array.type) else array


def numbers(array: pa.Array, column: str, tally: Tally) -> Doubles:
    """Returns one number a row, NaN where there is none.

    Booleans are 0 and 1, dates days since 1970-01-01, timestamps seconds since then, times and
    durations seconds, texts what they say.
    """
    array = plain(array)
    type_ = array.type
    if is_text(type_):
        return _parsed(array, column, tally)
    if is_number(type_):
        return _doubles(array)
    if pa.types.is_date32(type_):
        return _doubles(array.cast(pa.int32()))
    if pa.types.is_date64(type_):
        return _doubles(array.cast(pa.int64())) / 86_400_000
    if pa.types.is_time32(type_):
        return _doubles(array.cast(pa.int32())) / _PER_SECOND[type_.unit]
    if is_time(type_):
        return _doubles(array.cast(pa.int64())) / _PER_SECOND[type_.unit]
    raise ProgramError(f"column `{column}` has type {type_}, which is no number")


def unit_of(type_: pa.DataType) -> str:
    """Returns what a column's numbers count: `number`, `day`, `instant` (in seconds), `second`."""
    if pa.types.is_date(type_):
        return "day"
    if pa.types.is_timestamp(type_):
        return "instant"
    return "second" if is_time(type_) else "number"


def in_unit(array: pa.Array, column: str, unit: str) -> pa.Array:
    """Returns the array so that `numbers` counts in `unit`, as it did in training."""
    given = unit_of(array.type)
    if given == unit or pa.types.is_null(array.type):
        return array
    if unit == "instant" and given == "day":
        return array.cast(pa.timestamp("us"))
    if unit == "day" and given == "instant":
        return array.cast(pa.date32(), safe=False)
    raise ProgramError(
        f"column `{column}` has type {array.type}, but the model was trained on {_UNITS[unit]}"
    )


_UNITS = {"number": "numbers", "day": "dates", "instant": "timestamps", "second": "times"}
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def _doubles(array: pa.Array) -> Doubles:
    # `safe=False`: a large integer loses its last digits in a double, as it does in every engine.
    doubles: Doubles = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return doubles


def first_that_is_no_number(array: pa.Array) -> str | None:
    """Returns the first text of the array that `numbers` would ignore, if there is one."""
    array = plain(array)
    if not is_text(array.type):
        return None
    texts = _trimmed(array)
    bad = texts.filter(pc.invert(pc.match_substring_regex(texts, f"^{NUMBER}$")))
    return str(bad[0].as_py()) if len(bad) else None


def _trimmed(texts: pa.Array) -> pa.Array:
    """Returns the texts without blanks around them, NULL for those that are nothing else."""
    texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _parsed(texts: pa.Array, column: str, tally: Tally) -> Doubles:
    texts = _trimmed(texts)
    good = pc.match_substring_regex(texts, f"^{NUMBER}$")
    tally.add(column, "not a number", pc.sum(pc.invert(good)).as_py() or 0)
    texts = pc.if_else(good, texts, pa.scalar(None, pa.string()))
    # Arrow reads no plus sign.
    return _doubles(pc.utf8_ltrim(texts, "+").cast(pa.float64()))


def split(array: pa.Array, delimiter: str) -> tuple[Integers, pa.Array]:
    """Returns the parts of each cell as offsets and values; NULL and '' have no parts.

    A cell is a text, a list, or a single value, which is its only part.
    """
    array = plain(array)
    if is_text(array.type):
        texts = _trimmed(array)
        if delimiter.isspace():
            array = pc.utf8_split_whitespace(texts)
        else:
            array = pc.split_pattern(texts, delimiter)
    if not is_list(array.type):
        present = pc.is_valid(array).to_numpy(zero_copy_only=False)
        return np.concatenate(([0], np.cumsum(present))), array.drop_null()
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))), plain(pc.list_flatten(array))


def vectors(array: pa.Array, column: str, size: int, delimiter: str, tally: Tally) -> Floats:
    """Returns `size` numbers a row, all NaN where the cell holds no vector of that length."""
    offsets, parts = split(array, delimiter)
    lengths = np.diff(offsets)
    right = lengths == size
    tally.add(
        column,
        f"not a vector of {size} numbers",
        int(((lengths > 0) & ~right).sum()),
    )
    values = numbers(parts, column, tally)
    result = np.full((len(lengths), size), np.nan, np.float32)
    result[right] = values[np.repeat(right, lengths)].reshape(-1, size)
    return result


def identifiers(
    array: pa.Array,
    column: str,
    size: int | None,
    delimiter: str,
    delimiter_kv: str | None,
    tally: Tally,
) -> Ragged:
    """Returns the ids below `size` (if given) in each cell, with the weights of pairs."""
    offsets, parts = split(array, delimiter)
    weights: Doubles | None = None
    if delimiter_kv is not None:
        pairs = pc.split_pattern(parts.cast(pa.string()), delimiter_kv, max_splits=1)
        whole = pc.equal(pc.list_value_length(pairs), 2)
        tally.add(column, "not a pair", pc.sum(pc.invert(whole)).as_py() or 0)
        pairs = pc.if_else(whole, pairs, pa.scalar(["", ""], pairs.type))
        parts = pc.list_element(pairs, 0)
        weights = numbers(pc.list_element(pairs, 1), column, tally)
    values = numbers(parts, column, tally)
    usable = ~np.isnan(values)
    if weights is not None:
        usable &= ~np.isnan(weights)
    inside = usable & (values >= 0) & (values == np.floor(values))
    if size is not None:
        inside &= values < size
    reason = "not an id" + (f" from 0 to {size - 1}" if size else "")
    tally.add(column, reason, int((usable & ~inside).sum()))
    ids = np.where(inside, values, 0).astype(np.int64)
    typed = None if weights is None else weights.astype(np.float32)
    return Ragged(offsets, ids, typed).keep(inside)


def texts(array: pa.Array, column: str) -> pa.Array:
    """Returns each value as text, the same text for the same value whatever its type."""
    array = plain(array)
    type_ = array.type
    if is_text(type_):
        return array
    if pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        doubles = _doubles(array)
        whole = pa.array(np.nan_to_num(doubles).astype(np.int64)).cast(pa.string())
        is_whole = pa.array((doubles == np.floor(doubles)) & (np.abs(doubles) < 2**53))
        return pc.if_else(pc.and_(pc.is_valid(array), is_whole), whole, array.cast(pa.string()))
    if is_number(type_) or is_time(type_):
        return array.cast(pa.string())
    raise ProgramError(f"column `{column}` has type {type_}, which is no category")


def lookup(array: pa.Array, column: str, values: pa.Array, tally: Tally) -> Ragged:
    """Returns each cell's positions in the vocabulary `values`; a list has several."""
    offsets = None
    if is_list(plain(array).type):
        offsets, array = split(array, ",")
    found = pc.index_in(texts(array, column), value_set=values, skip_nulls=True)
    tally.add(
        column,
        "not seen in training",
        found.null_count - array.null_count,
    )
    present = pc.is_valid(found).to_numpy(zero_copy_only=False)
    ids = pc.fill_null(found, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    if offsets is None:
        return Ragged.single(ids, present)
    return Ragged(offsets, ids).keep(present)


_FNV_OFFSET = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)


def fnv1a(texts_: pa.Array) -> npt.NDArray[np.uint64]:
    """Returns the 64-bit FNV-1a hash of each text's UTF-8 bytes; NULL hashes as ''."""
    encoded = pc.fill_null(texts_, "").dictionary_encode()
    words = encoded.dictionary.cast(pa.large_binary())
    _, offset_buffer, data_buffer = words.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[words.offset : words.offset + len(words) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)
    lengths = np.diff(offsets)
    hashes = np.full(len(words), _FNV_OFFSET, np.uint64)
    # Longest first, so that the words that still have a byte are always a prefix.
    order = np.argsort(-lengths, kind="stable")
    starts, ends = offsets[:-1][order], lengths[order]
    for position in range(int(lengths.max(initial=0))):
        active = int(np.searchsorted(-ends, -position, side="left"))
        byte = data[starts[:active] + position].astype(np.uint64)
        hashes[:active] = (hashes[:active] ^ byte) * _FNV_PRIME
    result = np.empty_like(hashes)
    result[order] = hashes
    by_row: npt.NDArray[np.uint64] = result[encoded.indices.to_numpy(zero_copy_only=False)]
    return by_row


def hashed(texts_: pa.Array, size: int) -> Integers:
    return (fnv1a(texts_) % np.uint64(size)).astype(np.int64)


def distinct_texts(arrays: Iterable[pa.Array], column: str) -> pa.Array:
    """Returns the different texts of a column, and NULL if it has one, in bounded memory."""
    known = pa.array([], pa.string())
    for array in arrays:
        known = pc.unique(pa.concat_arrays([known, pc.unique(texts(array, column))]))
    return known


def sorted_values(array: Any) -> list[str]:
    """Returns the distinct texts of an array or chunked array, in the order of their bytes."""
    values = pc.unique(array).drop_null()
    ordered: list[str] = values.take(pc.array_sort_indices(values)).to_pylist()
    return ordered
