"""EVALUATE: measures of a model on a query's rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from sqlflow_runtime import _events, _metrics, _model
from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime._label import Label
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import Spool
from sqlflow_runtime.estimators import Kind, Prediction
from sqlflow_runtime.features import _values
from sqlflow_runtime.features._fitted import find_column
from sqlflow_runtime.features._values import Doubles, Tally
from sqlflow_runtime.steps import _rows

WHERE = "the evaluation query"


def run(
    select: str,
    model_name: str,
    label_name: str | None,
    metrics: list[str] | None,
    into: Table | None,
    session: list[str],
) -> None:
    model = _model.load(model_name)
    kind = model.label.kind
    if kind is Kind.TRANSFORMATION:
        raise ProgramError(
            f"`{model.name}` transforms rows, and there is no truth to measure that by",
            help="evaluate a model that is trained on what it writes",
        )
    if kind is Kind.DETECTION and label_name is None:
        raise ProgramError(
            f"`{model.name}` learned without a label, and there is no truth to measure it by",
            help="say LABEL column: one that holds -1 for outliers and 1 for the others",
        )
    names = metrics or _metrics.default_metrics(kind, len(model.label.classes))
    if kind is Kind.CLUSTERING and label_name is not None:
        names = metrics or _metrics.CLUSTERS_AND_LABEL
    for name in names:
        _metrics.metric(name, kind)
    rows = _rows.read(select, session)
    scores = _scores(model, rows, label_name)
    row: dict[str, float | int | None] = {"loss": _metrics.loss(scores)}
    row |= _metrics.compute_all(names, scores)
    title = f"{model.name} on {len(scores.predicted)} rows"
    schema = pa.schema(
        pa.field(name, pa.int64() if isinstance(value, int) else pa.float64())
        for name, value in row.items()
    )
    batch = pa.RecordBatch.from_pylist([row], schema=schema)
    if into is None:
        _events.table(title, list(row), [list(row.values())], 1)
    else:
        _rows.publish(into, schema, [batch], title, session)


def _scores(model: _model.Model, rows: Spool, label_name: str | None) -> _metrics.Scores:
    label = model.label
    if label.kind is Kind.DETECTION:
        label = Label(pa.field(label_name, pa.int64()), Kind.REGRESSION)
    elif label.kind is Kind.CLUSTERING and label_name is not None:
        label = _clusters_label(label_name, rows)
    if label.kind.has_label:
        found = find_column(label_name or label.name, rows.schema.names, WHERE)
        label = replace(label, field=label.field.with_name(found))
    roles = {
        role: find_column(name, rows.schema.names, WHERE)
        for role, name in model.estimator.roles.items()
    }
    tally = Tally()
    truths = _rows.truths(rows, label, roles, WHERE, Tally())
    truth = truths.of({}, truths.used)
    parts: list[Prediction] = []
    for batch in _rows.used_slices(rows, truths):
        parts.append(model.estimator.predict(model.features.encode(batch, WHERE, tally)))
    tally.warn()
    if not parts:
        raise ProgramError(f"{WHERE} returns no rows to measure on")
    # Predictions are in the order of the query, truths in the one that measures want.
    order = np.argsort(np.argsort(truths.used))

    def ordered(arrays: Iterable[Doubles | None]) -> Doubles | None:
        present = [array for array in arrays if array is not None]
        return np.concatenate(present)[order] if present else None

    scores = ordered(part.scores for part in parts)
    probabilities = ordered(part.probabilities for part in parts)
    predicted = ordered(part.values for part in parts)
    assert predicted is not None
    if model.label.kind is Kind.DETECTION:
        return _metrics.Scores(
            kind=Kind.DETECTION,
            classes=2,
            label=_outliers(truth.label, label.name),
            predicted=_outliers(predicted, label.name),
            probabilities=None,
            weight=truth.weight,
            ranking=None if scores is None else -scores,
        )
    if model.label.kind is Kind.CLUSTERING:
        # How far clusters are apart depends on all rows at once.
        points = model.estimator.points(model.features.encode_all(rows, WHERE, Tally()))
        points = points[truths.used]
        return _metrics.Scores(
            kind=Kind.CLUSTERING,
            classes=0,
            label=truth.label,
            predicted=predicted,
            probabilities=None,
            points=points,
        )
    return _metrics.Scores(
        kind=label.kind,
        classes=len(label.classes),
        label=truth.label,
        predicted=predicted,
        probabilities=probabilities,
        weight=truth.weight,
        group=truth.group,
        observed=_rows.observed(label, truth),
    )


def _clusters_label(name: str, rows: Spool) -> Label:
    """Returns the label that clusters are compared with: each of its values is a class."""
    found = find_column(name, rows.schema.names, WHERE)
    index = rows.schema.get_field_index(found)
    arrays = [_values.texts(batch.column(index), found) for batch in rows.batches()]
    values = _values.sorted_values(pa.chunked_array(arrays, pa.string()))
    return Label(pa.field(found, pa.string()), Kind.CLASSIFICATION, tuple(values))


def _outliers(values: Doubles, name: str) -> Doubles:
    """Returns 1 for outliers, which `values` say as -1, and 0 for the others."""
    if not np.isin(values, (-1, 1)).all():
        raise ProgramError(
            f"label `{name}` holds other values than -1 for outliers and 1 for the others",
            help="turn it into these in the query: CASE WHEN … THEN -1 ELSE 1 END",
        )
    return (values < 0).astype(np.float64)
