"""What only MySQL and MariaDB have."""

from __future__ import annotations

import datetime
import os
import secrets
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from conftest import Said
from sqlflow_runtime import table
from sqlflow_runtime._errors import ProgramError, ResourceError
from sqlflow_runtime.data import connect

URL = os.environ["SQLFLOWC_TEST_MARIADB"]


@pytest.fixture
def session(said: Said) -> Iterator[list[str]]:
    """What leads to a database with nothing in it."""
    name = f"test_{secrets.token_hex(6)}"
    run([], f"CREATE DATABASE {name}")
    yield [f"USE {name}"]
    run([], f"DROP DATABASE {name}")


def run(session: list[str], *statements: str) -> None:
    with connect(session, url=URL) as database:
        for statement in statements:
            database.execute([statement], 0)


def rows(session: list[str], select: str) -> pa.Table:
    with connect(session, url=URL) as database:
        return database.read(select).read_all()


MOMENT = datetime.datetime(2024, 2, 29, 1, 2, 3, 400000)  # noqa: DTZ001
TYPES: dict[str, tuple[str, str, Any]] = {
    "t1": ("tinyint", "-128", -128),
    "u1": ("tinyint unsigned", "255", 255),
    "i3": ("mediumint", "-8388608", -8388608),
    "u3": ("mediumint unsigned", "16777215", 16777215),
    "u8": ("bigint unsigned", "18446744073709551615", 2**64 - 1),
    "y": ("year", "1999", 1999),
    "b3": ("bit(3)", "b'101'", 5),
    "b64": ("bit(64)", "b'1'", 1),
    "c": ("char(5)", "'ab'", "ab"),
    "v": ("varchar(20)", "''", ""),
    "t": ("text", "'NULL'", "NULL"),
    "e": ("enum('a','b')", "'b'", "b"),
    "s": ("set('x','y')", "'x,y'", "x,y"),
    "j": ("json", "'{\"a\": 1}'", '{"a": 1}'),
    "u": ("uuid", "'123e4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000"),
    "f": ("float", "16777216", 16777216.0),
    "n": ("decimal(65,30)", "1.5", Decimal("1.5")),
    "d": ("date", "'2024-02-29'", datetime.date(2024, 2, 29)),
    "d6": ("datetime(6)", "'2024-02-29 01:02:03.4'", MOMENT),
    "ts": ("timestamp(3) NULL", "'2024-02-29 01:02:03.4'", MOMENT),
    "tm": ("time(6)", "'23:59:59.5'", datetime.time(23, 59, 59, 500000)),
    "bin": ("binary(3)", "'a'", b"a\0\0"),
    "bl": ("blob", "X'00FF'", b"\0\xff"),
}  # fmt: skip


def test_every_type(session: list[str]) -> None:
    columns = ", ".join(f"{name} {declared}" for name, (declared, _, _) in TYPES.items())
    values = ", ".join(literal for _, literal, _ in TYPES.values())
    run(session, f"CREATE TABLE t ({columns})", f"INSERT INTO t VALUES ({values})")
    run(session, "INSERT INTO t () VALUES ()")
    found = rows(session, "SELECT * FROM t")
    assert found.to_pylist()[0] == {name: value for name, (_, _, value) in TYPES.items()}
    assert set(found.to_pylist()[1].values()) == {None}
    with connect(session, url=URL) as database:
        database.replace(table("copy"), found.to_reader())
    again = rows(session, "SELECT * FROM copy")
    assert again.to_pylist() == found.to_pylist()
    # Which of a few texts a column holds is known to its table only.
    described = rows(
        session,
        "SELECT column_name AS name, column_type AS type FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = 'copy'",
    ).to_pylist()
    declared = {row["name"]: row["type"] for row in described}
    for name, kind in [
        ("u8", "bigint(20) unsigned"),
        ("y", "year(4)"),
        ("b3", "bit(3)"),
        ("v", "varchar(20)"),
        ("n", "decimal(65,30)"),
        ("ts", "timestamp(3)"),
        ("tm", "time(6)"),
        ("d6", "datetime(6)"),
        ("i3", "mediumint(9)"),
        ("e", "varchar(1)"),
    ]:
        assert declared[name] == kind


