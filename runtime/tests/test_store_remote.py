"""What only model stores in object storage have; `cargo test --test object_storage` starts one."""

from __future__ import annotations

import datetime
import os
import time
import uuid
from pathlib import Path

import obstore
import pytest
from obstore.store import from_url

from sqlflow_runtime._errors import ResourceError
from sqlflow_runtime.store import _remote, open_store
from test_store import publish, weights

S3 = os.environ.get("SQLFLOWC_TEST_S3", "")

needs_bucket = pytest.mark.skipif(not S3, reason="SQLFLOWC_TEST_S3 names no bucket")


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/models", "s3:///models", "gs://b/p?k=v"])
def test_urls_of_object_storage_are_bucket_and_prefix(url: str) -> None:
    with pytest.raises(ResourceError, match="BUCKET/PREFIX") as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


@needs_bucket
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"WEIGHTS", "not what was"), (b"weig", "4 bytes, not 7"), (None, "could not read the model")],
)
def test_objects_that_are_not_what_was_published_are_refused(
    place: Path, content: bytes | None, message: str
) -> None:
    url = f"{S3}/{uuid.uuid4().hex}"
    store, objects = open_store(url), from_url(url)
    path = f"m/{publish(store, 'm')}/weights.bin"
    if content is None:
        obstore.delete(objects, path)
    else:
        obstore.put(objects, path, content)
    with pytest.raises(ResourceError, match=message), store.opened("m"):
        pass


@needs_bucket
def test_objects_of_a_killed_step_are_no_version_and_are_removed_in_time(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{S3}/{uuid.uuid4().hex}"
    store, objects = open_store(url), from_url(url)
    left = f"m/{'0' * 16}/weights.bin"
    obstore.put(objects, left, b"half")
    version = publish(store, "m")
    assert [found.version for found in store.versions("m")] == [version]
    assert obstore.head(objects, left)["size"] == 4
    monkeypatch.setattr(_remote, "_ABANDONED", datetime.timedelta(0))
    time.sleep(1.1)
    publish(store, "m", "more")
    with pytest.raises(FileNotFoundError):
        obstore.head(objects, left)
    assert weights(store, f"m@{version}") == "weights"


@needs_bucket
def test_a_bucket_that_is_not_there_and_wrong_credentials_are_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ResourceError, match="there is no bucket for the model store s3://none"):
        publish(open_store("s3://none"), "m")
    with pytest.raises(ResourceError, match="there is no bucket for the model store s3://none"):
        open_store("s3://none").find("m")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(ResourceError, match=f"the model store {S3} failed") as caught:
        publish(open_store(S3), "m")
    assert caught.value.help == "check who the credentials in the environment belong to"
