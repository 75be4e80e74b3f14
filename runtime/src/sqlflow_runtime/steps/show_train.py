"""SHOW TRAIN: how a model came to be."""

from __future__ import annotations

from sqlflow_runtime import _events
from sqlflow_runtime._card import card
from sqlflow_runtime.store import open_store


def run(model_name: str) -> None:
    name, version, document = open_store().described(model_name)
    rows = [["model", f"{name}@{version}"], *map(list, card(document))]
    _events.table(
        f"model {name}",
        ["property", "value"],
        rows,
        len(rows),
        # A long statement is what the reader has asked for.
        cell_characters=_events.TEXT_CHARACTERS,
    )
