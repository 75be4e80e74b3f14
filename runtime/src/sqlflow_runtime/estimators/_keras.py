"""Deep neural networks of dense layers, on Keras with JAX.

What TensorFlow's canned estimators left to their users is done here: numbers are standardised (and
the label of a regression is), categories become ones and zeros up to `ONE_HOT_SIZE`, vectors that
are learned beyond it. Both belong to the model. A missing number is the training data's mean.
"""

from __future__ import annotations

import inspect
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Read when Keras and JAX are imported. NPROC bounds XLA's threads, TF_CPP_* its chatter.
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if os.environ.get("OMP_NUM_THREADS"):
    os.environ.setdefault("NPROC", os.environ["OMP_NUM_THREADS"])

import jax
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
    softmax,
)
from sqlflow_runtime.estimators._permutation import permutation_shapley
from sqlflow_runtime.features._fitted import CategoryNode, Embedded, Encoded, Specification, Target
from sqlflow_runtime.features._values import Doubles, Floats, Ragged

ONE_HOT_SIZE = 256
PREDICT_ROWS = 8192
EXPLAIN_ROWS = 1000
DEFAULT_EPOCHS = 1
# Of an epoch, when the program does not say how large a batch is.
STEPS_WANTED, SMALLEST_BATCH, LARGEST_BATCH = 50, 16, 512

_MODEL_FILE = "network.keras"
_SCALES_FILE = "scales.json"

_COMMON = {
    "hidden_units", "activation_fn", "dropout", "batch_norm", "weight_column", "seed"
}  # fmt: skip
_PARAMETERS = {
    "DNNClassifier": _COMMON | {"n_classes", "label_vocabulary"},
    "DNNRegressor": _COMMON | {"label_dimension"},
}
_OPTIMIZERS = (
    "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam", "RMSprop", "SGD"
)  # fmt: skip
_CLASS_LOSSES = (
    "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy"
)  # fmt: skip
_NUMBER_LOSSES = (
    "MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError", "Poisson",
)  # fmt: skip
# Losses that keep their meaning when the label is shifted and scaled.
_SCALABLE = ("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh")
_ACTIVATIONS = (
    "relu", "elu", "selu", "gelu", "sigmoid", "tanh", "softplus", "softsign", "silu", "swish",
    "leaky_relu", "relu6", "hard_sigmoid", "hard_tanh", "mish", "linear",
)  # fmt: skip
_INITIALIZERS = (
    "truncated_normal", "random_normal", "random_uniform", "glorot_normal", "glorot_uniform",
    "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "zeros", "ones", "uniform",
)  # fmt: skip

# Keras's own default for Adagrad, 0.001, learns next to nothing.
_LEARNING_RATES = {"Adagrad": 0.05}


@dataclass(frozen=True)
class Scales:
    """What numbers are shifted and divided by on their way in, and the label on its way out."""

    mean: Doubles
    scale: Doubles
    label_mean: float = 0.0
    label_scale: float = 1.0


