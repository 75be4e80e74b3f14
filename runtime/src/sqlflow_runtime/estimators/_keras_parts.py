"""The parts of a network that feature columns make: what goes in, and the layers it meets first.

A part belongs to one target. In a deep one, categories become ones and zeros up to `ONE_HOT_SIZE`
and vectors that are learned beyond it; in a linear one, each category has a weight of its own for
each output.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from sqlflow_runtime._errors import ProgramError, did_you_mean
from sqlflow_runtime.features._fitted import CategoryNode, Embedded, Encoded, Target
from sqlflow_runtime.features._values import Doubles, Floats, Integers, Ragged

ONE_HOT_SIZE = 256

INITIALIZERS = (
    "truncated_normal", "random_normal", "random_uniform", "glorot_normal", "glorot_uniform",
    "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "zeros", "ones", "uniform",
)  # fmt: skip


@dataclass(frozen=True)
class Scales:
    """What a target's numbers are shifted and divided by on their way in."""

    mean: Doubles
    scale: Doubles

    @classmethod
    def of(cls, dense: Floats) -> Scales:
        present = ~np.isnan(dense)
        count = np.maximum(present.sum(axis=0), 1)
        mean = np.where(present, dense, 0.0).sum(axis=0, dtype=np.float64) / count
        squares = np.where(present, dense - mean, 0.0) ** 2
        scale = np.sqrt(squares.sum(axis=0) / count)
        scale[scale == 0] = 1.0
        return cls(mean, scale)

    def apply(self, dense: Floats) -> Floats:
        """Returns the numbers scaled, missing ones as the mean."""
        with np.errstate(over="ignore"):
            scaled = (dense - self.mean) / self.scale
        return np.nan_to_num(scaled, nan=0.0).astype(np.float32)


class DeepPart:
    """Numbers, ones and zeros and learned vectors, side by side, for the layers of a network."""

    def __init__(self, target: Target, scales: Scales, seed: int, prefix: str = "") -> None:
        self._target = target
        self._scales = scales
        self._seed = seed
        self._prefix = prefix

    def layers(self) -> tuple[list[Any], Any]:
        """Returns the inputs, and what a hidden layer takes."""
        inputs: list[Any] = []
        parts: list[Any] = []
        if width := self._number_width():
            inputs.append(keras.Input((width,), name=f"{self._prefix}numbers"))
            parts.append(inputs[-1])
        for place, (_, node) in enumerate(self._target.categories):
            if not _is_learned(node):
                continue
            ids, weights = _category_inputs(self._prefix, place)
            dimension = _dimension(node)
            vectors = keras.layers.Embedding(
                node.size,
                dimension,
                embeddings_initializer=_initializer(node, dimension, self._seed + place),
                name=f"{self._prefix}embedding_{place}",
            )(ids)
            inputs += [ids, weights]
            dot = keras.layers.Dot(axes=1, name=f"{self._prefix}sum_{place}")
            parts.append(dot([weights, vectors]))
        return inputs, parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)

    def arrays(self, encoded: Encoded) -> list[Any]:
        """Returns the inputs' values for encoded rows."""
        numbers = [self._scales.apply(encoded.dense)]
        learned = []
        for (_, node), ragged in zip(self._target.categories, encoded.categories, strict=True):
            if _is_learned(node):
                learned += _padded(ragged, _combiner(node, "sum"))
            else:
                numbers.append(_one_hot(ragged, node.size))
        joined = numbers[0] if len(numbers) == 1 else np.concatenate(numbers, axis=1)
        return [joined, *learned] if self._number_width() else learned

    def _number_width(self) -> int:
        one_hot = sum(node.size for _, node in self._target.categories if not _is_learned(node))
        return self._target.dense_width + one_hot


class LinearPart:
    """A weight for each number and each category, for each of `width` outputs.

    Its layers are called `linear_*`, by which their optimizer is found. They start at zero, like
    those of any convex problem.
    """

    PREFIX = "linear_"

    def __init__(self, target: Target, scales: Scales, combiner: str, width: int) -> None:
        self._target = target
        self._scales = scales
        self._combiner = combiner
        self._width = width

    def layers(self) -> tuple[list[Any], Any]:
        """Returns the inputs, and the outputs."""
        numbers = keras.Input((self._target.dense_width or 1,), name=f"{self.PREFIX}numbers")
        inputs = [numbers]
        output = keras.layers.Dense(
            self._width, kernel_initializer="zeros", name=f"{self.PREFIX}output"
        )
        parts = [output(numbers)]
        for place, (_, node) in enumerate(self._target.categories):
            ids, weights = _category_inputs(self.PREFIX, place)
            vectors = keras.layers.Embedding(
                node.size,
                self._width,
                embeddings_initializer="zeros",
                name=f"{self.PREFIX}weights_of_{place}",
            )(ids)
            inputs += [ids, weights]
            dot = keras.layers.Dot(axes=1, name=f"{self.PREFIX}sum_{place}")
            parts.append(dot([weights, vectors]))
        return inputs, parts[0] if len(parts) == 1 else keras.layers.Add()(parts)

    def arrays(self, encoded: Encoded) -> list[Any]:
        """Returns the inputs' values for encoded rows."""
        numbers = self._scales.apply(encoded.dense)
        # Without a number, a column of zeros carries the constant.
        arrays = [numbers if self._target.dense_width else np.zeros((encoded.rows, 1), np.float32)]
        for (_, node), ragged in zip(self._target.categories, encoded.categories, strict=True):
            arrays += _padded(ragged, _combiner(node, self._combiner))
        return arrays


