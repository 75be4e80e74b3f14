"""Rows of a query, kept in a file so that its database is free while a step works on them."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator

import pyarrow as pa

from sqlflow_runtime._errors import os_errors

BATCH_ROWS = 65_536
"""Rows in a batch. Engines lose up to a quarter of their speed and more on shorter ones."""


class Spool:
    """A query's rows, to be read any number of times.

    The file has no name: nothing is left behind when the process ends, however it ends.
    """

    def __init__(self, schema: pa.Schema, rows: int, data: pa.Buffer) -> None:
        self.schema = schema
        self.rows = rows
        self._data = data

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yields the batches, mapped from the file: no copy of them is made."""
        file = pa.ipc.open_file(self._data)
        for index in range(file.num_record_batches):
            yield file.get_batch(index)


def spool(reader: pa.RecordBatchReader) -> Spool:
    """Drains `reader` into a nameless file in the directory for temporary files."""
    rows = 0
    with (
        os_errors(f"keep the query's rows in {tempfile.gettempdir()}"),
        tempfile.TemporaryFile(prefix="sqlflow-") as file,
    ):
        with pa.ipc.new_file(file, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
                rows += batch.num_rows
        file.flush()
        # The map outlives the descriptor, and the buffer keeps the map.
        return Spool(
            reader.schema, rows, pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        )
