"""A model store: the same rules of publishing, naming and refusing, whatever keeps the bytes.

A version of a model is a folder of files: `model.json`, and those that it lists with their sizes
and hashes. It is named by the start of the SHA-256 of its `model.json`, so that one name vouches
for every byte. What keeps versions is a `Shelf`.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from sqlflow_runtime._contract import MODEL_STORE
from sqlflow_runtime._errors import ProgramError, ResourceError, did_you_mean, os_errors

FORMAT = 2
"""The version of `model.json` that this runtime writes and reads.

Format 1 had no sizes of files.
"""

DOCUMENT = "model.json"
_VERSION_DIGITS = 16
_VERSION = re.compile(rf"[0-9a-f]{{{_VERSION_DIGITS}}}")


@dataclass(frozen=True)
class ModelFolder:
    """A model out of its store, verified: `document` is its `model.json`, beside it are its files.

    They are there as long as the store's context manager is open that gave them.
    """

    name: str
    version: str
    path: Path
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    version: str
    published: datetime.datetime
    is_latest: bool


class Shelf(Protocol):
    """What keeps versions, by the names of their models."""

    @property
    def place(self) -> str:
        """Says where it is, for people; holds no secret."""
        ...

    def names(self) -> list[str]:
        """Returns the models that have a latest version, sorted."""
        ...

    def latest(self, name: str) -> str | None: ...

    def versions(self, name: str) -> list[Version]:
        """Returns the whole versions, in the order in which they were published."""
        ...

    def staging(self, name: str) -> AbstractContextManager[Path]:
        """Gives a folder for a version's files, which is gone in the end."""
        ...

    def add(self, name: str, version: str, folder: Path) -> None:
        """Keeps a staged folder as a version, and makes it the latest one, at once.

        Whoever asks meanwhile, and whatever fails, finds the version before. That the version is
        there already is no error.
        """
        ...

    def document(self, name: str, version: str) -> bytes: ...

    def fetched(
        self, name: str, version: str, files: Sequence[str]
    ) -> AbstractContextManager[Path]:
        """Gives a folder with these files of the version; a FileNotFoundError for a missing one."""
        ...

    def remove(self, name: str, version: str) -> None:
        """Removes a version; when it was the latest one, the newest of the others becomes it."""
        ...

    def location(self, name: str, version: str) -> str: ...


