"""The model stores: versions, atomic publishing, refusal of what was tampered with.

Object storage is one of them where `SQLFLOWC_TEST_S3` names a bucket, which a server has that
`cargo test --test object_storage` starts, and so are PostgreSQL and MariaDB where their variables
name a database, as in `cargo test --test databases`.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import sql
from sqlflow_runtime._errors import ProgramError, ResourceError
from sqlflow_runtime.data import connect
from sqlflow_runtime.store import Store, _folder, _store, open_store

SOURCE = Path(__file__).parent.parent / "src"
S3 = os.environ.get("SQLFLOWC_TEST_S3")
SERVERS = [os.environ.get(f"SQLFLOWC_TEST_{name}") for name in ("POSTGRESQL", "MARIADB")]

FILE = "file:.sqlflow/models"
STORES = [FILE, "database:", "sqlite:///models.sqlite"]
STORES += [url for url in (*SERVERS, S3) if url]


@pytest.fixture(params=STORES, ids=lambda url: url.partition(":")[0])
def url(request: pytest.FixtureRequest, place: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    named = str(request.param)
    if named == S3:
        named = f"{S3}/{uuid.uuid4().hex}"
    if named in SERVERS:
        with connect(url=named) as database:
            tables = ("sqlflow_model", "sqlflow_model_part")
            database.execute([f"DROP TABLE IF EXISTS {table}" for table in tables], 0)
    monkeypatch.setenv("SQLFLOW_MODEL_STORE", named)
    return named


@pytest.fixture
def store(url: str) -> Store:
    return open_store()


@pytest.fixture
def folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store that is a folder, for what only a folder has."""
    monkeypatch.setenv("SQLFLOW_MODEL_STORE", FILE)
    return open_store()


def publish(store: Store, name: str, content: str = "weights") -> str:
    def save(folder: Path) -> None:
        (folder / "weights.bin").write_text(content)
        (folder / "empty.bin").write_text("")

    return store.publish(name, {"name": name}, save)


def weights(store: Store, reference: str) -> str:
    with store.opened(reference) as model:
        assert (model.path / "empty.bin").read_text() == ""
        return (model.path / "weights.bin").read_text()


def home(place: Path, name: str = "m") -> Path:
    return place / ".sqlflow" / "models" / name


def test_the_latest_version_is_found_and_older_ones_stay(store: Store) -> None:
    first, second = publish(store, "m", "one"), publish(store, "m", "two")
    assert store.find("m") == ("m", second)
    assert weights(store, "m") == "two"
    assert weights(store, f"m@{first[:8]}") == "one"
    assert weights(store, f"m@{first.upper()}") == "one"
    with pytest.raises(ProgramError, match="no version `xyz` of the model `m`") as caught:
        store.find("m@xyz")
    assert first in str(caught.value.help)
    with pytest.raises(ProgramError, match="no version `` of the model `m`"):
        store.find("m@")


def test_digits_that_several_versions_start_with_are_too_few(store: Store) -> None:
    versions: list[str] = []
    # There are 16 first digits.
    while len({version[0] for version in versions}) == len(versions):
        versions.append(publish(store, "m", f"content {len(versions)}"))
    digit = versions[-1][0]
    with pytest.raises(ProgramError, match=f"`m@{digit}` may be any of 2 versions") as caught:
        store.find(f"m@{digit}")
    assert versions[-1] in str(caught.value.help)


def test_publishing_the_same_again_makes_it_the_latest(store: Store) -> None:
    first, second = publish(store, "m", "one"), publish(store, "m", "two")
    assert publish(store, "m", "one") == first
    assert [found.version for found in store.versions("m")] == [second, first]
    assert [found.is_latest for found in store.versions("m")] == [False, True]
    assert weights(store, "m") == "one"


@pytest.mark.parametrize(
    "name", ["a.b", "../up", "/root", ".hidden", "..", "x y/é", "%2E", "A", "it's", 'a"\\b']
)
def test_any_name_stays_inside_the_store(store: Store, place: Path, name: str) -> None:
    version = publish(store, name)
    assert store.find(name) == (name, version)
    assert store.names() == [name]
    assert {path.name for path in place.iterdir()} <= {".sqlflow", "models.sqlite"}


