"""Runs the steps of a compiled SQL program: queries, training, prediction, evaluation, explanation.

`docs/step-contract.md` in the compiler's repository says what each name here takes and does.
"""

from __future__ import annotations

from sqlflow_runtime._calls import evaluate, explain, predict, query, show_train, train
from sqlflow_runtime._contract import CONTRACT
from sqlflow_runtime._runner import Step, main
from sqlflow_runtime._step import run_step
from sqlflow_runtime._table import table
from sqlflow_runtime.features._declared import (
    bucket,
    category_hash,
    category_id,
    column,
    cross,
    embedding,
    every,
    indicator,
    matching,
    numeric,
    seq_category_id,
    sparse,
    weighted_category,
)

__all__ = [
    "CONTRACT",
    "Step",
    "bucket",
    "category_hash",
    "category_id",
    "column",
    "cross",
    "embedding",
    "evaluate",
    "every",
    "explain",
    "indicator",
    "main",
    "matching",
    "numeric",
    "predict",
    "query",
    "run_step",
    "seq_category_id",
    "show_train",
    "sparse",
    "table",
    "train",
    "weighted_category",
]
