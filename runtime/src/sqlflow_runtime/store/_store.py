"""What the steps ask of a model store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

FORMAT = 1
"""The version of `model.json` that this runtime writes, and the newest that it reads."""


@dataclass(frozen=True)
class ModelFolder:
    """A model in its store, verified: `document` is its `model.json`, beside it are its files."""

    name: str
    version: str
    path: Path
    document: Mapping[str, Any]


class Store(Protocol):
    def publish(
        self, name: str, document: Mapping[str, Any], save: Callable[[Path], None]
    ) -> ModelFolder:
        """Stores a new version of the model `name`, and makes it the latest one, at once.

        `save` writes the model's files into the folder it is given. Until the end, and when
        anything fails, the version before stays in place.
        """
        ...

    def load(self, name: str) -> ModelFolder:
        """Returns the latest version of `name`, or the one that `name@version` says.

        Raises a ProgramError when there is none, and a ResourceError when its files are not what
        was published.
        """
        ...

    def names(self) -> list[str]: ...
