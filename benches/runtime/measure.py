"""Measures the steps of the runtime beside the row-by-row way, in one run, and prints a table.

Each round runs all ways of a case one after the other, so that they share the machine's moods; a
figure is the median of the rounds, a ratio the median of the rounds' ratios. The row-by-row way
gets fewer rows, for its time is in proportion to them: what counts is rows per second.
"""

from __future__ import annotations

import os

# As in a step: OpenMP reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import row_path
import xgboost as xgb

import sqlflow_runtime as step
from sqlflow_runtime import _events, _model
from sqlflow_runtime._contract import DATASOURCE
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import connect, spool
from sqlflow_runtime.features import _declared
from sqlflow_runtime.features._fit import fit
from sqlflow_runtime.features._values import Tally

REALS, INTEGERS = 15, 5
NAMES = [f"r{number}" for number in range(REALS)] + [f"i{number}" for number in range(INTEGERS)]
SELECT = "SELECT * FROM bench"
PARAMS = {"objective": "multi:softprob", "num_class": 3}
ROUNDS = 10
SMALL_ROWS = 2_000  # for ways that do hundreds of rows a second
STEPS = 16

Run = Callable[[], None]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--compiler", type=Path, required=True, help="the built sqlflowc")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--row-path-rows", type=int, default=50_000)
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--predict-large", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    arguments = parser.parse_args()
    _events.log = _events.table = _events.output = _events.progress = _silent
    if arguments.predict_large:
        predict_bench("bench", "out")
        sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}\n")
        return 0
    unknown = [case for case in arguments.cases if case not in CASES]
    if unknown:
        parser.error(f"no case {unknown[0]}")
    sys.stdout.write(
        "| case | the steps | beside it | ratio | ratio of cpu | goal |\n"
        "|---|---|---|---|---|---|\n"
    )
    with tempfile.TemporaryDirectory(prefix="sqlflow-bench-") as folder:
        os.chdir(folder)
        for case in arguments.cases or CASES:
            CASES[case](arguments)
    return 0


def _silent(*_: object, **__: object) -> None:
    pass


def databases() -> dict[str, str]:
    found = {"DuckDB": "duckdb:///bench.duckdb"}
    for name, variable in (
        ("PostgreSQL", "SQLFLOWC_TEST_POSTGRESQL"),
        ("MariaDB", "SQLFLOWC_TEST_MARIADB"),
    ):
        if variable in os.environ:
            found[name] = os.environ[variable]
    return found


def make_data(rows: int) -> None:
    """Makes the table `bench` in all databases, unless it is there with as many rows."""
    for url in databases().values():
        with connect(url=url) as database:
            if database.table_exists(Table(("bench",))):
                counted = database.execute(["SELECT COUNT(*) FROM bench"], 1)[0]
                if counted is not None and counted.rows[0][0] == rows:
                    continue
            with duckdb.connect() as source:
                batches = source.sql(data(rows)).to_arrow_reader(65_536)
                database.replace(Table(("bench",)), batches)


def data(rows: int) -> str:
    reals = [f"(hash(i * 37 + {place}) / 18446744073709551616)::FLOAT AS r{place}"
             for place in range(REALS)]  # fmt: skip
    integers = [f"(hash(i * 41 + {place}) % 1000)::INTEGER AS i{place}"
                for place in range(INTEGERS)]  # fmt: skip
    return (
        f"SELECT *, LEAST(2, (r0 + r1 + i0 / 1000) ::INTEGER) AS label FROM "
        f"(SELECT i AS id, {', '.join([*reals, *integers])} FROM range({rows}) AS numbers(i))"
    )


