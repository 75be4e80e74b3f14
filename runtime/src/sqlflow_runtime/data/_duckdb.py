"""DuckDB: the embedded default database, one file under the working directory.

`duckdb:///PATH` names a file relative to the working directory, `duckdb:////PATH` an absolute one.
`?lock_timeout=SECONDS` says how long to wait for another process to let go of the file.

DuckDB admits one process to a file at a time. So a connection is opened for a read or a write and
closed right after it, and opening retries while somebody else is in: as long as it takes when that
is a step of the same run, until the time is up when it is not.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

import duckdb
import pyarrow as pa

from sqlflow_runtime import _events
from sqlflow_runtime._contract import DEFAULT_DATASOURCE, FILES
from sqlflow_runtime._datasource import duckdb_file
from sqlflow_runtime._errors import (
    ProgramError,
    ResourceError,
    StepError,
    TransientError,
    did_you_mean,
    os_errors,
)
from sqlflow_runtime._table import Table
from sqlflow_runtime.data._cells import cells
from sqlflow_runtime.data._database import DescribedColumn, DescribedTable, QueryResult
from sqlflow_runtime.data._driver import replay
from sqlflow_runtime.data._search_path import SearchPath, search_path
from sqlflow_runtime.data._spool import BATCH_ROWS
from sqlflow_runtime.data._waiting import worker

# How long to wait for the file when the URL does not say, and after how long to say so.
LOCK_SECONDS = 60.0
LOCK_NOTICE_SECONDS = 3.0

_DEFAULT_SCHEMA = "main"

_NATIVE_TYPE = b"duckdb.type"
_NULL = '"NULL"'  # the type's name, as DuckDB writes it

# Arrow has no such types: they travel as text and are cast back when written.
_AS_TEXT = frozenset({"BIT", "TIME WITH TIME ZONE", "BIGNUM"})


class DuckDB:
    """One DuckDB file; see `data.Database` for the methods."""

    def __init__(self, url: str, session: Sequence[str]) -> None:
        self._path, self._lock_timeout = _parse_url(url)
        self._session = session

    def __enter__(self) -> Self:
        _make_folder(self._path)
        with contextlib.ExitStack() as stack:
            files = stack.enter_context(search_path())
            self._connection = _open(self._path, self._lock_timeout, files)
            stack.callback(self._connection.close)
            self._worker = stack.enter_context(worker("duckdb", self._connection.interrupt))
            for statement in self._session:
                replay(statement, self._replay)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Closing writes the log into the file, so it can meet a full disk.
        with _duckdb_errors():
            self._open.close()

    def _replay(self, statement: str) -> None:
        with _duckdb_errors():
            self._worker.wait(self._connection.execute, statement)

    def execute(self, statements: list[str], preview: int) -> list[QueryResult | None]:
        connection = self._connection
        with _duckdb_errors():
            parsed = [part for text in statements for part in connection.extract_statements(text)]
            own_transactions = any(part.type == duckdb.StatementType.TRANSACTION for part in parsed)
            if own_transactions or len(parsed) == 1:
                results = [self._run(part, preview) for part in parsed]
                if own_transactions:
                    self._expect_no_open_transaction()
                return results
            connection.begin()
            results = [self._run(part, preview) for part in parsed]
            connection.commit()
            return results

    def _run(self, statement: duckdb.Statement, preview: int) -> QueryResult | None:
        if statement.type == duckdb.StatementType.SELECT:
            return self._preview(statement.query, preview)
        result = self._worker.wait(self._connection.execute, statement)
        expected = statement.expected_result_type
        columns = [column[0] for column in result.description or []]
        if duckdb.ExpectedResultType.QUERY_RESULT not in expected or not columns:
            return None
        # A changed table is reported as one row that counts the changes, unless RETURNING was said.
        if duckdb.ExpectedResultType.CHANGED_ROWS in expected and columns == ["Count"]:
            return None
        rows = [list(row) for row in self._worker.wait(result.fetchmany, preview)]
        row_count = len(rows)
        while more := len(self._worker.wait(result.fetchmany, BATCH_ROWS)):
            row_count += more
        return QueryResult(statement.query, columns, rows, row_count)

    def _preview(self, select: str, preview: int) -> QueryResult:
        relation = _export(self._relation(select))
        reader = self._worker.wait(relation.to_arrow_reader, BATCH_ROWS)
        rows: list[list[object]] = []
        row_count = 0
        for batch in self._batches(reader):
            wanted = batch.slice(0, max(0, preview - row_count))
            rows += cells(wanted)
            row_count += batch.num_rows
        return QueryResult(select, reader.schema.names, rows, row_count)

    def _expect_no_open_transaction(self) -> None:
        try:
            self._connection.begin()
        except duckdb.TransactionException:
            raise ProgramError(
                "the transaction is still open after the step's last statement",
                help="end it with COMMIT or ROLLBACK",
            ) from None
        self._connection.rollback()

    def describe(self, select: str) -> pa.Schema:
        with _duckdb_errors():
            relation = self._relation(select)
            # Even a `LIMIT 0` of the query itself would evaluate its constants.
            columns = ", ".join(
                f"{'NULL' if str(native) == _NULL else f'CAST(NULL AS {native})'} AS {_quote(name)}"
                for name, native in zip(relation.columns, relation.types, strict=True)
            )
            return _export(self._relation(f"SELECT {columns}")).to_arrow_table().schema

    def read(self, select: str) -> pa.RecordBatchReader:
        with _duckdb_errors():
            relation = self._relation(select)
            types = relation.types
            reader = self._worker.wait(_export(relation).to_arrow_reader, BATCH_ROWS)
        schema = pa.schema(
            arrow.with_metadata({_NATIVE_TYPE: str(native)})
            for arrow, native in zip(reader.schema, types, strict=True)
        )
        batches = (
            pa.RecordBatch.from_arrays(batch.columns, schema=schema)
            for batch in self._batches(reader)
        )
        return pa.RecordBatchReader.from_batches(schema, batches)

    def _relation(self, select: str) -> duckdb.DuckDBPyRelation:
        relation = self._worker.wait(self._connection.sql, select)
        if relation is None:
            raise ProgramError("the statement returns no rows", help="a query is wanted here")
        return relation

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """Yields the reader's batches; out of Arrow, DuckDB's errors come in Arrow's classes."""
        while True:
            try:
                batch = self._worker.wait(reader.read_next_batch)
            except StopIteration:
                return
            except (pa.ArrowException, OSError) as error:
                raise _translate(error) from error
            if batch.num_rows:
                yield batch

    def write(self, table: Table, reader: pa.RecordBatchReader) -> int:
        return self._load(f"INSERT INTO {_quoted(table)} BY NAME", reader)

    def replace(self, table: Table, reader: pa.RecordBatchReader) -> int:
        # One statement, hence one transaction: DuckDB keeps the old table until it commits, also
        # when the process is killed in between.
        return self._load(f"CREATE OR REPLACE TABLE {_quoted(table)} AS", reader)

    def _load(self, statement: str, reader: pa.RecordBatchReader) -> int:
        source = "sqlflow_rows"
        with _duckdb_errors():
            columns = self._casts(reader.schema)
            self._connection.register(source, reader)
            try:
                counted = self._worker.wait(
                    self._connection.execute, f"{statement} SELECT {columns} FROM {source}"
                )
                ((rows,),) = counted.fetchall()
            finally:
                self._connection.unregister(source)
        return int(rows)

    def _casts(self, schema: pa.Schema) -> str:
        """Lists the columns of `schema`, each cast to the DuckDB type it was read from."""
        arriving = self._connection.from_arrow(schema.empty_table()).types
        columns = []
        for field, actual in zip(schema, arriving, strict=True):
            name = _quote(field.name)
            native = (field.metadata or {}).get(_NATIVE_TYPE, b"").decode()
            if native in ("", _NULL, str(actual)):
                columns.append(name)
            else:
                columns.append(f"CAST({name} AS {native}) AS {name}")
        return ", ".join(columns)

    def table_exists(self, table: Table) -> bool:
        with _duckdb_errors():
            try:
                self._connection.sql(f"FROM {_quoted(table)} LIMIT 0")
            except duckdb.CatalogException:
                return False
            return True

    def tables(self) -> list[DescribedTable]:
        own = "database_name = current_database() AND NOT internal"
        columns = f"""
            SELECT schema_name, table_name, column_name, data_type
            FROM duckdb_columns() SEMI JOIN duckdb_tables() USING (table_oid)
            WHERE {own} ORDER BY column_index
        """
        found: dict[tuple[str, str], list[DescribedColumn]] = {}
        with _duckdb_errors():
            for schema, table, column, type_ in self._fetch(columns):
                found.setdefault((schema, table), []).append(DescribedColumn(column, type_))
            views = f"SELECT schema_name, view_name FROM duckdb_views() WHERE {own}"
            for schema, view in self._fetch(views):
                # What is recorded of a view's columns is out of date when its tables have changed.
                with contextlib.suppress(duckdb.Error):
                    relation = self._relation(f"FROM {_quote(schema)}.{_quote(view)}")
                    found[schema, view] = [
                        DescribedColumn(name, str(native))
                        for name, native in zip(relation.columns, relation.types, strict=True)
                    ]
        return [
            DescribedTable([name] if schema == _DEFAULT_SCHEMA else [schema, name], columns)
            for (schema, name), columns in sorted(found.items())
        ]

    def _fetch(self, query: str) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = self._worker.wait(self._connection.execute, query).fetchall()
        return rows

    def location(self, table: Table) -> str:
        return f"{self._path}: {table}"


