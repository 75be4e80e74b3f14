"""More rows than memory holds: the same results, by way of the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import sqlflow_runtime
from conftest import Said, rows, sql
from sqlflow_runtime import _memory, _scratch
from sqlflow_runtime._errors import ProgramError, ResourceError
from sqlflow_runtime.features._declared import column, every

LARGE = 150_000  # rows: three batches


@pytest.fixture
def table(place: Path) -> Path:
    sql(
        "CREATE SCHEMA s",
        f"""CREATE TABLE s.t AS
            WITH drawn AS (
              SELECT i AS id, (hash(i) % 1000)::INTEGER AS a, (hash(i + 1) % 777)::INTEGER AS b,
                     (hash(i + 2) % 10)::INTEGER AS w, (hash(i + 3) % 3)::INTEGER AS c
              FROM range({LARGE}) AS numbers(i)
            )
            SELECT id, a, b, w, ['red', 'green', 'blue'][c + 1] AS colour,
                   CASE WHEN id % 1000 > 0 THEN ['x', 'y', 'z'][(a + c * 200) // 500 + 1] END
                     AS label,
                   (a / 10.0 + b)::DOUBLE AS number
            FROM drawn""",
    )
    return place


def train(into: str, label: str, select: str, **more: object) -> None:
    sqlflow_runtime.train(
        select=select,
        estimator="xgboost.gbtree",
        features=[every()],
        label=label,
        into=into,
        **{"rounds": 5, **more},  # type: ignore[arg-type]
    )


def predict(model: str, column: str, select: str) -> list[object]:
    sqlflow_runtime.predict(
        select=select, model=model, into=sqlflow_runtime.table("s", model), column=column
    )
    return [found for (found,) in rows(f"SELECT {column} FROM s.{model} ORDER BY id")]


def booster(model: str) -> bytes:
    return Path(f".sqlflow/models/{model}/latest/booster.ubj").read_bytes()


@pytest.mark.parametrize(
    ("label", "columns", "params"),
    [
        ("label", "id, a, b, colour, label", {}),
        ("number", "id, a, b, number", {"max_bin": 64}),
        ("number", "id, a, b, w, number", {"weight_column": "w"}),
        ("number", "id, a, b, number", {"objective": "reg:absoluteerror"}),
        ("number", "id, a, b, number", {"objective": "survival:cox"}),
    ],
)
def test_training_from_the_disk_gives_the_same_model(
    table: Path,
    said: Said,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    columns: str,
    params: dict[str, object],
) -> None:
    select = f"SELECT {columns} FROM s.t"
    validation = {"select": f"{select} WHERE id % 7 = 0"}
    train("memory", label, select, params=params, validation=validation, early_stopping=3)
    assert not any("disk" in message for _, message in said.logs)
    memory_warnings = said.warnings()
    said.logs.clear()

    monkeypatch.setenv(_memory.MEMORY_LIMIT, "2Mi")
    train("disk", label, select, params=params, validation=validation, early_stopping=3)
    assert any("stay on the disk" in message for _, message in said.logs)
    assert said.warnings() == memory_warnings
    assert not list(Path(tempfile.gettempdir()).glob("sqlflow-scratch-*"))

    monkeypatch.delenv(_memory.MEMORY_LIMIT)
    assert predict("memory", label, select) == predict("disk", label, select)


def test_a_small_training_from_the_disk_gives_the_same_bytes(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    select = "SELECT a, b, colour, label FROM s.t WHERE id < 3000"
    train("memory", "label", select)
    monkeypatch.setenv(_memory.MEMORY_LIMIT, "64Ki")
    train("disk", "label", select)
    assert booster("memory") == booster("disk")


@pytest.mark.parametrize("estimator", ["xgboost.gblinear", "sklearn.linear_model.LinearRegression"])
def test_what_cannot_learn_from_the_disk_says_so_before_it_tries(
    table: Path, said: Said, monkeypatch: pytest.MonkeyPatch, estimator: str
) -> None:
    def learn() -> None:
        sqlflow_runtime.train(
            select="SELECT a, b, number FROM s.t",
            estimator=estimator,
            features=[column("a"), column("b")],
            label="number",
            into="m",
        )

    monkeypatch.setenv(_memory.MEMORY_LIMIT, "1Mi")
    with pytest.raises(ResourceError, match=r"features of 150000 rows take 1\.14 MiB .* has 1 MiB"):
        learn()
    monkeypatch.setenv(_memory.MEMORY_LIMIT, "2Mi")
    learn()
    assert any("take about 2.29 MiB of memory" in message for message in said.warnings())


def test_ranking_stays_in_memory(table: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_memory.MEMORY_LIMIT, "4Mi")
    sqlflow_runtime.train(
        select="SELECT a, b, w, id % 1000 AS query FROM s.t",
        estimator="xgboost.XGBRanker",
        params={"group": "query", "n_estimators": 2},
        features=[column("a"), column("b")],
        label="w",
        into="m",
    )
    assert ("info", "ranking wants all rows in memory") in said.logs


def test_an_error_in_a_pass_is_the_step_s_own(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_memory.MEMORY_LIMIT, "2Mi")
    with pytest.raises(ProgramError, match="`w` holds weights that are NULL or negative"):
        train("m", "number", "SELECT a, b, -w AS w, number FROM s.t", params={"weight_column": "w"})


def test_the_limit_is_the_smallest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_memory.MEMORY_LIMIT, raising=False)
    machine = _memory.limit()
    assert machine >= 2**28

    root = tmp_path / "cgroup"
    (root / "pod/step").mkdir(parents=True)
    (root / "memory/job").mkdir(parents=True)
    (root / "pod/memory.max").write_text("3000\n")
    (root / "pod/step/memory.max").write_text("max\n")
    (root / "memory/memory.limit_in_bytes").write_text("5000\n")
    membership = tmp_path / "membership"
    membership.write_text("4:cpu,memory:/job/gone\n3:pids:/job\n0::/pod/step\n")
    assert sorted(_memory._control_group_limits(membership, root)) == [3000, 5000]

    for given, meant in (("512Mi", 2**29), ("1.5G", 1_500_000_000), ("4096", 4096)):
        monkeypatch.setenv(_memory.MEMORY_LIMIT, given)
        assert _memory.limit() == meant
    monkeypatch.setenv(_memory.MEMORY_LIMIT, "8GB")
    with pytest.raises(ResourceError, match="`8GB`, which is no amount of memory; write it as"):
        _memory.limit()


def test_a_killed_step_s_folder_is_removed_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    script = """
import time
from sqlflow_runtime import _scratch
with _scratch.folder() as folder:
    (folder / "page").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    source = str(Path(sqlflow_runtime.__file__).parent.parent)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env={**environment, "PYTHONPATH": source},
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().strip())
        with _scratch.folder() as own:
            assert own.exists()
            assert left.exists(), "its step is at work"
        assert not own.exists()
        other.kill()
    assert left.exists()
    deadline = time.monotonic() + 10
    while left.exists() and time.monotonic() < deadline:
        with _scratch.folder():
            pass
    assert list(tmp_path.iterdir()) == []
