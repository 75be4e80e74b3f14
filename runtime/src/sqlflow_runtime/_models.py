"""Looks into model stores and changes them, for `sqlflowc model`; prints JSON.

    python -m sqlflow_runtime._models list [NAME[@VERSION]]
    python -m sqlflow_runtime._models show NAME[@VERSION]
    python -m sqlflow_runtime._models copy NAME[@VERSION]
    python -m sqlflow_runtime._models delete NAME VERSION…

`SQLFLOW_MODEL_STORE` names the store, `SQLFLOW_OTHER_MODEL_STORE` the one that `copy` copies to.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from sqlflow_runtime._card import card
from sqlflow_runtime._errors import SpecError, StepError
from sqlflow_runtime._events import non_finite
from sqlflow_runtime.store import Store, Version, open_store

OTHER_STORE = "SQLFLOW_OTHER_MODEL_STORE"


def main(arguments: list[str]) -> int:
    commands: dict[str, Callable[[Store, list[str]], Any]] = {
        "list": _list,
        "show": _show,
        "copy": _copy,
        "delete": _delete,
    }
    try:
        document = commands[arguments[0]](open_store(), arguments[1:])
    except StepError as error:
        remedy = f"\nhelp: {error.help}" if error.help else ""
        sys.stderr.write(f"error: {error.message}{remedy}\n")
        return error.exit_status
    # A metric may be no number, which JSON has no sign for.
    json.dump(_finite(document), sys.stdout, allow_nan=False)
    return 0


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else non_finite(value)
        case Mapping():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
    return value


def _list(store: Store, arguments: list[str]) -> dict[str, Any]:
    """Lists the latest version of each model, or the versions of one."""
    models = []
    if arguments:
        name, _, version = arguments[0].partition("@")
        wanted = store.find(arguments[0])[1] if version else None
        for found in reversed(store.versions(name)):
            if wanted in (None, found.version):
                models.append(_entry(store, name, found))
    else:
        for name in store.names():
            versions = store.versions(name)
            models.append({**_entry(store, name, versions[-1]), "versions": len(versions)})
    return {"store": store.place, "models": models}


def _entry(store: Store, name: str, found: Version) -> dict[str, Any]:
    entry = {
        "name": name,
        "version": found.version,
        "latest": found.is_latest,
        "published": found.published.isoformat(timespec="seconds"),
        "estimator": None,
        "rows": None,
        "metrics": {},
        "bytes": None,
        "problem": None,
    }
    try:
        _, _, document = store.described(f"{name}@{found.version}")
    except StepError as error:
        # One that cannot be used hides none of the others.
        return {**entry, "problem": error.message}
    return {
        **entry,
        "estimator": document.get("estimator"),
        "rows": document.get("rows"),
        "metrics": document.get("training", {}).get("metrics", {}),
        "bytes": _bytes(document),
    }


def _bytes(document: Mapping[str, Any]) -> int:
    return sum(file["bytes"] for file in document["files"].values())


def _show(store: Store, arguments: list[str]) -> dict[str, Any]:
    name, version, document = store.described(arguments[0])
    return {
        "name": name,
        "version": version,
        "location": store.location(name, version),
        "versions": [
            {
                "version": found.version,
                "latest": found.is_latest,
                "published": found.published.isoformat(timespec="seconds"),
            }
            for found in reversed(store.versions(name))
        ],
        "bytes": _bytes(document),
        "card": [[label, str(value)] for label, value in card(document)],
        "document": document,
    }


def _copy(store: Store, arguments: list[str]) -> dict[str, Any]:
    other = open_store(os.environ[OTHER_STORE])
    name, version = store.copy_to(other, arguments[0])
    return {"name": name, "version": version, "location": other.location(name, version)}


def _delete(store: Store, arguments: list[str]) -> dict[str, Any]:
    name, *versions = arguments
    known = {found.version for found in store.versions(name)}
    for version in versions:
        # It may have been deleted while somebody was asked.
        if version not in known:
            raise SpecError(f"no version `{version}` of the model `{name}`")
    for version in versions:
        store.remove(name, version)
    return {"name": name, "versions": versions}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
