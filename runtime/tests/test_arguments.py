"""What a step says is checked before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sqlflow_runtime
from sqlflow_runtime import (
    bucket,
    category_id,
    column,
    cross,
    embedding,
    indicator,
    matching,
    numeric,
    sparse,
    table,
)
from sqlflow_runtime._errors import ProgramError, SpecError

TRAIN: dict[str, Any] = {"select": "SELECT 1", "estimator": "xgboost.gbtree", "into": "m"}


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        ("query", {}, "query() lacks the argument `statements`"),
        ("query", {"statements": "SELECT 1"}, "query() takes a list of texts as `statements`"),
        (
            "query",
            {"statements": [], "sesion": []},
            "no argument `sesion`; did you mean `session`?",
        ),
        ("train", {**TRAIN, "rounds": 0}, "takes a whole number from 1 as `rounds`, not 0"),
        ("train", {**TRAIN, "rounds": True}, "takes a whole number from 1 as `rounds`, not True"),
        ("train", {**TRAIN, "params": {"a": {}}}, "takes a dictionary of values as `params`"),
        ("train", {**TRAIN, "optimizer": {}}, "takes a dictionary with a `name` as `optimizer`"),
        ("train", {**TRAIN, "validation": {"sql": ""}}, "with `select` and `metrics`"),
        ("train", {**TRAIN, "features": ["a"]}, "takes a list of feature columns as `features`"),
        ("train", {**TRAIN, "features": []}, "takes a list of feature columns as `features`"),
        ("train", {**TRAIN, "into": ""}, "takes text as `into`, not ''"),
        (
            "predict",
            {"select": "SELECT 1", "model": "m", "into": "t", "column": "c"},
            "predict() takes a table() as `into`, not 't'",
        ),
        ("show_train", {"model": 1}, "show_train() takes text as `model`, not 1"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(
    place: Path, call: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        getattr(sqlflow_runtime, call)(**arguments)
    assert message in str(caught.value)
    assert list(place.iterdir()) == []


def test_arguments_have_names() -> None:
    with pytest.raises(SpecError, match=r"query\(\) takes keyword arguments only"):
        sqlflow_runtime.query(["SELECT 1"])  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: column(1),  # type: ignore[arg-type]
            "column() takes text as `name`, not 1",
        ),
        (lambda: numeric("a", shape=0), "takes a whole number from 1 as `shape`"),
        (lambda: numeric("a", dtype="complex"), "as `dtype`, not 'complex'"),
        (lambda: sparse("a", delimiter_kv=""), "takes text as `delimiter`"),
        (lambda: bucket("a", []), "takes a list of at least one boundary"),
        (lambda: bucket(category_id("a", 2), [1]), "takes a column name or one of Numeric"),
        (lambda: category_id("a", -1), "takes a whole number from 1 as `size`, not -1"),
        (lambda: cross(["a"], 2), "takes a list of at least two keys"),
        (lambda: embedding("a", 2, "max"), "takes sum | mean | sqrtn as `combiner`, not 'max'"),
        (lambda: indicator(embedding("a", 2)), "takes a column name or one of"),
        (lambda: table(), "takes one to three identifier parts, not 0"),
        (lambda: table("a", ""), "takes non-empty text, not ''"),
    ],
)
def test_a_feature_that_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        make()
    assert message in str(caught.value)


def test_what_the_program_got_wrong_is_the_programs_error() -> None:
    with pytest.raises(ProgramError, match="do not ascend"):
        bucket("a", [2, 1])
    with pytest.raises(ProgramError, match="is no regular expression"):
        matching("(")
