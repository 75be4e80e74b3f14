"""Measures of a model's quality, by scikit-learn's names and by those of SQLFlow's TensorFlow.

Measures of classes are taken on the predicted classes, measures of probabilities on the
probabilities. With more than two classes, precision, recall, F and AUC are the mean over classes
(AUC: one class against the rest); with two, they are those of the second class, in label order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sqlflow_runtime._errors import ProgramError, did_you_mean
from sqlflow_runtime.estimators._base import Kind
from sqlflow_runtime.features._values import Doubles, Integers


@dataclass(frozen=True)
class Scores:
    """Truth and prediction, row by row: class ids or numbers, and [rows, classes] probabilities.

    A detection has two classes, of which the second one is the outliers.
    """

    kind: Kind
    classes: int
    label: Doubles
    predicted: Doubles
    probabilities: Doubles | None
    weight: Doubles | None = None
    group: Integers | None = None
    observed: npt.NDArray[np.bool_] | None = None
    # How much each row is of the second class, in no unit, where there are no probabilities.
    ranking: Doubles | None = None
    # The rows [rows, columns] as a clustering sees them; its `label` may be empty.
    points: Any = None


@dataclass(frozen=True)
class Metric:
    name: str
    kinds: frozenset[Kind]
    greater_is_better: bool
    compute: Callable[[Scores], float]
    counts: bool = False


def metric(name: str, kind: Kind) -> Metric:
    """Returns the measure called `name`, exactly or without regard to case."""
    found = METRICS.get(name) or _FOLDED.get(name.lower())
    suitable = [known.name for known in METRICS.values() if kind in known.kinds]
    if found is None:
        raise ProgramError(f"no metric `{name}`", help=did_you_mean(name, suitable))
    if kind not in found.kinds:
        raise ProgramError(
            f"metric `{name}` does not apply to a {kind.value} model",
            help=did_you_mean(name, suitable),
        )
    return Metric(name, found.kinds, found.greater_is_better, found.compute, found.counts)


def default_metrics(kind: Kind, classes: int) -> list[str]:
    if kind is Kind.CLASSIFICATION:
        return ["accuracy_score", "f1_score", *(["roc_auc_score"] if classes == 2 else [])]
    if kind is Kind.REGRESSION:
        return ["mean_absolute_error", "root_mean_squared_error", "r2_score"]
    if kind is Kind.CLUSTERING:
        return ["silhouette_score", "calinski_harabasz_score", "davies_bouldin_score"]
    if kind is Kind.DETECTION:
        return ["precision_score", "recall_score", "f1_score", "roc_auc_score"]
    if kind is Kind.TRANSFORMATION:
        return []
    return ["ndcg_score"] if kind is Kind.RANKING else ["concordance_index"]


# What a clustering is compared with, when the program names a label.
CLUSTERS_AND_LABEL = ["adjusted_rand_score", "adjusted_mutual_info_score", "v_measure_score"]

# Distances between all pairs of rows are too many beyond.
SILHOUETTE_ROWS = 10_000


def loss(scores: Scores) -> float | None:
    """Returns the log loss of classes, the mean squared error of numbers, None of ranks."""
    if scores.kind is Kind.CLASSIFICATION:
        return None if scores.probabilities is None else _log_loss(scores)
    if scores.kind is Kind.REGRESSION:
        return _sklearn("mean_squared_error")(scores)
    return None


def _sklearn(name: str, **options: Any) -> Callable[[Scores], float]:
    """Returns scikit-learn's measure of predicted values."""

    def compute(scores: Scores) -> float:
        from sklearn import metrics

        measure = getattr(metrics, name)
        return float(
            measure(scores.label, scores.predicted, sample_weight=scores.weight, **options)
        )

    return compute


def _averaged(name: str, **options: Any) -> Callable[[Scores], float]:
    """Returns scikit-learn's measure of one class, averaged when there are more than two."""

    def compute(scores: Scores) -> float:
        many = scores.classes > 2
        average = {"average": "macro", "labels": _present(scores)} if many else {}
        return _sklearn(name, **average, zero_division=0.0, **options)(scores)

    return compute


def _present(scores: Scores) -> list[float]:
    return sorted({*scores.label.tolist(), *scores.predicted.tolist()})


def _probabilities(scores: Scores) -> Doubles:
    if scores.probabilities is None:
        raise ProgramError(
            "the model gives no probabilities, which the metric is taken on",
            help="train with another objective or estimator, or name other metrics",
        )
    # Those of a float32 model add up to one within its precision only.
    total = scores.probabilities.sum(axis=1, keepdims=True)
    normalised: Doubles = scores.probabilities / total
    return normalised


def _log_loss(scores: Scores) -> float:
    from sklearn.metrics import log_loss

    labels = list(range(scores.classes))
    return float(
        log_loss(scores.label, _probabilities(scores), labels=labels, sample_weight=scores.weight)
    )


