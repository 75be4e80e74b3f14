"""MAXIMIZE and MINIMIZE: variables solved for over a query's rows, into a table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError, SpecError, did_you_mean
from sqlflow_runtime._table import Table
from sqlflow_runtime.optimization import _problem, _solve
from sqlflow_runtime.optimization._declared import Constraint, Decision, Objective
from sqlflow_runtime.steps import _rows

PARAMS = ("time_limit", "mip_rel_gap")


def run(
    select: str,
    objective: Objective,
    constraints: list[Constraint],
    variables: list[Decision],
    params: dict[str, object],
    into: Table,
    session: list[str],
) -> None:
    limits = _limits(params)
    rows = _rows.read(select, session)
    table = pa.Table.from_batches(rows.batches(), rows.schema)
    problem = _problem.build(table, objective, constraints, variables)
    count = sum(len(part.lower) for part in problem.rows)
    _events.log("info", f"solving for {problem.size} unknowns under {count} constraints")
    found = _solve.solve(problem, limits.get("time_limit"), limits.get("mip_rel_gap"))
    if not found.is_optimal:
        gap = (
            "" if found.gap is None or not np.isfinite(found.gap) else f", {found.gap:.2%} at most"
        )
        _events.log("warning", f"the time limit ended the search before its end{gap} from the best")
    result = _result(problem, found.values)
    aim = "greatest" if problem.maximize else "least"
    title = f"{into}, with the {aim} {objective.text} = {found.objective:g}"
    _rows.publish(into, result.schema, result.to_batches(), title, session)


def _limits(params: dict[str, object]) -> dict[str, float]:
    limits: dict[str, float] = {}
    for name, value in params.items():
        if name not in PARAMS:
            raise SpecError(f"no parameter `{name}`", help=did_you_mean(name, PARAMS))
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise SpecError(f"`{name}` takes a number of at least 0, not {value!r:.200}")
        limits[name] = float(value)
    return limits


def _result(problem: _problem.Problem, values: _problem.Doubles) -> pa.Table:
    """Returns the solution: a row for each unknown.

    Variables over the same index columns stand side by side, under their names. Those over
    different ones stand below each other, in the columns `variable`, the index columns, `value`.
    """
    first, *others = problem.unknowns
    index = [name.lower() for name in first.keys.column_names]
    if all([name.lower() for name in other.keys.column_names] == index for other in others):
        names = [_value_name(known.decision.name, index) for known in problem.unknowns]
        columns = [_values(known, values) for known in problem.unknowns]
        return _named([*first.keys.column_names, *names], [*first.keys.columns, *columns])
    return _below_each_other(problem, values)


def _value_name(name: str, index: list[str]) -> str:
    """A variable called like its index column is SQLFlow's short form."""
    return f"{name}_value" if name.lower() in index else name


def _values(known: _problem.Unknowns, values: _problem.Doubles) -> pa.Array:
    # Adding 0 turns -0 to 0.
    own = values[known.places] + 0.0
    return pa.array(own.astype(np.int64) if known.decision.is_whole else own)


def _below_each_other(problem: _problem.Problem, values: _problem.Doubles) -> pa.Table:
    fields: dict[str, pa.Field] = {}
    for known in problem.unknowns:
        for field in known.keys.schema:
            fields.setdefault(field.name.lower(), field)
    parts = []
    for known in problem.unknowns:
        own = {name.lower(): name for name in known.keys.column_names}
        columns = [pa.array([known.decision.name] * known.size, pa.string())]
        for name, field in fields.items():
            if name in own:
                columns.append(known.keys.column(own[name]).combine_chunks().cast(field.type))
            else:
                columns.append(pa.nulls(known.size, field.type))
        columns.append(pa.array(values[known.places] + 0.0))
        names = ["variable", *(field.name for field in fields.values()), "value"]
        parts.append(_named(names, columns))
    return pa.concat_tables(parts)


def _named(names: list[str], columns: list[pa.Array]) -> pa.Table:
    seen = set[str]()
    for name in names:
        if name.lower() in seen:
            raise ProgramError(
                f"the table would have two columns `{name}`", help="rename one of them with AS"
            )
        seen.add(name.lower())
    return pa.table(columns, names=names)
