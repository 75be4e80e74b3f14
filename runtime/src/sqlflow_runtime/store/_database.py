"""Models in a database: `database:` for the one that the steps work on, or the URL of another one.

    sqlflow_model        number, name, version, upload, published: one row a version; of the rows of
                         a name, the one with the highest number is the latest version
    sqlflow_model_part   upload, started, file, part, data: the files, cut into parts

Names are encoded, so that all that is compared is ASCII. The row in `sqlflow_model` is written
last and by itself: it publishes. Parts whose row never came are of a step that was killed.
"""

from __future__ import annotations

import datetime
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from sqlflow_runtime._contract import DATASOURCE, DEFAULT_DATASOURCE
from sqlflow_runtime._datasource import duckdb_file
from sqlflow_runtime._errors import ResourceError, StepError, TransientError
from sqlflow_runtime._table import table
from sqlflow_runtime.data import Database, connect
from sqlflow_runtime.store._store import DOCUMENT, Version, encoded, is_version

_MODELS = table("sqlflow_model")
_PARTS = table("sqlflow_model_part")

PART_BYTES = 1 << 20
"""Below what any database takes in one value and in one message."""

_ABANDONED_SECONDS = 24 * 3600
"""No step takes so long between a model's first part and its row."""

_ATTEMPTS = 20

_BINARY = {
    "postgresql": "BYTEA",
    "postgres": "BYTEA",
    "mysql": "MEDIUMBLOB",
    "mariadb": "MEDIUMBLOB",
}
"""What databases call a column for a part; the others call it BLOB."""

_MODEL_FIELDS = pa.schema(
    {
        "number": pa.int64(),
        "name": pa.string(),
        "version": pa.string(),
        "upload": pa.string(),
        "published": pa.int64(),
    }
)
_PART_FIELDS = pa.schema(
    {
        "upload": pa.string(),
        "started": pa.int64(),
        "file": pa.string(),
        "part": pa.int64(),
        "data": pa.binary(),
    }
)


