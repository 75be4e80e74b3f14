"""Rows of MySQL's binary protocol, as Arrow has them.

Prepared statements send numbers as they are in memory, floats to the last bit. A batch of rows is
decoded column by column, each for all rows at once; what varies in length moves what follows it,
so each row has a position of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime.data import _batches
from sqlflow_runtime.data._spool import BATCH_ROWS

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

# The protocol's numbers for types.
TINY, SHORT, LONG, FLOAT, DOUBLE, NULL, TIMESTAMP, LONGLONG = 1, 2, 3, 4, 5, 6, 7, 8
INT24, DATE, TIME, DATETIME, YEAR, BIT = 9, 10, 11, 12, 13, 16

_UNSIGNED_FLAG = 32
_BINARY_CHARSET = 63

_INTEGERS = {TINY: "i1", SHORT: "<i2", YEAR: "<i2", INT24: "<i4", LONG: "<i4", LONGLONG: "<i8"}
_FLOATS = {FLOAT: "<f4", DOUBLE: "<f8"}

# Rows so long that a batch of them would not fit into memory come in smaller ones.
_BATCH_BYTES = 256 << 20
_READ_BYTES = 1 << 20
_LONGEST_PACKET = 0xFFFFFF
_END_OF_ROWS, _LONGEST_END = 0xFE, 8
# Lengths above this one have more than one byte.
_LONGEST_SHORT = 250
# Values are read in whole words, also the last one.
_PADDING = 16

# Above this mean length values are copied one by one: their bytes are most of the work.
_LONG_VALUE = 64


@dataclass(frozen=True)
class Column:
    """A column of a result, as the server announces it."""

    name: str
    type_code: int
    flags: int
    charset: int
    length: int
    decimals: int

    @property
    def is_unsigned(self) -> bool:
        return bool(self.flags & _UNSIGNED_FLAG)

    def field(self) -> pa.Field:
        type_, native = self._types()
        return pa.field(self.name, type_, metadata={b"mysql.type": native.encode()})

    def _types(self) -> tuple[pa.DataType, str]:
        unsigned = " unsigned" if self.is_unsigned else ""
        match self.type_code:
            case 1:
                native = "tinyint(1)" if self.length == 1 else f"tinyint{unsigned}"
                return (pa.uint8() if unsigned else pa.int8()), native
            case 2:
                return (pa.uint16() if unsigned else pa.int16()), f"smallint{unsigned}"
            case 13:
                return pa.int16(), "year"
            case 9:
                return (pa.uint32() if unsigned else pa.int32()), f"mediumint{unsigned}"
            case 3:
                return (pa.uint32() if unsigned else pa.int32()), f"int{unsigned}"
            case 8:
                return (pa.uint64() if unsigned else pa.int64()), f"bigint{unsigned}"
            case 4:
                return pa.float32(), "float"
            case 5:
                return pa.float64(), "double"
            case 0 | 246:
                # The length has room for the sign and the point.
                precision = self.length - (self.decimals > 0) - (not self.is_unsigned)
                precision = min(max(precision, self.decimals, 1), 65)
                wide = pa.decimal128 if precision <= 38 else pa.decimal256
                return wide(precision, self.decimals), f"decimal({precision},{self.decimals})"
            case 10:
                return pa.date32(), "date"
            case 11:
                return pa.time64("us"), f"time({min(self.decimals, 6)})"
            case 12 | 7:
                name = "timestamp" if self.type_code == TIMESTAMP else "datetime"
                return pa.timestamp("us"), f"{name}({min(self.decimals, 6)})"
            case 16:
                return (pa.bool_() if self.length == 1 else pa.uint64()), f"bit({self.length})"
            case 6:
                return pa.null(), "text"
            case 245:
                return pa.string(), "json"
            case 255:
                return pa.binary(), "geometry"
            case 254 | 253 | 15 | 247 | 248:
                if self.charset == _BINARY_CHARSET:
                    return pa.binary(), _binary(self.length)
                return pa.string(), _text(self.length)
            case _:
                if self.charset == _BINARY_CHARSET:
                    return pa.binary(), "longblob"
                return pa.string(), "longtext"


def _text(length: int) -> str:
    # The length is in bytes, four for a character of utf8mb4.
    characters = length // 4
    return f"varchar({characters})" if 0 < characters <= 4000 else "longtext"


def _binary(length: int) -> str:
    return f"varbinary({length})" if 0 < length <= 16000 else "longblob"


class Stream:
    """The packets of a result that comes in."""

    def __init__(self, read: Callable[[int], bytes], check: Callable[[bytes], object]) -> None:
        """`read` returns some of the next bytes; `check` raises what a packet reports."""
        self._read = read
        self._check = check
        self._buffer = bytearray()

    def batches(self, schema: pa.Schema, columns: list[Column]) -> Iterator[pa.RecordBatch]:
        """Decodes rows until the packet that ends them."""
        buffer = self._buffer
        starts: list[int] = []
        position = 0
        # One row after the other, since only its header tells where the next one is.
        while True:
            if len(buffer) < position + 4:
                self._fill(position + 4)
            size = int.from_bytes(buffer[position : position + 3], "little")
            start = position + 4
            end = start + size
            while size == _LONGEST_PACKET:
                # The row goes on in the next packet, whose header is cut out.
                self._fill(end + 4)
                size = int.from_bytes(buffer[end : end + 3], "little")
                del buffer[end : end + 4]
                end += size
            if len(buffer) < end:
                self._fill(end)
            if buffer[start] != 0:
                break
            starts.append(start)
            position = end
            if len(starts) == BATCH_ROWS or position > _BATCH_BYTES:
                yield _batch(bytes(buffer[:position]), starts, schema, columns)
                del buffer[:position]
                starts, position = [], 0
        last = bytes(buffer[start:end])
        if last[0] != _END_OF_ROWS or len(last) > _LONGEST_END:
            self._check(last)
        if starts:
            yield _batch(bytes(buffer[:position]), starts, schema, columns)

    def _fill(self, size: int) -> None:
        while len(self._buffer) < size:
            more = self._read(_READ_BYTES)
            if not more:
                raise ConnectionResetError("the server closed the connection")
            self._buffer += more


def _batch(
    data: bytes, starts: list[int], schema: pa.Schema, columns: list[Column]
) -> pa.RecordBatch:
    rows = _Rows(data + bytes(_PADDING))
    # Behind the byte that says that it is a row.
    position = np.array(starts, np.int64) + 1
    nulls = (len(columns) + 9) // 8
    bitmaps = rows.bytes[position[:, None] + np.arange(nulls)]
    position += nulls
    arrays = []
    for number, (column, field) in enumerate(zip(columns, schema, strict=True), 2):
        present = (bitmaps[:, number >> 3] >> (number & 7)) & 1 == 0
        everywhere = bool(present.all())
        here = position if everywhere else position[present]
        array, widths = rows.decoded(column, field, here)
        if everywhere:
            position = here + widths
        else:
            position[present] = here + widths
            index = np.cumsum(present) - 1
            array = array.take(pa.array(index, mask=~present))
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


class _Rows:
    """The bytes of a batch of rows, seen as numbers that begin at any of them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.bytes: Bytes = np.frombuffer(data, np.uint8)
        self._words: dict[str, npt.NDArray[np.generic]] = {}

    def words(self, dtype: str, at: Positions) -> npt.NDArray[np.generic]:
        """Returns the numbers of a type that begin at the given bytes."""
        view = self._words.get(dtype)
        if view is None:
            count = len(self.data) - np.dtype(dtype).itemsize + 1
            view = np.ndarray((count,), dtype, buffer=self.data, strides=(1,))
            self._words[dtype] = view
        found: npt.NDArray[np.generic] = view[at]
        return found

    def decoded(
        self, column: Column, field: pa.Field, here: Positions
    ) -> tuple[pa.Array, int | Positions]:
        """Returns the values that begin at the given bytes, and how many bytes each takes."""
        code = column.type_code
        if code in _INTEGERS or code in _FLOATS:
            dtype = _INTEGERS.get(code) or _FLOATS[code]
            if column.is_unsigned and code in _INTEGERS and code != YEAR:
                dtype = dtype.replace("i", "u")
            values = self.words(dtype, here)
            return pa.array(values).cast(field.type), np.dtype(dtype).itemsize
        if code in (DATE, DATETIME, TIMESTAMP):
            return self._moments(field, here)
        if code == TIME:
            return self._times(field, here)
        if code == NULL:
            return pa.nulls(len(here)), 0
        lengths, behind = self._lengths(here)
        if code == BIT:
            return self._bits(lengths, behind).cast(field.type), behind - here + lengths
        array = self._binary(lengths, behind)
        if pa.types.is_decimal(field.type):
            array = _batches.decimals(array.cast(pa.string()), field.type, field.name)
        return array.cast(field.type), behind - here + lengths

    def _lengths(self, here: Positions) -> tuple[Positions, Positions]:
        """Returns how long values are, and where they begin behind their length."""
        first = self.bytes[here]
        lengths = first.astype(np.int64)
        behind = here + 1
        if len(first) and first.max() > _LONGEST_SHORT:
            for mark, dtype, size in ((252, "<u2", 2), (253, "<u4", 3), (254, "<u8", 8)):
                marked = first == mark
                found = self.words(dtype, behind[marked]).astype(np.int64)
                lengths[marked] = found & 0xFFFFFF if size == 3 else found
                behind[marked] += size
        return lengths, behind

    def _binary(self, lengths: Positions, start: Positions) -> pa.Array:
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        total = int(offsets[-1])
        if total > _LONG_VALUE * len(lengths):
            values = b"".join(
                self.data[at : at + length]
                for at, length in zip(start.tolist(), lengths.tolist(), strict=True)
            )
        else:
            index = np.repeat(start - offsets[:-1], lengths) + np.arange(total)
            values = self.bytes[index].tobytes()
        buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(values)]
        return pa.Array.from_buffers(pa.binary(), len(lengths), buffers)

    def _bits(self, lengths: Positions, start: Positions) -> pa.Array:
        values = np.zeros(len(lengths), np.uint64)
        for place in range(int(lengths.max(initial=0))):
            there = lengths > place
            byte = self.bytes[start[there] + place].astype(np.uint64)
            values[there] = values[there] << np.uint64(8) | byte
        return pa.array(values)

    def _moments(self, field: pa.Field, here: Positions) -> tuple[pa.Array, Positions]:
        length = self.bytes[here].astype(np.int64)
        year = self.words("<u2", here + 1).astype(np.int64)
        month, day = (self.bytes[here + place].astype(np.int64) for place in (3, 4))
        # "0000-00-00" and the like are no dates.
        missing = (length == 0) | (month == 0) | (day == 0)
        months = np.where(missing, 0, (year - 1970) * 12 + month - 1).astype("M8[M]")
        days = months.astype("M8[D]").astype(np.int64) + np.where(missing, 0, day - 1)
        if pa.types.is_date(field.type):
            return pa.array(days.astype(np.int32), pa.int32(), mask=missing).cast(
                pa.date32()
            ), length + 1
        micros = days * 86_400_000_000 + self._clock(here + 5, length >= 7, length >= 11)
        return pa.array(micros, mask=missing).cast(field.type), length + 1

    def _times(self, field: pa.Field, here: Positions) -> tuple[pa.Array, Positions]:
        length = self.bytes[here].astype(np.int64)
        there = length > 0
        negative = there & (self.bytes[here + 1] == 1)
        days = np.where(there, self.words("<u4", here + 2).astype(np.int64), 0)
        if negative.any() or days.any():
            raise ProgramError(
                f"column `{field.name}` holds times that are negative or longer than a day",
                help="use TIME_TO_SEC in the query, which gives seconds",
            )
        return pa.array(self._clock(here + 6, there, length >= 12)).cast(field.type), length + 1

    def _clock(
        self, here: Positions, has_seconds: npt.NDArray[np.bool_], has_micros: npt.NDArray[np.bool_]
    ) -> Positions:
        """Returns the microseconds since midnight; what a value leaves out is zero."""
        # What is left out may lie behind the last row.
        here = np.where(has_seconds, here, 0)
        hour, minute, second = (self.bytes[here + place].astype(np.int64) for place in range(3))
        seconds = (hour * 60 + minute) * 60 + second
        micros = self.words("<u4", np.where(has_micros, here + 3, 0)).astype(np.int64)
        found: Positions = np.where(has_seconds, seconds * 1_000_000, 0)
        return found + np.where(has_micros, micros, 0)
