"""QUERY: plain SQL."""

from __future__ import annotations

from sqlflow_runtime import _events
from sqlflow_runtime._errors import one_line
from sqlflow_runtime.data import connect

TITLE_CHARACTERS = 60


def run(statements: list[str], session: list[str]) -> None:
    with connect(session) as database:
        results = database.execute(statements, _events.ROWS_SHOWN)
    for result in results:
        if result is not None:
            _events.table(_title(result.statement), result.columns, result.rows, result.row_count)


def _title(statement: str) -> str:
    text = one_line(statement).rstrip("; ")
    return text if len(text) <= TITLE_CHARACTERS else text[: TITLE_CHARACTERS - 1] + "…"
