"""Steps that are killed, connections that are cut, servers that go and come back."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from conftest import Said
from sqlflow_runtime import table
from sqlflow_runtime._errors import ProgramError, StepError, TransientError
from sqlflow_runtime.data import BATCH_ROWS, connect

SOURCE = Path(__file__).resolve().parents[2] / "src"
SCRIPT = Path(__file__).resolve().parents[3] / "tests/databases/servers.py"
ROWS = 4 * BATCH_ROWS
KILLS = 6


def _servers() -> Any:
    specification = importlib.util.spec_from_file_location("servers", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["servers"] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def own() -> Iterator[dict[str, Any]]:
    """Servers that a test may stop and start: the others are other tests' too."""
    with _servers().servers() as made:
        yield {server.name: server for server in made}


def url_of(kind: str, own: dict[str, Any], folder: Path) -> str:
    if kind in own:
        variable = f"SQLFLOWC_TEST_{kind.upper()}"
        return str(own[kind].variables()[variable])
    return f"{kind}:///{folder}/db.{kind}"


KINDS = ["duckdb", "sqlite", "postgresql", "mariadb"]
SERVERS = ["postgresql", "mariadb"]

# Writes a table anew, or changes two tables in one step, and says when it begins.
REPLACE = """
import sys
import pyarrow as pa
from sqlflow_runtime import table
from sqlflow_runtime.data import BATCH_ROWS, connect
version, rows = int(sys.argv[1]), int(sys.argv[2])
found = pa.table({"id": range(rows), "version": [version] * rows, "text": ["x" * 20] * rows})
print("begins", flush=True)
with connect() as database:
    database.replace(table("t"), found.to_reader(BATCH_ROWS))
"""
QUERY = """
import sys
import sqlflow_runtime
version = int(sys.argv[1])
print("begins", flush=True)
sqlflow_runtime.query(statements=[
    f"UPDATE t SET version = {version}", f"UPDATE u SET version = {version}"
])
"""


def start(script: str, url: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "SQLFLOW_DATASOURCE": url, "PYTHONPATH": str(SOURCE)}
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


def finish(process: subprocess.Popen[str]) -> int:
    with process:
        return process.wait()


def rows(url: str, select: str) -> list[tuple[Any, ...]]:
    with connect(url=url) as database:
        found = database.read(select).read_all().to_pylist()
    return [tuple(row.values()) for row in found]


def run(url: str, *statements: str) -> None:
    with connect(url=url) as database:
        for statement in statements:
            database.execute([statement], 0)


def random_moments(script: str, url: str, *arguments: object) -> list[float]:
    """Runs a script once as a whole, and returns after how long to kill others like it."""
    process = start(script, url, *arguments)
    began = time.monotonic()
    assert finish(process) == 0
    whole = time.monotonic() - began
    chance = random.Random(url)
    return [chance.uniform(0.0, whole) for _ in range(KILLS)]


