"""Events reach their reader as whole lines, and say the same for the same value everywhere."""

from __future__ import annotations

import datetime
import decimal
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sqlflow_runtime import _events, _terminal
from sqlflow_runtime._errors import SpecError


@pytest.fixture(autouse=True)
def fresh_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_events, "_current", None)
    monkeypatch.delenv(_events.EVENTS_FD, raising=False)
    monkeypatch.delenv(_events.ARGO_PROGRESS_FILE, raising=False)


class Pipe:
    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)

    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in os.read(self.reader, 1 << 20).splitlines()]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    pipe = Pipe()
    monkeypatch.setenv(_events.EVENTS_FD, str(pipe.writer))
    yield pipe
    os.close(pipe.reader)
    os.close(pipe.writer)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        (2**64, "18446744073709551616"),
        (0.1, 0.1),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (decimal.Decimal("1.50"), 1.5),
        (decimal.Decimal("0.12345678901234567890"), "0.12345678901234567890"),
        (decimal.Decimal("sNaN"), "NaN"),
        (datetime.date(2020, 1, 31), "2020-01-31"),
        (datetime.datetime(2020, 1, 31, 1, 2, 3, 4), "2020-01-31 01:02:03.000004"),  # noqa: DTZ001
        (datetime.time(1, 2), "01:02:00"),
        (datetime.timedelta(days=1, seconds=1), "1 day, 0:00:01"),
        (b"\x00\xff", "0x00ff"),
        ("x" * 20_000, "x" * 9_999 + "…"),
        ([1, {"b": float("inf")}], [1, {"b": "Infinity"}]),
        ({3, 1, 2}, [1, 2, 3]),
        (np.float32(0.1), 0.1),
        (np.float64(0.1), 0.1),
        (np.float32("nan"), "NaN"),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.datetime64("2020-01-31T00:00:00.123456789"), "2020-01-31T00:00:00.123456789"),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (pa.scalar(5), 5),
        (pa.scalar(None, pa.int8()), None),
        (object(), "<object>"),
    ],
)
def test_value_is_rendered_the_same_everywhere(value: object, plain: object) -> None:
    rendered = _events.plain_value(value)
    assert (rendered, type(rendered)) == (plain, type(plain))
    assert json.loads(json.dumps(rendered, allow_nan=False)) == rendered


def test_table_sends_the_first_ten_rows(pipe: Pipe) -> None:
    _events.table("all", ["n"], ([n] for n in range(100)), 100)
    (event,) = pipe.events()
    assert event["rows"] == [[n] for n in range(10)]
    assert event["row_count"] == 100


def test_table_is_cut_to_what_can_be_looked_at(pipe: Pipe) -> None:
    names = [f"c{n}" for n in range(200)]
    row = ["x" * 5_000, list(range(5_000)), {"a": 1}, *range(197)]
    _events.table("all", names, [row], 1)
    _events.table("one", ["n" * 5_000], [["y" * 5_000]], 1, cell_characters=4_000)
    wide, long = pipe.events()
    assert wide["title"] == "all (the first 50 of 200 columns)"
    assert wide["columns"] == names[:50]
    assert isinstance(wide["rows"], list)
    ((text, numbers, mapping, *more),) = wide["rows"]
    assert text == "x" * 999 + "…"
    assert numbers.startswith("[0, 1, 2, ")
    assert numbers.endswith("…")
    assert len(numbers) == 1_000
    assert (mapping, more) == ({"a": 1}, list(range(47)))
    assert (long["title"], long["columns"]) == ("one", ["n" * 3_999 + "…"])
    assert long["rows"] == [["y" * 3_999 + "…"]]


def test_progress_sends_first_and_last_and_little_between(pipe: Pipe) -> None:
    for done in range(1, 10_001):
        _events.progress(done, 10_000, "rows")
    sent = [event["done"] for event in pipe.events()]
    assert sent[0] == 1
    assert sent[-1] == 10_000
    assert len(sent) < 1000


def test_held_back_progress_comes_before_the_next_event(pipe: Pipe) -> None:
    for done in (1, 2, 3):
        _events.progress(done, 30, "rounds", {"loss": np.float32("nan")})
    _events.log("info", "stopped early")
    first, last, message = pipe.events()
    assert first["done"] == 1
    assert last == {
        "event": "progress",
        "done": 3,
        "total": 30,
        "unit": "rounds",
        "metrics": {"loss": "NaN"},
    }
    assert message["message"] == "stopped early"


def test_undecodable_text_is_still_utf8(pipe: Pipe) -> None:
    _events.log("info", os.fsdecode(b"name \xff \xe2\x80\xa8"))
    assert pipe.events()[0]["message"] == "name ? \u2028"


@pytest.mark.parametrize("descriptor", ["", "x", "987654", "99999999999999999999"])
def test_descriptor_that_is_not_open_is_refused(
    descriptor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(_events.EVENTS_FD, descriptor)
    with pytest.raises(SpecError, match="no open file descriptor"):
        _events.log("info", "lost")


def test_log_of_a_pod_is_plain_text(capfd: pytest.CaptureFixture[str]) -> None:
    _events.progress(1, 30, "rounds", {"train-mlogloss": 0.51})
    _events.log("warning", "one class\nhas one row")
    _events.table("first rows", ["n", "class"], [[1, "a"], [20, None]], 7)
    _events.output("table", "iris.predicted", "duckdb:///x.duckdb", rows=1)
    assert capfd.readouterr().out.splitlines() == [
        "1/30 rounds  train-mlogloss 0.51",
        "warning: one class",
        "warning: has one row",
        "first rows",
        " n  class",
        "--  -----",
        " 1  a",
        "20  NULL",
        "(7 rows, the first 2 shown)",
        "table iris.predicted (1 row) in duckdb:///x.duckdb",
    ]


def test_argo_gets_whole_numbers_within_the_total(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pipe: Pipe
) -> None:
    file = tmp_path / "progress"
    monkeypatch.setenv(_events.ARGO_PROGRESS_FILE, str(file))
    _events.progress(31, 30, "rounds")
    assert file.read_text() == "30/30\n"
    _events.progress(1, None, "rows")
    _events.flush()
    assert file.read_text() == "30/30\n"


def test_progress_file_that_cannot_be_written_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pipe: Pipe
) -> None:
    monkeypatch.setenv(_events.ARGO_PROGRESS_FILE, str(tmp_path / "none" / "progress"))
    for _ in range(2):
        _events.progress(1, 1, "rows")
    kinds = [event["event"] for event in pipe.events()]
    assert kinds == ["progress", "log", "progress"]


def test_wide_characters_and_control_characters_keep_the_table_straight() -> None:
    event = {"columns": ["名前", "n"], "rows": [["a\x1b[31m\nb", 1.5], ["é" * 70, -1e-9]]}
    assert _terminal.table_lines(event) == [
        "名前" + " " * 56 + "       n",
        "-" * 60 + "  ------",
        "a\ufffd[31m b" + " " * 52 + "     1.5",
        "é" * 59 + "…" + "  -1e-09",
    ]
