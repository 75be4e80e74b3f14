"""Rows as Python values, for people to look at. Results are never handled this way."""

from __future__ import annotations

import pyarrow as pa


def cells(batch: pa.RecordBatch) -> list[list[object]]:
    """Returns the batch's rows as lists of Python values."""
    columns = [_showable(column).to_pylist() for column in batch.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _showable(array: pa.Array) -> pa.Array:
    """Returns what Python has values for: its times have no nanoseconds."""
    if _is_nanoseconds(array.type):
        return array.cast(pa.string())
    shown = _in_microseconds(array.type)
    return array if shown == array.type else array.cast(shown, safe=False)


def _is_nanoseconds(type_: pa.DataType) -> bool:
    timed = pa.types.is_timestamp(type_) or pa.types.is_time64(type_) or pa.types.is_duration(type_)
    return bool(timed and type_.unit == "ns")


def _in_microseconds(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(type_) and type_.unit == "ns":
        return pa.timestamp("us", type_.tz)
    if pa.types.is_time64(type_):
        return pa.time64("us")
    if pa.types.is_duration(type_) and type_.unit == "ns":
        return pa.duration("us")
    if pa.types.is_list(type_):
        return pa.list_(_in_microseconds(type_.value_type))
    if pa.types.is_fixed_size_list(type_):
        return pa.list_(_in_microseconds(type_.value_type), type_.list_size)
    if pa.types.is_struct(type_):
        return pa.struct([field.with_type(_in_microseconds(field.type)) for field in type_])
    if pa.types.is_map(type_):
        return pa.map_(_in_microseconds(type_.key_type), _in_microseconds(type_.item_type))
    return type_
