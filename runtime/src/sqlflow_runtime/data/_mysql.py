"""MySQL and MariaDB, by PyMySQL's connection: rows come by the binary protocol, decoded in
`_mysql_rows`, and go by LOAD DATA LOCAL, or by INSERT where the server does not allow that.

`mysql://user:password@host:port/database?option=value`, or `mariadb://…`. Options: `ssl-mode` with
MySQL's own values (DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY; PREFERRED when
nothing is said), `ssl-ca`, `ssl-cert`, `ssl-key`, `connect-timeout` in seconds, `socket`.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sqlflow_runtime import _events
from sqlflow_runtime._errors import (
    ProgramError,
    ResourceError,
    StepError,
    TransientError,
    did_you_mean,
)
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import _batches, _mysql_rows, _sql, _url
from sqlflow_runtime.data._cells import cells
from sqlflow_runtime.data._database import DescribedTable, QueryResult, described_tables
from sqlflow_runtime.data._driver import driver, replay
from sqlflow_runtime.data._spool import BATCH_ROWS

_FORM = "mysql://USER:PASSWORD@HOST:PORT/DATABASE"
_OPTIONS = ("ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "connect-timeout", "socket")
_MODES = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")

_NATIVE_TYPE = b"mysql.type"

# Commands of the protocol.
_QUERY, _PREPARE, _EXECUTE, _CLOSE = 0x03, 0x16, 0x17, 0x19
_IN_TRANSACTION = 1
_CHUNK = 1 << 20

# What can be prepared and returns rows.
_QUERIES = {"SELECT", "WITH", "VALUES", "TABLE"}
_LOADS_A_FILE = re.compile(r"\s*LOAD\s+(?:DATA|XML)\b.*\bLOCAL\b", re.IGNORECASE | re.DOTALL)

# A row may take 65,535 bytes besides its long texts; some of it is for the other columns.
_ROW_BYTES = 50_000
_SHORT_TEXT = 64

# How long to wait for another step that replaces the same table.
_LOCK_SECONDS = 60


class MySQL:
    """A database of a MySQL or MariaDB server; see `data.Database` for the methods."""

    def __init__(self, url: str, session: Sequence[str]) -> None:
        self._address = _url.parse(url, _FORM)
        self._session = session
        self._is_connected = False
        _url.check_options(self._address.options, _OPTIONS)

    def __enter__(self) -> Self:
        self._pymysql = driver("pymysql", "pymysql", "mysql")
        with self._errors():
            self._connection = self._connect()
        with contextlib.ExitStack() as stack:
            stack.callback(self._close)
            with self._errors():
                # Rows wait in the network while a step works on others.
                self._run("SET SESSION net_write_timeout = 3600")
            for statement in self._session:
                replay(statement, self._replay)
            self._open = stack.pop_all()
        return self

    def _connect(self) -> Any:
        address, options = self._address, self._address.options
        mode = options.get("ssl-mode", "VERIFY_CA" if "ssl-ca" in options else "PREFERRED").upper()
        connection = self._pymysql.connect(
            host=address.host or "localhost",
            port=address.port or 3306,
            unix_socket=options.get("socket"),
            user=address.user,
            password=address.password or "",
            database=address.database or None,
            charset="utf8mb4",
            autocommit=True,
            # Without it a server refuses what is loaded from here.
            local_infile=True,
            connect_timeout=_seconds(options.get("connect-timeout", "30")),
            ssl=_tls(mode, options),
        )
        # A server may ask for any file at any time. It gets one only if the program names one.
        connection._local_infile = False
        is_secure = isinstance(connection._sock, ssl.SSLSocket)
        if mode not in ("DISABLED", "PREFERRED") and not is_secure:
            connection.close()
            raise ResourceError(f"{address}: the server has no TLS, which ssl-mode={mode} asks for")
        self._is_connected = True
        return connection

    def _close(self) -> None:
        # A connection that is lost, or in the middle of a result, cannot be closed politely.
        with contextlib.suppress(Exception):
            self._connection._sock.shutdown(socket.SHUT_RDWR)
        self._connection._force_close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def _replay(self, statement: str) -> None:
        with self._errors():
            self._run(statement)

    def execute(self, statements: list[str], preview: int) -> list[QueryResult | None]:
        with self._errors():
            if _sql.manages_transactions(statements) or len(statements) == 1:
                results = [self._previewed(statement, preview) for statement in statements]
                if self._connection.server_status & _IN_TRANSACTION:
                    self._run("ROLLBACK")
                    raise ProgramError(
                        "the transaction is still open after the step's last statement",
                        help="end it with COMMIT or ROLLBACK",
                    )
                return results
            # Statements that make or drop tables commit what is before them, here as ever.
            with self._transaction():
                return [self._previewed(statement, preview) for statement in statements]

    def _previewed(self, statement: str, preview: int) -> QueryResult | None:
        rows: list[list[object]] = []
        row_count = 0
        if _sql.first_word(statement) in _QUERIES:
            schema, batches = self._stream(statement)
            for batch in batches:
                rows += cells(batch.slice(0, max(0, preview - row_count)))
                row_count += batch.num_rows
            return QueryResult(statement, schema.names, rows, row_count) if schema.names else None
        with self._connection.cursor(self._pymysql.cursors.SSCursor) as cursor:
            self._connection._local_infile = bool(_LOADS_A_FILE.match(statement))
            try:
                cursor.execute(statement)
            finally:
                self._connection._local_infile = False
            result = None
            if cursor.description is not None:
                columns = [column[0] for column in cursor.description]
                rows = [list(row) for row in cursor.fetchmany(preview)]
                row_count = len(rows)
                while more := len(cursor.fetchmany(BATCH_ROWS)):
                    row_count += more
                result = QueryResult(statement, columns, rows, row_count)
            # A procedure may have more results, and has one that says how it ended.
            while cursor.nextset():
                cursor.fetchall()
            return result

    def describe(self, select: str) -> pa.Schema:
        with self._errors():
            statement, columns = self._prepare(select)
            self._close_statement(statement)
            if not columns:
                raise ProgramError("the statement returns no rows", help="a query is wanted here")
            return pa.schema(column.field() for column in columns)

    def read(self, select: str) -> pa.RecordBatchReader:
        with self._errors():
            schema, batches = self._stream(select)
            if not schema.names:
                raise ProgramError("the statement returns no rows", help="a query is wanted here")
        return pa.RecordBatchReader.from_batches(schema, self._guarded(batches))

    def _guarded(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with self._errors():
            yield from batches

    def _prepare(self, select: str) -> tuple[int, list[_mysql_rows.Column]]:
        """Returns a prepared statement's number and the columns of its result."""
        connection = self._connection
        connection._execute_command(_PREPARE, select.encode())
        answer = connection._read_packet().get_all_data()
        statement, column_count, parameter_count = struct.unpack_from("<xIHH", answer)
        if parameter_count:
            self._columns(parameter_count)
        columns = self._columns(column_count) if column_count else []
        if parameter_count:
            self._close_statement(statement)
            raise ProgramError(
                "the query has a `?` outside of text, for which there is no value",
                help="write the value itself",
            )
        return statement, columns

    def _close_statement(self, statement: int) -> None:
        # The only command without an answer.
        self._connection._execute_command(_CLOSE, struct.pack("<I", statement))

    def _columns(self, count: int) -> list[_mysql_rows.Column]:
        packet_class = self._pymysql.protocol.FieldDescriptorPacket
        columns = []
        for _ in range(count):
            packet = self._connection._read_packet(packet_class)
            columns.append(
                _mysql_rows.Column(
                    packet.name,
                    packet.type_code,
                    packet.flags,
                    packet.charsetnr,
                    packet.length,
                    packet.scale,
                )
            )
        # A packet ends the list.
        self._connection._read_packet()
        return columns

    def _stream(self, select: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Runs a query and returns the columns of its result, and its rows as they come in."""
        connection = self._connection
        statement, _ = self._prepare(select)
        connection._execute_command(_EXECUTE, struct.pack("<IBI", statement, 0, 1))
        header = connection._read_packet()
        if header.is_ok_packet():
            self._close_statement(statement)
            return pa.schema([]), iter(())
        columns = self._columns(header.read_length_encoded_integer())
        schema = pa.schema(column.field() for column in columns)
        stream = _mysql_rows.Stream(
            connection._rfile.read1, self._pymysql.err.raise_mysql_exception
        )

        def batches() -> Iterator[pa.RecordBatch]:
            yield from stream.batches(schema, columns)
            self._close_statement(statement)

        return schema, batches()

    def write(self, table: Table, reader: pa.RecordBatchReader) -> int:
        with self._errors(), self._transaction():
            return self._load(self._quoted(*self._place(table)), reader)

    def replace(self, table: Table, reader: pa.RecordBatchReader) -> int:
        with self._errors():
            schema, name = self._place(table)
            old = self._quoted(schema, name)
            staging = _sql.staging_name(Table((schema, name)), "new")
            retired = _sql.staging_name(Table((schema, name)), "old")
            new = self._quoted(schema, staging)
            with self._lock(staging, table):
                kind = self._kind(schema, name)
                if kind not in (None, "BASE TABLE"):
                    raise ProgramError(
                        f"`{table}` is there already, and is no table",
                        help="drop it, or write into a table of another name",
                    )
                # What a step that was killed has left.
                self._run(f"DROP TABLE IF EXISTS {new}, {self._quoted(schema, retired)}")
                try:
                    self._run(f"CREATE TABLE {new} ({_definitions(reader.schema)})")
                    same = kind is not None and self._layout(schema, name) == self._layout(
                        schema, staging
                    )
                    if same:
                        # With the indexes of the old one.
                        self._run(f"DROP TABLE {new}")
                        self._run(f"CREATE TABLE {new} LIKE {old}")
                    rows = self._load(new, reader)
                    if kind is None:
                        self._run(f"RENAME TABLE {new} TO {old}")
                    elif not self._is_tied(schema, name):
                        # One statement, hence at once.
                        self._run(
                            f"RENAME TABLE {old} TO {self._quoted(schema, retired)}, {new} TO {old}"
                        )
                    elif same:
                        self._refuse_cascades(schema, name, table)
                        with self._transaction():
                            self._run(f"DELETE FROM {old}")
                            self._run(f"INSERT INTO {old} SELECT * FROM {new}")
                    else:
                        raise ProgramError(
                            f"`{table}` would get other columns, but has triggers or foreign keys",
                            help="drop them first, and make them again afterwards",
                        )
                finally:
                    with contextlib.suppress(Exception):
                        self._run(f"DROP TABLE IF EXISTS {new}, {self._quoted(schema, retired)}")
                return rows

    @contextmanager
    def _lock(self, name: str, table: Table) -> Iterator[None]:
        """Keeps other steps from replacing the same table meanwhile; ends with the connection."""
        ((got,),) = self._fetch(f"SELECT GET_LOCK('{name}', {_LOCK_SECONDS})")
        if got != 1:
            raise TransientError(f"another step was still writing `{table}`")
        try:
            yield
        finally:
            with contextlib.suppress(Exception):
                self._fetch(f"SELECT RELEASE_LOCK('{name}')")

    def _load(self, target: str, reader: pa.RecordBatchReader) -> int:
        """Appends rows to a table, all or none if the table can that."""
        schema = reader.schema
        names = [_sql.backquoted(name) for name in schema.names]
        places, values = [], []
        for number, (name, field) in enumerate(zip(names, schema, strict=True)):
            conversion = _conversion(field)
            places.append(f"@v{number}" if conversion else name)
            if conversion:
                values.append(f"{name} = {conversion.format(f'@v{number}')}")
        # As numbers, since a session may take backslashes for what they are.
        statement = (
            f"LOAD DATA LOCAL INFILE 'sqlflow' INTO TABLE {target} CHARACTER SET utf8mb4 "
            "FIELDS TERMINATED BY X'09' ESCAPED BY X'5C' LINES TERMINATED BY X'0A' "
            f"({', '.join(places)})" + (f" SET {', '.join(values)}" if values else "")
        )
        strange = _Strange()
        connection = self._connection
        connection._execute_command(_QUERY, statement.encode())
        try:
            answer = connection._read_packet()
        except self._pymysql.err.Error as error:
            if error.args[0] not in _NO_LOCAL_FILES:
                raise
            return self._insert(target, names, reader)
        assert answer.is_load_local_packet(), "the server does not ask for the rows"
        count = 0
        try:
            for batch in _batches.incoming(reader):
                lines = _lines(batch, strange)
                for start in range(0, len(lines), _CHUNK):
                    connection.write_packet(lines[start : start + _CHUNK])
                count += batch.num_rows
        except BaseException:
            # The caller takes back what has arrived.
            with contextlib.suppress(Exception):
                connection.write_packet(b"")
                connection._read_packet()
            raise
        connection.write_packet(b"")
        ended = self._pymysql.protocol.OKPacketWrapper(connection._read_packet())
        connection._next_seq_id = 0
        connection.server_status = ended.server_status
        if ended.warning_count:
            self._refuse_warnings()
        strange.warn()
        return count

    def _refuse_warnings(self) -> None:
        # With LOCAL, what does not fit is cut to what does, and a warning is all that is said.
        for level, _, message in self._fetch("SHOW WARNINGS"):
            if level != "Note":
                raise ProgramError(str(message))

    def _insert(self, target: str, names: list[str], reader: pa.RecordBatchReader) -> int:
        """Appends rows by INSERT, a tenth as fast."""
        columns = ", ".join(names).replace("%", "%%")
        marks = ", ".join(["%s"] * len(names))
        statement = f"INSERT INTO {target.replace('%', '%%')} ({columns}) VALUES ({marks})"
        strange = _Strange()
        count = 0
        with self._connection.cursor() as cursor:
            for batch in _batches.incoming(reader):
                values = [_values(column, strange) for column in batch.columns]
                cursor.executemany(statement, list(zip(*values, strict=True)))
                count += batch.num_rows
        strange.warn()
        return count

    def _place(self, table: Table) -> tuple[str, str]:
        """Returns the database and the name of a table."""
        if len(table.parts) > 2:
            raise ProgramError(
                f"`{table}` has three parts; MySQL's tables have a database and a name"
            )
        if len(table.parts) == 2:
            return table.parts[0], table.parts[1]
        ((current,),) = self._fetch("SELECT DATABASE()")
        if current is None:
            raise ProgramError(
                f"`{table}` is in no database",
                help="name one in the URL, or write it in front of the table's name",
            )
        return str(current), table.parts[0]

    def _quoted(self, schema: str, name: str) -> str:
        return f"{_sql.backquoted(schema)}.{_sql.backquoted(name)}"

    def _kind(self, schema: str, name: str) -> str | None:
        found = self._fetch(
            "SELECT table_type FROM information_schema.tables WHERE table_schema = %s "
            "AND table_name = %s",
            schema,
            name,
        )
        return str(found[0][0]) if found else None

    def _layout(self, schema: str, name: str) -> list[tuple[Any, ...]]:
        return self._fetch(
            "SELECT column_name, column_type FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            schema,
            name,
        )

    def _is_tied(self, schema: str, name: str) -> bool:
        """Says whether triggers or foreign keys would stay with the table that is retired."""
        return bool(
            self._fetch(
                "SELECT 1 FROM information_schema.triggers "
                "WHERE event_object_schema = %s AND event_object_table = %s "
                "UNION ALL SELECT 1 FROM information_schema.referential_constraints "
                "WHERE constraint_schema = %s AND table_name = %s "
                # A table of another database may refer to this one.
                "OR unique_constraint_schema = %s AND referenced_table_name = %s",
                *(schema, name) * 3,
            )
        )

    def _refuse_cascades(self, schema: str, name: str, table: Table) -> None:
        """Raises where the deletion of all rows would reach rows of other tables, which the rows
        that are put in their place do not bring back."""
        found = self._fetch(
            "SELECT constraint_schema, table_name FROM information_schema.referential_constraints "
            "WHERE unique_constraint_schema = %s AND referenced_table_name = %s "
            "AND delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')",
            schema,
            name,
        )
        if found:
            raise ProgramError(
                f"`{table}` cannot be replaced: rows of `{'.'.join(map(str, found[0]))}` refer to "
                "its rows and are deleted or changed with them",
                help="drop the foreign key, or write into a table of another name",
            )

    def table_exists(self, table: Table) -> bool:
        with self._errors():
            return self._kind(*self._place(table)) is not None

    def tables(self) -> list[DescribedTable]:
        query = """
            SELECT table_schema = DATABASE(), table_schema, table_name, column_name, column_type
            FROM information_schema.columns WHERE table_schema NOT IN
                ('information_schema', 'mysql', 'performance_schema', 'sys')
            ORDER BY ordinal_position
        """
        with self._errors():
            return described_tables(self._fetch(query))

    def location(self, table: Table) -> str:
        return f"{self._address}: {table}"

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("START TRANSACTION")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            # Without a connection the server rolls back by itself.
            with contextlib.suppress(Exception):
                self._run("ROLLBACK")
            raise

    def _run(self, statement: str) -> None:
        self._connection.query(statement)

    def _fetch(self, query: str, *parameters: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return list(cursor.fetchall())

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._pymysql.err.Error as error:
            raise self._translate(error) from error
        except (ConnectionError, TimeoutError, ssl.SSLError) as error:
            raise TransientError(
                f"{self._address}: {self._address.hide(str(error)) or 'the connection is lost'}"
            ) from error

    def _translate(self, error: Exception) -> StepError:
        """Returns the step's error for one of MySQL's, by what the user can do about it."""
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        message = self._address.hide(str(error.args[-1]) if error.args else str(error))
        placed = f"{self._address}: {message}"
        if code in _NOT_ALLOWED:
            return ResourceError(message, help="check the user, the password and the grants")
        if code == _NO_DATABASE and not self._is_connected:
            return ResourceError(
                message, help="make the database first, or name another in the URL"
            )
        if code == _NO_DATABASE:
            return ProgramError(message, help="make it first: CREATE DATABASE")
        if code == _CANNOT_CONNECT and re.search(r"Name or service not known|getaddrinfo", message):
            return ResourceError(placed, help="check the server's name in the URL")
        if code == _CANNOT_CONNECT and "CERTIFICATE" in message:
            return ResourceError(placed, help="name the authority's certificate as ssl-ca")
        if code in _TRANSIENT or code == 0:
            return TransientError(placed)
        if code in _FULL:
            return ResourceError(message, help="make room on the server")
        if code in _TOO_WIDE:
            return ProgramError(
                f"{message}: so many columns do not fit into one table",
                help="select fewer columns, or put many into one text or list",
            )
        if 2000 <= code < 3000:
            return ResourceError(placed)
        return ProgramError(message)


_NO_DATABASE = 1049
_CANNOT_CONNECT = 2003
_NOT_ALLOWED = {1044, 1045, 1142, 1143, 1227, 1370, 1698}
# Too many connections, shutting down, locked, cut off, gone; an interrupted query.
_TRANSIENT = {
    *(1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1317, 1927, 4031),
    *(2002, 2003, 2006, 2013, 2055),
}
_FULL = {1021, 1030, 1114}
_TOO_WIDE = {1117, 1118}
_NO_LOCAL_FILES = {1148, 3948, 3950, 4166}


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ResourceError(f"`connect-timeout={text}` is no number of seconds") from None


def _tls(mode: str, options: dict[str, str]) -> ssl.SSLContext | None:
    if mode not in _MODES:
        raise ResourceError(f"no ssl-mode `{mode}`", help=did_you_mean(mode, _MODES))
    if mode == "DISABLED":
        return None
    try:
        context = ssl.create_default_context(cafile=options.get("ssl-ca"))
        context.check_hostname = mode == "VERIFY_IDENTITY"
        if mode in ("PREFERRED", "REQUIRED"):
            context.verify_mode = ssl.CERT_NONE
        if "ssl-cert" in options:
            context.load_cert_chain(options["ssl-cert"], options.get("ssl-key"))
    except OSError as error:
        raise ResourceError(
            f"the certificates of the database's URL cannot be read: {error}"
        ) from error
    return context


def _definitions(schema: pa.Schema) -> str:
    """Returns the columns of a new table, whose short texts fit into a row together."""
    types = [_native(field) for field in schema]
    width = sum(_row_bytes(type_) for type_ in types)
    if width > _ROW_BYTES:
        types = [
            "longtext"
            if type_.startswith("varchar") and _row_bytes(type_) > 4 * _SHORT_TEXT
            else "longblob"
            if type_.startswith("varbinary") and _row_bytes(type_) > _SHORT_TEXT
            else type_
            for type_ in types
        ]
    return ", ".join(
        # Without NULL an old server makes the first timestamp NOT NULL.
        f"{_sql.backquoted(field.name)} {type_} NULL"
        for field, type_ in zip(schema, types, strict=True)
    )


def _conversion(field: pa.Field) -> str | None:
    """Returns how a value is made of its text, where MySQL does not do that by itself."""
    if _batches.is_binary(field.type):
        return "UNHEX({})"
    native: bytes = (field.metadata or {}).get(_NATIVE_TYPE, b"")
    return "CAST({} AS UNSIGNED)" if native.startswith(b"bit(") else None


def _row_bytes(type_: str) -> int:
    found = re.fullmatch(r"var(char|binary)\((\d+)\)", type_)
    return int(found[2]) * (4 if found[1] == "char" else 1) if found else 0


_NATIVE = [
    (pa.types.is_boolean, "tinyint(1)"),
    (pa.types.is_int8, "tinyint"),
    (pa.types.is_uint8, "tinyint unsigned"),
    (pa.types.is_int16, "smallint"),
    (pa.types.is_uint16, "smallint unsigned"),
    (pa.types.is_int32, "int"),
    (pa.types.is_uint32, "int unsigned"),
    (pa.types.is_int64, "bigint"),
    (pa.types.is_uint64, "bigint unsigned"),
    (pa.types.is_float16, "float"),
    (pa.types.is_float32, "float"),
    (pa.types.is_float64, "double"),
    (_batches.is_binary, "longblob"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time(6)"),
    (pa.types.is_timestamp, "datetime(6)"),
    (pa.types.is_duration, "bigint"),
]


def _native(field: pa.Field) -> str:
    """Returns the type to declare a column with."""
    native: str = (field.metadata or {}).get(_NATIVE_TYPE, b"").decode()
    if native:
        return native
    type_ = field.type
    if pa.types.is_decimal(type_):
        if type_.precision > 65 or type_.scale > 38 or type_.scale < 0:
            return "double"
        return f"decimal({type_.precision},{type_.scale})"
    for matches, name in _NATIVE:
        if matches(type_):
            return name
    return "longtext"


class _Strange:
    """Counts numbers that MySQL lacks."""

    def __init__(self) -> None:
        self._count = 0

    def without(self, array: pa.Array) -> pa.Array:
        """Returns the numbers with NULL for NaN and infinities."""
        finite = pc.is_finite(array)
        strange = pc.sum(pc.invert(finite)).as_py() or 0
        if not strange:
            return array
        self._count += strange
        return pc.if_else(finite, array, pa.scalar(None, array.type))

    def warn(self) -> None:
        if self._count:
            _events.log(
                "warning",
                f"{self._count} numbers are NaN or infinite, which MySQL has not; they are NULL",
            )


def _plain(array: pa.Array, strange: _Strange) -> pa.Array:
    """Returns a column in a type that has a literal."""
    array = _batches.decoded(array)
    type_ = array.type
    if _batches.is_nested(type_):
        return _batches.json_texts(array)
    if pa.types.is_floating(type_):
        # As DOUBLE, since MySQL takes the shortest text of the largest FLOAT for one larger.
        return strange.without(array).cast(pa.float64())
    if pa.types.is_boolean(type_):
        return array.cast(pa.int8())
    if pa.types.is_timestamp(type_):
        # With a zone, the time is that of UTC.
        return array.cast(pa.timestamp("us", type_.tz), safe=False).cast(pa.timestamp("us"))
    if pa.types.is_time(type_):
        return array.cast(pa.time64("us"), safe=False)
    if pa.types.is_duration(type_):
        return array.cast(pa.duration("us"), safe=False).cast(pa.int64())
    if pa.types.is_date64(type_):
        return array.cast(pa.date32())
    return array


def _values(array: pa.Array, strange: _Strange) -> list[Any]:
    return list(_plain(array, strange).to_pylist())


_ESCAPES = [("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\0", "\\0")]


def _lines(batch: pa.RecordBatch, strange: _Strange) -> bytes:
    """Returns rows as lines of fields, as LOAD DATA takes them."""
    fields = []
    for column in batch.columns:
        plain = _plain(column, strange)
        if _batches.is_binary(plain.type):
            fields.append(_hexadecimal(plain.cast(pa.binary())))
            continue
        text = plain.cast(pa.string())
        if _batches.is_text(plain.type):
            for character, escape in _ESCAPES:
                text = pc.replace_substring(text, character, escape)
        fields.append(text)
    if not batch.num_rows:
        return b""
    joined = pc.binary_join_element_wise(
        *fields, "\t", null_handling="replace", null_replacement="\\N"
    )
    large = joined.cast(pa.large_string())
    ended = pc.binary_join_element_wise(
        large, *(pa.scalar(t, pa.large_string()) for t in ("\n", ""))
    )
    _, offsets, data = ended.buffers()
    places = np.frombuffer(offsets, np.int64)[ended.offset : ended.offset + len(ended) + 1]
    return memoryview(data)[places[0] : places[-1]].tobytes()


_DIGITS = np.frombuffer("".join(f"{byte:02X}" for byte in range(256)).encode(), np.uint16)


def _hexadecimal(array: pa.Array) -> pa.Array:
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    values = np.frombuffer(data or b"", np.uint8)[places[0] : places[-1]]
    texts = pa.Array.from_buffers(
        pa.large_string(),
        len(array),
        [
            None,
            pa.py_buffer((places.astype(np.int64) - places[0]) * 2),
            pa.py_buffer(_DIGITS[values].tobytes()),
        ],
    )
    return pc.if_else(array.is_valid(), texts.cast(pa.string()), pa.scalar(None, pa.string()))
