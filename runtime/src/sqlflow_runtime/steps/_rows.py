"""Rows on their way from a query into a model, and from a model into a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime._label import Label
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import Spool, cells, connect, spool
from sqlflow_runtime.estimators import Examples, Kind, StreamedExamples
from sqlflow_runtime.estimators._base import Inputs, rows_of, take
from sqlflow_runtime.features import _values
from sqlflow_runtime.features._fitted import Specification, find_column
from sqlflow_runtime.features._values import Doubles, Integers, Tally

_SAMPLE_ROWS = 1024

# Row, column and value of an entry twice, for they are joined from parts, and once more as CSR.
_SPARSE_BYTES = 2 * (8 + 8 + 4) + (4 + 4)


def read(select: str, session: list[str]) -> Spool:
    """Reads a query's rows; the database is free again when this returns."""
    with connect(session) as database:
        return spool(database.read(select))


@dataclass(frozen=True)
class Truths:
    """What is to be learned from rows, or compared with them: one entry for each row, used or not.

    `used` are the numbers of the rows that are used, in the order that engines want them.
    """

    used: Integers
    label: Doubles
    weight: Doubles | None
    group: Integers | None
    upper_bound: Doubles | None

    def of(self, inputs: Inputs, rows: Integers) -> Examples:
        """Returns the truths of some rows beside those rows' `inputs`."""
        return Examples(
            inputs,
            self.label[rows] if len(self.label) else self.label,
            None if self.weight is None else self.weight[rows],
            None if self.group is None else self.group[rows],
            None if self.upper_bound is None else self.upper_bound[rows],
        )


def truths(rows: Spool, label: Label, roles: Mapping[str, str], where: str, tally: Tally) -> Truths:
    """Reads labels, weights and groups. Rows without a label are not used, with a warning."""
    weight = _role(rows, roles.get("weight"), where, tally)
    if not label.kind.has_label:
        tally.warn()
        _check_weights(weight, roles)
        return Truths(np.arange(rows.rows), np.empty(0), weight, None, None)
    truth = _column(rows, label.name, where, lambda array: label.encode(array, tally))
    upper = _role(rows, roles.get("upper_bound"), where, tally)
    if upper is not None:
        # No end is known where there is none: the interval is open.
        upper[np.isnan(upper)] = np.inf
    group = _groups(rows, roles.get("group"), where)
    used = np.flatnonzero(~np.isnan(truth))
    tally.add(label.name, "no label, so the row is left out", _missing(rows, label))
    tally.warn()
    _check_weights(None if weight is None else weight[used], roles)
    if not len(used):
        raise ProgramError(f"{where} has no row with a label")
    if group is not None:
        used = used[np.argsort(group[used], kind="stable")]
    return Truths(used, truth, weight, group, upper)


def examples(
    rows: Spool, features: Specification, label: Label, roles: Mapping[str, str], where: str
) -> tuple[Examples, int]:
    """Encodes rows and what is to be learned from them; returns how many rows are used, too."""
    tally = Tally()
    inputs = features.encode_all(rows, where, tally)
    found = truths(rows, label, roles, where, tally)
    if len(found.used) == rows.rows and found.group is None:
        everything = Examples(inputs, found.label, found.weight, None, found.upper_bound)
        return everything, rows.rows
    return found.of(take(inputs, found.used), found.used), len(found.used)


def streamed_examples(
    rows: Spool,
    features: Specification,
    label: Label,
    roles: Mapping[str, str],
    where: str,
    folder: Path,
) -> tuple[StreamedExamples, int]:
    """Returns what `examples` does, to be encoded batch by batch as often as it is wanted."""
    found = truths(rows, label, roles, where, Tally())
    wanted = np.zeros(rows.rows, np.bool_)
    wanted[found.used] = True
    warned = False

    def passes() -> Iterator[Examples]:
        nonlocal warned
        tally = Tally()
        for batch, numbers in _wanted(rows.batches(), wanted):
            yield found.of(features.encode(batch, where, tally), numbers)
        if not warned:
            tally.warn()
            warned = True

    return StreamedExamples(passes, folder), len(found.used)


def _wanted(
    batches: Iterable[pa.RecordBatch], wanted: npt.NDArray[np.bool_]
) -> Iterator[tuple[pa.RecordBatch, Integers]]:
    """Yields the wanted rows of each batch that has some, and their numbers."""
    start = 0
    for batch in batches:
        chosen = wanted[start : start + batch.num_rows]
        numbers = start + np.flatnonzero(chosen)
        start += batch.num_rows
        if len(numbers):
            yield batch if chosen.all() else batch.filter(pa.array(chosen)), numbers


