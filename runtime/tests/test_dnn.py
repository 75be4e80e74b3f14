"""Deep models on Keras with JAX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Said, rows, sql, types
from sqlflow_runtime import (
    bucket,
    category_hash,
    column,
    embedding,
    evaluate,
    explain,
    indicator,
    predict,
    sparse,
    table,
    train,
    weighted_category,
)
from sqlflow_runtime._errors import ProgramError

TEST = "SELECT * FROM iris.test"


def train_iris(**changes: Any) -> None:
    arguments: dict[str, Any] = {
        "select": "SELECT * EXCLUDE id FROM iris.train",
        "estimator": "DNNClassifier",
        "params": {"hidden_units": [10, 10], "n_classes": 3},
        "epochs": 20,
        "label": "class",
        "into": "d",
    }
    train(**{**arguments, **changes})


def score(model: str, said: Said, select: str) -> dict[str, float]:
    evaluate(select=select, model=model)
    shown = said.tables[-1]
    return dict(zip(shown["columns"], shown["rows"][0], strict=True))


def test_a_classifier_learns_iris_and_the_same_again(iris: Path, said: Said) -> None:
    train_iris()
    assert [done for done, _, unit, _ in said.progress if unit == "epochs"] == list(range(1, 21))
    assert score("d", said, TEST)["accuracy_score"] >= 0.9
    for name in ("first", "second"):
        if name == "second":
            train_iris()
        predict(
            select=TEST, model="d", into=table(name), column="c", extra_outputs=["probabilities"]
        )
    assert rows("FROM first EXCEPT ALL FROM second") == []
    ((least, most),) = rows(
        "SELECT min(total), max(total) FROM (SELECT probability_setosa + probability_versicolor"
        " + probability_virginica AS total FROM first)"
    )
    assert least == pytest.approx(1)
    assert most == pytest.approx(1)
    (folder,) = (iris / ".sqlflow" / "models" / "d").glob("latest")
    assert {path.name for path in folder.iterdir()} == {
        "model.json",
        "network.keras",
        "scales.json",
    }


def test_permutation_contributions_add_up(iris: Path, said: Said) -> None:
    train_iris()
    explain(select=TEST, model="d", explainer="KernelExplainer", into=table("e"))
    predict(select=TEST, model="d", into=table("p"), column="c", extra_outputs=["probabilities"])
    sums = rows(
        "SELECT base_value + sepal_length + sepal_width + petal_length + petal_width"
        " FROM e ORDER BY row_number, class"
    )
    wanted = rows("SELECT probability_setosa, probability_versicolor, probability_virginica FROM p")
    np.testing.assert_allclose(np.array(sums).reshape(-1, 3), np.array(wanted), atol=1e-5)
    assert rows("SELECT count(DISTINCT base_value) FROM e") == [(3,)]
    assert said.tables[-2]["title"].startswith("mean contribution of d's features")
    assert said.tables[-2]["rows"][0][0].startswith("petal")


def test_a_regressor_learns_diabetes(diabetes: Path, said: Said) -> None:
    train(
        select="SELECT * EXCLUDE id FROM diabetes.train",
        estimator="DNNRegressor",
        params={"hidden_units": [16], "dropout": 0.1, "batch_norm": True, "activation_fn": "tanh"},
        epochs=40,
        optimizer={"name": "adam", "learning_rate": 0.01},
        loss={"name": "huber", "delta": 2.0},
        label="progression",
        into="d",
    )
    assert score("d", said, "FROM diabetes.test")["r2_score"] > 0.3
    predict(select="FROM diabetes.test", model="d", into=table("p"), column="progression")
    assert types("p")["progression"] == "DOUBLE"


def test_categories_are_learned(place: Path, said: Said) -> None:
    """Each row's answer depends on two words and a weighted list, in no order that is a number."""
    sql(
        "CREATE TABLE t AS SELECT 'w' || (range % 300) AS word, range % 7 AS n,"
        " (range % 5) || ':2,' || (range % 3) || ':1' AS pairs,"
        " (((range % 300) * 7919) % 2 = 0) AS y FROM range(3000)"
    )
    train(
        select="FROM t",
        estimator="DNNClassifier",
        params={"hidden_units": [16]},
        epochs=15,
        batch_size=64,
        optimizer={"name": "Adam", "learning_rate": 0.01},
        features=[
            embedding("word", 8, "sqrtn", "glorot_uniform"),
            column("word"),  # 300 values: learned as well
            indicator("n"),
            bucket("n", [3]),
            embedding(weighted_category(sparse("pairs", 5, ",", "int", ":")), 2, "mean"),
            embedding(category_hash("word", 1000), 4),
        ],
        label="y",
        into="d",
    )
    assert score("d", said, "FROM t")["accuracy_score"] > 0.95
    predict(
        select="SELECT 'new' AS word, NULL::BIGINT AS n, '' AS pairs FROM range(2)",
        model="d",
        into=table("p"),
        column="y",
    )
    assert types("p")["y"] == "BOOLEAN"
    # Unseen in both vocabularies; the hash takes it for one of its own.
    assert said.warnings() == ["column `word`: 4 values were ignored: not seen in training"]
    explain(select="FROM t LIMIT 2", model="d", into=table("e"))
    assert list(types("e")) == [
        "row_number", "base_value", "word_embedding", "word", "n_indicator", "n_bucket", "pairs",
        "word_embedding_2",
    ]  # fmt: skip


