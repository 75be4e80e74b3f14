"""Databases, behind one small interface over Arrow record batches.

A driver is one file that defines a class with the methods of `Database`, and one line in
`_DRIVERS`. It is imported when a URL of its scheme is opened.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Sequence

from sqlflow_runtime._contract import DATASOURCE, DEFAULT_DATASOURCE
from sqlflow_runtime._errors import ResourceError, did_you_mean
from sqlflow_runtime.data._cells import cells
from sqlflow_runtime.data._database import (
    Database,
    DescribedColumn,
    DescribedTable,
    QueryResult,
)
from sqlflow_runtime.data._spool import BATCH_ROWS, Spool, spool

__all__ = [
    "BATCH_ROWS",
    "Database",
    "DescribedColumn",
    "DescribedTable",
    "QueryResult",
    "Spool",
    "cells",
    "connect",
    "is_datasource",
    "spool",
]

_DRIVERS = {
    "duckdb": "sqlflow_runtime.data._duckdb:DuckDB",
    "mariadb": "sqlflow_runtime.data._mysql:MySQL",
    "mysql": "sqlflow_runtime.data._mysql:MySQL",
    "postgres": "sqlflow_runtime.data._postgresql:PostgreSQL",
    "postgresql": "sqlflow_runtime.data._postgresql:PostgreSQL",
    "sqlite": "sqlflow_runtime.data._sqlite:SQLite",
}

# SQLAlchemy says itself which dialects it knows.
_ANY_OTHER = "sqlflow_runtime.data._sqlalchemy:SQLAlchemy"
_SCHEME = re.compile(r"[a-z][a-z0-9+_]*")


def connect(session: Sequence[str] = (), *, url: str | None = None) -> Database:
    """Returns the step's database, to be used as a context manager: open inside, closed outside.

    `session` is replayed on the connection as it opens. Without `url` the database is the one that
    `SQLFLOW_DATASOURCE` names.
    """
    url = url or os.environ.get(DATASOURCE) or DEFAULT_DATASOURCE
    scheme, colon, _ = url.partition(":")
    driver = _DRIVERS.get(scheme, _ANY_OTHER)
    if not colon or not _SCHEME.fullmatch(scheme):
        # The URL may hold a password, so no more of it than its scheme is shown.
        named = f"`{scheme}`" if colon else "a URL without a scheme"
        raise ResourceError(
            f"no database driver for {named} in {DATASOURCE}",
            help=did_you_mean(scheme if colon else "", _DRIVERS),
        )
    module, _, name = driver.partition(":")
    database: Database = getattr(importlib.import_module(module), name)(url, session)
    return database


def is_datasource(url: str) -> bool:
    """Says whether `connect` has a driver for a URL."""
    scheme, colon, _ = url.partition(":")
    return bool(colon) and scheme in _DRIVERS
