"""PostgreSQL, by ADBC: rows come and go as binary COPY.

`postgresql://user:password@host:port/database?option=value`: the URL goes to libpq as it is, with
all options that libpq has (`sslmode=verify-full`, `sslrootcert=…`, `connect_timeout=10`,
`options=-csearch_path%3Da`); what it leaves out, libpq takes from its environment (`PGPASSWORD`, …)
and its files.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError, ResourceError, StepError, TransientError
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import _batches, _sql, _url
from sqlflow_runtime.data._cells import cells
from sqlflow_runtime.data._database import DescribedTable, QueryResult, described_tables
from sqlflow_runtime.data._driver import driver, replay
from sqlflow_runtime.data._waiting import worker

_FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"

_NATIVE_TYPE = b"postgresql.type"
_COPY = "adbc.postgresql.use_copy"

# What COPY takes in parentheses. Everything else that returns rows returns few.
_COPIED = {"SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE"}

# PostgreSQL's types that Arrow has, too, by the names that ADBC gives them.
_PLAIN = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),
    "name": pa.string(),
    "json": pa.string(),
    "jsonb": pa.string(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}
_PLAIN |= {
    f"_{name}": pa.list_(_PLAIN[name])
    for name in ("int2", "int4", "int8", "float4", "float8", "bool", "text", "varchar")
}

# What is read as another type of PostgreSQL's; all types that are not named here are read as text.
_READ_AS = {"money": "numeric(30,2)", "oid": "int8", "_numeric": "_float8"}

# A number without a stated precision: as many digits as Arrow has, half of them behind the point.
_ANY_NUMBER = pa.decimal256(76, 38)

_NEW = "sqlflow_new"


@dataclass(frozen=True)
class _Column:
    """A column of a query: how it is asked for and what it becomes."""

    field: pa.Field
    read_as: str | None
    as_decimal: bool


@dataclass(frozen=True)
class _Existing:
    """What a table's name stands for already."""

    schema: str
    name: str
    is_table: bool
    columns: list[tuple[str, str]]
    # Views, grants, indexes, constraints, triggers, policies or comments would go with the table.
    is_dressed: bool

    @property
    def quoted(self) -> str:
        return f"{_sql.quoted(self.schema)}.{_sql.quoted(self.name)}"


