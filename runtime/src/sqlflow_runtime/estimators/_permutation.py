"""Shapley values of any model, by walking from background rows to the row feature by feature."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sqlflow_runtime.estimators._base import Explanation, Inputs, rows_of, take
from sqlflow_runtime.features._fitted import Encoded, Specification, Target
from sqlflow_runtime.features._values import Doubles, Integers, Ragged

_LEAST_WALKS = 16

_CHUNK_ROWS = 65_536


def permutation_shapley(
    outputs: Callable[[Inputs], Doubles],
    features: Specification,
    inputs: Inputs,
    background: Inputs,
) -> Explanation:
    """Estimates Shapley values of `outputs` [rows, outputs] against `background`.

    Each walk starts at a row of the background, the same one for all explained rows, and puts in
    the explained row's features one after the other in a random order; what an output changes by
    belongs to the feature put in. So the base is the background's mean output, values and base add
    up to the row's outputs exactly, and the same input gives the same values.
    """
    names = features.feature_names()
    rows, others = rows_of(inputs), rows_of(background)
    random = np.random.default_rng(0)
    # Walking the background's rows equally often, in an order and in its reverse by turns, which
    # halves the error.
    walks = others * math.ceil(_LEAST_WALKS / others)
    order = np.arange(len(names))
    total: Doubles | None = None
    base: Doubles | None = None
    for walk in range(walks):
        order = random.permutation(len(names)) if walk % 2 == 0 else order[::-1]
        start = take(background, np.full(rows, walk % others))
        stages = _outputs(outputs, features, names, inputs, start, order)
        if total is None or base is None:
            total = np.zeros((rows, stages.shape[2], len(names)))
            base = np.zeros(stages.shape[1:])
        total[:, :, order] += np.moveaxis(np.diff(stages, axis=0), 0, 2)
        base += stages[0]
    assert total is not None
    assert base is not None
    return Explanation(total / walks, base / walks)


def _outputs(
    outputs: Callable[[Inputs], Doubles],
    features: Specification,
    names: list[str],
    inputs: Inputs,
    start: Inputs,
    order: Integers,
) -> Doubles:
    """Returns the outputs along one walk: [features + 1, rows, outputs]."""
    everything = {
        target: _stages(features.targets[target], names, inputs[target], start[target], order)
        for target in inputs
    }
    stages, rows = len(order) + 1, rows_of(inputs)
    found = np.concatenate(
        [
            outputs(take(everything, np.arange(low, min(low + _CHUNK_ROWS, stages * rows))))
            for low in range(0, stages * rows, _CHUNK_ROWS)
        ]
    )
    return found.reshape(stages, rows, -1)


def _stages(
    target: Target, names: list[str], row: Encoded, start: Encoded, order: Integers
) -> Encoded:
    """Returns the rows of one target at each stage of a walk, one stage after the other."""
    taken = np.zeros(len(order), np.bool_)
    stages = [start]
    for feature in order:
        taken[feature] = True
        stages.append(_mixed(target, dict(zip(names, taken, strict=True)), row, start))
    return Encoded(
        np.concatenate([stage.dense for stage in stages]),
        tuple(
            Ragged.concatenate(list(ragged))
            for ragged in zip(*(stage.categories for stage in stages), strict=True)
        ),
    )


def _mixed(
    target: Target, taken: dict[str, npt.NDArray[np.bool_]], row: Encoded, start: Encoded
) -> Encoded:
    """Returns `start` with the features that are `taken` from `row`."""
    dense = start.dense.copy()
    for feature, columns in target.dense:
        if taken[feature.name]:
            dense[:, columns] = row.dense[:, columns]
    categories = tuple(
        ours if taken[name] else theirs
        for (name, _), ours, theirs in zip(
            target.categories, row.categories, start.categories, strict=True
        )
    )
    return Encoded(dense, categories)
