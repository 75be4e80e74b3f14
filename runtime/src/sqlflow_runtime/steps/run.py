"""TO RUN: a program that is started with a query and the names of tables in its environment."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys

from sqlflow_runtime import _events
from sqlflow_runtime._contract import DATASOURCE, DEFAULT_DATASOURCE
from sqlflow_runtime._errors import ProgramError, TransientError, os_errors
from sqlflow_runtime._table import Table
from sqlflow_runtime.data import connect

# `EX_TEMPFAIL` of sysexits.h, as the steps themselves end when they may be tried again.
TRY_AGAIN = 75


def run(select: str, image: str, command: list[str], into: list[Table], session: list[str]) -> None:
    arguments = _arguments(command, image)
    environment = os.environ | {
        "SQLFLOW_TO_RUN_SELECT": select,
        "SQLFLOW_TO_RUN_INTO": ",".join(str(table) for table in into),
        "SQLFLOW_TO_RUN_IMAGE": image,
    }
    environment.setdefault(DATASOURCE, DEFAULT_DATASOURCE)
    if session:
        environment["SQLFLOW_TO_RUN_SESSION"] = ";\n".join(session)
    with os_errors(f"start `{command[0]}`"):
        # The program's author asks for it, as for any other step.
        ended = subprocess.run(  # noqa: S603
            arguments, env=environment, stdin=subprocess.DEVNULL, check=False
        )
    _check(ended.returncode, command[0])
    for table in into:
        with connect(session) as database:
            if not database.table_exists(table):
                raise ProgramError(
                    f"`{command[0]}` ended well and made no table `{table}`, which INTO names",
                    help="SQLFLOW_TO_RUN_INTO tells the program which tables to make",
                )
            location = database.location(table)
        _events.output("table", str(table), location)


def _arguments(command: list[str], image: str) -> list[str]:
    """Finds the program on the PATH, or else as a module of this Python.

    On a laptop there is no image: what is installed there takes its place.
    """
    name, *rest = command
    found = shutil.which(name)
    if found is not None:
        return [found, *rest]
    if name in ("python", "python3"):
        return [sys.executable, *rest]
    if _is_module(name):
        return [sys.executable, "-m", name, *rest]
    raise ProgramError(
        f"no program and no Python module is named `{name}` here",
        help=f"install what `{image}` would bring, or run the program where its image can run",
    )


def _is_module(name: str) -> bool:
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _check(status: int, name: str) -> None:
    if status == TRY_AGAIN:
        raise TransientError(f"`{name}` asks to be tried again (exit status {TRY_AGAIN})")
    if status < 0:
        number = -status
        known = {each.value: each.name for each in signal.Signals}
        raise ProgramError(f"`{name}` was ended by {known.get(number, f'signal {number}')}")
    if status:
        raise ProgramError(
            f"`{name}` ended with exit status {status}", help="its own output above says why"
        )
