"""What a stored model says of itself, for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def card(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Returns the properties of a model and their values, out of its `model.json`."""
    return [
        ("train statement", document["statement"] or document["select"]),
        ("estimator", document["estimator"]),
        ("parameters", _listed(document["settings"].get("params", {}))),
        ("features", _features(document["features"])),
        ("label", _label(document["label"])),
        ("rows", f"{document['rows']} ({_size(document['bytes'])})"),
        ("training", _training(document)),
        ("metrics", _listed(document["training"]["metrics"])),
        ("created", f"{document['created']} by {_versions(document['versions'])}"),
    ]


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()
    )


def _features(targets: Mapping[str, Any]) -> str:
    """Returns the features' names, of each target where there are several."""
    lists = {
        target: ", ".join(feature["name"] for feature in features)
        for target, features in targets.items()
    }
    if len(lists) == 1:
        return next(iter(lists.values()))
    return "; ".join(f"{names} FOR {target}" for target, names in lists.items())


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} bytes"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"


def _label(label: Mapping[str, Any]) -> str:
    if not label["name"]:
        return f"none, {label['kind']}"
    text = f"{label['name']} ({label['type']}), {label['kind']}"
    return f"{text} of {', '.join(label['classes'])}" if label["classes"] else text


def _training(document: Mapping[str, Any]) -> str:
    units = {unit: done for unit, done in document["training"].items() if unit != "metrics"}
    done = ", ".join(f"{count} {unit}" for unit, count in units.items())
    base = f", from {document['start_from']}" if document["start_from"] else ""
    return f"{done} in {document['seconds']} s{base}"


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
