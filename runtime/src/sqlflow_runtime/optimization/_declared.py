"""Optimisation problems as a step declares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlflow_runtime._errors import SpecError

Operator = Literal["+", "-", "*", "/"]
Relation = Literal["<=", ">=", "="]
Operand: TypeAlias = "Formula | int | float"

DOMAINS = (
    "Binary",
    "Boolean",
    "Integers",
    "NonNegativeIntegers",
    "PositiveIntegers",
    "NonPositiveIntegers",
    "NegativeIntegers",
    "Reals",
    "NonNegativeReals",
    "PositiveReals",
    "NonPositiveReals",
    "NegativeReals",
    "PercentFraction",
    "UnitInterval",
)


class Formula:
    """A number worked out from columns and variables; the subclasses are all there are."""

    def __add__(self, other: Operand) -> Formula:
        return Arithmetic("+", self, other)

    def __radd__(self, other: Operand) -> Formula:
        return Arithmetic("+", other, self)

    def __sub__(self, other: Operand) -> Formula:
        return Arithmetic("-", self, other)

    def __rsub__(self, other: Operand) -> Formula:
        return Arithmetic("-", other, self)

    def __mul__(self, other: Operand) -> Formula:
        return Arithmetic("*", self, other)

    def __rmul__(self, other: Operand) -> Formula:
        return Arithmetic("*", other, self)

    def __truediv__(self, other: Operand) -> Formula:
        return Arithmetic("/", self, other)

    def __rtruediv__(self, other: Operand) -> Formula:
        return Arithmetic("/", other, self)

    def __neg__(self) -> Formula:
        return Arithmetic("-", 0, self)


@dataclass(frozen=True)
class Data(Formula):
    name: str


@dataclass(frozen=True)
class Variable(Formula):
    name: str


@dataclass(frozen=True)
class Arithmetic(Formula):
    operator: Operator
    left: Operand
    right: Operand


@dataclass(frozen=True)
class Aggregate(Formula):
    function: Literal["total", "average", "least", "greatest", "count"]
    argument: Operand | None


@dataclass(frozen=True)
class Objective:
    sense: Literal["maximize", "minimize"]
    formula: Operand
    text: str


@dataclass(frozen=True)
class Constraint:
    left: Operand
    relation: Relation
    right: Operand
    text: str
    group_by: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """One unknown for each combination of values in the index columns."""

    name: str
    index: tuple[str, ...]
    domain: str

    @property
    def is_whole(self) -> bool:
        return self.domain.endswith("Integers") or self.domain in ("Binary", "Boolean")

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value.

        A solver knows no open intervals, so that a positive real number may be 0.
        """
        infinity = float("inf")
        if self.domain in ("Binary", "Boolean", "PercentFraction", "UnitInterval"):
            return 0.0, 1.0
        step = 1.0 if self.is_whole else 0.0
        if self.domain.startswith("NonNegative"):
            return 0.0, infinity
        if self.domain.startswith("Positive"):
            return step, infinity
        if self.domain.startswith("NonPositive"):
            return -infinity, 0.0
        if self.domain.startswith("Negative"):
            return -infinity, -step
        return -infinity, infinity


def value(name: str) -> Formula:
    """The value of the query's column in a row."""
    return Data(_text("value", name))


def variable(name: str) -> Formula:
    """What is to be solved for, at the row's index."""
    return Variable(_text("variable", name))


def total(argument: Operand) -> Formula:
    """The sum over the rows, or over those of a group."""
    return Aggregate("total", _operand("total", argument))


def average(argument: Operand) -> Formula:
    return Aggregate("average", _operand("average", argument))


def least(argument: Operand) -> Formula:
    return Aggregate("least", _operand("least", argument))


def greatest(argument: Operand) -> Formula:
    return Aggregate("greatest", _operand("greatest", argument))


def count(argument: Operand | None = None) -> Formula:
    """The number of rows."""
    return Aggregate("count", None if argument is None else _operand("count", argument))


def maximize(formula: Operand, *, text: str) -> Objective:
    return Objective("maximize", _operand("maximize", formula), _text("maximize", text))


def minimize(formula: Operand, *, text: str) -> Objective:
    return Objective("minimize", _operand("minimize", formula), _text("minimize", text))


def constraint(
    left: Operand, relation: str, right: Operand, *, text: str, group_by: Sequence[str] = ()
) -> Constraint:
    """Two sides that are compared: for each row, or with an aggregate for each group of rows."""
    known: dict[str, Relation] = {"<=": "<=", ">=": ">=", "=": "="}
    if relation not in known:
        raise SpecError(f"constraint() compares with <=, >= or =, not {relation!r}")
    return Constraint(
        _operand("constraint", left),
        known[relation],
        _operand("constraint", right),
        _text("constraint", text),
        tuple(_text("constraint", name) for name in group_by),
    )


def decision(name: str, index: Sequence[str], domain: str) -> Decision:
    """A variable, the columns that tell one unknown from another, and the values it may take."""
    if domain not in DOMAINS:
        raise SpecError(f"decision() knows no domain {domain!r}")
    if isinstance(index, str) or not index:
        raise SpecError("decision() takes a list of columns as its index")
    columns = tuple(_text("decision", column) for column in index)
    return Decision(_text("decision", name), columns, domain)


def _text(call: str, given: object) -> str:
    if not isinstance(given, str) or not given:
        raise SpecError(f"{call}() takes non-empty text, not {given!r:.200}")
    return given


def _operand(call: str, given: Operand) -> Operand:
    if isinstance(given, bool) or not isinstance(given, (Formula, int, float)):
        raise SpecError(f"{call}() takes a formula or a number, not {given!r:.200}")
    return given