def test_names_that_differ_in_case_are_two(store: Store) -> None:
    publish(store, "model", "small"), publish(store, "Model", "large")
    assert (weights(store, "model"), weights(store, "Model")) == ("small", "large")
    assert store.names() == ["Model", "model"]


def test_a_missing_model_is_named_with_the_nearest_one(store: Store) -> None:
    with pytest.raises(ProgramError, match="no model has been trained there yet"):
        store.find("m")
    publish(store, "iris_model")
    with pytest.raises(ProgramError, match=r"no model `iris_modle` in .*did you mean `iris_model`"):
        store.find("iris_modle")
    with pytest.raises(ProgramError, match="no model `iris_modle`"):
        store.find("iris_modle@12")
    with pytest.raises(ProgramError, match="no model `iris_modle`"):
        store.versions("iris_modle")


def test_a_name_with_a_version_is_none_to_store_under(store: Store) -> None:
    with pytest.raises(ProgramError, match="`m@1` names a version"):
        publish(store, "m@1")


def test_what_is_larger_than_a_part_comes_back_whole(store: Store) -> None:
    content = random.Random(0).randbytes((2 << 20) + 1).hex()
    publish(store, "m", content)
    assert weights(store, "m") == content


def test_a_removed_version_makes_way_for_the_newest_of_the_others(store: Store) -> None:
    versions = []
    for text in ("one", "two", "three"):
        versions.append(publish(store, "m", text))
        if S3 and store.place.startswith(S3):
            # Object storage counts in seconds.
            time.sleep(1.1)
    first, second, third = versions
    store.remove("m", third)
    assert store.find("m") == ("m", second)
    store.remove("m", first)
    assert [found.version for found in store.versions("m")] == [second]
    store.remove("m", second)
    assert store.names() == []
    with pytest.raises(ProgramError, match="no model `m`"):
        store.find("m")
    publish(store, "m", "one")
    assert weights(store, "m") == "one"


def test_a_copy_has_the_same_version_and_the_same_bytes(store: Store, place: Path) -> None:
    first, second = publish(store, "m", "one"), publish(store, "m", "two")
    other = open_store("file:elsewhere")
    assert store.copy_to(other, f"m@{first}") == ("m", first)
    assert other.find("m") == ("m", first)
    assert weights(other, "m") == "one"
    # And back, where it becomes the latest one.
    other.copy_to(store, "m")
    assert [found.version for found in store.versions("m")] == [second, first]
    assert weights(store, "m") == "one"


def edit_weights(folder: Path) -> None:
    (folder / "weights.bin").write_text("WEIGHTS")


def cut_weights(folder: Path) -> None:
    (folder / "weights.bin").write_text("weig")


def remove_weights(folder: Path) -> None:
    (folder / "weights.bin").unlink()


def edit_document(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace('"m"', '"n"'))


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (edit_weights, "is refused: its file `weights.bin` is not what was published"),
        (cut_weights, "is refused: its file `weights.bin` has 4 bytes, not 7"),
        (remove_weights, "could not read the model `m`: No such file"),
        (edit_document, "is refused: its model.json is not what was published"),
    ],
)
def test_a_folder_that_is_not_what_was_published_is_refused(
    folder: Store, place: Path, tamper: Callable[[Path], None], message: str
) -> None:
    tamper(home(place) / publish(folder, "m"))
    with pytest.raises(ResourceError, match=message), folder.opened("m"):
        pass


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE sqlflow_model_part SET data = 'WEIGHTS' WHERE data = 'weights'", "not what was"),
        ("UPDATE sqlflow_model_part SET data = 'weig' WHERE data = 'weights'", "4 bytes, not 7"),
        ("DELETE FROM sqlflow_model_part WHERE data = 'weights'", "could not read the model `m`"),
        (
            "UPDATE sqlflow_model_part SET data = '{}' WHERE file = 'model.json'",
            "its model.json is not what was published",
        ),
    ],
)
def test_rows_that_are_not_what_was_published_are_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, statement: str, message: str
) -> None:
    monkeypatch.setenv("SQLFLOW_MODEL_STORE", "database:")
    store = open_store()
    publish(store, "m")
    sql(statement)
    with pytest.raises(ResourceError, match=message), store.opened("m"):
        pass


