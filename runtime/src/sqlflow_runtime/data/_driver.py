"""What drivers have in common when they connect."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ResourceError, StepError, one_line

_STATEMENT_CHARACTERS = 100


def driver(module: str, package: str, extra: str) -> Any:
    """Imports a library that is needed for this kind of database only."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        reason = "is missing" if missing else f"does not work: {error}"
        raise ResourceError(
            f"the Python package `{package}` {reason}, which this database's driver needs",
            help=f"install it for {sys.executable}: the extra `{extra}` of sqlflow-runtime has it",
        ) from error


def replay(statement: str, run: Callable[[str], object]) -> None:
    """Runs a statement of the session; its error says which one, since it stands elsewhere."""
    try:
        run(statement)
    except StepError as error:
        text = _events.shorten(one_line(statement), _STATEMENT_CHARACTERS)
        raise type(error)(f"in `{text}`: {error.message}", help=error.help) from error
