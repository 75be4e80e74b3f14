"""MAXIMIZE and MINIMIZE against known solutions and SciPy's solvers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linprog, milp

from conftest import Said
from sqlflow_runtime import (
    average,
    constraint,
    count,
    decision,
    greatest,
    maximize,
    minimize,
    optimize,
    query,
    table,
    total,
    value,
    variable,
)
from sqlflow_runtime._errors import ProgramError, SpecError

X = variable("amount")


def solve(rows: str, goal: Any, *constraints: Any, **arguments: Any) -> None:
    arguments.setdefault("variables", [decision("amount", ["product"], "NonNegativeReals")])
    if constraints:
        arguments["constraints"] = list(constraints)
    optimize(select=rows, objective=goal, into=table("solution"), **arguments)


def solution(columns: str = "amount") -> list[Any]:
    with duckdb.connect(".sqlflow/database.duckdb") as database:
        rows = database.execute(f"SELECT {columns} FROM solution").fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


CARVING = """
    SELECT * FROM (VALUES ('soldier', 27, 10, 14, 2, 1, 40), ('train', 21, 9, 10, 1, 1, NULL))
    t(product, price, materials, other, finishing, carpentry, most)
"""


def profit() -> Any:
    return maximize(
        total((value("price") - value("materials") - value("other")) * X), text="SUM(profit)"
    )


def test_a_linear_problem_is_solved(place: Path, said: Said) -> None:
    solve(
        CARVING,
        profit(),
        constraint(total(value("finishing") * X), "<=", 100, text="finishing"),
        constraint(total(value("carpentry") * X), "<=", 80, text="carpentry"),
        constraint(X, "<=", 70, text="amount <= 70"),
        variables=[decision("amount", ["product"], "NonNegativeIntegers")],
    )
    assert solution("product, amount") == [("soldier", 20), ("train", 60)]
    assert said.outputs == [("table", "solution", 2)]
    assert "SUM(profit) = 180" in said.tables[-1]["title"]


def test_columns_are_read_only_where_a_formula_names_them(place: Path) -> None:
    with pytest.raises(ProgramError, match="`most` holds no number in 1 of 2 rows"):
        solve(CARVING, profit(), constraint(X, "<=", value("most"), text="amount <= most"))


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_random_problems_are_solved_as_scipy_solves_them(
    place: Path, seed: int, whole: bool
) -> None:
    rng = np.random.default_rng(seed)
    size = 12
    gain = rng.integers(1, 20, size)
    weight = rng.integers(1, 9, size)
    group = rng.integers(0, 3, size)
    limit = np.array([20, 15, 25])
    query(
        statements=[
            "CREATE TABLE items (product INTEGER, gain INTEGER, weight INTEGER, grp INTEGER, "
            "lim INTEGER)",
            "INSERT INTO items VALUES "
            + ", ".join(
                f"({i}, {gain[i]}, {weight[i]}, {group[i]}, {limit[group[i]]})" for i in range(size)
            ),
        ]
    )
    domain = "NonNegativeIntegers" if whole else "NonNegativeReals"
    solve(
        "SELECT * FROM items",
        maximize(total(value("gain") * X), text="gain"),
        constraint(total(value("weight") * X), "<=", value("lim"), text="weight", group_by=["grp"]),
        constraint(X, "<=", 3, text="most"),
        variables=[decision("amount", ["product"], domain)],
    )
    matrix = np.array([np.where(group == g, weight, 0) for g in range(3)])
    if whole:
        expected = milp(
            -gain,
            constraints=LinearConstraint(matrix, ub=limit),
            integrality=np.ones(size),
            bounds=(0, 3),
        ).fun
    else:
        expected = linprog(-gain, A_ub=matrix, b_ub=limit, bounds=(0, 3)).fun
    assert gain @ np.array(solution()) == pytest.approx(-expected)


def test_an_index_of_several_columns_and_sums_over_groups(place: Path) -> None:
    query(
        statements=[
            "CREATE TABLE routes AS SELECT * FROM (VALUES ('p', 'a', 2, 30, 20), "
            "('p', 'b', 4, 30, 25), ('q', 'a', 3, 40, 20), ('q', 'b', 1, 40, 25)) "
            "t(plant, market, cost, capacity, demand)"
        ]
    )
    solve(
        "SELECT * FROM routes",
        minimize(total(value("cost") * variable("shipped")), text="cost"),
        constraint(
            total(variable("shipped")), "<=", value("capacity"), text="c", group_by=["plant"]
        ),
        constraint(
            total(variable("shipped")), ">=", value("demand"), text="d", group_by=["market"]
        ),
        variables=[decision("shipped", ["plant", "market"], "NonNegativeReals")],
    )
    assert solution("plant, market, shipped") == [
        ("p", "a", 20.0),
        ("p", "b", 0.0),
        ("q", "a", 0.0),
        ("q", "b", 25.0),
    ]


def test_several_variables_of_different_indexes_stand_below_each_other(place: Path) -> None:
    query(
        statements=[
            "CREATE TABLE sites AS SELECT * FROM (VALUES ('p', 'a', 2, 10), ('p', 'b', 3, 10), "
            "('q', 'a', 3, 100), ('q', 'b', 2, 100)) t(plant, market, cost, fee)"
        ]
    )
    shipped, opened = variable("shipped"), variable("opened")
    solve(
        "SELECT * FROM sites",
        # The fee stands in two rows of each plant.
        minimize(total(value("cost") * shipped + value("fee") / 2 * opened), text="cost"),
        constraint(total(shipped), "=", 5, text="demand", group_by=["market"]),
        constraint(total(shipped), "<=", 100 * opened, text="open", group_by=["plant"]),
        variables=[
            decision("shipped", ["plant", "market"], "NonNegativeReals"),
            decision("opened", ["plant"], "Binary"),
        ],
    )
    assert solution("variable, plant, market, value") == [
        ("shipped", "p", "a", 5.0),
        ("shipped", "p", "b", 5.0),
        ("shipped", "q", "a", 0.0),
        ("shipped", "q", "b", 0.0),
        ("opened", "p", None, 1.0),
        ("opened", "q", None, 0.0),
    ]


def test_a_quadratic_objective(place: Path) -> None:
    rows = "SELECT * FROM (VALUES ('a', 1.0), ('b', 3.0)) t(product, wanted)"
    off = X - value("wanted")
    solve(
        rows,
        minimize(total(off * off), text="distance"),
        constraint(total(X), "<=", 2, text="sum"),
    )
    assert solution() == pytest.approx([0.0, 2.0], abs=1e-6)
    solve(
        rows,
        maximize(total(value("wanted") * X - X * X), text="gain"),
        variables=[decision("amount", ["product"], "Reals")],
    )
    assert solution() == pytest.approx([0.5, 1.5], abs=1e-6)


def test_a_product_of_sums_is_quadratic_too(place: Path) -> None:
    rows = "SELECT * FROM (VALUES ('a'), ('b')) t(product)"
    solve(
        rows,
        minimize((total(X) - 3) * (total(X) - 3) + total(X * X), text="both"),
        variables=[decision("amount", ["product"], "Reals")],
    )
    assert solution() == pytest.approx([1.0, 1.0], abs=1e-6)


def test_what_is_not_convex_is_refused(place: Path) -> None:
    with pytest.raises(ProgramError, match="not concave"):
        solve("SELECT 'a' AS product", maximize(total(X * X), text="x"))


def test_averages_counts_and_extremes(place: Path) -> None:
    rows = "SELECT * FROM (VALUES ('a', 2), ('b', 6)) t(product, w)"
    solve(
        rows,
        maximize(average(X), text="mean"),
        constraint(X, "<=", greatest(value("w")) / count(), text="bound"),
        constraint(average(value("w") * X), "<=", 9, text="mean"),
    )
    assert solution() == pytest.approx([0.0, 3.0]) or solution() == pytest.approx([3.0, 2.0])


def test_constraints_that_cannot_hold_are_named_in_the_programs_terms(place: Path) -> None:
    with pytest.raises(ProgramError) as raised:
        solve(
            CARVING,
            profit(),
            constraint(X, ">=", 5, text="amount >= 5"),
            constraint(X, "<=", 3, text="amount <= 3"),
        )
    assert "cannot all hold" in str(raised.value)
    assert "amount" in str(raised.value)
    assert "for product = soldier is missed by 2" in str(raised.value)


def test_whole_numbers_that_do_not_exist(place: Path) -> None:
    with pytest.raises(ProgramError, match="no whole numbers satisfy"):
        solve(
            "SELECT 'a' AS product",
            maximize(total(X), text="x"),
            constraint(2 * X, "=", 1, text="half"),
            variables=[decision("amount", ["product"], "Integers")],
        )


def test_what_grows_without_end_is_named(place: Path) -> None:
    with pytest.raises(ProgramError) as raised:
        solve(CARVING, profit(), constraint(X, ">=", 1, text="amount >= 1"))
    assert "`SUM(profit)` can grow without end" in str(raised.value)
    assert "`amount` for product = soldier" in str(raised.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("SELECT 'a' AS product, 1 AS w WHERE false", "no row"),
        ("SELECT NULL::INTEGER AS product, 1 AS w", "is NULL in 1 rows"),
        ("SELECT 'a' AS product, 'x' AS w", "takes numbers"),
        ("SELECT 'a' AS product, 'nan'::DOUBLE AS w", "holds no number"),
        ("SELECT 'a' AS produkt, 1 AS w", "no column `product`"),
    ],
)
def test_data_that_does_not_fit(place: Path, rows: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        solve(rows, maximize(total(value("w") * X), text="x"), constraint(X, "<=", 1, text="x"))
    assert not (place / ".sqlflow" / "database.duckdb").exists() or "solution" not in str(
        duckdb.connect(".sqlflow/database.duckdb").execute("SHOW TABLES").fetchall()
    )


def test_a_side_with_several_values_is_refused(place: Path) -> None:
    rows = "SELECT * FROM (VALUES ('a', 1), ('b', 2)) t(product, w)"
    with pytest.raises(ProgramError, match="several values where one is needed"):
        solve(
            rows,
            maximize(total(X), text="x"),
            constraint(total(X), "<=", value("w"), text="SUM(amount) <= w"),
        )


def test_the_short_form_of_a_variable(place: Path) -> None:
    solve(
        "SELECT * FROM (VALUES (1), (2)) t(product)",
        maximize(total(variable("product")), text="x"),
        constraint(variable("product"), "<=", 4, text="x"),
        variables=[decision("product", ["product"], "NonNegativeIntegers")],
    )
    assert solution("product, product_value") == [(1, 4), (2, 4)]


def test_a_time_limit_that_is_too_short_is_said(place: Path) -> None:
    rows = "SELECT i AS product, (i * 7919) % 101 + 50 AS w FROM range(300) t(i)"
    with pytest.raises(ProgramError, match=r"within 0 seconds"):
        solve(
            rows,
            maximize(total(value("w") * X), text="x"),
            constraint(total((value("w") + 1) * X), "<=", 5001, text="x"),
            constraint(total(X), "=", 40, text="y"),
            variables=[decision("amount", ["product"], "Binary")],
            params={"time_limit": 0},
        )


def test_unknown_parameters_are_refused(place: Path) -> None:
    with pytest.raises(SpecError, match="no parameter `speed`"):
        solve(CARVING, profit(), params={"speed": 1})
