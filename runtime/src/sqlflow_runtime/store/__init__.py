"""Model stores, behind `open_store`. A store is one file and one line in `_STORES`."""

from __future__ import annotations

import importlib
import os

from sqlflow_runtime._contract import DEFAULT_MODEL_STORE, MODEL_STORE
from sqlflow_runtime._errors import ResourceError, did_you_mean
from sqlflow_runtime.store._store import ModelFolder, Store

__all__ = ["ModelFolder", "Store", "open_store"]

_STORES = {
    "file": "sqlflow_runtime.store._folder:FolderStore",
}


def open_store() -> Store:
    """Returns the store that `SQLFLOW_MODEL_STORE` names."""
    url = os.environ.get(MODEL_STORE) or DEFAULT_MODEL_STORE
    scheme, colon, _ = url.partition(":")
    store = _STORES.get(scheme)
    if not colon or store is None:
        named = f"`{scheme}`" if colon else "a URL without a scheme"
        raise ResourceError(
            f"no model store for {named} in {MODEL_STORE}",
            help=did_you_mean(scheme if colon else "", _STORES),
        )
    module, _, name = store.partition(":")
    made: Store = getattr(importlib.import_module(module), name)(url)
    return made
