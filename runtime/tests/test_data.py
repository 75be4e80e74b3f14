"""The DuckDB driver: types both ways, errors, locks, and what a killed process leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from conftest import Said, rows, sql, types
from sqlflow_runtime import query, table
from sqlflow_runtime._errors import ProgramError, ResourceError, StepError, TransientError
from sqlflow_runtime.data import BATCH_ROWS, _duckdb, connect, spool

SOURCE = Path(__file__).parent.parent / "src"

EVERY_TYPE = """
    SELECT 1::TINYINT AS tiny, 2::UBIGINT AS ubig, 3::HUGEINT AS huge, 1.5::FLOAT AS real,
        'NaN'::DOUBLE AS nan, 12.30::DECIMAL(10,2) AS exact, TRUE AS truth, 'é''"' AS text,
        'x\\x00'::BLOB AS bytes, DATE '2026-02-28' AS day, TIME '01:02:03.000004' AS clock,
        '01:02:03+05'::TIMETZ AS clock_zone, TIMESTAMP '2026-01-01 00:00:00.000001' AS stamp,
        TIMESTAMP_NS '2026-01-01 00:00:00.000000001' AS stamp_ns,
        TIMESTAMPTZ '2026-01-01 00:00:00+03' AS stamp_zone, INTERVAL 14 MONTHS AS span,
        [1, NULL] AS list, ['a'] AS words, [1, 2]::INTEGER[2] AS fixed,
        {'a': 1, 'b': ['x']} AS struct, MAP {'k': 1} AS map,
        'a'::ENUM('b', 'a') AS enum, 'b6f6918c-f72e-4cd3-bc2e-4ce6539d62e3'::UUID AS uuid,
        '101'::BIT AS bits, 123456789012345678901234567890::BIGNUM AS big, '{}'::JSON AS json,
        [uuid] AS uuids
