"""Runs the steps of a compiled SQL program: queries, models, optimisation, programs.

`docs/step-contract.md` in the compiler's repository says what each name here takes and does.
"""

from __future__ import annotations

from sqlflow_runtime._calls import (
    evaluate,
    explain,
    optimize,
    predict,
    query,
    run,
    show_train,
    train,
)
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
from sqlflow_runtime.optimization._declared import (
    average,
    constraint,
    count,
    decision,
    greatest,
    least,
    maximize,
    minimize,
    total,
    value,
    variable,
)

__all__ = [
    "CONTRACT",
    "Step",
    "average",
    "bucket",
    "category_hash",
    "category_id",
    "column",
    "constraint",
    "count",
    "cross",
    "decision",
    "embedding",
    "evaluate",
    "every",
    "explain",
    "greatest",
    "indicator",
    "least",
    "main",
    "matching",
    "maximize",
    "minimize",
    "numeric",
    "optimize",
    "predict",
    "query",
    "run",
    "run_step",
    "seq_category_id",
    "show_train",
    "sparse",
    "table",
    "total",
    "train",
    "value",
    "variable",
    "weighted_category",
]
