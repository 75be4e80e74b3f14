"""A problem → values for its unknowns, by HiGHS; and, where there are none, why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import highspy
import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime._step import usable_cores
from sqlflow_runtime.optimization._problem import Doubles, Problem, Rows

Status = highspy.HighsModelStatus
# A violation below it is HiGHS's own feasibility tolerance.
TOLERANCE = 1e-6
# What is larger counts as without end when it is looked for what has none.
WITHOUT_END = 1e7
SHOWN = 3


@dataclass(frozen=True)
class Solution:
    values: Doubles
    objective: float
    is_optimal: bool
    # How far the best objective may be from this one, relative to it; None for an exact solution.
    gap: float | None


def solve(problem: Problem, time_limit: float | None, mip_rel_gap: float | None) -> Solution:
    """Solves a problem; infeasible and unbounded ones are ProgramErrors in its own terms."""
    if problem.quadratic is not None:
        _check_convex(problem)
    solver = _solver(problem, relaxed=False)
    if time_limit is not None:
        solver.setOptionValue("time_limit", float(time_limit))
    if mip_rel_gap is not None:
        solver.setOptionValue("mip_rel_gap", float(mip_rel_gap))
    solver.run()
    status = solver.getModelStatus()
    if status == Status.kUnboundedOrInfeasible:
        # Presolve saw that it is one of the two and stopped.
        solver.setOptionValue("presolve", "off")
        solver.run()
        status = solver.getModelStatus()
    if status == Status.kOptimal:
        return _solution(problem, solver, is_optimal=True)
    if status == Status.kInfeasible:
        raise _infeasible(problem)
    if status in (Status.kUnbounded, Status.kUnboundedOrInfeasible):
        raise _unbounded(problem)
    feasible = highspy.SolutionStatus.kSolutionStatusFeasible
    if status == Status.kTimeLimit and solver.getInfo().primal_solution_status == feasible:
        return _solution(problem, solver, is_optimal=False)
    if status == Status.kTimeLimit:
        raise ProgramError(
            f"no solution was found within {time_limit:g} seconds",
            help="raise solver.time_limit, or ask for less",
        )
    raise ProgramError(
        f"the solver ended with: {solver.modelStatusToString(status)}",
        help="numbers that differ by many orders of magnitude are the usual cause: scale columns",
    )


def _solver(problem: Problem, *, relaxed: bool) -> highspy.Highs:
    """Returns HiGHS with the problem in it, as one to minimise."""
    size = problem.size
    sign = -1.0 if problem.maximize else 1.0
    matrix, lower, upper = _stacked(problem.rows, size)
    model = _linear(sign * problem.cost, _bounds(problem), matrix, (lower, upper))
    model.lp_.offset_ = sign * problem.offset
    whole = [known for known in problem.unknowns if known.decision.is_whole]
    if whole and not relaxed:
        kinds = [highspy.HighsVarType.kContinuous] * size
        for known in whole:
            for place in range(known.start, known.start + known.size):
                kinds[place] = highspy.HighsVarType.kInteger
        model.lp_.integrality_ = kinds
    if problem.quadratic is not None:
        # HiGHS takes the lower triangle, by columns, of the matrix H of x'Hx / 2.
        lower_half = sp.csc_array(sp.tril(problem.quadratic * (2.0 * sign)))
        hessian = model.hessian_
        hessian.dim_ = size
        hessian.format_ = highspy.HessianFormat.kTriangular
        hessian.start_ = lower_half.indptr
        hessian.index_ = lower_half.indices
        hessian.value_ = lower_half.data
    return _highs(model)


def _linear(
    cost: Doubles,
    bounds: tuple[Doubles, Doubles],
    matrix: sp.csr_array,
    sides: tuple[Doubles, Doubles],
) -> highspy.HighsModel:
    """Make `cost x` least, with x between `bounds` and `matrix x` between `sides`."""
    model = highspy.HighsModel()
    lp = model.lp_
    lp.num_col_ = len(cost)
    lp.num_row_ = matrix.shape[0]
    lp.sense_ = highspy.ObjSense.kMinimize
    lp.col_cost_ = cost
    lp.col_lower_, lp.col_upper_ = bounds
    lp.row_lower_, lp.row_upper_ = sides
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    return model


def _highs(model: highspy.HighsModel) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", usable_cores())
    if solver.passModel(model) == highspy.HighsStatus.kError:
        raise ProgramError(
            "the solver refuses the problem's numbers",
            help="look for values that are too large in the columns of the query",
        )
    return solver


def _stacked(rows: list[Rows], size: int) -> tuple[sp.csr_array, Doubles, Doubles]:
    if not rows:
        return sp.csr_array((0, size)), np.empty(0), np.empty(0)
    matrix = sp.csr_array(sp.vstack([part.matrix for part in rows], format="csr"))
    matrix.sum_duplicates()
    lower = np.concatenate([part.lower for part in rows])
    upper = np.concatenate([part.upper for part in rows])
    return matrix, lower, upper


def _bounds(problem: Problem) -> tuple[Doubles, Doubles]:
    lower, upper = np.empty(problem.size), np.empty(problem.size)
    for known in problem.unknowns:
        lower[known.places], upper[known.places] = known.decision.bounds
    return lower, upper


def _solution(problem: Problem, solver: highspy.Highs, *, is_optimal: bool) -> Solution:
    values = np.array(solver.getSolution().col_value, np.float64)
    for known in problem.unknowns:
        if known.decision.is_whole:
            values[known.places] = np.rint(values[known.places])
    objective = problem.cost @ values + problem.offset
    if problem.quadratic is not None:
        objective += values @ (problem.quadratic @ values)
    gap = float(solver.getInfo().mip_gap) if not is_optimal else None
    return Solution(values, float(objective), is_optimal, gap)


def _check_convex(problem: Problem) -> None:
    """Refuses what has hills and valleys, on which HiGHS stops with a plain error."""
    assert problem.quadratic is not None
    sign = -1.0 if problem.maximize else 1.0
    matrix = problem.quadratic * sign
    # Unknowns that no product holds neither bend nor matter.
    used = np.flatnonzero(np.diff(sp.csr_array(matrix).indptr))
    if not len(used):
        return
    block = sp.csr_array(matrix)[used][:, used]
    _, labels = sp.csgraph.connected_components(block, directed=False)
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) > 0])
    for members in np.split(order, starts[1:]):
        part = block[members][:, members].toarray()
        least = float(np.linalg.eigvalsh(part)[0])
        if least < -1e-9 * max(1.0, float(np.abs(part).max())):
            shape = "concave" if problem.maximize else "convex"
            raise ProgramError(
                f"the objective `{problem.text}` is not {shape}, so a best solution cannot be told "
                "from a good one",
                help="use sums of squares, or a linear objective",
            )


def _infeasible(problem: Problem) -> ProgramError:
    """Says which constraints cannot hold together: those that a least repair would change."""
    whole = any(known.decision.is_whole for known in problem.unknowns)
    missed = list(_missed(problem))
    if not missed:
        return ProgramError(
            "no whole numbers satisfy all constraints, though numbers with fractions would",
            help="loosen a constraint, or let var_type be of the Reals",
        )
    shown = "; ".join(islice(missed, SHOWN))
    more = f", and {len(missed) - SHOWN} more" if len(missed) > SHOWN else ""
    kinds = " (with fractions allowed)" if whole else ""
    return ProgramError(
        f"the constraints cannot all hold{kinds}: {shown}{more}",
        help="loosen one of these, or one that stands against them",
    )


def _missed(problem: Problem) -> Iterator[str]:
    """Yields the constraints that are missed when all are met as nearly as can be."""
    size = problem.size
    matrix, lower, upper = _stacked(problem.rows, size)
    count = matrix.shape[0]
    step = sp.eye_array(count, format="csr")
    elastic = sp.csr_array(sp.hstack([matrix, step, -step], format="csr"))
    low, high = _bounds(problem)
    cost = np.concatenate([np.zeros(size), np.ones(2 * count)])
    bounds = (
        np.concatenate([low, np.zeros(2 * count)]),
        np.concatenate([high, np.full(2 * count, np.inf)]),
    )
    solver = _highs(_linear(cost, bounds, elastic, (lower, upper)))
    solver.run()
    slack = np.array(solver.getSolution().col_value, np.float64)[size:]
    missing = slack[:count] + slack[count:]
    start = 0
    for part in problem.rows:
        own = missing[start : start + len(part.lower)]
        start += len(part.lower)
        for at in np.flatnonzero(own > TOLERANCE):
            yield f"`{part.text}`{_about(part.keys, int(at))} is missed by {own[at]:g}"


def _unbounded(problem: Problem) -> ProgramError:
    verb = "grow" if problem.maximize else "fall"
    loose = ", ".join(islice(_loose(problem), SHOWN))
    named = f": nothing bounds {loose}" if loose else ""
    return ProgramError(
        f"`{problem.text}` can {verb} without end{named}",
        help="bound it with a CONSTRAINT, or with another var_type",
    )


def _loose(problem: Problem) -> Iterator[str]:
    """Yields the unknowns that a solution would take beyond all measure."""
    solver = _solver(problem, relaxed=True)
    lower, upper = _bounds(problem)
    places = np.arange(problem.size, dtype=np.int32)
    fenced_low = np.maximum(lower, -WITHOUT_END)
    fenced_high = np.minimum(upper, WITHOUT_END)
    solver.changeColsBounds(problem.size, places, fenced_low, fenced_high)
    solver.run()
    values = np.array(solver.getSolution().col_value, np.float64)
    if len(values) != problem.size:
        return
    far = np.abs(values) >= WITHOUT_END * (1 - 1e-9)
    far &= np.isinf(lower) | np.isinf(upper)
    for known in problem.unknowns:
        for at in np.flatnonzero(far[known.places]):
            yield f"`{known.decision.name}`{_about(known.keys, int(at))}"


def _about(keys: pa.Table, at: int) -> str:
    """Names a row, group or unknown: ` for plant = A, year = 2025`."""
    if not keys.num_columns or at >= keys.num_rows:
        return ""
    row = keys.slice(at, 1).to_pylist()[0]
    return " for " + ", ".join(f"{name} = {value}" for name, value in row.items())
