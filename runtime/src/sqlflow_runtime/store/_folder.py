"""Models as folders: `file:PATH`.

    PATH/NAME/VERSION/              a version's files
    PATH/NAME/latest                symbolic link to a VERSION
    PATH/NAME/.latest-*             the link that is about to be `latest`
    PATH/NAME/.tmp-*/files          a version that is being written, or was when its step was killed
    PATH/NAME/.tmp-*/lock           locked as long as it is being written
    PATH/.lock                      locked while versions and links change places

Locks are on files that are open for writing: on folders, network file systems refuse them.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from sqlflow_runtime._errors import ResourceError
from sqlflow_runtime.store._store import DOCUMENT, Version, encoded, is_version

_LATEST = "latest"
_STAGING = ".tmp-"
_LINKING = ".latest-"
_LOCK = ".lock"
_YOUNG_SECONDS = 60


class FolderShelf:
    """Models in a folder; see `Shelf` for the methods."""

    def __init__(self, url: str) -> None:
        path = unquote(url.removeprefix("file:"))
        if path.startswith("//"):
            # file:///PATH is what other tools write for an absolute path.
            path = path[2:]
        if not path:
            raise ResourceError(f"`{url}` names no folder", help="write file:PATH")
        self._root = Path(path)

    @property
    def place(self) -> str:
        return str(self._root)

    def names(self) -> list[str]:
        if not self._root.is_dir():
            return []
        homes = sorted(self._root.iterdir())
        return [unquote(home.name) for home in homes if (home / _LATEST).is_symlink()]

    def latest(self, name: str) -> str | None:
        link = self._home(name) / _LATEST
        return link.readlink().name if link.is_symlink() else None

    def versions(self, name: str) -> list[Version]:
        home = self._home(name)
        if not home.is_dir():
            return []
        found = []
        for folder in home.iterdir():
            # One that has just been deleted is none.
            with contextlib.suppress(FileNotFoundError):
                if is_version(folder.name):
                    # The document is written last, and nothing after it.
                    found.append((folder.stat().st_mtime_ns, folder.name))
        # Asked last: what was not listed yet must not make an older one look like the latest.
        latest = self.latest(name)
        # A version that was published again is the latest one, however old its files are.
        return [
            Version(version, datetime.datetime.fromtimestamp(ns / 1e9, datetime.UTC), is_latest)
            for is_latest, ns, version in sorted((name == latest, ns, name) for ns, name in found)
        ]

    @contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        home = self._home(name)
        with self._locked():
            home.mkdir(exist_ok=True)
            _remove_left(home)
            staging = home / f"{_STAGING}{secrets.token_hex(8)}"
            staging.mkdir()
            # The lock, which ends with its process, tells a folder in use from what a killed step
            # left.
            lock = _lock(staging / "lock", fcntl.LOCK_EX)
        try:
            files = staging / "files"
            files.mkdir()
            yield files
        finally:
            os.close(lock)
            shutil.rmtree(staging, ignore_errors=True)

    def add(self, name: str, version: str, folder: Path) -> None:
        for path in folder.iterdir():
            _sync(path)
        _sync(folder)
        home = self._home(name)
        with self._locked():
            if not (home / version).exists():
                folder.rename(home / version)
            self._point(home, version)

    def _point(self, home: Path, version: str) -> None:
        """Makes `version` the latest one: the link is replaced, never missing."""
        link = home / f"{_LINKING}{secrets.token_hex(8)}"
        link.symlink_to(version)
        link.replace(home / _LATEST)
        _sync(home)

    def document(self, name: str, version: str) -> bytes:
        return (self._home(name) / version / DOCUMENT).read_bytes()

    @contextmanager
    def fetched(self, name: str, version: str, files: Sequence[str]) -> Iterator[Path]:
        yield self._home(name) / version

    def remove(self, name: str, version: str) -> None:
        home = self._home(name)
        with self._locked():
            others = [found for found in self.versions(name) if found.version != version]
            if self.latest(name) == version:
                if others:
                    self._point(home, others[-1].version)
                else:
                    (home / _LATEST).unlink()
            # A step that reads the version just now finds it whole or not at all.
            grave = home / f"{_STAGING}{secrets.token_hex(8)}"
            (home / version).rename(grave)
            shutil.rmtree(grave)
            if not others:
                # Another step may be writing its first version there.
                with contextlib.suppress(OSError):
                    home.rmdir()

    def location(self, name: str, version: str) -> str:
        return str(self._home(name) / version)

    def _home(self, name: str) -> Path:
        return self._root / encoded(name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        descriptor = _lock(self._root / _LOCK, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)


def _remove_left(home: Path) -> None:
    """Removes what killed steps left."""
    for left in home.glob(f"{_STAGING}*"):
        if not _in_use(left):
            shutil.rmtree(left, ignore_errors=True)
    for link in home.glob(f"{_LINKING}*"):
        # It takes a moment to put a link in place; an older one is of a step that was killed.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - link.lstat().st_mtime >= _YOUNG_SECONDS:
                link.unlink()


def _in_use(staging: Path) -> bool:
    # It is made and locked under the store's lock, which the caller has.
    try:
        os.close(_lock(staging / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB))
    except BlockingIOError:
        return True
    except (FileNotFoundError, NotADirectoryError):
        return False
    return False


def _lock(path: Path, operation: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
