"""XGBoost: boosted trees, random forests, boosted linear models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xgboost as xgb

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError, ResourceError, did_you_mean
from sqlflow_runtime._metrics import METRICS, Scores, metric
from sqlflow_runtime.estimators._base import (
    Estimator,
    Examples,
    Explanation,
    Inputs,
    Kind,
    Prediction,
    Settings,
    StreamedExamples,
    Training,
    Value,
    needs_label,
    threads,
)
from sqlflow_runtime.features._fitted import Specification, Target
from sqlflow_runtime.features._matrix import Matrix, matrix, places
from sqlflow_runtime.features._values import Doubles, is_text

DEFAULT_ROUNDS = 10
_MODEL_FILE = "booster.ubj"

_FOREST: Mapping[str, Value] = {
    "learning_rate": 1.0,
    "subsample": 0.8,
    "colsample_bynode": 0.8,
    "reg_lambda": 1e-5,
}
_DEFAULTS: Mapping[str, Mapping[str, Value]] = {
    "xgboost.gbtree": {"booster": "gbtree"},
    "xgboost.gblinear": {"booster": "gblinear"},
    "xgboost.dart": {"booster": "dart"},
    "xgboost.XGBClassifier": {},
    "xgboost.XGBRegressor": {"objective": "reg:squarederror"},
    "xgboost.XGBRanker": {"objective": "rank:pairwise"},
    "xgboost.XGBRFClassifier": _FOREST,
    "xgboost.XGBRFRegressor": {"objective": "reg:squarederror", **_FOREST},
}
_CLASSIFIERS = ("xgboost.XGBClassifier", "xgboost.XGBRFClassifier")

# Columns with a part of their own, by the parameter that names them.
_ROLES = {"weight_column": "weight", "group": "group", "label_upper_bound": "upper_bound"}

# What XGBoost's scikit-learn interface calls differently.
_SYNONYMS = {"n_jobs": "nthread", "random_state": "seed"}

_OF_NETWORKS = (
    "epochs", "max_steps", "optimizer", "linear_optimizer", "dnn_optimizer", "loss"
)  # fmt: skip

# Said by old programs, without effect on the model.
_IGNORED = ("silent", "importance_type", "n_estimators", "missing")

_PARAMETERS = frozenset(
    """
    booster device verbosity validate_parameters nthread disable_default_eval_metric seed
    seed_per_iteration eta learning_rate gamma min_split_loss max_depth min_child_weight
    max_delta_step subsample sampling_method colsample_bytree colsample_bylevel colsample_bynode
    lambda reg_lambda alpha reg_alpha tree_method scale_pos_weight updater refresh_leaf
    process_type grow_policy max_leaves max_bin num_parallel_tree monotone_constraints
    interaction_constraints multi_strategy max_cached_hist_node max_cat_to_onehot
    max_cat_threshold sample_type normalize_type rate_drop one_drop skip_drop feature_selector
    top_k tolerance objective base_score eval_metric num_class tweedie_variance_power huber_slope
    quantile_alpha expectile_alpha aft_loss_distribution aft_loss_distribution_scale
    lambdarank_pair_method lambdarank_num_pair_per_sample lambdarank_normalization
    lambdarank_score_normalization lambdarank_unbiased lambdarank_bias_norm ndcg_exp_gain
    """.split()
)

_OBJECTIVES = (
    "reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror",
    "reg:absoluteerror", "reg:quantileerror", "reg:gamma", "reg:tweedie", "reg:linear",
    "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson", "survival:cox",
    "survival:aft", "multi:softmax", "multi:softprob", "rank:pairwise", "rank:ndcg", "rank:map",
)  # fmt: skip

# XGBoost's own measures, before `@` and `-`.
_EVAL_METRICS = frozenset(
    """
    rmse rmsle mae mape mphe logloss error mlogloss merror auc aucpr pre ndcg map poisson-nloglik
    gamma-nloglik cox-nloglik gamma-deviance tweedie-nloglik aft-nloglik
    interval-regression-accuracy quantile expectile
    """.split()
)


class XGBoost:
    """An XGBoost estimator; see `estimators.Estimator` for the methods."""

    engine = "xgboost"

    _booster: xgb.Booster

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._params = dict(_DEFAULTS[name])
        for given, value in settings.params.items():
            parameter = _SYNONYMS.get(given, given)
            if parameter not in _PARAMETERS and parameter not in (*_IGNORED, *_ROLES):
                known = sorted({*_PARAMETERS, *_SYNONYMS, *_ROLES, "n_estimators"})
                raise ProgramError(
                    f"{name} has no parameter `{given}`", help=did_you_mean(given, known)
                )
            self._params[parameter] = value
        objective = self._params.get("objective")
        if objective is not None and objective not in _OBJECTIVES:
            raise ProgramError(
                f"XGBoost has no objective `{objective}`",
                help=did_you_mean(str(objective), _OBJECTIVES),
            )
        for parameter in ("quantile_alpha", "expectile_alpha"):
            if isinstance(self._params.get(parameter), list):
                raise ProgramError(
                    f"`{parameter}` is a list, but a prediction is one number",
                    help="train a model for each value",
                )
        if objective == "reg:linear":
            self._params["objective"] = "reg:squarederror"
        for setting in _OF_NETWORKS:
            if getattr(settings, setting) is not None:
                raise ProgramError(
                    f"{name} is trained in rounds and has no `{setting}`",
                    help="say train.num_boost_round",
                )
        self._roles = {
            role: str(self._params.pop(parameter))
            for parameter, role in _ROLES.items()
            if self._params.get(parameter) is not None
        }
        self._trees = self._params.pop("n_estimators", None)
        self._missing = self._params.pop("missing", None)
        for parameter in _IGNORED:
            self._params.pop(parameter, None)

    @property
    def family(self) -> str:
        return f"XGBoost, booster {self._booster_name()}"

    @property
    def roles(self) -> Mapping[str, str]:
        return self._roles

    def kind(self, label: pa.DataType | None) -> Kind:
        if label is None:
            raise needs_label(self.name)
        objective = self._params.get("objective")
        if objective is None:
            # A text or a truth value can only be a class, whatever the booster.
            classes = is_text(label) or pa.types.is_boolean(label) or self.name in _CLASSIFIERS
            return Kind.CLASSIFICATION if classes else Kind.REGRESSION
        if str(objective).startswith(("binary:", "multi:")):
            return Kind.CLASSIFICATION
        if str(objective).startswith("rank:"):
            return Kind.RANKING
        survival = {"survival:cox": Kind.HAZARD, "survival:aft": Kind.LIFETIME}
        return survival.get(str(objective), Kind.REGRESSION)

    def class_count(self) -> int | None:
        count = self._params.get("num_class")
        if count is None or str(self._params.get("objective", "")).startswith("binary:"):
            return 2 if str(self._params.get("objective", "")).startswith("binary:") else None
        if isinstance(count, bool) or not isinstance(count, int) or count < 2:
            raise ProgramError(f"num_class is {count!r}; it takes a whole number from 2")
        return count

    def too_many_classes(self, found: int) -> tuple[str, str]:
        objective = str(self._params.get("objective", ""))
        if objective.startswith("binary:"):
            return (
                f"the objective {objective} tells two apart",
                f'say objective = "multi:softprob", num_class = {found}',
            )
        return f"num_class is {self._params['num_class']}", f"say num_class = {found}"

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
        assert start is None or isinstance(start, XGBoost)
        return self._fit(features, train, validation, kind, classes, start)

    def why_not_streamed(self, start: Estimator | None) -> str | None:
        if self._booster_name() != "gbtree":
            return f"the booster {self._booster_name()}"
        if self._params.get("tree_method", "auto") not in ("auto", "hist"):
            return f"tree_method {self._params['tree_method']}"
        if "group" in self._roles:
            # The rows of a query must lie together, and only a sort of all rows sees to that.
            return "ranking"
        return None if start is None else "USING"

    def fit_streamed(
        self,
        features: Specification,
        train: StreamedExamples,
        validation: StreamedExamples | None,
        kind: Kind,
        classes: int,
    ) -> Training:
        return self._fit(features, train, validation, kind, classes, None)

    def _fit(
        self,
        features: Specification,
        train: Examples | StreamedExamples,
        validation: Examples | StreamedExamples | None,
        kind: Kind,
        classes: int,
        start: XGBoost | None,
    ) -> Training:
        self._use(features, kind, classes)
        params = self._booster_params()
        rounds = self._rounds()
        own_metrics, custom = self._watched()
        if own_metrics:
            params["eval_metric"] = own_metrics
        with _xgboost_errors():
            # A model to go on from predicts on the raw rows, which a QuantileDMatrix lacks.
            quantile = self._booster_name() != "gblinear" and start is None
            quantile = quantile and params.get("tree_method", "auto") in ("auto", "hist")
            data = self._data(train, params, quantile=quantile, reference=None)
            watched = [(data, "train")]
            if validation is not None:
                reference = data if quantile else None
                checked = self._data(validation, params, quantile=quantile, reference=reference)
                watched.append((checked, "validation"))
            callbacks: list[xgb.callback.TrainingCallback] = [_Progress(rounds)]
            if self.settings.early_stopping is not None:
                callbacks.append(self._early_stopping(validation))
            history: dict[str, dict[str, Any]] = {}
            self._booster = xgb.train(
                params,
                data,
                num_boost_round=rounds,
                evals=watched,
                evals_result=history,
                custom_metric=custom,
                verbose_eval=False,
                xgb_model=None if start is None else start._booster,
                callbacks=callbacks,
            )
        best = self._booster.attr("best_iteration")
        position = int(best) if best is not None else -1
        metrics = {
            f"{name}_{measure}": float(values[position])
            for name, measures in history.items()
            for measure, values in measures.items()
        }
        done = len(next(iter(history["train"].values()), []))
        return Training(done, "rounds", metrics)

    def predict(self, inputs: Inputs, *, logits: bool = False) -> Prediction:
        rows = self._matrix(inputs)
        with _xgboost_errors():
            raw = self._output(rows, margin=False)
            if self._kind is not Kind.CLASSIFICATION:
                return Prediction(raw.astype(np.float64))
            margin = self._output(rows, margin=True) if logits else None
        objective = str(self._params["objective"])
        if objective.startswith("multi:"):
            probabilities = raw.astype(np.float64)
            return Prediction(
                probabilities.argmax(axis=1).astype(np.float64),
                probabilities,
                None if margin is None else margin.astype(np.float64),
            )
        both = None if margin is None else np.column_stack([-margin / 2, margin / 2])
        if objective == "binary:hinge":
            return Prediction(raw.astype(np.float64), None, both)
        positive = raw.astype(np.float64)
        if objective == "binary:logitraw":
            positive = 1 / (1 + np.exp(-positive))
        return Prediction(
            (positive > 0.5).astype(np.float64),
            np.column_stack([1 - positive, positive]),
            both,
        )

    def _output(self, rows: Matrix, *, margin: bool) -> Any:
        if self._booster_name() == "gblinear":
            return self._booster.predict(xgb.DMatrix(rows), output_margin=margin)
        kind = "margin" if margin else "value"
        return self._booster.inplace_predict(rows, predict_type=kind)

    def clusters(self) -> int | None:
        return None

    def points(self, inputs: Inputs) -> Any:
        raise AssertionError("XGBoost does not cluster")

    def explainers(self) -> Sequence[str]:
        if self._booster_name() == "gblinear":
            return ("LinearExplainer", "XGBoostExplainer")
        return ("TreeExplainer", "XGBoostExplainer")

    def explain_rows(self, explainer: str) -> int | None:
        return None

    def explain(self, explainer: str, inputs: Inputs, background: Inputs) -> Explanation:
        rows = self._matrix(inputs)
        with _xgboost_errors():
            found = self._booster.predict(xgb.DMatrix(rows), pred_contribs=True)
        contributions = np.atleast_2d(found).astype(np.float64)
        if contributions.ndim == 2:
            contributions = contributions[:, np.newaxis, :]
        # Contributions are additive, so a feature of several columns has the sum of theirs.
        values = np.stack(
            [contributions[:, :, place].sum(axis=2) for _, place in places(self._target)], axis=2
        )
        return Explanation(values, contributions[:, :, -1])

    def importance(self) -> Mapping[str, Mapping[str, float]]:
        if self._booster_name() == "gblinear":
            measures = {"coefficient": self._booster.get_score(importance_type="weight")}
        else:
            measures = {
                "fscore": self._booster.get_score(importance_type="weight"),
                "gain": self._booster.get_score(importance_type="total_gain"),
            }
        result: dict[str, dict[str, float]] = {}
        for feature, place in places(self._target):
            columns = [f"f{column}" for column in range(place.start, place.stop)]
            result[feature.name] = {
                name: sum(float(np.abs(scores.get(column, 0.0)).sum()) for column in columns)
                for name, scores in measures.items()
            }
        if "gain" in measures:
            # Gain is the mean over a feature's splits, also when it has several columns.
            for scores in result.values():
                scores["gain"] /= scores["fscore"] or 1.0
        return result

    def save(self, folder: Path) -> None:
        with _xgboost_errors():
            (folder / _MODEL_FILE).write_bytes(self._booster.save_raw("ubj"))

    def load(self, folder: Path, features: Specification, kind: Kind, classes: int) -> None:
        self._use(features, kind, classes)
        try:
            self._booster = xgb.Booster({"nthread": threads()})
            self._booster.load_model(bytearray((folder / _MODEL_FILE).read_bytes()))
        except xgb.core.XGBoostError as error:
            raise ResourceError(f"the model's booster cannot be read: {_reason(error)}") from error

    def versions(self) -> Mapping[str, str]:
        return {"xgboost": xgb.__version__}

    def _use(self, features: Specification, kind: Kind, classes: int) -> None:
        targets = list(features.targets.values())
        if len(targets) != 1:
            named = ", ".join(features.targets)
            raise ProgramError(
                f"{self.name} takes one list of features, not one each for {named}",
                help="leave out FOR",
            )
        self._target: Target = targets[0]
        self._kind = kind
        self._classes = classes
        if kind is Kind.CLASSIFICATION and "objective" not in self._params:
            self._params["objective"] = "binary:logistic" if classes == 2 else "multi:softprob"
        if kind is not Kind.CLASSIFICATION:
            self._params.setdefault("objective", "reg:squarederror")

    def _booster_name(self) -> str:
        return str(self._params.get("booster", "gbtree"))

    def _rounds(self) -> int:
        if self.name.startswith("xgboost.XGBRF"):
            if self.settings.rounds not in (None, 1):
                _events.log("info", f"{self.name} is one round of parallel trees")
            return 1
        # `n_estimators` is only there when the program says so, `rounds` by default too.
        return int(self._trees or self.settings.rounds or DEFAULT_ROUNDS)

    def _booster_params(self) -> dict[str, Value]:
        params = dict(self._params)
        if self._kind is Kind.CLASSIFICATION and str(params["objective"]).startswith("multi:"):
            # The same trees as softmax, and probabilities as well as classes.
            params["objective"] = "multi:softprob"
            params["num_class"] = self._classes
        else:
            params.pop("num_class", None)
        if self.name.startswith("xgboost.XGBRF"):
            params.setdefault("num_parallel_tree", int(self._trees or 100))
        params.setdefault("nthread", threads())
        params.setdefault("verbosity", 0)
        metrics = params.get("eval_metric")
        if isinstance(metrics, str):
            params["eval_metric"] = [part.strip() for part in metrics.split(",")]
        self._params["objective"] = params["objective"]
        constraints = params.get("monotone_constraints")
        if isinstance(constraints, list):
            params["monotone_constraints"] = self._by_column(constraints)
        return params

    def _by_column(self, constraints: list[int]) -> str:
        """Spreads one constraint a feature over the columns of the features."""
        placed = places(self._target)
        if len(constraints) != len(placed):
            raise ProgramError(
                f"monotone_constraints has {len(constraints)} values for {len(placed)} features"
            )
        columns = [0] * placed[-1][1].stop
        for (_, place), constraint in zip(placed, constraints, strict=True):
            columns[place] = [constraint] * (place.stop - place.start)
        return "(" + ",".join(map(str, columns)) + ")"

    def _watched(self) -> tuple[list[str], Callable[..., Any] | None]:
        """Returns XGBoost's own measures among the validation's, and a function for the others."""
        own = [name for name in self.settings.metrics if _is_eval_metric(name)]
        named = self._params.get("eval_metric")
        if named is not None and own:
            own = [*(named if isinstance(named, list) else str(named).split(",")), *own]
        others = [metric(name, self._kind) for name in self.settings.metrics if name not in own]
        if not others:
            return own, None
        kind, classes = self._kind, self._classes

        def custom(predicted: Any, data: xgb.DMatrix) -> list[tuple[str, float]]:
            values = np.asarray(predicted, np.float64)
            label = np.asarray(data.get_label(), np.float64)
            weight = data.get_weight()
            scores = _scores(kind, classes, label, values, weight if len(weight) else None)
            return [(measure.name, measure.compute(scores)) for measure in others]

        return own, custom

    def _early_stopping(
        self, validation: Examples | StreamedExamples | None
    ) -> xgb.callback.EarlyStopping:
        if validation is None:
            raise ProgramError(
                "early stopping needs data to watch", help="say validation.select = 'SELECT …'"
            )
        # The first metric that the program names, or else the last one that XGBoost computes.
        named = self.settings.metrics[0] if self.settings.metrics else None
        own = named is None or _is_eval_metric(named)
        maximize = None if own else metric(str(named), self._kind).greater_is_better
        return xgb.callback.EarlyStopping(
            rounds=self.settings.early_stopping,
            metric_name=named,
            data_name="validation",
            maximize=maximize,
            save_best=self._booster_name() == "gbtree",
        )

    def _data(
        self,
        examples: Examples | StreamedExamples,
        params: Mapping[str, Value],
        *,
        quantile: bool,
        reference: xgb.DMatrix | None,
    ) -> xgb.DMatrix:
        options: dict[str, Any] = {"nthread": params["nthread"]}
        if self._missing is not None:
            options["missing"] = float(self._missing)
        if quantile:
            options["ref"] = reference
            if "max_bin" in params:
                options["max_bin"] = int(params["max_bin"])
        if isinstance(examples, StreamedExamples):
            name = "train" if reference is None else "validation"
            passes = _Passes(examples, self._content, examples.folder / name)
            return xgb.ExtMemQuantileDMatrix(passes, **options)
        content = self._content(examples)
        if quantile:
            return xgb.QuantileDMatrix(**content, **options)
        return xgb.DMatrix(**content, **options)

    def _content(self, examples: Examples) -> dict[str, Any]:
        content: dict[str, Any] = {
            "data": self._matrix(examples.inputs),
            "label": examples.label,
        }
        if examples.weight is not None:
            content["weight"] = examples.weight
        if examples.group is not None:
            content["qid"] = examples.group
            if examples.weight is not None:
                # XGBoost weighs queries: one weight each, the one of its first row.
                first = np.unique(examples.group, return_index=True)[1]
                content["weight"] = examples.weight[first]
        if self._params["objective"] == "survival:aft":
            upper = examples.label if examples.upper_bound is None else examples.upper_bound
            content |= {"label_lower_bound": examples.label, "label_upper_bound": upper}
        return content

    def _matrix(self, inputs: Inputs) -> Matrix:
        (encoded,) = inputs.values()
        return matrix(self._target, encoded, "XGBoost")


class _Passes(xgb.DataIter):
    """Hands batches to XGBoost, which asks for all of them several times."""

    def __init__(
        self,
        examples: StreamedExamples,
        content: Callable[[Examples], dict[str, Any]],
        cache: Path,
    ) -> None:
        self._examples = examples
        self._content = content
        self._batches = examples.passes()
        super().__init__(cache_prefix=str(cache))

    def next(self, input_data: Callable[..., Any]) -> bool:
        batch = next(self._batches, None)
        if batch is None:
            return False
        input_data(**self._content(batch))
        return True

    def reset(self) -> None:
        self._batches = self._examples.passes()


class _Progress(xgb.callback.TrainingCallback):
    def __init__(self, rounds: int) -> None:
        super().__init__()
        self._rounds = rounds
        self._done = 0

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self._done += 1
        metrics = {
            f"{data}_{name}": float(values[-1])
            for data, measures in evals_log.items()
            for name, values in measures.items()
        }
        _events.progress(self._done, self._rounds, "rounds", metrics)
        return False


def _scores(
    kind: Kind, classes: int, label: Doubles, values: Doubles, weight: Doubles | None
) -> Scores:
    """Returns what XGBoost predicts while it trains in the form that the metrics take."""
    if kind is not Kind.CLASSIFICATION:
        return Scores(kind, classes, label, values, None, weight)
    if values.ndim == 1:
        values = np.column_stack([1 - values, values])
    return Scores(kind, classes, label, values.argmax(axis=1).astype(np.float64), values, weight)


def _is_eval_metric(name: str) -> bool:
    if name in METRICS:
        return False
    return name in _EVAL_METRICS or re.split(r"[@]|-$", name)[0] in _EVAL_METRICS


@contextmanager
def _xgboost_errors() -> Iterator[None]:
    try:
        yield
    except xgb.core.XGBoostError as error:
        raise ProgramError(f"XGBoost: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Returns the sentence in XGBoost's error, without its source lines and stack."""
    text = re.split(r"\n(?:Stack trace|\s*$)", str(error))[0]
    text = re.sub(r"^\[[\d:]+\] \S+:\d+: ", "", text)
    return re.sub(r"^Check failed: .*?: (?=\S)", "", text.strip(), flags=re.DOTALL)
