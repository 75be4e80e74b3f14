"""Rows of a query, kept in a file so that its database is free while a step works on them."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator

import pyarrow as pa

from sqlflow_runtime._errors import os_errors

BATCH_ROWS = 65_536
"""Rows in a batch. Engines lose up to a quarter of their speed and more on shorter ones."""

# Batches that stay mapped after they were read.
_MAPPED_BATCHES = 8


class Spool:
    """A query's rows, to be read any number of times.

    The file has no name: nothing is left behind when the process ends, however it ends.
    """

    def __init__(self, schema: pa.Schema, rows: int, data: mmap.mmap) -> None:
        self.schema = schema
        self.rows = rows
        self._data = data

    @property
    def bytes(self) -> int:
        """The size of the rows as Arrow writes them."""
        return len(self._data)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yields the batches, mapped from the file: no copy of them is made."""
        # The buffer keeps the map.
        file = pa.ipc.open_file(pa.py_buffer(self._data))
        for index in range(file.num_record_batches):
            if index % _MAPPED_BATCHES == _MAPPED_BATCHES - 1:
                self._let_go()
            yield file.get_batch(index)

    def _let_go(self) -> None:
        """Unmaps the pages that were read; they come back when somebody still needs them.

        They would count as the step's memory until the kernel is short of it.
        """
        if hasattr(mmap, "MADV_DONTNEED"):
            self._data.madvise(mmap.MADV_DONTNEED)


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
        # The map outlives the descriptor.
        return Spool(reader.schema, rows, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