"""


def test_every_type_comes_back_as_it_was(place: Path) -> None:
    sql(f"CREATE TABLE original AS {EVERY_TYPE}", "INSERT INTO original (tiny) VALUES (NULL)")
    with connect() as database:
        copy = spool(database.read("SELECT * FROM original"))
        count = database.replace(
            table("copy"), pa.RecordBatchReader.from_batches(copy.schema, copy.batches())
        )
    assert count == 2
    assert types("copy") == types("original")
    assert rows("SELECT count(*) FROM (FROM original EXCEPT ALL FROM copy)") == [(0,)]


def test_tables_and_views_are_described_in_order(place: Path) -> None:
    sql(
        "CREATE SCHEMA s",
        """CREATE TABLE s.b (z DECIMAL(10, 2), "a b" TIMESTAMPTZ[])""",
        "CREATE TABLE base (x INTEGER)",
        "CREATE VIEW wide AS FROM base",
        "CREATE OR REPLACE TABLE base (x INTEGER, y VARCHAR)",
        "CREATE TABLE gone (x INTEGER)",
        "CREATE VIEW broken AS FROM gone",
        "DROP TABLE gone",
        "CREATE TABLE none_of_it AS SELECT 1 AS one",
    )
    with connect() as database:
        found = [(t.name, [(c.name, c.type) for c in t.columns]) for t in database.tables()]
    assert found == [
        (["base"], [("x", "INTEGER"), ("y", "VARCHAR")]),
        (["none_of_it"], [("one", "INTEGER")]),
        (["wide"], [("x", "INTEGER"), ("y", "VARCHAR")]),
        (["s", "b"], [("z", "DECIMAL(10,2)"), ("a b", "TIMESTAMP WITH TIME ZONE[]")]),
    ]


def test_every_type_can_be_shown(place: Path, said: Said) -> None:
    sql(f"CREATE TABLE wide AS {EVERY_TYPE}", "SELECT *, [stamp_ns] AS stamps FROM wide")
    (shown,) = said.tables[0]["rows"]
    found = dict(zip(said.tables[0]["columns"], shown, strict=True))
    assert found["stamp_ns"] == "2026-01-01 00:00:00.000000001"
    assert found["clock_zone"] == "01:02:03+05"
    assert found["bits"] == "101"
    assert found["big"] == "123456789012345678901234567890"


def test_batches_are_long_and_the_spool_is_read_again_and_again(place: Path) -> None:
    with connect() as database:
        copy = spool(database.read("SELECT * FROM range(200000)"))
    for _ in range(2):
        assert [batch.num_rows for batch in copy.batches()] == [BATCH_ROWS] * 3 + [3392]
    assert copy.rows == 200_000


def test_describe_runs_nothing(place: Path) -> None:
    with connect() as database:
        schema = database.describe("SELECT error('run') AS a, 1::BIT AS b, NULL AS c FROM range(1)")
    assert schema.names == ["a", "b", "c"]


def test_a_query_is_read_once(place: Path) -> None:
    sql("CREATE SEQUENCE s")
    assert rows("SELECT nextval('s')") == [(1,)]
    assert rows("SELECT nextval('s')") == [(2,)]


def test_write_appends_by_name(place: Path) -> None:
    sql("CREATE TABLE t (a INTEGER, b VARCHAR)", "INSERT INTO t VALUES (1, 'x')")
    batch = pa.record_batch({"b": ["y"], "a": [2]})
    with connect() as database:
        reader = pa.RecordBatchReader.from_batches(batch.schema, [batch])
        assert database.write(table("t"), reader) == 1
    assert rows("FROM t ORDER BY a") == [(1, "x"), (2, "y")]


def test_identifiers_are_quoted(place: Path) -> None:
    sql('CREATE SCHEMA "sel""ect"')
    name = table('sel"ect', "a b; DROP TABLE x")
    batch = pa.record_batch({'c"d': [1], "group": [2]})
    with connect() as database:
        assert not database.table_exists(name)
        database.replace(name, pa.RecordBatchReader.from_batches(batch.schema, [batch]))
        assert database.table_exists(name)
        assert database.read(f'FROM "sel""ect"."{name.parts[1]}"').schema.names == ['c"d', "group"]


def test_a_query_step_shows_rows_and_runs_all_or_nothing(place: Path, said: Said) -> None:
    sql("CREATE TABLE t AS FROM range(25)", "INSERT INTO t VALUES (99)", "FROM t", "DELETE FROM t")
    assert len(said.tables) == 1
    assert said.tables[0]["row_count"] == 26
    assert said.tables[0]["rows"] == [[number] for number in range(10)]
    with pytest.raises(ProgramError):
        sql("CREATE TABLE u AS SELECT 1", "SELECT * FROM missing")
    with pytest.raises(ProgramError, match="Table with name u does not exist"):
        sql("FROM u")


def test_a_step_may_manage_its_own_transaction(place: Path) -> None:
    sql("BEGIN", "CREATE TABLE t AS SELECT 1 AS a", "COMMIT")
    assert rows("FROM t") == [(1,)]
    with pytest.raises(ProgramError, match="the transaction is still open"):
        sql("BEGIN", "DROP TABLE t")
    assert rows("FROM t") == [(1,)]


def test_changes_show_no_rows_but_returning_does(place: Path, said: Said) -> None:
    sql("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)", "UPDATE t SET a = 2 RETURNING a")
    assert [shown["rows"] for shown in said.tables] == [[[2]]]


def test_session_statements_hold_for_the_step(place: Path, said: Said) -> None:
    sql("CREATE SCHEMA s", "CREATE TABLE s.t AS SELECT 7 AS a")
    query(statements=["FROM t"], session=["USE s"])
    assert said.tables[-1]["rows"] == [[7]]


def test_files_are_found_in_the_working_directory_first(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, more = tmp_path / "program", tmp_path / "more"
    for folder in (program, more):
        folder.mkdir()
    (program / "a.csv").write_text("x\n1\n")
    (more / "a.csv").write_text("x\n2\n")
    (more / "b.csv").write_text("x\n3\n")
    monkeypatch.setenv("SQLFLOW_FILES", f"{program}{os.pathsep}{more}")
    assert rows("FROM 'a.csv'") == [(1,)]
    assert rows("FROM read_csv('b.csv')") == [(3,)]
    (place / "a.csv").write_text("x\n0\n")
    assert rows("FROM 'a.csv'") == [(0,)]
    with pytest.raises(ProgramError, match=r"No files found .* the folders in SQLFLOW_FILES"):
        rows("FROM 'c.csv'")


def test_folders_that_overlap_are_looked_at_as_one(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, folder in enumerate(("one", "two")):
        (tmp_path / folder / "data").mkdir(parents=True)
        (tmp_path / folder / "data" / f"{folder}.csv").write_text(f"x\n{number}\n")
        (tmp_path / folder / "data" / "both.csv").write_text(f"x\n{number + 10}\n")
    monkeypatch.setenv("SQLFLOW_FILES", f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}")
    assert rows("FROM 'data/two.csv'") == [(1,)]
    assert rows("FROM 'data/both.csv'") == [(10,)]
    assert sorted(rows("FROM 'data/*.csv'")) == [(0,), (1,), (10,)]
    (place / "data").mkdir()
    (place / "data" / "own.csv").write_text("x\n5\n")
    assert sorted(rows("FROM 'data/*.csv'")) == [(0,), (1,), (5,), (10,)]
    sql("COPY (SELECT 9 AS x) TO 'written.csv'")
    assert (place / "written.csv").exists()


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("SELECT * FROM nope", ProgramError, "Table with name nope does not exist"),
        ("SELECT nope FROM t", ProgramError, 'Referenced column "nope" not found'),
        ("SELEC 1", ProgramError, 'syntax error at or near "SELEC"'),
        ("SELECT 'a'::INTEGER", ProgramError, "Could not convert string 'a'"),
        ("SELECT error('late')", ProgramError, "late"),
        ("SELECT * FROM s.t", ProgramError, "make it first: CREATE SCHEMA s"),
        ("FROM 'https://host/a.csv'", ProgramError, "extensions are not fetched"),
        ("INSERT INTO t VALUES (1, 2)", ProgramError, "values were supplied"),
    ],
)
def test_errors_say_what_is_wrong_in_one_line(
    place: Path, statement: str, error: type[StepError], message: str
) -> None:
    sql("CREATE TABLE t (a INTEGER)")
    with pytest.raises(error) as caught:
        sql(statement)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "LINE 1" not in str(caught.value)


def test_an_error_in_the_middle_of_a_read_is_the_programs(place: Path) -> None:
    broken = "SELECT CASE WHEN range = 150000 THEN 'x' ELSE '1' END::INTEGER FROM range(200000)"
    with connect() as database, pytest.raises(ProgramError, match="Could not convert string 'x'"):
        spool(database.read(broken))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("elsewhere://u:secret@h/d", "no database driver for `elsewhere`"),
        ("database.duckdb", "no database driver for a URL without a scheme"),
        ("duckdb://database", "write duckdb:///PATH"),
        ("duckdb:///:memory:", "no database file that steps can share"),
        ("duckdb:///d?lock_timout=1", "unknown option `lock_timout`"),
        ("duckdb:////no/where/d", "the database's folder `/no/where` does not exist; create it"),
        ("duckdb:///no/where/d", "mind the slashes: `duckdb:////absolute/path`"),
        ("duckdb:///.sqlflow/more/d", ".sqlflow/more` does not exist"),
        ("duckdb:///text", "not a valid DuckDB database file"),
    ],
)
def test_a_database_that_cannot_be_opened(
    place: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    (place / "text").write_text("no database" * 1000)
    monkeypatch.setenv("SQLFLOW_DATASOURCE", url)
    with pytest.raises(ResourceError) as caught:
        sql("SELECT 1")
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_only_the_default_databases_folder_is_made(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("duckdb:///missing/d", f"duckdb:///{place}/missing/d"):
        monkeypatch.setenv("SQLFLOW_DATASOURCE", url)
        with pytest.raises(ResourceError, match="does not exist"):
            sql("SELECT 1")
    assert list(place.iterdir()) == []
    (place / "made").mkdir()
    for url in ("duckdb:///made/d", f"duckdb:///{place}/.sqlflow/d", "duckdb:///d"):
        monkeypatch.setenv("SQLFLOW_DATASOURCE", url)
        sql("SELECT 1")
    assert sorted(path.name for path in place.rglob("d")) == ["d", "d", "d"]


def test_a_session_statement_that_fails_is_named(place: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        query(statements=["SELECT 1"], session=["SET threads = 2", "USE\n  nosuch"])
    assert caught.value.message.startswith("in `USE nosuch`: SET schema: No catalog")
    with pytest.raises(ProgramError) as caught:
        query(statements=["SELECT 1"], session=["SET threads = 'x" + "x" * 500 + "'"])
    assert len(caught.value.message.partition("`: ")[0]) == len("in `") + 100


def python(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    )


HOLD = """
    import duckdb, sys, time
    connection = duckdb.connect(sys.argv[1])
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_a_lock_is_waited_for_and_named_when_it_stays(
    place: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    sql("CREATE TABLE t AS SELECT 1 AS a")
    database = place / ".sqlflow" / "database.duckdb"
    with python(HOLD, str(database), "1") as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert rows("FROM t") == [(1,)]
    with python(HOLD, str(database), "60") as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        monkeypatch.setenv(
            "SQLFLOW_DATASOURCE", "duckdb:///.sqlflow/database.duckdb?lock_timeout=0.2"
        )
        monkeypatch.setattr(_duckdb, "LOCK_NOTICE_SECONDS", 0.05)
        with pytest.raises(TransientError, match=rf"locked by .* \(process {holder.pid}\)"):
            rows("FROM t")
        (notice,) = said.warnings()
        assert notice.startswith("waiting for the database: it is locked by ")
        assert notice.endswith(f"(process {holder.pid})")
        holder.kill()
    assert rows("FROM t") == [(1,)]


WRITER = """
    import sys
    from sqlflow_runtime import query
    number = int(sys.argv[1])
    query(statements=[f"CREATE TABLE t{number} AS SELECT {number} AS a FROM range(1000)"])
    for _ in range(5):
        query(statements=[f"INSERT INTO shared VALUES ({number})"])
"""


def test_writers_side_by_side_all_get_their_turn(place: Path) -> None:
    sql("CREATE TABLE shared (a INTEGER)")
    writers = [python(WRITER, str(number)) for number in range(4)]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    assert rows("SELECT a, count(*) FROM shared GROUP BY a ORDER BY a") == [
        (number, 5) for number in range(4)
    ]


REPLACE = """
    import sys
    import pyarrow as pa
    from sqlflow_runtime import table
    from sqlflow_runtime.data import connect

    def batches():
        for number in range(1_000_000):
            if number == 20:
                print("writing", flush=True)
            yield pa.record_batch({"a": pa.array(range(65536))})

    schema = pa.schema([("a", pa.int64())])
    with connect() as database:
        database.replace(table("t"), pa.RecordBatchReader.from_batches(schema, batches()))
"""


def test_a_process_killed_while_it_replaces_leaves_the_old_table(place: Path) -> None:
    sql("CREATE TABLE t AS SELECT 'old' AS a")
    with python(REPLACE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        time.sleep(0.1)
        writer.send_signal(signal.SIGKILL)
    assert rows("FROM t") == [("old",)]
    # Nor does a later step find anything in the way.
    sql("CREATE OR REPLACE TABLE t AS SELECT 'new' AS a")
    assert rows("FROM t") == [("new",)]
    assert rows("SELECT count(*) FROM duckdb_tables()") == [(1,)]


ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 1"


@pytest.mark.parametrize("statement", [ENDLESS, f"CREATE TABLE t AS {ENDLESS}"])
@pytest.mark.parametrize(
    ("number", "raised"), [("SIGINT", KeyboardInterrupt), ("SIGTERM", SystemExit)]
)
def test_a_signal_ends_a_query(
    place: Path, statement: str, number: str, raised: type[BaseException]
) -> None:
    def stop(*_: object) -> None:
        raise raised

    sent = signal.Signals[number]
    before = signal.signal(sent, stop)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), sent))
    timer.start()
    started = time.monotonic()
    try:
        with pytest.raises(raised):
            sql(statement)
    finally:
        timer.join()
        signal.signal(sent, before)
    assert time.monotonic() - started < 10
    assert rows("SELECT count(*) FROM duckdb_tables()") == [(0,)]


def test_a_failure_while_rows_arrive_leaves_the_old_table(place: Path) -> None:
    sql("CREATE TABLE t AS SELECT 'old' AS a")
    schema = pa.schema([pa.field("a", pa.string(), metadata={"duckdb.type": "INTEGER"})])
    parts = [pa.record_batch([pa.array([text])], schema=schema) for text in ("1", "x")]
    with connect() as database, pytest.raises(ProgramError, match="Could not convert string 'x'"):
        database.replace(table("t"), pa.RecordBatchReader.from_batches(schema, parts))
    assert rows("FROM t") == [("old",)]


def test_a_spool_that_does_not_fit_on_the_disk_is_a_resource_error(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", "/dev/full/nowhere")
    with connect() as database, pytest.raises(ResourceError, match="could not keep the query's"):
        spool(database.read("SELECT 1"))
