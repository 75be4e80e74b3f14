"""What a step says while it runs: progress, log lines, tables of results, what it has made.

With `SQLFLOW_EVENTS_FD` each event is one line of JSON on that descriptor; without it, it is plain
text on standard output, which is what the log of a pod shows.
"""

from __future__ import annotations

import abc
import datetime
import decimal
import json
import math
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn

from sqlflow_runtime import _terminal
from sqlflow_runtime._errors import SpecError

Level = Literal["info", "warning", "error"]

EVENTS_FD = "SQLFLOW_EVENTS_FD"
ARGO_PROGRESS_FILE = "ARGO_PROGRESS_FILE"

ROWS_SHOWN = 10
# What is shown is for people to look at; the table in the database holds all of it.
COLUMNS_SHOWN = 50
CELL_CHARACTERS = 1_000
TEXT_CHARACTERS = 10_000

JSON_PROGRESS_SECONDS = 0.1
PLAIN_PROGRESS_SECONDS = 5.0


def progress(
    done: int, total: int | None, unit: str, metrics: Mapping[str, object] | None = None
) -> None:
    """Reports how far the step is. May be called as often as is handy: most calls are held back.

    The first call, the one that reaches `total` and the last one before the step ends are sent.
    """
    _channel().progress(
        {
            "event": "progress",
            "done": int(done),
            "total": None if total is None else int(total),
            "unit": unit,
            "metrics": {name: plain_value(value) for name, value in (metrics or {}).items()},
        }
    )


def log(level: Level, message: str) -> None:
    _channel().send({"event": "log", "level": level, "message": message})


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    row_count: int,
    *,
    cell_characters: int = CELL_CHARACTERS,
) -> None:
    """Shows the first rows and columns of a result. `row_count` is the size of the whole table.

    The title says when there are more columns than are shown.
    """
    shown = [
        [_cell(value, cell_characters) for value in row[:COLUMNS_SHOWN]]
        for row, _ in zip(rows, range(ROWS_SHOWN), strict=False)
    ]
    if len(columns) > COLUMNS_SHOWN:
        title = f"{title} (the first {COLUMNS_SHOWN} of {len(columns)} columns)"
    _channel().send(
        {
            "event": "table",
            "title": title,
            "columns": [shorten(name, cell_characters) for name in columns[:COLUMNS_SHOWN]],
            "rows": shown,
            "row_count": int(row_count),
        }
    )


def output(
    kind: Literal["model", "table"], name: str, location: str, rows: int | None = None
) -> None:
    """Names a model or table that is in place for good."""
    event: dict[str, object] = {"event": "output", "kind": kind, "name": name, "location": location}
    if rows is not None:
        event["rows"] = int(rows)
    _channel().send(event)


def stop(status: int) -> NoReturn:
    """Ends the step with this exit status, by an exception so that it tidies up.

    The exception is lost when the signal arrives in a library's callback (JAX has one in the
    garbage collector), so every later event raises it again.
    """
    global _stopped
    _stopped = status
    raise SystemExit(status)


def flush() -> None:
    """Sends the progress that was held back."""
    if _current is not None:
        _current.flush()


def failed(exit_status: int, message: str, help_text: str | None) -> None:
    """Reports why the step ends: to whoever reads its events, else on standard error."""
    _channel().failed(exit_status, message, help_text)


def plain_value(value: object) -> object:
    """Returns the value as JSON has it, the same for the same value on every machine.

    What JSON lacks becomes text: dates in ISO 8601, bytes in hexadecimal, `NaN`, `Infinity`,
    numbers that a double or a 64-bit integer would change. Arrow and NumPy scalars become what
    they hold.
    """
    match value:
        case None | bool():
            return value
        case str():
            return shorten(str(value))
        case int():
            return int(value) if -(2**63) <= value < 2**64 else str(value)
        case float() if type(value) is float:
            return value if math.isfinite(value) else non_finite(value)
        case decimal.Decimal():
            return plain_decimal(value)
        case datetime.datetime():
            return value.isoformat(sep=" ")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return shorten("0x" + bytes(value).hex())
        case Mapping():
            return {str(key): plain_value(item) for key, item in value.items()}
        case list() | tuple():
            return [plain_value(item) for item in value]
        case set() | frozenset():
            return sorted((plain_value(item) for item in value), key=repr)
    return plain_foreign(value)


def plain_foreign(value: object) -> object:
    # Recognised by their methods, so that a step without NumPy or Arrow does not import them.
    if callable(as_py := getattr(value, "as_py", None)):
        return plain_value(as_py())
    if type(value).__module__.partition(".")[0] == "numpy":
        return plain_numpy(value)
    if type(value).__str__ is object.__str__ and type(value).__repr__ is object.__repr__:
        # The default text holds the object's address, which differs in every run.
        return f"<{type(value).__name__}>"
    return shorten(str(value))


def plain_numpy(value: object) -> object:
    to_list = getattr(value, "tolist", None)
    if not callable(to_list):
        return shorten(str(value))
    plain = to_list()
    if isinstance(plain, float) and math.isfinite(plain):
        # A float32 0.1 is shown as 0.1, not as 0.10000000149011612.
        return float(str(value))
    # A date with nanoseconds comes back as a bare number, whose meaning would be lost.
    if type(value).__name__ in ("datetime64", "timedelta64"):
        return shorten(str(value))
    return plain_value(plain)


