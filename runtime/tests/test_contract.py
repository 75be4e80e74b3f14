"""The runtime's side of the step contract: it takes what the compiler writes.

`tests/contract/` is beside `runtime/` in the repository. A Rust test keeps it up to date.
"""

from __future__ import annotations

import importlib
import inspect
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import sqlflow_runtime
from sqlflow_runtime import _calls, _metrics
from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime.estimators import Settings, estimator
from sqlflow_runtime.features import _declared

CONTRACT = Path(__file__).parents[2] / "tests" / "contract"
NAMES = MappingProxyType(json.loads((CONTRACT / "names.json").read_text()))
NETWORK = {"hidden_units": [4]}
CALLS = ("query", "train", "predict", "evaluate", "explain", "run", "optimize", "show_train")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """Runs every step function of the compiled program, up to the step itself."""
    calls: dict[str, list[dict[str, Any]]] = {}

    def recorded(name: str, call: Callable[..., None]) -> Callable[..., None]:
        def record(**arguments: Any) -> None:
            calls.setdefault(name, []).append(arguments)
            call(**arguments)

        return record

    for name in CALLS:
        step = importlib.import_module(f"sqlflow_runtime.steps.{name}")
        monkeypatch.setattr(step, "run", lambda *_: None)
        monkeypatch.setattr(sqlflow_runtime, name, recorded(name, getattr(_calls, name)))
    script = runpy.run_path(str(CONTRACT / "program.py"))
    for step in script["STEPS"]:
        step.function()
    return calls


def test_every_call_takes_every_argument_that_the_compiler_writes(
    given: dict[str, list[dict[str, Any]]],
) -> None:
    assert set(given) == set(CALLS)
    for name, calls in given.items():
        written = {argument for arguments in calls for argument in arguments}
        # Steps that read no table have nothing to replay.
        assert written == set(inspect.signature(getattr(_calls, name)).parameters), name


def test_every_feature_column_is_written(given: dict[str, list[dict[str, Any]]]) -> None:
    def kinds(feature: object) -> set[type]:
        parts = vars(feature).values() if isinstance(feature, _declared.Feature) else ()
        inner = [part for value in parts for part in (value if type(value) is tuple else [value])]
        of_inner = [kinds(part) for part in inner if isinstance(part, _declared.Feature)]
        return {type(feature)}.union(*of_inner)

    lists = [_declared.by_target(call["features"]) for call in given["train"]]
    features = [part for by_target in lists for parts in by_target.values() for part in parts]
    written = set().union(*(kinds(feature) for feature in features))
    assert written == set(_declared.Feature.__subclasses__())


@pytest.mark.parametrize("name", NAMES["estimators"])
def test_every_estimator_takes_every_parameter_by_its_name(name: str) -> None:
    def is_known(parameter: str) -> bool:
        # No value fits them all: what is asked is whether the name is known.
        try:
            estimator(name, Settings(params={parameter: "?"}))
        except ProgramError as error:
            return "no parameter" not in str(error)
        return True

    assert not is_known("nonsense")
    for parameter in NAMES["estimators"][name]:
        assert is_known(parameter), parameter


def _layers(name: str) -> dict[str, Any]:
    """Returns what a network cannot be made without."""
    if "DNN" not in name:
        return {}
    return {"dnn_hidden_units": [4]} if "Combined" in name else dict(NETWORK)


@pytest.mark.parametrize("name", NAMES["tasks"])
def test_every_estimator_does_what_the_compiler_takes_it_for(name: str) -> None:
    task = NAMES["tasks"][name]
    params = _layers(name)
    if task == "regression" and name.startswith("xgboost."):
        params = {"objective": "reg:squarederror"}
    supervised = task not in ("clustering", "detection", "transformation")
    kind = estimator(name, Settings(params=params)).kind(pa.float64() if supervised else None)
    assert kind.value == task


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("name", "params"), NAMES["refused"])
def test_what_the_compiler_says_does_not_go_together_is_refused(
    name: str, params: dict[str, Any]
) -> None:
    module, _, own = name.rpartition(".")
    estimator_class = getattr(importlib.import_module(module), own)
    rows = np.arange(60.0).reshape(20, 3) ** 2 % 7
    with pytest.raises((NotImplementedError, ValueError)):
        estimator_class(**params).fit(rows, np.arange(20) % 2)


@pytest.mark.parametrize("objective", NAMES["objectives"])
def test_every_objective_is_known(objective: str) -> None:
    estimator("xgboost.gbtree", Settings(params={"objective": objective, "num_class": 3}))


@pytest.mark.parametrize("optimizer", NAMES["optimizers"])
def test_every_optimizer_takes_its_parameters(optimizer: str) -> None:
    special: dict[str, object] = {
        **dict.fromkeys(("amsgrad", "centered", "nesterov", "use_ema"), True),
        **dict.fromkeys(("ema_overwrite_frequency", "gradient_accumulation_steps"), 2),
        "learning_rate_power": -0.5,
    }
    for parameter in NAMES["optimizers"][optimizer]:
        value = special.get(parameter, 0.5)
        settings = Settings(params=NETWORK, optimizer={"name": optimizer, parameter: value})
        estimator("DNNClassifier", settings)


def test_every_loss_activation_and_initializer_is_known() -> None:
    for name, losses in NAMES["losses"].items():
        for loss in losses:
            estimator(name, Settings(params=_layers(name), loss={"name": loss}))
    for activation in NAMES["activations"]:
        estimator("DNNClassifier", Settings(params=NETWORK | {"activation_fn": activation}))
    parts = importlib.import_module("sqlflow_runtime.estimators._keras_parts")
    assert set(NAMES["initializers"]) <= set(parts.INITIALIZERS)


def test_every_metric_is_known_and_measures_the_same() -> None:
    kinds = {name: {kind.value for kind in known.kinds} for name, known in _metrics.METRICS.items()}
    assert {name: set(tasks) for name, tasks in NAMES["metrics"].items()} == kinds


def test_every_metric_of_xgboost_is_known() -> None:
    xgboost = importlib.import_module("sqlflow_runtime.estimators._xgboost")
    assert set(NAMES["xgboost_metrics"]) == set(xgboost._EVAL_METRICS)


def test_every_explainer_is_known() -> None:
    explain = importlib.import_module("sqlflow_runtime.steps.explain")
    known = {"TreeExplainer", "LinearExplainer", "XGBoostExplainer", "PermutationExplainer"}
    assert set(NAMES["explainers"]) == known | set(explain._SYNONYMS)
