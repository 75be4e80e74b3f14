"""What only PostgreSQL has."""

from __future__ import annotations

import datetime
import os
import secrets
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from conftest import Said
from sqlflow_runtime import table
from sqlflow_runtime._errors import ProgramError, ResourceError
from sqlflow_runtime.data import connect

URL = os.environ["SQLFLOWC_TEST_POSTGRESQL"]


@pytest.fixture
def session(said: Said) -> Iterator[list[str]]:
    """What leads to a schema with nothing in it."""
    name = f"test_{secrets.token_hex(6)}"
    run([], f"CREATE SCHEMA {name}")
    yield [f"SET search_path = {name}"]
    run([], f"DROP SCHEMA {name} CASCADE")


def run(session: list[str], *statements: str) -> None:
    with connect(session, url=URL) as database:
        for statement in statements:
            database.execute([statement], 0)


def rows(session: list[str], select: str) -> pa.Table:
    with connect(session, url=URL) as database:
        return database.read(select).read_all()


DAY = datetime.date(2024, 2, 29)
TIMES = datetime.time(1, 2, 3, 500000)
MOMENT = datetime.datetime.combine(DAY, TIMES)
INSTANT = MOMENT.replace(tzinfo=datetime.UTC)
TYPES: dict[str, tuple[str, str, Any]] = {
    "r": ("real", "'NaN'", None),
    "n": ("numeric(10,2)", "1.5", Decimal("1.50")),
    "any_n": ("numeric", "12345678901234567890.25", Decimal("12345678901234567890.25")),
    "whole": ("numeric(50,0)", "1e49", Decimal(10**49)),
    "v": ("character varying", "'é'", "é"),
    "b": ("boolean", "true", True),
    "ba": ("bytea", "'\\x00ff'", b"\0\xff"),
    "d": ("date", "'2024-02-29'", DAY),
    "tm": ("time without time zone", "'01:02:03.5'", TIMES),
    "ts": ("timestamp without time zone", "'2024-02-29 01:02:03.5'", MOMENT),
    "tz": ("timestamp with time zone", "'2024-02-29 03:02:03.5+02'", INSTANT),
    "tmz": ("time with time zone", "'01:02:03+02'", "01:02:03+02"),
    "iv": ("interval", "'1 mon 2 days 03:00'", "1 mon 2 days 03:00:00"),
    "u": ("uuid", "'123e4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000"),
    "j": ("json", "'{\"a\":1}'", '{"a":1}'),
    "jb": ("jsonb", "'{\"a\": 1}'", '{"a": 1}'),
    "m": ("mood", "'sad'", "sad"),
    "ints": ("integer[]", "'{1,NULL,2}'", [1, None, 2]),
    "texts": ("text[]", "'{a,\"b c\"}'", ["a", "b c"]),
    "numbers": ("numeric[]", "'{1.5}'", [1.5]),
    "ip": ("inet", "'::1'", "::1/128"),
    "money": ("money", "1.5", Decimal("1.50")),
    "x": ("xml", "'<a/>'", "<a/>"),
    "o": ("oid", "4294967295", 4294967295),
    "range": ("int4range", "'[1,2)'", "[1,2)"),
    "p": ("point", "'(1,2)'", "(1,2)"),
}  # fmt: skip


def test_every_type(session: list[str]) -> None:
    run(session, "CREATE TYPE mood AS ENUM ('sad', 'ok')")
    columns = ", ".join(f"{name} {declared}" for name, (declared, _, _) in TYPES.items())
    values = ", ".join(literal for _, literal, _ in TYPES.values())
    run(session, f"CREATE TABLE t ({columns})", f"INSERT INTO t VALUES ({values})")
    run(session, "INSERT INTO t (b) VALUES (NULL)")
    found = rows(session, "SELECT * FROM t")
    first = found.to_pylist()[0]
    assert str(first.pop("r")) == "nan"
    assert first == {name: value for name, (_, _, value) in TYPES.items() if name != "r"}
    assert set(found.to_pylist()[1].values()) == {None}
    with connect(session, url=URL) as database:
        assert database.describe("SELECT * FROM t").equals(found.schema, check_metadata=True)
        database.replace(table("copy"), found.to_reader())
        described = {d.name[0]: d.columns for d in database.tables() if len(d.name) == 1}
    assert described["copy"] == described["t"]
    texts = "SELECT t::text AS row FROM {} t ORDER BY b"
    assert rows(session, texts.format("t")).equals(rows(session, texts.format("copy")))


