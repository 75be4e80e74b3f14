"""TO RUN: real programs, from the PATH and as modules."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from conftest import Said
from sqlflow_runtime import run, table
from sqlflow_runtime._errors import ProgramError, TransientError

SELECT = "SELECT 'it''s {{x}} $(y)' AS a\nFROM t -- done"
MAKES_A_TABLE = """
import duckdb, json, os, sys
from pathlib import Path

told = {name: os.environ[name] for name in os.environ if name.startswith("SQLFLOW_")}
Path("said.json").write_text(json.dumps(told | {"argv": sys.argv[1:]}))
file = os.environ["SQLFLOW_DATASOURCE"].removeprefix("duckdb:///")
Path(file).parent.mkdir(exist_ok=True)
table = told["SQLFLOW_TO_RUN_INTO"].split(",")[0]
with duckdb.connect(file) as database:
    database.execute(f"CREATE TABLE {table} AS SELECT 1 AS x")
"""


@pytest.fixture
def module(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (place / "cleaning").mkdir()
    (place / "cleaning" / "__init__.py").write_text("")
    file = place / "cleaning" / "rows.py"
    monkeypatch.setenv("PYTHONPATH", str(place))
    monkeypatch.syspath_prepend(str(place))
    return file


def test_a_program_finds_the_query_and_the_names_of_its_tables(module: Path, said: Said) -> None:
    module.write_text(MAKES_A_TABLE)
    run(
        select=SELECT,
        image="registry.example.com/team/clean:v1",
        command=[sys.executable, "-m", "cleaning.rows", "--fast", "a b"],
        into=[table("cleaned")],
        session=["USE main", "SET threads = 2"],
    )
    told = json.loads(Path("said.json").read_text())
    assert told["SQLFLOW_TO_RUN_SELECT"] == SELECT
    assert told["SQLFLOW_TO_RUN_INTO"] == "cleaned"
    assert told["SQLFLOW_TO_RUN_IMAGE"] == "registry.example.com/team/clean:v1"
    assert told["SQLFLOW_TO_RUN_SESSION"] == "USE main;\nSET threads = 2"
    assert told["SQLFLOW_DATASOURCE"] == "duckdb:///.sqlflow/database.duckdb"
    assert told["argv"] == ["--fast", "a b"]
    assert said.outputs == [("table", "cleaned", None)]


def test_a_module_is_run_by_its_name(module: Path) -> None:
    module.write_text("from pathlib import Path\nPath('ran').touch()")
    run(select="SELECT 1", image="clean", command=["cleaning.rows"])
    assert Path("ran").exists()


def test_a_table_that_is_not_made_is_missed(module: Path) -> None:
    module.write_text("")
    with pytest.raises(ProgramError, match="made no table `cleaned`"):
        run(select="SELECT 1", image="clean", command=["cleaning.rows"], into=[table("cleaned")])


@pytest.mark.parametrize("name", ["no-such-program", "no.such.module", "../x", "cleaning.missing"])
def test_a_program_that_is_not_here(module: Path, name: str) -> None:
    with pytest.raises(ProgramError, match="no program and no Python module"):
        run(select="SELECT 1", image="clean:v1", command=[name])


def test_how_a_program_ends_is_how_the_step_ends(module: Path) -> None:
    module.write_text("import sys; sys.exit(int(sys.argv[1]))")
    with pytest.raises(ProgramError, match="exit status 3"):
        run(select="SELECT 1", image="clean", command=["cleaning.rows", "3"])
    with pytest.raises(TransientError, match="tried again"):
        run(select="SELECT 1", image="clean", command=["cleaning.rows", "75"])
    module.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(ProgramError, match="ended by SIGKILL"):
        run(select="SELECT 1", image="clean", command=["cleaning.rows"])


def test_a_file_that_cannot_be_started(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = place / "broken"
    file.write_text("#!/no/such/interpreter\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Exception, match="could not start `broken`"):
        run(select="SELECT 1", image="clean", command=["broken"])