def _parse_url(url: str) -> tuple[Path, float]:
    """Returns the file and the number of seconds to wait for its lock."""
    path = duckdb_file(url)
    if path is None:
        raise ResourceError(
            f"`{url}` names no database file that steps can share",
            help="write duckdb:///PATH, or duckdb:////PATH when the path is absolute",
        )
    lock_timeout = LOCK_SECONDS
    for option, value in parse_qsl(url.partition("?")[2], keep_blank_values=True):
        if option != "lock_timeout":
            raise ResourceError(
                f"unknown option `{option}` in the database's URL",
                help=did_you_mean(option, ["lock_timeout"]),
            )
        try:
            lock_timeout = float(value)
        except ValueError:
            raise ResourceError(f"`lock_timeout={value}` is no number of seconds") from None
    return path, lock_timeout


def _make_folder(database: Path) -> None:
    """Makes the default database's folder; any other one is the user's, and a slip when missing."""
    folder = database.absolute().parent
    default = duckdb_file(DEFAULT_DATASOURCE)
    with os_errors("find the database's folder"):
        if default is not None and folder == default.absolute().parent:
            folder.mkdir(exist_ok=True)
        elif not folder.exists():
            raise ResourceError(
                f"the database's folder `{folder}` does not exist",
                help="create it, or mind the slashes: `duckdb:////absolute/path`, "
                "`duckdb:///path/under/the/working/directory`",
            )


