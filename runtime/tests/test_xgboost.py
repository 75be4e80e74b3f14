"""XGBoost models: what they learn, and that they are what XGBoost itself would make."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Said, rows, sql, types
from sqlflow_runtime import column, evaluate, every, explain, indicator, predict, table, train
from sqlflow_runtime._errors import ProgramError

MEASURES = [column(f"{part}_{side}") for part in ("sepal", "petal") for side in ("length", "width")]
TRAIN = "SELECT * FROM iris.train"
TEST = "SELECT * FROM iris.test"


def train_iris(**changes: Any) -> None:
    arguments: dict[str, Any] = {
        "select": TRAIN,
        "estimator": "xgboost.gbtree",
        "params": {"objective": "multi:softmax", "num_class": 3},
        "rounds": 10,
        "features": MEASURES,
        "label": "class",
        "into": "m",
    }
    train(**{**arguments, **changes})


def score(model: str, said: Said, select: str = TEST, **arguments: Any) -> dict[str, float]:
    evaluate(select=select, model=model, **arguments)
    shown = said.tables[-1]
    return dict(zip(shown["columns"], shown["rows"][0], strict=True))


@pytest.mark.parametrize(
    ("estimator", "params"),
    [
        ("xgboost.gbtree", {"objective": "multi:softmax", "num_class": 3}),
        ("xgboost.dart", {"objective": "multi:softprob", "num_class": 3}),
        ("xgboost.gblinear", {"objective": "multi:softprob", "eta": 1.0}),
        ("xgboost.XGBClassifier", {"n_estimators": 20, "random_state": 1}),
        ("XGBRFClassifier", {"n_estimators": 20}),
        ("XGBOOST.GBTREE", {}),
    ],
)
def test_classifiers_learn_iris(
    iris: Path, said: Said, estimator: str, params: dict[str, Any]
) -> None:
    train_iris(estimator=estimator, params=params, rounds=30)
    assert score("m", said)["accuracy_score"] >= 0.9
    if estimator == "xgboost.gbtree":
        assert [done for done, *_ in said.progress[:30]] == list(range(1, 31))
        assert said.progress[29][1:3] == (30, "rounds")
        assert said.outputs[0][:2] == ("model", "m")


@pytest.mark.parametrize(
    ("estimator", "params"),
    [
        ("xgboost.gbtree", {"objective": "reg:squarederror", "max_depth": 2}),
        ("xgboost.gblinear", {"objective": "reg:squarederror"}),
        ("xgboost.XGBRegressor", {"max_depth": 2, "objective": "reg:absoluteerror"}),
        ("xgboost.gbtree", {"objective": "count:poisson", "max_depth": 2, "eta": 0.5}),
        ("xgboost.gbtree", {"objective": "reg:gamma", "max_depth": 2}),
        ("xgboost.gbtree", {"objective": "reg:tweedie", "max_depth": 2}),
        ("XGBRFRegressor", {}),
    ],
)
def test_regressors_learn_diabetes(
    diabetes: Path, said: Said, estimator: str, params: dict[str, Any]
) -> None:
    train(
        select="SELECT * EXCLUDE id FROM diabetes.train",
        estimator=estimator,
        params=params,
        rounds=30,
        label="progression",
        into="m",
    )
    scores = score("m", said, "SELECT * FROM diabetes.test")
    assert list(scores) == [
        "loss",
        "mean_absolute_error",
        "root_mean_squared_error",
        "r2_score",
    ]
    assert scores["r2_score"] > 0.25


def test_the_model_is_the_one_xgboost_makes_of_the_same_matrix(iris: Path) -> None:
    import xgboost as xgb
    from sklearn.datasets import load_iris

    params = {"objective": "multi:softprob", "num_class": 3, "max_depth": 3, "seed": 7}
    train_iris(params=params)
    predict(
        select=TEST,
        model="m",
        into=table("p"),
        column="c",
        extra_outputs=["probabilities", "logits"],
    )
    data = load_iris()
    held_out = np.arange(150) % 5 == 0
    matrix = xgb.QuantileDMatrix(data.data[~held_out].astype(np.float32), data.target[~held_out])
    booster = xgb.train({**params, "nthread": 1}, matrix, num_boost_round=10)
    wanted = booster.inplace_predict(data.data[held_out].astype(np.float32))
    margins = booster.inplace_predict(data.data[held_out].astype(np.float32), predict_type="margin")
    found = np.array(rows("SELECT COLUMNS('probability_.*') FROM p ORDER BY id"))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    logits = np.array(rows("SELECT COLUMNS('logit_.*') FROM p ORDER BY id"))
    np.testing.assert_allclose(logits, margins, rtol=1e-5, atol=1e-6)
    names = [data.target_names[place] for place in wanted.argmax(axis=1)]
    assert [name for (name,) in rows("SELECT c FROM p ORDER BY id")] == names


@pytest.mark.parametrize("estimator", ["xgboost.gbtree", "xgboost.gblinear", "xgboost.dart"])
def test_contributions_are_xgboosts_and_add_up(iris: Path, said: Said, estimator: str) -> None:
    train_iris(estimator=estimator)
    predict(select=TEST, model="m", into=table("p"), column="c", extra_outputs=["logits"])
    explain(select=TEST, model="m", into=table("e"))
    assert list(types("e")) == [
        "row_number",
        "class",
        "base_value",
        "sepal_length",
        "sepal_width",
        "petal_length",
        "petal_width",
    ]
    sums = rows(
        "SELECT base_value + sepal_length + sepal_width + petal_length + petal_width"
        " FROM e ORDER BY row_number, class"
    )
    logits = rows("SELECT logit_setosa, logit_versicolor, logit_virginica FROM p")
    np.testing.assert_allclose(
        np.array(sums).reshape(-1, 3), np.array(logits), rtol=1e-4, atol=1e-4
    )
    summary = said.tables[-1]
    means = [mean for _, mean, _ in summary["rows"]]
    assert means == sorted(means, reverse=True)
    bars = [len(bar) for _, _, bar in summary["rows"]]
    assert bars[0] == 24
    assert bars == [math.ceil(round(mean / means[0] * 192) / 8) for mean in means]
    assert summary["rows"][0][0].startswith("petal")
    assert summary["row_count"] == 4


def test_a_feature_of_several_columns_has_one_contribution(place: Path) -> None:
    sql(
        "CREATE TABLE t AS SELECT ['red', 'green', 'blue'][1 + range % 3] AS colour,"
        " range % 7 AS n, (range % 3 = 0)::INTEGER * 10 + range % 7 AS y FROM range(300)"
    )
    train(select="FROM t", estimator="xgboost.gbtree", rounds=20, label="y", into="m")
    explain(select="FROM t LIMIT 3", model="m", into=table("e"))
    predict(select="FROM t LIMIT 3", model="m", into=table("p"), column="y")
    assert list(types("e")) == ["row_number", "base_value", "colour", "n"]
    sums = rows("SELECT base_value + colour + n FROM e ORDER BY row_number")
    np.testing.assert_allclose(sums, rows("SELECT y FROM p"), rtol=1e-4)


def test_importance(iris: Path, said: Said) -> None:
    train_iris()
    explain(
        select=TEST,
        model="m",
        explainer="XGBoostExplainer",
        params={"max_display": 1},
        into=table("e"),
    )
    assert types("e") == {"feature": "VARCHAR", "fscore": "DOUBLE", "gain": "DOUBLE"}
    assert len(rows("FROM e")) == 4
    gains = [gain for (gain,) in rows("SELECT gain FROM e")]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0


def test_ranking_learns_the_order_within_groups(place: Path, said: Said) -> None:
    sql(
        "CREATE TABLE r AS SELECT range % 40 AS query, (range * 7919) % 101 AS x,"
        " ((range * 7919) % 101) // 26 AS relevance FROM range(800)"
    )
    train(
        select="FROM r",
        estimator="xgboost.XGBRanker",
        params={"group": "query"},
        rounds=20,
        label="relevance",
        into="m",
    )
    found = score("m", said, "FROM r")
    assert found["ndcg_score"] > 0.95
    predict(select="SELECT x FROM r", model="m", into=table("p"), column="score")
    assert types("p") == {"x": "BIGINT", "score": "DOUBLE"}
    assert rows("SELECT corr(x, score) > 0.8 FROM p") == [(True,)]
    with pytest.raises(ProgramError, match="no column `qery` in the training query"):
        train(
            select="FROM r",
            estimator="xgboost.XGBRanker",
            params={"group": "qery"},
            label="relevance",
            into="m",
        )


def test_survival_orders_lifetimes(place: Path, said: Said) -> None:
    # The greater x, the sooner the end; every fifth row was lost sight of half-way.
    sql(
        "CREATE TABLE s AS SELECT x, CASE WHEN range % 5 = 0 THEN -time / 2 ELSE time END AS cox,"
        " CASE WHEN range % 5 = 0 THEN time / 2 ELSE time END AS low,"
        " CASE WHEN range % 5 = 0 THEN NULL ELSE time END AS high"
        " FROM (SELECT range, range % 50 AS x, 100.0 / (1 + range % 50) AS time FROM range(500))"
    )
    train(
        select="SELECT x, cox FROM s",
        estimator="xgboost.gbtree",
        params={"objective": "survival:cox"},
        label="cox",
        into="cox",
    )
    assert score("cox", said, "SELECT x, cox FROM s")["concordance_index"] > 0.95
    train(
        select="SELECT x, low, high FROM s",
        estimator="xgboost.gbtree",
        params={"objective": "survival:aft", "label_upper_bound": "high", "eta": 1.0},
        label="low",
        rounds=30,
        into="aft",
    )
    assert score("aft", said, "SELECT x, low, high FROM s")["concordance_index"] > 0.9


def test_weights_count(place: Path, said: Said) -> None:
    sql(
        "CREATE TABLE w AS SELECT 1 AS x, range % 2 AS y, range % 2 * 9 + 1 AS weight"
        " FROM range(100)"
    )
    train(
        select="FROM w",
        estimator="xgboost.gbtree",
        params={"objective": "binary:logistic", "weight_column": "weight"},
        rounds=30,
        label="y",
        into="m",
    )
    predict(
        select="SELECT 1 AS x",
        model="m",
        into=table("p"),
        column="y",
        extra_outputs=["probability"],
    )
    ((predicted, probability),) = rows("SELECT y, probability FROM p")
    assert predicted == 1
    assert probability == pytest.approx(10 / 11, abs=0.02)


def test_missing_values_are_missing_and_not_a_number(place: Path, said: Said) -> None:
    sql(
        "CREATE TABLE t AS SELECT CASE WHEN range % 2 = 0 THEN NULL ELSE range % 10 END AS x,"
        " range % 2 AS y FROM range(200)"
    )
    train(
        select="FROM t",
        estimator="xgboost.gbtree",
        params={"objective": "binary:logistic"},
        label="y",
        into="m",
    )
    assert score("m", said, "FROM t")["accuracy_score"] == 1


def test_training_goes_on_from_a_model(iris: Path, said: Said) -> None:
    train_iris(rounds=2, into="short")
    train_iris(rounds=3, into="long", start_from="short")
    train_iris(rounds=5, into="whole")
    first, second = (score(name, said)["loss"] for name in ("long", "whole"))
    assert first == pytest.approx(second, rel=0.05)
    with pytest.raises(ProgramError, match="COLUMN differs from what the model `short`"):
        train_iris(into="other", start_from="short", features=[column("petal_width")])
    with pytest.raises(ProgramError, match="no model `shrt`"):
        train_iris(into="other", start_from="shrt")


def test_early_stopping_watches_the_first_metric_named(iris: Path, said: Said) -> None:
    train_iris(
        rounds=500,
        early_stopping=5,
        validation={"select": TEST, "metrics": ["mlogloss", "Accuracy"]},
    )
    done, total, _, metrics = said.progress[-1]
    assert done < 500
    assert total == 500
    assert set(metrics) == {
        "train_mlogloss",
        "validation_mlogloss",
        "train_Accuracy",
        "validation_Accuracy",
    }
    # What is kept is the best round, five before the last.
    losses = [float(str(said.progress[n][3]["validation_mlogloss"])) for n in range(done)]
    assert losses.index(min(losses)) == done - 6
    assert score("m", said)["loss"] == pytest.approx(min(losses), rel=1e-4)
    with pytest.raises(ProgramError, match="early stopping needs data to watch"):
        train_iris(early_stopping=5)


def test_text_features_and_labels_of_every_type(place: Path) -> None:
    sql(
        "CREATE TABLE t AS SELECT ['a', 'b', 'c'][1 + range % 3] AS word,"
        " range % 3 = 1 AS truth, DATE '2026-01-01' + (range % 3)::INTEGER AS day,"
        " (range % 3)::DECIMAL(5,2) / 4 AS exact, (range % 3)::UTINYINT AS tiny,"
        " ['x', 'y', 'z'][1 + range % 3]::ENUM('z', 'y', 'x') AS enum FROM range(60)"
    )
    before = types("t")
    for label in ("truth", "day", "exact", "tiny", "enum"):
        train(
            select=f"SELECT word, {label} FROM t",
            estimator="XGBClassifier",
            features=[indicator("word")],
            label=label,
            into="m",
        )
        predict(select="FROM t", model="m", into=table("p"), column=label)
        assert types("p")[label] == before[label]
        columns = f"word, {label}"
        assert rows(
            f"SELECT count(*) FROM (SELECT {columns} FROM t EXCEPT ALL SELECT {columns} FROM p)"
        ) == [(0,)]


def test_class_numbers_stay_what_they_are_when_one_is_never_seen(place: Path) -> None:
    sql("CREATE TABLE t AS SELECT range % 2 AS x, (range % 2) * 2 AS y FROM range(40)")
    train(
        select="FROM t",
        estimator="xgboost.gbtree",
        params={"objective": "multi:softmax", "num_class": 3},
        label="y",
        into="m",
    )
    predict(
        select="FROM t", model="m", into=table("p"), column="y", extra_outputs=["probabilities"]
    )
    assert rows("SELECT DISTINCT x, y FROM p ORDER BY x") == [(0, 0), (1, 2)]
    assert list(types("p"))[2:] == ["probability_0", "probability_1", "probability_2"]


@pytest.mark.parametrize("objective", ["binary:logistic", "binary:logitraw", "binary:hinge"])
def test_two_classes(iris: Path, said: Said, objective: str) -> None:
    two = " WHERE class <> 'virginica'"
    train_iris(select=TRAIN + two, params={"objective": objective})
    assert score("m", said, TEST + two, metrics=["accuracy_score"])["accuracy_score"] == 1
    if objective == "binary:hinge":
        with pytest.raises(ProgramError, match="gives no probabilities"):
            score("m", said, TEST + two, metrics=["AUC"])
    with pytest.raises(ProgramError) as caught:
        train_iris(params={"objective": objective})
    assert str(caught.value) == (
        "label `class` has 3 classes (setosa, versicolor, virginica), "
        f"but the objective {objective} tells two apart; "
        'say objective = "multi:softprob", num_class = 3'
    )


@pytest.mark.parametrize("estimator", ["xgboost.XGBClassifier", "xgboost.XGBRFClassifier"])
@pytest.mark.parametrize(("classes", "measure"), [(2, "train_logloss"), (3, "train_mlogloss")])
def test_a_classifier_without_objective_goes_by_the_classes_there_are(
    iris: Path, said: Said, estimator: str, classes: int, measure: str
) -> None:
    # Numbered classes, which every other estimator would take for numbers.
    where = "" if classes == 3 else " WHERE class <> 'virginica'"
    number = "list_position(['setosa', 'versicolor', 'virginica'], class)"
    numbered = f"SELECT * REPLACE ({number} AS class) FROM iris.train{where}"
    train_iris(select=numbered, estimator=estimator, params={})
    assert measure in said.progress[-1][3]
    predict(
        select="FROM iris.test" + where,
        model="m",
        into=table("p"),
        column="class",
        extra_outputs=["probabilities"],
    )
    assert sum(name.startswith("probability_") for name in types("p")) == classes
    wrong = f"p.class <> {number.replace(', class', ', t.class')}"
    assert rows(f"SELECT count(*) < 4 FROM p JOIN iris.test t USING (id) WHERE {wrong}") == [
        (True,)
    ]


@pytest.mark.parametrize("objective", ["multi:softmax", "multi:softprob"])
def test_the_number_of_classes_is_found_when_it_is_not_said(
    iris: Path, said: Said, objective: str
) -> None:
    train_iris(params={"objective": objective})
    assert score("m", said)["accuracy_score"] >= 0.9


@pytest.mark.parametrize("estimator", ["xgboost.gblinear", "xgboost.dart"])
def test_training_goes_on_from_a_model_of_the_same_booster_only(
    iris: Path, said: Said, estimator: str
) -> None:
    train_iris(estimator=estimator, rounds=3, into="short")
    train_iris(estimator=estimator, rounds=3, into="long", start_from="short")
    losses = [score(name, said)["loss"] for name in ("short", "long")]
    assert losses[1] < losses[0]
    train_iris(into="trees")
    with pytest.raises(ProgramError) as caught:
        train_iris(estimator=estimator, into="other", start_from="trees", select="SELECT nothing")
    booster = estimator.removeprefix("xgboost.")
    assert str(caught.value) == (
        f"{estimator} (XGBoost, booster {booster}) cannot go on from the model `trees`, which is "
        "one of xgboost.gbtree (XGBoost, booster gbtree); "
        "train with xgboost.gbtree, or leave out USING"
    )
    with pytest.raises(ProgramError, match="train with the same booster, or leave out USING"):
        train_iris(params={"booster": booster}, into="other", start_from="trees")
    assert not (iris / ".sqlflow" / "models" / "other").exists()


@pytest.mark.parametrize("objective", ["reg:squarederror", "count:poisson", "survival:cox"])
@pytest.mark.parametrize("some", ["", " WHERE id % 7 = 1"])
def test_a_label_of_words_is_no_number_to_learn(iris: Path, objective: str, some: str) -> None:
    # Also when it is a few rows only, which would be left out without anybody noticing.
    words = (
        "SELECT * REPLACE (CASE WHEN class = 'setosa' THEN class ELSE '7' END AS class)"
        f" FROM iris.train{some}"
    )
    with pytest.raises(ProgramError) as caught:
        train_iris(select=words, params={"objective": objective})
    assert "label `class` holds `setosa`, which is no number" in str(caught.value)
    assert 'objective = "multi:softprob"' in str(caught.value)


def test_a_label_of_numbers_written_as_text_is_learned(iris: Path, said: Said) -> None:
    text = "SELECT * REPLACE (CASE WHEN id % 9 = 1 THEN '' ELSE sepal_length::VARCHAR END AS class)"
    train_iris(select=f"{text} FROM iris.train", params={"objective": "reg:squarederror"})
    assert score("m", said, f"{text} FROM iris.test")["r2_score"] > 0.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": {"max_dept": 3}}, "no parameter `max_dept`; did you mean `max_depth`"),
        ({"params": {"objective": "multi:softmx"}}, "did you mean `multi:softmax`"),
        ({"params": {"max_depth": "deep"}}, "XGBoost: Invalid Parameter format for max_depth"),
        ({"params": {"num_class": 1, "objective": "multi:softmax"}}, "num_class is 1; it takes"),
        ({"estimator": "xgboost.gbtre"}, "no estimator `xgboost.gbtre`; did you mean `xgboost.gbt"),
        ({"params": {"quantile_alpha": [0.1, 0.9]}}, "`quantile_alpha` is a list, but"),
        ({"epochs": 3}, "is trained in rounds and has no `epochs`"),
        ({"label": None}, "xgboost.gbtree learns from a label; say LABEL column"),
        ({"label": "clas"}, "no column `clas` in the training query; did you mean `class`?"),
        ({"features": [column("class")]}, "column `class` cannot be a feature: it is the label"),
        ({"select": TRAIN + " WHERE FALSE"}, "the training query returns no rows"),
        ({"select": TRAIN + " WHERE class = 'setosa'", "params": {}}, "it takes two"),
        ({"features": {"linear": MEASURES, "deep": MEASURES}}, "takes one list of features, not"),
        ({"validation": {"select": TEST, "metrics": ["Acuracy"]}}, "did you mean `Accuracy`"),
        ({"select": f"{TRAIN} WHERE class IS NULL", "params": {}}, "returns no rows"),
        ({"params": {"num_class": 2}}, "but num_class is 2; say num_class = 3"),
    ],
)
def test_errors_name_what_is_wrong(iris: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        train_iris(**changes)
    assert message in str(caught.value)
    assert not (iris / ".sqlflow" / "models").exists()


def test_a_monotone_constraint_belongs_to_its_feature(place: Path) -> None:
    sql(
        "CREATE TABLE t AS SELECT range % 3 AS c, range % 20 AS x,"
        " (range % 20) + 5 * (range % 2) - 3 * (range % 5) AS y FROM range(600)"
    )
    train(
        select="FROM t",
        estimator="xgboost.gbtree",
        params={"monotone_constraints": [0, 1]},
        features=[indicator("c"), column("x")],
        label="y",
        rounds=20,
        into="m",
    )
    predict(
        select="SELECT 0 AS c, range AS x FROM range(20)", model="m", into=table("p"), column="y"
    )
    predicted = [value for (value,) in rows("SELECT y FROM p ORDER BY x")]
    assert predicted == sorted(predicted)
    with pytest.raises(ProgramError, match="monotone_constraints has 1 values for 2 features"):
        train(
            select="FROM t",
            estimator="xgboost.gbtree",
            params={"monotone_constraints": [1]},
            features=[every()],
            label="y",
            into="m",
        )
