"""Shapley values of any model, by walking from background rows to the row feature by feature."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sqlflow_runtime.estimators._base import Explanation, Inputs
from sqlflow_runtime.features._fitted import Encoded, Target
from sqlflow_runtime.features._values import Doubles, Integers, Ragged

_LEAST_WALKS = 16

_CHUNK_ROWS = 65_536


def permutation_shapley(
    outputs: Callable[[Inputs], Doubles], target: Target, inputs: Inputs, background: Inputs
) -> Explanation:
    """Estimates Shapley values of `outputs` [rows, outputs] against `background`.

    Each walk starts at a row of the background, the same one for all explained rows, and puts in
    the explained row's features one after the other in a random order; what an output changes by
    belongs to the feature put in. So the base is the background's mean output, values and base add
    up to the row's outputs exactly, and the same input gives the same values.
    """
    ((name, row),) = inputs.items()
    (other,) = background.values()
    features = len(target.features)
    random = np.random.default_rng(0)
    # Walking the background's rows equally often, in an order and in its reverse by turns, which
    # halves the error.
    walks = other.rows * math.ceil(_LEAST_WALKS / other.rows)
    order = np.arange(features)
    total: Doubles | None = None
    base: Doubles | None = None
    for walk in range(walks):
        order = random.permutation(features) if walk % 2 == 0 else order[::-1]
        start = other.take(np.full(row.rows, walk % other.rows))
        stages = _outputs(outputs, name, target, row, start, order)
        if total is None or base is None:
            total = np.zeros((row.rows, stages.shape[2], features))
            base = np.zeros(stages.shape[1:])
        total[:, :, order] += np.moveaxis(np.diff(stages, axis=0), 0, 2)
        base += stages[0]
    assert total is not None
    assert base is not None
    return Explanation(total / walks, base / walks)


def _outputs(
    outputs: Callable[[Inputs], Doubles],
    name: str,
    target: Target,
    row: Encoded,
    start: Encoded,
    order: Integers,
) -> Doubles:
    """Returns the outputs along one walk: [features + 1, rows, outputs]."""
    taken = np.zeros(len(order), np.bool_)
    stages = [start]
    for feature in order:
        taken[feature] = True
        stages.append(_mixed(target, row, start, taken))
    everything = Encoded(
        np.concatenate([stage.dense for stage in stages]),
        tuple(
            Ragged.concatenate(list(ragged))
            for ragged in zip(*(stage.categories for stage in stages), strict=True)
        ),
    )
    found = np.concatenate(
        [
            outputs(
                {name: everything.take(np.arange(low, min(low + _CHUNK_ROWS, everything.rows)))}
            )
            for low in range(0, everything.rows, _CHUNK_ROWS)
        ]
    )
    return found.reshape(len(stages), row.rows, -1)


def _mixed(target: Target, row: Encoded, start: Encoded, taken: npt.NDArray[np.bool_]) -> Encoded:
    """Returns `start` with the features that are `taken` from `row`."""
    places = {feature.name: place for place, feature in enumerate(target.features)}
    dense = start.dense.copy()
    for feature, columns in target.dense:
        if taken[places[feature.name]]:
            dense[:, columns] = row.dense[:, columns]
    categories = tuple(
        ours if taken[places[name]] else theirs
        for (name, _), ours, theirs in zip(
            target.categories, row.categories, start.categories, strict=True
        )
    )
    return Encoded(dense, categories)
