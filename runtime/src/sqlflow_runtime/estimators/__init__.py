"""Engines, behind one small interface.

An engine is one file that defines a class with the methods of `Estimator`, and its estimators'
names in `_ESTIMATORS`. It is imported when one of its estimators is used.
"""

from __future__ import annotations

import importlib
from typing import Any

from sqlflow_runtime._errors import ProgramError, ResourceError, did_you_mean
from sqlflow_runtime.estimators import _scikit_names
from sqlflow_runtime.estimators._base import (
    Estimator,
    Examples,
    Explanation,
    Kind,
    Prediction,
    Settings,
    StreamedExamples,
    StreamingEstimator,
    Training,
)

__all__ = [
    "Estimator",
    "Examples",
    "Explanation",
    "Kind",
    "Prediction",
    "Settings",
    "StreamedExamples",
    "StreamingEstimator",
    "Training",
    "estimator",
]

_XGBOOST = "sqlflow_runtime.estimators._xgboost:XGBoost"
_KERAS = "sqlflow_runtime.estimators._keras:Network"

_ESTIMATORS = {
    "xgboost.gbtree": _XGBOOST,
    "xgboost.gblinear": _XGBOOST,
    "xgboost.dart": _XGBOOST,
    "xgboost.XGBClassifier": _XGBOOST,
    "xgboost.XGBRegressor": _XGBOOST,
    "xgboost.XGBRanker": _XGBOOST,
    "xgboost.XGBRFClassifier": _XGBOOST,
    "xgboost.XGBRFRegressor": _XGBOOST,
    "DNNClassifier": _KERAS,
    "DNNRegressor": _KERAS,
    "LinearClassifier": _KERAS,
    "LinearRegressor": _KERAS,
    "DNNLinearCombinedClassifier": _KERAS,
    "DNNLinearCombinedRegressor": _KERAS,
    "sqlflow_models.StackedBiLSTMClassifier": _KERAS,
    "sqlflow_models.StackedRNNClassifier": _KERAS,
}

_SCIKIT = "sqlflow_runtime.estimators._scikit:ScikitLearn"
_ESTIMATORS |= dict.fromkeys(_scikit_names.NAMES, _SCIKIT)

_OWN = "sqlflow_runtime.estimators._own:own_estimator"

# A path that begins otherwise leads to a class of the user's own.
_OURS = ("xgboost.", "sklearn.")

# Names that SQLFlow compared without regard to case.
_FOLDED = {name.lower(): name for name in _ESTIMATORS if name.startswith("xgboost.")}


def estimator(name: str, settings: Settings) -> Estimator:
    """Returns an estimator, not fitted, after checking its settings.

    Raises a ProgramError for a name or a parameter that it does not know, and a ResourceError when
    the engine's library is missing.
    """
    full = _full_name(name)
    module, _, class_name = _ESTIMATORS.get(full, _OWN).partition(":")
    try:
        engine: Any = getattr(importlib.import_module(module), class_name)
    except ModuleNotFoundError as error:
        raise ResourceError(
            f"{full} needs the Python package `{error.name}`, which is not installed",
            help="install what runtime/requirements/deep.txt lists",
        ) from error
    made: Estimator = engine(full, settings)
    return made


def _full_name(name: str) -> str:
    if name in _ESTIMATORS:
        return name
    folded = name.lower()
    refused = _scikit_names.REFUSED.get(name)
    if refused is not None:
        raise ProgramError(f"{name} {refused[0]}", help=refused[1])
    full = _FOLDED.get(folded) or _FOLDED.get(f"xgboost.{folded}")
    if full is None and "." in name and not name.startswith(_OURS):
        return name
    if full is None:
        raise ProgramError(f"no estimator `{name}`", help=did_you_mean(name, _ESTIMATORS))
    return full
