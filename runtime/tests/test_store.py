"""The model store: versions, atomic publishing, refusal of what was tampered with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from sqlflow_runtime._errors import ProgramError, ResourceError
from sqlflow_runtime.store import ModelFolder, open_store
from sqlflow_runtime.store._folder import FolderStore

SOURCE = Path(__file__).parent.parent / "src"


@pytest.fixture
def store(place: Path) -> FolderStore:
    found = open_store()
    assert isinstance(found, FolderStore)
    return found


def publish(store: FolderStore, name: str, content: str = "weights") -> ModelFolder:
    def save(folder: Path) -> None:
        (folder / "weights.bin").write_text(content)

    return store.publish(name, {"name": name}, save)


def test_the_latest_version_is_found_and_older_ones_stay(store: FolderStore) -> None:
    first, second = publish(store, "m", "one"), publish(store, "m", "two")
    assert store.load("m").version == second.version
    found = store.load(f"m@{first.version[:8]}")
    assert (found.path / "weights.bin").read_text() == "one"
    with pytest.raises(ProgramError, match="no version `ffff` of the model `m`"):
        store.load("m@ffff")


@pytest.mark.parametrize("name", ["a.b", "../up", "/root", ".hidden", "..", "x y/é", "%2E", "A"])
def test_any_name_stays_inside_the_store(store: FolderStore, place: Path, name: str) -> None:
    publish(store, name)
    assert store.load(name).name == name
    assert store.names() == [name]
    assert [path.name for path in place.iterdir()] == [".sqlflow"]
    assert len(list((place / ".sqlflow" / "models").iterdir())) == 1


def test_a_missing_model_is_named_with_the_nearest_one(store: FolderStore) -> None:
    with pytest.raises(ProgramError, match="no model has been trained there yet"):
        store.load("m")
    publish(store, "iris_model")
    with pytest.raises(ProgramError, match=r"no model `iris_modle` in .*did you mean `iris_model`"):
        store.load("iris_modle")


def edit_weights(folder: Path) -> None:
    (folder / "weights.bin").write_text("other")


def cut_weights(folder: Path) -> None:
    (folder / "weights.bin").write_text("")


def remove_weights(folder: Path) -> None:
    (folder / "weights.bin").unlink()


def edit_document(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace('"m"', '"n"'))


@pytest.mark.parametrize("tamper", [edit_weights, cut_weights, remove_weights, edit_document])
def test_a_model_that_is_not_what_was_published_is_refused(
    store: FolderStore, tamper: Callable[[Path], None]
) -> None:
    tamper(publish(store, "m").path)
    with pytest.raises(ResourceError, match="the model `m`"):
        store.load("m")


def test_a_file_outside_the_folder_is_refused(store: FolderStore, place: Path) -> None:
    import hashlib

    (place / "secret").write_text("x")
    digest = hashlib.sha256(b"x").hexdigest()
    content = json.dumps({"format": 1, "files": {"../../../../secret": digest}}).encode()
    version = hashlib.sha256(content).hexdigest()[:16]
    home = place / ".sqlflow" / "models" / "m"
    (home / version).mkdir(parents=True)
    (home / version / "model.json").write_bytes(content)
    (home / "latest").symlink_to(version)
    with pytest.raises(ResourceError, match="is refused"):
        store.load("m")


def test_a_newer_format_is_refused(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlflow_runtime.store import _folder

    monkeypatch.setattr(_folder, "FORMAT", 2)
    publish(store, "m")
    monkeypatch.setattr(_folder, "FORMAT", 1)
    with pytest.raises(ProgramError, match="has format 2, not 1 or below"):
        store.load("m")


def test_a_failure_while_saving_leaves_the_version_before(store: FolderStore, place: Path) -> None:
    before = publish(store, "m")

    def fail(folder: Path) -> None:
        (folder / "weights.bin").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ResourceError, match="could not store the model `m`: No space left"):
        store.publish("m", {}, fail)
    assert store.load("m").version == before.version
    assert sorted(path.name for path in before.path.parent.iterdir()) == [before.version, "latest"]


HALF = """
    import sys, time
    from sqlflow_runtime.store import open_store

    def save(folder):
        (folder / "weights.bin").write_text("half")
        print("saving", flush=True)
        time.sleep(60)

    open_store().publish("m", {}, save)
"""


def test_a_process_killed_while_it_publishes_leaves_the_version_before(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlflow_runtime.store import _folder

    before = publish(store, "m")
    home = before.path.parent
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HALF)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        monkeypatch.setattr(_folder, "_YOUNG_SECONDS", 0)
        # While it lives, what it writes is left alone.
        publish(store, "m", "beside")
        assert len(list(home.glob(".tmp-*"))) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (store.load("m").path / "weights.bin").read_text() == "beside"
    publish(store, "m", "after")
    assert list(home.glob(".tmp-*")) == []
    assert (store.load("m").path / "weights.bin").read_text() == "after"


def test_a_folder_that_cannot_be_written_is_a_resource_error(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "file").write_text("")
    monkeypatch.setenv("SQLFLOW_MODEL_STORE", "file:file/models")
    with pytest.raises(ResourceError, match="could not store the model `m`: Not a dir") as caught:
        publish(FolderStore("file:file/models"), "m")
    assert caught.value.help == "a part of that path is a file; remove it or name another folder"


def test_a_model_whose_file_is_gone_says_what_to_do(store: FolderStore, place: Path) -> None:
    remove_weights(publish(store, "m").path)
    with pytest.raises(ResourceError, match="could not read the model `m`: No such file") as caught:
        store.load("m")
    assert caught.value.help == "train it again, or restore the folder `.sqlflow/models/m`"


def test_links_that_a_killed_step_left_are_removed(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlflow_runtime.store import _folder

    home = publish(store, "m").path.parent
    left = home / ".latest-0123456789abcdef"
    left.symlink_to("gone")
    # A young one may be about to be put in place.
    publish(store, "m", "two")
    assert left.is_symlink()
    monkeypatch.setattr(_folder, "_YOUNG_SECONDS", 0)
    last = publish(store, "m", "three")
    assert not left.is_symlink()
    assert store.load("m").version == last.version


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://bucket", "no model store for `s3`"),
        ("models", "no model store for a URL without a scheme"),
        ("file:", "names no folder"),
    ],
)
def test_a_store_that_is_not_there(
    place: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("SQLFLOW_MODEL_STORE", url)
    with pytest.raises(ResourceError, match=message):
        open_store()


def test_absolute_urls_are_absolute(tmp_path: Path) -> None:
    for url in (f"file:{tmp_path}/a", f"file://{tmp_path}/a"):
        publish(FolderStore(url), "m")
    assert (tmp_path / "a" / "m" / "latest").is_symlink()