def kill(process: subprocess.Popen[str], after: float) -> None:
    time.sleep(after)
    process.kill()
    finish(process)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_replacement_leaves_old_or_new(
    kind: str, own: dict[str, Any], tmp_path: Path
) -> None:
    url = url_of(kind, own, tmp_path)
    version = 0
    for after in random_moments(REPLACE, url, version, ROWS):
        kill(start(REPLACE, url, version + 1, ROWS), after)
        ((low, high, count),) = rows(url, "SELECT MIN(version), MAX(version), COUNT(*) FROM t")
        assert (low, count) == (high, ROWS), "a mixture"
        assert low in (version, version + 1)
        version = low
    assert finish(start(REPLACE, url, version + 1, ROWS)) == 0
    assert rows(url, "SELECT MAX(version), MIN(version) FROM t") == [(version + 1,) * 2]
    with connect(url=url) as database:
        assert [found.name for found in database.tables()] == [["t"]]
        database.execute(["DROP TABLE t"], 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_query_leaves_old_or_new(
    kind: str, own: dict[str, Any], tmp_path: Path, said: Said
) -> None:
    url = url_of(kind, own, tmp_path)
    with connect(url=url) as database:
        for name in ("t", "u"):
            found = pa.table({"version": [0] * ROWS})
            database.replace(table(name), found.to_reader(BATCH_ROWS))
    for number, after in enumerate(random_moments(QUERY, url, 0), 1):
        kill(start(QUERY, url, number), after)
        ranges = {
            rows(url, f"SELECT MIN(version), MAX(version) FROM {name}")[0] for name in ("t", "u")
        }
        assert len(ranges) == 1, "a mixture"
        assert len(set(ranges.pop())) == 1, "a mixture"
    assert finish(start(QUERY, url, 100)) == 0
    assert rows(url, "SELECT MIN(version) FROM t") == [(100,)]
    run(url, "DROP TABLE t", "DROP TABLE u")


def cut(kind: str, url: str) -> None:
    """Cuts all other connections to the database."""
    if kind == "postgresql":
        run(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        return
    found = rows(
        url,
        "SELECT id FROM information_schema.processlist WHERE user = 'sqlflowc' "
        "AND id <> CONNECTION_ID()",
    )
    run(url, *(f"KILL CONNECTION {number}" for (number,) in found))


def numbers(count: int) -> pa.Table:
    return pa.table({"id": range(count), "text": ["x" * 50] * count})


def interrupted(data: pa.Table, action: Callable[[], None]) -> pa.RecordBatchReader:
    """Returns the data's rows; the action happens in the middle of them."""

    def batches() -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(data.to_batches(BATCH_ROWS)):
            if number == 2:
                action()
            yield batch

    return pa.RecordBatchReader.from_batches(data.schema, batches())


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("how", ["cut", "stop", "crash"])
def test_a_lost_connection_is_worth_another_try(
    kind: str, how: str, own: dict[str, Any], tmp_path: Path, said: Said
) -> None:
    url = url_of(kind, own, tmp_path)
    server = own[kind]

    def lose() -> None:
        if how == "cut":
            cut(kind, url)
        elif how == "stop":
            # PostgreSQL waits for its clients unless it is told not to.
            server.restart(signal.SIGINT if kind == "postgresql" else signal.SIGTERM)
        else:
            # PostgreSQL's processes do not notice at once that the first of them was killed, and a
            # new server does not start before; SIGQUIT ends them all on the spot.
            server.restart(signal.SIGQUIT if kind == "postgresql" else signal.SIGKILL)

    old = numbers(8 * BATCH_ROWS)
    with connect(url=url) as database:
        database.replace(table("t"), old.to_reader(BATCH_ROWS))

    # Between two statements.
    with connect(url=url) as database:
        lose()
        with pytest.raises(TransientError):
            database.execute(["SELECT 1"], 1)
    # While rows come in.
    with connect(url=url) as database:
        reader = database.read("SELECT * FROM t")
        reader.read_next_batch()
        lose()
        with pytest.raises(TransientError):
            reader.read_all()
    # While rows go out.
    new = numbers(6 * BATCH_ROWS)
    for method in ("replace", "write"):
        with connect(url=url) as database, pytest.raises(TransientError):
            getattr(database, method)(table("t"), interrupted(new, lose))
        assert rows(url, "SELECT COUNT(*), MAX(id) FROM t") == [(old.num_rows, old.num_rows - 1)]
    # Another try.
    with connect(url=url) as database:
        database.replace(table("t"), new.to_reader(BATCH_ROWS))
        assert [found.name for found in database.tables()] == [["t"]]
    assert rows(url, "SELECT COUNT(*) FROM t") == [(new.num_rows,)]
    run(url, "DROP TABLE t")


@pytest.mark.parametrize("kind", SERVERS)
def test_the_exit_status_says_whether_to_try_again(
    kind: str, own: dict[str, Any], tmp_path: Path
) -> None:
    step = (
        "import sqlflow_runtime\n"
        "print('begins', flush=True)\n"
        "def step():\n"
        "    sqlflow_runtime.query(statements=['SELECT * FROM nowhere'])\n"
        "sqlflow_runtime.run_step(step, name='step', contract=1)\n"
    )
    url = url_of(kind, own, tmp_path)
    server = own[kind]
    assert finish(start(step, url)) == 1
    assert finish(start(step, url.replace("sqlflowc:", "nobody:"))) == 3
    assert finish(start(step, f"{url}_missing")) == 3
    server.stop()
    try:
        assert finish(start(step, url)) == 75
    finally:
        server.start()
    assert finish(start(step, url)) == 1


@pytest.mark.parametrize("kind", [*SERVERS, "sqlite"])
def test_a_table_is_dropped_under_its_reader(
    kind: str, own: dict[str, Any], tmp_path: Path, said: Said
) -> None:
    """Either the reader or who drops has to wait; nobody sees half a table."""
    url = url_of(kind, own, tmp_path)
    impatient = {
        "postgresql": ["SET lock_timeout = 300"],
        "mariadb": ["SET SESSION lock_wait_timeout = 1"],
        "sqlite": [],
    }[kind]
    old = numbers(8 * BATCH_ROWS)
    with connect(url=url) as database:
        database.replace(table("t"), old.to_reader(BATCH_ROWS))
    with connect(url=url) as database:
        reader = database.read("SELECT * FROM t")
        count = reader.read_next_batch().num_rows
        other = f"{url}?lock_timeout=0.3" if kind == "sqlite" else url
        with pytest.raises(TransientError), connect(impatient, url=other) as second:
            second.execute(["DROP TABLE t"], 0)
        assert count + sum(batch.num_rows for batch in reader) == old.num_rows
    run(url, "DROP TABLE t")
    with connect(url=url) as database, pytest.raises(ProgramError):
        database.read("SELECT * FROM t")


@pytest.mark.parametrize("kind", SERVERS)
def test_two_steps_that_replace_one_table(
    kind: str, own: dict[str, Any], tmp_path: Path, said: Said
) -> None:
    url = url_of(kind, own, tmp_path)
    both = [start(REPLACE, url, version, ROWS) for version in (1, 2)]
    ends = [finish(process) for process in both]
    assert 0 in ends
    ((low, high, count),) = rows(url, "SELECT MIN(version), MAX(version), COUNT(*) FROM t")
    assert (low, count) == (high, ROWS)
    with connect(url=url) as database:
        assert [found.name for found in database.tables()] == [["t"]]
    run(url, "DROP TABLE t")


def test_a_full_disk_is_no_fault_of_the_program(tmp_path: Path, said: Said) -> None:
    """SQLite by its own limit; DuckDB's is in `test_data.py`, servers have disks of their own."""
    url = f"sqlite:///{tmp_path}/db.sqlite"
    run(url, "CREATE TABLE t (id INTEGER)")
    with (
        connect(["PRAGMA max_page_count = 50"], url=url) as database,
        pytest.raises(StepError) as raised,
    ):
        database.replace(table("t"), numbers(BATCH_ROWS).to_reader())
    assert raised.value.exit_status == 3
    assert rows(url, "SELECT COUNT(*) FROM t") == [(0,)]
