"""What every driver has to do, on every database, its server started by `tests/databases`."""

from __future__ import annotations

import datetime
import math
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from conftest import Said
from sqlflow_runtime import table
from sqlflow_runtime._errors import ProgramError, ResourceError, StepError, TransientError
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import BATCH_ROWS, Database, connect

KINDS = ["duckdb", "sqlite", "postgresql", "mariadb", "sqlalchemy", "sqlalchemy-mariadb"]


@dataclass
class Place:
    """A database with nothing in it."""

    kind: str
    url: str
    session: list[str]

    def open(self, *session: str) -> Database:
        return connect([*self.session, *session], url=self.url)

    def run(self, *statements: str) -> None:
        with self.open() as database:
            database.execute(list(statements), 0)

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.table(select).to_pylist()]

    def table(self, select: str) -> pa.Table:
        with self.open() as database:
            return database.read(select).read_all()

    def replace(self, name: Table, rows: pa.Table) -> int:
        with self.open() as database:
            return database.replace(name, rows.to_reader(max_chunksize=1000))

    def quoted(self, name: str) -> str:
        if self.kind.endswith("mariadb"):
            return "`" + name.replace("`", "``") + "`"
        return '"' + name.replace('"', '""') + '"'

    def names(self) -> set[str]:
        with self.open() as database:
            return {found.name[0] for found in database.tables() if len(found.name) == 1}


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, said: Said) -> Iterator[Place]:
    name = f"test_{secrets.token_hex(6)}"
    match request.param:
        case "duckdb":
            yield Place("duckdb", f"duckdb:///{tmp_path}/db.duckdb", [])
        case "sqlite":
            yield Place("sqlite", f"sqlite:///{tmp_path}/db.sqlite", [])
        case "mariadb" | "sqlalchemy-mariadb" as kind:
            url = os.environ["SQLFLOWC_TEST_MARIADB"]
            if kind != "mariadb":
                url = url.replace("mysql:", "mariadb+pymysql:")
            with connect(url=url) as database:
                database.execute([f"CREATE DATABASE {name}"], 0)
            yield Place(kind, url, [f"USE {name}"])
            with connect(url=url) as database:
                database.execute([f"DROP DATABASE {name}"], 0)
        case "postgresql" | "sqlalchemy" as kind:
            url = os.environ["SQLFLOWC_TEST_POSTGRESQL"]
            if kind != "postgresql":
                url = url.replace("postgresql:", "postgresql+psycopg:")
            with connect(url=url) as database:
                database.execute([f"CREATE SCHEMA {name}"], 0)
            yield Place(kind, url, [f"SET search_path = {name}"])
            with connect(url=url) as database:
                database.execute([f"DROP SCHEMA {name} CASCADE"], 0)


def numbers(count: int) -> pa.Table:
    return pa.table({"id": pa.array(range(count), pa.int64())})


def test_statements_run_in_order_and_show_their_first_rows(place: Place) -> None:
    with place.open() as database:
        results = database.execute(
            [
                "CREATE TABLE t (a INTEGER, b VARCHAR(10))",
                "INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, NULL)",
                "SELECT a, b FROM t ORDER BY a",
            ],
            2,
        )
    assert results[:2] == [None, None]
    result = results[2]
    assert result is not None
    assert result.columns == ["a", "b"]
    assert result.rows == [[1, "one"], [2, "two"]]
    assert result.row_count == 3


def test_sql_arrives_as_it_is_written(place: Place) -> None:
    text = "%s %(a)s 100% :x ? $1 {y} é 日本 ''quoted''"
    select = f"SELECT '{text}' AS q, 7 % 4 AS r -- ? :x %s"
    assert place.rows(select) == [(text.replace("''", "'"), 3)]
    with place.open() as database:
        (result,) = database.execute([select], 5)
    assert result is not None
    assert result.rows == [[text.replace("''", "'"), 3]]


def test_session_is_replayed_and_named_when_it_fails(place: Place) -> None:
    with place.open("CREATE TEMPORARY TABLE mine AS SELECT 42 AS a") as database:
        assert database.read("SELECT a FROM mine").read_all().to_pylist() == [{"a": 42}]
    with (
        pytest.raises(ProgramError, match=r"in `CREATE TEMPORARY TABLE x AS SELECT nothing`"),
        place.open("CREATE TEMPORARY TABLE x AS SELECT nothing"),
    ):
        pass


