"""What a step in a user's image gets of this package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sqlflow_runtime
from sqlflow_runtime import carry


def test_the_copy_is_found_and_works_without_the_original(tmp_path: Path) -> None:
    assert carry.main([str(tmp_path)]) == 0
    assert carry.main([str(tmp_path)]) == 0
    assert not list(tmp_path.rglob("__pycache__"))
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import sqlflow_runtime; "
        "print(sqlflow_runtime.__file__)"
    )
    printed = subprocess.run(
        [sys.executable, "-I", "-B", "-c", program, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert Path(printed.strip()).parent == tmp_path / "sqlflow_runtime"
    names = {path.name for path in Path(sqlflow_runtime.__file__).parent.iterdir()}
    copied = {path.name for path in (tmp_path / "sqlflow_runtime").iterdir()}
    assert copied >= names - {"__pycache__"}


def test_a_folder_that_cannot_be_written_to_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert carry.main([str(tmp_path / "file")]) == 3
    assert str(tmp_path / "file") in capsys.readouterr().err
    assert carry.main([]) == 2
