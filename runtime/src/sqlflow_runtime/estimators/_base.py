"""What the steps ask of an engine, and what they hand to it."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime.features._fitted import Encoded, Specification
from sqlflow_runtime.features._values import Doubles, Integers

Value: TypeAlias = Any  # str, int, float, bool, None, or a list of them
Inputs: TypeAlias = Mapping[str, Encoded]


class Kind(enum.Enum):
    """What a model's predictions are; those after `LIFETIME` are made without a label."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    RANKING = "ranking"
    HAZARD = "hazard"
    LIFETIME = "lifetime"
    CLUSTERING = "clustering"
    DETECTION = "detection"
    TRANSFORMATION = "transformation"

    @property
    def has_label(self) -> bool:
        return self not in (Kind.CLUSTERING, Kind.DETECTION, Kind.TRANSFORMATION)


@dataclass(frozen=True)
class Settings:
    """How to train, as TRAIN says it; None is what it does not say."""

    params: Mapping[str, Value] = field(default_factory=dict)
    rounds: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    max_steps: int | None = None
    optimizer: Mapping[str, Value] | None = None
    linear_optimizer: Mapping[str, Value] | None = None
    dnn_optimizer: Mapping[str, Value] | None = None
    loss: Mapping[str, Value] | None = None
    early_stopping: int | None = None
    metrics: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in (None, (), [])}


@dataclass(frozen=True)
class Examples:
    """Encoded rows with what is to be learned from them.

    `label` [rows] holds class ids or numbers, and is empty for kinds without a label. For ranking,
    `group` [rows] holds query numbers in ascending order. The label of a hazard is a time, negative
    when nothing happened until then; of a lifetime it is the start of an interval that ends at
    `upper_bound` [rows].
    """

    inputs: Inputs
    label: Doubles
    weight: Doubles | None = None
    group: Integers | None = None
    upper_bound: Doubles | None = None


@dataclass(frozen=True)
class StreamedExamples:
    """Examples that are too many for memory: each pass over them encodes them anew, by batches.

    `folder` takes what an engine keeps on the disk meanwhile.
    """

    passes: Callable[[], Iterator[Examples]]
    folder: Path


@dataclass(frozen=True)
class Training:
    """How a training went: rounds or epochs done, and the last value of each metric watched."""

    done: int
    unit: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Prediction:
    """`values` [rows] are class ids or numbers, of clusters their numbers, of a detection -1 for
    outliers and 1 for the others, of a transformation vectors [rows, components].

    `probabilities` and `logits` [rows, classes] belong to classes, `scores` [rows] to detections:
    the lower, the farther out. A clustering may have `probabilities` [rows, clusters], or
    `distances` [rows] from the centers of the rows' clusters.
    """

    values: Doubles
    probabilities: Doubles | None = None
    logits: Doubles | None = None
    scores: Doubles | None = None
    distances: Doubles | None = None


@dataclass(frozen=True)
class Explanation:
    """Contributions of features to outputs: `values` [rows, outputs, features].

    A row's values and the `base` [rows, outputs] add up to its outputs.
    """

    values: Doubles
    base: Doubles


class Estimator(Protocol):
    """An estimator with its settings; `fit` or `load` makes it a model."""

    name: str
    engine: str
    settings: Settings

    @property
    def family(self) -> str:
        """What a model must share with the one that its training goes on from, in words."""
        ...

    @property
    def roles(self) -> Mapping[str, str]:
        """The columns with a part of their own: `weight`, `group`, `upper_bound` to column."""
        ...

    def kind(self, label: pa.DataType | None) -> Kind:
        """Says what is learned from a label of this type, or without one.

        Raises a ProgramError when the estimator needs a label, or can do nothing with one.
        """
        ...

    def class_count(self) -> int | None:
        """Returns the number of classes the program states, if it does."""
        ...

    def too_many_classes(self, found: int) -> tuple[str, str]:
        """Says why `found` classes are more than `class_count`, and what to write instead."""
        ...

    def class_names(self) -> Sequence[str] | None:
        """Returns the classes the program lists, in order, if it does."""
        ...

    def fit(
        self,
        features: Specification,
        train: Examples,
        validation: Examples | None,
        kind: Kind,
        classes: int,
        start: Estimator | None,
    ) -> Training:
        """Learns, and reports progress. `start` is a fitted one of this family to go on from."""
        ...

    def predict(self, inputs: Inputs, *, logits: bool = False) -> Prediction: ...

    def clusters(self) -> int | None:
        """Returns how many clusters a row has probabilities of, if it has any."""
        ...

    def points(self, inputs: Inputs) -> Any:
        """Returns the rows [rows, columns] as the model of a clustering sees them."""
        ...

    def explainers(self) -> Sequence[str]:
        """Returns the explainers that suit the model, the default one first."""
        ...

    def explain_rows(self, explainer: str) -> int | None:
        """Returns the most rows that can be explained in reasonable time, None if any number."""
        ...

    def explain(self, explainer: str, inputs: Inputs, background: Inputs) -> Explanation:
        """Returns contributions; `background` is a sample of the whole query's rows."""
        ...

    def importance(self) -> Mapping[str, Mapping[str, float]]:
        """Returns for each feature's name its measures of importance, by their names."""
        ...

    def save(self, folder: Path) -> None: ...

    def load(self, folder: Path, features: Specification, kind: Kind, classes: int) -> None: ...

    def versions(self) -> Mapping[str, str]:
        """Returns the versions of the libraries that made the model."""
        ...


@runtime_checkable
class StreamingEstimator(Estimator, Protocol):
    """An estimator that can learn from more rows than memory holds."""

    def why_not_streamed(self, start: Estimator | None) -> str | None:
        """Says which of its settings wants all rows in memory, if one does."""
        ...

    def fit_streamed(
        self,
        features: Specification,
        train: StreamedExamples,
        validation: StreamedExamples | None,
        kind: Kind,
        classes: int,
    ) -> Training:
        """Learns the same as `fit` does, in several passes over the examples."""
        ...


def needs_label(name: str) -> ProgramError:
    return ProgramError(f"{name} learns from a label", help="say LABEL column")


def rows_of(inputs: Inputs) -> int:
    return next(iter(inputs.values())).rows


def take(inputs: Inputs, rows: Integers) -> dict[str, Encoded]:
    return {name: encoded.take(rows) for name, encoded in inputs.items()}


def softmax(logits: npt.NDArray[Any]) -> Doubles:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Doubles = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities


def threads() -> int:
    """Returns the step's share of the machine's cores."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
