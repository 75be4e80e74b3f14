"""Metrics: equal to scikit-learn's where it has them, right for two classes and for more."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime._metrics import METRICS, Scores, compute_all, default_metrics, loss, metric
from sqlflow_runtime.estimators import Kind


def classes(count: int) -> Scores:
    random = np.random.default_rng(3)
    label = random.integers(count, size=200).astype(np.float64)
    raw = random.random((200, count)) + np.eye(count)[label.astype(int)]
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    predicted = probabilities.argmax(axis=1).astype(np.float64)
    return Scores(Kind.CLASSIFICATION, count, label, predicted, probabilities)


def numbers() -> Scores:
    random = np.random.default_rng(4)
    label = random.random(100) + 1
    return Scores(Kind.REGRESSION, 0, label, label + random.normal(0, 0.1, 100), None)


def test_two_classes_are_measured_by_the_second() -> None:
    scores = classes(2)
    assert scores.probabilities is not None
    positive = scores.probabilities[:, 1]
    names = (
        "roc_auc_score average_precision_score precision_score f1_score brier_score_loss log_loss"
    )
    assert compute_all(names.split(), scores) == pytest.approx(
        {
            "roc_auc_score": sklearn_metrics.roc_auc_score(scores.label, positive),
            "average_precision_score": sklearn_metrics.average_precision_score(
                scores.label, positive
            ),
            "precision_score": sklearn_metrics.precision_score(scores.label, scores.predicted),
            "f1_score": sklearn_metrics.f1_score(scores.label, scores.predicted),
            "brier_score_loss": sklearn_metrics.brier_score_loss(scores.label, positive),
            "log_loss": sklearn_metrics.log_loss(scores.label, positive),
        }
    )


def test_more_classes_are_measured_by_their_mean() -> None:
    scores = classes(3)
    assert scores.probabilities is not None
    names = "AUC Precision Recall f1_score fbeta_score jaccard_score Accuracy log_loss"
    macro = {"average": "macro"}
    label, predicted = scores.label, scores.predicted
    assert compute_all(names.split(), scores) == pytest.approx(
        {
            "AUC": sklearn_metrics.roc_auc_score(
                label, scores.probabilities, multi_class="ovr", average="macro"
            ),
            "Precision": sklearn_metrics.precision_score(label, predicted, **macro),
            "Recall": sklearn_metrics.recall_score(label, predicted, **macro),
            "f1_score": sklearn_metrics.f1_score(label, predicted, **macro),
            "fbeta_score": sklearn_metrics.fbeta_score(label, predicted, beta=2, **macro),
            "jaccard_score": sklearn_metrics.jaccard_score(label, predicted, **macro),
            "Accuracy": sklearn_metrics.accuracy_score(label, predicted),
            "log_loss": sklearn_metrics.log_loss(label, scores.probabilities),
        }
    )


def test_counts_are_whole_numbers() -> None:
    scores = classes(2)
    names = ["TrueNegatives", "FalsePositives", "FalseNegatives", "TruePositives"]
    found = compute_all(names, scores)
    assert (
        list(found.values())
        == sklearn_metrics.confusion_matrix(scores.label, scores.predicted).ravel().tolist()
    )
    assert all(isinstance(value, int) for value in found.values())


def test_every_metric_of_a_kind_gives_a_finite_number() -> None:
    for scores in (classes(2), classes(3), numbers()):
        names = [name for name, known in METRICS.items() if scores.kind in known.kinds]
        for name, value in compute_all(names, scores).items():
            assert np.isfinite(value), name


def test_greater_is_better_as_stated() -> None:
    for scores in (classes(2), classes(3), numbers()):
        perfect = Scores(
            scores.kind,
            scores.classes,
            scores.label,
            scores.label,
            None
            if scores.probabilities is None
            else np.eye(scores.classes)[scores.label.astype(int)],
        )
        for name, known in METRICS.items():
            if scores.kind not in known.kinds:
                continue
            best, found = known.compute(perfect), known.compute(scores)
            assert best >= found if known.greater_is_better else best <= found, name


def test_one_class_has_no_auc() -> None:
    one = Scores(Kind.CLASSIFICATION, 2, np.ones(3), np.ones(3), np.full((3, 2), 0.5))
    assert np.isnan(compute_all(["AUC"], one)["AUC"])


def test_loss_is_that_of_the_kind() -> None:
    scores = numbers()
    assert loss(scores) == pytest.approx(
        sklearn_metrics.mean_squared_error(scores.label, scores.predicted)
    )
    assert loss(Scores(Kind.RANKING, 0, np.ones(2), np.ones(2), None)) is None


def test_ndcg_is_the_mean_over_queries() -> None:
    label, predicted = np.array([1.0, 0, 0, 1, 5]), np.array([2.0, 1, 2, 1, 0])
    scores = Scores(Kind.RANKING, 0, label, predicted, None, group=np.array([0, 0, 1, 1, 2]))
    second = 1 / np.log2(3)
    assert compute_all(["ndcg_score"], scores)["ndcg_score"] == pytest.approx((1 + second) / 2)


def test_concordance_compares_with_ends_that_were_observed() -> None:
    time, predicted = np.array([1.0, 2, 3]), np.array([1.0, 3, 2])
    observed = np.array([True, False, True])
    scores = Scores(Kind.LIFETIME, 0, time, predicted, None, observed=observed)
    assert compute_all(["concordance_index"], scores) == {"concordance_index": 1.0}
    hazard = Scores(Kind.HAZARD, 0, np.array([1.0, -2, 3]), predicted, None, observed=observed)
    assert compute_all(["concordance_index"], hazard) == {"concordance_index": 0.0}


def test_a_metric_that_cannot_be_computed_is_the_programs_error() -> None:
    negative = Scores(Kind.REGRESSION, 0, np.array([-2.0]), np.array([1.0]), None)
    with pytest.raises(ProgramError, match="metric `mean_squared_log_error` cannot be computed"):
        compute_all(["mean_squared_log_error"], negative)


def test_defaults_apply_to_their_kind() -> None:
    for kind in Kind:
        for name in default_metrics(kind, 2):
            assert metric(name, kind).name == name
