"""Runs one step in this process and turns how it ends into an exit status."""

from __future__ import annotations

import errno
import faulthandler
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from sqlflow_runtime import _events
from sqlflow_runtime._contract import CONTRACT
from sqlflow_runtime._errors import ResourceError, SpecError, StepError, os_errors

# `EX_SOFTWARE` of sysexits.h: neither the program nor the world is at fault, but this package.
DEFECT = 70
INTERRUPTED = 128 + signal.SIGINT

THREADS = "OMP_NUM_THREADS"
LIFELINE_FD = "SQLFLOW_LIFELINE_FD"
COMPILED = "SQLFLOW_COMPILED"

# How long a step that was told to stop may take to tidy up.
STOP_SECONDS = 5.0

_RESOURCE_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EFBIG,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.EPIPE,
}


def run_step(
    function: Callable[[], object], *, name: str, contract: int, origin: str | None = None
) -> NoReturn:
    """Runs a step's function and ends the process.

    `origin` says where the step comes from: the program's path, the statement's lines and its
    hash. With the hash of the program and the compiler's version, which `SQLFLOW_COMPILED` holds
    for all steps, it is the first line of the log.

    The exit status is the one of the step contract, 130 or 143 after SIGINT or SIGTERM, and 70,
    under a traceback, for a defect of this package.
    """
    faulthandler.enable()
    limit_threads(os.environ)
    try:
        _events.open_channel()
    except SpecError as error:
        sys.exit(_events.print_failure(error.exit_status, error.message, error.help))
    _die_with_the_runner()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    if origin is not None:
        compiled = os.environ.get(COMPILED)
        _events.log("info", ", ".join(filter(None, (f"`{name}` of {origin}", compiled))))
    sys.exit(_exit_status(function, name, contract))


def check_contract(contract: int) -> None:
    if contract != CONTRACT:
        raise SpecError(
            f"the step was compiled for contract {contract}, this runtime speaks {CONTRACT}",
            help="compile the program with the `sqlflowc` that belongs to this runtime",
        )


def limit_threads(environment: os._Environ[str] | dict[str, str], threads: int = 0) -> None:
    """Keeps the threads of numeric libraries in bounds; what the user has set stays.

    Has to happen before such a library is loaded. OpenMP threads that wait actively slow training
    5 to 20 times as soon as another process wants a core, so they wait passively. OpenBLAS and
    Arrow read the same number of threads. `threads` 0 takes all the cores there are.
    """
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    environment.setdefault(THREADS, str(threads or usable_cores()))


def usable_cores() -> int:
    """Returns how many cores this process may use: a container's CPU limit counts."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = cgroup_cores(Path("/sys/fs/cgroup"))
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def cgroup_cores(root: Path) -> float | None:
    """Returns the CPU limit, in cores, that Linux sets to a container; None without one."""
    try:
        quota, period = (root / "cpu.max").read_text("ascii").split()
    except FileNotFoundError:
        try:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text("ascii").strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text("ascii").strip()
        except FileNotFoundError:
            return None
    return None if quota in ("max", "-1") else int(quota) / int(period)


def _exit_status(function: Callable[[], object], name: str, contract: int) -> int:
    try:
        check_contract(contract)
        function()
        _events.flush()
    except StepError as error:
        return _failed(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except MemoryError:
        return _failed(
            ResourceError(
                f"`{name}` ran out of memory",
                help="give the step more memory, or select fewer rows or columns",
            )
        )
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] != __package__:
            return _failed(_missing_library(error))
        return _defect(error, name)
    except OSError as error:
        if error.errno in _RESOURCE_ERRORS:
            return _failed(_resource_error(error, name))
        return _defect(error, name)
    except Exception as error:  # noqa: BLE001 - nothing may leave a step unexplained
        return _defect(error, name)
    return 0


def _resource_error(error: OSError, name: str) -> StepError:
    try:
        with os_errors(f"run `{name}`"):
            raise error
    except ResourceError as told:
        return told


def _missing_library(error: ImportError) -> StepError:
    reason = "is missing" if isinstance(error, ModuleNotFoundError) else f"does not work: {error}"
    return ResourceError(
        f"the Python library `{error.name}` {reason}",
        help=f"install it for {sys.executable}; an environment that `sqlflowc` made is made again "
        f"after `{sys.prefix}` is removed",
    )


def _failed(error: StepError) -> int:
    _events.failed(error.exit_status, error.message, error.help)
    return error.exit_status


def _defect(error: BaseException, name: str) -> int:
    summary = f"{type(error).__name__}: {error}".splitlines()[0]
    _events.log("error", "this is a defect of sqlflow_runtime, not of the program:")
    _events.log("error", "".join(traceback.format_exception(error)).rstrip())
    _events.failed(
        DEFECT,
        f"`{name}` hit a defect of sqlflow_runtime: {summary}",
        "report it with the traceback above; tables and models are as they were",
    )
    return DEFECT


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: a second signal must not cut short the tidying up of the first.
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, signal.SIG_IGN)
    _events.stop(128 + number)


def _die_with_the_runner() -> None:
    """Stops this step when the process that started it is gone, however that one died.

    The runner holds the writing end of a pipe and never writes; the end of the pipe is its death.
    """
    descriptor = os.environ.pop(LIFELINE_FD, None)
    if descriptor is None:
        return
    watch = threading.Thread(target=_watch, args=(int(descriptor),), daemon=True)
    watch.start()


def _watch(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    # A step that is deep inside a library's C code does not see the signal.
    time.sleep(STOP_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)