class DatabaseShelf:
    """Models in two tables of a database; see `Shelf` for the methods."""

    def __init__(self, url: str) -> None:
        named = url.removeprefix("database:")
        if named != url and named:
            raise ResourceError(
                f"`database:{named}` names no model store",
                help="write `database:` for the steps' own database, or the URL of another one",
            )
        self._url = named if named == url else None

    @property
    def place(self) -> str:
        if self._url is None:
            return "the database"
        # Whatever else a URL holds may be secret.
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        with connect(url=self._url) as database:
            yield database

    def _is_there(self) -> bool:
        # Opening would make an empty one.
        file = duckdb_file(_url(self._url))
        return file is None or file.exists()

    def names(self) -> list[str]:
        if not self._is_there():
            return []
        with self._connected() as database:
            rows = _models(database, "SELECT name FROM sqlflow_model")
        return sorted({unquote(row["name"]) for row in rows})

    def latest(self, name: str) -> str | None:
        found = self.versions(name)
        return found[-1].version if found else None

    def versions(self, name: str) -> list[Version]:
        if not self._is_there():
            return []
        with self._connected() as database:
            rows = self._rows(database, name)
        return [
            Version(
                row["version"],
                datetime.datetime.fromtimestamp(row["published"], datetime.UTC),
                row is rows[-1],
            )
            for row in rows
        ]

    def _rows(self, database: Database, name: str) -> list[Mapping[str, Any]]:
        """Returns the rows of a model, one a version, in the order of their numbers."""
        # A version that is published again has a new row for a moment beside its old one.
        newest = {row["version"]: row for row in self._all_rows(database, name)}
        return sorted(newest.values(), key=lambda row: row["number"])

    def _all_rows(self, database: Database, name: str) -> list[Mapping[str, Any]]:
        rows = _models(
            database,
            "SELECT number, name, version, upload, published FROM sqlflow_model"
            f" WHERE name = {_text(encoded(name))}",
        )
        # Some databases do not tell `a` from `A`.
        rows = [row for row in rows if row["name"] == encoded(name) and is_version(row["version"])]
        return sorted(rows, key=lambda row: row["number"])

    @contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="sqlflow-model-") as folder:
            yield Path(folder)

    def add(self, name: str, version: str, folder: Path) -> None:
        with self._connected() as database:
            self._make_tables(database)
            known = {row["version"]: row["upload"] for row in self._rows(database, name)}
            upload = known.get(version)
            if upload is None:
                upload = secrets.token_hex(16)
                database.write(_PARTS, _parts(upload, folder))
            number = self._append(database, name, version, upload)
            old = [
                row["number"]
                for row in self._all_rows(database, name)
                if row["version"] == version and row["number"] < number
            ]
            database.execute(
                [
                    *_deletions(old),
                    "DELETE FROM sqlflow_model_part"
                    f" WHERE started < {int(time.time()) - _ABANDONED_SECONDS}"
                    " AND upload NOT IN (SELECT upload FROM sqlflow_model)",
                ],
                0,
            )

    def _append(self, database: Database, name: str, version: str, upload: str) -> int:
        """Publishes by a row with the next number. Of two steps with the same one, the database
        lets one through."""
        for _ in range(_ATTEMPTS):
            numbers = _models(database, "SELECT number FROM sqlflow_model")
            number = 1 + max((row["number"] for row in numbers), default=0)
            row = {
                "number": number,
                "name": encoded(name),
                "version": version,
                "upload": upload,
                "published": int(time.time()),
            }
            batch = pa.RecordBatch.from_pylist([row], schema=_MODEL_FIELDS)
            try:
                database.write(_MODELS, pa.RecordBatchReader.from_batches(_MODEL_FIELDS, [batch]))
            except StepError:
                taken = f"SELECT number FROM sqlflow_model WHERE number = {number}"
                if not _models(database, taken):
                    raise
            else:
                return number
        raise TransientError(
            f"other steps published models {_ATTEMPTS} times before `{name}` could be",
            help="run the step again",
        )

    def _make_tables(self, database: Database) -> None:
        # Makes nothing where they are there, also for users who may not make tables.
        if database.table_exists(_MODELS) and database.table_exists(_PARTS):
            return
        binary = _BINARY.get(_scheme(self._url), "BLOB")
        database.execute(
            [
                "CREATE TABLE IF NOT EXISTS sqlflow_model (number BIGINT NOT NULL PRIMARY KEY,"
                " name VARCHAR(1000) NOT NULL, version VARCHAR(64) NOT NULL,"
                " upload VARCHAR(64) NOT NULL, published BIGINT NOT NULL)",
                "CREATE TABLE IF NOT EXISTS sqlflow_model_part (upload VARCHAR(64) NOT NULL,"
                " started BIGINT NOT NULL, file VARCHAR(255) NOT NULL, part BIGINT NOT NULL,"
                f" data {binary} NOT NULL, PRIMARY KEY (upload, file, part))",
            ],
            0,
        )

    def document(self, name: str, version: str) -> bytes:
        with self.fetched(name, version, [DOCUMENT]) as folder:
            return (folder / DOCUMENT).read_bytes()

    @contextmanager
    def fetched(self, name: str, version: str, files: Sequence[str]) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="sqlflow-model-") as made:
            folder = Path(made)
            with self._connected() as database:
                known = {row["version"]: row["upload"] for row in self._rows(database, name)}
                if version not in known:
                    raise FileNotFoundError(f"the version {version} has just been deleted")
                wanted = ", ".join(_text(encoded(file)) for file in files)
                reader = database.read(
                    "SELECT file, part, data FROM sqlflow_model_part"
                    f" WHERE upload = {_text(known[version])} AND file IN ({wanted})"
                    " ORDER BY file, part"
                )
                for batch in reader:
                    for row in batch.to_pylist():
                        with (folder / unquote(row["file"])).open("ab") as file:
                            file.write(row["data"])
            yield folder

    def remove(self, name: str, version: str) -> None:
        with self._connected() as database:
            rows = [row for row in self._all_rows(database, name) if row["version"] == version]
            uploads = sorted({row["upload"] for row in rows})
            database.execute(
                [
                    *_deletions([row["number"] for row in rows]),
                    *(
                        f"DELETE FROM sqlflow_model_part WHERE upload = {_text(upload)}"
                        for upload in uploads
                    ),
                ],
                0,
            )

    def location(self, name: str, version: str) -> str:
        return f"{self.place}: {name}@{version}"


def _models(database: Database, select: str) -> list[dict[str, Any]]:
    """Reads `sqlflow_model`, where a store that nobody has published to has no rows."""
    if not database.table_exists(_MODELS):
        return []
    return [row for batch in database.read(select) for row in batch.to_pylist()]


def _deletions(numbers: Sequence[int]) -> list[str]:
    return [f"DELETE FROM sqlflow_model WHERE number = {number}" for number in numbers]


def _parts(upload: str, folder: Path) -> pa.RecordBatchReader:
    started = int(time.time())

    def batches() -> Iterator[pa.RecordBatch]:
        for path in sorted(folder.iterdir()):
            with path.open("rb") as file:
                part = 0
                # An empty file has one empty part.
                while (data := file.read(PART_BYTES)) or not part:
                    row = {
                        "upload": upload,
                        "started": started,
                        "file": encoded(path.name),
                        "part": part,
                        "data": data,
                    }
                    yield pa.RecordBatch.from_pylist([row], schema=_PART_FIELDS)
                    part += 1

    return pa.RecordBatchReader.from_batches(_PART_FIELDS, batches())


def _url(url: str | None) -> str:
    return url or os.environ.get(DATASOURCE) or DEFAULT_DATASOURCE


def _scheme(url: str | None) -> str:
    return _url(url).partition(":")[0].partition("+")[0]


def _text(plain: str) -> str:
    """Returns a text without quotes and backslashes as a literal of any dialect."""
    assert "'" not in plain
    assert "\\" not in plain
    return f"'{plain}'"
