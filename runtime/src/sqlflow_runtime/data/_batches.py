"""Record batches of the size that engines like, and tables' types in other terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError, StepError, os_errors
from sqlflow_runtime.data._spool import BATCH_ROWS


def rebatched(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    """Returns the rows in batches of `BATCH_ROWS`, the last one shorter."""
    return pa.RecordBatchReader.from_batches(schema, _rebatched(batches))


def _rebatched(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while batch.num_rows:
            part = batch.slice(0, BATCH_ROWS - count)
            batch = batch.slice(part.num_rows)
            waiting.append(part)
            count += part.num_rows
            if count == BATCH_ROWS:
                yield _joined(waiting)
                waiting, count = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(parts) == 1:
        return parts[0]
    return pa.concat_batches(parts)


def incoming(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yields the batches that a driver is to write; they come from a file that may be lost."""
    with os_errors("read the rows that are to be written"):
        yield from reader


def converted(
    reader: pa.RecordBatchReader,
    types: list[pa.DataType],
    convert: Callable[..., pa.Array],
    failures: list[StepError],
) -> pa.RecordBatchReader:
    """Returns the rows with each column in one of `types`: `convert(array, type, field)`.

    A driver in C makes a text of what is raised here, so it is put into `failures` too.
    """
    schema = pa.schema(
        field.with_type(type_).remove_metadata()
        for field, type_ in zip(reader.schema, types, strict=True)
    )

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in incoming(reader):
                columns = [
                    convert(column, type_, field)
                    for column, type_, field in zip(
                        batch.columns, types, reader.schema, strict=True
                    )
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except StepError as error:
            failures.append(error)
            raise

    return pa.RecordBatchReader.from_batches(schema, batches())


def decimals(texts: pa.Array, type_: pa.DataType, column: str) -> pa.Array:
    """Reads decimals from texts. What is no finite number becomes NULL, with a warning."""
    try:
        return texts.cast(type_)
    except pa.ArrowInvalid:
        finite = pc.match_substring_regex(texts, r"^[-+0-9.eE]*$")
        strange = pc.sum(pc.invert(finite)).as_py() or 0
        if strange:
            _events.log(
                "warning",
                f"column `{column}`: {strange} values are NaN or infinite, which {type_} has not; "
                "they count as NULL",
            )
            texts = pc.if_else(finite, texts, pa.scalar(None, texts.type))
    try:
        return texts.cast(type_)
    except pa.ArrowInvalid as error:
        raise ProgramError(
            f"column `{column}` holds numbers that do not fit {type_}",
            help="CAST the column in the query, to DOUBLE PRECISION or a smaller number of digits",
        ) from error


def decimal_texts(numbers: pa.Array) -> pa.Array:
    """Writes decimals as texts without the zeros at the end of their fractions."""
    texts = numbers.cast(pa.string())
    return pc.replace_substring_regex(texts, r"^(-?\d+)(?:\.0*|(\.\d*?)0*)$", r"\1\2")


def json_texts(array: pa.Array) -> pa.Array:
    """Writes nested values as JSON, for databases without such types."""
    import json

    texts = [
        None if value is None else json.dumps(value, ensure_ascii=False, default=str)
        for value in array.to_pylist()
    ]
    return pa.array(texts, pa.string())


def decoded(array: pa.Array) -> pa.Array:
    """Returns plain values for a dictionary's or an extension type's."""
    if isinstance(array, pa.ExtensionArray):
        return array.storage
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    return array


def is_text(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or type_ == pa.string_view()
    )


def is_binary(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_fixed_size_binary(type_)
        or type_ == pa.binary_view()
    )


def is_nested(type_: pa.DataType) -> bool:
    return bool(pa.types.is_nested(type_))


def is_list(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(type_)
        or pa.types.is_large_list(type_)
        or pa.types.is_fixed_size_list(type_)
    )
