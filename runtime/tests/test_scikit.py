"""scikit-learn's estimators, against scikit-learn used directly."""

from __future__ import annotations

import importlib
import inspect
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from conftest import Said, rows, sql, types
from sqlflow_runtime import (
    category_hash,
    column,
    evaluate,
    explain,
    indicator,
    predict,
    show_train,
    table,
    train,
)
from sqlflow_runtime._errors import ProgramError, ResourceError
from sqlflow_runtime.data import spool
from sqlflow_runtime.estimators import Examples, Kind, Settings, estimator
from sqlflow_runtime.estimators._scikit_names import NAMES, REFUSED
from sqlflow_runtime.features import _declared
from sqlflow_runtime.features._fit import fit
from sqlflow_runtime.features._values import Tally

IRIS = "SELECT * EXCLUDE id FROM iris.train"
FLOWERS = "SELECT * EXCLUDE (id, class) FROM iris.train"
TEST = "SELECT * FROM iris.test ORDER BY id"

# What an estimator needs to be of use on 120 rows of four columns.
PARAMS: dict[str, dict[str, Any]] = {
    "sklearn.isotonic.IsotonicRegression": {"out_of_bounds": "clip"},
    "sklearn.neighbors.RadiusNeighborsClassifier": {"radius": 3.0},
    "sklearn.neighbors.RadiusNeighborsRegressor": {"radius": 3.0},
    "sklearn.random_projection.GaussianRandomProjection": {"n_components": 2},
    "sklearn.random_projection.SparseRandomProjection": {"n_components": 2},
    "sklearn.linear_model.LogisticRegressionCV": {"cv": 2, "max_iter": 200},
    "sklearn.manifold.LocallyLinearEmbedding": {"eigen_solver": "dense"},
    "sklearn.decomposition.DictionaryLearning": {"max_iter": 10},
    "sklearn.decomposition.MiniBatchDictionaryLearning": {"max_iter": 10},
}
# Measures, neighbors and solvers of other kinds are stored and read as well.
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("sklearn.neighbors.KNeighborsClassifier", {"metric": "manhattan", "algorithm": "ball_tree"}),
    ("sklearn.neighbors.KNeighborsRegressor", {"p": 3, "weights": "distance"}),
    ("sklearn.neighbors.KNeighborsClassifier", {"metric": "chebyshev"}),
    ("sklearn.neighbors.KNeighborsClassifier", {"metric": "cosine"}),
    ("sklearn.neural_network.MLPClassifier", {"solver": "sgd", "hidden_layer_sizes": [8, 4]}),
    ("sklearn.neural_network.MLPRegressor", {"solver": "lbfgs", "hidden_layer_sizes": 8}),
    ("sklearn.linear_model.TweedieRegressor", {"power": 1.5, "link": "log"}),
    ("sklearn.cluster.KMeans", {"n_clusters": 3, "algorithm": "elkan"}),
    ("sklearn.cluster.BisectingKMeans", {"n_clusters": 3, "algorithm": "elkan"}),
    ("sklearn.svm.SVC", {"kernel": "linear", "decision_function_shape": "ovo"}),
    ("sklearn.linear_model.SGDClassifier", {"loss": "log_loss", "class_weight": [1, 2, 3]}),
    ("sklearn.preprocessing.MinMaxScaler", {"feature_range": [-1, 1]}),
    ("sklearn.preprocessing.RobustScaler", {"quantile_range": [10, 90]}),
    ("sklearn.ensemble.GradientBoostingClassifier", {"init": "zero", "n_estimators": 5}),
    ("sklearn.ensemble.HistGradientBoostingRegressor", {"loss": "poisson", "max_iter": 5}),
    ("sklearn.gaussian_process.GaussianProcessRegressor", {"alpha": 0.1}),
    ("sklearn.decomposition.KernelPCA", {"kernel": "rbf", "n_components": 3}),
]


