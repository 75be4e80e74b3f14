"""Estimators of scikit-learn: classes and numbers, clusters, outliers, transformations.

They see numbers as they are, float64 and unscaled, a category as a column of ones and zeros, in a
CSR matrix where the estimator takes one. A missing number is the training data's mean, unless the
estimator knows what to do with it itself.
"""

from __future__ import annotations

import importlib
import inspect
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import sklearn
import skops.io
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import Tags, TargetTags
from skops.io.exceptions import UnsupportedTypeException

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError, ResourceError, did_you_mean, one_line
from sqlflow_runtime._metrics import Scores, metric
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
    rows_of,
    threads,
)
from sqlflow_runtime.estimators._permutation import permutation_shapley
from sqlflow_runtime.estimators._scikit_names import NAMES
from sqlflow_runtime.features._fitted import Encoded, Specification, Target
from sqlflow_runtime.features._matrix import Matrix, matrix, places
from sqlflow_runtime.features._values import Doubles, Integers

EXPLAIN_ROWS = 1000

# Of a matrix with a number in each place, for estimators that take no sparse one.
DENSE_BYTES = 8 * 2**30

_MODEL_FILE = "estimator.skops"
_MEANS_FILE = "means.json"

_WEIGHT = "weight_column"

# Parameters that hold other estimators, and one for caches on disk.
_NOT_GIVEN = ("estimator", "base_estimator", "memory")

# What scikit-learn's own estimators hold beside what skops knows to be harmless. A file with
# anything else is neither written nor read.
_TRUSTED = frozenset(
    """
    numpy.dtype
    numpy.mean
    scipy.sparse._csr.csr_matrix
    sklearn._loss.loss.HalfGammaLoss
    sklearn._loss.loss.HalfPoissonLoss
    sklearn._loss.loss.HalfSquaredError
    sklearn._loss.loss.HalfTweedieLoss
    sklearn._loss.loss.HalfTweedieLossIdentity
    sklearn.cluster._bisect_k_means._BisectingTree
    sklearn.cluster._kmeans._kmeans_single_elkan
    sklearn.cluster._kmeans._kmeans_single_lloyd
    sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor
    sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace
    sklearn.gaussian_process.kernels.ConstantKernel
    sklearn.gaussian_process.kernels.Product
    sklearn.gaussian_process.kernels.RBF
    sklearn.metrics._dist_metrics.ChebyshevDistance64
    sklearn.metrics._dist_metrics.EuclideanDistance64
    sklearn.metrics._dist_metrics.ManhattanDistance64
    sklearn.metrics._dist_metrics.MinkowskiDistance64
    sklearn.neighbors._ball_tree.BallTree
    sklearn.neighbors._kd_tree.KDTree
    sklearn.neural_network._stochastic_optimizers.AdamOptimizer
    sklearn.neural_network._stochastic_optimizers.SGDOptimizer
    sklearn.tree._tree.Tree
    """.split()
)

# Estimators whose `predict` is the class of the greatest probability, and as much work again.
_MOST_PROBABLE = (
    "BaggingClassifier", "ExtraTreesClassifier", "GradientBoostingClassifier",
    "HistGradientBoostingClassifier", "KNeighborsClassifier", "RandomForestClassifier",
)  # fmt: skip

# What a fitted estimator says about its training, by the names it has for that.
_OUTCOMES = ("inertia_", "loss_", "lower_bound_", "oob_score_", "reconstruction_err_")


