"""A declared problem over the rows of a query → coefficients, bounds and right-hand sides.

All rows are worked on at once. A formula over `m` rows (or groups of rows) is a vector of `m`
constants and a sparse matrix with `m` rows and a column for each unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime.features._fitted import find_column
from sqlflow_runtime.optimization._declared import (
    Aggregate,
    Arithmetic,
    Constraint,
    Data,
    Decision,
    Objective,
    Operand,
    Variable,
)

Doubles: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Matrix: TypeAlias = sp.csr_array

WHERE = "the query"
# A product of two sums couples every unknown of one with every one of the other.
MOST_PRODUCTS = 20_000_000


@dataclass(frozen=True)
class Unknowns:
    """The unknowns of one variable: one for each combination of values in its index columns."""

    decision: Decision
    # Of each unknown: its index values.
    keys: pa.Table
    # Of each row: which unknown it speaks of, counted over all variables.
    of_row: Integers
    start: int

    @property
    def size(self) -> int:
        return int(self.keys.num_rows)

    @property
    def places(self) -> slice:
        """Where they stand among all unknowns."""
        return slice(self.start, self.start + self.size)


@dataclass(frozen=True)
class Rows:
    """The constraints that one comparison of the program stands for: lower <= A x <= upper."""

    text: str
    matrix: Matrix
    lower: Doubles
    upper: Doubles
    # Of each constraint: the row or group it is about; empty when there is one for all rows.
    keys: pa.Table


@dataclass(frozen=True)
class Problem:
    """Find x between its bounds, keep `rows`, make `cost x + x'Qx + offset` greatest or least."""

    unknowns: list[Unknowns]
    maximize: bool
    text: str
    cost: Doubles
    offset: float
    # Symmetric; None for a linear objective.
    quadratic: Matrix | None
    rows: list[Rows]

    @property
    def size(self) -> int:
        return len(self.cost)


def build(
    rows: pa.Table,
    objective: Objective,
    constraints: list[Constraint],
    decisions: list[Decision],
) -> Problem:
    """Works a problem out; what does not fit the data is a ProgramError."""
    if not rows.num_rows:
        raise ProgramError(
            f"{WHERE} has no row, so there is nothing to solve for", help="check its conditions"
        )
    unknowns: list[Unknowns] = []
    for decision in decisions:
        start = sum(known.size for known in unknowns)
        keys, of_row = _keys(rows, decision.index)
        unknowns.append(Unknowns(decision, keys, of_row + start, start))
    size = sum(known.size for known in unknowns)
    builder = _Builder(rows, {known.decision.name.lower(): known for known in unknowns}, size)
    everything = _Groups(np.zeros(rows.num_rows, np.int64), np.zeros(1, np.int64))
    aim = builder.grouped(builder.form(objective.formula, everything), everything, objective.text)
    cost = np.asarray(aim.linear.sum(axis=0), np.float64).ravel()
    quadratic = _symmetric(aim.products, size)
    return Problem(
        unknowns=unknowns,
        maximize=objective.sense == "maximize",
        text=objective.text,
        cost=cost,
        offset=float(aim.constant.sum()),
        quadratic=quadratic,
        rows=[builder.rows(constraint) for constraint in constraints],
    )


@dataclass
class _Form:
    """A number for each row of the query, or for each group of rows."""

    constant: Doubles
    linear: Matrix
    by_row: bool
    # Products of two linear forms, to be added: row by row, the first times the second.
    products: list[tuple[Matrix, Matrix]] = field(default_factory=list)


@dataclass(frozen=True)
class _Groups:
    # Of each row: its group.
    of_row: Integers
    # Of each group: its first row.
    first: Integers


class _Builder:
    def __init__(self, rows: pa.Table, unknowns: dict[str, Unknowns], size: int) -> None:
        self._table = rows
        self._unknowns = unknowns
        self._size = size
        self._columns: dict[str, Doubles] = {}

    def rows(self, constraint: Constraint) -> Rows:
        keys, of_row = _keys(self._table, constraint.group_by)
        first = np.full(max(keys.num_rows, 1), -1, np.int64)
        first[of_row[::-1]] = np.arange(self._table.num_rows)[::-1]
        groups = _Groups(of_row, first)
        left = self.form(constraint.left, groups)
        right = self.form(constraint.right, groups)
        difference = self._sum(left, right, -1.0, groups, constraint.text)
        bound = -difference.constant
        matrix = difference.linear
        if difference.by_row:
            keys = self._row_names()
        infinity = np.full(len(bound), np.inf)
        lower = bound if constraint.relation != "<=" else -infinity
        upper = bound if constraint.relation != ">=" else infinity
        return Rows(constraint.text, matrix, lower, upper, keys)

    def _row_names(self) -> pa.Table:
        """Tells rows apart by the index columns of the variables."""
        names: list[str] = []
        for known in self._unknowns.values():
            names += [name for name in known.keys.column_names if name not in names]
        return self._table.select(names)

    def form(self, formula: Operand, groups: _Groups) -> _Form:
        match formula:
            case int() | float():
                return self._constant(np.array([float(formula)]), by_row=False, groups=groups)
            case Data(name):
                return self._constant(self._numbers(name), by_row=True, groups=groups)
            case Variable(name):
                of_row = self._unknowns[name.lower()].of_row
                count = len(of_row)
                linear = sp.csr_array(
                    (np.ones(count), of_row, np.arange(count + 1)), shape=(count, self._size)
                )
                return _Form(np.zeros(count), linear, by_row=True)
            case Arithmetic(operator, left, right):
                return self._arithmetic(
                    operator, self.form(left, groups), self.form(right, groups), groups
                )
            case Aggregate(function, argument):
                return self._aggregate(function, argument, groups)
        raise AssertionError(f"no such formula: {formula!r}")

    def _constant(self, values: Doubles, *, by_row: bool, groups: _Groups) -> _Form:
        if not by_row:
            values = np.broadcast_to(values, len(groups.first)).astype(np.float64)
        return _Form(values, sp.csr_array((len(values), self._size)), by_row=by_row)

    def _numbers(self, name: str) -> Doubles:
        if name not in self._columns:
            self._columns[name] = _numbers(self._table, name)
        return self._columns[name]

    def _arithmetic(self, operator: str, left: _Form, right: _Form, groups: _Groups) -> _Form:
        if operator == "+":
            return self._sum(left, right, 1.0, groups)
        if operator == "-":
            return self._sum(left, right, -1.0, groups)
        left, right = self._alike(left, right, groups)
        if operator == "/":
            if not right.constant.all():
                raise ProgramError(
                    "a formula divides by zero", help="leave such rows out of the query with WHERE"
                )
            return _scaled(left, 1.0 / right.constant)
        if not right.linear.nnz and not right.products:
            return _scaled(left, right.constant)
        if not left.linear.nnz and not left.products:
            return _scaled(right, left.constant)
        # (a + u)(b + v) = ab + av + bu + uv
        return _Form(
            left.constant * right.constant,
            _times(left.constant, right.linear) + _times(right.constant, left.linear),
            left.by_row,
            [(left.linear, right.linear)],
        )

    def _sum(
        self, left: _Form, right: _Form, sign: float, groups: _Groups, text: str = ""
    ) -> _Form:
        left, right = self._alike(left, right, groups, text)
        return _Form(
            left.constant + sign * right.constant,
            sp.csr_array(left.linear + sign * right.linear),
            left.by_row,
            left.products + [(sign * first, second) for first, second in right.products],
        )

    def _alike(
        self, left: _Form, right: _Form, groups: _Groups, text: str = ""
    ) -> tuple[_Form, _Form]:
        """Brings both to rows, or both to groups when one of them has no value for each row."""
        if left.by_row == right.by_row:
            return left, right
        single, many = (right, left) if left.by_row else (left, right)
        if not single.linear.nnz and not single.products:
            # Each row takes the number of its group.
            number = single.constant[groups.of_row]
            widened = _Form(number, sp.csr_array(many.linear.shape), by_row=True)
            return (many, widened) if left.by_row else (widened, many)
        return self.grouped(left, groups, text), self.grouped(right, groups, text)

    def grouped(self, form: _Form, groups: _Groups, text: str = "") -> _Form:
        """Takes the value that all rows of a group share; that they do not is the data's fault."""
        if not form.by_row:
            return form
        first = groups.first[groups.of_row]
        differs = form.constant != form.constant[first]
        apart = abs(form.linear - form.linear[first])
        apart.eliminate_zeros()
        differs |= np.diff(apart.indptr) > 0
        if differs.any() or form.products:
            where = f" in `{text}`" if text else ""
            raise ProgramError(
                f"a formula{where} has several values where one is needed",
                help="put what differs from row to row inside SUM(…), or group by it",
            )
        return _Form(form.constant[groups.first], form.linear[groups.first], by_row=False)

    def _aggregate(self, function: str, argument: Operand | None, groups: _Groups) -> _Form:
        count = len(groups.first)
        sizes = np.bincount(groups.of_row, minlength=count).astype(np.float64)
        if function == "count":
            if argument is not None:
                # Columns with NULL are refused, so every row counts.
                self.form(argument, groups)
            return self._constant(sizes, by_row=False, groups=groups)
        assert argument is not None
        form = self.form(argument, groups)
        if not form.by_row:
            number = form.constant[groups.of_row]
            form = _Form(number, sp.csr_array((len(number), self._size)), by_row=True)
        if function in ("least", "greatest"):
            reduced = np.full(count, np.inf if function == "least" else -np.inf)
            take = np.minimum if function == "least" else np.maximum
            take.at(reduced, groups.of_row, form.constant)
            return self._constant(reduced, by_row=False, groups=groups)
        weight = np.ones(len(groups.of_row))
        if function == "average":
            weight = 1.0 / sizes[groups.of_row]
        adder = sp.csr_array(
            (weight, (groups.of_row, np.arange(len(groups.of_row)))),
            shape=(count, len(groups.of_row)),
        )
        return _Form(
            adder @ form.constant,
            sp.csr_array(adder @ form.linear),
            by_row=False,
            # Only objectives have products, and an objective is one group.
            products=[(_times(weight, first), second) for first, second in form.products],
        )