def _one_against_rest(name: str) -> Callable[[Scores], float]:
    """Returns scikit-learn's measure of a ranking by probability, of classes with both answers."""

    def compute(scores: Scores) -> float:
        from sklearn import metrics

        measure = getattr(metrics, name)
        if scores.ranking is not None:
            probabilities = np.column_stack([-scores.ranking, scores.ranking])
        else:
            probabilities = _probabilities(scores)
        wanted = [1] if scores.classes == 2 else range(scores.classes)
        found = []
        for class_id in wanted:
            truth = scores.label == class_id
            if truth.any() and not truth.all():
                ranked = probabilities[:, class_id]
                found.append(measure(truth, ranked, sample_weight=scores.weight))
        # Undefined where the data holds one class only.
        return float(np.mean(found)) if found else float("nan")

    return compute


def _brier(scores: Scores) -> float:
    probabilities = _probabilities(scores)
    if scores.classes == 2:
        errors = (probabilities[:, 1] - scores.label) ** 2
    else:
        truth = np.eye(scores.classes)[scores.label.astype(np.int64)]
        errors = ((probabilities - truth) ** 2).sum(axis=1)
    return float(np.average(errors, weights=scores.weight))


def _hinge(scores: Scores) -> float:
    # On probabilities as decision values, shifted so that two classes part at zero.
    probabilities = _probabilities(scores)
    if scores.classes == 2:
        margins = (2 * probabilities[:, 1] - 1) * np.where(scores.label == 1, 1.0, -1.0)
    else:
        truth = scores.label.astype(np.int64)
        rows = np.arange(len(truth))
        others = probabilities.copy()
        others[rows, truth] = -np.inf
        margins = probabilities[rows, truth] - others.max(axis=1)
    return float(np.average(np.maximum(0.0, 1.0 - margins), weights=scores.weight))


def _top_k(scores: Scores) -> float:
    probabilities = _probabilities(scores)
    k = min(5, scores.classes)
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    hits = (best == scores.label[:, np.newaxis]).any(axis=1)
    return float(np.average(hits, weights=scores.weight))


def _confusion(truth: bool, predicted: bool) -> Callable[[Scores], float]:
    """Counts rows by whether the second class is true and predicted; sums over more classes."""

    def compute(scores: Scores) -> float:
        count = 0
        for class_id in [1] if scores.classes == 2 else range(scores.classes):
            right = (scores.label == class_id) == truth
            count += int((right & ((scores.predicted == class_id) == predicted)).sum())
        return float(count)

    return compute


def _of_clusters(name: str, **options: Any) -> Callable[[Scores], float]:
    """Returns scikit-learn's measure of how far clusters are apart."""

    def compute(scores: Scores) -> float:
        from sklearn import metrics

        if len(np.unique(scores.predicted)) < 2:
            return float("nan")
        points = scores.points
        points = points if isinstance(points, np.ndarray) else points.toarray()
        if options:
            size = {"sample_size": min(SILHOUETTE_ROWS, len(points))}
            return float(getattr(metrics, name)(points, scores.predicted, **options, **size))
        return float(getattr(metrics, name)(points, scores.predicted))

    return compute


def _against_label(name: str) -> Callable[[Scores], float]:
    """Returns scikit-learn's measure of how well clusters and classes agree."""

    def compute(scores: Scores) -> float:
        from sklearn import metrics

        if not len(scores.label):
            raise ProgramError(
                f"metric `{name}` compares clusters with a label", help="say LABEL column"
            )
        return float(getattr(metrics, name)(scores.label, scores.predicted))

    return compute


def _percentage_error(scores: Scores) -> float:
    return 100.0 * _sklearn("mean_absolute_percentage_error")(scores)


def _ndcg(scores: Scores) -> float:
    """Returns the mean over queries of NDCG with linear gain; queries of one row say nothing."""
    from sklearn.metrics import ndcg_score

    group = scores.group if scores.group is not None else np.zeros(len(scores.label), np.int64)
    found = []
    for query in np.unique(group):
        rows = group == query
        if rows.sum() > 1:
            found.append(ndcg_score([scores.label[rows]], [scores.predicted[rows]]))
    return float(np.mean(found)) if found else float("nan")


def _concordance(scores: Scores) -> float:
    """Returns the share of comparable pairs in the right order.

    A pair is comparable when the earlier end was observed. A hazard orders rows against time.
    """
    time = np.abs(scores.label)
    order = -scores.predicted if scores.kind is Kind.HAZARD else scores.predicted
    ends = np.arange(len(time)) if scores.observed is None else np.flatnonzero(scores.observed)
    pairs = right = 0.0
    for row in ends:
        later = time > time[row]
        pairs += later.sum()
        right += (order[later] > order[row]).sum() + 0.5 * (order[later] == order[row]).sum()
    return float(right / pairs) if pairs else float("nan")