class Store:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    @property
    def place(self) -> str:
        return self._shelf.place

    def location(self, name: str, version: str) -> str:
        return self._shelf.location(name, version)

    def publish(self, name: str, document: Mapping[str, Any], save: Callable[[Path], None]) -> str:
        """Stores a new version of the model `name`, makes it the latest one, and returns it.

        `save` writes the model's files into the folder it is given. Until the end, and when
        anything fails, the version before stays in place.
        """
        if "@" in name:
            raise ProgramError(f"`{name}` names a version; a model is stored under a name only")
        with self._storing(name), self._shelf.staging(name) as folder:
            save(folder)
            files = {path.name: _described(path) for path in sorted(folder.iterdir())}
            content = json.dumps(
                {"format": FORMAT, **document, "files": files}, indent=2, ensure_ascii=False
            ).encode()
            (folder / DOCUMENT).write_bytes(content)
            version = _version_of(content)
            self._shelf.add(name, version, folder)
        return version

    @contextmanager
    def opened(self, reference: str) -> Iterator[ModelFolder]:
        """Gives the latest version of a model, or the one that `name@version` says.

        A version may be shortened to digits that no other one starts with. Raises a ProgramError
        when there is none, and a ResourceError when its files are not what was published.
        """
        name, version = self.find(reference)
        document = self._document(name, version)
        files = list(document["files"])
        with self._fetched(name, version, files) as folder:
            for file, wanted in document["files"].items():
                with self._reading(name):
                    found = _described(folder / file)
                if found["bytes"] != wanted["bytes"]:
                    sizes = f"{found['bytes']} bytes, not {wanted['bytes']}"
                    raise _refused(name, f"its file `{file}` has {sizes}")
                if found["sha256"] != wanted["sha256"]:
                    raise _refused(name, f"its file `{file}` is not what was published")
            yield ModelFolder(name, version, folder, document)

    @contextmanager
    def _fetched(self, name: str, version: str, files: Sequence[str]) -> Iterator[Path]:
        # Not around the caller's work, whose own errors are of something else.
        manager = self._shelf.fetched(name, version, [DOCUMENT, *files])
        with self._reading(name):
            folder = manager.__enter__()
        try:
            yield folder
        finally:
            manager.__exit__(None, None, None)

    def described(self, reference: str) -> tuple[str, str, Mapping[str, Any]]:
        """Returns name, version and `model.json` of a model without its files."""
        name, version = self.find(reference)
        return name, version, self._document(name, version)

    def find(self, reference: str) -> tuple[str, str]:
        """Returns the name and the version that `name` or `name@version` means."""
        name, at, wanted = reference.partition("@")
        with self._reading(name):
            if not at:
                latest = self._shelf.latest(name)
                if latest is None:
                    raise self._no_model(name)
                return name, latest
            known = [found.version for found in self._shelf.versions(name)]
        if not known:
            raise self._no_model(name)
        matches = [version for version in known if wanted and version.startswith(wanted.lower())]
        if len(matches) == 1:
            return name, matches[0]
        if matches:
            raise ProgramError(
                f"`{reference}` may be any of {len(matches)} versions",
                help="write more digits: " + ", ".join(f"`{match}`" for match in matches),
            )
        raise ProgramError(
            f"no version `{wanted}` of the model `{name}`", help=did_you_mean(wanted, known)
        )

    def _no_model(self, name: str) -> ProgramError:
        return ProgramError(
            f"no model `{name}` in {self.place}",
            help=did_you_mean(name, self.names()) or "no model has been trained there yet",
        )

    def names(self) -> list[str]:
        with os_errors(f"list the models in {self.place}"):
            return self._shelf.names()

    def versions(self, name: str) -> list[Version]:
        """Returns the versions of a model, in the order in which they were published."""
        with self._reading(name):
            found = self._shelf.versions(name)
        if not found:
            raise self._no_model(name)
        return found

    def remove(self, name: str, version: str) -> None:
        with os_errors(f"delete `{name}@{version}`"):
            self._shelf.remove(name, version)

    def copy_to(self, other: Store, reference: str) -> tuple[str, str]:
        """Stores a version in another store too, byte for byte, and makes it the latest there."""
        with self.opened(reference) as model:
            name, version = model.name, model.version
            with other._storing(name), other._shelf.staging(name) as folder:
                for file in [DOCUMENT, *model.document["files"]]:
                    shutil.copyfile(model.path / file, folder / file)
                other._shelf.add(name, version, folder)
        return name, version

    def _document(self, name: str, version: str) -> dict[str, Any]:
        with self._reading(name):
            content = self._shelf.document(name, version)
        if _version_of(content) != version:
            raise _refused(name, f"its {DOCUMENT} is not what was published")
        return _parse(content, name)

    def _storing(self, name: str) -> AbstractContextManager[None]:
        remedy = f"{MODEL_STORE} names the store of the models, now {self.place}"
        return os_errors(f"store the model `{name}`", help=remedy)

    def _reading(self, name: str) -> AbstractContextManager[None]:
        remedy = f"train it again, or restore it in {self.place}"
        return os_errors(f"read the model `{name}`", help=remedy)


def encoded(name: str) -> str:
    """Returns a model's name as one part of a path, from which `unquote` makes it again."""
    # Slashes are quoted by `quote`, a leading dot is not, and would hide the model.
    text = quote(name, safe="")
    return f"%2E{text[1:]}" if text.startswith(".") else text


def is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


def _version_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_VERSION_DIGITS]


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.tell(), "sha256": digest}


def _parse(content: bytes, name: str) -> dict[str, Any]:
    try:
        document = dict(json.loads(content))
        found = document["format"]
        if found != FORMAT:
            remedy = "train it again"
            if found > FORMAT:
                remedy = f"use the runtime that trained it, or {remedy}"
            raise ProgramError(f"the model `{name}` has format {found}, not {FORMAT}", help=remedy)
        for file in document["files"]:
            # A name that leads elsewhere was not written by `publish`.
            if file != Path(file).name or file == DOCUMENT:
                raise _refused(name, f"`{file}` is no name of a file of its own")
    except (ValueError, KeyError, TypeError) as error:
        raise _refused(name, f"its {DOCUMENT} is damaged: {error!r}") from error
    return document


def _refused(name: str, reason: str) -> ResourceError:
    return ResourceError(f"the model `{name}` is refused: {reason}", help="train it again")