def _times(factor: Doubles, matrix: Matrix) -> Matrix:
    return sp.csr_array(sp.diags_array(factor) @ matrix)


def _scaled(form: _Form, factor: Doubles) -> _Form:
    return _Form(
        form.constant * factor,
        _times(factor, form.linear),
        form.by_row,
        [(_times(factor, first), second) for first, second in form.products],
    )


def _symmetric(products: list[tuple[Matrix, Matrix]], size: int) -> Matrix | None:
    """Adds products up to the matrix Q of x'Qx."""
    if not products:
        return None
    for first, second in products:
        work = int(np.diff(first.indptr).astype(float) @ np.diff(second.indptr).astype(float))
        if work > MOST_PRODUCTS:
            raise ProgramError(
                f"the objective has {work} products of two variables, and {MOST_PRODUCTS} are "
                "the most that can be solved",
                help="multiply variables of the same row only: SUM(x * x), not SUM(x) * SUM(x)",
            )
    added = reduce(
        lambda total, pair: total + pair[0].T @ pair[1], products, sp.csr_array((size, size))
    )
    return sp.csr_array((added + added.T) * 0.5)


def _column(rows: pa.Table, name: str) -> tuple[str, pa.ChunkedArray]:
    found = find_column(name, rows.column_names, WHERE)
    return found, rows.column(rows.column_names.index(found))


