"""Database URLs, as far as they can be read without a database's driver."""

from __future__ import annotations

import re
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


def is_secret(option: str) -> bool:
    """Says whether an option of a URL is for nobody's eyes: `password`, `sslpassword`, `token`."""
    return any(word in option.lower() for word in ("password", "passwd", "token", "secret"))


def without_passwords(url: str) -> str:
    """Returns a URL as it may be shown, also one that is malformed."""
    # Up to the last `@`: who forgot to escape one in the password must not find the rest shown.
    shown = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url)
    address, mark, query = shown.partition("?")
    options = [option.partition("=") for option in query.split("&")]
    return (
        address
        + mark
        + "&".join(
            name + equals + ("***" if is_secret(name) else value) for name, equals, value in options
        )
    )
