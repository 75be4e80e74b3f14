"""What steps make, against the same made with the libraries or by the definition."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import rows
from sqlflow_runtime import explain, predict, table, train

MEASURES = "sepal_length, sepal_width, petal_length, petal_width"
ANSWER = "id % 7 + petal_width * petal_length"
TRAIN = "SELECT * EXCLUDE id FROM iris.train ORDER BY id"
TEST = "SELECT * FROM iris.test ORDER BY id"


def points(part: str) -> Any:
    return np.array(rows(f"SELECT {MEASURES} FROM iris.{part} ORDER BY id"), np.float32)


def test_a_network_is_the_one_keras_makes(iris: Path) -> None:
    train(
        select=TRAIN,
        estimator="DNNClassifier",
        params={"hidden_units": [8, 6], "n_classes": 3, "activation_fn": "tanh", "seed": 3},
        optimizer={"name": "Adam", "learning_rate": 0.01},
        epochs=5,
        batch_size=20,
        label="class",
        into="m",
    )
    predict(select=TEST, model="m", into=table("p"), column="c", extra_outputs=["logits"])

    import keras  # Training has chosen its backend.

    seen = points("train").astype(np.float64)
    mean, scale = seen.mean(axis=0), seen.std(axis=0)
    names = sorted({name for (name,) in rows("SELECT class FROM iris.train")})
    ids = np.array([names.index(name) for (name,) in rows(f"SELECT class FROM ({TRAIN})")])
    keras.utils.set_random_seed(3)
    network = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Dense(6, activation="tanh"),
            keras.layers.Dense(3),
        ]
    )
    network.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    network.fit(((seen - mean) / scale).astype(np.float32), ids, batch_size=20, epochs=5, verbose=0)
    wanted = network.predict(((points("test") - mean) / scale).astype(np.float32), verbose=0)
    found = rows("SELECT COLUMNS('logit_.*') FROM p ORDER BY id")
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("estimator", "objective", "made"),
    [
        ("xgboost.XGBRegressor", "reg:squarederror", "XGBRegressor"),
        ("xgboost.XGBRegressor", "count:poisson", "XGBRegressor"),
        ("xgboost.XGBRFRegressor", "reg:squarederror", "XGBRFRegressor"),
    ],
)
def test_regressors_are_those_of_xgboosts_own_classes(
    iris: Path, estimator: str, objective: str, made: str
) -> None:
    import xgboost as xgb

    params = {"objective": objective, "max_depth": 3, "n_estimators": 7, "random_state": 5}
    train(
        select="SELECT * EXCLUDE (id, class) FROM iris.train ORDER BY id",
        estimator=estimator,
        params=params,
        label="petal_width",
        into="m",
    )
    predict(select=TEST, model="m", into=table("p"), column="petal_width")
    seen, unseen = points("train"), points("test")
    direct = getattr(xgb, made)(**params, n_jobs=1).fit(seen[:, :3], seen[:, 3])
    found = np.ravel(rows("SELECT petal_width FROM p ORDER BY id"))
    np.testing.assert_allclose(found, direct.predict(unseen[:, :3]), rtol=1e-5)


def test_permutation_contributions_are_near_shapley_values(iris: Path) -> None:
    """All 16 sets of four features, each against every row of the background."""
    from sklearn.ensemble import RandomForestRegressor

    train(
        select=f"SELECT {MEASURES}, {ANSWER} AS answer FROM iris.train ORDER BY id",
        estimator="sklearn.ensemble.RandomForestRegressor",
        params={"n_estimators": 10},
        label="answer",
        into="m",
    )
    explain(
        select="SELECT * EXCLUDE (id, class) FROM iris.test ORDER BY id", model="m", into=table("e")
    )
    seen, unseen = points("train"), points("test")
    label = np.ravel(rows(f"SELECT {ANSWER} FROM iris.train ORDER BY id"))
    forest = RandomForestRegressor(n_estimators=10, random_state=0).fit(seen, label)

    def mean_outputs(taken: tuple[int, ...]) -> Any:
        """Returns for each row what comes of its features `taken`, the others of the background."""
        # The background are at most 64 of the rows to explain, here all of them.
        mixed = np.tile(unseen, (len(unseen), 1))
        mixed[:, list(taken)] = np.repeat(unseen[:, list(taken)], len(unseen), axis=0)
        return forest.predict(mixed).reshape(len(unseen), -1).mean(axis=1)

    values = {
        taken: mean_outputs(taken)
        for size in range(5)
        for taken in itertools.combinations(range(4), size)
    }
    wanted = np.zeros((len(unseen), 4))
    for taken in values:
        for feature in set(range(4)) - set(taken):
            before, after = len(taken), 3 - len(taken)
            weight = math.factorial(before) * math.factorial(after) / math.factorial(4)
            more = tuple(sorted((*taken, feature)))
            wanted[:, feature] += weight * (values[more] - values[taken])
    found = np.array(rows(f"SELECT {MEASURES} FROM e ORDER BY row_number"))
    base = forest.predict(unseen).mean()
    np.testing.assert_allclose(np.ravel(rows("SELECT base_value FROM e")), base, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1) + base, forest.predict(unseen), atol=1e-6)
    # The estimate is of a few random orders, so it is near and not equal.
    spread = np.abs(wanted).max()
    assert np.abs(found - wanted).mean() < 0.02 * spread
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.98
