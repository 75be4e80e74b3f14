"""Model stores, behind `open_store`. What keeps models is one file and one line in `_SHELVES`."""

from __future__ import annotations

import importlib
import os

from sqlflow_runtime._contract import DEFAULT_MODEL_STORE, MODEL_STORE
from sqlflow_runtime._errors import ResourceError, did_you_mean
from sqlflow_runtime.data import is_datasource
from sqlflow_runtime.store._store import ModelFolder, Shelf, Store, Version

__all__ = ["ModelFolder", "Store", "Version", "open_store"]

_DATABASE = "sqlflow_runtime.store._database:DatabaseShelf"
_REMOTE = "sqlflow_runtime.store._remote:RemoteShelf"

_SHELVES = {
    "file": "sqlflow_runtime.store._folder:FolderShelf",
    "database": _DATABASE,
    "s3": _REMOTE,
    "gs": _REMOTE,
    "az": _REMOTE,
}


def open_store(url: str | None = None) -> Store:
    """Returns the store of a URL, or the one that `SQLFLOW_MODEL_STORE` names."""
    url = url or os.environ.get(MODEL_STORE) or DEFAULT_MODEL_STORE
    scheme, colon, _ = url.partition(":")
    shelf = _SHELVES.get(scheme) or (_DATABASE if is_datasource(url) else None)
    if not colon or shelf is None:
        # The URL may hold a password, so no more of it than its scheme is shown.
        named = f"`{scheme}`" if colon else "a URL without a scheme"
        raise ResourceError(
            f"no model store for {named} in {MODEL_STORE}",
            help=did_you_mean(scheme if colon else "", _SHELVES),
        )
    module, _, name = shelf.partition(":")
    made: Shelf = getattr(importlib.import_module(module), name)(url)
    return Store(made)
