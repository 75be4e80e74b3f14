"""Estimators of the user's own, by dotted path: classes and functions that an image brings.

What a path leads to is told by what it can do: fit and predict like scikit-learn's estimators, or
be, or build, a Keras model. The code comes from the image, never from a model's files.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from sqlflow_runtime._errors import ProgramError, ResourceError, StepError
from sqlflow_runtime.estimators._base import Estimator, Kind, Settings, needs_label
from sqlflow_runtime.estimators._scikit import ScikitLearn, sentence
from sqlflow_runtime.features._values import is_text

_SUPERVISED = {"classifier": Kind.CLASSIFICATION, "regressor": Kind.REGRESSION}
_UNSUPERVISED = {"clusterer": Kind.CLUSTERING, "outlier_detector": Kind.DETECTION}


# What the estimators of well-known libraries hold, by the library's name: trees as LightGBM writes
# them, a text.
_HELD = {"lightgbm": frozenset({"collections.OrderedDict", "lightgbm.basic.Booster"})}


def own_estimator(name: str, settings: Settings) -> Estimator:
    """Returns the estimator that a dotted path leads to."""
    found = imported(name)
    if inspect.isclass(found) and not _is_keras_model(found):
        if not callable(getattr(found, "fit", None)):
            raise ProgramError(
                f"the class {name} has no method `fit`",
                help="name a class with `fit` and `predict`, or a Keras model",
            )
        return OwnEstimator(name, settings)
    if not callable(found):
        raise ProgramError(
            f"{name} is of type {type(found).__name__}, no estimator",
            help="name a class with `fit` and `predict`, or a Keras model",
        )
    from sqlflow_runtime.estimators._keras_own import OwnNetwork

    return OwnNetwork(name, settings)


def imported(name: str) -> Any:
    """Returns what a dotted path leads to; the path is a program's, so the standard library, in
    which functions do things to the machine, is left out.
    """
    module, _, attribute = name.rpartition(".")
    package = module.partition(".")[0]
    help_text = "it has to be importable where the step runs: name the image that brings it"
    if package in sys.stdlib_module_names or package == "sqlflow_runtime":
        raise ProgramError(f"no estimator `{name}`", help=help_text)
    # Read when Keras is imported, which the user's module may do.
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise ProgramError(f"no estimator `{name}`", help=help_text) from error
        raise ResourceError(
            f"{name} needs the Python package `{error.name}`, which is not installed",
            help="install it in the image that brings the estimator",
        ) from error
    if not hasattr(found, attribute):
        raise ProgramError(f"the module `{module}` has no `{attribute}`")
    return getattr(found, attribute)


def _is_keras_model(found: type) -> bool:
    # Without importing Keras, which an image with estimators of another kind need not have.
    return any(
        base.__name__ == "Model" and base.__module__.startswith("keras.") for base in found.__mro__
    )


class OwnEstimator(ScikitLearn):
    """A class with `fit` and `predict`; see `estimators.Estimator` for the methods."""

    def _import(self) -> Any:
        return imported(self.name)

    def _validate(self, made: Any) -> None:
        if hasattr(made, "_parameter_constraints"):
            made._validate_params()

    def kind(self, label: pa.DataType | None) -> Kind:
        type_ = self._tags.estimator_type
        if label is None:
            if type_ in _SUPERVISED:
                raise needs_label(self.name)
            if type_ in _UNSUPERVISED or hasattr(self._class, "predict"):
                kind = _UNSUPERVISED.get(str(type_), Kind.CLUSTERING)
            else:
                kind = Kind.TRANSFORMATION
        elif type_ in _UNSUPERVISED:
            raise ProgramError(
                f"{self.name} learns without a label", help="leave out LABEL and the column"
            )
        else:
            classes = is_text(label) or pa.types.is_boolean(label)
            classes = classes or hasattr(self._class, "predict_proba")
            kind = _SUPERVISED.get(str(type_), Kind.CLASSIFICATION if classes else Kind.REGRESSION)
        wanted = "transform" if kind is Kind.TRANSFORMATION else "predict"
        if not hasattr(self._class, wanted):
            raise ProgramError(
                f"the class {self.name} has no method `{wanted}`",
                help="a model is of use only when it can be applied to other rows",
            )
        return kind

    @property
    def _stores_itself(self) -> bool:
        return callable(getattr(self._class, "save", None)) and callable(
            getattr(self._class, "load", None)
        )

    def _write(self, file: Path) -> None:
        if not self._stores_itself:
            return super()._write(file)
        with self._errors():
            self._model.save(str(file))
        if not file.is_file():
            raise ProgramError(f"{self.name}.save() has not written the file that it was given")
        return None

    def _read(self, file: Path) -> Any:
        if not self._stores_itself:
            return super()._read(file)
        with self._errors():
            return self._class.load(str(file))

    def _trusted(self) -> frozenset[str]:
        # The class itself and those it is derived from come from the image, like the class that
        # the file is for; anything else the file names does not.
        own = f"{self._class.__module__}.{self._class.__qualname__}"
        return super()._trusted() | {own} | _HELD.get(own.partition(".")[0], frozenset())

    def versions(self) -> Mapping[str, str]:
        package = self.name.partition(".")[0]
        version = getattr(sys.modules.get(package), "__version__", None)
        return {**super().versions(), **({package: str(version)} if version else {})}

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Reports whatever the user's code raises as the program's error."""
        with super()._errors():
            try:
                yield
            except StepError:
                raise
            except Exception as error:
                raise ProgramError(
                    f"{self.name}: {type(error).__name__}: {sentence(error)}"
                ) from error
