"""A trained model, as steps write it to a store and take it from one."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlflow_runtime._contract import VERSION
from sqlflow_runtime._errors import ResourceError
from sqlflow_runtime._label import Label
from sqlflow_runtime.estimators import Estimator, Settings, Training, estimator
from sqlflow_runtime.features._fitted import Specification
from sqlflow_runtime.store import open_store


@dataclass(frozen=True)
class Model:
    name: str
    version: str
    estimator: Estimator
    features: Specification
    label: Label
    document: Mapping[str, Any]

    @property
    def where(self) -> str:
        return f"the query for the model `{self.name}`"


def publish(
    name: str,
    fitted: Estimator,
    features: Specification,
    label: Label,
    training: Training,
    about: Mapping[str, Any],
) -> str:
    """Stores a fitted estimator and says where; `about` says what it was trained from."""
    now = datetime.datetime.now(datetime.UTC)
    document = {
        "name": name,
        "estimator": fitted.name,
        "engine": fitted.engine,
        "settings": fitted.settings.to_json(),
        "label": label.to_json(),
        "features": features.to_json(),
        "training": {training.unit: training.done, "metrics": dict(training.metrics)},
        **about,
        "created": now.isoformat(timespec="seconds"),
        "versions": {
            "sqlflow_runtime": VERSION,
            "python": platform.python_version(),
            **fitted.versions(),
        },
    }

    def save(folder: Path) -> None:
        fitted.save(folder)

    store = open_store()
    return store.location(name, store.publish(name, document, save))


def load(name: str) -> Model:
    """Takes a model from the store; nothing in it is run as code."""
    with open_store().opened(name) as folder:
        document = folder.document
        try:
            settings = Settings(**document["settings"])
            made = estimator(document["estimator"], settings)
            features = Specification.from_json(document["features"])
            label = Label.from_json(document["label"])
        except (KeyError, TypeError) as error:
            raise ResourceError(f"the model `{name}` is damaged: {error!r}") from error
        made.load(folder.path, features, label.kind, len(label.classes))
        return Model(folder.name, folder.version, made, features, label, document)
