"""Turns events into lines for people: a run in a terminal without the binary, and the log of a pod.

Results (tables) go to standard output; what is happening goes to standard error.
"""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TextIO

Event = Mapping[str, object]

# A step's progress is worth a line now and then; a log with one per round is not read.
PROGRESS_SECONDS = 3.0
CELL_WIDTH = 60


class Painter:
    """Draws the events of a run as plain lines."""

    def __init__(self, program: str, results: TextIO, messages: TextIO) -> None:
        self._program = program
        self._results = results
        self._messages = messages
        self._lines: dict[str, object] = {}
        self._shown: dict[str, float] = {}
        self._pending: dict[str, Event] = {}

    def draw(self, event: Event) -> None:
        step = str(event.get("step") or "")
        if event["event"] != "progress" and (last := self._pending.pop(step, None)):
            self._say("", step, describe_progress(last))
        match event["event"]:
            case "started":
                self._lines[step] = event.get("lines")
                self._shown[step] = time.monotonic()
                self._say("start", step)
            case "progress":
                self._progress(step, event)
            case "log":
                for line in log_lines(event):
                    self._say("", step, line)
            case "table":
                self._print_table(step, event)
            case "output":
                self._say("", step, describe_output(event))
            case "finished":
                self._finished(step, event)
            case "done":
                self._done(event)

    def _progress(self, step: str, event: Event) -> None:
        now = time.monotonic()
        if now - self._shown.get(step, now) < PROGRESS_SECONDS:
            self._pending[step] = event
            return
        self._shown[step] = now
        self._pending.pop(step, None)
        self._say("", step, describe_progress(event))

    def _print_table(self, step: str, event: Event) -> None:
        self._messages.flush()
        title = event.get("title") or step
        self._results.write(f"\n{title}\n" + "".join(f"{line}\n" for line in table_lines(event)))
        self._results.write("\n")
        self._results.flush()

    def _finished(self, step: str, event: Event) -> None:
        seconds = describe_seconds(event.get("seconds"))
        message = event.get("message")
        match event["status"]:
            case "succeeded":
                self._say("done", step, seconds)
            case "skipped":
                self._say("skip", step, str(message or ""))
            case "cancelled":
                self._say("stop", step, seconds)
            case _:
                self._say("FAIL", step, seconds)
                self._messages.write(f"       error: {message}\n")
                self._messages.write(f"       at {self._place(step)}\n")
                if help_text := event.get("help"):
                    self._messages.write(f"       help: {help_text}\n")
                self._messages.flush()

    def _place(self, step: str) -> str:
        lines = self._lines.get(step)
        if isinstance(lines, Sequence) and lines:
            return f"{self._program}:{lines[0]}"
        return self._program

    def _done(self, event: Event) -> None:
        counts = [
            f"{event[status]} {status}"
            for status in ("succeeded", "failed", "skipped", "cancelled")
            if event.get(status)
        ]
        self._messages.write(
            f"{', '.join(counts) or 'nothing to do'} in {describe_seconds(event.get('seconds'))}\n"
            f"tables: {event.get('datasource')}\n"
            f"models: {event.get('model_store')}\n"
        )
        self._messages.flush()

    def _say(self, verb: str, step: str, text: str = "") -> None:
        self._messages.write(f"{verb:<5}  {step}  {text}".rstrip() + "\n")
        self._messages.flush()


def standard_painter(program: str) -> Painter:
    return Painter(program, sys.stdout, sys.stderr)


def plain_lines(event: Event) -> list[str]:
    """Returns what one event of a single step says in the log of a pod."""
    match event["event"]:
        case "progress":
            return [describe_progress(event)]
        case "log":
            return log_lines(event)
        case "table":
            return [str(event["title"]), *table_lines(event)]
        case "output":
            return [describe_output(event)]
        case kind:
            return [str(kind)]


def log_lines(event: Event) -> list[str]:
    level = event.get("level")
    mark = "" if level == "info" else f"{level}: "
    return [f"{mark}{line}" for line in str(event["message"]).splitlines() or [""]]


def describe_progress(event: Event) -> str:
    done, total, unit = event["done"], event.get("total"), event.get("unit")
    amount = f"{done} {unit}" if total is None else f"{done}/{total} {unit}"
    metrics = event.get("metrics")
    if not isinstance(metrics, Mapping):
        return amount
    return "  ".join([amount, *(f"{name} {format_cell(value)}" for name, value in metrics.items())])


def describe_output(event: Event) -> str:
    rows = event.get("rows")
    size = "" if rows is None else f" ({count(rows, 'row')})"
    return f"{event['kind']} {event['name']}{size} in {event['location']}"


def describe_seconds(seconds: object) -> str:
    if not isinstance(seconds, int | float):
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def count(number: object, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def table_lines(event: Event) -> list[str]:
    """Draws a `table` event: names over a rule, numbers to the right, at most the first rows."""
    columns, rows = event["columns"], event["rows"]
    if not (isinstance(columns, Sequence) and isinstance(rows, Sequence)):
        raise TypeError("a table event holds lists of columns and rows")
    cells = [[cut(format_cell(value)) for value in row] for row in rows]
    names = [cut(str(name)) for name in columns]
    right = [all(is_number(row[index]) for row in rows) for index in range(len(names))]
    widths = [max(width(text) for text in column) for column in zip(names, *cells, strict=True)]
    lines = [
        aligned(names, widths, right),
        "  ".join("-" * size for size in widths),
        *(aligned(row, widths, right) for row in cells),
    ]
    row_count = event.get("row_count")
    if isinstance(row_count, int) and row_count > len(rows):
        lines.append(f"({row_count} rows, the first {len(rows)} shown)")
    elif not rows:
        lines.append("(no rows)")
    return [line.rstrip() for line in lines]


def aligned(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return "  ".join(
        pad(cell, size) + cell if to_right else cell + pad(cell, size)
        for cell, size, to_right in zip(cells, widths, right, strict=True)
    )


def is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) or value in (None, "NaN", "Infinity", "-Infinity")


def format_cell(value: object) -> str:
    """Shows one value: six decimals are enough to read, the table holds the rest."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value and not 1e-4 <= abs(value) < 1e15:
            return f"{value:.6g}"
        text = f"{value:.6f}".rstrip("0")
        return text + "0" if text.endswith(".") else text
    text = str(value).replace("\r\n", " ").replace("\n", " ")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def cut(text: str) -> str:
    if width(text) <= CELL_WIDTH:
        return text
    kept = ""
    for character in text:
        if width(kept + character) >= CELL_WIDTH:
            break
        kept += character
    return kept + "…"


def pad(text: str, size: int) -> str:
    return " " * (size - width(text))


def width(text: str) -> int:
    """Returns how many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
