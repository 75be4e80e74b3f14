"""Any other database that SQLAlchemy has a dialect for, row by row.

The URL is SQLAlchemy's, with the dialect's and the driver's own options:
`oracle+oracledb://user:password@host:1521/?service_name=x`, `mssql+pyodbc://…`, `trino://…`. The
driver's package has to be installed beside SQLAlchemy.

Rows are Python values on their way, a tenth as fast as a driver that speaks Arrow. What type a
column has follows from the values of the first batch, since drivers tell types in their own ways.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from sqlflow_runtime._errors import (
    ProgramError,
    ResourceError,
    StepError,
    TransientError,
    did_you_mean,
)
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import _batches, _sql, _url
from sqlflow_runtime.data._database import DescribedColumn, DescribedTable, QueryResult
from sqlflow_runtime.data._driver import driver, replay
from sqlflow_runtime.data._spool import BATCH_ROWS

_FORM = "DIALECT+DRIVER://USER:PASSWORD@HOST:PORT/DATABASE"

# Databases that can take back that a table was made or dropped, and how a transaction begins.
_BEGIN = {"postgresql": "BEGIN", "sqlite": "BEGIN IMMEDIATE", "mssql": "BEGIN TRANSACTION"}
# Databases that give two tables other names at once.
_SWAPPING = {"mysql", "mariadb"}

_SYSTEM_SCHEMAS = {
    *("information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys"),
    *("system", "ctxsys", "dbsnmp", "outln", "xdb", "guest", "db_owner"),
}
_ROWS_AT_ONCE = 10_000


class SQLAlchemy:
    """A database by its SQLAlchemy dialect; see `data.Database` for the methods."""

    def __init__(self, url: str, session: Sequence[str]) -> None:
        self._address = _url.parse(url, _FORM)
        self._session = session
        self._is_connected = False

    def __enter__(self) -> Self:
        self._sa = driver("sqlalchemy", "sqlalchemy", "sqlalchemy")
        importlib.import_module("sqlalchemy.dialects.mysql")
        with contextlib.ExitStack() as stack, self._errors():
            engine = self._engine()
            stack.callback(engine.dispose)
            # What a statement does is done; transactions are begun in so many words.
            connection = stack.enter_context(engine.connect())
            self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            self._is_connected = True
            self._kind: str = self._connection.dialect.name
            for statement in self._session:
                replay(statement, self._replay)
            self._open = stack.pop_all()
        return self

    def _engine(self) -> Any:
        try:
            url = self._sa.make_url(self._address.url)
            return self._sa.create_engine(url, poolclass=self._sa.pool.NullPool)
        except self._sa.exc.NoSuchModuleError as error:
            scheme = self._address.url.partition(":")[0]
            known = ["duckdb", "mariadb", "mysql", "postgresql", "sqlite"]
            near = did_you_mean(scheme, known) or ""
            raise ResourceError(
                f"no database driver for `{scheme}`, neither of sqlflow_runtime nor of SQLAlchemy",
                help=f"{near}; other dialects of SQLAlchemy's are packages to be installed "
                f"for {sys.executable}",
            ) from error
        except ImportError as error:
            raise ResourceError(
                f"the Python package `{error.name}` is missing, by which SQLAlchemy talks to "
                "this database",
                help=f"install it for {sys.executable}, or name another driver in the URL: {_FORM}",
            ) from error

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

    def _run(self, statement: str, **options: object) -> Any:
        # Without parameters, so that a driver looks for no places of some in the SQL.
        return self._connection.exec_driver_sql(
            statement, execution_options={"no_parameters": True, **options}
        )

    def execute(self, statements: list[str], preview: int) -> list[QueryResult | None]:
        with self._errors():
            if len(statements) == 1 or _sql.manages_transactions(statements):
                results = [self._previewed(statement, preview) for statement in statements]
                if _sql.leaves_transaction_open(statements):
                    self._run("ROLLBACK")
                    raise ProgramError(
                        "the transaction is still open after the step's last statement",
                        help="end it with COMMIT or ROLLBACK",
                    )
                return results
            with self._transaction():
                return [self._previewed(statement, preview) for statement in statements]

    def _previewed(self, statement: str, preview: int) -> QueryResult | None:
        result = self._run(statement)
        if not result.returns_rows:
            return None
        columns = list(result.keys())
        rows = [list(row) for row in result.fetchmany(preview)]
        row_count = len(rows)
        while more := len(result.fetchmany(_ROWS_AT_ONCE)):
            row_count += more
        return QueryResult(statement, columns, rows, row_count)

    def describe(self, select: str) -> pa.Schema:
        with self._errors():
            result = self._run(f"SELECT * FROM (\n{_sql.embeddable(select)}) q WHERE 1 = 0")
            names = list(result.keys())
            result.close()
        return pa.schema(pa.field(name, pa.null()) for name in names)

    def read(self, select: str) -> pa.RecordBatchReader:
        with self._errors():
            if self._kind == "postgresql":
                # Its cursors live in transactions only.
                self._run("BEGIN")
            # Rows stay at the server until they are asked for, where the driver can do that.
            try:
                result = self._run(select, stream_results=True, max_row_buffer=_ROWS_AT_ONCE)
            except BaseException:
                if self._kind == "postgresql":
                    self._run("ROLLBACK")
                raise
            if not result.returns_rows:
                raise ProgramError("the statement returns no rows", help="a query is wanted here")
            names = list(result.keys())
            first = result.fetchmany(BATCH_ROWS)
        columns = list(zip(*first, strict=True)) or [()] * len(names)
        schema = pa.schema(
            pa.field(name, _observed(values)) for name, values in zip(names, columns, strict=True)
        )

        def batches() -> Iterator[pa.RecordBatch]:
            rows = first
            while rows:
                values = zip(zip(*rows, strict=True), schema, strict=True)
                yield pa.RecordBatch.from_arrays(
                    [_array(column, field) for column, field in values], schema=schema
                )
                with self._errors():
                    rows = result.fetchmany(BATCH_ROWS)
            with self._errors():
                result.close()
                if self._kind == "postgresql":
                    self._run("COMMIT")

        return pa.RecordBatchReader.from_batches(schema, batches())

    def write(self, table: Table, reader: pa.RecordBatchReader) -> int:
        with self._errors(), self._transaction():
            return self._insert(table, reader)

    def replace(self, table: Table, reader: pa.RecordBatchReader) -> int:
        with self._errors():
            inspector = self._sa.inspect(self._connection)
            schema, name = self._place(table)
            if inspector.has_table(name, schema=schema) and name in inspector.get_view_names(
                schema=schema
            ):
                raise ProgramError(
                    f"`{table}` is there already, and is no table",
                    help="drop it, or write into a table of another name",
                )
            exists = inspector.has_table(name, schema=schema)
            if self._kind in _BEGIN:
                with self._transaction():
                    if exists:
                        self._run(f"DROP TABLE {self._quoted(table)}")
                    self._create(table, reader.schema)
                    return self._insert(table, reader)
            new, old = (
                Table((*table.parts[:-1], _sql.staging_name(table, purpose)))
                for purpose in ("new", "old")
            )
            try:
                for left in (new, old):
                    # What a step that was killed has left.
                    self._drop(inspector, left)
                self._create(new, reader.schema)
                rows = self._insert(new, reader)
                self._publish(table, new, old, exists)
            finally:
                with contextlib.suppress(Exception):
                    inspector.clear_cache()
                    for left in (new, old):
                        self._drop(inspector, left)
            return rows

    def _publish(self, table: Table, new: Table, old: Table, exists: bool) -> None:
        if exists and self._kind in _SWAPPING:
            self._run(
                f"RENAME TABLE {self._quoted(table)} TO {self._quoted(old)}, "
                f"{self._quoted(new)} TO {self._quoted(table)}"
            )
            return
        if exists:
            # For a moment there is no table: this database cannot do better.
            self._run(f"DROP TABLE {self._quoted(table)}")
        name = self._quoted(Table(table.parts[-1:]))
        self._run(f"ALTER TABLE {self._quoted(new)} RENAME TO {name}")

    def _drop(self, inspector: Any, table: Table) -> None:
        schema, name = self._place(table)
        if inspector.has_table(name, schema=schema):
            self._run(f"DROP TABLE {self._quoted(table)}")

    def _create(self, table: Table, schema: pa.Schema) -> None:
        columns = [self._sa.Column(f.name, self._type(f.type), nullable=True) for f in schema]
        place, name = self._place(table)
        made = self._sa.Table(name, self._sa.MetaData(), *columns, schema=place)
        self._connection.execute(self._sa.schema.CreateTable(made))

    def _insert(self, table: Table, reader: pa.RecordBatchReader) -> int:
        place, name = self._place(table)
        columns = [self._sa.column(f.name, self._type(f.type)) for f in reader.schema]
        statement = self._sa.table(name, *columns, schema=place).insert()
        names = reader.schema.names
        count = 0
        for batch in _batches.incoming(reader):
            for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
                part = batch.slice(start, _ROWS_AT_ONCE)
                values = zip(*(_values(column) for column in part.columns), strict=True)
                rows = [dict(zip(names, row, strict=True)) for row in values]
                self._connection.execute(statement, rows)
            count += batch.num_rows
        return count

    def _type(self, type_: pa.DataType) -> Any:
        sa = self._sa
        if pa.types.is_boolean(type_):
            return sa.Boolean()
        if pa.types.is_uint64(type_):
            return sa.Numeric(20, 0)
        if pa.types.is_integer(type_):
            wide = type_.bit_width == 64 or pa.types.is_uint32(type_)
            return sa.BigInteger() if wide else sa.Integer()
        if pa.types.is_floating(type_):
            return sa.Double()
        if pa.types.is_decimal(type_):
            return sa.Numeric(type_.precision, type_.scale)
        if pa.types.is_date(type_):
            return sa.Date()
        if pa.types.is_timestamp(type_):
            # MySQL cuts times to seconds, and long values, unless it is told otherwise.
            fine = sa.dialects.mysql.DATETIME(fsp=6)
            zoned = sa.DateTime(timezone=type_.tz is not None)
            return zoned.with_variant(fine, "mysql", "mariadb")
        if pa.types.is_time(type_):
            return sa.Time().with_variant(sa.dialects.mysql.TIME(fsp=6), "mysql", "mariadb")
        if _batches.is_binary(type_):
            long = sa.dialects.mysql.LONGBLOB()
            return sa.LargeBinary().with_variant(long, "mysql", "mariadb")
        return sa.Text().with_variant(sa.dialects.mysql.LONGTEXT(), "mysql", "mariadb")

    def _place(self, table: Table) -> tuple[str | None, str]:
        return ".".join(table.parts[:-1]) or self._default_schema(), table.parts[-1]

    def _default_schema(self) -> str | None:
        """Returns the schema of names without one, which the session may have changed."""
        name = self._connection.dialect._get_default_schema_name(self._connection)
        return None if name is None else str(name)

    def _quoted(self, table: Table) -> str:
        dialect = self._connection.dialect
        preparer = dialect.identifier_preparer
        quoted = ".".join(preparer.quote_identifier(part) for part in table.parts)
        # What is doubled for drivers that look for places of parameters, which they do not here.
        return quoted.replace("%%", "%") if "format" in dialect.paramstyle else quoted

    def table_exists(self, table: Table) -> bool:
        schema, name = self._place(table)
        with self._errors():
            return bool(self._sa.inspect(self._connection).has_table(name, schema=schema))

    def tables(self) -> list[DescribedTable]:
        found = []
        # Types that SQLAlchemy does not know are of no interest here.
        with self._errors(), warnings.catch_warnings(action="ignore"):
            inspector = self._sa.inspect(self._connection)
            default = self._default_schema()
            others = {
                schema
                for schema in inspector.get_schema_names()
                if schema.lower() not in _SYSTEM_SCHEMAS and schema != default
            }
            for schema in [default, *sorted(others)]:
                every = self._sa.engine.reflection.ObjectKind.ANY
                described = inspector.get_multi_columns(schema=schema, kind=every)
                for (_, name), columns in described.items():
                    known = [DescribedColumn(c["name"], str(c["type"])) for c in columns]
                    place = [name] if schema in (None, default) else [schema, name]
                    found.append(DescribedTable(place, known))
        return sorted(found, key=lambda described: described.name)

    def location(self, table: Table) -> str:
        return f"{self._address}: {table}"

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # Most databases begin one by this word.
        self._run(_BEGIN.get(self._kind, "START TRANSACTION"))
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            # Without a connection the server rolls back by itself.
            with contextlib.suppress(Exception):
                self._run("ROLLBACK")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._sa.exc.DBAPIError as error:
            raise self._translate(error) from error
        except self._sa.exc.SQLAlchemyError as error:
            raise ProgramError(self._address.hide(str(error).splitlines()[0])) from error

    def _translate(self, error: Any) -> StepError:
        # Some drivers put a number in front.
        told = error.orig.args[-1] if error.orig.args else error.orig
        lines = str(told).strip().splitlines() or [type(error.orig).__name__]
        message = self._address.hide(lines[0])
        placed = f"{self._address}: {message}"
        if error.connection_invalidated or _LOST.search(message):
            return TransientError(placed)
        if not self._is_connected or _RESOURCE.search(message):
            return ResourceError(placed)
        remedy = "select fewer columns" if _TOO_WIDE.search(message) else None
        return ProgramError(message, help=remedy)


_TOO_WIDE = re.compile(r"too many columns|at most \d+ columns|row size too large", re.IGNORECASE)
_LOST = re.compile(
    r"refused|reset|broken pipe|timed? ?out|gone away|lost connection|closed the connection"
    r"|terminat|shutting down|starting up|is locked|deadlock|too many connections",
    re.IGNORECASE,
)
_RESOURCE = re.compile(r"disk|no space|is full|denied|permission|readonly|out of memory", re.I)


def _observed(values: Sequence[Any]) -> pa.DataType:
    """Returns the type of a column's values; a few values are said with other ones."""
    try:
        found = pa.array(_plain(values)).type
    except (pa.ArrowException, OverflowError):
        return pa.string()
    if pa.types.is_decimal(found):
        # Later numbers may have more digits in front of the point.
        return (pa.decimal128 if found.precision <= 38 else pa.decimal256)(
            38 if found.precision <= 38 else 76, found.scale
        )
    if pa.types.is_timestamp(found) and found.tz is not None:
        return pa.timestamp("us", "UTC")
    return found


