"""The steps around a model: what they write, show, keep, and refuse."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from conftest import Said, rows, sql, types
from sqlflow_runtime import column, evaluate, explain, predict, show_train, table, train
from sqlflow_runtime._errors import ProgramError, ResourceError

SOURCE = Path(__file__).parent.parent / "src"


@pytest.fixture
def model(iris: Path) -> Path:
    """The model `my.model`, trained on iris."""
    train(
        select="SELECT * EXCLUDE id FROM iris.train",
        estimator="xgboost.gbtree",
        params={"objective": "multi:softmax", "num_class": 3},
        rounds=5,
        label="class",
        into="my.model",
        statement="SELECT * EXCLUDE id FROM iris.train\nTO TRAIN …",
    )
    return iris


def test_prediction_keeps_every_column_and_its_type_but_the_label(model: Path, said: Said) -> None:
    from test_data import EVERY_TYPE

    sql(f"CREATE TABLE wide AS SELECT i.*, e.* FROM iris.test i, ({EVERY_TYPE}) e")
    predict(select="FROM wide", model="my.model", into=table("iris", "predicted"), column="class")
    wanted = types("wide")
    del wanted["class"]
    assert types("iris.predicted") == {**wanted, "class": "VARCHAR"}
    assert list(types("iris.predicted"))[-1] == "class"
    same = "SELECT count(*) FROM (SELECT * EXCLUDE class FROM wide EXCEPT ALL SELECT"
    assert rows(f"{same} * EXCLUDE class FROM iris.predicted)") == [(0,)]
    assert said.outputs[-1] == ("table", "iris.predicted", 30)
    shown = said.tables[-1]
    assert shown["row_count"] == 30
    assert len(shown["rows"]) == 10
    assert said.progress[-1][:3] == (30, 30, "rows")


def test_prediction_replaces_the_table_and_takes_any_batch_size(model: Path) -> None:
    for size in (None, 7):
        predict(
            select="FROM iris.test",
            model="my.model",
            into=table("p"),
            column="guess",
            batch_size=size,
        )
        found = rows("SELECT guess FROM p ORDER BY id")
        assert len(found) == 30
    predict(select="FROM iris.test LIMIT 0", model="my.model", into=table("p"), column="guess")
    assert rows("FROM p") == []
    assert types("p")["guess"] == "VARCHAR"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"select": "SELECT sepal_length FROM iris.test"}, "no column `sepal_width` in the query"),
        ({"model": "my.modle"}, "no model `my.modle` in .*; did you mean `my.model`"),
        ({"column": "ID"}, "the query has a column `ID` of its own, beside the predicted one"),
        ({"into": table("nowhere", "t")}, "make it first: CREATE SCHEMA nowhere"),
        ({"extra_outputs": ["probabilites"]}, "did you mean `probabilities`"),
        ({"select": "SELECT *, 1 AS x, 2 AS X FROM iris.test"}, "would have two columns `X`"),
        ({"select": "DELETE FROM iris.test"}, "."),
    ],
)
def test_prediction_errors_leave_the_old_table(
    model: Path, changes: dict[str, Any], message: str
) -> None:
    sql("CREATE TABLE p AS SELECT 'old' AS a")
    arguments: dict[str, Any] = {
        "select": "FROM iris.test",
        "model": "my.model",
        "into": table("p"),
        "column": "class",
    }
    with pytest.raises(ProgramError, match=message):
        predict(**{**arguments, **changes})
    assert rows("FROM p") == [("old",)]


def test_whole_numbers_are_predicted_as_numbers_and_reals_in_their_own_type(place: Path) -> None:
    sql(
        "CREATE TABLE t AS SELECT range % 10 AS x, range % 10 AS whole,"
        " (range % 10)::FLOAT AS real, (range % 10)::DECIMAL(6,3) AS exact FROM range(100)"
    )
    for label, wanted in (("whole", "DOUBLE"), ("real", "FLOAT"), ("exact", "DECIMAL(6,3)")):
        train(
            select=f"SELECT x, {label} FROM t",
            estimator="xgboost.gbtree",
            rounds=50,
            label=label,
            into="m",
        )
        predict(select="SELECT x FROM t", model="m", into=table("p"), column="y")
        assert types("p") == {"x": "BIGINT", "y": wanted}
        assert rows("SELECT max(abs(x - y)) < 0.1 FROM p") == [(True,)]


def test_evaluation_makes_a_typed_table_of_one_row(model: Path, said: Said) -> None:
    metrics = ["Accuracy", "log_loss", "AUC", "TruePositives", "f1_score"]
    evaluate(
        select="FROM iris.test",
        model="my.model",
        label="class",
        metrics=metrics,
        into=table("iris", "evaluation"),
    )
    assert types("iris.evaluation") == {
        "loss": "DOUBLE",
        "Accuracy": "DOUBLE",
        "log_loss": "DOUBLE",
        "AUC": "DOUBLE",
        "TruePositives": "BIGINT",
        "f1_score": "DOUBLE",
    }
    ((loss, accuracy, log_loss, auc, positives, _),) = rows("FROM iris.evaluation")
    assert loss == log_loss
    assert positives == round(accuracy * 30)
    assert auc > 0.95
    evaluate(select="FROM iris.test", model="my.model")
    assert said.tables[-1]["columns"] == ["loss", "accuracy_score", "f1_score"]
    assert said.outputs[-1][1] == "iris.evaluation"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": ["acuracy_score"]}, "did you mean `accuracy_score`"),
        ({"metrics": ["r2_score"]}, "`r2_score` does not apply to a classification model"),
        ({"label": "klass"}, "no column `klass` in the evaluation query; did you mean `class`"),
        ({"select": "FROM iris.test LIMIT 0"}, "the evaluation query has no row with a label"),
    ],
)
def test_evaluation_errors(model: Path, changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"select": "FROM iris.test", "model": "my.model"}
    with pytest.raises(ProgramError, match=message):
        evaluate(**{**arguments, **changes})


def test_rows_without_label_are_left_out_with_a_warning(model: Path, said: Said) -> None:
    unlabelled = (
        "SELECT * REPLACE (CASE WHEN id < 10 THEN NULL WHEN id < 20 THEN 'rose' ELSE class END"
        " AS class) FROM iris.test"
    )
    evaluate(select=unlabelled, model="my.model")
    assert said.tables[-1]["title"] == "my.model on 26 rows"
    assert said.warnings() == [
        "column `class`: 2 values were ignored: not a class of the model, so the row is left out",
        "column `class`: 2 values were ignored: no label, so the row is left out",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"explainer": "TreeExplaner"}, "did you mean `TreeExplainer`"),
        ({"explainer": "LinearExplainer"}, "`LinearExplainer` does not suit the model"),
        ({"params": {"plot_typ": "bar"}}, "no attribute `summary.plot_typ`; did you mean `plot_t"),
        ({"params": {"plot_type": "bard"}}, "no plot `bard`; did you mean `bar`"),
        ({"params": {"max_display": 0}}, "summary.max_display is 0"),
        ({"select": "FROM iris.test LIMIT 0"}, "returns no rows to explain"),
    ],
)
def test_explanation_errors(model: Path, changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"select": "FROM iris.test", "model": "my.model"}
    with pytest.raises(ProgramError, match=message):
        explain(**{**arguments, **changes})


def test_explanation_columns_step_aside_for_features(place: Path) -> None:
    sql(
        'CREATE TABLE t AS SELECT range AS "ROW_NUMBER", range AS base_value, range AS y'
        " FROM range(9)"
    )
    train(select="FROM t", estimator="xgboost.gbtree", label="y", into="m")
    explain(select="FROM t", model="m", into=table("e"))
    assert list(types("e")) == ["row_number_", "base_value_", "ROW_NUMBER", "base_value"]


def test_a_model_says_how_it_came_to_be(model: Path, said: Said) -> None:
    show_train(model="my.model")
    shown = said.tables[-1]
    assert shown["columns"] == ["property", "value"]
    found = {name: str(value) for name, value in shown["rows"]}
    assert len(found) <= 10
    assert found["train statement"] == "SELECT * EXCLUDE id FROM iris.train\nTO TRAIN …"
    assert found["features"] == "sepal_length, sepal_width, petal_length, petal_width"
    assert found["label"] == "class (string), classification of setosa, versicolor, virginica"
    assert re.fullmatch(r"120 \(\d+\.\d KiB\)", found["rows"])
    assert found["training"].startswith("5 rounds in ")
    assert "train_mlogloss = 0." in found["metrics"]
    document = json.loads(
        next((model / ".sqlflow" / "models" / "my.model" / "latest").glob("model.json")).read_text()
    )
    assert document["format"] == 2
    assert document["select"] == "SELECT * EXCLUDE id FROM iris.train"
    assert document["versions"].keys() == {"sqlflow_runtime", "python", "xgboost"}
    assert list(document["files"]) == ["booster.ubj"]


def test_a_damaged_booster_is_refused(model: Path) -> None:
    (booster,) = (model / ".sqlflow" / "models").glob("my.model/latest/booster.ubj")
    booster.write_bytes(booster.read_bytes()[:-1] + b"?")
    with pytest.raises(ResourceError, match=r"its file `booster\.ubj` is not what was published"):
        predict(select="FROM iris.test", model="my.model", into=table("p"), column="c")


def test_prediction_never_looks_at_the_training_table(model: Path) -> None:
    predict(select="FROM iris.test", model="my.model", into=table("before"), column="c")
    sql("DROP TABLE iris.train")
    predict(select="FROM iris.test", model="my.model", into=table("after"), column="c")
    assert rows("FROM before EXCEPT ALL FROM after") == []


SLOW_TRAINING = """
    from sqlflow_runtime import _events, train

    def progress(done, total, unit, metrics=None):
        print(done, flush=True)

    _events.progress = progress
    train(select="SELECT * EXCLUDE id FROM iris.train", estimator="xgboost.gbtree",
          rounds=1_000_000, label="class", into="my.model")
"""


def test_a_training_killed_half_way_leaves_model_and_database_free(model: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW_TRAINING)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "3\n":
                break
        # While it trains, the database belongs to whoever comes.
        sql("CREATE TABLE beside AS SELECT 1")
        process.send_signal(signal.SIGKILL)
    predict(select="FROM iris.test", model="my.model", into=table("p"), column="c")
    assert len(rows("FROM p")) == 30


def test_features_are_what_the_program_says(model: Path, said: Said) -> None:
    train(
        select="FROM iris.train",
        estimator="xgboost.gbtree",
        features=[column("PETAL_WIDTH")],
        label="CLASS",
        into="small",
    )
    show_train(model="small")
    assert dict(said.tables[-1]["rows"])["features"] == "petal_width"
    predict(
        select="SELECT petal_width AS Petal_Width, class AS Class FROM iris.test",
        model="small",
        into=table("p"),
        column="class",
    )
    assert list(types("p")) == ["Petal_Width", "class"]