def test_a_failing_list_of_statements_leaves_nothing(place: Place) -> None:
    place.run("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
    with pytest.raises(ProgramError):
        place.run("INSERT INTO t VALUES (2)", "INSERT INTO nowhere VALUES (2)")
    assert place.rows("SELECT a FROM t") == [(1,)]


def test_a_transaction_must_end(place: Place) -> None:
    place.run("CREATE TABLE t (a INTEGER)")
    place.run("BEGIN", "INSERT INTO t VALUES (1)", "COMMIT")
    with pytest.raises(ProgramError, match="still open"):
        place.run("BEGIN", "INSERT INTO t VALUES (2)")
    assert place.rows("SELECT a FROM t") == [(1,)]


def test_batches_are_of_one_size_and_arrive_as_asked_for(place: Place) -> None:
    count = 2 * BATCH_ROWS + 5
    place.replace(table("t"), numbers(count))
    with place.open() as database:
        reader = database.read("SELECT id FROM t ORDER BY id")
        sizes = [batch.num_rows for batch in reader]
    assert sizes == [BATCH_ROWS, BATCH_ROWS, 5]
    assert place.table("SELECT id FROM t ORDER BY id").column(0).to_pylist() == list(range(count))


def test_an_empty_result_has_columns(place: Place) -> None:
    place.run("CREATE TABLE t (a INTEGER, b VARCHAR(5))")
    found = place.table("SELECT a, b FROM t")
    assert (found.num_rows, found.column_names) == (0, ["a", "b"])
    assert place.replace(table("copy"), found) == 0
    assert place.table("SELECT * FROM copy").column_names == ["a", "b"]


def everything() -> pa.Table:
    """Returns a value and a NULL of each of Arrow's types that steps may meet."""
    day = datetime.date(2024, 2, 29)
    moment = datetime.datetime(2024, 2, 29, 23, 59, 59, 123456)  # noqa: DTZ001
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "i8": (pa.int8(), [-128, 127]),
        "u8": (pa.uint8(), [0, 255]),
        "i16": (pa.int16(), [-32768, 32767]),
        "u16": (pa.uint16(), [0, 65535]),
        "i32": (pa.int32(), [-(2**31), 2**31 - 1]),
        "u32": (pa.uint32(), [0, 2**32 - 1]),
        "i64": (pa.int64(), [-(2**63), 2**63 - 1]),
        "u64": (pa.uint64(), [0, 2**64 - 1]),
        "f32": (pa.float32(), [0.10000000149011612, -3.4028234663852886e38]),
        "f64": (pa.float64(), [0.1, 5e-324]),
        "d9": (pa.decimal128(9, 2), [Decimal("1.50"), Decimal("-9999999.99")]),
        "d38": (pa.decimal128(38, 10), [Decimal("12345678901234567890.0123456789"), Decimal(0)]),
        "flag": (pa.bool_(), [True, False]),
        "text": (pa.string(), ["", "é日本😀 'quoted' \"double\" \\ back\tand\nline\r"]),
        "word": (pa.string(), ["NULL", "\\N"]),
        "blob": (pa.binary(), [b"", bytes(range(256))]),
        "day": (pa.date32(), [day, datetime.date(1900, 1, 1)]),
        "time": (pa.time64("us"), [moment.time(), datetime.time(0)]),
        "moment": (pa.timestamp("us"), [moment, moment.replace(year=1970, day=1)]),
        "zoned": (
            pa.timestamp("us", "UTC"),
            [m.replace(tzinfo=datetime.UTC) for m in (moment, moment.replace(month=7))],
        ),
    }
    return pa.table(
        {name: pa.array([*values, None], type_) for name, (type_, values) in columns.items()}
    )


def test_types_are_written_and_read(place: Place) -> None:
    written = everything()
    if place.kind == "sqlalchemy-mariadb":  # There it is a duration.
        written = written.drop(["time"])
    assert place.replace(table("t"), written) == 3
    found = place.table("SELECT * FROM t")
    assert found.column_names == written.column_names
    for name in written.column_names:
        assert same(found.column(name).to_pylist(), place.kind) == same(
            written.column(name).to_pylist(), place.kind
        ), name
        # A width or a sign may be lost where a database lacks it, the kind of type never.
        assert kind_of(found.schema.field(name).type, place.kind) == kind_of(
            written.schema.field(name).type, place.kind
        ), name
    # What was read is written as it was.
    place.replace(table("again"), found)
    again = place.table("SELECT * FROM again")
    assert again.schema.equals(found.schema, check_metadata=True)
    assert again.equals(found)


def same(values: list[Any], database: str) -> list[Any]:
    """Returns times as those of UTC, which is all that MySQL can say of them."""
    return [
        value.astimezone(datetime.UTC).replace(
            tzinfo=None if database.endswith("mariadb") else datetime.UTC
        )
        if isinstance(value, datetime.datetime) and value.tzinfo
        else value
        for value in values
    ]


