"""What the package shows to the outside, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sqlflow_runtime
from sqlflow_runtime import _errors
from sqlflow_runtime._contract import VERSION

RUNTIME = Path(__file__).parent.parent


def test_importing_the_package_imports_no_engine() -> None:
    script = """
import sys
import sqlflow_runtime
heavy = {"numpy", "duckdb", "pyarrow", "xgboost", "sklearn", "scipy", "keras", "jax"}
print(sorted(heavy & set(sys.modules)))
"""
    found = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(RUNTIME / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "[]\n"


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlflow_runtime.estimators import Settings, estimator

    monkeypatch.delitem(sys.modules, "sqlflow_runtime.estimators._keras", raising=False)
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(_errors.ResourceError, match=r"needs .* `keras`, which is not"):
        estimator("DNNClassifier", Settings(params={"hidden_units": [1]}))


def test_all_is_sorted_and_there() -> None:
    names = sqlflow_runtime.__all__
    assert names == sorted(names)
    for name in names:
        assert getattr(sqlflow_runtime, name) is not None


def test_the_version_is_the_one_of_the_package() -> None:
    project = tomllib.loads((RUNTIME / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_locked_requirements_name_no_address() -> None:
    for name in ("core", "deep", "test"):
        text = (RUNTIME / "requirements" / f"{name}.txt").read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_exit_statuses_are_those_of_the_contract() -> None:
    statuses = {
        error.__name__: error.exit_status
        for error in (
            _errors.ProgramError,
            _errors.SpecError,
            _errors.ResourceError,
            _errors.TransientError,
        )
    }
    assert statuses == {
        "ProgramError": 1,
        "SpecError": 2,
        "ResourceError": 3,
        "TransientError": 75,
    }


def test_an_error_is_one_line() -> None:
    error = _errors.ProgramError("first\n  second", help="do\nthis")
    assert str(error) == "first second; do this"
    assert (error.message, error.help) == ("first second", "do this")


@pytest.mark.parametrize(
    ("name", "help_text"),
    [
        ("pedal_width", "did you mean `petal_width`?"),
        ("zzz", "there are `petal_width`, `sepal_width`"),
    ],
)
def test_near_names_are_suggested_else_all_are_listed(name: str, help_text: str) -> None:
    found = _errors.did_you_mean(name, ["petal_width", "sepal_width"])
    assert found is not None
    assert found.startswith(help_text.rstrip("?")[:25])


def test_system_errors_are_resource_errors_with_a_way_out(tmp_path: Path) -> None:
    with (
        pytest.raises(_errors.ResourceError, match=r"could not read it: No such file .*nope"),
        _errors.os_errors("read it"),
    ):
        (tmp_path / "nope").read_bytes()
    with (
        pytest.raises(
            _errors.ResourceError, match="No space left on device; make room on the disk"
        ),
        _errors.os_errors("write it"),
    ):
        raise OSError(28, "No space left on device")
