"""Where DuckDB looks for files that SQL names relatively.

The working directory comes first, then the folders in `SQLFLOW_FILES`. DuckDB itself reads a file
that several folders of its `file_search_path` hold from all of them, as if it were one table, and
matches patterns in these folders only. So folders that overlap are shown to it as one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlflow_runtime._contract import FILES
from sqlflow_runtime._errors import ResourceError, os_errors


@dataclass(frozen=True)
class SearchPath:
    """A value for `file_search_path`; empty when the working directory is all there is."""

    path: str


@contextmanager
def search_path() -> Iterator[SearchPath]:
    """Yields the search path; a folder that stands for several is there until the end."""
    named = [Path(name) for name in os.environ.get(FILES, "").split(os.pathsep) if name]
    folders = list(dict.fromkeys(path.resolve() for path in [Path.cwd(), *named] if path.is_dir()))
    if len(folders) == 1:
        yield SearchPath("")
        return
    with os_errors(f"list the folders in {FILES}"):
        entries = _entries(folders)
    if all(len(paths) == 1 for paths in entries.values()):
        yield SearchPath(_joined(folders))
        return
    with tempfile.TemporaryDirectory(prefix="sqlflow-files-") as merged:
        with os_errors(f"merge the folders in {FILES}"):
            _merge(entries, Path(merged))
        yield SearchPath(_joined([Path(merged)]))


def _entries(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Returns what the folders hold, by name, in the order of the folders."""
    entries: dict[str, list[Path]] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if not path.name.startswith("."):
                entries.setdefault(path.name, []).append(path)
    return entries


def _merge(entries: dict[str, list[Path]], merged: Path) -> None:
    """Links each entry into `merged`: folders of one name as one folder, else the first."""
    for name, paths in entries.items():
        if len(paths) > 1 and all(path.is_dir() for path in paths):
            (merged / name).mkdir()
            _merge(_entries(paths), merged / name)
        else:
            (merged / name).symlink_to(paths[0])


def _joined(folders: Sequence[Path]) -> str:
    for folder in folders:
        if "," in str(folder):
            raise ResourceError(
                f"DuckDB cannot look for files in `{folder}`: the name holds a comma",
                help=f"rename the folder, or leave it out of {FILES}",
            )
    return ",".join(map(str, folders))
