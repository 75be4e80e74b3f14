"""What `sqlflowc model` gets to read."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from sqlflow_runtime import _models
from sqlflow_runtime.store import open_store


def test_metrics_that_are_no_numbers_do_not_hide_the_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SQLFLOW_MODEL_STORE", f"file:{tmp_path}/models")
    document = {
        "created": "2026-01-01T00:00:00Z",
        "estimator": "xgboost.gbtree",
        "engine": "xgboost",
        "versions": {},
        "rows": 1,
        "training": {"metrics": {"auc": math.nan, "loss": math.inf, "accuracy": 0.5}},
    }
    open_store().publish("m", document, lambda folder: None)
    assert _models.main(["list"]) == 0
    listed = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert listed["models"][0]["metrics"] == {"auc": "NaN", "loss": "Infinity", "accuracy": 0.5}
