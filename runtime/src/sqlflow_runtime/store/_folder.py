"""Models as folders: `file:PATH`.

    PATH/NAME/VERSION/model.json    and the model's files, which model.json lists with their hashes
    PATH/NAME/latest                symbolic link to a VERSION
    PATH/NAME/.latest-*             the link that is about to be `latest`
    PATH/NAME/.tmp-*                a version that is being written, or was when its step was killed

A VERSION is the start of the SHA-256 of its model.json, so one hash vouches for every byte.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sqlflow_runtime._contract import MODEL_STORE
from sqlflow_runtime._errors import ProgramError, ResourceError, did_you_mean, os_errors
from sqlflow_runtime.store._store import FORMAT, ModelFolder

_DOCUMENT = "model.json"
_LATEST = "latest"
_STAGING = ".tmp-"
_LINKING = ".latest-"
_YOUNG_SECONDS = 60
_VERSION_DIGITS = 16


class FolderStore:
    """A store in a folder; see `store.Store` for the methods."""

    def __init__(self, url: str) -> None:
        path = unquote(url.removeprefix("file:"))
        if path.startswith("//"):
            # file:///PATH is what other tools write for an absolute path.
            path = path[2:]
        if not path:
            raise ResourceError(f"`{url}` names no folder", help="write file:PATH")
        self._root = Path(path)

    def publish(
        self, name: str, document: Mapping[str, Any], save: Callable[[Path], None]
    ) -> ModelFolder:
        if "@" in name:
            raise ProgramError(f"`{name}` names a version; a model is stored under a name only")
        home = self._home(name)
        home_help = f"{MODEL_STORE} names the folder of the models"
        with os_errors(f"store the model `{name}`", help=home_help), _staging(home) as staging:
            save(staging)
            files = {path.name: _digest(path) for path in sorted(staging.iterdir())}
            content = json.dumps(
                {"format": FORMAT, **document, "files": files}, indent=2, ensure_ascii=False
            ).encode()
            (staging / _DOCUMENT).write_bytes(content)
            for path in staging.iterdir():
                _sync(path)
            _sync(staging)
            version = hashlib.sha256(content).hexdigest()[:_VERSION_DIGITS]
            if not (home / version).exists():
                staging.rename(home / version)
            self._point(home, version)
        return ModelFolder(name, version, home / version, json.loads(content))

    def _point(self, home: Path, version: str) -> None:
        """Makes `version` the latest one: the link is replaced, never missing."""
        link = home / f"{_LINKING}{secrets.token_hex(8)}"
        link.symlink_to(version)
        link.replace(home / _LATEST)
        _sync(home)

    def load(self, name: str) -> ModelFolder:
        plain, _, version = name.partition("@")
        home = self._home(plain)
        with os_errors(
            f"read the model `{name}`", help=f"train it again, or restore the folder `{home}`"
        ):
            folder = self._find(home, plain, version)
            content = (folder / _DOCUMENT).read_bytes()
            _verify(folder, name, content)
            document = _parse(content, name)
            for file, digest in document["files"].items():
                if file != Path(file).name or _digest(folder / file) != digest:
                    raise _tampered(name, f"its file `{file}` is not what was published")
        return ModelFolder(plain, folder.name, folder, document)

    def _find(self, home: Path, name: str, version: str) -> Path:
        if version:
            matches = [
                path for path in sorted(home.glob(f"{quote(version)}*")) if path.name != _LATEST
            ]
            if len(matches) != 1:
                known = sorted(path.name for path in home.glob("*") if path.name != _LATEST)
                raise ProgramError(
                    f"no version `{version}` of the model `{name}`",
                    help=did_you_mean(version, known),
                )
            return matches[0]
        link = home / _LATEST
        if not link.is_symlink():
            raise ProgramError(
                f"no model `{name}` in {self._root}",
                help=did_you_mean(name, self.names()) or "no model has been trained there yet",
            )
        return home / link.readlink().name

    def names(self) -> list[str]:
        if not self._root.is_dir():
            return []
        with os_errors(f"list the models in {self._root}"):
            homes = sorted(self._root.iterdir())
            return [unquote(home.name) for home in homes if (home / _LATEST).is_symlink()]

    def _home(self, name: str) -> Path:
        # Slashes are quoted by `quote`, a leading dot is not, and would hide the model.
        encoded = quote(name, safe="")
        return self._root / (f"%2E{encoded[1:]}" if encoded.startswith(".") else encoded)


@contextmanager
def _staging(home: Path) -> Iterator[Path]:
    """Yields a new folder beside the versions; removes it if it is still there in the end.

    A lock, which ends with its process, tells a folder in use from what a killed step left.
    """
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(f"{_STAGING}*"):
        if not _in_use(left):
            shutil.rmtree(left, ignore_errors=True)
    for link in home.glob(f"{_LINKING}*"):
        # It takes a moment to put a link in place; an older one is of a step that was killed.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - link.lstat().st_mtime >= _YOUNG_SECONDS:
                link.unlink()
    staging = home / f"{_STAGING}{secrets.token_hex(8)}"
    staging.mkdir()
    descriptor = os.open(staging, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield staging
    finally:
        os.close(descriptor)
        shutil.rmtree(staging, ignore_errors=True)


def _in_use(staging: Path) -> bool:
    try:
        descriptor = os.open(staging, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        # Its owner may be about to lock it.
        return time.time() - os.fstat(descriptor).st_mtime < _YOUNG_SECONDS
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _verify(folder: Path, name: str, content: bytes) -> None:
    if hashlib.sha256(content).hexdigest()[:_VERSION_DIGITS] != folder.name:
        raise _tampered(name, f"its {_DOCUMENT} is not what was published")


def _parse(content: bytes, name: str) -> dict[str, Any]:
    document = json.loads(content)
    if document["format"] > FORMAT:
        raise ProgramError(
            f"the model `{name}` has format {document['format']}, not {FORMAT} or below",
            help="use the runtime that trained it, or train it again",
        )
    return dict(document)


def _tampered(name: str, reason: str) -> ResourceError:
    return ResourceError(f"the model `{name}` is refused: {reason}", help="train it again")
