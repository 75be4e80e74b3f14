"""Checks what a step says, at the door: names, kinds of value, what must be there.

A call's own signature is the specification: an argument's annotation names its check.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from sqlflow_runtime._errors import SpecError, did_you_mean
from sqlflow_runtime._table import Table
from sqlflow_runtime.features._declared import Feature
from sqlflow_runtime.optimization._declared import Constraint, Decision, Objective

P = ParamSpec("P")
R = TypeVar("R")


def checked(call: Callable[P, R]) -> Callable[P, R]:
    """Makes `call` refuse, with a SpecError, arguments that its signature does not allow."""
    signature = inspect.signature(call)
    name = call.__name__

    @functools.wraps(call)
    def door(*args: P.args, **kwargs: P.kwargs) -> R:
        if args:
            raise SpecError(f"{name}() takes keyword arguments only")
        for given, value in kwargs.items():
            parameter = signature.parameters.get(given)
            if parameter is None:
                raise SpecError(
                    f"{name}() has no argument `{given}`",
                    help=did_you_mean(given, signature.parameters),
                )
            _check(name, given, str(parameter.annotation), value)
        for wanted, parameter in signature.parameters.items():
            if parameter.default is inspect.Parameter.empty and wanted not in kwargs:
                raise SpecError(f"{name}() lacks the argument `{wanted}`")
        return call(*args, **kwargs)

    return door


def _check(call: str, argument: str, annotation: str, value: object) -> None:
    kind, _, optional = annotation.partition(" | ")
    if value is None and optional == "None":
        return
    right, wanted = _KINDS[kind]
    if not right(value):
        raise SpecError(f"{call}() takes {wanted} as `{argument}`, not {value!r:.200}")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(_is_text(part) for part in value)


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_value(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_value(part) for part in value)
    return value is None or isinstance(value, (str, int, float, bool))


def _is_params(value: object) -> bool:
    return isinstance(value, dict) and all(
        _is_text(name) and _is_value(part) for name, part in value.items()
    )


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and _is_params(value) and _is_text(value.get("name"))


def _is_validation(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= {"select", "metrics"}
        and _is_text(value.get("select", "-"))
        and _is_texts(value.get("metrics", []))
    )


def _is_features(value: object) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(
            _is_text(name) and _is_features(part) and isinstance(part, list)
            for name, part in value.items()
        )
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(feature, Feature) for feature in value)
    )


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, kind) for v in value)


_KINDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "str": (_is_text, "text"),
    "list[str]": (_is_texts, "a list of texts"),
    "int": (_is_positive, "a whole number from 1"),
    "Params": (_is_params, "a dictionary of values"),
    "Named": (_is_named, "a dictionary with a `name`"),
    "Validation": (_is_validation, "a dictionary with `select` and `metrics`"),
    "FeatureLists": (_is_features, "a list of feature columns"),
    "Table": (lambda value: isinstance(value, Table), "a table()"),
    "Tables": (lambda value: _is_list_of(value, Table), "a list of table()"),
    "Objective": (lambda value: isinstance(value, Objective), "a maximize() or minimize()"),
    "Constraints": (lambda value: _is_list_of(value, Constraint), "a list of constraint()"),
    "Decisions": (lambda value: _is_list_of(value, Decision), "a list of decision()"),
}
