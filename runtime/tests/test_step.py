"""A step ends with the status and the words that the contract gives for its cause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sqlflow_runtime import _step

HEADER = """
import os, signal, sys, time
from sqlflow_runtime import _events
from sqlflow_runtime._errors import ProgramError, TransientError
from sqlflow_runtime._step import run_step
"""


def run(
    tmp_path: Path, body: str, contract: int = 1, **environment: str
) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "step.py"
    script.write_text(
        f"{HEADER}\ndef step():\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
        f"run_step(step, name='train-it', contract={contract})\n"
    )
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, script],
        env=known | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_success_is_silent(tmp_path: Path) -> None:
    ended = run(tmp_path, "pass")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (
            "raise ProgramError('no table named `x`', help='create it first')",
            1,
            "error: no table named `x`\nhelp: create it first\n",
        ),
        ("raise TransientError('the database is locked')", 75, "error: the database is locked\n"),
        (
            "raise MemoryError",
            3,
            "error: `train-it` ran out of memory\n"
            "help: give the step more memory, or select fewer rows or columns\n",
        ),
        (
            "raise OSError(28, os.strerror(28), '/full/model.ubj')",
            3,
            "error: could not run `train-it`: No space left on device (`/full/model.ubj`)\n"
            "help: make room on the disk\n",
        ),
        ("raise KeyboardInterrupt", 130, ""),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(30)", 130, ""),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", 143, ""),
        ("sys.exit(5)", 5, ""),
    ],
)
def test_cause_decides_status_and_words(tmp_path: Path, body: str, status: int, error: str) -> None:
    ended = run(tmp_path, body)
    assert (ended.returncode, ended.stderr) == (status, error)


def test_unknown_contract_is_refused_before_anything_runs(tmp_path: Path) -> None:
    ended = run(tmp_path, "print('ran')", contract=2)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: the step was compiled for contract 2")


def test_bad_event_descriptor_is_refused_before_anything_runs(tmp_path: Path) -> None:
    ended = run(tmp_path, "print('ran')", SQLFLOW_EVENTS_FD="77")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "`SQLFLOW_EVENTS_FD` is `77`" in ended.stderr


def test_defect_shows_a_traceback_under_a_line_that_says_so(tmp_path: Path) -> None:
    ended = run(tmp_path, "{}['missing']")
    assert ended.returncode == 70
    log = ended.stdout.splitlines()
    assert log[0] == "error: this is a defect of sqlflow_runtime, not of the program:"
    assert log[-1] == "error: KeyError: 'missing'"
    assert "KeyError: 'missing'" in ended.stderr


def test_missing_library_is_named(tmp_path: Path) -> None:
    ended = run(tmp_path, "import no_such_library.part")
    assert ended.returncode == 3
    error, help_line = ended.stderr.splitlines()
    assert error == "error: the Python library `no_such_library` is missing"
    assert f"`{sys.prefix}` is removed" in help_line


def test_missing_module_of_the_runtime_is_a_defect(tmp_path: Path) -> None:
    assert run(tmp_path, "import sqlflow_runtime.no_such_module").returncode == 70


def test_termination_tidies_up(tmp_path: Path) -> None:
    left = tmp_path / "left"
    ended = run(
        tmp_path,
        f"""
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # a second one does not cut this short
            open({str(left)!r}, "w").write("tidy")
        """,
    )
    assert ended.returncode == 128 + signal.SIGTERM
    assert left.read_text() == "tidy"


def test_termination_that_a_library_swallows_ends_the_step_at_its_next_event(
    tmp_path: Path,
) -> None:
    ended = run(
        tmp_path,
        """
        class Swallows:
            def __del__(self):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.01)

        Swallows()
        print("went on", flush=True)
        try:
            _events.progress(1, 2, "rounds")
        finally:
            _events.log("info", "tidied up")
        print("went on after its next event", flush=True)
        """,
    )
    assert ended.returncode == 128 + signal.SIGTERM
    assert ended.stdout == "went on\ntidied up\n"


def test_threads_are_bounded_before_the_step_runs(tmp_path: Path) -> None:
    shown = "print(os.environ['OMP_WAIT_POLICY'], os.environ['OMP_NUM_THREADS'])"
    assert run(tmp_path, shown).stdout == f"PASSIVE {_step.usable_cores()}\n"
    assert run(tmp_path, shown, OMP_NUM_THREADS="3").stdout == "PASSIVE 3\n"


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
    ],
)
def test_cpu_limit_of_a_container_counts(
    tmp_path: Path, files: dict[str, str], cores: float | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert _step.cgroup_cores(tmp_path) == cores
