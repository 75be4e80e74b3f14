"""TensorFlow's canned estimators on Keras with JAX: deep, linear, and both side by side.

What TensorFlow left to its users is done here: numbers are standardised (and the label of a
regression is). Both belong to the model. A missing number is the training data's mean.
"""

from __future__ import annotations

import importlib
import inspect
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Read when Keras and JAX are imported. NPROC bounds XLA's threads, TF_CPP_* its chatter.
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if os.environ.get("OMP_NUM_THREADS"):
    os.environ.setdefault("NPROC", os.environ["OMP_NUM_THREADS"])

import keras
import numpy as np
import pyarrow as pa

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError, ResourceError, did_you_mean
from sqlflow_runtime._metrics import Metric, Scores, metric
from sqlflow_runtime.estimators._base import (
    Estimator,
    Examples,
    Explanation,
    Inputs,
    Kind,
    Prediction,
    Settings,
    Training,
    Value,
    needs_label,
    softmax,
)
from sqlflow_runtime.estimators._keras_parts import (
    DeepPart,
    LinearPart,
    Scales,
    SequencePart,
    one_of,
)
from sqlflow_runtime.estimators._permutation import permutation_shapley
from sqlflow_runtime.features._declared import DEFAULT_TARGET
from sqlflow_runtime.features._fitted import Specification
from sqlflow_runtime.features._values import Doubles, Floats

PREDICT_ROWS = 8192
EXPLAIN_ROWS = 1000
DEFAULT_EPOCHS = 1
# Of an epoch, when the program does not say how large a batch is.
STEPS_WANTED, SMALLEST_BATCH, LARGEST_BATCH = 50, 16, 512

_MODEL_FILE = "network.keras"
_SCALES_FILE = "scales.json"

_COMMON = {"weight_column", "seed"}
_CLASSES = {"n_classes", "label_vocabulary"}
_NUMBERS = {"label_dimension"}
_DEEP = {"hidden_units", "activation_fn", "dropout", "batch_norm"}
_LINEAR = {"sparse_combiner"}
_COMBINED = {
    "dnn_hidden_units", "dnn_activation_fn", "dnn_dropout", "batch_norm", "linear_sparse_combiner"
}  # fmt: skip
_PARAMETERS = {
    "DNNClassifier": _COMMON | _CLASSES | _DEEP,
    "DNNRegressor": _COMMON | _NUMBERS | _DEEP,
    "LinearClassifier": _COMMON | _CLASSES | _LINEAR,
    "LinearRegressor": _COMMON | _NUMBERS | _LINEAR,
    "DNNLinearCombinedClassifier": _COMMON | _CLASSES | _COMBINED,
    "DNNLinearCombinedRegressor": _COMMON | _NUMBERS | _COMBINED,
}
_SEQUENCE = {"stack_units", "hidden_size"}
_PARAMETERS |= {
    "sqlflow_models.StackedBiLSTMClassifier": _COMMON | _CLASSES | _SEQUENCE,
    "sqlflow_models.StackedRNNClassifier": (
        _COMMON | _CLASSES | _SEQUENCE | {"model_type", "bidirectional"}
    ),
}
_LAYERS_BY_TYPE = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
_LINEAR_TARGET, _DEEP_TARGET = "linear_feature_columns", "dnn_feature_columns"
_OPTIMIZERS = (
    "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam", "RMSprop", "SGD"
)  # fmt: skip
CLASS_LOSSES = (
    "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy"
)  # fmt: skip
_NUMBER_LOSSES = (
    "MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError", "Poisson",
)  # fmt: skip
# Losses that keep their meaning when the label is shifted and scaled.
_SCALABLE = ("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh")
_COMBINERS = ("sum", "mean", "sqrtn")
_ACTIVATIONS = (
    "relu", "elu", "selu", "gelu", "sigmoid", "tanh", "softplus", "softsign", "silu", "swish",
    "leaky_relu", "relu6", "hard_sigmoid", "hard_tanh", "mish", "linear",
)  # fmt: skip
# Keras's own default for both, 0.001, learns next to nothing.
_LEARNING_RATES = {"Adagrad": 0.05, "Ftrl": 0.2}


