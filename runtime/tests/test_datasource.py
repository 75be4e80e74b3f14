"""URLs as they may be shown."""

from __future__ import annotations

import pytest

from sqlflow_runtime._datasource import without_passwords
from sqlflow_runtime.data import _url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("duckdb:///a/b.duckdb?lock_timeout=1", "duckdb:///a/b.duckdb?lock_timeout=1"),
        ("postgresql://me:secret@db:5432/iris", "postgresql://me:***@db:5432/iris"),
        ("postgresql://me@db/iris", "postgresql://me@db/iris"),
        ("postgresql://me:se@cr:et?@db/iris", "postgresql://me:***@db/iris"),
        (
            "postgresql://db/iris?user=me&password=secret&sslpassword=secret&a=b",
            "postgresql://db/iris?user=me&password=***&sslpassword=***&a=b",
        ),
        ("mysql://me:secret@[db/iris", "mysql://me:***@[db/iris"),
    ],
)
def test_without_passwords(url: str, shown: str) -> None:
    assert without_passwords(url) == shown


def test_messages_do_not_tell_passwords() -> None:
    address = _url.parse("postgresql://me:p%40ss@db/iris?sslpassword=a%2Bb&a=b", "…")
    told = "p%40ss, p@ss, a%2Bb, a+b, postgresql://me:p%40ss@db/iris?sslpassword=a%2Bb&a=b"
    assert address.hide(told) == "…, …, …, …, db/iris"
