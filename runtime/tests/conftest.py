"""A working directory, a database and a model store of its own for each test, and what it said."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Steps run side by side on few cores; OpenMP reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell starts background jobs with Ctrl-C ignored, and `nohup` with the hang-up; what ignores
# them hands that on to the processes it starts. Tests interrupt theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

import pytest

import sqlflow_runtime
from sqlflow_runtime import _events

# Needs database servers: `cargo test --test databases` starts some.
collect_ignore = [] if "SQLFLOWC_TEST_POSTGRESQL" in os.environ else ["databases"]


@dataclass
class Said:
    """The events of a test, by kind."""

    logs: list[tuple[str, str]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[tuple[str, str, int | None]] = field(default_factory=list)
    progress: list[tuple[int, int | None, str, dict[str, object]]] = field(default_factory=list)

    def warnings(self) -> list[str]:
        return [message for level, message in self.logs if level == "warning"]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    heard = Said()

    def log(level: str, message: str) -> None:
        heard.logs.append((level, message))

    def table(
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        row_count: int,
        *,
        cell_characters: int = 0,
    ) -> None:
        shown = [list(row) for row in rows]
        heard.tables.append(
            {"title": title, "columns": list(columns), "rows": shown, "row_count": row_count}
        )

    def output(kind: str, name: str, location: str, rows: int | None = None) -> None:
        heard.outputs.append((kind, name, rows))

    def progress(
        done: int, total: int | None, unit: str, metrics: Mapping[str, object] | None = None
    ) -> None:
        heard.progress.append((done, total, unit, dict(metrics or {})))

    for function in (log, table, output, progress):
        monkeypatch.setattr(_events, function.__name__, function)
    return heard


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said) -> Path:
    """An empty working directory, where the step's defaults put everything."""
    monkeypatch.chdir(tmp_path)
    for name in ("SQLFLOW_DATASOURCE", "SQLFLOW_MODEL_STORE", "SQLFLOW_FILES"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def sql(*statements: str) -> None:
    sqlflow_runtime.query(statements=list(statements))


def rows(select: str) -> list[tuple[Any, ...]]:
    from sqlflow_runtime.data import connect

    with connect() as database:
        batches = [batch.to_pylist() for batch in database.read(select)]
    return [tuple(row.values()) for batch in batches for row in batch]


def types(table: str) -> dict[str, str]:
    return {name: str(kind) for name, kind, *_ in rows(f"DESCRIBE {table}")}


@pytest.fixture
def iris(place: Path) -> Path:
    """The iris data in iris.train (120 rows) and iris.test (30 rows), classes as text."""
    import csv

    from sklearn.datasets import load_iris

    data = load_iris()
    with (place / "iris.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["id", "sepal_length", "sepal_width", "petal_length", "petal_width", "class"]
        )
        for number, (features, target) in enumerate(zip(data.data, data.target, strict=True)):
            writer.writerow([number, *features, data.target_names[target]])
    sql(
        "CREATE SCHEMA iris",
        "CREATE TABLE iris.train AS SELECT * FROM 'iris.csv' WHERE id % 5 <> 0",
        "CREATE TABLE iris.test AS SELECT * FROM 'iris.csv' WHERE id % 5 = 0",
    )
    return place


@pytest.fixture
def diabetes(place: Path) -> Path:
    """The diabetes data in diabetes.train (353 rows) and diabetes.test (89 rows)."""
    import csv

    from sklearn.datasets import load_diabetes

    data = load_diabetes()
    with (place / "diabetes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *data.feature_names, "progression"])
        for number, (features, target) in enumerate(zip(data.data, data.target, strict=True)):
            writer.writerow([number, *features, target])
    sql(
        "CREATE SCHEMA diabetes",
        "CREATE TABLE diabetes.train AS SELECT * FROM 'diabetes.csv' WHERE id % 5 <> 0",
        "CREATE TABLE diabetes.test AS SELECT * FROM 'diabetes.csv' WHERE id % 5 = 0",
    )
    return place