class SequencePart:
    """A learned vector for each category of a sequence, for the layers that walk along it."""

    def __init__(self, name: str, target: Target, seed: int) -> None:
        self._target = target
        self._seed = seed
        if target.dense:
            raise ProgramError(
                f"{name} takes sequences, and feature `{target.dense[0][0].name}` is a number",
                help="say EMBEDDING(SEQ_CATEGORY_ID(column, size), dimension)",
            )

    def layers(self) -> tuple[list[Any], Any]:
        """Returns the inputs, and a vector [rows, places, numbers] for each place."""
        inputs: list[Any] = []
        parts: list[Any] = []
        for place, (_, node) in enumerate(self._target.categories):
            dimension = _dimension(node)
            inputs.append(keras.Input((None,), dtype="int32", name=f"ids_{place}"))
            # Id 0 stands for the end of a sequence, which the next layers pass over.
            embedding = keras.layers.Embedding(
                node.size + 1,
                dimension,
                embeddings_initializer=_initializer(node, dimension, self._seed + place),
                mask_zero=True,
                name=f"embedding_{place}",
            )
            parts.append(embedding(inputs[-1]))
        return inputs, parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)

    def arrays(self, encoded: Encoded) -> list[Any]:
        """Returns the inputs' values for encoded rows, all of one length."""
        longest = max(_longest(ragged) for ragged in encoded.categories)
        return [_sequence(ragged, longest) for ragged in encoded.categories]


def _sequence(ragged: Ragged, longest: int) -> Any:
    """Returns ids from 1 [rows, longest], filled up with 0."""
    ids = np.zeros((ragged.rows, longest), np.int32)
    ids[ragged.row_of_id(), _places(ragged)] = ragged.ids + 1
    return ids


def _category_inputs(prefix: str, place: int) -> tuple[Any, Any]:
    ids = keras.Input((None,), dtype="int32", name=f"{prefix}ids_{place}")
    return ids, keras.Input((None,), name=f"{prefix}weights_{place}")


def _is_learned(node: CategoryNode) -> bool:
    return isinstance(node, Embedded) or node.size > ONE_HOT_SIZE


def _dimension(node: CategoryNode) -> int:
    """Returns the length of a category's vector: as declared, or grown slowly with their number."""
    return node.dimension if isinstance(node, Embedded) else min(64, round(1.6 * node.size**0.56))


def _combiner(node: CategoryNode, default: str) -> str:
    return node.combiner if isinstance(node, Embedded) else default


def _initializer(node: CategoryNode, dimension: int, seed: int) -> Any:
    if isinstance(node, Embedded) and node.initializer is not None:
        name = one_of("EMBEDDING's initializer", node.initializer, INITIALIZERS)
        made = keras.initializers.get(name)
        if "seed" in inspect.signature(type(made).__init__).parameters:
            return type(made)(seed=seed)
        return made
    return keras.initializers.TruncatedNormal(stddev=1 / math.sqrt(dimension), seed=seed)


def _padded(ragged: Ragged, combiner: str) -> list[Any]:
    """Returns ids and weights [rows, longest], filled up with weight 0."""
    longest = _longest(ragged)
    rows, places = ragged.row_of_id(), _places(ragged)
    ids = np.zeros((ragged.rows, longest), np.int32)
    weights = np.zeros((ragged.rows, longest), np.float32)
    ids[rows, places] = ragged.ids
    weights[rows, places] = 1.0 if ragged.weights is None else ragged.weights
    if combiner != "sum":
        total = weights.sum(axis=1) if combiner == "mean" else np.sqrt((weights**2).sum(axis=1))
        weights /= np.where(total == 0, 1.0, total)[:, np.newaxis]
    return [ids, weights]


def _longest(ragged: Ragged) -> int:
    """Returns the length to fill rows up to: a power of two, so that few shapes are compiled."""
    return 1 << int(max(np.diff(ragged.offsets).max(initial=1), 1) - 1).bit_length()


def _places(ragged: Ragged) -> Integers:
    """Returns each id's place in its row."""
    lengths = np.diff(ragged.offsets)
    places: Integers = np.arange(len(ragged.ids)) - np.repeat(ragged.offsets[:-1], lengths)
    return places


def _one_hot(ragged: Ragged, size: int) -> Floats:
    ones = np.zeros((ragged.rows, size), np.float32)
    weights = 1.0 if ragged.weights is None else ragged.weights
    np.add.at(ones, (ragged.row_of_id(), ragged.ids), weights)
    return ones


def one_of(what: str, name: str, known: Sequence[str]) -> str:
    """Returns the known name that `name` is, written with or without underscores and capitals."""
    folded = {candidate.lower().replace("_", ""): candidate for candidate in known}
    found = folded.get(name.lower().replace("_", ""))
    if found is None:
        raise ProgramError(f"no {what} `{name}`", help=did_you_mean(name, known))
    return found