def _array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    plain = _plain(values)
    if pa.types.is_string(field.type):
        plain = [value if value is None else str(value) for value in plain]
    try:
        return pa.array(plain, field.type)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise ProgramError(
            f"column `{field.name}` is {field.type} in its first {BATCH_ROWS} rows, "
            "and something else later",
            help="CAST it to one type in the query",
        ) from error


def _plain(values: Sequence[Any]) -> list[Any]:
    """Returns values of types that Arrow knows."""
    kinds = {type(value) for value in values}
    if {int, float} <= kinds or {float, Decimal} <= kinds:
        return [value if value is None else float(value) for value in values]
    if kinds & {dict, list, tuple}:
        import json

        return [
            None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in values
        ]
    if uuid.UUID in kinds:
        return [value if value is None else str(value) for value in values]
    if memoryview in kinds or bytearray in kinds:
        return [value if value is None else bytes(value) for value in values]
    return list(values)


def _values(array: pa.Array) -> list[Any]:
    """Returns a column as Python values that drivers take."""
    array = _batches.decoded(array)
    type_ = array.type
    if _batches.is_nested(type_):
        array = _batches.json_texts(array)
    elif pa.types.is_timestamp(type_):
        array = array.cast(pa.timestamp("us", type_.tz), safe=False)
    elif pa.types.is_time(type_):
        array = array.cast(pa.time64("us"), safe=False)
    elif pa.types.is_duration(type_):
        array = array.cast(pa.duration("us"), safe=False).cast(pa.int64())
    return list(array.to_pylist())