@dataclass(frozen=True)
class LabelScale:
    """What a number is shifted and divided by while it is learned."""

    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Optimizer:
    name: str
    params: Mapping[str, Value]

    @classmethod
    def checked(cls, said: Mapping[str, Value]) -> Optimizer:
        given = dict(said)
        name = one_of("optimizer", str(given.pop("name")), _OPTIMIZERS)
        if name in _LEARNING_RATES:
            given.setdefault("learning_rate", _LEARNING_RATES[name])
        _check_arguments(f"optimizer {name}", getattr(keras.optimizers, name), given)
        return cls(name, given)

    def make(self) -> Any:
        return getattr(keras.optimizers, self.name)(**self.params)


class Network:
    """One of TensorFlow's canned estimators; see `estimators.Estimator` for the methods."""

    engine = "keras"

    _scales: dict[str, Scales]
    _label_scale: LabelScale
    _network: Any

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        known = _PARAMETERS[name]
        for given in settings.params:
            if given not in known:
                raise ProgramError(
                    f"{name} has no parameter `model.{given}`",
                    help=did_you_mean(given, sorted(known)),
                )
        if settings.rounds is not None:
            raise ProgramError(
                f"{name} is trained in epochs and has no rounds", help="say train.epoch"
            )
        params = settings.params
        self._is_classifier = name.endswith("Classifier")
        self._is_combined = "Combined" in name
        dnn, linear = ("dnn_", "linear_") if self._is_combined else ("", "")
        self._hidden_units = []
        self._is_sequence = "Stacked" in name
        if "DNN" in name:
            self._hidden_units = _hidden_units(name, f"{dnn}hidden_units", params)
        elif self._is_sequence:
            self._hidden_units = _hidden_units(name, "stack_units", {"stack_units": [32], **params})
            self._hidden_size = _whole("hidden_size", params.get("hidden_size", 64), least=1)
            self._walker, self._both_ways = self._check_walker()
        activation = str(params.get(f"{dnn}activation_fn") or "relu").rpartition(".")[2]
        self._activation = one_of(f"{dnn}activation_fn", activation, _ACTIVATIONS)
        self._dropout = _fraction(f"{dnn}dropout", params.get(f"{dnn}dropout") or 0.0)
        self._batch_norm = _truth("batch_norm", params.get("batch_norm") or False)
        combiner = str(params.get(f"{linear}sparse_combiner") or "sum")
        self._combiner = one_of(f"{linear}sparse_combiner", combiner, _COMBINERS)
        self._seed = _whole("seed", params.get("seed") or 0, least=0)
        if params.get("label_dimension") not in (None, 1):
            raise ProgramError(f"{name} learns one label; model.label_dimension can only be 1")
        self._linear_optimizer, self._deep_optimizer = self._check_optimizers()
        self._loss_name, self._loss_params = self._check_loss()

    def _check_walker(self) -> tuple[str, bool]:
        """Returns the kind of layer that walks along a sequence, and whether it does so twice."""
        if self.name.endswith("BiLSTMClassifier"):
            return "LSTM", True
        params = self.settings.params
        type_ = one_of("model_type", str(params.get("model_type", "rnn")), list(_LAYERS_BY_TYPE))
        both_ways = _truth("bidirectional", params.get("bidirectional") or False)
        return _LAYERS_BY_TYPE[type_], both_ways

    def _check_optimizers(self) -> tuple[Optimizer, Optimizer]:
        """Returns the optimizers of the linear and of the deep part."""
        settings = self.settings
        given = {
            "optimizer": settings.optimizer,
            "linear_optimizer": settings.linear_optimizer,
            "dnn_optimizer": settings.dnn_optimizer,
        }
        known = ("linear_optimizer", "dnn_optimizer") if self._is_combined else ("optimizer",)
        for argument, value in given.items():
            if value is not None and argument not in known:
                raise ProgramError(
                    f"{self.name} has no `model.{argument}`",
                    help="say " + " or ".join(f"model.{name}" for name in known),
                )
        linear = Optimizer.checked(given[known[0]] or {"name": "Ftrl"})
        return linear, Optimizer.checked(given[known[-1]] or {"name": "Adagrad"})

    def _check_loss(self) -> tuple[str, dict[str, Value]]:
        losses = CLASS_LOSSES if self._is_classifier else _NUMBER_LOSSES
        given = dict(self.settings.loss or {"name": losses[0]})
        name = one_of("loss", str(given.pop("name")), losses)
        _check_arguments(f"loss {name}", getattr(keras.losses, name), given)
        return name, given

    @property
    def family(self) -> str:
        return "Keras"

    @property
    def roles(self) -> Mapping[str, str]:
        weight = self.settings.params.get("weight_column")
        return {} if weight is None else {"weight": str(weight)}

    def kind(self, label: pa.DataType | None) -> Kind:
        if label is None:
            raise needs_label(self.name)
        return Kind.CLASSIFICATION if self._is_classifier else Kind.REGRESSION

    def class_count(self) -> int | None:
        count = self.settings.params.get("n_classes")
        return None if count is None else _whole("n_classes", count, least=2)

    def too_many_classes(self, found: int) -> tuple[str, str]:
        return f"model.n_classes is {self.class_count()}", f"say model.n_classes = {found}"

    def class_names(self) -> Sequence[str] | None:
        names = self.settings.params.get("label_vocabulary")
        if names is None:
            return None
        if not isinstance(names, list) or len({str(name) for name in names}) != len(names):
            raise ProgramError("model.label_vocabulary takes a list of different values")
        return [str(name) for name in names]

    def fit(
        self,
        features: Specification,
        train: Examples,
        validation: Examples | None,
        kind: Kind,
        classes: int,
        start: Estimator | None,
    ) -> Training:
        assert start is None or isinstance(start, Network)
        self._use(features, kind, classes)
        keras.utils.set_random_seed(self._seed)
        if start:
            self._scales, self._label_scale = start._scales, start._label_scale
        else:
            self._scales = {name: Scales.of(part.dense) for name, part in train.inputs.items()}
            self._label_scale = self._fit_label_scale(train.label)
        self._network = self._build()
        if start:
            self._take_weights(start)
        self._prepare(train)
        self._network.compile(
            optimizer=self._optimizer(),
            loss=self._loss(),
        )
        if self.settings.early_stopping is not None and validation is None:
            raise ProgramError(
                "early stopping needs data to watch", help="say validation.select = 'SELECT …'"
            )
        watch = _Watch(self, validation, [metric(name, kind) for name in self.settings.metrics])
        self._network.fit(
            self._arrays(train.inputs),
            self._target_values(train.label),
            sample_weight=_single(train.weight),
            batch_size=self.settings.batch_size or _batch_size(len(train.label)),
            epochs=watch.epochs,
            shuffle=True,
            verbose=0,
            callbacks=[watch],
        )
        watch.restore_best()
        if not np.isfinite(watch.metrics["train_loss"]):
            raise ProgramError(
                "the training diverged: its loss is no finite number",
                help="lower the learning_rate of its optimizer",
            )
        return Training(watch.done, "epochs", watch.metrics)

    def _prepare(self, train: Examples) -> None:
        """Looks at the data once more, when the network is built and not yet trained."""

    def outputs(self, inputs: Inputs) -> Doubles:
        """Returns logits [rows, classes], or numbers [rows, 1] in the label's own unit."""
        arrays = self._arrays(inputs)
        if not len(arrays[0]):
            return np.empty((0, self._width))
        raw = self._network.predict(arrays, batch_size=PREDICT_ROWS, verbose=0).astype(np.float64)
        scaled: Doubles = raw * self._label_scale.scale + self._label_scale.mean
        return scaled

    def predict(self, inputs: Inputs, *, logits: bool = False) -> Prediction:
        found = self.outputs(inputs)
        if self._kind is not Kind.CLASSIFICATION:
            return Prediction(found[:, 0])
        return Prediction(
            found.argmax(axis=1).astype(np.float64), softmax(found), found if logits else None
        )

    def clusters(self) -> int | None:
        return None

    def points(self, inputs: Inputs) -> Any:
        raise AssertionError("a network does not cluster")

    def explainers(self) -> Sequence[str]:
        return ("PermutationExplainer",)

    def explain_rows(self, explainer: str) -> int | None:
        return EXPLAIN_ROWS

    def explain(self, explainer: str, inputs: Inputs, background: Inputs) -> Explanation:
        def probabilities(chosen: Inputs) -> Doubles:
            found = self.outputs(chosen)
            if self._kind is not Kind.CLASSIFICATION:
                return found
            shares = softmax(found)
            return shares[:, 1:] if self._classes == 2 else shares

        return permutation_shapley(probabilities, self._features, inputs, background)

    def importance(self) -> Mapping[str, Mapping[str, float]]:
        raise AssertionError("a network has no explainer that asks for it")

    def save(self, folder: Path) -> None:
        content = {
            **self._write(folder),
            "label": asdict(self._label_scale),
            "numbers": {
                name: {"mean": scales.mean.tolist(), "scale": scales.scale.tolist()}
                for name, scales in self._scales.items()
            },
        }
        (folder / _SCALES_FILE).write_text(json.dumps(content, indent=2), encoding="utf-8")

    def _write(self, folder: Path) -> dict[str, Any]:
        """Writes the network; returns what else is to be kept."""
        # Without the optimizer, which only takes room.
        bare = self._build()
        bare.set_weights(self._network.get_weights())
        bare.save(folder / _MODEL_FILE)
        return {}

    def load(self, folder: Path, features: Specification, kind: Kind, classes: int) -> None:
        self._use(features, kind, classes)
        try:
            content = json.loads((folder / _SCALES_FILE).read_text(encoding="utf-8"))
            self._label_scale = LabelScale(**content["label"])
            self._scales = {
                name: Scales(np.asarray(scales["mean"]), np.asarray(scales["scale"]))
                for name, scales in content["numbers"].items()
            }
            self._network = self._read(folder, content)
        except (KeyError, TypeError, ValueError) as error:
            raise ResourceError(f"the model's network cannot be read: {error}") from error

    def _read(self, folder: Path, content: Mapping[str, Any]) -> Any:
        file = folder / _MODEL_FILE
        return keras.saving.load_model(file, compile=False, safe_mode=True)

    def versions(self) -> Mapping[str, str]:
        backend = keras.backend.backend()
        return {"keras": keras.__version__, backend: importlib.import_module(backend).__version__}

    def _use(self, features: Specification, kind: Kind, classes: int) -> None:
        self._features = features
        self._linear_target, self._deep_target = self._parts_of(list(features.targets))
        self._kind = kind
        self._classes = classes
        self._width = classes if kind is Kind.CLASSIFICATION else 1

    def _parts_of(self, targets: list[str]) -> tuple[str | None, str | None]:
        """Returns the names of the targets of the linear and of the deep part."""
        if not self._is_combined:
            if len(targets) != 1:
                raise ProgramError(
                    f"{self.name} takes one list of features, not one each for "
                    + ", ".join(targets),
                    help="leave out FOR",
                )
            return (None, targets[0]) if self._hidden_units else (targets[0], None)
        known = (_LINEAR_TARGET, _DEEP_TARGET)
        for name in targets:
            if name not in known:
                named = f"has no features `{name}`"
                unnamed = "has features for each of its two parts"
                raise ProgramError(
                    f"{self.name} {unnamed if name == DEFAULT_TARGET else named}",
                    help=f"say COLUMN … FOR {known[0]} COLUMN … FOR {known[1]}",
                )
        return tuple(name if name in targets else None for name in known)  # type: ignore[return-value]

    def _fit_label_scale(self, label: Doubles) -> LabelScale:
        if self._kind is Kind.CLASSIFICATION or self._loss_name not in _SCALABLE:
            return LabelScale()
        return LabelScale(float(label.mean()), float(label.std()) or 1.0)

    def _linear_part(self, target: str) -> LinearPart:
        found = self._features.targets[target]
        return LinearPart(found, self._scales[target], self._combiner, self._width)

    def _deep_part(self, target: str) -> DeepPart | SequencePart:
        if self._is_sequence:
            return SequencePart(self.name, self._features.targets[target], self._seed)
        return DeepPart(self._features.targets[target], self._scales[target], self._seed)

    def _build(self) -> keras.Model:
        inputs, outputs = [], []
        if self._linear_target is not None:
            given, output = self._linear_part(self._linear_target).layers()
            inputs += given
            outputs.append(output)
        if self._deep_target is not None:
            given, layer = self._deep_part(self._deep_target).layers()
            inputs += given
            outputs.append(self._deep_layers(layer))
        output = outputs[0] if len(outputs) == 1 else keras.layers.Add()(outputs)
        return keras.Model(inputs, output)

    def _sequence_layers(self, layer: Any) -> Any:
        for place, units in enumerate(self._hidden_units):
            last = place == len(self._hidden_units) - 1
            made = getattr(keras.layers, self._walker)(units, return_sequences=not last)
            layer = (keras.layers.Bidirectional(made) if self._both_ways else made)(layer)
        return keras.layers.Dense(self._hidden_size, activation="relu")(layer)

    def _deep_layers(self, layer: Any) -> Any:
        if self._is_sequence:
            layer = self._sequence_layers(layer)
            return keras.layers.Dense(self._width, name="output")(layer)
        for place, units in enumerate(self._hidden_units):
            name = f"hidden_{place}"
            layer = keras.layers.Dense(units, activation=self._activation, name=name)(layer)
            if self._batch_norm:
                layer = keras.layers.BatchNormalization()(layer)
            if self._dropout:
                layer = keras.layers.Dropout(self._dropout)(layer)
        return keras.layers.Dense(self._width, name="output")(layer)

    def _arrays(self, inputs: Inputs) -> list[Any]:
        """Returns the network's inputs for encoded rows, in the order of `_build`."""
        arrays = []
        if self._linear_target is not None:
            encoded = inputs[self._linear_target]
            arrays += self._linear_part(self._linear_target).arrays(encoded)
        if self._deep_target is not None:
            encoded = inputs[self._deep_target]
            arrays += self._deep_part(self._deep_target).arrays(encoded)
        return arrays

    def _optimizer(self) -> Any:
        linear, deep = self._linear_optimizer, self._deep_optimizer
        if self._linear_target is None:
            return deep.make()
        if self._deep_target is None:
            return linear.make()
        prefix = LinearPart.PREFIX
        both = linear.make(), deep.make()
        return keras.optimizers.MultiOptimizer(
            lambda variable: both[0 if variable.path.startswith(prefix) else 1]
        )

    def _target_values(self, label: Doubles) -> Any:
        if self._kind is Kind.CLASSIFICATION:
            ids = label.astype(np.int32)
            if self._loss_name == CLASS_LOSSES[0]:
                return ids
            return np.eye(self._classes, dtype=np.float32)[ids]
        scaled = (label - self._label_scale.mean) / self._label_scale.scale
        return scaled.astype(np.float32)

    def _loss(self) -> Any:
        params = dict(self._loss_params)
        if self._kind is Kind.CLASSIFICATION:
            params["from_logits"] = True
        return getattr(keras.losses, self._loss_name)(**params)

    def _take_weights(self, base: Network) -> None:
        ours = [weight.shape for weight in self._network.weights]
        if ours != [weight.shape for weight in base._network.weights]:
            raise ProgramError(
                "the layers differ from those of the model that training starts from",
                help="train the same estimator with the same layers",
            )
        self._network.set_weights(base._network.get_weights())