def memory_needed(rows: Spool, features: Specification) -> tuple[int, int]:
    """Estimates the bytes that encoded rows take, and those that they take as an engine's matrix.

    The first rows stand for all.
    """
    first = next(rows.batches(), None)
    if first is None:
        return 0, 0
    sample = features.encode(first.slice(0, _SAMPLE_ROWS), "", Tally())
    least = working = 0
    for encoded in sample.values():
        least += encoded.nbytes
        # Numbers are copied once; with categories a sparse matrix is made, from coordinates.
        copies = encoded.entries * _SPARSE_BYTES if encoded.categories else encoded.nbytes
        working += encoded.nbytes + copies
    sampled = rows_of(sample)
    return least * rows.rows // sampled, working * rows.rows // sampled


def _check_weights(weight: Doubles | None, roles: Mapping[str, str]) -> None:
    if weight is not None and (np.isnan(weight).any() or (weight < 0).any()):
        raise ProgramError(f"column `{roles['weight']}` holds weights that are NULL or negative")


def _missing(rows: Spool, label: Label) -> int:
    def missing(array: pa.Array) -> npt.NDArray[np.bool_]:
        nan = pa.types.is_floating(array.type)
        found: npt.NDArray[np.bool_] = pc.is_null(array, nan_is_null=nan).to_numpy(
            zero_copy_only=False
        )
        return found

    return int(_column(rows, label.name, "", missing).sum())


def _role(rows: Spool, name: str | None, where: str, tally: Tally) -> Doubles | None:
    if name is None:
        return None
    found = find_column(name, rows.schema.names, where)
    return np.array(_column(rows, found, where, lambda array: _values.numbers(array, found, tally)))


def _groups(rows: Spool, name: str | None, where: str) -> Integers | None:
    """Returns the number of each row's query, in the order of the queries' ids."""
    if name is None:
        return None
    found = find_column(name, rows.schema.names, where)
    index = rows.schema.get_field_index(found)
    texts = pa.chunked_array(
        [_values.texts(batch.column(index), found) for batch in rows.batches()], pa.string()
    )
    if texts.null_count:
        raise ProgramError(f"column `{found}` names no group in {texts.null_count} rows")
    known = pa.array(_values.sorted_values(texts), pa.string())
    groups: Integers = pc.index_in(texts, value_set=known).to_numpy().astype(np.int64)
    return groups


def _column(rows: Spool, name: str, where: str, read: object) -> Doubles:
    found = find_column(name, rows.schema.names, where)
    index = rows.schema.names.index(found)
    assert callable(read)
    parts = [read(batch.column(index)) for batch in rows.batches()]
    column: Doubles = np.concatenate(parts) if parts else np.empty(0)
    return column


def observed(label: Label, found: Examples) -> npt.NDArray[np.bool_] | None:
    """Says at which rows a lifetime's end is known; None for other labels."""
    if label.kind is Kind.HAZARD:
        return np.asarray(found.label > 0)
    if label.kind is Kind.LIFETIME and found.upper_bound is not None:
        return np.asarray(found.upper_bound == found.label)
    return None


def slices(rows: Spool, size: int | None) -> Iterator[pa.RecordBatch]:
    """Yields the batches, cut to `size` rows, and reports progress after each."""
    done = 0
    for batch in rows.batches():
        step = size or batch.num_rows
        for start in range(0, batch.num_rows, step):
            part = batch.slice(start, step)
            yield part
            done += part.num_rows
            _events.progress(done, rows.rows, "rows", {})


def used_slices(rows: Spool, found: Truths) -> Iterator[pa.RecordBatch]:
    """Yields the rows that are used, in the order of the query, and reports progress."""
    wanted = np.zeros(rows.rows, np.bool_)
    wanted[found.used] = True
    for batch, _ in _wanted(slices(rows, None), wanted):
        yield batch


def publish(
    table: Table,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    title: str,
    session: list[str],
) -> None:
    """Makes `table` consist of `batches`, at once, and shows its first rows."""
    # All work is done before the database is opened, and nothing is left if it fails.
    result = spool(pa.RecordBatchReader.from_batches(schema, batches))
    with connect(session) as database:
        count = database.replace(table, pa.RecordBatchReader.from_batches(schema, result.batches()))
        location = database.location(table)
    show(title, result)
    _events.output("table", str(table), location, count)


def show(title: str, result: Spool) -> None:
    shown: list[list[object]] = []
    for batch in result.batches():
        part = batch.slice(0, _events.ROWS_SHOWN - len(shown))
        shown += cells(part)
        if len(shown) == _events.ROWS_SHOWN:
            break
    _events.table(title, result.schema.names, shown, result.rows)
