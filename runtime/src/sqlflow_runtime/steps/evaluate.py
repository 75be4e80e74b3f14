"""EVALUATE: measures of a model on a query's rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sqlflow_runtime import _events, _metrics, _model
from sqlflow_runtime._label import Label
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import Spool
from sqlflow_runtime.estimators import Prediction
from sqlflow_runtime.estimators._base import take
from sqlflow_runtime.features._fitted import find_column
from sqlflow_runtime.steps import _rows

WHERE = "the evaluation query"
CHUNK_ROWS = 65_536


def run(
    select: str,
    model_name: str,
    label_name: str | None,
    metrics: list[str] | None,
    into: Table | None,
    session: list[str],
) -> None:
    model = _model.load(model_name)
    classes = len(model.label.classes)
    names = metrics or _metrics.default_metrics(model.label.kind, classes)
    for name in names:
        _metrics.metric(name, model.label.kind)
    rows = _rows.read(select, session)
    scores = _scores(model, rows, label_name or model.label.name)
    row: dict[str, float | int | None] = {"loss": _metrics.loss(scores)}
    row |= _metrics.compute_all(names, scores)
    title = f"{model.name} on {len(scores.label)} rows"
    schema = pa.schema(
        pa.field(name, pa.int64() if isinstance(value, int) else pa.float64())
        for name, value in row.items()
    )
    batch = pa.RecordBatch.from_pylist([row], schema=schema)
    if into is None:
        _events.table(title, list(row), [list(row.values())], 1)
    else:
        _rows.publish(into, schema, [batch], title, session)


def _scores(model: _model.Model, rows: Spool, label_name: str) -> _metrics.Scores:
    found = find_column(label_name, rows.schema.names, WHERE)
    label = Label(model.label.field.with_name(found), model.label.kind, model.label.classes)
    roles = {
        role: find_column(name, rows.schema.names, WHERE)
        for role, name in model.estimator.roles.items()
    }
    truth, used = _rows.examples(rows, model.features, label, roles, WHERE)
    parts: list[Prediction] = []
    for start in range(0, used, CHUNK_ROWS):
        chunk = take(truth.inputs, np.arange(start, min(start + CHUNK_ROWS, used)))
        parts.append(model.estimator.predict(chunk))
        _events.progress(min(start + CHUNK_ROWS, used), used, "rows", {})
    probabilities = [part.probabilities for part in parts if part.probabilities is not None]
    return _metrics.Scores(
        kind=label.kind,
        classes=len(label.classes),
        label=truth.label,
        predicted=np.concatenate([part.values for part in parts]),
        probabilities=np.concatenate(probabilities) if probabilities else None,
        weight=truth.weight,
        group=truth.group,
        observed=_rows.observed(label, truth),
    )