def _open(path: Path, lock_timeout: float, files: SearchPath) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        # A step must not depend on what a server on the internet hands out today.
        "autoinstall_known_extensions": "false",
    }
    if files.path:
        config["file_search_path"] = files.path
    if threads := os.environ.get("OMP_NUM_THREADS", ""):
        # DuckDB gets the same share of the machine as the engines.
        config["threads"] = threads
    started = patience_from = time.monotonic()
    pause = 0.01
    warned = False
    while True:
        try:
            with os_errors(f"open {path}"):
                return duckdb.connect(str(path), config=config)
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error):
                raise _translate(error) from error
            pid, holder = _lock_holder(str(error))
            if pid is not None and _is_of_this_run(pid):
                # It lets go when its statement is done, however long that takes.
                patience_from = time.monotonic()
            waited = time.monotonic() - started
            if time.monotonic() - patience_from > lock_timeout:
                raise TransientError(
                    f"the database {path} was still locked by {holder} after {waited:.0f} s",
                    help="close what holds it (an open DuckDB shell counts) and run the step again",
                ) from error
            if waited > LOCK_NOTICE_SECONDS and not warned:
                _events.log("warning", f"waiting for the database: it is locked by {holder}")
                warned = True
            # Jitter keeps steps that start together from knocking together.
            time.sleep(random.uniform(0.5, 1.0) * pause)  # noqa: S311
            pause = min(pause * 1.5, 0.5)
        except duckdb.Error as error:
            raise _translate(error) from error