def _numbers(rows: pa.Table, name: str) -> Doubles:
    found, column = _column(rows, name)
    kind = column.type
    if not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    ):
        raise ProgramError(
            f"column `{found}` is {kind}, and a formula takes numbers", help="CAST it in the query"
        )
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    missing = column.null_count
    values: Doubles = column.fill_null(0).cast(pa.float64(), safe=False).to_numpy()
    missing += int(np.count_nonzero(~np.isfinite(values)))
    if missing:
        raise ProgramError(
            f"column `{found}` holds no number in {missing} of {len(values)} rows",
            help="leave those rows out with WHERE, or say with COALESCE what they mean",
        )
    return values


def _keys(rows: pa.Table, names: tuple[str, ...]) -> tuple[pa.Table, Integers]:
    """Returns the combinations of values in the columns, as they first come, and each row's."""
    if not names:
        return rows.select([]).slice(0, 0), np.zeros(rows.num_rows, np.int64)
    found: list[str] = []
    codes = np.zeros(rows.num_rows, np.int64)
    for name in names:
        column_name, column = _column(rows, name)
        if column.null_count:
            raise ProgramError(
                f"column `{column_name}` is NULL in {column.null_count} rows, and it tells one "
                "variable or group from another",
                help="leave those rows out with WHERE, or say with COALESCE what they mean",
            )
        found.append(column_name)
        own = pc.dictionary_encode(column.combine_chunks()).indices.to_numpy().astype(np.int64)
        # Kept dense after each column, so that the codes of many columns do not overflow.
        _, codes = np.unique(codes * (int(own.max()) + 1) + own, return_inverse=True)
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rows.select(found).take(pa.array(first[order])), rank[codes].astype(np.int64)
