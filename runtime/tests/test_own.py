"""Estimators of the user's own, from a module that an image would bring."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Said, rows, types
from sqlflow_runtime import column, embedding, evaluate, explain, indicator, predict, table, train
from sqlflow_runtime._errors import ProgramError, ResourceError

IRIS = "SELECT * EXCLUDE id FROM iris.train"
TEST = "SELECT * FROM iris.test ORDER BY id"

LIKE_SKLEARN = '''
import json
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

__version__ = "1.2.3"


class Nearest:
    """Says the class whose mean is nearest; knows nothing of scikit-learn."""

    def __init__(self, power=2.0):
        self.power = power

    def fit(self, rows, label):
        self.classes_ = np.unique(label)
        self.means = np.stack([rows[label == one].mean(axis=0) for one in self.classes_])

    def predict_proba(self, rows):
        distance = (np.abs(rows[:, np.newaxis] - self.means) ** self.power).sum(axis=2)
        near = 1 / (distance + 1e-9)
        return near / near.sum(axis=1, keepdims=True)

    def predict(self, rows):
        return self.classes_[self.predict_proba(rows).argmax(axis=1)]


class Derived(ClassifierMixin, Nearest, BaseEstimator):
    pass


class Middle:
    """Stores itself, since what it holds is nothing that others can store."""

    def fit(self, rows, label):
        self.constant = (value for value in [float(np.median(label))])
        self.value = next(self.constant)
        return self

    def predict(self, rows):
        return np.full(len(rows), self.value)

    def save(self, path):
        with open(path, "w") as file:
            json.dump(self.value, file)

    @classmethod
    def load(cls, path):
        made = cls()
        with open(path) as file:
            made.value = json.load(file)
        return made


class Holder:
    """Holds an object of another class."""

    def fit(self, rows, label):
        self.inner = Nearest()

    def predict(self, rows):
        return np.zeros(len(rows))


class Halves:
    """Learns without a label: rows above and below the mean of their sums."""

    def fit(self, rows):
        self.mean = rows.sum(axis=1).mean()

    def predict(self, rows):
        return (rows.sum(axis=1) > self.mean).astype(int)


class Failing(Nearest):
    def fit(self, rows, label):
        raise KeyError("no such thing")


class NoPrediction:
    def fit(self, rows, label=None):
        return self


class NoFit:
    pass


answer = 42
'''

KERAS = '''
import keras


class Tower(keras.Model):
    """As SQLFlow's users write them: probabilities, and a parameter for the classes."""

    def __init__(self, hidden_units=8, n_classes=3):
        super().__init__()
        self.hidden = keras.layers.Dense(hidden_units, activation="relu")
        self.out = keras.layers.Dense(n_classes, activation="softmax")

    def call(self, inputs):
        return self.out(self.hidden(inputs))


def tower(input_width, n_classes=3, hidden_units=8):
    inputs = keras.Input((input_width,))
    hidden = keras.layers.Dense(hidden_units, activation="relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(n_classes)(hidden))


def line():
    return keras.Sequential([keras.layers.Dense(1)])


def gate():
    return keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])


def wide():
    return keras.Sequential([keras.layers.Dense(7)])


def nothing():
    return 1


def optimizer():
    return keras.optimizers.Adam(learning_rate=0.05)