def test_dates_of_zero_are_none(session: list[str]) -> None:
    loose = [*session, "SET sql_mode = ''"]
    run(loose, "CREATE TABLE t (d date, m datetime)", "INSERT INTO t VALUES ('0000-00-00', 0)")
    run(loose, "INSERT INTO t VALUES ('2024-00-00', '2024-01-01')")
    assert rows(session, "SELECT * FROM t").to_pylist() == [
        {"d": None, "m": None},
        {"d": None, "m": datetime.datetime(2024, 1, 1)},  # noqa: DTZ001
    ]


def test_times_that_are_no_time_of_a_day(session: list[str]) -> None:
    for value in ("-00:00:01", "24:00:00", "838:59:59"):
        with pytest.raises(ProgramError, match="`x` holds times that are negative or longer"):
            rows(session, f"SELECT CAST('{value}' AS TIME) AS x")
    assert rows(session, "SELECT TIME_TO_SEC('24:00:00') AS x").to_pylist() == [{"x": 86400}]


def test_values_longer_than_a_packet(session: list[str]) -> None:
    half = (1 << 23) + 5
    long = f"REPEAT('x', {half})"
    found = rows(session, f"SELECT {long} AS a, {long} AS b UNION ALL SELECT 'y', 'z'")
    for name, short in (("a", "y"), ("b", "z")):
        assert found.column(name).to_pylist() == ["x" * half, short]


def test_values_of_every_length(session: list[str]) -> None:
    lengths = [0, 1, 249, 250, 251, 252, 255, 256, 65535, 65536, 70000]
    select = " UNION ALL ".join(
        f"SELECT {n} AS n, REPEAT('é', {n}) AS t, NULL AS x" for n in lengths
    )
    for found in rows(session, select).to_pylist():
        assert found == {"n": found["n"], "t": "é" * found["n"], "x": None}


def test_rows_go_by_insert_where_files_are_not_allowed(session: list[str], said: Said) -> None:
    written = pa.table({
        "id": [1, 2, 3],
        "text 100%": ["a'b\\c\n", "", None],
        "x": [1.5, float("nan"), None],
        "b": [b"\0'\\", b"", None],
        "at": pa.array([0, 1, None], pa.timestamp("us")),
    })  # fmt: skip
    with connect(session, url=URL) as database:
        database.replace(table("by file"), written.to_reader())
        database.execute(["SET GLOBAL local_infile = 0"], 0)
    try:
        with connect(session, url=URL) as database:
            assert database.replace(table("by insert"), written.to_reader()) == 3
    finally:
        run([], "SET GLOBAL local_infile = 1")
    by_file = rows(session, "SELECT * FROM `by file`").to_pylist()
    assert rows(session, "SELECT * FROM `by insert`").to_pylist() == by_file
    assert by_file[0]["text 100%"] == "a'b\\c\n"
    assert by_file[1] == {**by_file[1], "x": None, "text 100%": "", "b": b""}


def test_values_that_do_not_fit_are_refused(session: list[str]) -> None:
    run(session, "CREATE TABLE t (a tinyint, b varchar(2))", "INSERT INTO t VALUES (1, 'a')")
    for column, value in (("a", 300), ("b", "abc")):
        with (
            connect(session, url=URL) as database,
            pytest.raises(ProgramError, match=f"'{column}'"),
        ):
            database.write(table("t"), pa.table({column: [value]}).to_reader())
    assert rows(session, "SELECT * FROM t").num_rows == 1


