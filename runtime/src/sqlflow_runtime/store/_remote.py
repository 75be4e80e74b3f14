"""Models in object storage: `s3://BUCKET/PREFIX`, `gs://…`, `az://…`.

    PREFIX/NAME/VERSION/…    a version's files; its model.json is put last, and if absent
    PREFIX/NAME/latest       the VERSION that is the latest one

Credentials, region and endpoint come from the environment, under the names that the clouds' own
tools read (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, `GOOGLE_APPLICATION_CREDENTIALS`,
`AZURE_STORAGE_ACCOUNT_NAME`, …), or from the machine that the step runs on.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlflow_runtime._errors import ResourceError, StepError, TransientError
from sqlflow_runtime.store._store import DOCUMENT, Version, encoded, is_version

try:
    import obstore
    from obstore import exceptions
    from obstore.store import from_url
except ImportError as error:
    raise ResourceError(
        "model stores in object storage need the Python package `obstore`",
        help="install `sqlflow-runtime[remote]`",
    ) from error

_LATEST = "latest"

_ABANDONED = datetime.timedelta(days=1)
"""No step takes so long between a model's first file and its model.json."""

_NO_BUCKET = re.compile(
    "NoSuchBucket|ContainerNotFound|specified (?:bucket|container) does not exist"
)

_RETRIES = 5
_PATIENCE = datetime.timedelta(seconds=60)