def plain_decimal(value: decimal.Decimal) -> object:
    if not value.is_finite():
        return non_finite(float(value)) if not value.is_snan() else "NaN"
    number = float(value)
    if math.isfinite(number) and decimal.Decimal(repr(number)) == value:
        return number
    return format(value, "f")


def non_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def shorten(text: str, limit: int = TEXT_CHARACTERS) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cell(value: object, limit: int) -> object:
    """Returns the value as JSON has it, or as text that is cut when that is too long."""
    plain = plain_value(value)
    if isinstance(plain, str):
        return shorten(plain, limit)
    if isinstance(plain, list | dict):
        text = json.dumps(plain, ensure_ascii=False)
        return plain if len(text) <= limit else shorten(text, limit)
    return plain


class _Channel(abc.ABC):
    """Where events go: lines on a descriptor, whole lines only, from any thread."""

    progress_seconds: float

    def __init__(self, descriptor: int, argo_progress: Path | None) -> None:
        self._descriptor = descriptor
        self._argo_progress = argo_progress
        self._lock = threading.RLock()
        self._sent_at = -math.inf
        self._held_back: dict[str, object] | None = None

    def send(self, event: dict[str, object]) -> None:
        with self._lock:
            self.flush()
            self._write(self.render(event))

    def progress(self, event: dict[str, object]) -> None:
        now = time.monotonic()
        with self._lock:
            finished = event["done"] == event["total"]
            if not finished and now - self._sent_at < self.progress_seconds:
                self._held_back = event
                return
            self._send_progress(event, now)

    def flush(self) -> None:
        with self._lock:
            if self._held_back is not None:
                self._send_progress(self._held_back, time.monotonic())

    @abc.abstractmethod
    def failed(self, exit_status: int, message: str, help_text: str | None) -> None: ...

    @abc.abstractmethod
    def render(self, event: dict[str, object]) -> str: ...

    def _send_progress(self, event: dict[str, object], now: float) -> None:
        self._sent_at = now
        self._held_back = None
        self._write(self.render(event))
        self._tell_argo(event["done"], event["total"])

    def _tell_argo(self, done: object, total: object) -> None:
        if self._argo_progress is None or not (isinstance(done, int) and isinstance(total, int)):
            return
        if total <= 0:
            return
        try:
            self._argo_progress.write_text(f"{min(done, total)}/{total}\n", encoding="ascii")
        except OSError as error:
            self._argo_progress = None
            self.send(
                {
                    "event": "log",
                    "level": "warning",
                    "message": f"cannot report progress to Argo: {error}",
                }
            )

    def _write(self, text: str) -> None:
        # Lone surrogates, which Python has for undecodable bytes, are not UTF-8.
        write_whole(self._descriptor, text.encode("utf-8", "replace"))


class _JsonChannel(_Channel):
    progress_seconds = JSON_PROGRESS_SECONDS

    def render(self, event: dict[str, object]) -> str:
        return json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"

    def failed(self, exit_status: int, message: str, help_text: str | None) -> None:
        event: dict[str, object] = {
            "event": "finished",
            "status": "failed",
            "exit_status": exit_status,
            "message": message,
        }
        if help_text:
            event["help"] = help_text
        self.send(event)


class _PlainChannel(_Channel):
    progress_seconds = PLAIN_PROGRESS_SECONDS

    def render(self, event: dict[str, object]) -> str:
        return "".join(f"{line}\n" for line in _terminal.plain_lines(event))

    def failed(self, exit_status: int, message: str, help_text: str | None) -> None:
        self.flush()
        print_failure(exit_status, message, help_text)


def print_failure(exit_status: int, message: str, help_text: str | None) -> int:
    sys.stderr.write(f"error: {message}\n" + (f"help: {help_text}\n" if help_text else ""))
    sys.stderr.flush()
    return exit_status


_current: _Channel | None = None
_stopped: int | None = None


def open_channel() -> None:
    """Finds out where events go, which is otherwise done by the first event."""
    _channel()


def _channel() -> _Channel:
    global _current
    tidying_up = isinstance(sys.exception(), SystemExit)
    if _stopped is not None and not tidying_up and _is_main_thread():
        raise SystemExit(_stopped)
    if _current is None:
        _current = _find_channel(os.environ)
    return _current


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _find_channel(environment: Mapping[str, str]) -> _Channel:
    progress_file = environment.get(ARGO_PROGRESS_FILE)
    argo_progress = Path(progress_file) if progress_file else None
    descriptor = environment.get(EVENTS_FD)
    if descriptor is None:
        sys.stdout.flush()
        return _PlainChannel(1, argo_progress)
    try:
        os.fstat(int(descriptor))
    except (ValueError, OverflowError, OSError):
        raise SpecError(
            f"`{EVENTS_FD}` is `{descriptor}`, which is no open file descriptor",
            help="unset it to have the events as plain text",
        ) from None
    return _JsonChannel(int(descriptor), argo_progress)


def write_whole(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
