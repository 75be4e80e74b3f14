"""What the steps ask of a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa

from sqlflow_runtime._table import Table


@dataclass(frozen=True)
class QueryResult:
    """The rows that a statement returned: the first few, and how many there were."""

    statement: str
    columns: list[str]
    rows: list[list[Any]] = field(default_factory=list)
    row_count: int = 0


@dataclass(frozen=True)
class DescribedColumn:
    """A column, and its type as the database writes it."""

    name: str
    type: str


@dataclass(frozen=True)
class DescribedTable:
    """A table or a view.

    `name` has its schema in front unless that is the default one.
    """

    name: list[str]
    columns: list[DescribedColumn]


def described_tables(rows: Iterable[tuple[Any, ...]]) -> list[DescribedTable]:
    """Returns the tables that an information schema lists, by name: each of its rows is a column,
    `(whether its schema is the default one, schema, table, column, type)`."""
    found: dict[tuple[str, ...], list[DescribedColumn]] = {}
    for is_default, schema, table, column, type_ in rows:
        name = (table,) if is_default else (schema, table)
        found.setdefault(name, []).append(DescribedColumn(column, type_))
    return [DescribedTable(list(name), columns) for name, columns in sorted(found.items())]


class Database(Protocol):
    """A connection, open between `__enter__` and `__exit__`, and only as long as it must be.

    All SQL reaches the database as it was written. Methods raise the errors of `_errors`: a
    ProgramError when the SQL or a name in it is at fault, a ResourceError or TransientError when
    the database is.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def execute(self, statements: list[str], preview: int) -> list[QueryResult | None]:
        """Runs statements in order, all or none unless they manage transactions themselves.

        Returns, for each statement that returns rows, its first `preview` rows; else None.
        """
        ...

    def describe(self, select: str) -> pa.Schema:
        """Returns the columns that `select` yields, without running it."""
        ...

    def read(self, select: str) -> pa.RecordBatchReader:
        """Streams the rows of `select` in batches of `BATCH_ROWS`, the last one shorter.

        Fields may carry metadata by which `write` and `replace` of the same driver restore
        types that Arrow lacks. The connection must stay open while the reader is in use.
        """
        ...

    def write(self, table: Table, reader: pa.RecordBatchReader) -> int:
        """Appends rows to an existing table, all or none, and returns their number."""
        ...

    def replace(self, table: Table, reader: pa.RecordBatchReader) -> int:
        """Makes `table` consist of these rows, in one transaction, and returns their number.

        Another connection sees the old table or the new one. The schema must exist.
        """
        ...

    def table_exists(self, table: Table) -> bool: ...

    def tables(self) -> list[DescribedTable]:
        """Returns the user's tables and views, in the order of their names, columns in theirs.

        A view that cannot be read is left out.
        """
        ...

    def location(self, table: Table) -> str:
        """Says where `table` is, for people; holds no secret."""
        ...