def test_missing_numbers_count_as_the_mean(place: Path, said: Said) -> None:
    sql("CREATE TABLE t AS SELECT range % 11 AS x, range % 11 > 5 AS y FROM range(220)")
    train(
        select="FROM t",
        estimator="DNNClassifier",
        params={"hidden_units": [8]},
        epochs=10,
        label="y",
        into="d",
    )
    predict(
        select="SELECT NULL::DOUBLE AS x UNION ALL SELECT 5.0",
        model="d",
        into=table("p"),
        column="y",
        extra_outputs=["logits"],
    )
    first, second = rows("SELECT logit_true FROM p")
    assert first == pytest.approx(second, abs=1e-5)


def test_training_goes_on_from_a_model(iris: Path, said: Said) -> None:
    train_iris(epochs=5)
    before = score("d", said, TEST)["loss"]
    train_iris(epochs=10, start_from="d", into="more")
    assert score("more", said, TEST)["loss"] < before
    with pytest.raises(ProgramError, match="the layers differ"):
        train_iris(start_from="d", params={"hidden_units": [11], "n_classes": 3})


def test_training_goes_on_from_a_network_only(iris: Path) -> None:
    train(
        select="SELECT * EXCLUDE id FROM iris.train",
        estimator="xgboost.gbtree",
        params={},
        label="class",
        into="trees",
    )
    with pytest.raises(ProgramError) as caught:
        train_iris(start_from="trees")
    assert str(caught.value) == (
        "DNNClassifier (Keras) cannot go on from the model `trees`, which is one of xgboost.gbtree "
        "(XGBoost, booster gbtree); train with xgboost.gbtree, or leave out USING"
    )
    train_iris(epochs=1)
    with pytest.raises(ProgramError, match=r"cannot go on from the model `d`, .* DNNClassifier"):
        train(
            select="FROM iris.train",
            estimator="xgboost.gbtree",
            label="class",
            start_from="d",
            into="more",
        )


def test_early_stopping_keeps_the_best_epoch(iris: Path, said: Said) -> None:
    train_iris(
        epochs=200,
        early_stopping=2,
        optimizer={"name": "Adam", "learning_rate": 0.1},
        validation={"select": TEST, "metrics": ["log_loss", "Accuracy"]},
    )
    losses = [
        float(str(metrics["validation_log_loss"]))
        for _, _, unit, metrics in said.progress
        if unit == "epochs"
    ]
    assert len(losses) < 200
    assert losses.index(min(losses)) == len(losses) - 3
    assert score("d", said, TEST)["loss"] == pytest.approx(min(losses), rel=1e-4)


def test_training_stops_after_so_many_steps(iris: Path, said: Said) -> None:
    train_iris(epochs=100, batch_size=40, max_steps=7)
    assert [done for done, _, unit, _ in said.progress if unit == "epochs"] == [1, 2, 3]


def test_a_label_vocabulary_orders_the_classes(iris: Path) -> None:
    names = ["virginica", "versicolor", "setosa"]
    train_iris(params={"hidden_units": [4], "label_vocabulary": names}, epochs=1)
    predict(select=TEST, model="d", into=table("p"), column="c", extra_outputs=["probabilities"])
    assert list(types("p"))[-3:] == [f"probability_{name}" for name in names]
    with pytest.raises(ProgramError, match="has the value `setosa`, which is not in"):
        train_iris(params={"hidden_units": [4], "label_vocabulary": names[:2]})


def test_a_row_limit_is_said(iris: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlflow_runtime.estimators import _keras

    monkeypatch.setattr(_keras, "EXPLAIN_ROWS", 3)
    train_iris(epochs=1)
    explain(select=TEST, model="d", into=table("e"))
    assert rows("SELECT DISTINCT row_number FROM e ORDER BY row_number") == [(1,), (15,), (30,)]
    assert said.warnings() == [
        "PermutationExplainer explains 3 of the 30 rows, spread evenly over the query"
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": {}}, "needs model.hidden_units"),
        ({"params": {"hidden_units": [0]}}, "needs model.hidden_units, a list of whole numbers"),
        ({"params": {"hidden_unit": [4]}}, "no parameter `model.hidden_unit`; did you mean `hid"),
        ({"params": {"hidden_units": [4], "dropout": 1}}, "model.dropout is 1"),
        ({"params": {"hidden_units": [4], "activation_fn": "rely"}}, "did you mean `relu"),
        (
            {"params": {"hidden_units": [4], "n_classes": 2}},
            "but model.n_classes is 2; say model.n_classes = 3",
        ),
        ({"optimizer": {"name": "Adamm"}}, "no optimizer `Adamm`; did you mean `Adam"),
        ({"optimizer": {"name": "SGD", "lerning_rate": 1}}, "no parameter `lerning_rate`; did you"),
        ({"optimizer": {"name": "SGD", "momentum": 2.0}}, "optimizer SGD: "),
        ({"loss": {"name": "huber"}}, "no loss `huber`"),
        ({"rounds": 3}, "is trained in epochs and has no rounds"),
        ({"early_stopping": 3}, "early stopping needs data to watch"),
        ({"linear_optimizer": {"name": "Ftrl"}}, "has no `model.linear_optimizer`; say model.opt"),
        ({"features": {"a": [column("petal_width")], "b": [column("petal_width")]}}, "one list of"),
        (
            {"features": [embedding("petal_width", 2, "sum", "lucky")]},
            "no EMBEDDING's initializer `lucky`",
        ),
        (
            {
                "estimator": "DNNRegressor",
                "params": {"hidden_units": [4]},
                "select": "SELECT sepal_length, petal_width * 1e30 AS y FROM iris.train",
                "label": "y",
                "loss": {"name": "Poisson"},
                "optimizer": {"name": "SGD", "learning_rate": 1e30},
            },
            "the training diverged",
        ),
    ],
)
def test_errors_name_what_is_wrong(iris: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        train_iris(**{"epochs": 1, **changes})
    assert message in str(caught.value)
    assert not (iris / ".sqlflow" / "models").exists()