class DNN:
    """`DNNClassifier` or `DNNRegressor`; see `estimators.Estimator` for the methods."""

    engine = "keras"

    _scales: Scales
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
        self._hidden_units = _hidden_units(name, settings.params.get("hidden_units"))
        self._activation = _one_of(
            "activation_fn",
            str(settings.params.get("activation_fn") or "relu").rpartition(".")[2],
            _ACTIVATIONS,
        )
        self._dropout = _fraction("dropout", settings.params.get("dropout") or 0.0)
        self._batch_norm = _truth("batch_norm", settings.params.get("batch_norm") or False)
        self._seed = _whole("seed", settings.params.get("seed") or 0, least=0)
        if settings.params.get("label_dimension") not in (None, 1):
            raise ProgramError(f"{name} learns one label; model.label_dimension can only be 1")
        self._optimizer_name, self._optimizer_params = self._check_optimizer()
        self._loss_name, self._loss_params = self._check_loss()

    def _check_optimizer(self) -> tuple[str, dict[str, Value]]:
        given = dict(self.settings.optimizer or {"name": "Adagrad"})
        name = _one_of("optimizer", str(given.pop("name")), _OPTIMIZERS)
        if name in _LEARNING_RATES:
            given.setdefault("learning_rate", _LEARNING_RATES[name])
        _check_arguments(f"optimizer {name}", getattr(keras.optimizers, name), given)
        return name, given

    def _check_loss(self) -> tuple[str, dict[str, Value]]:
        losses = _CLASS_LOSSES if self.name == "DNNClassifier" else _NUMBER_LOSSES
        given = dict(self.settings.loss or {"name": losses[0]})
        name = _one_of("loss", str(given.pop("name")), losses)
        _check_arguments(f"loss {name}", getattr(keras.losses, name), given)
        return name, given

    @property
    def family(self) -> str:
        return "Keras"

    @property
    def roles(self) -> Mapping[str, str]:
        weight = self.settings.params.get("weight_column")
        return {} if weight is None else {"weight": str(weight)}

    def kind(self, label: pa.DataType) -> Kind:
        return Kind.CLASSIFICATION if self.name == "DNNClassifier" else Kind.REGRESSION

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
        assert start is None or isinstance(start, DNN)
        self._use(features, kind, classes)
        keras.utils.set_random_seed(self._seed)
        (encoded,) = train.inputs.values()
        self._scales = start._scales if start else self._fit_scales(encoded, train)
        self._network = self._build()
        if start:
            self._take_weights(start)
        self._network.compile(
            optimizer=getattr(keras.optimizers, self._optimizer_name)(**self._optimizer_params),
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
                help="lower optimizer.learning_rate",
            )
        return Training(watch.done, "epochs", watch.metrics)

    def outputs(self, inputs: Inputs) -> Doubles:
        """Returns logits [rows, classes], or numbers [rows, 1] in the label's own unit."""
        arrays = self._arrays(inputs)
        if not len(arrays[0]):
            return np.empty((0, self._width))
        raw = self._network.predict(arrays, batch_size=PREDICT_ROWS, verbose=0).astype(np.float64)
        scaled: Doubles = raw * self._scales.label_scale + self._scales.label_mean
        return scaled

    def predict(self, inputs: Inputs, *, logits: bool = False) -> Prediction:
        found = self.outputs(inputs)
        if self._kind is not Kind.CLASSIFICATION:
            return Prediction(found[:, 0])
        return Prediction(
            found.argmax(axis=1).astype(np.float64), softmax(found), found if logits else None
        )

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
        # Without the optimizer, which only takes room.
        bare = self._build()
        bare.set_weights(self._network.get_weights())
        bare.save(folder / _MODEL_FILE)
        content = {
            "mean": self._scales.mean.tolist(),
            "scale": self._scales.scale.tolist(),
            "label_mean": self._scales.label_mean,
            "label_scale": self._scales.label_scale,
        }
        (folder / _SCALES_FILE).write_text(json.dumps(content, indent=2), encoding="utf-8")

    def load(self, folder: Path, features: Specification, kind: Kind, classes: int) -> None:
        self._use(features, kind, classes)
        try:
            self._network = keras.saving.load_model(
                folder / _MODEL_FILE, compile=False, safe_mode=True
            )
            content = json.loads((folder / _SCALES_FILE).read_text(encoding="utf-8"))
            self._scales = Scales(
                np.asarray(content["mean"]),
                np.asarray(content["scale"]),
                content["label_mean"],
                content["label_scale"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ResourceError(f"the model's network cannot be read: {error}") from error

    def versions(self) -> Mapping[str, str]:
        return {"keras": keras.__version__, "jax": jax.__version__}

    def _use(self, features: Specification, kind: Kind, classes: int) -> None:
        targets = list(features.targets.values())
        if len(targets) != 1:
            raise ProgramError(
                f"{self.name} takes one list of features, not one each for "
                + ", ".join(features.targets),
                help="leave out FOR",
            )
        self._features = features
        self._target: Target = targets[0]
        self._kind = kind
        self._classes = classes
        self._width = classes if kind is Kind.CLASSIFICATION else 1

    def _fit_scales(self, encoded: Encoded, train: Examples) -> Scales:
        present = ~np.isnan(encoded.dense)
        count = np.maximum(present.sum(axis=0), 1)
        mean = np.where(present, encoded.dense, 0.0).sum(axis=0, dtype=np.float64) / count
        squares = np.where(present, encoded.dense - mean, 0.0) ** 2
        scale = np.sqrt(squares.sum(axis=0) / count)
        scale[scale == 0] = 1.0
        if self._kind is Kind.CLASSIFICATION or self._loss_name not in _SCALABLE:
            return Scales(mean, scale)
        return Scales(mean, scale, float(train.label.mean()), float(train.label.std()) or 1.0)

    def _build(self) -> keras.Model:
        inputs = []
        parts = []
        if width := self._number_width():
            inputs.append(keras.Input((width,), name="numbers"))
            parts.append(inputs[-1])
        for place, (_, node) in enumerate(self._target.categories):
            if not _is_learned(node):
                continue
            ids = keras.Input((None,), dtype="int32", name=f"ids_{place}")
            weights = keras.Input((None,), name=f"weights_{place}")
            dimension = _dimension(node)
            vectors = keras.layers.Embedding(
                node.size,
                dimension,
                embeddings_initializer=_initializer(node, dimension, self._seed + place),
                name=f"embedding_{place}",
            )(ids)
            inputs += [ids, weights]
            parts.append(keras.layers.Dot(axes=1, name=f"sum_{place}")([weights, vectors]))
        layer = parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)
        for units in self._hidden_units:
            layer = keras.layers.Dense(units, activation=self._activation)(layer)
            if self._batch_norm:
                layer = keras.layers.BatchNormalization()(layer)
            if self._dropout:
                layer = keras.layers.Dropout(self._dropout)(layer)
        return keras.Model(inputs, keras.layers.Dense(self._width, name="output")(layer))

    def _number_width(self) -> int:
        one_hot = sum(node.size for _, node in self._target.categories if not _is_learned(node))
        return self._target.dense_width + one_hot

    def _arrays(self, inputs: Inputs) -> list[Any]:
        """Returns the network's inputs for encoded rows, in the order of `_build`."""
        (encoded,) = inputs.values()
        with np.errstate(over="ignore"):
            dense = (encoded.dense - self._scales.mean) / self._scales.scale
        numbers = [np.nan_to_num(dense, nan=0.0).astype(np.float32)]
        learned = []
        for (_, node), ragged in zip(self._target.categories, encoded.categories, strict=True):
            if _is_learned(node):
                learned += _padded(ragged, node)
            else:
                numbers.append(_one_hot(ragged, node.size))
        joined = numbers[0] if len(numbers) == 1 else np.concatenate(numbers, axis=1)
        return [joined, *learned] if self._number_width() else learned

    def _target_values(self, label: Doubles) -> Any:
        if self._kind is Kind.CLASSIFICATION:
            ids = label.astype(np.int32)
            if self._loss_name == _CLASS_LOSSES[0]:
                return ids
            return np.eye(self._classes, dtype=np.float32)[ids]
        scaled = (label - self._scales.label_mean) / self._scales.label_scale
        return scaled.astype(np.float32)

    def _loss(self) -> Any:
        params = dict(self._loss_params)
        if self._kind is Kind.CLASSIFICATION:
            params["from_logits"] = True
        return getattr(keras.losses, self._loss_name)(**params)

    def _take_weights(self, base: DNN) -> None:
        ours = [weight.shape for weight in self._network.weights]
        if ours != [weight.shape for weight in base._network.weights]:
            raise ProgramError(
                "the layers differ from those of the model that training starts from",
                help="say the same hidden_units and batch_norm",
            )
        self._network.set_weights(base._network.get_weights())


class _Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports each epoch, stops early, and remembers the best weights."""

    def __init__(self, model: DNN, validation: Examples | None, metrics: list[Metric]) -> None:
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


def _is_learned(node: CategoryNode) -> bool:
    return isinstance(node, Embedded) or node.size > ONE_HOT_SIZE


def _dimension(node: CategoryNode) -> int:
    """Returns the length of a category's vector: as declared, or grown slowly with their number."""
    return node.dimension if isinstance(node, Embedded) else min(64, round(1.6 * node.size**0.56))


def _initializer(node: CategoryNode, dimension: int, seed: int) -> Any:
    if isinstance(node, Embedded) and node.initializer is not None:
        name = _one_of("EMBEDDING's initializer", node.initializer, _INITIALIZERS)
        made = keras.initializers.get(name)
        if "seed" in inspect.signature(type(made).__init__).parameters:
            return type(made)(seed=seed)
        return made
    return keras.initializers.TruncatedNormal(stddev=1 / math.sqrt(dimension), seed=seed)


def _padded(ragged: Ragged, node: CategoryNode) -> list[Any]:
    """Returns ids and weights [rows, longest], filled up with weight 0."""
    lengths = np.diff(ragged.offsets)
    # A power of two, so that few different shapes are compiled.
    longest = 1 << int(max(lengths.max(initial=1), 1) - 1).bit_length()
    rows = ragged.row_of_id()
    places = np.arange(len(ragged.ids)) - np.repeat(ragged.offsets[:-1], lengths)
    ids = np.zeros((ragged.rows, longest), np.int32)
    weights = np.zeros((ragged.rows, longest), np.float32)
    ids[rows, places] = ragged.ids
    weights[rows, places] = 1.0 if ragged.weights is None else ragged.weights
    combiner = node.combiner if isinstance(node, Embedded) else "sum"
    if combiner != "sum":
        total = weights.sum(axis=1) if combiner == "mean" else np.sqrt((weights**2).sum(axis=1))
        weights /= np.where(total == 0, 1.0, total)[:, np.newaxis]
    return [ids, weights]


def _one_hot(ragged: Ragged, size: int) -> Floats:
    ones = np.zeros((ragged.rows, size), np.float32)
    weights = 1.0 if ragged.weights is None else ragged.weights
    np.add.at(ones, (ragged.row_of_id(), ragged.ids), weights)
    return ones


def _batch_size(rows: int) -> int:
    wanted = 1 << max(0, (rows // STEPS_WANTED).bit_length() - 1)
    return min(max(wanted, SMALLEST_BATCH), LARGEST_BATCH)


def _single(weight: Doubles | None) -> Floats | None:
    return None if weight is None else weight.astype(np.float32)


def _hidden_units(name: str, value: Value) -> list[int]:
    units = value if isinstance(value, list) else [value]
    if not units or not all(
        isinstance(unit, int) and not isinstance(unit, bool) and unit > 0 for unit in units
    ):
        raise ProgramError(
            f"{name} needs model.hidden_units, a list of whole numbers"
            + ("" if value is None else f", not {value!r}"),
            help="for example model.hidden_units = [64, 32]",
        )
    return units


def _one_of(what: str, name: str, known: Sequence[str]) -> str:
    """Returns the known name that `name` is, written with or without underscores and capitals."""
    folded = {candidate.lower().replace("_", ""): candidate for candidate in known}
    found = folded.get(name.lower().replace("_", ""))
    if found is None:
        raise ProgramError(f"no {what} `{name}`", help=did_you_mean(name, known))
    return found


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
