"""Classifiers of sequences, which see the order of what they are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import Said, rows, sql
from sqlflow_runtime import (
    column,
    embedding,
    evaluate,
    explain,
    predict,
    seq_category_id,
    sparse,
    table,
    train,
)
from sqlflow_runtime._errors import ProgramError


@pytest.fixture
def texts(place: Path) -> Path:
    """Lists of two to five ids; the class is whether the first is less than the last."""
    sql(
        "CREATE TABLE t AS SELECT ids, CASE WHEN ids[1] < ids[-1] THEN 'up' ELSE 'down' END AS y"
        " FROM (SELECT list_transform(range(2 + i % 4), lambda x: hash(i * 10 + x) % 10) AS ids"
        " FROM range(2000) r(i)) WHERE ids[1] <> ids[-1]",
        "CREATE TABLE texts AS SELECT array_to_string(ids, ',') AS words, y FROM t",
    )
    return place


def train_texts(**changes: Any) -> None:
    arguments: dict[str, Any] = {
        "select": "FROM texts",
        "estimator": "sqlflow_models.StackedBiLSTMClassifier",
        "params": {"stack_units": [16], "hidden_size": 16, "n_classes": 2},
        "epochs": 6,
        "batch_size": 32,
        "optimizer": {"name": "Adam", "learning_rate": 0.01},
        "features": [embedding(seq_category_id(sparse("words", 10), 10), 8)],
        "label": "y",
        "into": "m",
    }
    train(**{**arguments, **changes})


def accuracy(said: Said) -> float:
    evaluate(select="FROM texts", model="m", metrics=["accuracy_score"])
    return float(said.tables[-1]["rows"][0][-1])


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("StackedBiLSTMClassifier", {"stack_units": [16]}),
        ("StackedRNNClassifier", {"stack_units": [16, 8], "model_type": "gru"}),
        ("StackedRNNClassifier", {"stack_units": [32], "bidirectional": True}),
    ],
)
def test_the_order_is_learned(texts: Path, said: Said, name: str, params: dict[str, Any]) -> None:
    train_texts(estimator=f"sqlflow_models.{name}", params={**params, "hidden_size": 16})
    assert accuracy(said) > 0.9
    predict(
        select="SELECT unnest(['1,9', '9,1', '1', '', '2,5,5,5,5,5,5,8']) AS words",
        model="m",
        into=table("p"),
        column="y",
    )
    found = [y for (y,) in rows("SELECT y FROM p")]
    assert found[:2] == ["up", "down"]
    assert len(found) == 5


def test_a_network_without_order_cannot_learn_it(texts: Path, said: Said) -> None:
    train_texts(estimator="DNNClassifier", params={"hidden_units": [32]})
    assert accuracy(said) < 0.75


def test_training_goes_on_and_is_explained(texts: Path, said: Said) -> None:
    train_texts(epochs=1)
    before = accuracy(said)
    train_texts(start_from="m", epochs=5)
    assert accuracy(said) > before
    explain(select="FROM texts LIMIT 3", model="m", into=table("e"))
    predict(
        select="FROM texts LIMIT 3",
        model="m",
        into=table("p"),
        column="y",
        extra_outputs=["probabilities"],
    )
    sums = [s for (s,) in rows("SELECT base_value + words FROM e ORDER BY row_number")]
    assert sums == pytest.approx([p for (p,) in rows("SELECT probability_up FROM p")], abs=1e-5)


def test_a_row_has_the_same_answer_in_any_company(texts: Path) -> None:
    """However long the longest sequence is that rows are filled up to."""
    train_texts(epochs=2)
    for name, select in (
        ("alone", "SELECT '3,7' AS words, 1 AS n"),
        ("beside", "SELECT '3,7' AS words, 1 AS n UNION ALL SELECT repeat('1,', 40) || '2', 2"),
    ):
        predict(
            select=select,
            model="m",
            into=table(name),
            column="y",
            extra_outputs=["probabilities"],
        )
    ((difference,),) = rows(
        "SELECT abs(a.probability_up - b.probability_up) FROM alone a JOIN beside b USING (n)"
    )
    assert difference < 1e-6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"features": [column("n")], "select": "SELECT *, 1 AS n FROM texts"},
            "takes sequences, and feature `n` is a number; say EMBEDDING(SEQ_CATEGORY_ID(",
        ),
        ({"params": {"stack_units": [0]}}, "needs model.stack_units, a list of whole numbers, not"),
        ({"params": {"hidden_size": 0}}, "model.hidden_size is 0; it takes a whole number from 1"),
        ({"params": {"model_type": "gru"}}, "has no parameter `model.model_type`"),
        (
            {
                "estimator": "sqlflow_models.StackedRNNClassifier",
                "params": {"model_type": "lstn"},
            },
            "no model_type `lstn`; did you mean `lstm`?",
        ),
        ({"label": None}, "learns from a label; say LABEL column"),
    ],
)
def test_errors_name_what_is_wrong(texts: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        train_texts(**changes)
    assert message in str(caught.value)
