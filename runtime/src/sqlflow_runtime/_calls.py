"""The calls that step functions make: `docs/step-contract.md` as Python.

This module is light to import; what a call needs is imported when it is made.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlflow_runtime._arguments import checked
from sqlflow_runtime._table import Table
from sqlflow_runtime.features._declared import FeatureLists, every
from sqlflow_runtime.optimization._declared import Constraint, Decision, Objective

Params: TypeAlias = dict[str, Any]
Named: TypeAlias = dict[str, Any]
Validation: TypeAlias = dict[str, Any]
Tables: TypeAlias = list[Table]
Constraints: TypeAlias = list[Constraint]
Decisions: TypeAlias = list[Decision]


@checked
def query(*, statements: list[str], session: list[str] | None = None) -> None:
    """Runs SQL statements in order, and shows the rows of those that return some."""
    from sqlflow_runtime.steps import query as step

    step.run(statements, session or [])


@checked
def train(
    *,
    select: str,
    estimator: str,
    into: str,
    params: Params | None = None,
    rounds: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    max_steps: int | None = None,
    optimizer: Named | None = None,
    linear_optimizer: Named | None = None,
    dnn_optimizer: Named | None = None,
    loss: Named | None = None,
    early_stopping: int | None = None,
    validation: Validation | None = None,
    features: FeatureLists | None = None,
    label: str | None = None,
    start_from: str | None = None,
    statement: str | None = None,
    session: list[str] | None = None,
) -> None:
    """Trains a model on a query's rows and stores it."""
    from sqlflow_runtime.estimators import Settings
    from sqlflow_runtime.steps import train as step

    validation = validation or {}
    settings = Settings(
        params=params or {},
        rounds=rounds,
        epochs=epochs,
        batch_size=batch_size,
        max_steps=max_steps,
        optimizer=optimizer,
        linear_optimizer=linear_optimizer,
        dnn_optimizer=dnn_optimizer,
        loss=loss,
        early_stopping=early_stopping,
        metrics=tuple(validation.get("metrics", ())),
    )
    step.run(
        step.Request(
            select=select,
            estimator=estimator,
            settings=settings,
            validation=validation.get("select"),
            features=[every()] if features is None else features,
            label=label,
            start_from=start_from,
            into=into,
            statement=statement,
            session=session or [],
        )
    )


@checked
def predict(
    *,
    select: str,
    model: str,
    into: Table,
    column: str,
    extra_outputs: list[str] | None = None,
    batch_size: int | None = None,
    session: list[str] | None = None,
) -> None:
    """Writes a query's columns, but the label, and what the model predicts into a table."""
    from sqlflow_runtime.steps import predict as step

    step.run(select, model, into, column, extra_outputs or [], batch_size, session or [])


@checked
def evaluate(
    *,
    select: str,
    model: str,
    label: str | None = None,
    metrics: list[str] | None = None,
    into: Table | None = None,
    session: list[str] | None = None,
) -> None:
    """Measures a model on a query's rows."""
    from sqlflow_runtime.steps import evaluate as step

    step.run(select, model, label, metrics, into, session or [])


@checked
def explain(
    *,
    select: str,
    model: str,
    explainer: str | None = None,
    params: Params | None = None,
    into: Table | None = None,
    session: list[str] | None = None,
) -> None:
    """Says what each feature contributes to what a model makes of a query's rows."""
    from sqlflow_runtime.steps import explain as step

    step.run(select, model, explainer, params or {}, into, session or [])


@checked
def run(
    *,
    select: str,
    image: str,
    command: list[str],
    into: Tables | None = None,
    session: list[str] | None = None,
) -> None:
    """Starts a program on a query, and waits until it has made its tables."""
    from sqlflow_runtime.steps import run as step

    step.run(select, image, command, into or [], session or [])


@checked
def optimize(
    *,
    select: str,
    objective: Objective,
    variables: Decisions,
    into: Table,
    constraints: Constraints | None = None,
    params: Params | None = None,
    session: list[str] | None = None,
) -> None:
    """Solves for variables over a query's rows and writes them into a table."""
    from sqlflow_runtime.steps import optimize as step

    step.run(select, objective, constraints or [], variables, params or {}, into, session or [])


@checked
def show_train(*, model: str) -> None:
    """Shows how a model was trained."""
    from sqlflow_runtime.steps import show_train as step

    step.run(model)