def test_a_file_is_handed_out_only_when_the_program_says_so(
    session: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "data.csv"
    file.write_text("1,one\n2,two\n")
    run(
        session,
        "CREATE TABLE t (a int, b varchar(10))",
        f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE t FIELDS TERMINATED BY ','",
    )
    assert rows(session, "SELECT * FROM t").num_rows == 2
    with connect(session, url=URL) as database:
        assert database._connection._local_infile is False  # type: ignore[attr-defined]


def test_procedures_and_what_has_no_rows(session: list[str]) -> None:
    run(session, "CREATE PROCEDURE p() BEGIN SELECT 1 AS a; SELECT 2 AS b; END")
    with connect(session, url=URL) as database:
        (result,) = database.execute(["CALL p()"], 5)
        assert result is not None
        assert result.rows == [[1]]
        assert database.execute(["SELECT 1 INTO @x", "SELECT @x AS x"], 5)[0] is None
        assert database.execute(["SHOW DATABASES LIKE 'mysql'"], 5)[0] is not None


def test_a_question_mark_is_no_place_for_a_value(session: list[str]) -> None:
    with pytest.raises(ProgramError, match=r"`\?` outside of text"):
        rows(session, "SELECT ? AS a")
    assert rows(session, "SELECT '?' AS a").to_pylist() == [{"a": "?"}]


def test_indexes_grants_views_and_ties_of_a_replaced_table(session: list[str]) -> None:
    run(
        session,
        "CREATE TABLE t (id bigint NULL, KEY by_id (id))",
        "CREATE TABLE log (n int)",
        "INSERT INTO t VALUES (1)",
        "CREATE VIEW v AS SELECT id FROM t",
    )
    with connect(session, url=URL) as database:
        database.replace(table("t"), pa.table({"id": [5, 6]}).to_reader())
        assert database.read("SHOW INDEX FROM t").read_all().num_rows == 1
        assert database.read("SELECT * FROM v").read_all().num_rows == 2
    run(session, "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.id)")
    with connect(session, url=URL) as database:
        database.replace(table("t"), pa.table({"id": [7]}).to_reader())
        assert database.read("SELECT n FROM log").read_all().to_pylist() == [{"n": 7}]
        with pytest.raises(ProgramError, match="triggers or foreign keys"):
            database.replace(table("t"), pa.table({"other": [7]}).to_reader())
        assert database.read("SELECT id FROM t").read_all().to_pylist() == [{"id": 7}]
        assert {d.name[0] for d in database.tables() if len(d.name) == 1} == {"t", "log", "v"}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_rows_that_refer_to_those_of_a_replaced_table_stay(
    session: list[str], elsewhere: bool
) -> None:
    other = f"other_{secrets.token_hex(6)}"
    child = f"{other}.child" if elsewhere else "child"
    rule = "SET NULL" if elsewhere else "CASCADE"
    parent = session[0].removeprefix("USE ")
    run([], f"CREATE DATABASE {other}")
    try:
        run(
            session,
            "CREATE TABLE parent (k BIGINT PRIMARY KEY)",
            "INSERT INTO parent VALUES (1), (2)",
            f"CREATE TABLE {child} (k BIGINT, "
            f"FOREIGN KEY (k) REFERENCES {parent}.parent (k) ON DELETE {rule})",
            f"INSERT INTO {child} VALUES (1), (1)",
        )
        replacement = pa.table({"k": pa.array([1, 3], pa.int64())})
        with (
            connect(session, url=URL) as database,
            pytest.raises(ProgramError, match="child"),
        ):
            database.replace(table("parent"), replacement.to_reader())
        assert rows(session, f"SELECT k FROM {child}")["k"].to_pylist() == [1, 1]
        assert sorted(rows(session, "SELECT k FROM parent")["k"].to_pylist()) == [1, 2]
    finally:
        run([], f"DROP DATABASE {other}")


def test_what_a_killed_step_left_is_removed(session: list[str]) -> None:
    with connect(session, url=URL) as database:
        place = database._place(table("t"))  # type: ignore[attr-defined]
    from sqlflow_runtime.data import _sql

    for purpose in ("new", "old"):
        run(session, f"CREATE TABLE {_sql.staging_name(table(*place), purpose)} (a int)")
    with connect(session, url=URL) as database:
        database.replace(table("t"), pa.table({"id": [7]}).to_reader())
        assert [d.name for d in database.tables() if len(d.name) == 1] == [["t"]]


def test_options_of_the_url() -> None:
    certificate = Path(os.environ["SQLFLOWC_TEST_MARIADB_OPTIONS"]).with_name("certificate.pem")
    for options in (
        f"ssl-ca={certificate}",
        f"ssl-mode=VERIFY_IDENTITY&ssl-ca={certificate}",
        "ssl-mode=disabled&connect-timeout=5",
    ):
        with connect(url=f"{URL}?{options}") as database:
            assert database.read("SELECT 1 AS a").read_all().num_rows == 1
    for options, message in (
        ("ssl-mode=VERIFY_CA", "certificate verify failed"),
        ("ssl-mode=yes", "no ssl-mode"),
        ("ssl-ca=/nowhere", "certificates"),
        ("sslmode=require", "unknown option `sslmode`"),
        ("connect-timeout=x", "no number of seconds"),
    ):
        with pytest.raises(ResourceError, match=message), connect(url=f"{URL}?{options}"):
            pass