class _Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports each epoch, stops early, and remembers the best weights."""

    def __init__(self, model: Network, validation: Examples | None, metrics: list[Metric]) -> None:
        super().__init__()
        self.epochs = model.settings.epochs or DEFAULT_EPOCHS
        self.done = 0
        self.metrics: dict[str, float] = {}
        self._owner = model
        self._validation = validation
        self._metrics = metrics
        self._patience = model.settings.early_stopping
        self._max_steps = model.settings.max_steps
        self._steps = 0
        self._best = math.inf
        self._best_weights: list[Any] | None = None
        self._best_metrics: dict[str, float] = {}
        self._since_best = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._steps += 1
        if self._max_steps is not None and self._steps >= self._max_steps:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.done += 1
        self.metrics = {"train_loss": float(logs["loss"])}
        if self._validation is not None:
            self._validate(self._validation)
        _events.progress(self.done, self.epochs, "epochs", self.metrics)

    def _validate(self, validation: Examples) -> None:
        owner = self._owner
        found = owner.predict(validation.inputs)
        scores = Scores(
            owner._kind,
            owner._classes,
            validation.label,
            found.values,
            found.probabilities,
            validation.weight,
        )
        loss = metric(
            "log_loss" if found.probabilities is not None else "mean_squared_error", owner._kind
        )
        for measure in [loss, *self._metrics]:
            self.metrics[f"validation_{measure.name}"] = measure.compute(scores)
        if self._patience is None:
            return
        watched = self._metrics[0] if self._metrics else loss
        value = self.metrics[f"validation_{watched.name}"]
        value = -value if watched.greater_is_better else value
        if value < self._best:
            self._best, self._since_best = value, 0
            self._best_weights = owner._network.get_weights()
            self._best_metrics = self.metrics
        else:
            self._since_best += 1
            if self._since_best >= self._patience:
                self.model.stop_training = True

    def restore_best(self) -> None:
        if self._best_weights is not None:
            self._owner._network.set_weights(self._best_weights)
            self.metrics = self._best_metrics


def _batch_size(rows: int) -> int:
    wanted = 1 << max(0, (rows // STEPS_WANTED).bit_length() - 1)
    return min(max(wanted, SMALLEST_BATCH), LARGEST_BATCH)


def _single(weight: Doubles | None) -> Floats | None:
    return None if weight is None else weight.astype(np.float32)


def _hidden_units(name: str, parameter: str, params: Mapping[str, Value]) -> list[int]:
    value: Any = params.get(parameter)
    units = value if isinstance(value, list) else [value]
    if not units or not all(
        isinstance(unit, int) and not isinstance(unit, bool) and unit > 0 for unit in units
    ):
        raise ProgramError(
            f"{name} needs model.{parameter}, a list of whole numbers"
            + ("" if value is None else f", not {value!r}"),
            help=f"for example model.{parameter} = [64, 32]",
        )
    return units


def _fraction(what: str, value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise ProgramError(f"model.{what} is {value!r}; it takes a number from 0, below 1")
    return float(value)


def _truth(what: str, value: Value) -> bool:
    if not isinstance(value, bool):
        raise ProgramError(f"model.{what} is {value!r}; it takes TRUE or FALSE")
    return value


def _whole(what: str, value: Value, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ProgramError(f"model.{what} is {value!r}; it takes a whole number from {least}")
    return value


_NOT_GIVEN = {"self", "name", "kwargs", "reduction", "dtype", "from_logits", "loss_scale_factor"}


def _check_arguments(what: str, function: Any, given: Mapping[str, Value]) -> None:
    known = sorted(set(inspect.signature(function.__init__).parameters) - _NOT_GIVEN)
    for name in given:
        if name not in known:
            raise ProgramError(f"{what} has no parameter `{name}`", help=did_you_mean(name, known))
    try:
        function(**given)
    except (TypeError, ValueError) as error:
        raise ProgramError(f"{what}: {error}") from error
