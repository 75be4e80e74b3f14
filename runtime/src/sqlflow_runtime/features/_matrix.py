"""Encoded rows as one matrix, for trees and linear models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime.features._fitted import Embedded, Encoded, Feature, Target
from sqlflow_runtime.features._values import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    Matrix: TypeAlias = Floats | csr_matrix
else:
    Matrix = Any


def places(target: Target) -> list[tuple[Feature, slice]]:
    """Returns the columns of the matrix that each feature takes, in the order of the features."""
    dense = {feature.name: place for feature, place in target.dense}
    placed = []
    start = target.dense_width
    for feature in target.features:
        place = dense.get(feature.name)
        if place is None:
            place = slice(start, start + feature.node.size)  # type: ignore[union-attr]
            start = place.stop
        placed.append((feature, place))
    return placed


def matrix(target: Target, encoded: Encoded, engine: str, *, keep_missing: bool = False) -> Matrix:
    """Returns a float32 matrix [rows, columns]: dense, or CSR when there are categories.

    A category is a column that holds its weight, or how often the row has it. Absent entries of a
    CSR matrix and NaN mean the same to XGBoost, missing; with `keep_missing`, NaN is an entry.
    """
    if not target.categories:
        return encoded.dense
    from scipy.sparse import csr_matrix

    rows = [np.repeat(np.arange(encoded.rows), target.dense_width)]
    columns = [np.tile(np.arange(target.dense_width), encoded.rows)]
    data = [encoded.dense.ravel()]
    present = data[0] != 0 if keep_missing else ~np.isnan(data[0])
    rows[0], columns[0], data[0] = rows[0][present], columns[0][present], data[0][present]
    start = target.dense_width
    for (name, node), ragged in zip(target.categories, encoded.categories, strict=True):
        if isinstance(node, Embedded):
            raise ProgramError(
                f"feature `{name}` is an EMBEDDING, which {engine} cannot learn",
                help="use INDICATOR, or a DNN estimator",
            )
        rows.append(ragged.row_of_id())
        columns.append(ragged.ids + start)
        weights = ragged.weights
        data.append(np.ones(len(ragged.ids), np.float32) if weights is None else weights)
        start += node.size
    # Equal entries are added up, so a category that a row has twice counts twice.
    coordinates = (np.concatenate(rows), np.concatenate(columns))
    return csr_matrix((np.concatenate(data), coordinates), shape=(encoded.rows, start))
