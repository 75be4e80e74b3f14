"""Folders for what must have a name on the disk for a while; no killed step leaves one for long."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlflow_runtime._errors import os_errors

_PREFIX = "sqlflow-scratch-"


@contextmanager
def folder() -> Iterator[Path]:
    """Makes a folder beside the other temporary files, and removes it at the end.

    A folder whose step was killed is removed by the next one: its step held a lock on it.
    """
    where = Path(tempfile.gettempdir())
    with os_errors(f"make a folder in {where}"):
        _sweep(where)
        path, lock = _locked(where)
    try:
        yield path
    finally:
        with os_errors(f"remove {path}"):
            shutil.rmtree(path)
            os.close(lock)


def _locked(where: Path) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=where))
        # Another step may sweep between these two calls and take the folder for an abandoned one.
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            os.close(lock)


def _sweep(where: Path) -> None:
    for path in where.glob(f"{_PREFIX}*"):
        # What belongs to another user or is gone already is none of ours.
        with suppress(PermissionError, FileNotFoundError):
            lock = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
            except BlockingIOError:
                continue  # Its step is at work.
            finally:
                os.close(lock)