def _catalog() -> Iterable[Metric]:
    classes = frozenset({Kind.CLASSIFICATION})
    two_ways = frozenset({Kind.CLASSIFICATION, Kind.DETECTION})
    clusters = frozenset({Kind.CLUSTERING})
    numbers = frozenset({Kind.REGRESSION})

    # A detection has no probabilities.
    of_probabilities = (_top_k, _log_loss, _brier, _hinge)

    def of_classes(
        names: str,
        compute: Callable[[Scores], float],
        *,
        greater: bool = True,
        counts: bool = False,
    ) -> Iterable[Metric]:
        kinds = classes if compute in of_probabilities else two_ways
        return [Metric(name, kinds, greater, compute, counts) for name in names.split()]

    def of_numbers(names: str, function: str, *, greater: bool = False) -> Iterable[Metric]:
        return [Metric(name, numbers, greater, _sklearn(function)) for name in names.split()]

    accuracy = "accuracy_score Accuracy BinaryAccuracy CategoricalAccuracy"
    yield from of_classes(accuracy, _sklearn("accuracy_score"))
    yield from of_classes("balanced_accuracy_score", _sklearn("balanced_accuracy_score"))
    yield from of_classes("cohen_kappa_score", _sklearn("cohen_kappa_score"))
    yield from of_classes("matthews_corrcoef", _sklearn("matthews_corrcoef"))
    yield from of_classes("precision_score Precision", _averaged("precision_score"))
    yield from of_classes("recall_score Recall", _averaged("recall_score"))
    yield from of_classes("f1_score", _averaged("f1_score"))
    # SQLFlow offered it without its parameter; recall counts twice as much as precision.
    yield from of_classes("fbeta_score", _averaged("fbeta_score", beta=2.0))
    yield from of_classes("jaccard_score", _averaged("jaccard_score"))
    yield from of_classes("roc_auc_score AUC", _one_against_rest("roc_auc_score"))
    average_precision = _one_against_rest("average_precision_score")
    yield from of_classes("average_precision_score", average_precision)
    yield from of_classes("TopKCategoricalAccuracy", _top_k)
    yield from of_classes("log_loss", _log_loss, greater=False)
    yield from of_classes("brier_score_loss", _brier, greater=False)
    yield from of_classes("hinge_loss", _hinge, greater=False)
    yield from of_classes("hamming_loss", _sklearn("hamming_loss"), greater=False)
    yield from of_classes("zero_one_loss", _sklearn("zero_one_loss"), greater=False)
    yield from of_classes("TruePositives", _confusion(True, True), counts=True)
    yield from of_classes("TrueNegatives", _confusion(False, False), counts=True)
    yield from of_classes("FalsePositives", _confusion(False, True), greater=False, counts=True)
    yield from of_classes("FalseNegatives", _confusion(True, False), greater=False, counts=True)

    yield from of_numbers("mean_absolute_error MeanAbsoluteError", "mean_absolute_error")
    yield from of_numbers("mean_squared_error MeanSquaredError", "mean_squared_error")
    root = "root_mean_squared_error"
    yield from of_numbers(f"{root} RootMeanSquaredError", root)
    yield from of_numbers("mean_squared_log_error", "mean_squared_log_error")
    yield from of_numbers("mean_absolute_percentage_error", "mean_absolute_percentage_error")
    yield from of_numbers("median_absolute_error", "median_absolute_error")
    yield from of_numbers("mean_pinball_loss", "mean_pinball_loss")
    yield from of_numbers("r2_score", "r2_score", greater=True)
    yield from of_numbers("explained_variance_score", "explained_variance_score", greater=True)
    yield Metric("MeanAbsolutePercentageError", numbers, False, _percentage_error)

    for name in CLUSTERS_AND_LABEL:
        yield Metric(name, clusters, True, _against_label(name))
    for name in ("homogeneity_score", "completeness_score", "fowlkes_mallows_score"):
        yield Metric(name, clusters, True, _against_label(name))
    silhouette = _of_clusters("silhouette_score", random_state=0)
    yield Metric("silhouette_score", clusters, True, silhouette)
    name = "calinski_harabasz_score"
    yield Metric(name, clusters, True, _of_clusters(name))
    yield Metric("davies_bouldin_score", clusters, False, _of_clusters("davies_bouldin_score"))

    yield Metric("ndcg_score", frozenset({Kind.RANKING}), True, _ndcg)
    survival = frozenset({Kind.HAZARD, Kind.LIFETIME})
    yield Metric("concordance_index", survival, True, _concordance)


METRICS = {known.name: known for known in _catalog()}
_FOLDED = {name.lower(): known for name, known in METRICS.items()}


def compute_all(names: Sequence[str], scores: Scores) -> dict[str, float | int]:
    """Returns each measure, whole numbers for those that count."""
    result: dict[str, float | int] = {}
    for name in names:
        measure = metric(name, scores.kind)
        try:
            value = measure.compute(scores)
        except ValueError as error:
            # scikit-learn's word for data that a measure is not defined on.
            raise ProgramError(f"metric `{name}` cannot be computed: {error}") from error
        result[name] = int(value) if measure.counts else value
    return result