def kind_of(type_: pa.DataType, database: str) -> str:
    if pa.types.is_boolean(type_) and database.endswith("mariadb"):
        # A number of one digit there, as every MySQL has it.
        return "number"
    if pa.types.is_integer(type_) or (pa.types.is_decimal(type_) and type_.scale == 0):
        return "number"
    for name in ("boolean", "floating", "decimal", "date", "time", "string", "binary"):
        if getattr(pa.types, f"is_{name}")(type_):
            return name
    assert pa.types.is_timestamp(type_), type_
    has_zone = type_.tz is not None and not database.endswith("mariadb")
    return "timestamp with zone" if has_zone else "timestamp"


def test_nan_and_infinities(place: Place, said: Said) -> None:
    values = pa.table({"x": pa.array([math.nan, math.inf, -math.inf, 1.5, None], pa.float64())})
    if place.kind == "sqlalchemy-mariadb":
        with pytest.raises(ProgramError, match="nan"):
            place.replace(table("t"), values)
        return
    place.replace(table("t"), values)
    found = [row[0] for row in place.rows("SELECT x FROM t")]
    match place.kind:
        case "sqlite":  # NaN is NULL there.
            assert found == [None, math.inf, -math.inf, 1.5, None]
        case "mariadb":  # There is neither.
            assert found == [None, None, None, 1.5, None]
            assert said.warnings() == [
                "3 numbers are NaN or infinite, which MySQL has not; they are NULL"
            ]
        case _:
            assert math.isnan(found[0])
            assert found[1:] == [math.inf, -math.inf, 1.5, None]


def test_lists(place: Place) -> None:
    rows = pa.table({"l": pa.array([[1.5, None], [], None], pa.list_(pa.float64()))})
    place.replace(table("t"), rows)
    found = [row[0] for row in place.rows("SELECT l FROM t")]
    if place.kind in ("duckdb", "postgresql"):
        assert found == [[1.5, None], [], None]
    else:  # As JSON.
        assert found == ["[1.5, null]", "[]", None]


def test_describing_is_not_running(place: Place) -> None:
    place.run("CREATE TABLE t (a INTEGER, b VARCHAR(5))")
    with place.open() as database:
        schema = database.describe("SELECT a, b, 1 / (a - a) AS c FROM t")
        assert schema.names == ["a", "b", "c"]
        if not place.kind.startswith("sqlalchemy"):  # It knows no types without values.
            assert pa.types.is_integer(schema.field("a").type)
            assert pa.types.is_string(schema.field("b").type)


