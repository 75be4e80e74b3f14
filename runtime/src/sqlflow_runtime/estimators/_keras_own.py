"""Keras models of the user's own: a model class, or a function that builds a model.

The model is called with one matrix, which `DeepPart` makes of the feature columns, and returns a
column for each class (or one of the second of two) or a number. Classes may be told by
probabilities, as SQLFlow's models do, or by logits; which of them is tried out before training.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow as pa

from sqlflow_runtime._errors import ProgramError, ResourceError, StepError, did_you_mean, one_line
from sqlflow_runtime.estimators._base import (
    Estimator,
    Examples,
    Inputs,
    Kind,
    Settings,
    Training,
    Value,
    needs_label,
    take,
)
from sqlflow_runtime.estimators._keras import CLASS_LOSSES, PREDICT_ROWS, Network, Optimizer
from sqlflow_runtime.estimators._own import imported
from sqlflow_runtime.features._fitted import Specification
from sqlflow_runtime.features._values import Doubles, is_text

# Weights in the network's order, plain arrays: in Keras's own file they go by layers' names, and
# layers that are missing there are passed over.
_MODEL_FILE = "weights.npz"

# What is said with `model.` and is not the constructor's business unless it says so.
_OURS = ("weight_column", "label_vocabulary", "n_classes", "seed")

# How many rows show whether a model gives probabilities, and how exact their sum has to be.
_TRIED_ROWS = 256
_SUM_TOLERANCE = 1e-4


class OwnNetwork(Network):
    """A Keras model by dotted path; see `estimators.Estimator` for the methods."""

    _gives_probabilities = False

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._make = imported(name)
        self._module = importlib.import_module(name.rpartition(".")[0])
        signature = inspect.signature(self._make).parameters
        self._known = [
            parameter.name
            for parameter in signature.values()
            if parameter.kind
            in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        ]
        anything = any(
            parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.values()
        )
        self._params: dict[str, Value] = {}
        for given, value in settings.params.items():
            if given in self._known or (anything and given not in _OURS):
                self._params[given] = value
            elif given not in _OURS:
                raise ProgramError(
                    f"{name} has no parameter `model.{given}`",
                    help=did_you_mean(given, sorted({*self._known, *_OURS})),
                )
        for given in ("rounds", "linear_optimizer", "dnn_optimizer"):
            if getattr(settings, given) is not None:
                raise ProgramError(f"{name} has no `{given}`", help="say train.epoch and optimizer")
        self._seed = int(settings.params.get("seed") or 0)
        said = settings.optimizer
        self._said_optimizer = None if said is None else Optimizer.checked(said)
        if settings.loss is not None:
            self._classifies_by_loss()

    @property
    def family(self) -> str:
        return f"Keras, {self.name}"

    def kind(self, label: pa.DataType | None) -> Kind:
        if label is None:
            raise needs_label(self.name)
        if self.settings.loss is not None:
            classes = self._classifies_by_loss()
        else:
            classes = is_text(label) or pa.types.is_boolean(label) or "n_classes" in self._known
            classes = classes or "n_classes" in self.settings.params
        return Kind.CLASSIFICATION if classes else Kind.REGRESSION

    def _classifies_by_loss(self) -> bool:
        assert self.settings.loss is not None
        folded = {name.lower() for name in CLASS_LOSSES}
        classes = str(self.settings.loss["name"]).lower().replace("_", "") in folded
        self._is_classifier = classes
        self._check_loss()
        return classes

    def fit(
        self,
        features: Specification,
        train: Examples,
        validation: Examples | None,
        kind: Kind,
        classes: int,
        start: Estimator | None,
    ) -> Training:
        with self._errors():
            return super().fit(features, train, validation, kind, classes, start)

    def _use(self, features: Specification, kind: Kind, classes: int) -> None:
        self._is_combined, self._is_sequence, self._hidden_units = False, False, [0]
        super()._use(features, kind, classes)
        self._is_classifier = kind is Kind.CLASSIFICATION
        self._loss_name, self._loss_params = self._check_loss()

    def _build(self) -> keras.Model:
        assert self._deep_target is not None
        inputs, layer = self._deep_part(self._deep_target).layers()
        params = dict(self._params)
        if "n_classes" in self._known and self._kind is Kind.CLASSIFICATION:
            params.setdefault("n_classes", self._classes)
        if "input_width" in self._known:
            params.setdefault("input_width", layer.shape[-1])
        made = self._make(**params)
        if not isinstance(made, keras.Model):
            raise ProgramError(f"{self.name} returns a {type(made).__name__} and no Keras model")
        output = made(layer)
        self._columns = output.shape[-1]
        one = self._kind is not Kind.CLASSIFICATION or self._classes == 2
        if len(output.shape) != 2 or self._columns not in (self._width, *([1] if one else [])):
            raise ProgramError(
                f"{self.name} returns {tuple(output.shape[1:])} for a row, and "
                + ("one number" if self._width == 1 else f"{self._width} classes")
                + " are to be learned",
                help="let it take n_classes and return a column for each class"
                if self._kind is Kind.CLASSIFICATION
                else "let it return one column",
            )
        return keras.Model(inputs, output)

    def _prepare(self, train: Examples) -> None:
        """Finds out what the outputs are: after training they cannot be told apart as surely."""
        if self._kind is not Kind.CLASSIFICATION:
            return
        count = min(_TRIED_ROWS, len(train.label))
        raw = self._raw(take(train.inputs, np.arange(count)))
        inside = bool(((raw >= 0) & (raw <= 1)).all())
        sums = self._columns == 1 or bool((np.abs(raw.sum(axis=1) - 1) < _SUM_TOLERANCE).all())
        self._gives_probabilities = inside and sums

    def _raw(self, inputs: Inputs) -> Doubles:
        found = self._network.predict(self._arrays(inputs), batch_size=PREDICT_ROWS, verbose=0)
        return np.asarray(found, np.float64)

    def outputs(self, inputs: Inputs) -> Doubles:
        if self._kind is not Kind.CLASSIFICATION or not len(self._arrays(inputs)[0]):
            return super().outputs(inputs)
        raw = self._raw(inputs)
        if self._columns == 1:
            raw = np.hstack([1 - raw, raw]) if self._gives_probabilities else np.hstack([-raw, raw])
            raw = raw if self._gives_probabilities else raw / 2
        if self._gives_probabilities:
            raw = np.log(np.maximum(raw, np.finfo(np.float32).tiny))
        return raw

    def _optimizer(self) -> Any:
        if self._said_optimizer is not None:
            return self._said_optimizer.make()
        own = getattr(self._module, "optimizer", None)
        if callable(own):
            return own()
        return Optimizer.checked({"name": "Adagrad"}).make()

    def _own_loss(self) -> Any:
        """Returns the function `loss` of the model's module, unless the program says another."""
        own = getattr(self._module, "loss", None)
        return own if callable(own) and self.settings.loss is None else None

    def _loss(self) -> Any:
        if (own := self._own_loss()) is not None:
            return own
        if self._kind is not Kind.CLASSIFICATION:
            return super()._loss()
        params = {**self._loss_params, "from_logits": not self._gives_probabilities}
        if self._columns == 1:
            return keras.losses.BinaryCrossentropy(from_logits=not self._gives_probabilities)
        return getattr(keras.losses, self._loss_name)(**params)

    def _target_values(self, label: Doubles) -> Any:
        if self._kind is Kind.CLASSIFICATION and self._columns == 1:
            return label.astype(np.float32)[:, np.newaxis]
        return super()._target_values(label)

    def _write(self, folder: Path) -> dict[str, Any]:
        np.savez(folder / _MODEL_FILE, *self._network.get_weights())
        return {"gives_probabilities": self._gives_probabilities}

    def _read(self, folder: Path, content: Mapping[str, Any]) -> Any:
        self._gives_probabilities = bool(content["gives_probabilities"])
        with self._errors():
            network = self._build()
        with np.load(folder / _MODEL_FILE, allow_pickle=False) as file:
            weights = [file[f"arr_{place}"] for place in range(len(file.files))]
        shapes = [weight.shape for weight in weights]
        wanted = [tuple(weight.shape) for weight in network.weights]
        if shapes != wanted:
            raise ResourceError(
                f"the model's weights have the shapes {shapes}, those of {self.name} {wanted}",
                help="use the image that trained the model, or train it again",
            )
        network.set_weights(weights)
        return network

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Reports whatever the user's code raises as the program's error."""
        try:
            yield
        except StepError:
            raise
        except Exception as error:
            reason = one_line(str(error))[:500]
            raise ProgramError(f"{self.name}: {type(error).__name__}: {reason}") from error
