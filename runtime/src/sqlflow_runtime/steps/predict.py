"""PREDICT: a query's columns, and what a model makes of them, into a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from sqlflow_runtime import _model
from sqlflow_runtime._errors import ProgramError, did_you_mean
from sqlflow_runtime._label import Label
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import Spool
from sqlflow_runtime.estimators import Kind, Prediction
from sqlflow_runtime.features._values import Tally
from sqlflow_runtime.steps import _rows

_EXTRA_OUTPUTS = {
    Kind.CLASSIFICATION: ("probabilities", "probability", "logits"),
    Kind.DETECTION: ("score",),
    Kind.CLUSTERING: ("probabilities", "probability", "distance"),
}


def run(
    select: str,
    model_name: str,
    into: Table,
    column: str,
    extra_outputs: list[str],
    batch_size: int | None,
    session: list[str],
) -> None:
    model = _model.load(model_name)
    _check_extra_outputs(extra_outputs, model)
    rows = _rows.read(select, session)
    kept = _kept(rows, model.label, column)
    added = [model.label.result_field(column), *_extra_fields(extra_outputs, model)]
    schema = pa.schema([*(rows.schema.field(index) for index in kept), *added])
    _check_names(schema)

    def predicted() -> Iterator[pa.RecordBatch]:
        tally = Tally()
        for batch in _rows.slices(rows, batch_size):
            inputs = model.features.encode(batch, model.where, tally)
            found = model.estimator.predict(inputs, logits="logits" in extra_outputs)
            columns = [batch.column(index) for index in kept]
            columns.append(model.label.decode(found.values))
            columns += _extra_columns(extra_outputs, found, model)
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
        tally.warn()

    _rows.publish(into, schema, predicted(), f"{into}, predicted by {model.name}", session)


def _kept(rows: Spool, label: Label, column: str) -> list[int]:
    """Returns the places of the columns that go into the table: all but the label."""
    names: list[str] = rows.schema.names
    if not label.kind.has_label:
        folded, dropped = [], None
    else:
        folded = [name for name in names if name.lower() == label.name.lower()]
        dropped = label.name if label.name in names else None
    if dropped is None and len(folded) == 1:
        dropped = folded[0]
    kept = [index for index, name in enumerate(names) if name != dropped]
    if column.lower() in {names[index].lower() for index in kept}:
        raise ProgramError(
            f"the query has a column `{column}` of its own, beside the predicted one",
            help="predict into a column of another name, or leave that one out of the query",
        )
    return kept


def _check_extra_outputs(extra_outputs: list[str], model: _model.Model) -> None:
    everything = [name for names in _EXTRA_OUTPUTS.values() for name in names]
    suitable = _EXTRA_OUTPUTS.get(model.label.kind, ())
    for name in extra_outputs:
        if name not in everything:
            raise ProgramError(f"no extra output `{name}`", help=did_you_mean(name, everything))
        if name not in suitable:
            raise ProgramError(
                f"`{model.name}` is a {model.label.kind.value} model and has no `{name}`",
                help=did_you_mean(name, suitable) or "leave out predict.extra_outputs",
            )


def _extra_fields(extra_outputs: list[str], model: _model.Model) -> list[pa.Field]:
    classes: Sequence[object] = model.label.classes
    if model.label.kind is Kind.CLUSTERING and "probabilities" in extra_outputs:
        classes = range(model.estimator.clusters() or 0)
    names = {
        "probabilities": [f"probability_{name}" for name in classes],
        "probability": ["probability"],
        "logits": [f"logit_{name}" for name in classes],
        "score": ["score"],
        "distance": ["distance"],
    }
    return [pa.field(name, pa.float64()) for output in extra_outputs for name in names[output]]


def _extra_columns(
    extra_outputs: list[str], found: Prediction, model: _model.Model
) -> list[pa.Array]:
    columns: list[pa.Array] = []
    for output in extra_outputs:
        values = found.logits if output == "logits" else found.probabilities
        if output in ("score", "distance"):
            single = found.scores if output == "score" else found.distances
            values = None if single is None else single[:, np.newaxis]
        if values is None:
            raise ProgramError(
                f"the model `{model.name}` ({model.estimator.name}) gives no {output}",
                help="leave it out of predict.extra_outputs, or train with another objective "
                "or estimator",
            )
        if output == "probability":
            values = np.max(values, axis=1, keepdims=True, initial=0.0)
        columns += [pa.array(values[:, index]) for index in range(values.shape[1])]
    return columns


def _check_names(schema: pa.Schema) -> None:
    seen = set[str]()
    for name in schema.names:
        if name.lower() in seen:
            raise ProgramError(
                f"the table would have two columns `{name}`", help="rename one of them with AS"
            )
        seen.add(name.lower())
