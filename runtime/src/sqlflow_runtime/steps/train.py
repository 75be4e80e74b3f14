"""TRAIN: from a query's rows to a stored model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlflow_runtime import _events, _memory, _model, _scratch
from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime._label import Label, find_label, with_classes
from sqlflow_runtime.data import Spool, connect, spool
from sqlflow_runtime.estimators import Estimator, Kind, Settings, StreamingEstimator, Training
from sqlflow_runtime.estimators import estimator as make_estimator
from sqlflow_runtime.features import _declared
from sqlflow_runtime.features._fit import WHERE, fit
from sqlflow_runtime.features._fitted import Specification, find_column
from sqlflow_runtime.steps import _rows
from sqlflow_runtime.store import open_store

WHERE_VALIDATION = "the validation query"


@dataclass(frozen=True)
class Request:
    """A TRAIN statement."""

    select: str
    estimator: str
    settings: Settings
    validation: str | None
    features: _declared.FeatureLists
    label: str | None
    start_from: str | None
    into: str
    statement: str | None
    session: list[str]


def run(request: Request) -> None:
    started = time.monotonic()
    # A store that cannot be used is said before the work is done, not after it.
    open_store()
    model = make_estimator(request.estimator, request.settings)
    start = None if request.start_from is None else _start(request.start_from, model)
    rows, validation_rows = _read(request)
    if not rows.rows:
        raise ProgramError(f"{WHERE} returns no rows")

    label = _label(request.label, model, rows, start)
    roles = _roles(model, rows)
    _events.log("info", f"{rows.rows} rows read")
    features = _features(request, rows, label, roles, start)
    training, used = _learn(model, rows, validation_rows, features, label, roles, start)
    about: dict[str, Any] = {
        "statement": request.statement,
        "select": request.select,
        "declared": _declared_json(request.features),
        "rows": used,
        "bytes": rows.bytes,
        "seconds": round(time.monotonic() - started, 3),
        "start_from": None if start is None else f"{start.name}@{start.version}",
    }
    location = _model.publish(request.into, model, features, label, training, about)
    _events.output("model", request.into, location)


def _learn(
    model: Estimator,
    rows: Spool,
    validation_rows: Spool | None,
    features: Specification,
    label: Label,
    roles: Mapping[str, str],
    start: _model.Model | None,
) -> tuple[Training, int]:
    """Fits the model, and returns how many rows it learned from, too.

    In memory if there is enough of it; else from the disk, or not at all.
    """
    checked = label
    if validation_rows is not None and label.kind.has_label:
        name = find_column(label.name, validation_rows.schema.names, WHERE_VALIDATION)
        checked = Label(label.field.with_name(name), label.kind, label.classes)
    classes = len(label.classes)
    begin = start.estimator if start else None

    needs = [_rows.memory_needed(part, features) for part in (rows, validation_rows) if part]
    least, working = (sum(part) for part in zip(*needs, strict=True))
    # Beside the features there are the libraries, the model, and what else runs on the machine.
    large = working > _memory.limit() // 2
    if large and isinstance(model, StreamingEstimator):
        reason = model.why_not_streamed(begin)
        if reason is None:
            _events.log(
                "info",
                f"the features take {_memory.shown(working)} in memory, so they stay on the disk",
            )
            with _scratch.folder() as folder:
                train, used = _rows.streamed_examples(rows, features, label, roles, WHERE, folder)
                validation = None
                if validation_rows is not None:
                    validation, _ = _rows.streamed_examples(
                        validation_rows, features, checked, roles, WHERE_VALIDATION, folder
                    )
                return model.fit_streamed(features, train, validation, label.kind, classes), used
        _events.log("info", f"{reason} wants all rows in memory")
    count = sum(part.rows for part in (rows, validation_rows) if part)
    _memory.check(f"the features of {count} rows", least, working)
    examples, used = _rows.examples(rows, features, label, roles, WHERE)
    held_out = None
    if validation_rows is not None:
        held_out, _ = _rows.examples(validation_rows, features, checked, roles, WHERE_VALIDATION)
    return model.fit(features, examples, held_out, label.kind, classes, begin), used


def _start(name: str, model: Estimator) -> _model.Model:
    """Returns the model that training goes on from."""
    start = _model.load(name)
    if start.estimator.family != model.family:
        other = start.estimator.name
        same = "the same booster" if other == model.name else other
        raise ProgramError(
            f"{model.name} ({model.family}) cannot go on from the model `{start.name}`, "
            f"which is one of {other} ({start.estimator.family})",
            help=f"train with {same}, or leave out USING",
        )
    return start


def _read(request: Request) -> tuple[Spool, Spool | None]:
    """Reads both queries on one connection, and lets go of it."""
    with connect(request.session) as database:
        rows = spool(database.read(request.select))
        if request.validation is None:
            return rows, None
        return rows, spool(database.read(request.validation))


def _label(name: str | None, model: Estimator, rows: Spool, start: _model.Model | None) -> Label:
    if name is None:
        return Label.absent(model.kind(None))
    found = rows.schema.field(find_column(name, rows.schema.names, WHERE))
    label = find_label(name, rows.schema, model.kind(found.type))
    if start is not None:
        return _same_label(label, start)
    if label.kind is not Kind.CLASSIFICATION:
        return label
    return with_classes(label, rows, model)


def _same_label(label: Label, start: _model.Model) -> Label:
    """Returns the label with the classes of the model that training goes on from."""
    if label.kind is not start.label.kind:
        raise ProgramError(
            f"the model `{start.name}` is a {start.label.kind.value} model, "
            f"this training is {label.kind.value}"
        )
    return Label(label.field, label.kind, start.label.classes)


def _roles(model: Estimator, rows: Spool) -> dict[str, str]:
    return {role: find_column(name, rows.schema.names, WHERE) for role, name in model.roles.items()}


def _features(
    request: Request,
    rows: Spool,
    label: Label,
    roles: Mapping[str, str],
    start: _model.Model | None,
) -> Specification:
    reserved = {*([label.name] if label.kind.has_label else []), *roles.values()}
    if start is None:
        return fit(request.features, rows, reserved)
    # Trees and weights belong to the columns and vocabularies they were trained on.
    if start.document["declared"] != _declared_json(request.features):
        raise ProgramError(
            f"COLUMN differs from what the model `{start.name}` was trained with",
            help="training can only go on with the same features",
        )
    return start.features


def _declared_json(features: _declared.FeatureLists) -> dict[str, Any]:
    lists = _declared.by_target(features)
    return {name: [_declared.to_json(part) for part in parts] for name, parts in lists.items()}