def test_every_estimator_of_scikit_learn_is_known_or_refused() -> None:
    from sklearn.utils import all_estimators

    def public(found: type) -> str:
        """Returns the shortest dotted path without underscores that leads to the class."""
        parts = found.__module__.split(".")
        for length in range(1, len(parts) + 1):
            module = ".".join(parts[:length])
            if getattr(importlib.import_module(module), found.__name__, None) is found:
                return f"{module}.{found.__name__}"
        raise AssertionError(found)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert {public(found) for _, found in all_estimators()} == {*NAMES, *REFUSED}


def test_the_refused_say_why(place: Path) -> None:
    for name, (reason, remedy) in REFUSED.items():
        with pytest.raises(ProgramError) as caught:
            estimator(name, Settings())
        assert str(caught.value) == f"{name} {reason}; {remedy}"


@pytest.fixture(scope="module")
def flowers() -> tuple[pa.Table, Any, Any]:
    """Numbers that float32 holds exactly, so that the library sees what the estimator sees."""
    from sklearn.datasets import load_iris

    data = load_iris()
    order = np.random.default_rng(1).permutation(len(data.data))[:120]
    points = data.data[order].astype(np.float32).astype(np.float64)
    return pa.table(dict(zip("abcd", points.T, strict=True))), points, data.target[order]


