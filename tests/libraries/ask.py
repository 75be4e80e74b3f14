"""Asks Python's libraries what they take; the questions and the answers are JSON."""

from __future__ import annotations

import importlib
import json
import re
import sys
import warnings
from typing import Any

import numpy as np
import sklearn
import xgboost as xgb

ROWS = 48


def is_pattern(pattern: str) -> bool:
    try:
        re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError):
        return False
    return True


def takes(estimator: str, parameter: str, value: Any) -> str | None:
    """Returns what scikit-learn says against one parameter's value, if anything."""
    module, name = estimator.rsplit(".", 1)
    made = getattr(importlib.import_module(module), name)()
    # As the step makes it of a list.
    value = tuple(value) if isinstance(value, list) else value
    try:
        made.set_params(**{parameter: value})
        made._validate_params()
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def labels(objective: str, random: np.random.Generator) -> Any:
    if objective.startswith("multi:"):
        return np.arange(ROWS) % 3
    if objective.startswith(("binary:", "rank:")):
        return np.arange(ROWS) % 2
    if objective.startswith("count:"):
        return random.integers(0, 9, ROWS)
    return random.uniform(0.1, 0.9, ROWS)


def train(params: dict[str, Any]) -> list[str]:
    """Returns "refuses" with XGBoost's error, or the parameters that it has no use for."""
    random = np.random.default_rng(1)
    objective = params.get("objective", "reg:squarederror")
    label = labels(objective, random)
    data = xgb.DMatrix(random.uniform(size=(ROWS, 3)), label=label)
    if objective.startswith("rank:"):
        data.set_group([ROWS // 2, ROWS // 2])
    if objective == "survival:aft":
        data.set_float_info("label_lower_bound", label)
        data.set_float_info("label_upper_bound", label + 1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            xgb.train({"nthread": 1, "seed": 1, **params}, data, num_boost_round=1)
        except (xgb.core.XGBoostError, ValueError) as error:
            return ["refuses", str(error).splitlines()[-1]]
    unused = [re.search(r"Parameters: \{(.*?)\} are not used", str(one.message)) for one in said]
    return [name for found in unused if found for name in re.findall(r'"(\w+)"', found[1])]


def main() -> None:
    sklearn.set_config(enable_metadata_routing=False)
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    answers = {
        "patterns": [is_pattern(pattern) for pattern in asked["patterns"]],
        "values": [takes(*value) for value in asked["values"]],
        "trainings": [train(params) for params in asked["trainings"]],
    }
    json.dump(answers, sys.stdout)


main()
