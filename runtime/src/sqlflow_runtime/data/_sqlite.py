"""SQLite, by the library that Python brings: one file, several readers and one writer.

`sqlite:///PATH` names a file relative to the working directory, `sqlite:////PATH` an absolute one.
`?lock_timeout=SECONDS` says how long to wait while another process writes.

SQLite's values have types and its columns only wishes. A column of a table is read as the type
that it was declared with; what a query computes, as the type of the values that come first.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

import pyarrow as pa

from sqlflow_runtime._errors import (
    ProgramError,
    ResourceError,
    StepError,
    TransientError,
    os_errors,
)
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import _batches, _sql, _url
from sqlflow_runtime.data._database import DescribedColumn, DescribedTable, QueryResult
from sqlflow_runtime.data._driver import replay
from sqlflow_runtime.data._spool import BATCH_ROWS
from sqlflow_runtime.data._waiting import worker

_FORM = "sqlite:///PATH, or sqlite:////PATH when the path is absolute"
_LOCK_SECONDS = 60.0
_NATIVE_TYPE = b"sqlite.type"
_VIEW = "sqlflow_described"
_EXACT_DIGITS = 15
_DIGITS = Context(prec=38)


class SQLite:
    """One SQLite file; see `data.Database` for the methods."""

    def __init__(self, url: str, session: Sequence[str]) -> None:
        self._path, self._lock_timeout = _parse_url(url)
        self._session = session

    def __enter__(self) -> Self:
        folder = self._path.absolute().parent
        with os_errors("find the database's folder"):
            if not folder.is_dir():
                raise ResourceError(
                    f"the database's folder `{folder}` does not exist",
                    help=f"create it, or mind the slashes: {_FORM}",
                )
        with contextlib.ExitStack() as stack, _errors(self._path):
            self._connection = sqlite3.connect(
                self._path,
                timeout=self._lock_timeout,
                isolation_level=None,
                check_same_thread=False,
            )
            stack.callback(self._connection.close)
            self._worker = stack.enter_context(worker("sqlite", self._connection.interrupt))
            # Without a statement the file is not looked at.
            self._run("PRAGMA schema_version")
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
        with _errors(self._path):
            self._open.close()

    def _replay(self, statement: str) -> None:
        with _errors(self._path):
            self._run(statement)

    def _run(self, statement: str) -> sqlite3.Cursor:
        return self._worker.wait(self._connection.execute, statement)

    def execute(self, statements: list[str], preview: int) -> list[QueryResult | None]:
        with _errors(self._path):
            if len(statements) == 1:
                results = [self._previewed(statements[0], preview)]
            elif _sql.manages_transactions(statements):
                results = [self._previewed(statement, preview) for statement in statements]
            else:
                with self._transaction():
                    return [self._previewed(statement, preview) for statement in statements]
            if self._connection.in_transaction:
                self._run("ROLLBACK")
                raise ProgramError(
                    "the transaction is still open after the step's last statement",
                    help="end it with COMMIT or ROLLBACK",
                )
            return results

    def _previewed(self, statement: str, preview: int) -> QueryResult | None:
        cursor = self._run(statement)
        if cursor.description is None:
            return None
        columns = [column[0] for column in cursor.description]
        rows = [list(row) for row in self._worker.wait(cursor.fetchmany, preview)]
        row_count = len(rows)
        while more := len(self._worker.wait(cursor.fetchmany, BATCH_ROWS)):
            row_count += more
        return QueryResult(statement, columns, rows, row_count)

    def describe(self, select: str) -> pa.Schema:
        with _errors(self._path):
            return pa.schema(
                _field(name, native, _declared(native) or pa.null())
                for name, native in self._columns(select)
            )

    def read(self, select: str) -> pa.RecordBatchReader:
        with _errors(self._path):
            columns = self._columns(select)
            cursor = self._run(select)
            first = self._worker.wait(cursor.fetchmany, BATCH_ROWS)
        values = list(zip(*first, strict=True)) or [()] * len(columns)
        schema = pa.schema(
            _field(name, native, _declared(native) or _observed(seen))
            for (name, native), seen in zip(columns, values, strict=True)
        )
        return pa.RecordBatchReader.from_batches(schema, self._batches(cursor, first, schema))

    def _columns(self, select: str) -> list[tuple[str, str]]:
        """Returns the names of the query's columns and what they were declared as."""
        if _sql.first_word(select) not in ("SELECT", "WITH", "VALUES"):
            raise ProgramError("the statement returns no rows", help="a query is wanted here")
        self._run(f"DROP VIEW IF EXISTS temp.{_VIEW}")
        # A view knows which columns of tables its own ones are.
        self._run(f"CREATE TEMPORARY VIEW {_VIEW} AS {_sql.embeddable(select)}")
        rows = self._run(f"PRAGMA temp.table_info({_VIEW})").fetchall()
        self._run(f"DROP VIEW temp.{_VIEW}")
        return [(name, native) for _, name, native, *_ in rows]

    def _batches(
        self,
        cursor: sqlite3.Cursor,
        rows: list[tuple[Any, ...]],
        schema: pa.Schema,
    ) -> Iterator[pa.RecordBatch]:
        while rows:
            arrays = [
                _array(values, field)
                for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            with _errors(self._path):
                rows = self._worker.wait(cursor.fetchmany, BATCH_ROWS)

    def write(self, table: Table, reader: pa.RecordBatchReader) -> int:
        with _errors(self._path), self._transaction():
            return self._insert(table, reader)

    def replace(self, table: Table, reader: pa.RecordBatchReader) -> int:
        columns = ", ".join(f"{_sql.quoted(f.name)} {_native(f)}" for f in reader.schema)
        with _errors(self._path), self._transaction():
            found = self._entry(table)
            if found is not None and found[0] != "table":
                raise ProgramError(
                    f"`{table}` is there already, and is no table",
                    help="drop it, or write into a table of another name",
                )
            # The transaction makes it atomic: readers see the old table until it commits.
            indexes = self._indexes(table) if found else []
            same = found is not None and self._layout(table) == [
                (field.name, _native(field)) for field in reader.schema
            ]
            self._run(f"DROP TABLE IF EXISTS {_name(table)}")
            self._run(f"CREATE TABLE {_name(table)} ({columns})")
            rows = self._insert(table, reader)
            for index in indexes if same else []:
                self._run(index)
            return rows

    def _insert(self, table: Table, reader: pa.RecordBatchReader) -> int:
        names = ", ".join(map(_sql.quoted, reader.schema.names))
        marks = ", ".join("?" * len(reader.schema))
        statement = f"INSERT INTO {_name(table)} ({names}) VALUES ({marks})"
        count = 0
        for batch in _batches.incoming(reader):
            columns = [_values(array) for array in batch.columns]
            self._worker.wait(self._connection.executemany, statement, zip(*columns, strict=True))
            count += batch.num_rows
        return count

    def _entry(self, table: Table) -> tuple[str, str] | None:
        """Returns what a table's name stands for, and the SQL that made it."""
        schema = f"{_sql.quoted(table.parts[0])}." if len(table.parts) == 2 else ""
        found: tuple[str, str] | None = self._connection.execute(
            f"SELECT type, sql FROM {schema}sqlite_schema "
            "WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE",
            (table.parts[-1],),
        ).fetchone()
        return found

    def _indexes(self, table: Table) -> list[str]:
        schema = f"{_sql.quoted(table.parts[0])}." if len(table.parts) == 2 else ""
        return [
            sql
            for (sql,) in self._connection.execute(
                f"SELECT sql FROM {schema}sqlite_schema WHERE type IN ('index', 'trigger') "
                "AND tbl_name = ? COLLATE NOCASE AND sql IS NOT NULL",
                (table.parts[-1],),
            )
        ]

    def _layout(self, table: Table) -> list[tuple[str, str]]:
        schema = f"{_sql.quoted(table.parts[0])}." if len(table.parts) == 2 else ""
        rows = self._run(f"PRAGMA {schema}table_info({_sql.quoted(table.parts[-1])})")
        return [(name, native) for _, name, native, *_ in rows]

    def table_exists(self, table: Table) -> bool:
        with _errors(self._path):
            return self._entry(table) is not None

    def tables(self) -> list[DescribedTable]:
        found = []
        with _errors(self._path):
            names = self._run(
                "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') "
                "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            ).fetchall()
            for (name,) in names:
                # A view whose table is gone has no columns.
                with contextlib.suppress(sqlite3.OperationalError):
                    layout = self._layout(Table((name,)))
                    columns = [DescribedColumn(column, native) for column, native in layout]
                    found.append(DescribedTable([name], columns))
        return found

    def location(self, table: Table) -> str:
        return f"{self._path}: {table}"

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # Said at once that it will write, it waits for others; later it would fail.
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _parse_url(url: str) -> tuple[Path, float]:
    """Returns the file and the number of seconds to wait for its lock."""
    address, _, query = url.partition("?")
    path = unquote(address.removeprefix("sqlite:///"))
    if not address.startswith("sqlite:///") or path in ("", ":memory:"):
        raise ResourceError(
            f"`{url}` names no database file that steps can share", help=f"write {_FORM}"
        )
    options = dict(parse_qsl(query, keep_blank_values=True))
    _url.check_options(options, ["lock_timeout"])
    timeout = options.get("lock_timeout", str(_LOCK_SECONDS))
    try:
        return Path(path), float(timeout)
    except ValueError:
        raise ResourceError(f"`lock_timeout={timeout}` is no number of seconds") from None


def _name(table: Table) -> str:
    if len(table.parts) > 2:
        raise ProgramError(f"`{table}` has three parts; SQLite's tables have a database and a name")
    return ".".join(map(_sql.quoted, table.parts))


# What a declared type is read as; SQLite itself goes by parts of these words, too.
_DECLARED: list[tuple[str, pa.DataType]] = [
    (r"BOOL(EAN)?", pa.bool_()),
    (r"DATE", pa.date32()),
    (r"(DATETIME|TIMESTAMP)( WITHOUT TIME ZONE)?", pa.timestamp("us")),
    (r"TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE", pa.timestamp("us", "UTC")),
    (r"TIME", pa.time64("us")),
    (r"REAL|DOUBLE|DOUBLE PRECISION|FLOAT|FLOAT8", pa.float64()),
    (r".*INT.*", pa.int64()),
    (r".*(CHAR|CLOB|TEXT|STRING|JSON|UUID|ENUM).*", pa.string()),
    (r".*(BLOB|BINARY).*", pa.binary()),
]


def _declared(native: str) -> pa.DataType | None:
    number = re.fullmatch(
        r"(?:DECIMAL|NUMERIC|DECIMALTEXT)\s*\((\d+)(?:\s*,\s*(\d+))?\)", native.upper()
    )
    if number:
        precision, scale = int(number[1]), int(number[2] or 0)
        if scale <= precision and 0 < precision <= 38:
            return pa.decimal128(precision, scale)
    plain = re.sub(r"\s*\(.*\)", "", native.upper())
    for pattern, type_ in _DECLARED:
        if re.fullmatch(pattern, plain):
            return type_
    return None


def _observed(values: Iterable[Any]) -> pa.DataType:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pa.null()
    for allowed, type_ in (
        ({int}, pa.int64()),
        ({int, float}, pa.float64()),
        ({str}, pa.string()),
        ({bytes}, pa.binary()),
    ):
        if kinds <= allowed:
            return type_
    return pa.string()


def _field(name: str, native: str, type_: pa.DataType) -> pa.Field:
    declared = _declared(native) is not None
    return pa.field(name, type_, metadata={_NATIVE_TYPE: native.encode()} if declared else None)


def _array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    try:
        if field.type in _KEPT:
            # Mostly all values are of the type already.
            with contextlib.suppress(pa.ArrowInvalid, pa.ArrowTypeError):
                return pa.array(values, field.type)
        return pa.array(_meant(values, field.type), field.type)
    except (pa.ArrowException, ValueError, TypeError, ArithmeticError, OverflowError) as error:
        kinds = sorted({_KINDS[type(value)] for value in values if value is not None})
        wish = "declared" if field.metadata else "so far read"
        raise ProgramError(
            f"column `{field.name}` is {wish} as {field.type}, and holds {' and '.join(kinds)}",
            help="CAST it to one type in the query: CAST(… AS REAL), CAST(… AS TEXT)",
        ) from error


_KEPT = {pa.int64(), pa.float64(), pa.string(), pa.binary()}
_KINDS = {int: "whole numbers", float: "fractions", str: "text", bytes: "blobs"}


def _meant(values: Sequence[Any], type_: pa.DataType) -> Sequence[Any]:
    """Returns values as those of a type that SQLite keeps as text or numbers."""
    if pa.types.is_boolean(type_):
        return [None if value is None else _truth(value) for value in values]
    if pa.types.is_date(type_):
        return [None if v is None else datetime.date.fromisoformat(v) for v in values]
    if pa.types.is_timestamp(type_):
        return [None if value is None else _instant(value, type_) for value in values]
    if pa.types.is_time(type_):
        return [None if v is None else datetime.time.fromisoformat(v) for v in values]
    if pa.types.is_decimal(type_):
        return [None if value is None else _decimal(value, type_) for value in values]
    if pa.types.is_string(type_):
        return [v if v is None or isinstance(v, str) else _text(v) for v in values]
    if pa.types.is_binary(type_):
        return [v.encode() if isinstance(v, str) else v for v in values]
    if pa.types.is_floating(type_):
        # NaN goes into a table as NULL, and does not come back.
        return [None if v is None else _number(v) for v in values]
    return values


def _truth(value: Any) -> bool:
    if value in (0, 1):
        return bool(value)
    raise ValueError


def _number(value: Any) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    raise ValueError


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        raise ValueError
    return str(value)


def _instant(value: Any, type_: pa.DataType) -> datetime.datetime:
    if isinstance(value, (int, float)):
        # SQLite's other way to keep times: seconds since 1970.
        found = datetime.datetime.fromtimestamp(value, datetime.UTC)
    else:
        found = datetime.datetime.fromisoformat(value)
    if type_.tz is None:
        return found.astimezone(datetime.UTC).replace(tzinfo=None) if found.tzinfo else found
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _decimal(value: Any, type_: pa.DataType) -> Decimal:
    try:
        number = Decimal(str(value))
        return number.quantize(Decimal(1).scaleb(-type_.scale), context=_DIGITS)
    except InvalidOperation as error:
        raise ValueError from error


def _native(field: pa.Field) -> str:
    """Returns the type to declare a column with."""
    native: str = (field.metadata or {}).get(_NATIVE_TYPE, b"").decode()
    if native:
        return native
    type_ = field.type
    if pa.types.is_boolean(type_):
        return "BOOLEAN"
    if pa.types.is_uint64(type_):
        return "DECIMALTEXT(20,0)"
    if pa.types.is_integer(type_):
        return "INTEGER"
    if pa.types.is_floating(type_):
        return "REAL"
    if pa.types.is_decimal(type_):
        # Longer numbers would lose digits, were they not kept as text.
        kind = "DECIMAL" if type_.precision <= _EXACT_DIGITS else "DECIMALTEXT"
        return f"{kind}({type_.precision},{type_.scale})"
    if pa.types.is_date(type_):
        return "DATE"
    if pa.types.is_timestamp(type_):
        return "TIMESTAMP" if type_.tz is None else "TIMESTAMP WITH TIME ZONE"
    if pa.types.is_time(type_):
        return "TIME"
    if _batches.is_binary(type_):
        return "BLOB"
    return "TEXT"


def _values(array: pa.Array) -> list[Any]:
    """Returns a column as values that SQLite keeps."""
    array = _batches.decoded(array)
    type_ = array.type
    if _batches.is_nested(type_):
        return list(_batches.json_texts(array).to_pylist())
    if pa.types.is_boolean(type_):
        array = array.cast(pa.int8())
    elif pa.types.is_timestamp(type_):
        # Of one form, so that they are in order as texts.
        array = array.cast(pa.timestamp("us", type_.tz), safe=False).cast(pa.string())
    elif pa.types.is_temporal(type_) and not pa.types.is_duration(type_):
        array = array.cast(pa.string())
    elif pa.types.is_duration(type_):
        array = array.cast(pa.int64())
    elif pa.types.is_uint64(type_) or pa.types.is_decimal(type_):
        # The column's declared type says whether SQLite makes numbers of the texts.
        array = array.cast(pa.string())
    return list(array.to_pylist())


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from error


def _translate(error: sqlite3.Error, path: Path) -> StepError:
    """Returns the step's error for one of SQLite's, by what the user can do about it."""
    name = getattr(error, "sqlite_errorname", "")
    message = str(error)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return TransientError(
            f"the database {path} is locked by another process",
            help="close what writes to it and run the step again",
        )
    if name.startswith("SQLITE_FULL"):
        return ResourceError(f"{path}: {message}", help="make room on the disk")
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_CANTOPEN")):
        return ResourceError(f"{path}: {message}", help="check who may read and write there")
    if name.startswith(("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_NOLFS")):
        return ResourceError(f"{path}: {message}")
    if "too many columns" in message or "too many SQL variables" in message:
        return ProgramError(
            message, help=f"SQLite {sqlite3.sqlite_version} takes 2000 columns; select fewer"
        )
    return ProgramError(message)