class PostgreSQL:
    """A PostgreSQL database; see `data.Database` for the methods."""

    def __init__(self, url: str, session: Sequence[str]) -> None:
        self._address = _url.parse(url, _FORM)
        self._session = session

    def __enter__(self) -> Self:
        package = "adbc-driver-postgresql"
        self._adbc = driver("adbc_driver_postgresql.dbapi", package, "postgres")
        with contextlib.ExitStack() as stack, self._errors():
            self._connection = self._adbc.connect(self._address.url, autocommit=True)
            stack.callback(self._connection.close)
            self._worker = stack.enter_context(worker("postgresql", self._connection.adbc_cancel))
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
        # A connection that is lost cannot be closed, and that is no news.
        with contextlib.suppress(StepError), self._errors():
            self._open.close()

    def _replay(self, statement: str) -> None:
        with self._errors():
            self._run(statement)

    def execute(self, statements: list[str], preview: int) -> list[QueryResult | None]:
        with self._errors():
            if _sql.manages_transactions(statements):
                results = [self._previewed(statement, preview) for statement in statements]
                self._expect_no_open_transaction()
                return results
            if len(statements) == 1:
                # Some statements, VACUUM for one, refuse to be part of a transaction.
                return [self._previewed(statements[0], preview)]
            with self._transaction():
                return [self._previewed(statement, preview) for statement in statements]

    def _previewed(self, statement: str, preview: int) -> QueryResult | None:
        with self._cursor(statement) as cursor:
            reader = cursor.fetch_record_batch()
            if not reader.schema.names:
                return None
            rows: list[list[object]] = []
            row_count = 0
            while (batch := self._next(reader)) is not None:
                wanted = batch.slice(0, max(0, preview - row_count))
                rows += cells(_showable(wanted))
                row_count += batch.num_rows
            return QueryResult(statement, reader.schema.names, rows, row_count)

    def _expect_no_open_transaction(self) -> None:
        try:
            # Only inside of a transaction there are savepoints.
            self._run("SAVEPOINT sqlflow")
        except Exception as error:
            if _sqlstate(error) == "25P01":
                return
            if _sqlstate(error) != "25P02":
                raise
        self._run("ROLLBACK")
        raise ProgramError(
            "the transaction is still open after the step's last statement",
            help="end it with COMMIT or ROLLBACK",
        )

    def describe(self, select: str) -> pa.Schema:
        with self._errors():
            return pa.schema(column.field for column in self._columns(select))

    def read(self, select: str) -> pa.RecordBatchReader:
        with self._errors():
            columns = self._columns(select)
        schema = pa.schema(column.field for column in columns)
        return _batches.rebatched(schema, self._rows(_asked(select, columns), columns, schema))

    def _rows(
        self, query: str, columns: list[_Column], schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        with self._errors(), self._cursor(query) as cursor:
            reader = cursor.fetch_record_batch()
            while (batch := self._next(reader)) is not None:
                arrays = []
                for array, column in zip(batch.columns, columns, strict=True):
                    plain = _batches.decoded(array)
                    if column.as_decimal:
                        plain = _batches.decimals(plain, column.field.type, column.field.name)
                    arrays.append(plain.cast(column.field.type))
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _columns(self, select: str) -> list[_Column]:
        """Returns the query's columns, without running it."""
        with self._connection.cursor() as cursor:
            schema = self._worker.wait(cursor.adbc_execute_schema, _sql.embeddable(select))
        if not schema.names:
            raise ProgramError("the statement returns no rows", help="a query is wanted here")
        return [self._column(field) for field in schema]

    def _column(self, field: pa.Field) -> _Column:
        metadata = field.metadata or {}
        kind = metadata.get(b"POSTGRESQL:type", b"text").decode()
        if kind == "numeric":
            type_, native = _numeric(int(metadata.get(b"POSTGRESQL:typmod", b"-1")))
            return _Column(_field(field.name, type_, native), None, as_decimal=True)
        if kind in _PLAIN:
            return _Column(_field(field.name, _PLAIN[kind], kind), None, as_decimal=False)
        native = self._name_of_type(kind)
        read_as = _READ_AS.get(kind, "text")
        if read_as.startswith("numeric"):
            type_ = pa.decimal128(30, 2)
            return _Column(_field(field.name, type_, native), read_as, as_decimal=True)
        return _Column(_field(field.name, _PLAIN[read_as], native), read_as, as_decimal=False)

    def _name_of_type(self, kind: str) -> str:
        """Returns a type's name as SQL has it; ADBC knows some types by their numbers only."""
        number = re.fullmatch(r"unnamed<oid:(\d+)>", kind)
        if number:
            found = self._fetch(f"SELECT format_type({number[1]}, -1)")
        else:
            found = self._fetch(
                "SELECT format_type(oid, -1) FROM pg_catalog.pg_type "
                f"WHERE typname = {_literal(kind)} ORDER BY pg_type_is_visible(oid) DESC LIMIT 1"
            )
        return str(found[0][0]) if found else "text"

    def write(self, table: Table, reader: pa.RecordBatchReader) -> int:
        with self._errors(), self._transaction():
            target = self._existing(table)
            if target is None:
                raise ProgramError(f"there is no table `{table}`")
            types = dict(target.columns)
            for field in reader.schema:
                if field.name not in types:
                    raise ProgramError(f"the table `{table}` has no column `{field.name}`")
            columns = [_stored(field) for field in reader.schema]
            definitions = ", ".join(
                f"{_sql.quoted(field.name)} {loaded}"
                for field, (_, loaded, _) in zip(reader.schema, columns, strict=True)
            )
            self._run(f"CREATE TEMPORARY TABLE {_NEW} ({definitions}) ON COMMIT DROP")
            self._copy(_NEW, None, reader, columns)
            names = ", ".join(_sql.quoted(name) for name in reader.schema.names)
            values = ", ".join(
                f"CAST({_sql.quoted(name)} AS {types[name]})" for name in reader.schema.names
            )
            return self._run(
                f"INSERT INTO {target.quoted} ({names}) SELECT {values} FROM pg_temp.{_NEW}"
            )

    def replace(self, table: Table, reader: pa.RecordBatchReader) -> int:
        with self._errors(), self._transaction():
            old = self._existing(table)
            if old is not None and not old.is_table:
                raise ProgramError(
                    f"`{table}` is there already, and is no table",
                    help="drop it, or write into a table of another name",
                )
            schema = old.schema if old else self._schema_for(table)
            name = table.parts[-1]
            # All in one transaction: nothing is left of it if the step is killed.
            staging = _sql.staging_name(table, "new")
            placed = f"{_sql.quoted(schema)}.{_sql.quoted(staging)}"
            columns = [_stored(field) for field in reader.schema]
            definitions = ", ".join(
                f"{_sql.quoted(field.name)} {loaded}"
                for field, (_, loaded, _) in zip(reader.schema, columns, strict=True)
            )
            self._run(f"CREATE TABLE {placed} ({definitions})")
            rows = self._copy(staging, schema, reader, columns)
            self._restore_types(placed, reader.schema, columns)
            if old is None:
                self._rename(placed, name)
            elif old.is_dressed and old.columns == self._layout(schema, staging):
                self._run(f"TRUNCATE {old.quoted}")
                self._run(f"INSERT INTO {old.quoted} SELECT * FROM {placed}")
                self._run(f"DROP TABLE {placed}")
            else:
                if old.is_dressed:
                    _events.log(
                        "warning",
                        f"the table `{table}` had other columns: its indexes and grants are gone",
                    )
                self._run(f"DROP TABLE {old.quoted}")
                self._rename(placed, name)
            return rows

    def _rename(self, placed: str, name: str) -> None:
        self._run(f"ALTER TABLE {placed} RENAME TO {_sql.quoted(name)}")

    def _copy(
        self,
        name: str,
        schema: str | None,
        reader: pa.RecordBatchReader,
        columns: list[tuple[pa.DataType, str, str]],
    ) -> int:
        types = [type_ for type_, _, _ in columns]
        failures: list[StepError] = []
        plain = _batches.converted(reader, types, _convert, failures)
        with self._connection.cursor() as cursor:
            try:
                count = self._worker.wait(
                    cursor.adbc_ingest,
                    name,
                    plain,
                    mode="append",
                    # Without a schema it is the temporary one.
                    **({"db_schema_name": schema} if schema else {"temporary": True}),
                )
            except self._adbc.Error as error:
                if failures:
                    raise failures[0] from error
                raise
        return int(count)

    def _restore_types(
        self, placed: str, schema: pa.Schema, columns: list[tuple[pa.DataType, str, str]]
    ) -> None:
        changes = [
            f"ALTER COLUMN {_sql.quoted(field.name)} TYPE {native} "
            f"USING CAST({_sql.quoted(field.name)} AS {native})"
            for field, (_, loaded, native) in zip(schema, columns, strict=True)
            if native != loaded
        ]
        if changes:
            self._run(f"ALTER TABLE {placed} {', '.join(changes)}")

    def _existing(self, table: Table) -> _Existing | None:
        name = ".".join(map(_sql.quoted, self._local(table)))
        found = self._fetch(
            f"""
            SELECT n.nspname, c.relname, c.relkind::text IN ('r', 'p'),
                c.relacl IS NOT NULL OR c.relhasindex OR c.relhastriggers OR c.relhasrules
                OR c.relrowsecurity OR c.relkind = 'p' OR c.relhassubclass
                OR EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid)
                OR EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = c.oid)
                OR EXISTS (SELECT FROM pg_catalog.pg_attrdef WHERE adrelid = c.oid)
                OR EXISTS (SELECT FROM pg_catalog.pg_description
                    WHERE objoid = c.oid AND classoid = 'pg_catalog.pg_class'::regclass)
                OR EXISTS (SELECT FROM pg_catalog.pg_attribute
                    WHERE attrelid = c.oid AND (attacl IS NOT NULL OR attnum > 0 AND attnotnull))
                OR EXISTS (SELECT FROM pg_catalog.pg_depend
                    WHERE refobjid = c.oid AND classid = 'pg_catalog.pg_rewrite'::regclass)
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = to_regclass({_literal(name)})
            """
        )
        if not found:
            return None
        schema, relation, is_table, is_dressed = found[0]
        return _Existing(schema, relation, is_table, self._layout(schema, relation), is_dressed)

    def _layout(self, schema: str, name: str) -> list[tuple[str, str]]:
        place = _literal(f"{_sql.quoted(schema)}.{_sql.quoted(name)}")
        rows = self._fetch(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute "
            f"WHERE attrelid = {place}::regclass AND attnum > 0 AND NOT attisdropped "
            "ORDER BY attnum"
        )
        return [(str(column), str(type_)) for column, type_ in rows]

    def _local(self, table: Table) -> tuple[str, ...]:
        """Returns schema and name; a third part in front can only be this database."""
        if len(table.parts) == 3 and table.parts[0] != self._database():
            raise ProgramError(
                f"`{table}` is in another database than the step is connected to, "
                f"`{self._database()}`"
            )
        return table.parts[-2:]

    def _database(self) -> str:
        return str(self._fetch("SELECT current_database()")[0][0])

    def _schema_for(self, table: Table) -> str:
        parts = self._local(table)
        if len(parts) == 2:
            if not self._fetch(
                f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {_literal(parts[0])}"
            ):
                raise ProgramError(
                    f"the schema `{parts[0]}` does not exist",
                    help=f"make it first: CREATE SCHEMA {parts[0]}",
                )
            return parts[0]
        schema = self._fetch("SELECT current_schema()")[0][0]
        if schema is None:
            raise ProgramError(
                "no schema of the search_path exists", help="write the table's schema in front"
            )
        return str(schema)

    def table_exists(self, table: Table) -> bool:
        name = _literal(".".join(map(_sql.quoted, table.parts)))
        with self._errors():
            return bool(self._fetch(f"SELECT to_regclass({name}) IS NOT NULL")[0][0])

    def tables(self) -> list[DescribedTable]:
        query = """
            SELECT n.nspname = current_schema(), n.nspname, c.relname,
                a.attname, format_type(a.atttypid, a.atttypmod)
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
            WHERE c.relkind::text IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
                AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
                AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
        """
        with self._errors():
            return described_tables(self._fetch(query))

    def location(self, table: Table) -> str:
        return f"{self._address}: {table}"

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            # Without a connection the server rolls back by itself.
            with contextlib.suppress(Exception):
                self._run("ROLLBACK")
            raise

    @contextmanager
    def _cursor(self, statement: str) -> Iterator[Any]:
        """Runs a statement and yields the cursor, whose rows stream."""
        copied = _sql.first_word(statement) in _COPIED
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{_COPY: "true" if copied else "false"})
            text = _sql.embeddable(statement) if copied else statement
            self._worker.wait(cursor.execute, text)
            yield cursor

    def _run(self, statement: str) -> int:
        """Runs a statement that returns no rows, and returns how many it changed."""
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_sql_query(statement)
            return int(self._worker.wait(cursor.adbc_statement.execute_update))

    def _fetch(self, query: str) -> list[tuple[Any, ...]]:
        with self._cursor(query) as cursor:
            return list(self._worker.wait(cursor.fetchall))

    def _next(self, reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
        try:
            return self._worker.wait(reader.read_next_batch)
        except StopIteration:
            return None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (self._adbc.Error, pa.ArrowException, OSError) as error:
            raise self._translate(error) from error

    def _translate(self, error: Exception) -> StepError:
        """Returns the step's error for one of PostgreSQL's, by what the user can do about it."""
        text = str(error)
        message = self._address.hide(_message(text))
        state = _sqlstate(error)
        if _ACCESS.search(text) or state[:2] == "28":
            return ResourceError(message, help="check the user and the password in the URL")
        if state == "3D000" or _NO_DATABASE.search(text):
            return ResourceError(
                message, help="make the database first, or name another in the URL"
            )
        if state[:2] in ("08", "40") or state in _TRANSIENT or _LOST.search(text):
            return TransientError(f"{self._address}: {message}")
        if state[:2] == "53":
            return ResourceError(message, help="make room on the server")
        if state[:2] == "58" or state == "42501":
            return ResourceError(message)
        if state == "54011":
            return ProgramError(message, help="select fewer columns, or put many into one list")
        if state == "3F000":
            return ProgramError(message, help="make the schema first: CREATE SCHEMA")
        if state == "2BP01":
            return ProgramError(
                message,
                help="the table would get other columns: drop what depends on it first, "
                "and make it again afterwards",
            )
        if not state and not isinstance(error, pa.ArrowException) and not _SERVER.search(text):
            return ResourceError(f"{self._address}: {message}")
        return ProgramError(message)


# Locked, shutting down, starting, gone, too many connections.
_TRANSIENT = {"55P03", "57P01", "57P02", "57P03", "57P05", "53300"}
_ACCESS = re.compile(r"authentication failed|no password supplied|no pg_hba.conf entry")
_NO_DATABASE = re.compile(r'FATAL:  database "[^"]*" does not exist')
_LOST = re.compile(
    r"connection refused|server closed the connection|terminating connection|connection reset"
    r"|SSL SYSCALL|SSL error|SSL connection has been closed|no connection to the server"
    r"|timeout expired"
    r"|starting up|shutting down|too many clients|broken pipe|connection timed out"
    r"|temporary failure in name resolution|could not receive data|could not send data"
    r"|no such file or directory\n\s*Is the server running",
    re.IGNORECASE,
)
_SERVER = re.compile(r"\b(?:ERROR|FATAL|PANIC):  (.*)")


def _message(text: str) -> str:
    """Returns what the server says, without what the driver says around it."""
    found = _SERVER.search(text)
    if found is None:
        return re.sub(r"^[A-Z_]+: (?:\[libpq\] )?", "", text).split("\n\nQuery was")[0]
    hint = re.search(r"^(?:DETAIL|HINT):  (.*)", text, re.MULTILINE)
    # ADBC's own words follow on the line of a message that ends the text.
    told = re.sub(r"(?:\. SQLSTATE: \w+|\. Vendor code: -?\d+)+$", "", found[1])
    return f"{told} ({hint[1]})" if hint else told


def _sqlstate(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None)
    if state:
        return str(state)
    found = re.search(r"SQLSTATE: (\w{5})", str(error))
    return found[1] if found else ""


def _field(name: str, type_: pa.DataType, native: str) -> pa.Field:
    return pa.field(name, type_, metadata={_NATIVE_TYPE: native.encode()})


def _literal(text: str) -> str:
    if "\\" in text:
        return " E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + text.replace("'", "''") + "'"


def _numeric(modifier: int) -> tuple[pa.DataType, str]:
    """Returns the type of `numeric` with a type modifier, in Arrow and in SQL."""
    if modifier < 4:
        return _ANY_NUMBER, "numeric"
    precision = (modifier - 4) >> 16 & 0xFFFF
    scale = ((modifier - 4 & 0x7FF) ^ 1024) - 1024
    native = f"numeric({precision},{scale})"
    digits, fraction = max(precision - min(scale, 0), scale), max(scale, 0)
    if digits > _ANY_NUMBER.precision:
        return _ANY_NUMBER, native
    return (pa.decimal128 if digits <= 38 else pa.decimal256)(digits, fraction), native


def _asked(select: str, columns: list[_Column]) -> str:
    """Returns the query, which as a whole is wrapped only to read some columns as other types."""
    if all(column.read_as is None for column in columns):
        return select
    names = [f"c{number}" for number in range(len(columns))]
    values = ", ".join(
        name if column.read_as is None else f"CAST({name} AS {column.read_as})"
        for name, column in zip(names, columns, strict=True)
    )
    return f"SELECT {values} FROM (\n{_sql.embeddable(select)}) AS q({', '.join(names)})"


def _showable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns values that people can read for those that only PostgreSQL knows."""
    arrays = []
    for array in batch.columns:
        if isinstance(array, pa.ExtensionArray) and _batches.is_binary(array.type.storage_type):
            texts = [
                None if value is None else value.decode("utf-8", "backslashreplace")
                for value in array.storage.to_pylist()
            ]
            is_uuid = array.type.extension_name == "arrow.uuid"
            array = pa.array(
                [str(v) if v else None for v in array.to_pylist()] if is_uuid else texts
            )
        arrays.append(_batches.decoded(array))
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


# How Arrow's types are loaded, and as what.
_LOADED: list[tuple[Any, pa.DataType, str]] = [
    (pa.types.is_boolean, pa.bool_(), "boolean"),
    (pa.types.is_int8, pa.int16(), "smallint"),
    (pa.types.is_uint8, pa.int16(), "smallint"),
    (pa.types.is_int16, pa.int16(), "smallint"),
    (pa.types.is_uint16, pa.int32(), "integer"),
    (pa.types.is_int32, pa.int32(), "integer"),
    (pa.types.is_uint32, pa.int64(), "bigint"),
    (pa.types.is_int64, pa.int64(), "bigint"),
    (pa.types.is_uint64, pa.decimal128(20, 0), "numeric(20,0)"),
    (pa.types.is_float16, pa.float32(), "real"),
    (pa.types.is_float32, pa.float32(), "real"),
    (pa.types.is_float64, pa.float64(), "double precision"),
    (_batches.is_binary, pa.binary(), "bytea"),
    (pa.types.is_date, pa.date32(), "date"),
    (pa.types.is_time, pa.time64("us"), "time"),
    (pa.types.is_duration, pa.duration("us"), "interval"),
]


def _stored(field: pa.Field) -> tuple[pa.DataType, str, str]:
    """Returns how a column is loaded: Arrow's type, PostgreSQL's for it, and the type to be."""
    type_, loaded = _loaded(field.type)
    native = (field.metadata or {}).get(_NATIVE_TYPE, b"").decode()
    if native == "numeric" and pa.types.is_decimal(field.type):
        # As text, since a decimal of Arrow's would bring zeros up to its last digit.
        return pa.string(), "text", native
    if native.startswith("numeric(") and pa.types.is_decimal(field.type):
        return type_, native, native
    if native in ("varchar", "bpchar", "name") and type_ == pa.string():
        return type_, native, native
    if native in _PLAIN and _PLAIN[native] == type_ and native not in ("json", "jsonb"):
        return type_, loaded, loaded
    return type_, loaded, native or loaded


def _loaded(type_: pa.DataType) -> tuple[pa.DataType, str]:
    if pa.types.is_decimal(type_):
        return type_, f"numeric({type_.precision},{type_.scale})"
    if pa.types.is_timestamp(type_):
        if type_.tz is None:
            return pa.timestamp("us"), "timestamp"
        return pa.timestamp("us", type_.tz), "timestamptz"
    if _batches.is_list(type_) and not pa.types.is_nested(type_.value_type):
        item, name = _loaded(type_.value_type)
        if not pa.types.is_decimal(item) and not pa.types.is_temporal(item):
            return pa.list_(item), f"{name}[]"
    if pa.types.is_nested(type_):
        return pa.string(), "text"
    for matches, plain, name in _LOADED:
        if matches(type_):
            return plain, name
    return pa.string(), "text"


def _convert(array: pa.Array, type_: pa.DataType, field: pa.Field) -> pa.Array:
    array = _batches.decoded(array)
    if type_ == pa.string():
        if pa.types.is_nested(array.type):
            return _batches.json_texts(array)
        if pa.types.is_decimal(array.type):
            return _batches.decimal_texts(array)
        text = array.cast(pa.string())
        if pc.any(pc.match_substring(text, "\0")).as_py():
            raise ProgramError(
                f"column `{field.name}` holds text with the character NUL, "
                "which PostgreSQL does not take"
            )
        return text
    return array.cast(type_, safe=not pa.types.is_temporal(type_))
