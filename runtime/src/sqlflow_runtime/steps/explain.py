"""EXPLAIN: what each feature contributes to what a model makes of a query's rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from sqlflow_runtime import _events, _model
from sqlflow_runtime._errors import ProgramError, did_you_mean
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import Spool, spool
from sqlflow_runtime.estimators import Explanation, Kind
from sqlflow_runtime.features._values import Doubles, Integers, Tally
from sqlflow_runtime.steps import _rows

# Rows at a time: often enough to show progress, which exact contributions of large models need.
CHUNK_ROWS = 4096
BACKGROUND_ROWS = 64

BAR_CHARACTERS = 24
_BAR_COLUMN = "bar"

IMPORTANCE_EXPLAINER = "XGBoostExplainer"
# What SQLFlow calls the explainer of models without one of their own.
_SYNONYMS = {"KernelExplainer": "PermutationExplainer"}

_PLOTS = ("bar", "dot", "violin", "decision")
_OPTIONS = ("plot_type", "max_display", "sort", "alpha")


def run(
    select: str,
    model_name: str,
    explainer: str | None,
    params: Mapping[str, Any],
    into: Table | None,
    session: list[str],
) -> None:
    max_display = _max_display(params)
    model = _model.load(model_name)
    known = model.estimator.explainers()
    if not known:
        raise ProgramError(
            f"the model `{model.name}` ({model.estimator.name}) predicts nothing that features "
            "could be said to contribute to",
            help="explain a model that predicts a class or a number",
        )
    chosen = known[0] if explainer is None else _SYNONYMS.get(explainer, explainer)
    if chosen not in known:
        raise ProgramError(
            f"`{chosen}` does not suit the model `{model.name}` ({model.estimator.name})",
            help=did_you_mean(chosen, known),
        )
    if chosen == IMPORTANCE_EXPLAINER:
        _importance(model, into, max_display, session)
        return
    rows = _rows.read(select, session)
    if not rows.rows:
        raise ProgramError("the query returns no rows to explain")
    limit = model.estimator.explain_rows(chosen) or rows.rows
    if rows.rows > limit:
        _events.log(
            "warning",
            f"{chosen} explains {limit} of the {rows.rows} rows, spread evenly over the query",
        )
    _contributions(model, chosen, rows, limit, into, max_display, session)


def _max_display(params: Mapping[str, Any]) -> int | None:
    for given in params:
        if given not in _OPTIONS:
            raise ProgramError(
                f"EXPLAIN has no attribute `summary.{given}`", help=did_you_mean(given, _OPTIONS)
            )
    plot = params.get("plot_type", "bar")
    if plot not in _PLOTS:
        raise ProgramError(f"no plot `{plot}`", help=did_you_mean(str(plot), _PLOTS))
    shown = params.get("max_display")
    if shown is not None and (isinstance(shown, bool) or not isinstance(shown, int) or shown < 1):
        raise ProgramError(f"summary.max_display is {shown!r}; it takes a whole number from 1")
    return shown


def _importance(
    model: _model.Model, into: Table | None, max_display: int | None, session: list[str]
) -> None:
    measured = model.estimator.importance()
    measures = list(next(iter(measured.values())))
    ordered = sorted(measured.items(), key=lambda item: (-item[1][measures[-1]], item[0]))
    schema = pa.schema(
        [pa.field("feature", pa.string())] + [pa.field(name, pa.float64()) for name in measures]
    )
    rows = [{"feature": name, **scores} for name, scores in ordered]
    title = f"importance of {model.name}'s features"
    if into is None:
        greatest = ordered[0][1][measures[-1]] if ordered else 0.0
        shown = [
            [name, *scores.values(), _bar(scores[measures[-1]], greatest)]
            for name, scores in ordered[:max_display]
        ]
        _events.table(title, [*schema.names, _BAR_COLUMN], shown, len(rows))
    else:
        batch = pa.RecordBatch.from_pylist(rows, schema=schema)
        _rows.publish(into, schema, [batch], title, session)


def _bar(value: float, greatest: float) -> str:
    """Returns a bar for a value that is not negative, `BAR_CHARACTERS` long for the greatest."""
    if not 0 < greatest < math.inf:
        return ""
    eighths = round(value / greatest * BAR_CHARACTERS * 8)
    # U+2588 is a full block, the next ones are seven eighths of it to one eighth.
    rest = chr(0x2590 - eighths % 8) if eighths % 8 else ""
    return "\u2588" * (eighths // 8) + rest


def _contributions(
    model: _model.Model,
    explainer: str,
    rows: Spool,
    limit: int,
    into: Table | None,
    max_display: int | None,
    session: list[str],
) -> None:
    names = model.features.feature_names()
    tally = Tally()
    sample = _sample(rows, BACKGROUND_ROWS)[0]
    background = model.features.encode_all(sample, model.where, Tally())
    chosen, numbers = (rows, np.arange(rows.rows)) if limit >= rows.rows else _sample(rows, limit)
    totals: Doubles = np.zeros(len(names))
    outputs = _outputs(model)
    schema = _schema(model, names, outputs)

    def explained() -> Iterator[pa.RecordBatch]:
        nonlocal totals
        done = 0
        for batch in _rows.slices(chosen, CHUNK_ROWS):
            inputs = model.features.encode(batch, model.where, tally)
            found = model.estimator.explain(explainer, inputs, background)
            totals = totals + np.abs(found.values).mean(axis=1).sum(axis=0)
            end = done + batch.num_rows
            yield _batch(schema, outputs, found, numbers[done:end])
            done = end
        tally.warn()

    if into is None:
        # Drained for the totals: the rows themselves go nowhere.
        for _ in explained():
            pass
    else:
        title = f"{into}, contributions to {model.name}"
        _rows.publish(into, schema, explained(), title, session)
    means = totals / chosen.rows
    order = np.argsort(-means, kind="stable")[:max_display]
    _events.table(
        f"mean contribution of {model.name}'s features ({explainer}, {chosen.rows} rows)",
        ["feature", "mean_abs_contribution", _BAR_COLUMN],
        [
            [names[place], float(means[place]), _bar(float(means[place]), float(means.max()))]
            for place in order
        ],
        len(names),
    )


def _sample(rows: Spool, size: int) -> tuple[Spool, Integers]:
    """Returns at most `size` rows, spread evenly over the query, and their places in it."""
    wanted = np.linspace(0, rows.rows - 1, min(rows.rows, size)).astype(np.int64)
    parts = []
    start = 0
    for batch in rows.batches():
        end = start + batch.num_rows
        inside = wanted[(wanted >= start) & (wanted < end)] - start
        parts.append(batch.take(pa.array(inside)))
        start = end
    return spool(pa.RecordBatchReader.from_batches(rows.schema, parts)), wanted


def _outputs(model: _model.Model) -> pa.Array | None:
    """Returns the classes that contributions are told apart for, if there are more than two."""
    if model.label.kind is Kind.CLASSIFICATION and len(model.label.classes) > 2:
        return model.label.class_values()
    return None


def _schema(model: _model.Model, names: list[str], outputs: pa.Array | None) -> pa.Schema:
    taken = {name.lower() for name in names}

    def free(name: str) -> str:
        while name.lower() in taken:
            name += "_"
        return name

    fields = [pa.field(free("row_number"), pa.int64())]
    if outputs is not None:
        fields.append(model.label.result_field(free(model.label.name)))
    fields.append(pa.field(free("base_value"), pa.float64()))
    return pa.schema(fields + [pa.field(name, pa.float64()) for name in names])


def _batch(
    schema: pa.Schema, outputs: pa.Array | None, found: Explanation, numbers: Integers
) -> pa.RecordBatch:
    """Returns one row for each explained row, or for each of its classes."""
    rows, width, features = found.values.shape
    columns = [pa.array(np.repeat(numbers + 1, width))]
    if outputs is not None:
        columns.append(outputs.take(pa.array(np.tile(np.arange(width), rows))))
    columns.append(pa.array(found.base.reshape(-1)))
    flat = found.values.reshape(-1, features)
    columns += [pa.array(flat[:, index]) for index in range(features)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