@dataclass
class Seconds:
    """What one way took in each round: on the clock, and of all this process's threads."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure(repeat: int, *ways: Run) -> list[Seconds]:
    found = [Seconds() for _ in ways]
    for _ in range(repeat):
        for way, seconds in zip(ways, found, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            way()
            seconds.wall.append(time.perf_counter() - wall)
            seconds.cpu.append(time.process_time() - cpu)
    return found


def report(case: str, ours: str, other: str, ratios: tuple[str, str], goal: str) -> None:
    sys.stdout.write(f"| {case} | {ours} | {other} | {' | '.join(ratios)} | {goal} |\n")
    sys.stdout.flush()


def rate(rows: int, seconds: Seconds) -> str:
    return f"{rows / statistics.median(seconds.wall):,.0f} rows/s"


def rates(rows: int, seconds: Seconds) -> str:
    """Returns rows a second and, for what happens in this process, rows a second of one core."""
    return f"{rate(rows, seconds)} ({rows / statistics.median(seconds.cpu):,.0f} a core)"


def faster(ours: Seconds, rows: int, other: Seconds, other_rows: int) -> tuple[str, str]:
    """Returns how many times as many rows a second, the median of the rounds, by wall and cpu."""
    share = rows / other_rows
    return _ratios(other, ours, share)


def longer(ours: Seconds, other: Seconds) -> tuple[str, str]:
    return _ratios(ours, other, 1.0)


def _ratios(above: Seconds, below: Seconds, share: float) -> tuple[str, str]:
    wall = statistics.median(a / b * share for a, b in zip(above.wall, below.wall, strict=True))
    cpu = statistics.median(a / b * share for a, b in zip(above.cpu, below.cpu, strict=True))
    return f"{wall:.3g}", f"{cpu:.3g}"


def seconds(found: Seconds) -> str:
    return f"{statistics.median(found.wall):.2f} s"


def all_features(rows: Any) -> Any:
    return fit([_declared.column(name) for name in NAMES], rows, {"label", "id"})


def train_bench(into: str = "model") -> None:
    step.train(
        select=SELECT,
        estimator="xgboost.gbtree",
        params=PARAMS,
        rounds=ROUNDS,
        features=[_declared.column(name) for name in NAMES],
        label="label",
        into=into,
    )


def predict_bench(source: str, into: str) -> None:
    step.predict(
        select=f"SELECT * FROM {source}", model="model", into=step.table(into), column="predicted"
    )


def read(arguments: Any) -> None:
    make_data(arguments.rows)
    few = arguments.row_path_rows
    for name, url in databases().items():
        with connect(url=url) as database:
            sample = spool(database.read(f"{SELECT} LIMIT 10"))
        features = all_features(sample)

        def ours(url: str = url, features: Any = features) -> None:
            with connect(url=url) as database:
                rows = spool(database.read(SELECT))
            features.encode_all(rows, "", Tally())

        def by_row(url: str = url) -> None:
            row_path.read(url, f"{SELECT} LIMIT {few}", Path("rows.libsvm"))

        a, b = measure(arguments.repeat, ours, by_row)
        report(
            f"read to float32, {name}",
            rate(arguments.rows, a),
            rate(few, b),
            faster(a, arguments.rows, b, few),
            "≥ 25" if name == "DuckDB" else "≥ 8",
        )


def matrix() -> tuple[Any, Any]:
    with duckdb.connect() as source:
        columns = source.sql(SELECT.replace("bench", "'bench.parquet'")).fetchnumpy()
    features = np.column_stack([columns[name].astype(np.float32) for name in NAMES])
    return features, columns["label"].astype(np.float32)


def train(arguments: Any) -> None:
    make_data(arguments.rows)
    with duckdb.connect("bench.duckdb") as source:
        source.execute("COPY bench TO 'bench.parquet'")
    features, label = matrix()

    def in_memory() -> None:
        threads = int(os.environ["OMP_NUM_THREADS"])
        rows = xgb.QuantileDMatrix(features, label, nthread=threads)
        xgb.train({**PARAMS, "nthread": threads}, rows, ROUNDS, evals=[(rows, "train")],
                  verbose_eval=False)  # fmt: skip

    for name, url in databases().items():
        os.environ[DATASOURCE] = url
        a, b = measure(arguments.repeat, train_bench, in_memory)
        report(
            f"train {ROUNDS} rounds, {name}",
            seconds(a),
            f"{seconds(b)}, arrays in memory",
            longer(a, b),
            "≤ 1.3" if name == "DuckDB" else "",
        )


def train_from_disk(arguments: Any) -> None:
    make_data(arguments.rows)
    os.environ[DATASOURCE] = databases()["DuckDB"]

    def limited() -> None:
        os.environ["SQLFLOW_MEMORY_LIMIT"] = "16Mi"
        try:
            train_bench("limited")
        finally:
            del os.environ["SQLFLOW_MEMORY_LIMIT"]

    a, b = measure(arguments.repeat, limited, train_bench)
    report("train from the disk, DuckDB", seconds(a), f"{seconds(b)}, in memory", longer(a, b), "")


def predict(arguments: Any) -> None:
    make_data(arguments.rows)
    for name, url in databases().items():
        os.environ[DATASOURCE] = url
        train_bench()
        booster: xgb.Booster = _model.load("model").estimator._booster  # type: ignore[attr-defined]
        embedded = name == "DuckDB"
        few = SMALL_ROWS if embedded else min(arguments.row_path_rows, 20_000)
        columns = ", ".join(
            ["id BIGINT"]
            + [f"r{place} {'FLOAT' if name == 'MariaDB' else 'REAL'}" for place in range(REALS)]
            + [f"i{place} INTEGER" for place in range(INTEGERS)]
            + ["predicted INTEGER"]
        )

        def by_row(
            url: str = url, booster: xgb.Booster = booster, few: int = few, columns: str = columns
        ) -> None:
            row_path.predict(url, f"{SELECT} LIMIT {few}", booster, "by_row", columns)

        def copied(url: str = url) -> None:
            with connect(url=url) as database:
                database.execute(
                    ["DROP TABLE IF EXISTS copied",
                     "CREATE TABLE copied AS SELECT bench.*, 1 AS predicted FROM bench"], 1
                )  # fmt: skip

        def ours() -> None:
            predict_bench("bench", "out")

        a, b, c = measure(arguments.repeat, ours, by_row, copied)
        ratio = faster(a, arguments.rows, b, few)
        goal = {"DuckDB": "≥ 600,000 rows/s", "PostgreSQL": "≥ 20", "MariaDB": "≥ 8"}[name]
        told = rates(arguments.rows, a) if embedded else rate(arguments.rows, a)
        report(f"predict and write, {name}", told, rate(few, b), ratio, goal)
        report(
            f"the same beside CREATE TABLE AS, {name}",
            seconds(a), seconds(c), longer(a, c), "≤ 2.5" if embedded else "",
        )  # fmt: skip


def predict_large(arguments: Any) -> None:
    if not arguments.large:
        return
    os.environ[DATASOURCE] = url = "duckdb:///large.duckdb"
    with duckdb.connect("large.duckdb") as source:
        source.execute(f"CREATE TABLE bench AS {data(arguments.large)}")
    step.train(
        select=f"{SELECT} LIMIT 100000", estimator="xgboost.gbtree", params=PARAMS, rounds=ROUNDS,
        features=[_declared.column(name) for name in NAMES], label="label", into="model",
    )  # fmt: skip
    started = time.perf_counter()
    command = [sys.executable, __file__, "--compiler", "-", "--predict-large"]
    found = subprocess.run(  # noqa: S603 (its own words)
        command, check=True, capture_output=True, text=True, env={**os.environ, DATASOURCE: url}
    )
    took = time.perf_counter() - started
    peak = int(found.stdout) / 2**20
    report(
        f"predict and write {arguments.large:,} rows, DuckDB: peak memory",
        f"{peak:,.0f} MiB", f"{arguments.large / took:,.0f} rows/s", ("", ""), "≤ 1,331 MiB",
    )  # fmt: skip
    Path("large.duckdb").unlink()


FEATURES = [
    _declared.numeric("number"),
    _declared.numeric("vector", shape=4),
    _declared.indicator(_declared.bucket(_declared.numeric("amount"), [10, 20, 50, 100])),
    _declared.indicator("colour"),
    _declared.indicator(_declared.category_hash("word", 1000)),
    _declared.indicator(_declared.cross(["colour", "word"], 1000)),
    _declared.indicator(_declared.seq_category_id("ids", 100)),
]


def encode(arguments: Any) -> None:
    many, few = min(arguments.rows, 500_000), min(arguments.rows, 20_000)
    with duckdb.connect() as source:
        rows = spool(source.sql(f"""
            SELECT (hash(i) % 1000 / 7)::DOUBLE AS number, (hash(i + 1) % 150)::INTEGER AS amount,
                   concat_ws(',', hash(i) % 9, hash(i + 1) % 9, hash(i + 2) % 9, 1.5) AS vector,
                   ['red', 'green', 'blue'][(hash(i + 2) % 3)::INTEGER + 1] AS colour,
                   'word ' || hash(i + 3) % 5000 AS word,
                   concat_ws(',', hash(i) % 100, hash(i + 4) % 100, hash(i + 5) % 100) AS ids
            FROM range({many}) AS numbers(i)
        """).to_arrow_reader(65_536))  # fmt: skip
    specification = fit(FEATURES, rows, set())
    cells = next(rows.batches()).slice(0, few).to_pylist()
    edges, vocabulary = [10.0, 20.0, 50.0, 100.0], ["blue", "green", "red"]
    sizes = {"vector": 4, "hash": 1000, "cross": 1000, "sequence": 100}

    def ours() -> None:
        for batch in rows.batches():
            specification.encode(batch, "", Tally())

    def by_row() -> None:
        row_path.encode(cells, edges, vocabulary, sizes)

    a, b = measure(arguments.repeat, ours, by_row)
    report(
        "encode features", rates(many, a), rates(len(cells), b), faster(a, many, b, len(cells)),
        "≥ 10",
    )  # fmt: skip


def overhead(arguments: Any) -> None:
    """Measures what one more step costs a run: the step's start, its work on one row, its end."""

    def program(name: str, steps: int, statement: str) -> Run:
        text = "".join(statement.format(number) + "\n" for number in range(steps))
        Path(f"{name}.sql").write_text(text)

        def run() -> None:
            subprocess.run(  # noqa: S603 (its own words)
                [arguments.compiler, "run", "--jobs", "1", "--datasource", "duckdb:///few.duckdb",
                 f"{name}.sql"],
                check=True, capture_output=True,
            )  # fmt: skip

        return run

    with duckdb.connect("few.duckdb") as source:
        source.execute("CREATE TABLE few AS SELECT range AS a, range % 2 AS label FROM range(10)")
    arguments.compiler = arguments.compiler.absolute()
    program(
        "model", 1,
        "SELECT * FROM few TO TRAIN xgboost.gbtree LABEL label INTO few_model;",
    )()  # fmt: skip
    predicting = "SELECT a FROM few TO PREDICT few_{0}.predicted USING few_model;"
    predicting = predicting.replace("few_{0}.predicted", "predicted_{0}.label")
    few, many = program("one", 1, predicting), program("many", 1 + STEPS, predicting)
    few()
    a, b = measure(arguments.repeat, few, many)
    each = Seconds([(y - x) / STEPS for x, y in zip(a.wall, b.wall, strict=True)])
    report(
        f"one more PREDICT of ten rows in `sqlflowc run` (of {STEPS})",
        seconds(each), f"{seconds(a)}, a run of one", ("", ""), "≤ 0.5 s",
    )  # fmt: skip


CASES: dict[str, Callable[[Any], None]] = {
    "read": read,
    "train": train,
    "train-from-disk": train_from_disk,
    "predict": predict,
    "predict-large": predict_large,
    "encode": encode,
    "overhead": overhead,
}

if __name__ == "__main__":
    sys.exit(main())