def test_numbers_that_decimals_lack(session: list[str], said: Said) -> None:
    found = rows(session, "SELECT x FROM (VALUES ('NaN'::numeric), ('Infinity'), (0.1)) AS t(x)")
    assert found.column(0).to_pylist() == [None, None, Decimal("0.1")]
    assert any("column `x`: 2 values are NaN or infinite" in text for text in said.warnings())
    with pytest.raises(ProgramError, match="column `x` holds numbers that do not fit"):
        rows(session, "SELECT 1e50::numeric AS x")


def test_indexes_grants_views_and_triggers_of_a_replaced_table(
    session: list[str], said: Said
) -> None:
    run(
        session,
        "CREATE TABLE t (id bigint PRIMARY KEY, name text)",
        "INSERT INTO t VALUES (1, 'a')",
        "GRANT SELECT ON t TO PUBLIC",
        "CREATE VIEW v AS SELECT id FROM t",
    )
    kept = "SELECT relacl::text AS grants, relhasindex FROM pg_class WHERE oid = 't'::regclass"
    before = rows(session, kept)
    with connect(session, url=URL) as database:
        new = pa.table({"id": [5, 6], "name": ["b", None]})
        assert database.replace(table("t"), new.to_reader()) == 2
        assert database.read(kept).read_all().equals(before)
        assert database.read("SELECT * FROM v").read_all().num_rows == 2
        with pytest.raises(ProgramError, match="view v depends on table t") as raised:
            database.replace(table("t"), pa.table({"other": [7]}).to_reader())
        assert "drop what depends on it" in str(raised.value)
        assert database.read("SELECT id FROM t").read_all().num_rows == 2
        database.execute(["DROP VIEW v"], 0)
        database.replace(table("t"), pa.table({"other": [7]}).to_reader())
    assert "its indexes and grants are gone" in said.warnings()[-1]


def test_a_table_of_another_schema(session: list[str]) -> None:
    schema = session[0].split()[-1]
    other = f"{schema} Other"
    run(session, f'CREATE SCHEMA "{other}"')
    with connect(session, url=URL) as database:
        database.replace(table(other, "T"), pa.table({"id": [5]}).to_reader())
        database.replace(table("sqlflowc", other, "T"), pa.table({"id": [5]}).to_reader())
        assert database.table_exists(table(other, "T"))
        assert not database.table_exists(table("T"))
        with pytest.raises(ProgramError, match="CREATE SCHEMA nowhere"):
            database.replace(table("nowhere", "t"), pa.table({"id": [5]}).to_reader())
        with pytest.raises(ProgramError, match="another database"):
            database.replace(table("elsewhere", other, "t"), pa.table({"id": [5]}).to_reader())
        database.execute([f'DROP SCHEMA "{other}" CASCADE'], 0)


def test_a_zero_character_is_refused(session: list[str]) -> None:
    with (
        connect(session, url=URL) as database,
        pytest.raises(ProgramError, match="`a` holds text with the character NUL"),
    ):
        database.replace(table("t"), pa.table({"a": ["\0"]}).to_reader())


def test_statements_that_return_rows_in_their_own_ways(session: list[str]) -> None:
    run(session, "CREATE TABLE t (a int)", "CREATE TYPE mood AS ENUM ('sad')")
    with connect(session, url=URL) as database:
        for statement, shown in [
            ("INSERT INTO t VALUES (1), (2) RETURNING a", [[1], [2]]),
            ("-- note\n(SELECT a FROM t ORDER BY a) -- note", [[1], [2]]),
            ("WITH x AS (UPDATE t SET a = a + 1 RETURNING a) SELECT sum(a) FROM x;", [[5]]),
            ("SHOW server_encoding", [["UTF8"]]),
            (
                "SELECT 'sad'::mood AS m, 1.50 AS n, '::1'::inet IS NULL AS i",
                [["sad", "1.50", False]],
            ),
            ("SELECT a INTO u FROM t", None),
            ("VACUUM", None),
            ("DO $$ BEGIN PERFORM 1; END $$", None),
        ]:
            (result,) = database.execute([statement], 5)
            assert (None if result is None else result.rows) == shown, statement


def test_tls_is_checked() -> None:
    certificate = os.environ["SQLFLOWC_TEST_POSTGRESQL_CERTIFICATE"]
    with connect(url=f"{URL}?sslmode=verify-full&sslrootcert={certificate}") as database:
        assert database.read("SELECT 1 AS a").read_all().num_rows == 1
    for options in ("sslmode=verify-full&sslrootcert=/nowhere", "sslmode=maybe"):
        with pytest.raises(ResourceError), connect(url=f"{URL}?{options}"):
            pass
