"""Waiting for a database in a way that a signal can end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """A thread that does a driver's blocking calls.

    In the main thread a driver's C code sees some signals late, some never, and some lose what
    their handlers raise.
    """

    def __init__(self, executor: ThreadPoolExecutor, cancel: Callable[[], object]) -> None:
        self._executor = executor
        self._cancel = cancel

    def wait(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Does the work; it is cancelled when a signal's handler raises meanwhile."""
        future = self._executor.submit(work, *args, **kwargs)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                self._cancel()
            raise


@contextlib.contextmanager
def worker(name: str, cancel: Callable[[], object]) -> Iterator[Worker]:
    with ThreadPoolExecutor(1, name) as executor:
        yield Worker(executor, cancel)