'''


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "packages"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "__init__.py").write_text('__version__ = "1.2.3"')
    (folder / "mine" / "plain.py").write_text(LIKE_SKLEARN)
    (folder / "mine" / "deep.py").write_text(KERAS)
    (folder / "mine" / "needy.py").write_text("import a_package_that_is_not_there")
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]


def train_iris(estimator: str, **changes: Any) -> None:
    arguments = {"select": IRIS, "estimator": estimator, "label": "class", "into": "m"}
    train(**{**arguments, **changes})


def score(said: Said, select: str = TEST, model: str = "m") -> dict[str, float]:
    evaluate(select=select, model=model)
    shown = said.tables[-1]
    return dict(zip(shown["columns"], shown["rows"][0], strict=True))


@pytest.mark.parametrize("name", ["Nearest", "Derived"])
def test_a_class_with_fit_and_predict(iris: Path, mine: Path, said: Said, name: str) -> None:
    train_iris(f"mine.plain.{name}", params={"power": 1.5})
    predict(select=TEST, model="m", into=table("p"), column="c", extra_outputs=["probabilities"])
    assert types("p")["c"] == "VARCHAR"
    assert score(said)["accuracy_score"] > 0.8

    from mine.plain import Nearest  # type: ignore[import-not-found]

    def points(part: str) -> tuple[Any, list[str]]:
        found = rows(f"SELECT * EXCLUDE id FROM iris.{part} ORDER BY id")
        values = np.array([row[:4] for row in found], np.float32)
        return values.astype(np.float64), [row[4] for row in found]

    direct = Nearest(power=1.5)
    direct.fit(*map(np.array, points("train")))
    assert [c for (c,) in rows("SELECT c FROM p")] == list(direct.predict(points("test")[0]))
    found = rows("SELECT COLUMNS('probability_.*') FROM p")
    np.testing.assert_allclose(found, direct.predict_proba(points("test")[0]))
    explain(select=TEST, model="m", into=table("e"))
    assert rows("SELECT count(*) FROM e") == [(90,)]

    folder = iris / ".sqlflow" / "models" / "m" / "latest"
    document = json.loads((folder / "model.json").read_text())
    assert document["estimator"] == f"mine.plain.{name}"
    assert document["versions"]["mine"] == "1.2.3"


@pytest.mark.parametrize(
    ("name", "label", "features"),
    [
        ("LGBMClassifier", "class", ["sepal_length", "sepal_width", "petal_length", "petal_width"]),
        ("LGBMRegressor", "petal_width", ["sepal_length", "sepal_width", "petal_length"]),
    ],
)
def test_a_library_like_scikit_learn(
    iris: Path, name: str, label: str, features: list[str]
) -> None:
    import lightgbm

    params: dict[str, Any] = {"n_estimators": 20, "min_child_samples": 5, "verbose": -1}
    train(
        select="FROM iris.train ORDER BY id",
        estimator=f"lightgbm.{name}",
        params=params,
        features=[column(feature) for feature in features],
        label=label,
        into="m",
    )
    predict(select=TEST, model="m", into=table("p"), column="predicted")

    def points(part: str) -> Any:
        found = rows(f"SELECT {', '.join(features)} FROM iris.{part} ORDER BY id")
        return np.array(found, np.float32).astype(np.float64)

    truth = np.array(rows(f"SELECT {label} FROM iris.train ORDER BY id")).ravel()
    direct = getattr(lightgbm, name)(**params, random_state=0).fit(points("train"), truth)
    wanted = direct.predict(points("test"))
    found = [value for (value,) in rows("SELECT predicted FROM p ORDER BY id")]
    if label == "class":
        assert found == list(wanted)
    else:
        np.testing.assert_allclose(found, wanted)


def test_a_class_that_stores_itself(iris: Path, mine: Path, said: Said) -> None:
    train(
        select="SELECT sepal_length, petal_width FROM iris.train",
        estimator="mine.plain.Middle",
        label="petal_width",
        into="m",
    )
    predict(select=TEST, model="m", into=table("p"), column="w")
    ((median,),) = rows("SELECT median(petal_width) FROM iris.train")
    assert rows("SELECT DISTINCT w FROM p") == [(median,)]
    assert score(said)["mean_absolute_error"] > 0


def test_a_class_that_learns_without_a_label(iris: Path, mine: Path, said: Said) -> None:
    train(
        select="SELECT * EXCLUDE (id, class) FROM iris.train",
        estimator="mine.plain.Halves",
        into="m",
    )
    predict(select=TEST, model="m", into=table("p"), column="half")
    assert types("p")["half"] == "BIGINT"
    assert rows("SELECT DISTINCT half FROM p ORDER BY half") == [(0,), (1,)]
    assert score(said)["silhouette_score"] > 0.3


@pytest.mark.parametrize("name", ["Tower", "tower"])
def test_a_keras_model(iris: Path, mine: Path, said: Said, name: str) -> None:
    """A class that gives probabilities, a function that builds a model of logits."""
    train_iris(
        f"mine.deep.{name}",
        params={"hidden_units": 16},
        epochs=15,
        optimizer={"name": "Adam", "learning_rate": 0.05},
        validation={"select": TEST, "metrics": ["Accuracy"]},
        early_stopping=10,
    )
    assert score(said)["accuracy_score"] >= 0.9
    predict(
        select=TEST,
        model="m",
        into=table("p"),
        column="c",
        extra_outputs=["probabilities", "logits"],
    )
    ((least, most),) = rows(
        "SELECT min(total), max(total) FROM (SELECT probability_setosa + probability_versicolor"
        " + probability_virginica AS total FROM p)"
    )
    assert least == pytest.approx(1)
    assert most == pytest.approx(1)
    folder = iris / ".sqlflow" / "models" / "m" / "latest"
    assert {path.name for path in folder.iterdir()} == {
        "model.json",
        "scales.json",
        "weights.npz",
    }
    scales = json.loads((folder / "scales.json").read_text())
    assert scales["gives_probabilities"] is (name == "Tower")
    before = score(said, IRIS)["loss"]
    train_iris(
        f"mine.deep.{name}", params={"hidden_units": 16}, epochs=5, start_from="m", into="more"
    )
    assert score(said, IRIS, "more")["loss"] < before


def test_keras_models_of_numbers_and_of_two_classes(diabetes: Path, mine: Path, said: Said) -> None:
    select = "SELECT * EXCLUDE id FROM diabetes.train"
    train(select=select, estimator="mine.deep.line", epochs=30, label="progression", into="line")
    # By the optimizer of the model's module; the default one would not come near.
    assert score(said, "FROM diabetes.test", "line")["r2_score"] > 0.4
    high = "SELECT * EXCLUDE progression, progression > 140 AS high FROM diabetes.{}"
    train(
        select=high.format("train"),
        estimator="mine.deep.gate",
        epochs=20,
        features=[column("bmi"), column("s5"), embedding("sex", 2), indicator("sex")],
        label="high",
        into="gate",
    )
    assert score(said, high.format("test"), "gate")["accuracy_score"] > 0.6
    predict(
        select=high.format("test"),
        model="gate",
        into=table("p"),
        column="high",
        extra_outputs=["probabilities"],
    )
    assert rows("SELECT count(*) FROM p WHERE high <> (probability_true > 0.5)") == [(0,)]


def test_the_code_comes_from_the_image(iris: Path, mine: Path) -> None:
    """A model's files name nothing but the class that they are for."""
    import skops.io

    train_iris("mine.plain.Nearest")
    from mine.plain import Holder

    from sqlflow_runtime.estimators import Kind, Settings, estimator
    from sqlflow_runtime.features._fitted import Specification

    folder = iris / ".sqlflow" / "models" / "m" / "latest"
    document = json.loads((folder / "model.json").read_text())
    features = Specification.from_json(document["features"])
    (folder / "estimator.skops").write_bytes(skops.io.dumps(Holder()))
    with pytest.raises(ResourceError, match=r"is refused: it holds mine\.plain\.Holder"):
        estimator("mine.plain.Nearest", Settings()).load(folder, features, Kind.CLASSIFICATION, 3)
    with pytest.raises(ProgramError, match=r"without code: it holds mine\.plain\.Nearest"):
        train_iris("mine.plain.Holder")


def test_another_image_does_not_fit(iris: Path, mine: Path) -> None:
    train_iris("mine.deep.tower", epochs=1)
    sys.modules["mine.deep"].tower.__defaults__ = (3, 9)
    with pytest.raises(ResourceError, match=r"weights have the shapes \[\(4, 8\).* those of mine"):
        predict(select=TEST, model="m", into=table("p"), column="c")


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("mine.plain.Nothing", {}, "the module `mine.plain` has no `Nothing`"),
        ("mine.other.Class", {}, "no estimator `mine.other.Class`; it has to be importable"),
        ("yours.Class", {}, "no estimator `yours.Class`; it has to be importable"),
        ("os.system", {}, "no estimator `os.system`"),
        ("mine.plain.answer", {}, "mine.plain.answer is of type int, no estimator"),
        ("mine.plain.NoFit", {}, "the class mine.plain.NoFit has no method `fit`"),
        ("mine.plain.NoPrediction", {}, "has no method `predict`; a model is of use only"),
        ("mine.plain.Nearest", {"params": {"pow": 1}}, "no parameter `model.pow`; did you mean"),
        ("mine.plain.Nearest", {"label": None, "select": "SELECT id FROM iris.train"},
         "missing 1 required positional argument: 'label'"),
        ("mine.plain.Failing", {}, "mine.plain.Failing: KeyError: 'no such thing'"),
        ("mine.plain.Derived", {"label": None}, "learns from a label; say LABEL"),
        ("mine.deep.Tower", {"label": None}, "learns from a label; say LABEL"),
        ("mine.deep.Tower", {"params": {"hidden": 1}}, "no parameter `model.hidden`; did you mean"),
        ("mine.deep.Tower", {"rounds": 1}, "has no `rounds`; say train.epoch"),
        ("mine.deep.Tower", {"optimizer": {"name": "Adamm"}}, "no optimizer `Adamm`; did you"),
        ("mine.deep.Tower", {"loss": {"name": "Huberr"}}, "no loss `Huberr`; did you mean `Huber`"),
        ("mine.deep.wide", {}, "mine.deep.wide returns (7,) for a row, and 3 classes are to be"),
        ("mine.deep.nothing", {}, "mine.deep.nothing returns a int and no Keras model"),
        ("mine.deep.tower", {"params": {"hidden_units": -1}}, "mine.deep.tower: ValueError: "),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(
    iris: Path, mine: Path, name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ProgramError) as caught:
        train_iris(name, **changes)
    assert message in str(caught.value)
    assert not (iris / ".sqlflow" / "models").exists()


def test_a_missing_library_is_named(iris: Path, mine: Path) -> None:
    with pytest.raises(ResourceError, match=r"needs the Python package `a_package_that_is_not_the"):
        train_iris("mine.needy.Class")