def plant(folder: Path, document: object) -> None:
    content = json.dumps(document).encode()
    version = hashlib.sha256(content).hexdigest()[:16]
    (folder / version).mkdir(parents=True)
    (folder / version / "model.json").write_bytes(content)
    (folder / "latest").symlink_to(version)


def test_a_file_outside_the_folder_is_refused(folder: Store, place: Path) -> None:
    (place / "secret").write_text("x")
    described = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    plant(home(place), {"format": 2, "files": {"../../../../secret": described}})
    with pytest.raises(ResourceError, match="is refused"), folder.opened("m"):
        pass


@pytest.mark.parametrize("document", [{}, [], {"format": 2}, {"format": "2x", "files": {}}])
def test_a_document_of_another_kind_is_refused(
    folder: Store, place: Path, document: object
) -> None:
    plant(home(place), document)
    with pytest.raises((ProgramError, ResourceError), match="the model `m`"), folder.opened("m"):
        pass


@pytest.mark.parametrize(
    ("found", "help"),
    [(1, "train it again"), (3, "use the runtime that trained it, or train it again")],
)
def test_another_format_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch, found: int, help: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(_store, "FORMAT", found)
        publish(store, "m")
    with pytest.raises(ProgramError, match=f"has format {found}, not 2") as caught:
        store.described("m")
    assert caught.value.help == help


def test_a_failure_while_saving_leaves_the_version_before(store: Store) -> None:
    before = publish(store, "m")

    def fail(folder: Path) -> None:
        (folder / "weights.bin").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ResourceError, match="could not store the model `m`: No space left"):
        store.publish("m", {}, fail)
    assert [found.version for found in store.versions("m")] == [before]
    assert weights(store, "m") == "weights"