class ScikitLearn:
    """An estimator of scikit-learn; see `estimators.Estimator` for the methods."""

    engine = "scikit-learn"

    _features: Specification
    _target: Target
    _kind: Kind
    _classes: int
    _means: Doubles
    _model: Any

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._class = self._import()
        self._params = dict(settings.params)
        self._weight = self._params.pop(_WEIGHT, None)
        for given in ("rounds", "epochs", "batch_size", "max_steps", "optimizer",
                      "linear_optimizer", "dnn_optimizer", "loss", "early_stopping"):  # fmt: skip
            if getattr(settings, given) is not None:
                raise ProgramError(
                    f"{name} has no `{given}`: it is trained in one go",
                    help="its parameters are named `model.*` in WITH",
                )
        known = self._known_parameters()
        for given in self._params:
            if given not in known and not self._takes_any_parameter():
                raise ProgramError(
                    f"{name} has no parameter `model.{given}`",
                    help=did_you_mean(given, sorted({*known, _WEIGHT})),
                )
        self._check()

    def _import(self) -> Any:
        module, _, name = self.name.rpartition(".")
        try:
            return getattr(importlib.import_module(module), name)
        except (AttributeError, ModuleNotFoundError) as error:
            raise ResourceError(
                f"scikit-learn {sklearn.__version__} has no {self.name}",
                help="install the version that runtime/requirements/core.txt lists",
            ) from error

    def _known_parameters(self) -> Mapping[str, inspect.Parameter]:
        parameters = inspect.signature(self._class.__init__).parameters.values()
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return {
            parameter.name: parameter
            for parameter in parameters
            if parameter.kind in named and parameter.name not in ("self", *_NOT_GIVEN)
        }

    def _takes_any_parameter(self) -> bool:
        parameters = inspect.signature(self._class.__init__).parameters.values()
        any_named = inspect.Parameter.VAR_KEYWORD
        # `object`'s own constructor looks as if it took everything, and takes nothing.
        has_own = self._class.__init__ is not object.__init__
        return has_own and any(parameter.kind is any_named for parameter in parameters)

    def _fitting_params(self) -> dict[str, Any]:
        """Returns the parameters as the constructor takes them."""
        known = self._known_parameters()
        return {
            given: _fitting(value, known[given]) if given in known else value
            for given, value in self._params.items()
        }

    def _check(self) -> None:
        """Makes the estimator once: it says what it thinks of its parameters."""
        with self._errors():
            made = self._make()
            self._validate(made)
        self._tags = _tags(made)
        if self._weight is not None and not self._takes_weights():
            raise ProgramError(
                f"{self.name} takes no weights", help="leave out model.weight_column"
            )

    def _validate(self, made: Any) -> None:
        made._validate_params()

    def _takes_weights(self) -> bool:
        return "sample_weight" in inspect.signature(self._class.fit).parameters

    def _make(self) -> Any:
        known = self._known_parameters()
        params = self._fitting_params()
        # The same data gives the same model.
        if "random_state" in known:
            params.setdefault("random_state", 0)
        # These share memory among their threads; elsewhere a job is a process of its own.
        if "n_jobs" in known and self.name.startswith(("sklearn.ensemble.", "sklearn.neighbors.")):
            params.setdefault("n_jobs", threads())
        if self.name == "sklearn.neighbors.LocalOutlierFactor":
            # Otherwise it judges the rows it is trained on, and no others.
            params["novelty"] = True
        return self._class(**params)

    @property
    def family(self) -> str:
        return f"scikit-learn, {self.name.rpartition('.')[2]}"

    @property
    def roles(self) -> Mapping[str, str]:
        return {} if self._weight is None else {"weight": str(self._weight)}

    def kind(self, label: pa.DataType | None) -> Kind:
        kind = NAMES[self.name]
        if label is None and kind.has_label:
            raise needs_label(self.name)
        if label is not None and not kind.has_label:
            raise ProgramError(
                f"{self.name} learns without a label", help="leave out LABEL and the column"
            )
        return kind

    def class_count(self) -> int | None:
        return None

    def too_many_classes(self, found: int) -> tuple[str, str]:
        raise AssertionError("no number of classes is stated")

    def class_names(self) -> Sequence[str] | None:
        return None

    def fit(
        self,
        features: Specification,
        train: Examples,
        validation: Examples | None,
        kind: Kind,
        classes: int,
        start: Estimator | None,
    ) -> Training:
        assert start is None or isinstance(start, ScikitLearn)
        self._use(features, kind, classes)
        self._means = start._means if start else self._fit_means(train)
        rows = self._rows(train.inputs)
        arguments: list[Any] = [rows]
        if kind.has_label:
            classified = kind is Kind.CLASSIFICATION
            arguments.append(train.label.astype(np.int64) if classified else train.label)
        weights = {} if train.weight is None else {"sample_weight": train.weight}
        with self._errors():
            if start:
                self._go_on(start._model, arguments, weights)
            else:
                self._model = self._make()
                self._model.fit(*arguments, **weights)
        iterations = _scalar(self._model, "n_iter_")
        metrics = {name.rstrip("_"): _scalar(self._model, name) for name in _OUTCOMES}
        found = {name: value for name, value in metrics.items() if value is not None}
        if validation is not None and kind.has_label:
            found |= self._validated(validation)
        done = 1 if iterations is None else int(iterations)
        return Training(done, "fit" if iterations is None else "iterations", found)

    def _go_on(self, model: Any, arguments: list[Any], weights: Mapping[str, Doubles]) -> None:
        """Trains a fitted model further: with more trees, or from where its weights are."""
        known = self._known_parameters()
        if "warm_start" in known:
            params = self._fitting_params()
            # Of an ensemble, the program says how many members come on top.
            members = "max_iter" if hasattr(model, "_predictors") else "n_estimators"
            if members in known:
                more = params.get(members, known[members].default)
                there = model.n_iter_ if members == "max_iter" else getattr(model, members)
                params[members] = there + more
            model.set_params(**{**params, "warm_start": True})
            self._model = model.fit(*arguments, **weights)
        elif hasattr(model, "partial_fit"):
            self._model = model.partial_fit(*arguments, **weights)
        else:
            raise ProgramError(f"{self.name} cannot go on from a model", help="leave out USING")

    def _validated(self, validation: Examples) -> dict[str, float]:
        found = self.predict(validation.inputs)
        scores = Scores(
            self._kind,
            self._classes,
            validation.label,
            found.values,
            found.probabilities,
            validation.weight,
        )
        default = "accuracy_score" if self._kind is Kind.CLASSIFICATION else "mean_squared_error"
        measures = [metric(name, self._kind) for name in self.settings.metrics or [default]]
        return {f"validation_{measure.name}": measure.compute(scores) for measure in measures}

    def predict(self, inputs: Inputs, *, logits: bool = False) -> Prediction:
        if not rows_of(inputs):
            return self._nothing()
        rows = self._rows(inputs)
        with self._errors():
            match self._kind:
                case Kind.CLASSIFICATION:
                    return self._classified(rows, logits)
                case Kind.DETECTION:
                    return self._detected(rows)
                case Kind.TRANSFORMATION:
                    return Prediction(self._transformed(rows))
                case Kind.CLUSTERING:
                    return self._clustered(rows)
            return Prediction(self._numbers(self._model.predict(rows)))

    def _nothing(self) -> Prediction:
        none: Doubles = np.empty(0)
        if self._kind is Kind.CLUSTERING:
            count = self.clusters()
            shares = None if count is None else np.empty((0, count))
            return Prediction(none, shares, distances=none if self._has_centers() else None)
        if self._kind is Kind.TRANSFORMATION:
            return Prediction(np.empty((0, 0)))
        if self._kind is Kind.DETECTION:
            return Prediction(none, scores=none)
        if self._kind is not Kind.CLASSIFICATION:
            return Prediction(none)
        by_class = np.empty((0, self._classes))
        return Prediction(none, by_class, by_class)

    @staticmethod
    def _numbers(found: Any) -> Doubles:
        return np.asarray(found, np.float64).reshape(len(found), -1)[:, 0]

    def _detected(self, rows: Matrix) -> Prediction:
        values = self._numbers(self._model.predict(rows))
        if not hasattr(self._model, "decision_function"):
            return Prediction(values)
        return Prediction(values, scores=self._numbers(self._model.decision_function(rows)))

    def _clustered(self, rows: Matrix) -> Prediction:
        values = self._numbers(self._model.predict(rows))
        if self.clusters() is not None:
            return Prediction(values, np.asarray(self._model.predict_proba(rows), np.float64))
        if not self._has_centers():
            return Prediction(values)
        return Prediction(values, distances=self._distances(rows, values.astype(np.int64)))

    def _distances(self, rows: Matrix, clusters: Integers) -> Doubles:
        """Returns the Euclidean distance of each row from the center of its cluster."""
        centers = np.asarray(self._model.cluster_centers_, np.float64)
        found = np.empty(len(clusters))
        for cluster in np.unique(clusters):
            own = np.flatnonzero(clusters == cluster)
            # AffinityPropagation that has not converged puts all rows into a cluster -1.
            center = centers[cluster : cluster + 1]
            found[own] = euclidean_distances(rows[own], center)[:, 0] if len(center) else np.nan
        return found

    def _has_centers(self) -> bool:
        return hasattr(self._model, "cluster_centers_")

    def clusters(self) -> int | None:
        count = getattr(self._model, "n_components", None)
        has_probabilities = hasattr(self._model, "predict_proba") and isinstance(count, int)
        return count if self._kind is Kind.CLUSTERING and has_probabilities else None

    def _transformed(self, rows: Matrix) -> Doubles:
        found = self._model.transform(rows)
        found = found.toarray() if hasattr(found, "toarray") else found
        return np.asarray(found, np.float64)

    def _classified(self, rows: Matrix, logits: bool) -> Prediction:
        probabilities = None
        if hasattr(self._model, "predict_proba"):
            probabilities = self._by_class(self._model.predict_proba(rows), absent=0.0)
        if probabilities is not None and self.name.rpartition(".")[2] in _MOST_PROBABLE:
            values = probabilities.argmax(axis=1).astype(np.float64)
        else:
            values = self._numbers(self._model.predict(rows))
        return Prediction(values, probabilities, self._logits(rows) if logits else None)

    def _by_class(self, found: Any, absent: float) -> Doubles:
        """Returns [rows, classes] from a column for each class that was in the training data."""
        by_class = np.full((len(found), self._classes), absent)
        by_class[:, self._known_classes()] = found
        return by_class

    def _known_classes(self) -> Any:
        """Returns the ids of the classes that were in the training data."""
        return np.asarray(getattr(self._model, "classes_", np.arange(self._classes)), np.int64)

    def _logits(self, rows: Matrix) -> Doubles | None:
        if not hasattr(self._model, "decision_function"):
            return None
        found = np.asarray(self._model.decision_function(rows), np.float64)
        if found.ndim == 1:
            found = np.column_stack([-found / 2, found / 2])
        if found.shape[1] != len(self._known_classes()):
            return None  # One against one: a column for each pair.
        return self._by_class(found, absent=-np.inf)

    def points(self, inputs: Inputs) -> Matrix:
        return self._rows(inputs)

    def explainers(self) -> Sequence[str]:
        if self._kind in (Kind.CLUSTERING, Kind.TRANSFORMATION):
            return ()
        linear = () if self._linear() is None else ("LinearExplainer",)
        return (*linear, "PermutationExplainer")

    def explain_rows(self, explainer: str) -> int | None:
        return EXPLAIN_ROWS if explainer == "PermutationExplainer" else None

    def explain(self, explainer: str, inputs: Inputs, background: Inputs) -> Explanation:
        with self._errors():
            if explainer == "PermutationExplainer":
                return permutation_shapley(self._explained, self._features, inputs, background)
            return self._linear_contributions(self._rows(inputs), self._rows(background))

    def _explained(self, inputs: Inputs) -> Doubles:
        """Returns what is explained [rows, outputs]: probabilities where there are some."""
        rows = self._rows(inputs)
        if self._kind is Kind.CLASSIFICATION and hasattr(self._model, "predict_proba"):
            found = self._by_class(self._model.predict_proba(rows), absent=0.0)
            return found[:, 1:] if self._classes == 2 else found
        return self._margins(rows)

    def _margins(self, rows: Any) -> Doubles:
        """Returns [rows, outputs] without probabilities: one number, or one for each class."""
        if self._kind is Kind.REGRESSION:
            return self._numbers(self._model.predict(rows))[:, np.newaxis]
        found = np.asarray(self._model.decision_function(rows), np.float64)
        if found.ndim == 1:
            return found[:, np.newaxis]
        if found.shape[1] != self._classes:
            raise ProgramError(
                f"{self.name} tells pairs of classes apart, which cannot be explained",
                help='train with model.decision_function_shape = "ovr"',
            )
        return found

    def _linear(self) -> tuple[Doubles, Doubles] | None:
        """Returns coefficients [outputs, columns] and constants [outputs] of a linear model.

        Whether it is one is tried out: what is called `coef_` is not always all there is.
        """
        found = getattr(self._model, "coef_", None)
        if found is None or not hasattr(self._model, "intercept_"):
            return None
        found = found.toarray() if hasattr(found, "toarray") else found
        coefficients = np.atleast_2d(np.asarray(found, np.float64))
        constants = np.atleast_1d(np.asarray(self._model.intercept_, np.float64))
        columns = sum(place.stop - place.start for _, place in places(self._target))
        if coefficients.shape[1] != columns:
            return None
        rows = np.random.default_rng(0).normal(size=(4, columns))
        try:
            outputs = self._margins(rows)
        except (AttributeError, ProgramError):
            return None
        wanted = rows @ coefficients.T + constants
        same = wanted.shape == outputs.shape and np.allclose(wanted, outputs)
        return (coefficients, constants) if same else None

    def _linear_contributions(self, rows: Any, background: Any) -> Explanation:
        linear = self._linear()
        assert linear is not None
        coefficients, constants = linear
        mean = np.asarray(background.mean(axis=0)).ravel()
        # Columns are taken one feature at a time.
        rows = rows if isinstance(rows, np.ndarray) else rows.tocsc()
        values = np.stack(
            [
                rows[:, place] @ coefficients[:, place].T - mean[place] @ coefficients[:, place].T
                for _, place in places(self._target)
            ],
            axis=2,
        )
        base = mean @ coefficients.T + constants
        return Explanation(values, np.tile(base, (values.shape[0], 1)))

    def importance(self) -> Mapping[str, Mapping[str, float]]:
        raise AssertionError("there is no explainer that asks for it")

    def save(self, folder: Path) -> None:
        self._write(folder / _MODEL_FILE)
        (folder / _MEANS_FILE).write_text(json.dumps(self._means.tolist()), encoding="utf-8")

    def _write(self, file: Path) -> None:
        try:
            content = skops.io.dumps(self._model)
        except UnsupportedTypeException as error:
            raise ProgramError(f"{self.name} cannot be stored without code: {error}") from error
        unknown = set(skops.io.get_untrusted_types(data=content)) - self._trusted()
        if unknown:
            raise ProgramError(
                f"{self.name} cannot be stored without code: it holds {min(unknown)}",
                help="choose other parameters, or another estimator",
            )
        file.write_bytes(content)

    def load(self, folder: Path, features: Specification, kind: Kind, classes: int) -> None:
        self._use(features, kind, classes)
        try:
            self._means = np.asarray(json.loads((folder / _MEANS_FILE).read_text("utf-8")))
            self._model = self._read(folder / _MODEL_FILE)
        except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
            raise ResourceError(f"the model's estimator cannot be read: {error!r}") from error
        if not isinstance(self._model, self._class):
            raise ResourceError(
                f"the model's file holds a {type(self._model).__name__}, not a {self.name}",
                help="train it again",
            )
        if getattr(self._model, "n_jobs", None) is not None:
            self._model.n_jobs = threads()

    def _read(self, file: Path) -> Any:
        unknown = set(skops.io.get_untrusted_types(file=file))
        if strange := unknown - self._trusted():
            raise ResourceError(
                f"the model's file is refused: it holds {min(strange)}", help="train it again"
            )
        with self._warnings():
            return skops.io.load(file, trusted=sorted(unknown))

    def _trusted(self) -> frozenset[str]:
        return _TRUSTED

    def versions(self) -> Mapping[str, str]:
        return {"scikit-learn": sklearn.__version__, "skops": skops.__version__}

    def _use(self, features: Specification, kind: Kind, classes: int) -> None:
        targets = list(features.targets.values())
        if len(targets) != 1:
            named = ", ".join(features.targets)
            raise ProgramError(
                f"{self.name} takes one list of features, not one each for {named}",
                help="leave out FOR",
            )
        self._features = features
        self._target = targets[0]
        self._kind = kind
        self._classes = classes

    def _fit_means(self, train: Examples) -> Doubles:
        (encoded,) = train.inputs.values()
        present = ~np.isnan(encoded.dense)
        count = np.maximum(present.sum(axis=0), 1)
        total = np.where(present, encoded.dense, 0.0).sum(axis=0, dtype=np.float64)
        means: Doubles = total / count
        return means

    def _rows(self, inputs: Inputs) -> Matrix:
        """Returns the matrix that the estimator takes."""
        (encoded,) = inputs.values()
        sparse = bool(self._target.categories) and self._tags.input_tags.sparse
        if sparse or not self._tags.input_tags.allow_nan:
            missing = np.isnan(encoded.dense)
            if missing.any():
                filled = np.where(missing, self._means, encoded.dense).astype(np.float32)
                encoded = Encoded(filled, encoded.categories)
        if self._target.categories and not sparse:
            self._check_size(encoded.rows)
        rows: Any = matrix(self._target, encoded, "scikit-learn", keep_missing=True)
        if self._target.categories and not sparse:
            rows = rows.toarray()
        # Trees compare float32 with float32; whatever adds up numbers wants more digits.
        trees = self.name.startswith(("sklearn.tree.", "sklearn.ensemble."))
        return rows if trees else rows.astype(np.float64)

    def _check_size(self, rows: int) -> None:
        columns = places(self._target)[-1][1].stop
        if rows * columns * 8 > DENSE_BYTES:
            raise ProgramError(
                f"{self.name} takes no sparse rows, and {rows} rows of {columns} columns are "
                f"{rows * columns * 8 / 2**30:.0f} GiB",
                help="use an estimator that does, such as sklearn.linear_model.SGDClassifier, "
                "or fewer categories",
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Reports what the library raises as the program's error, and what it warns of."""
        with self._warnings():
            try:
                yield
            except (ArithmeticError, NotImplementedError, TypeError, ValueError) as error:
                raise ProgramError(f"{self.name}: {sentence(error)}") from error

    @contextmanager
    def _warnings(self) -> Iterator[None]:
        """Logs what the library warns of, each text once."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for message in dict.fromkeys(sentence(warning.message) for warning in caught):
            _events.log("warning", f"{self.name}: {message}")


def _fitting(value: Value, parameter: inspect.Parameter) -> Any:
    """Returns a value as the constructor takes it: SQL has lists for tuples and dictionaries."""
    if isinstance(value, list) and isinstance(parameter.default, tuple):
        return tuple(value)
    if isinstance(value, list) and parameter.name == "class_weight":
        return dict(enumerate(value))
    return value


def _tags(made: Any) -> Any:
    """Returns what an estimator says of itself; one that says nothing takes plain numbers."""
    try:
        return sklearn.utils.get_tags(made)
    except AttributeError:
        type_ = getattr(made, "_estimator_type", None)
        return Tags(estimator_type=type_, target_tags=TargetTags(required=False))


def _scalar(model: Any, name: str) -> float | None:
    """Returns a fitted attribute that is a number, of a list of numbers the greatest."""
    try:
        found = np.asarray(getattr(model, name, None), np.float64)
    except (TypeError, ValueError):
        return None
    return float(found.max()) if found.size and not np.isnan(found).any() else None


def sentence(error: object) -> str:
    """Returns the first sentences of a message; scikit-learn's go on with links and hints."""
    text = str(error).strip().split("\n\n")[0]
    return one_line(text)[:500]