class RemoteShelf:
    """Models as objects; see `Shelf` for the methods."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.username or parts.password or parts.query or parts.fragment:
            # Not repeated: it may be a secret.
            raise ResourceError(
                f"the URL of a model store in `{parts.scheme}` is more than bucket and prefix",
                help=f"write {parts.scheme}://BUCKET/PREFIX; credentials are read from the "
                "environment",
            )
        if not parts.netloc:
            raise ResourceError(
                f"`{url}` names no bucket", help=f"write {parts.scheme}://BUCKET/PREFIX"
            )
        self._url = url.rstrip("/")
        with _errors(self._url):
            self._objects = from_url(
                self._url,
                retry_config={"max_retries": _RETRIES, "retry_timeout": _PATIENCE},
            )

    @property
    def place(self) -> str:
        return self._url

    def names(self) -> list[str]:
        with _errors(self._url):
            homes = obstore.list_with_delimiter(self._objects)["common_prefixes"]
        names = [unquote(str(home).rstrip("/").rpartition("/")[2]) for home in homes]
        return sorted(name for name in names if self.latest(name) is not None)

    def latest(self, name: str) -> str | None:
        with _errors(self._url):
            try:
                content = obstore.get(self._objects, f"{encoded(name)}/{_LATEST}").bytes()
            except FileNotFoundError:
                return None
        version = bytes(content).decode("ascii", "replace").strip()
        if not is_version(version):
            raise ResourceError(
                f"`{self._url}/{encoded(name)}/{_LATEST}` names no version",
                help="write a version's name there, or train the model again",
            )
        return version

    def versions(self, name: str) -> list[Version]:
        found = []
        for path, modified in self._listed(name):
            version, _, file = path.partition("/")
            if file == DOCUMENT and is_version(version):
                found.append((modified, version))
        # Asked last: what was not listed yet must not make an older one look like the latest.
        latest = self.latest(name)
        # A version that was published again is the latest one, however old its files are.
        ordered = sorted((version == latest, time, version) for time, version in found)
        return [Version(version, time, is_latest) for is_latest, time, version in ordered]

    def _listed(self, name: str) -> list[tuple[str, datetime.datetime]]:
        """Returns the objects of a model, seen from its folder, and when they were written."""
        home = f"{encoded(name)}/"
        with _errors(self._url):
            batches = list(obstore.list(self._objects, home))
        return [
            (entry["path"].removeprefix(home), entry["last_modified"])
            for batch in batches
            for entry in batch
        ]

    @contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="sqlflow-model-") as folder:
            yield Path(folder)

    def add(self, name: str, version: str, folder: Path) -> None:
        home = f"{encoded(name)}/{version}"
        with _errors(self._url):
            for path in sorted(folder.iterdir()):
                if path.name != DOCUMENT:
                    # The same bytes, whoever else puts them.
                    obstore.put(self._objects, f"{home}/{encoded(path.name)}", path)
            with contextlib.suppress(exceptions.AlreadyExistsError):
                # Uploads in several parts cannot be made to depend on what is there.
                obstore.put(
                    self._objects,
                    f"{home}/{DOCUMENT}",
                    (folder / DOCUMENT).read_bytes(),
                    mode="create",
                    use_multipart=False,
                )
            self._point(name, version)
        self._remove_left(name)

    def _point(self, name: str, version: str) -> None:
        obstore.put(self._objects, f"{encoded(name)}/{_LATEST}", version.encode())

    def _remove_left(self, name: str) -> None:
        """Removes files of versions whose step was killed before it put their model.json."""
        listed = self._listed(name)
        whole = {path.partition("/")[0] for path, _ in listed if path.endswith(f"/{DOCUMENT}")}
        before = datetime.datetime.now(datetime.UTC) - _ABANDONED
        left = [
            f"{encoded(name)}/{path}"
            for path, modified in listed
            if modified < before and (version := path.partition("/")[0]) not in whole
            if is_version(version)
        ]
        if left:
            with _errors(self._url):
                obstore.delete(self._objects, left)

    def document(self, name: str, version: str) -> bytes:
        with _errors(self._url):
            found = obstore.get(self._objects, f"{encoded(name)}/{version}/{DOCUMENT}")
            return bytes(found.bytes())

    @contextmanager
    def fetched(self, name: str, version: str, files: Sequence[str]) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="sqlflow-model-") as made:
            folder = Path(made)
            for file in files:
                with _errors(self._url), (folder / file).open("wb") as out:
                    path = f"{encoded(name)}/{version}/{encoded(file)}"
                    for chunk in obstore.get(self._objects, path):
                        out.write(chunk)
            yield folder

    def remove(self, name: str, version: str) -> None:
        others = [found for found in self.versions(name) if found.version != version]
        home = encoded(name)
        with _errors(self._url):
            if self.latest(name) == version:
                if others:
                    self._point(name, others[-1].version)
                else:
                    obstore.delete(self._objects, f"{home}/{_LATEST}")
            # Without its model.json it is none any more, whatever else is left of it.
            obstore.delete(self._objects, f"{home}/{version}/{DOCUMENT}")
            files = [path for path, _ in self._listed(name) if path.startswith(f"{version}/")]
            obstore.delete(self._objects, [f"{home}/{path}" for path in files])

    def location(self, name: str, version: str) -> str:
        return f"{self._url}/{encoded(name)}/{version}"


@contextmanager
def _errors(url: str) -> Iterator[None]:
    """Reports what object storage says; a missing object stays a FileNotFoundError."""
    try:
        yield
    except FileNotFoundError as error:
        if _NO_BUCKET.search(str(error)):
            raise _translate(error, url) from error
        raise FileNotFoundError(_first_paragraph(error)) from error
    except exceptions.BaseError as error:
        raise _translate(error, url) from error


def _first_paragraph(error: Exception) -> str:
    """Returns what an error says, without how the library came to say so."""
    return str(error).split("\n\n")[0]


def _translate(error: Exception, url: str) -> StepError:
    reason = _first_paragraph(error)
    if _NO_BUCKET.search(reason):
        return ResourceError(
            f"there is no bucket for the model store {url}", help="make it, or name another one"
        )
    message = f"the model store {url} failed: {reason:.500}"
    if isinstance(error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)):
        return ResourceError(message, help="check who the credentials in the environment belong to")
    if "after" in reason and "retries" in reason:
        return TransientError(message, help="run the step again when it answers")
    return ResourceError(
        message, help="credentials, region and endpoint are read from the environment"
    )