def test_nothing_is_left_of_a_failed_training(folder: Store, place: Path) -> None:
    publish(folder, "m")

    def fail(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(path.name for path in home(place).iterdir())
    with pytest.raises(ResourceError):
        folder.publish("m", {}, fail)
    assert sorted(path.name for path in home(place).iterdir()) == before


HALF = """
    import sys, time
    from sqlflow_runtime.store import open_store

    def save(folder):
        (folder / "weights.bin").write_text("half")
        print("saving", flush=True)
        time.sleep(60)

    open_store().publish("m", {}, save)
"""


def child(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_process_killed_while_it_publishes_leaves_the_version_before(
    folder: Store, place: Path
) -> None:
    publish(folder, "m")
    with child(HALF) as process:
        assert process.stdout is not None
        process.stdout.readline()
        # While it lives, what it writes is left alone.
        publish(folder, "m", "beside")
        assert len(list(home(place).glob(".tmp-*"))) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert weights(folder, "m") == "beside"
    publish(folder, "m", "after")
    assert list(home(place).glob(".tmp-*")) == []
    assert weights(folder, "m") == "after"


PUBLISHING = """
    from sqlflow_runtime.store import open_store

    store = open_store()
    number = 0
    while True:
        def save(folder):
            for file in range(5):
                (folder / f"{file}.bin").write_bytes(str(number).encode() * 50_000)

        store.publish("m", {"number": number}, save)
        if not number:
            print("publishing", flush=True)
        number += 1
"""


def test_publishers_killed_at_random_leave_whole_versions(store: Store) -> None:
    moments = random.Random(7)
    for _ in range(6):
        with child(PUBLISHING) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
            process.wait()
        for found in store.versions("m"):
            with store.opened(f"m@{found.version}") as model:
                wanted = str(model.document["number"]).encode() * 50_000
                assert [(model.path / f"{file}.bin").read_bytes() for file in range(5)] == [
                    wanted
                ] * 5
        assert store.find("m") == ("m", store.versions("m")[-1].version)
    publish(store, "m", "after")
    assert weights(store, "m") == "after"


def publish_many(writer: int) -> None:
    for number in range(5):
        publish(open_store(), "m", f"{writer} {number}")


def remove_many() -> None:
    store = open_store()
    for _ in range(8):
        for found in store.versions("m"):
            if not found.is_latest:
                store.remove("m", found.version)


@pytest.fixture
def spawn() -> multiprocessing.context.SpawnContext:
    return multiprocessing.get_context("spawn")


def test_publishers_at_the_same_time_all_get_their_versions(
    store: Store, spawn: multiprocessing.context.SpawnContext
) -> None:
    processes = [spawn.Process(target=publish_many, args=(writer,)) for writer in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    versions = store.versions("m")
    contents = {weights(store, f"m@{found.version}") for found in versions}
    assert contents == {f"{writer} {number}" for writer in range(3) for number in range(5)}
    assert [found.is_latest for found in versions] == [False] * 14 + [True]


def test_removals_beside_publications_leave_the_latest_version_whole(
    store: Store, spawn: multiprocessing.context.SpawnContext
) -> None:
    publish(store, "m")
    processes = [
        spawn.Process(target=remove_many),
        *(spawn.Process(target=publish_many, args=(writer,)) for writer in range(2)),
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert weights(store, "m") in {"0 4", "1 4"}


def test_a_full_disk_is_named_and_leaves_the_version_before(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk")
    try:
        store = open_store(f"file:{disk}/models")
        version = publish(store, "m")
        with pytest.raises(ResourceError, match="could not store the model `m`") as caught:
            publish(store, "m", "x" * 1_000_000)
        assert caught.value.help == "make room on the disk"
        assert [found.version for found in store.versions("m")] == [version]
        assert weights(store, "m") == "weights"
        publish(store, "m", "small")
        assert weights(store, "m") == "small"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_cannot_be_written_is_a_resource_error(place: Path) -> None:
    (place / "file").write_text("")
    with pytest.raises(ResourceError, match="could not store the model `m`: Not a dir") as caught:
        publish(open_store("file:file/models"), "m")
    assert caught.value.help == "a part of that path is a file; remove it or name another folder"


def test_a_model_whose_file_is_gone_says_what_to_do(folder: Store, place: Path) -> None:
    remove_weights(home(place) / publish(folder, "m"))
    with pytest.raises(ResourceError) as caught, folder.opened("m"):
        pass
    assert caught.value.help == "train it again, or restore it in .sqlflow/models"


def test_links_that_a_killed_step_left_are_removed(
    folder: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(folder, "m")
    left = home(place) / ".latest-0123456789abcdef"
    left.symlink_to("gone")
    # A young one may be about to be put in place.
    publish(folder, "m", "two")
    assert left.is_symlink()
    monkeypatch.setattr(_folder, "_YOUNG_SECONDS", 0)
    publish(folder, "m", "three")
    assert not left.is_symlink()
    assert weights(folder, "m") == "three"


def test_rows_of_a_killed_step_are_removed_in_time(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLFLOW_MODEL_STORE", "database:")
    store = open_store()
    publish(store, "m")
    sql(
        "INSERT INTO sqlflow_model_part VALUES ('dead', 0, 'weights.bin', 0, 'half')",
        f"INSERT INTO sqlflow_model_part VALUES ('alive', {int(time.time())}, 'x', 0, 'half')",
    )
    publish(store, "m", "two")
    with connect() as database:
        select = "SELECT upload FROM sqlflow_model_part WHERE data = 'half'"
        rows = [row for batch in database.read(select) for row in batch.to_pylist()]
    assert rows == [{"upload": "alive"}]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://server", "no model store for `ftp`"),
        ("models", "no model store for a URL without a scheme"),
        ("file:", "names no folder"),
        ("database:models", "`database:models` names no model store"),
    ],
)
def test_a_store_that_is_not_there(place: Path, url: str, message: str) -> None:
    with pytest.raises(ResourceError, match=message):
        open_store(url)


def test_absolute_urls_are_absolute(tmp_path: Path) -> None:
    for url in (f"file:{tmp_path}/a", f"file://{tmp_path}/a"):
        publish(open_store(url), "m")
    assert (tmp_path / "a" / "m" / "latest").is_symlink()