NAMES = [
    "select",
    "Mixed Case",
    "mit \"Anführung\" und 'Strichen'",
    "back`tick",
    "日本語",
    "semi;colon -- dash",
    "percent % :x ? $1",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_quoted(place: Place, name: str) -> None:
    rows = pa.table({name: [1, 2], "order": ["a", "b"]})
    for _ in range(2):
        assert place.replace(table(name), rows) == 2
    assert name in place.names()
    with place.open() as database:
        assert database.table_exists(table(name))
        assert database.write(table(name), rows.to_reader()) == 2
    found = place.table(f"SELECT * FROM {place.quoted(name)}")
    assert found.column_names == [name, "order"]
    assert sorted(found.column(0).to_pylist()) == [1, 1, 2, 2]


def test_replacing_a_table_of_other_columns(place: Place) -> None:
    place.replace(table("t"), pa.table({"a": [1], "b": ["x"]}))
    place.replace(table("t"), pa.table({"c": [2.5]}))
    assert place.table("SELECT * FROM t").to_pylist() == [{"c": 2.5}]
    assert place.names() == {"t"}


def test_failing_rows_leave_the_old_table(place: Place) -> None:
    place.replace(table("t"), numbers(10))

    def batches() -> Iterator[pa.RecordBatch]:
        yield from numbers(5).to_batches()
        raise OSError("the rows came to an end")

    schema = numbers(1).schema
    with place.open() as database:
        with pytest.raises(StepError):
            database.replace(table("t"), pa.RecordBatchReader.from_batches(schema, batches()))
        with pytest.raises(StepError):
            database.write(table("t"), pa.RecordBatchReader.from_batches(schema, batches()))
    assert place.rows("SELECT count(*) FROM t") == [(10,)]
    assert place.names() == {"t"}
    assert place.replace(table("t"), numbers(3)) == 3


def test_a_view_is_not_replaced(place: Place) -> None:
    place.run("CREATE TABLE base (a INTEGER)", "CREATE VIEW v AS SELECT a FROM base")
    with pytest.raises(ProgramError):
        place.replace(table("v"), numbers(1))
    assert place.names() == {"base", "v"}


def test_views_of_a_replaced_table_read_the_new_rows(place: Place) -> None:
    place.replace(table("t"), numbers(3))
    place.run("CREATE VIEW v AS SELECT id + 100 AS more FROM t")
    if place.kind == "sqlalchemy":
        with pytest.raises(ProgramError, match="depend"):
            place.replace(table("t"), numbers(2))
        return
    place.replace(table("t"), numbers(2))
    assert sorted(place.rows("SELECT more FROM v")) == [(100,), (101,)]


def test_writing_adds_rows_by_the_names_of_their_columns(place: Place) -> None:
    place.run("CREATE TABLE t (a INTEGER, b VARCHAR(10), c DOUBLE PRECISION)")
    rows = pa.table({"c": [1.5], "a": pa.array([7], pa.int64())})
    with place.open() as database:
        assert database.write(table("t"), rows.to_reader()) == 1
        assert database.write(table("t"), rows.to_reader()) == 1
        with pytest.raises(StepError):
            database.write(table("nowhere"), rows.to_reader())
    assert place.rows("SELECT a, b, c FROM t") == [(7, None, 1.5)] * 2


def test_many_columns(place: Place) -> None:
    """5,000 columns: all of them, or a message that says what the limit is."""
    rows = pa.table({f"c{number}": [number] for number in range(5000)})
    if place.kind == "duckdb":
        place.replace(table("t"), rows)
        assert place.table("SELECT * FROM t").num_columns == 5000
        return
    with pytest.raises(ProgramError, match="column") as raised:
        place.replace(table("t"), rows)
    assert raised.value.help is not None
    assert place.names() == set()
    assert place.replace(table("t"), rows.select(range(900))) == 1


@pytest.mark.parametrize("select", ["SELECT nothing FROM t", "SELECT * FROM nowhere", "SELEKT 1"])
def test_wrong_queries_are_the_programs_fault(place: Place, select: str) -> None:
    place.run("CREATE TABLE t (a INTEGER)")
    with place.open() as database:
        with pytest.raises(ProgramError):
            database.read(select).read_all()
        with pytest.raises(ProgramError):
            database.execute([select], 1)
        # The connection is as good as before.
        assert database.read("SELECT count(*) AS n FROM t").read_all().to_pylist() == [{"n": 0}]


def test_tables_and_views_are_described(place: Place) -> None:
    place.run(
        "CREATE TABLE t (a INTEGER, b VARCHAR(5))", "CREATE VIEW v AS SELECT b AS only_b FROM t"
    )
    with place.open() as database:
        described = database.tables()
    found = {t.name[0]: [c.name for c in t.columns] for t in described if len(t.name) == 1}
    assert found == {"t": ["a", "b"], "v": ["only_b"]}


SERVERS = [
    ("postgresql", "SQLFLOWC_TEST_POSTGRESQL"),
    ("mariadb", "SQLFLOWC_TEST_MARIADB"),
]


@pytest.mark.parametrize(("kind", "variable"), SERVERS)
def test_failures_to_connect(kind: str, variable: str) -> None:
    url = os.environ[variable]
    password = "p%40ss%2Fw%3Ard%2541"
    assert password in url

    def fails(url: str, error: type[StepError]) -> StepError:
        with pytest.raises(error) as raised, connect(url=url):
            pass
        for secret in (password, "p@ss/w:rd%41", "guess"):
            assert secret not in str(raised.value)
        assert type(raised.value) is error
        return raised.value

    port = url.rpartition(":")[2].partition("/")[0]
    fails(url.replace(password, "guess"), ResourceError)
    fails(url + "_missing", ResourceError)
    fails(url.replace(f":{port}/", ":1/"), TransientError)
    fails(url.replace("127.0.0.1", "nowhere.invalid"), ResourceError)
    fails(url.replace(f":{port}/", ":port/"), ResourceError)


@pytest.mark.parametrize(("kind", "variable"), SERVERS)
def test_tls(kind: str, variable: str) -> None:
    required = {"postgresql": "sslmode=require", "mariadb": "ssl-mode=REQUIRED"}[kind]
    shown = {
        "postgresql": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        "mariadb": "SELECT variable_value <> '' AS tls FROM information_schema.session_status "
        "WHERE variable_name = 'ssl_cipher'",
    }[kind]
    with connect(url=f"{os.environ[variable]}?{required}") as database:
        ((tls,),) = [row.values() for row in database.read(shown).read_all().to_pylist()]
    assert tls