@pytest.mark.parametrize(
    ("name", "params"),
    [*((name, PARAMS.get(name, {})) for name in NAMES), *VARIANTS],
    ids=lambda value: value.rpartition(".")[2] if isinstance(value, str) else "",
)
def test_an_estimator_predicts_what_the_library_does(
    name: str,
    params: dict[str, Any],
    flowers: tuple[pa.Table, Any, Any],
    tmp_path: Path,
    said: Said,
) -> None:
    data, points, classes = flowers
    kind = NAMES[name]
    if name == "sklearn.isotonic.IsotonicRegression":
        data, points = data.select(["c"]), points[:, 2:3]
    label = {
        Kind.CLASSIFICATION: classes.astype(np.float64),
        Kind.REGRESSION: points[:, -1] + 0.5 * classes + 0.1,
    }.get(kind, np.empty(0))
    features = fit([_declared.every()], spool(data.to_reader()), [])
    inputs = features.encode_all(spool(data.to_reader()), "", Tally())

    model = estimator(name, Settings(params=params))
    count = 3 if kind is Kind.CLASSIFICATION else 0
    training = model.fit(features, Examples(inputs, label), None, kind, count, None)
    assert training.done >= 0
    model.save(tmp_path)
    stored = estimator(name, Settings(params=params))
    stored.load(tmp_path, features, kind, count)
    found = stored.predict(inputs, logits=kind is Kind.CLASSIFICATION)

    direct = _direct(name, params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = points.astype(np.float32) if ".ensemble." in name or ".tree." in name else points
        target = label.astype(np.int64) if kind is Kind.CLASSIFICATION else label
        direct.fit(*((seen, target) if kind.has_label else (seen,)))
        if kind is Kind.TRANSFORMATION:
            wanted = direct.transform(seen)
            wanted = wanted.toarray() if hasattr(wanted, "toarray") else wanted
            np.testing.assert_allclose(found.values, wanted)
            return
        np.testing.assert_allclose(found.values, np.ravel(direct.predict(seen)))
        if kind is Kind.DETECTION:
            assert found.scores is not None
            np.testing.assert_allclose(found.scores, direct.decision_function(seen))
        if hasattr(direct, "predict_proba") and kind is Kind.CLASSIFICATION:
            assert found.probabilities is not None
            np.testing.assert_allclose(found.probabilities, direct.predict_proba(seen))


def _direct(name: str, params: dict[str, Any]) -> Any:
    module, _, class_name = name.rpartition(".")
    made = getattr(importlib.import_module(module), class_name)
    known = inspect.signature(made).parameters
    given = {
        key: tuple(value)
        if isinstance(value, list) and isinstance(known[key].default, tuple)
        else value
        for key, value in params.items()
    }
    if "class_weight" in given:
        given["class_weight"] = dict(enumerate(given["class_weight"]))
    if "random_state" in known:
        given["random_state"] = 0
    if class_name == "LocalOutlierFactor":
        given["novelty"] = True
    return made(**given)


def score(said: Said) -> dict[str, float]:
    shown = said.tables[-1]
    return dict(zip(shown["columns"], shown["rows"][0], strict=True))


def test_a_classifier_of_texts(iris: Path, said: Said) -> None:
    train(
        select=IRIS,
        estimator="sklearn.linear_model.LogisticRegression",
        params={"max_iter": 500, "C": 10.0},
        label="class",
        validation={"select": TEST, "metrics": ["accuracy_score", "log_loss"]},
        into="m",
        statement="SELECT …",
    )
    predict(
        select=TEST,
        model="m",
        into=table("p"),
        column="flower",
        extra_outputs=["probabilities", "logits"],
    )
    assert types("p")["flower"] == "VARCHAR"

    from sklearn.linear_model import LogisticRegression

    wanted = LogisticRegression(max_iter=500, C=10.0).fit(*_iris("train"))
    points, classes = _iris("test")
    assert [flower for (flower,) in rows("SELECT flower FROM p")] == list(wanted.predict(points))
    found = rows("SELECT COLUMNS('probability_.*') FROM p")
    np.testing.assert_allclose(found, wanted.predict_proba(points), atol=1e-4)
    found = rows("SELECT COLUMNS('logit_.*') FROM p")
    np.testing.assert_allclose(found, wanted.decision_function(points), atol=1e-3)

    evaluate(select=TEST, model="m")
    assert score(said)["accuracy_score"] == wanted.score(points, classes)
    show_train(model="m")
    shown = dict(said.tables[-1]["rows"])
    assert shown["parameters"] == "max_iter = 500, C = 10.0"
    assert "iterations in" in shown["training"]
    assert "validation_log_loss = " in shown["metrics"]
    folder = iris / ".sqlflow" / "models" / "m" / "latest"
    assert {path.name for path in folder.iterdir()} == {
        "estimator.skops",
        "means.json",
        "model.json",
    }


def _iris(part: str) -> tuple[Any, list[str]]:
    found = rows(f"SELECT * EXCLUDE id FROM iris.{part} ORDER BY id")
    points = np.array([row[:4] for row in found], np.float32).astype(np.float64)
    return points, [row[4] for row in found]


def test_a_clustering(iris: Path, said: Said) -> None:
    train(
        select=FLOWERS,
        estimator="sklearn.cluster.KMeans",
        params={"n_clusters": 3},
        into="clusters",
    )
    predict(
        select=TEST,
        model="clusters",
        into=table("p"),
        column="cluster",
        extra_outputs=["distance"],
    )
    assert types("p")["cluster"] == "BIGINT"
    assert types("p")["class"] == "VARCHAR"

    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    wanted = KMeans(3, random_state=0).fit(_iris("train")[0])
    points, classes = _iris("test")
    clusters = wanted.predict(points)
    assert [cluster for (cluster,) in rows("SELECT cluster FROM p")] == list(clusters)
    nearest = wanted.transform(points).min(axis=1)
    np.testing.assert_allclose(np.ravel(rows("SELECT distance FROM p")), nearest)
    with pytest.raises(ProgramError, match="gives no probability; leave it out of"):
        predict(
            select=TEST,
            model="clusters",
            into=table("q"),
            column="cluster",
            extra_outputs=["probability"],
        )

    evaluate(select=TEST, model="clusters")
    assert said.tables[-1]["title"] == "clusters on 30 rows"
    assert score(said)["silhouette_score"] == pytest.approx(silhouette_score(points, clusters))
    evaluate(select=TEST, model="clusters", label="class", into=table("e"))
    ((found,),) = rows("SELECT adjusted_rand_score FROM e")
    assert found == pytest.approx(adjusted_rand_score(classes, clusters))
    # Rows without a label are left out of the points too.
    with_gaps = (
        "SELECT * EXCLUDE class, CASE WHEN id % 3 = 0 THEN NULL ELSE class END AS class FROM "
        f"({TEST})"
    )
    labelled = [row[0] % 3 != 0 for row in rows(f"SELECT id FROM ({TEST}) ORDER BY id")]
    evaluate(select=with_gaps, model="clusters", label="class", metrics=["silhouette_score"])
    assert score(said)["silhouette_score"] == pytest.approx(
        silhouette_score(points[labelled], clusters[labelled])
    )
    with pytest.raises(ProgramError, match="returns no rows"):
        evaluate(select=f"SELECT * FROM ({TEST}) WHERE false", model="clusters")
    show_train(model="clusters")
    shown = dict(said.tables[-1]["rows"])
    assert shown["label"] == "none, clustering"
    assert shown["metrics"].startswith("inertia = ")
    with pytest.raises(ProgramError, match=r"metric `v_measure_score` compares .*; say LABEL"):
        evaluate(select=TEST, model="clusters", metrics=["v_measure_score"])
    with pytest.raises(ProgramError, match="could be said to contribute to; explain a model that"):
        explain(select=TEST, model="clusters")


def test_a_mixture_has_probabilities(iris: Path) -> None:
    train(
        select=FLOWERS,
        estimator="sklearn.mixture.GaussianMixture",
        params={"n_components": 3},
        into="mixture",
    )

    def predicted(select: str, into: str) -> None:
        predict(
            select=select,
            model="mixture",
            into=table(into),
            column="cluster",
            extra_outputs=["probabilities", "probability"],
        )

    predicted(TEST, "p")

    from sklearn.mixture import GaussianMixture

    points, _ = _iris("test")
    wanted = GaussianMixture(3, random_state=0).fit(_iris("train")[0]).predict_proba(points)
    found = rows("SELECT probability_0, probability_1, probability_2, probability FROM p")
    np.testing.assert_allclose(found, np.column_stack([wanted, wanted.max(axis=1)]), atol=1e-9)
    predicted("SELECT * FROM iris.test LIMIT 0", "none")
    assert types("none") == types("p")
    with pytest.raises(ProgramError, match="gives no distance"):
        predict(
            select=TEST,
            model="mixture",
            into=table("q"),
            column="cluster",
            extra_outputs=["distance"],
        )


def test_outliers(iris: Path, said: Said) -> None:
    train(select=FLOWERS, estimator="sklearn.ensemble.IsolationForest", into="m")
    select = (
        "SELECT * EXCLUDE class, 1 AS known FROM iris.test"
        " UNION ALL SELECT 1000, 20, 20, 20, 20, -1"
    )
    predict(select=select, model="m", into=table("p"), column="normal", extra_outputs=["score"])
    assert types("p")["normal"] == "BIGINT"
    ((outlier, least),) = rows("SELECT normal, score < 0 FROM p WHERE id = 1000")
    assert (outlier, least) == (-1, True)
    assert rows("SELECT count(*) FROM p WHERE (normal = -1) <> (score < 0)") == [(0,)]

    evaluate(select=select, model="m", label="known")
    assert score(said)["recall_score"] == 1
    assert score(said)["roc_auc_score"] == 1
    explain(select=select, model="m", into=table("e"))
    sums = rows(
        "SELECT base_value + sepal_length + sepal_width + petal_length + petal_width"
        " FROM e ORDER BY row_number"
    )
    np.testing.assert_allclose(sums, rows("SELECT score FROM p"), atol=1e-6)
    with pytest.raises(ProgramError, match="no truth to measure it by; say LABEL"):
        evaluate(select=select, model="m")
    with pytest.raises(ProgramError, match="holds other values than -1 for outliers"):
        evaluate(select=select, model="m", label="sepal_width")
    with pytest.raises(ProgramError, match="`log_loss` does not apply to a detection model"):
        evaluate(select=select, model="m", label="known", metrics=["log_loss"])
    with pytest.raises(ProgramError, match="is a detection model and has no `logits`; there are"):
        predict(select=select, model="m", into=table("q"), column="c", extra_outputs=["logits"])


def test_components_are_a_list_that_the_next_model_takes(iris: Path, said: Said) -> None:
    train(
        select=FLOWERS,
        estimator="sklearn.decomposition.PCA",
        params={"n_components": 2},
        into="components",
    )
    for part in ("train", "test"):
        predict(
            select=f"FROM iris.{part}", model="components", into=table(part), column="components"
        )
    assert types("train")["components"] == "DOUBLE[]"
    train(
        select="FROM train",
        estimator="sklearn.svm.SVC",
        features=[column("components")],
        label="class",
        into="m",
    )
    evaluate(select="FROM test", model="m")
    assert score(said)["accuracy_score"] > 0.9

    from sklearn.decomposition import PCA

    wanted = PCA(2, random_state=0).fit(_iris("train")[0]).transform(_iris("test")[0])
    found = rows("SELECT components FROM test ORDER BY id")
    np.testing.assert_allclose([cells for (cells,) in found], wanted, atol=1e-5)
    with pytest.raises(ProgramError, match="transforms rows, and there is no truth"):
        evaluate(select="FROM test", model="components")


def test_a_query_without_rows_is_predicted(iris: Path) -> None:
    for number, (name, label) in enumerate(
        [
            ("sklearn.decomposition.PCA", None),
            ("sklearn.svm.OneClassSVM", None),
            ("sklearn.cluster.KMeans", None),
            ("sklearn.naive_bayes.GaussianNB", "class"),
        ]
    ):
        train(select=IRIS if label else FLOWERS, estimator=name, label=label, into="m")
        into = table(f"p{number}")
        predict(select="FROM iris.test WHERE id < 0", model="m", into=into, column="result")
        assert rows(f"FROM p{number}") == []


def test_categories_are_sparse_where_that_is_possible(place: Path, said: Said) -> None:
    sql(
        "CREATE TABLE t AS SELECT 'w' || (range % 50) AS word, range % 7 AS n,"
        " CASE WHEN range % 3 = 0 THEN NULL ELSE range % 11 END AS x,"
        " (((range % 50) * 7919) % 2 = 0) AS y FROM range(500)"
    )
    features = [column("word"), indicator("n"), category_hash("word", 1000), column("x")]
    for name in ("sklearn.linear_model.LogisticRegression", "sklearn.naive_bayes.GaussianNB"):
        train(select="FROM t", estimator=name, features=features, label="y", into=name)
        evaluate(select="FROM t", model=name)
        assert score(said)["accuracy_score"] == 1, name
    predict(
        select="SELECT 'new' AS word, NULL AS n, NULL AS x",
        model="sklearn.linear_model.LogisticRegression",
        into=table("p"),
        column="y",
    )
    assert types("p")["y"] == "BOOLEAN"
    explain(
        select="FROM t LIMIT 5",
        model="sklearn.linear_model.LogisticRegression",
        into=table("e"),
    )
    assert list(types("e"))[2:] == ["word", "n", "word_category_hash", "x"]


def test_a_matrix_that_would_be_too_large_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlflow_runtime.estimators import _scikit

    monkeypatch.setattr(_scikit, "DENSE_BYTES", 1000)
    sql("CREATE TABLE t AS SELECT 'w' || range AS word, range % 2 AS y FROM range(100)")
    with pytest.raises(ProgramError, match="takes no sparse rows, and 100 rows of 100 columns"):
        train(select="FROM t", estimator="sklearn.naive_bayes.GaussianNB", label="y", into="m")


def test_missing_numbers(place: Path) -> None:
    """An estimator that knows what they are sees them; to others they are the mean."""
    sql(
        "CREATE TABLE t AS SELECT range AS y, CASE WHEN range % 4 > 0 THEN range END AS x"
        " FROM range(100)"
    )
    found = rows("SELECT x, y FROM t ORDER BY y")
    values = np.array([[np.nan if x is None else x] for x, _ in found])
    label = [y for _, y in found]

    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression

    for name, made, seen in (
        ("linear_model.LinearRegression", LinearRegression(),
         np.nan_to_num(values, nan=np.nanmean(values))),
        ("ensemble.HistGradientBoostingRegressor", HistGradientBoostingRegressor(random_state=0),
         values),
    ):  # fmt: skip
        train(select="FROM t", estimator=f"sklearn.{name}", label="y", into="m")
        predict(select="SELECT x, y AS number FROM t", model="m", into=table("p"), column="z")
        predicted = [z for (z,) in rows("SELECT z FROM p ORDER BY number")]
        np.testing.assert_allclose(predicted, made.fit(seen, label).predict(seen), rtol=1e-5)


def test_weights_count(place: Path) -> None:
    sql("CREATE TABLE t AS SELECT range % 3 AS x, range % 5 AS y, range % 2 AS w FROM range(60)")
    train(
        select="FROM t",
        estimator="sklearn.linear_model.LinearRegression",
        params={"weight_column": "w"},
        label="y",
        into="m",
    )
    train(
        select="SELECT x, y FROM t WHERE w = 1",
        estimator="sklearn.linear_model.LinearRegression",
        label="y",
        into="n",
    )
    for name in ("m", "n"):
        predict(select="FROM t", model=name, into=table(name), column="z")
    assert rows("SELECT count(*) FROM m, n WHERE m.x = n.x AND abs(m.z - n.z) > 1e-9") == [(0,)]


def test_linear_contributions_are_exact(diabetes: Path, said: Said) -> None:
    train(
        select="SELECT * EXCLUDE id FROM diabetes.train",
        estimator="sklearn.linear_model.Ridge",
        params={"alpha": 0.1},
        label="progression",
        into="m",
    )
    select = "SELECT * FROM diabetes.test ORDER BY id"
    explain(select=select, model="m", into=table("exact"))
    assert "(LinearExplainer, 89 rows)" in said.tables[-1]["title"]
    explain(select=select, model="m", explainer="KernelExplainer", into=table("walked"))
    exact = np.array(rows("FROM exact ORDER BY row_number"))
    np.testing.assert_allclose(exact, rows("FROM walked ORDER BY row_number"), atol=1e-5)
    predict(select=select, model="m", into=table("p"), column="z")
    np.testing.assert_allclose(
        exact[:, 1:].sum(axis=1), [z for (z,) in rows("SELECT z FROM p")], atol=1e-6
    )


def test_only_a_linear_model_has_linear_contributions(iris: Path) -> None:
    def explainers(name: str, **params: Any) -> list[str]:
        from sqlflow_runtime import _model

        train(select=IRIS, estimator=f"sklearn.{name}", params=params, label="class", into="m")
        return list(_model.load("m").estimator.explainers())

    both = ["LinearExplainer", "PermutationExplainer"]
    assert explainers("linear_model.SGDClassifier") == both
    assert explainers("discriminant_analysis.LinearDiscriminantAnalysis") == both
    assert explainers("svm.LinearSVC") == both
    assert explainers("svm.SVC") == ["PermutationExplainer"]
    assert explainers("svm.SVC", kernel="linear") == ["PermutationExplainer"]
    assert explainers("ensemble.RandomForestClassifier") == ["PermutationExplainer"]


def test_training_goes_on(iris: Path, said: Said) -> None:
    def trees(model: str) -> int:
        from sqlflow_runtime import _model

        fitted: Any = _model.load(model).estimator
        return len(fitted._model.estimators_)

    forest = "sklearn.ensemble.RandomForestClassifier"
    train(select=IRIS, estimator=forest, params={"n_estimators": 5}, label="class", into="a")
    for name in ("b", "c"):
        train(
            select=IRIS,
            estimator=forest,
            params={"n_estimators": 3},
            label="class",
            start_from="a" if name == "b" else "b",
            into=name,
        )
    assert [trees(name) for name in "abc"] == [5, 8, 11]

    means = "sklearn.naive_bayes.GaussianNB"
    halves = [f"{IRIS} WHERE id % 2 = {half}" for half in (0, 1)]
    train(select=halves[0], estimator=means, label="class", into="half")
    train(select=halves[1], estimator=means, label="class", start_from="half", into="whole")
    train(select=IRIS, estimator=means, label="class", into="one")
    for name in ("whole", "one"):
        predict(
            select=TEST, model=name, into=table(name), column="c", extra_outputs=["probabilities"]
        )
    found, wanted = (rows(f"SELECT COLUMNS('prob.*') FROM {name}") for name in ("whole", "one"))
    np.testing.assert_allclose(found, wanted, atol=1e-6)

    tree: dict[str, Any] = {
        "select": IRIS,
        "estimator": "sklearn.tree.DecisionTreeClassifier",
        "label": "class",
    }
    train(**tree, into="tree")
    with pytest.raises(ProgramError, match=r"cannot go on from a model; leave out USING"):
        train(**tree, start_from="tree", into="d")
    with pytest.raises(ProgramError, match="cannot go on from the model `a`, which is one of"):
        train(select=IRIS, estimator=means, label="class", start_from="a", into="d")


def test_a_file_with_anything_else_is_refused(iris: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import skops.io

    from sqlflow_runtime.estimators import _scikit
    from sqlflow_runtime.estimators._scikit import ScikitLearn

    train(select=IRIS, estimator="sklearn.tree.DecisionTreeClassifier", label="class", into="tree")
    found = iris / ".sqlflow" / "models" / "tree" / "latest"
    document = json.loads((found / "model.json").read_text())
    from sqlflow_runtime.features._fitted import Specification

    features = Specification.from_json(document["features"])

    def load(name: str, content: object) -> None:
        (found / "estimator.skops").write_bytes(skops.io.dumps(content))
        ScikitLearn(name, Settings()).load(found, features, Kind.CLASSIFICATION, 3)

    from sklearn.naive_bayes import GaussianNB

    with pytest.raises(ResourceError, match="refused: it holds pathlib"):
        load("sklearn.tree.DecisionTreeClassifier", Path("/"))
    with pytest.raises(ResourceError, match=r"holds a GaussianNB, not a sklearn\.tree"):
        load("sklearn.tree.DecisionTreeClassifier", GaussianNB())
    monkeypatch.setattr(_scikit, "_TRUSTED", frozenset())
    with pytest.raises(ProgramError, match=r"without code: it holds sklearn.tree._tree.Tree; choo"):
        train(select=IRIS, estimator="sklearn.tree.DecisionTreeClassifier", label="class", into="n")


def test_what_the_library_says_is_passed_on(iris: Path, said: Said) -> None:
    train(
        select=IRIS,
        estimator="sklearn.linear_model.LogisticRegression",
        params={"max_iter": 2},
        label="class",
        into="m",
    )
    (warning,) = said.warnings()
    assert warning.startswith("sklearn.linear_model.LogisticRegression: lbfgs failed to converge")


@pytest.mark.parametrize(
    ("estimator_name", "changes", "message"),
    [
        ("cluster.KMean", {"label": None}, "no estimator `sklearn.cluster.KMean`; did you mean"),
        (
            "cluster.DBSCAN",
            {"label": None},
            "cannot say where others belong; train sklearn.cluster.KMeans",
        ),
        ("cluster.KMeans", {}, "learns without a label; leave out LABEL"),
        ("svm.SVC", {"label": None}, "learns from a label; say LABEL column"),
        ("svm.SVC", {"params": {"kernal": "rbf"}}, "no parameter `model.kernal`; did you mean"),
        ("svm.SVC", {"params": {"C": -1}}, "The 'C' parameter of SVC must be a float in the range"),
        ("svm.SVC", {"epochs": 3}, "has no `epochs`: it is trained in one go"),
        ("ensemble.BaggingClassifier", {"params": {"estimator": "x"}}, "no parameter `model.estim"),
        (
            "neighbors.KNeighborsClassifier",
            {"params": {"weight_column": "id"}},
            "takes no weights; leave out",
        ),
        (
            "svm.SVC",
            {"features": {"a": [column("petal_width")], "b": [column("petal_width")]}},
            "takes one list of features",
        ),
        (
            "decomposition.NMF",
            {"label": None, "select": "SELECT -petal_width AS x FROM iris.train"},
            "Negative values in data",
        ),
    ],
)
def test_errors_name_what_is_wrong(
    iris: Path, estimator_name: str, changes: dict[str, Any], message: str
) -> None:
    arguments = {"select": IRIS, "label": "class", "into": "m"}
    with pytest.raises(ProgramError) as caught:
        train(**{**arguments, "estimator": f"sklearn.{estimator_name}", **changes})
    assert message in str(caught.value)
    assert not (iris / ".sqlflow" / "models").exists()
