"""Linear models, and deep and linear ones side by side, on Keras with JAX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Said, rows, sql, types
from sqlflow_runtime import (
    category_hash,
    category_id,
    column,
    cross,
    embedding,
    evaluate,
    explain,
    indicator,
    predict,
    seq_category_id,
    table,
    train,
)
from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime.estimators import Settings, estimator

WIDE, DEEP = "linear_feature_columns", "dnn_feature_columns"


def score(said: Said, select: str, model: str = "m") -> dict[str, float]:
    evaluate(select=select, model=model)
    shown = said.tables[-1]
    return dict(zip(shown["columns"], shown["rows"][0], strict=True))


def test_a_classifier_learns_iris(iris: Path, said: Said) -> None:
    train(
        select="SELECT * EXCLUDE id FROM iris.train",
        estimator="LinearClassifier",
        params={"n_classes": 3},
        epochs=20,
        label="class",
        into="m",
    )
    assert score(said, "FROM iris.test")["accuracy_score"] >= 0.9
    with pytest.raises(ProgramError, match="LinearClassifier learns from a label; say LABEL"):
        train(select="FROM iris.train", estimator="LinearClassifier", into="n")


def test_a_regressor_finds_what_least_squares_find(diabetes: Path, said: Said) -> None:
    train(
        select="SELECT * EXCLUDE id FROM diabetes.train",
        estimator="LinearRegressor",
        params={"label_dimension": 1},
        epochs=300,
        batch_size=353,
        optimizer={"name": "Adam", "learning_rate": 0.02},
        label="progression",
        into="m",
    )
    train(
        select="SELECT * EXCLUDE id FROM diabetes.train",
        estimator="sklearn.linear_model.LinearRegression",
        label="progression",
        into="exact",
    )
    for name in ("m", "exact"):
        predict(select="FROM diabetes.test", model=name, into=table(name), column="y")
    ((difference, spread),) = rows(
        "SELECT sqrt(avg((m.y - e.y) ** 2)), stddev(e.y) FROM m JOIN exact e USING (id)"
    )
    assert difference < 0.05 * spread


def test_the_default_optimizer_learns_on_few_epochs(diabetes: Path, said: Said) -> None:
    train(
        select="SELECT * EXCLUDE id FROM diabetes.train",
        estimator="LinearRegressor",
        epochs=20,
        label="progression",
        into="m",
    )
    assert score(said, "FROM diabetes.test")["r2_score"] > 0.4


def clicks() -> None:
    """`y` is 1 where an odd word meets an even place: no sum of both says that, a cross does."""
    sql(
        "CREATE TABLE t AS SELECT 'w' || (range % 40) AS word, (range // 40) % 10 AS place,"
        " (range % 40) || ',' || ((range + 3) % 40) AS list,"
        " CASE WHEN (range % 40) % 2 <> ((range // 40) % 10) % 2 THEN 'yes' ELSE 'no' END AS y"
        " FROM range(4000)"
    )


def test_a_linear_model_needs_the_cross(place: Path, said: Said) -> None:
    clicks()
    alone = [column("word"), indicator("place")]
    for name, features in (("alone", alone), ("crossed", [*alone, cross(["word", "place"], 5000)])):
        train(
            select="FROM t",
            estimator="LinearClassifier",
            epochs=10,
            features=features,
            label="y",
            into=name,
        )
    assert score(said, "FROM t", "alone")["accuracy_score"] < 0.6
    assert score(said, "FROM t", "crossed")["accuracy_score"] > 0.95


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
def test_lists_are_combined_as_said(place: Path, combiner: str) -> None:
    """A list of twice the same id counts twice, once, or the square root of two times."""
    sql("CREATE TABLE t AS SELECT (range % 4)::TEXT AS ids, range % 4 AS y FROM range(400)")
    train(
        select="FROM t",
        estimator="LinearRegressor",
        params={"sparse_combiner": combiner},
        epochs=50,
        features=[seq_category_id("ids", 4)],
        label="y",
        into="m",
    )
    predict(select="SELECT unnest(['', '3', '3,3']) AS ids", model="m", into=table("p"), column="y")
    none, once, twice = (y for (y,) in rows("SELECT y FROM p"))
    assert once == pytest.approx(3, abs=0.1)
    factor = {"sum": 2, "mean": 1, "sqrtn": 2**0.5}[combiner]
    assert twice - none == pytest.approx(factor * (once - none), rel=1e-4)


def train_both(**changes: Any) -> None:
    arguments: dict[str, Any] = {
        "select": "FROM t",
        "estimator": "DNNLinearCombinedClassifier",
        "params": {"dnn_hidden_units": [16], "n_classes": 2},
        "epochs": 8,
        "features": {
            WIDE: [cross(["word", "place"], 5000), category_hash("word", 100)],
            DEEP: [embedding(category_id("place", 10), 4), column("word")],
        },
        "label": "y",
        "into": "m",
    }
    train(**{**arguments, **changes})


def test_both_parts_learn(place: Path, said: Said) -> None:
    clicks()
    train_both(
        linear_optimizer={"name": "Ftrl", "learning_rate": 0.1},
        dnn_optimizer={"name": "Adam", "learning_rate": 0.01},
    )
    assert score(said, "FROM t")["accuracy_score"] > 0.95
    predict(select="FROM t", model="m", into=table("p"), column="y", extra_outputs=["logits"])
    assert types("p")["y"] == "VARCHAR"
    explain(select="FROM t LIMIT 3", model="m", into=table("e"))
    # What both parts take from one column is one feature.
    assert list(types("e"))[2:] == ["word_place", "word", "place"]
    predict(
        select="FROM t LIMIT 3",
        model="m",
        into=table("q"),
        column="y",
        extra_outputs=["probabilities"],
    )
    sums = rows("SELECT base_value + word_place + word + place FROM e ORDER BY row_number")
    np.testing.assert_allclose(sums, rows("SELECT probability_yes FROM q"), atol=1e-5)


def test_each_part_has_an_optimizer_of_its_own(place: Path) -> None:
    """A part whose optimizer does not move stays as it was made; the other one learns."""
    from sqlflow_runtime import _model

    clicks()
    still = {"name": "SGD", "learning_rate": 1e-12}
    moved = {}
    for name, optimizers in (
        ("wide", {"dnn_optimizer": still}),
        ("deep", {"linear_optimizer": still}),
    ):
        made = []
        for epochs in (1, 3):
            train_both(epochs=epochs, **optimizers)
            network: Any = _model.load("m").estimator
            made.append({weight.path: weight.numpy() for weight in network._network.weights})
        moved[name] = {
            path for path, before in made[0].items() if np.abs(before - made[1][path]).max() > 1e-6
        }
    assert moved["wide"]
    assert moved["deep"]
    assert all(path.startswith("linear_") for path in moved["wide"])
    assert not any(path.startswith("linear_") for path in moved["deep"])


def test_the_deep_part_alone_is_a_network(iris: Path, said: Said) -> None:
    """The same layers, seed and data as DNNClassifier: the same predictions."""
    common: dict[str, Any] = {
        "select": "SELECT * EXCLUDE id FROM iris.train",
        "epochs": 3,
        "label": "class",
    }
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    features = [column(name) for name in names]
    train(
        **common,
        estimator="DNNLinearCombinedClassifier",
        params={"dnn_hidden_units": [8], "dnn_activation_fn": "tanh"},
        features={DEEP: features},
        into="part",
    )
    train(
        **common,
        estimator="DNNClassifier",
        params={"hidden_units": [8], "activation_fn": "tanh"},
        features=features,
        into="whole",
    )
    for name in ("part", "whole"):
        predict(
            select="FROM iris.test",
            model=name,
            into=table(name),
            column="c",
            extra_outputs=["probabilities"],
        )
    found, wanted = (rows(f"SELECT COLUMNS('prob.*') FROM {name}") for name in ("part", "whole"))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_regressor_of_both_parts_goes_on(diabetes: Path, said: Said) -> None:
    features = {WIDE: [column("s1"), column("s2")], DEEP: [column("bmi"), column("s5")]}
    losses = []
    for start in (None, "m"):
        train(
            select="SELECT * EXCLUDE id FROM diabetes.train",
            estimator="DNNLinearCombinedRegressor",
            params={"dnn_hidden_units": [8], "batch_norm": True, "dnn_dropout": 0.1},
            epochs=10,
            features=features,
            label="progression",
            start_from=start,
            into="m",
        )
        losses.append(score(said, "FROM diabetes.train")["loss"])
    assert losses[1] < losses[0]
    assert score(said, "FROM diabetes.test")["r2_score"] > 0.3
    with pytest.raises(ProgramError, match="the layers differ from those of the model"):
        train(
            select="SELECT * EXCLUDE id FROM diabetes.train",
            estimator="DNNLinearCombinedRegressor",
            params={"dnn_hidden_units": [9]},
            features=features,
            label="progression",
            start_from="m",
            into="n",
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": {}}, "needs model.dnn_hidden_units, a list of whole numbers; for example"),
        ({"params": {"hidden_units": [4]}}, "no parameter `model.hidden_units`; did you mean `dnn"),
        ({"optimizer": {"name": "Adam"}}, "has no `model.optimizer`; say model.linear_optimizer"),
        ({"dnn_optimizer": {"name": "Adamm"}}, "no optimizer `Adamm`; did you mean `Adam"),
        (
            {"params": {"dnn_hidden_units": [4], "linear_sparse_combiner": "max"}},
            "no linear_sparse_combiner `max`",
        ),
        (
            {"features": [column("word")]},
            "has features for each of its two parts; say COLUMN … FOR linear_feature_columns",
        ),
        ({"features": {"wide": [column("word")]}}, "has no features `wide`; say COLUMN … FOR"),
        ({"label": None}, "learns from a label; say LABEL column"),
    ],
)
def test_errors_name_what_is_wrong(place: Path, changes: dict[str, Any], message: str) -> None:
    clicks()
    with pytest.raises(ProgramError) as caught:
        train_both(**changes)
    assert message in str(caught.value)
    assert not (place / ".sqlflow" / "models").exists()


def test_a_linear_model_has_no_layers() -> None:
    with pytest.raises(ProgramError, match=r"LinearRegressor has no parameter `model.hidden_units"):
        estimator("LinearRegressor", Settings(params={"hidden_units": [4]}))
