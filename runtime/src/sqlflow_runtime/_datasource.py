"""Database URLs, as far as they can be read without a database's driver."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

_DUCKDB = "duckdb:///"


def duckdb_file(url: str) -> Path | None:
    """Returns the file that a `duckdb:///PATH?OPTIONS` names; None for any other URL."""
    address = url.partition("?")[0]
    path = unquote(address.removeprefix(_DUCKDB))
    if not address.startswith(_DUCKDB) or path in ("", ":memory:"):
        return None
    return Path(path)
