"""The label: what a model learns, and the type its predictions have."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sqlflow_runtime._errors import ProgramError, ResourceError
from sqlflow_runtime.data import Spool
from sqlflow_runtime.estimators import Estimator, Kind
from sqlflow_runtime.features import _values
from sqlflow_runtime.features._fitted import find_column
from sqlflow_runtime.features._values import Doubles, Tally

_WITHOUT = tuple(kind for kind in Kind if not kind.has_label)


@dataclass(frozen=True)
class Label:
    """A label column; `classes` are the texts of the classes, in the order of their ids.

    Of a kind without a label there is no column, and `field` says what predictions are.
    """

    field: pa.Field
    kind: Kind
    classes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.field.name)

    @classmethod
    def absent(cls, kind: Kind) -> Self:
        vector = kind is Kind.TRANSFORMATION
        return cls(pa.field("", pa.list_(pa.float64()) if vector else pa.int64()), kind)

    def encode(self, array: pa.Array, tally: Tally) -> Doubles:
        """Returns class ids or numbers, NaN where the row has no label."""
        if self.kind is not Kind.CLASSIFICATION:
            self._expect_numbers(array)
            return _values.numbers(array, self.name, tally)
        found = pc.index_in(
            _values.texts(array, self.name), value_set=pa.array(self.classes, pa.string())
        )
        unknown = found.null_count - _missing(array)
        tally.add(self.name, "not a class of the model, so the row is left out", unknown)
        ids: Doubles = found.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return ids

    def _expect_numbers(self, array: pa.Array) -> None:
        """Refuses texts that say no number: who writes classes does not want them left out."""
        text = _values.first_that_is_no_number(array)
        if text is not None:
            raise ProgramError(
                f"label `{self.name}` holds `{text:.100}`, which is no number, "
                f"but a {self.kind.value} model learns numbers",
                help="train a classifier (DNNClassifier, or XGBoost with "
                'objective = "multi:softprob"), or leave out such rows with WHERE',
            )

    def result_field(self, name: str) -> pa.Field:
        """Returns the column `name` that predictions are written to.

        It has the label's own type; but the prediction of a whole number is no whole number,
        and a rank or a hazard has nothing to do with the label's unit.
        """
        own = self.kind in (Kind.CLASSIFICATION, *_WITHOUT) or (
            self.kind is Kind.REGRESSION
            and (pa.types.is_floating(self.field.type) or pa.types.is_decimal(self.field.type))
        )
        return (
            self.field.with_name(name).with_nullable(True) if own else pa.field(name, pa.float64())
        )

    def decode(self, values: Doubles) -> pa.Array:
        """Returns predictions in the type of `result_field`."""
        type_ = self.result_field(self.name).type
        if self.kind is Kind.CLASSIFICATION:
            return self.class_values().take(pa.array(values.astype(np.int64)))
        if self.kind is Kind.TRANSFORMATION:
            offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
            return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.ravel()))
        if pa.types.is_decimal(type_):
            try:
                return pa.array(np.round(values, type_.scale)).cast(type_)
            except pa.ArrowInvalid as error:
                raise ProgramError(
                    f"a prediction does not fit `{self.name}`'s type {type_}",
                    help="CAST the label to DOUBLE in the training query",
                ) from error
        return pa.array(values).cast(type_)

    def class_values(self) -> pa.Array:
        """Returns the classes in the label's type."""
        type_ = self.field.type
        texts = pa.array(self.classes, pa.string())
        return texts if _values.is_text(type_) else texts.cast(type_)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": str(self.field.type),
            "kind": self.kind.value,
            "classes": list(self.classes),
            # The type as Arrow writes it, with what the database's driver knows about it.
            "field": base64.b64encode(pa.schema([self.field]).serialize()).decode("ascii"),
        }

    @classmethod
    def from_json(cls, content: Any) -> Self:
        try:
            schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(content["field"])))
            return cls(schema.field(0), Kind(content["kind"]), tuple(content["classes"]))
        except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
            raise ResourceError(f"the model's label is damaged: {error!r}") from error


def find_label(name: str, schema: pa.Schema, kind: Kind) -> Label:
    """Returns the label called `name`, its classes yet unknown."""
    found = find_column(name, schema.names, "the training query")
    field = schema.field(found)
    type_ = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    type_ = pa.string() if _values.is_text(type_) else type_
    label = Label(pa.field(found, type_, metadata=field.metadata), kind)
    if kind is Kind.CLASSIFICATION:
        usable = _values.is_text(type_) or _values.is_number(type_) or _values.is_time(type_)
    else:
        usable = _values.is_text(type_) or _values.is_number(type_)
    if not usable:
        raise ProgramError(f"label `{found}` has type {type_}, which cannot be learned")
    return label


def with_classes(label: Label, rows: Spool, model: Estimator) -> Label:
    """Returns the label with the classes found in `rows`, in the order of their values.

    What the program says about them, `model` knows.
    """
    count, names = model.class_count(), model.class_names()
    index = rows.schema.get_field_index(label.name)
    found = _values.sorted_values(
        _values.distinct_texts((batch.column(index) for batch in rows.batches()), label.name)
    )
    if not _values.is_text(label.field.type):
        numbers = _values.numbers(pa.array(found).cast(label.field.type), label.name, Tally())
        found = [found[place] for place in np.argsort(numbers, kind="stable")]
    if names is not None:
        if unknown := sorted(set(found) - set(names)):
            raise ProgramError(
                f"label `{label.name}` has the value `{unknown[0]}`, "
                "which is not in model.label_vocabulary"
            )
        found = list(names)
    whole = pa.types.is_integer(label.field.type) or pa.types.is_boolean(label.field.type)
    if count is not None and whole and found:
        # Ids that the program numbers itself keep their numbers, seen or not.
        numbered = ["false", "true"] if pa.types.is_boolean(label.field.type) else None
        numbered = numbered or [str(number) for number in range(count)]
        if set(found) <= set(numbered):
            found = numbered
    if count is not None and len(found) > count:
        reason, remedy = model.too_many_classes(len(found))
        listed = ", ".join(found[:10]) + (" …" if len(found) > 10 else "")
        raise ProgramError(
            f"label `{label.name}` has {len(found)} classes ({listed}), but {reason}", help=remedy
        )
    if len(found) < 2:
        raise ProgramError(
            f"label `{label.name}` has {len(found)} class in the training query; it takes two"
        )
    return replace(label, classes=tuple(found))


def _missing(array: pa.Array) -> int:
    return int(_values.texts(array, "").null_count)