def _lock_holder(message: str) -> tuple[int | None, str]:
    """Returns the process that DuckDB says holds the file, and what to call it."""
    found = re.search(r"held in (.+?) \(PID (\d+)\)", message)
    if found is None:
        return None, "another process"
    return int(found[2]), f"{Path(found[1]).name} (process {found[2]})"


def _is_of_this_run(pid: int) -> bool:
    """Says whether a process is a step of the same run: the runner is the parent of both."""
    if _events.EVENTS_FD not in os.environ:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        # It has just ended, or this system has no /proc; then the wait has its usual end.
        return False
    return int(status.rpartition(")")[2].split()[1]) == os.getppid()


def _export(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Returns the relation with what Arrow has no type for as text."""
    columns = [
        f"CAST(#{position} AS VARCHAR) AS {_quote(name)}"
        if str(native) in _AS_TEXT
        else f"#{position} AS {_quote(name)}"
        for position, (name, native) in enumerate(
            zip(relation.columns, relation.types, strict=True), 1
        )
    ]
    lossy = any(str(native) in _AS_TEXT for native in relation.types)
    return relation.project(", ".join(columns)) if lossy else relation


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _quoted(table: Table) -> str:
    return ".".join(map(_quote, table.parts))


@contextmanager
def _duckdb_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise _translate(error) from error


_FULL = re.compile(r"no space left|disk quota|out of disk|max_temp_directory_size", re.IGNORECASE)
_DENIED = re.compile(r"permission denied|read-only|operation not permitted", re.IGNORECASE)
_NO_SCHEMA = re.compile(r'schema (?:with name )?"?(\w+)"? does not exist', re.IGNORECASE)


def _translate(error: Exception) -> StepError:
    """Returns the step's error for one of DuckDB's, by what the user can do about it."""
    text = str(error)
    message = _message(text)
    if _FULL.search(text):
        return ResourceError(message, help="make room on the disk")
    if _DENIED.search(text):
        return ResourceError(message, help="check who may read and write there")
    if "extension" in text and re.search(r"LOAD|INSTALL|install", text):
        return ProgramError(
            message, help="extensions are not fetched; use what DuckDB brings, or files at hand"
        )
    if "No files found" in text:
        return ProgramError(
            message, help=f"relative names are looked up in {Path.cwd()} and the folders in {FILES}"
        )
    if found := _NO_SCHEMA.search(text):
        return ProgramError(message, help=f"make it first: CREATE SCHEMA {found[1]}")
    if isinstance(error, duckdb.OutOfMemoryException):
        return ResourceError(message, help="give the step more memory, or SET memory_limit")
    if isinstance(error, duckdb.TransactionException) and "conflict" in text.lower():
        return TransientError(message)
    if isinstance(error, duckdb.NotSupportedError):
        return ProgramError(message)
    if isinstance(error, (duckdb.ProgrammingError, duckdb.DataError, duckdb.IntegrityError)):
        return ProgramError(message)
    if isinstance(error, pa.ArrowException) or text.startswith(("Conversion", "Invalid", "Out of")):
        return ProgramError(message)
    return ResourceError(message)


def _message(text: str) -> str:
    """Drops the prefix that names the error's class and the quotation of the query."""
    text = re.split(r"\n\s*LINE \d+:", text)[0]
    return re.sub(r"^(?:Invalid: )?[A-Z][\w -]*? Error: ", "", text.strip()).rstrip("!.; \n")
