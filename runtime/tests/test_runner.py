"""Programs run as users run them: real scripts, real processes, real signals."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sqlflow_runtime import _step

HEADER = """
import dataclasses, os, signal, subprocess, sys, time
from pathlib import Path
from sqlflow_runtime import _events, _runner
from sqlflow_runtime._errors import ProgramError, ResourceError, TransientError
from sqlflow_runtime._runner import Step, main

_runner.RETRY_SECONDS = (0.01, 0.01, 0.01)

def wait_for(name):
    deadline = time.monotonic() + 60
    while not Path(name).exists():
        if time.monotonic() > deadline:
            raise ProgramError(f"{name} never came")
        time.sleep(0.01)
"""

Events = list[dict[str, object]]
StepText = tuple[str, str, list[str]]


class Program:
    """A compiled program in a working directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.script = directory / "program.py"

    def write(self, *steps: StepText, contract: int = 1) -> None:
        functions = "".join(
            f"\ndef {name}():\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
            for name, body, _ in steps
        )
        listed = ",\n    ".join(
            f"Step({name}, name={name!r}, kind='query', lines=({line}, {line}), needs={needs!r})"
            for line, (name, _, needs) in enumerate(steps, 1)
        )
        call = f'main(STEPS, program="iris/program.sql", contract={contract})'
        self.script.write_text(
            f"{HEADER}{functions}\nSTEPS = [\n    {listed},\n]\n"
            f'if __name__ == "__main__":\n    {call}\n'
        )

    def patch(self, statement: str) -> None:
        """Changes the runner, not the steps: `statement` runs before `main`."""
        text = self.script.read_text()
        self.script.write_text(text.replace("    main(STEPS", f"    {statement}\n    main(STEPS"))

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        known = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(
            [sys.executable, self.script, *arguments],
            cwd=self.directory,
            env=known | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        with self.start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def events(self, *arguments: str, **environment: str) -> tuple[int, Events]:
        status, out, err = self.run("--events", *arguments, **environment)
        assert err == ""
        return status, [json.loads(line) for line in out.splitlines()]

    def wait_for(self, name: str) -> str:
        deadline = time.monotonic() + 60
        while not (path := self.directory / name).exists() or not path.read_text():
            assert time.monotonic() < deadline, f"{name} never came"
            time.sleep(0.01)
        return path.read_text()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def ends(events: Events) -> dict[object, object]:
    return {e["step"]: e["status"] for e in events if e["event"] == "finished"}


def order(events: Events) -> list[tuple[object, object]]:
    return [(e["event"], e["step"]) for e in events if e["event"] in ("started", "finished")]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def assert_dies(pid: int) -> None:
    deadline = time.monotonic() + 30
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} outlives its runner"
        time.sleep(0.02)


def test_steps_run_in_dependency_order_with_their_events(program: Program) -> None:
    program.write(
        ("first", "print('on stdout'); print('on stderr', file=sys.stderr)", []),
        (
            "second",
            "_events.progress(1, 2, 'rows'); _events.output('table', 't', 'here', 5)",
            ["first"],
        ),
    )
    status, events = program.events()
    assert status == 0
    assert order(events) == [
        ("started", "first"),
        ("finished", "first"),
        ("started", "second"),
        ("finished", "second"),
    ]
    assert events[0] == {"event": "started", "step": "first", "kind": "query", "lines": [1, 1]}
    logs = sorted((str(e["level"]), e["message"]) for e in events if e["event"] == "log")
    assert logs == [("info", "on stdout"), ("warning", "on stderr")]
    assert {
        "event": "output",
        "step": "second",
        "kind": "table",
        "name": "t",
        "location": "here",
        "rows": 5,
    } in events
    done = events[-1]
    assert done.pop("seconds")
    assert done == {
        "event": "done",
        "succeeded": 2,
        "failed": 0,
        "skipped": 0,
        "cancelled": 0,
        "datasource": "duckdb:///.sqlflow/database.duckdb",
        "model_store": "file:.sqlflow/models",
    }


def test_independent_steps_run_at_the_same_time(program: Program) -> None:
    # Each waits for the other's sign, so one after the other would never end.
    program.write(
        ("left", "Path('left').touch(); wait_for('right')", []),
        ("right", "Path('right').touch(); wait_for('left')", []),
    )
    assert program.events("--jobs", "2")[0] == 0


def test_jobs_bounds_what_runs_at_the_same_time(program: Program) -> None:
    program.write(*((name, "time.sleep(0.05)", []) for name in ("a", "b", "c")))
    status, events = program.events("--jobs", "1")
    assert status == 0
    assert [kind for kind, _ in order(events)] == ["started", "finished"] * 3


def test_threads_are_shared_among_the_steps_that_start_together(program: Program) -> None:
    body = "_events.log('info', os.environ['OMP_NUM_THREADS'] + os.environ['OMP_WAIT_POLICY'])"
    cores = _step.usable_cores()
    program.write(*((f"step_{n}", body, []) for n in range(cores)))
    status, events = program.events("--jobs", str(cores))
    assert status == 0
    assert {e["message"] for e in events if e["event"] == "log"} == {"1PASSIVE"}


BAD = """
wait_for('begun')
Path('bad').write_text(str(os.getpid()))
raise ProgramError('no table `x`', help='create it')
"""
# The runner has seen the failure when the process is gone.
OUTLIVES_BAD = """
Path('begun').touch()
wait_for('bad')
while Path('bad').read_text() == '' or Path('/proc', Path('bad').read_text()).exists():
    time.sleep(0.01)
"""


def test_failure_stops_the_scheduling_but_not_what_runs(program: Program) -> None:
    program.write(
        ("bad", BAD, []),
        ("running", OUTLIVES_BAD, []),
        ("dependent", "pass", ["bad"]),
        ("other", "pass", ["running"]),
    )
    status, events = program.events("--jobs", "2")
    assert status == 1
    assert ends(events) == {
        "bad": "failed",
        "running": "succeeded",
        "dependent": "skipped",
        "other": "skipped",
    }
    told = {e["step"]: e.get("message") for e in events if e["event"] == "finished"}
    assert told["bad"] == "no table `x`"
    assert told["dependent"] == "needs `bad`, which failed"
    assert told["other"] == "not started because `bad` failed"
    (bad,) = (e for e in events if e.get("status") == "failed")
    assert (bad["exit_status"], bad["help"]) == (1, "create it")


def test_keep_going_runs_what_does_not_need_the_failed_step(program: Program) -> None:
    program.write(
        ("bad", "raise ProgramError('no table `x`')", []),
        ("dependent", "pass", ["bad"]),
        ("further", "pass", ["dependent", "other"]),
        ("other", "pass", []),
        ("last", "pass", ["other"]),
    )
    status, events = program.events("--keep-going", "--jobs", "1")
    assert status == 1
    assert ends(events) == {
        "bad": "failed",
        "dependent": "skipped",
        "further": "skipped",
        "other": "succeeded",
        "last": "succeeded",
    }


def test_failed_resources_alone_give_status_3(program: Program) -> None:
    program.write(("full", "raise ResourceError('the disk is full')", []))
    assert program.events()[0] == 3
    program.write(
        ("full", "raise ResourceError('the disk is full')", []),
        ("bad", "raise ProgramError('no table `x`')", []),
    )
    assert program.events("--keep-going")[0] == 1


def test_locked_database_is_tried_again(program: Program) -> None:
    program.write(
        (
            "locked",
            """
            tries = Path('tries')
            tries.write_text((tries.read_text() if tries.exists() else '') + 'x')
            if len(tries.read_text()) < 4:
                raise TransientError('the database is locked')
            """,
            [],
        )
    )
    status, events = program.events()
    assert status == 0
    warnings = [str(e["message"]) for e in events if e["event"] == "log"]
    assert [text.rpartition("(")[2] for text in warnings] == ["1 of 3)", "2 of 3)", "3 of 3)"]
    assert warnings[0].startswith("the database is locked; trying again in ")
    assert order(events) == [("started", "locked"), ("finished", "locked")]


def test_database_that_stays_locked_fails_in_the_end(program: Program) -> None:
    program.write(("locked", "raise TransientError('the database is locked')", []))
    status, events = program.events()
    assert status == 3
    (end,) = (e for e in events if e["event"] == "finished")
    assert (end["status"], end["exit_status"]) == ("failed", 75)
    assert end["message"] == "the database is locked"


def test_step_that_waited_long_is_tried_again_only_once(program: Program) -> None:
    program.write(("locked", "raise TransientError('the database is locked')", []))
    program.patch("_runner.LONG_ATTEMPT_SECONDS = 0")
    status, events = program.events()
    assert status == 3
    (warning,) = (str(e["message"]) for e in events if e["event"] == "log")
    assert warning.endswith("(1 of 1)")


def test_step_says_how_often_it_is_tried_again(program: Program) -> None:
    program.write(("locked", "raise TransientError('the database is locked')", []))
    for retries in (0, 5):
        program.patch(f"STEPS[0] = dataclasses.replace(STEPS[0], retries={retries})")
        status, events = program.events()
        assert status == 3
        warnings = [str(e["message"]) for e in events if e["event"] == "log"]
        assert len(warnings) == retries
        assert all(text.endswith(f"of {retries})") for text in warnings)


def test_step_that_takes_too_long_is_stopped_and_is_not_tried_again(program: Program) -> None:
    program.write(
        ("slow", "Path('began').write_text('x'); time.sleep(60)", []),
        ("behind", "pass", ["slow"]),
        ("beside", "wait_for('began')", []),
    )
    program.patch("STEPS[0] = dataclasses.replace(STEPS[0], timeout=2)")
    begun = time.monotonic()
    status, events = program.events("--jobs", "2")
    assert time.monotonic() - begun < 30
    assert status == 1
    assert ends(events) == {"slow": "failed", "behind": "skipped", "beside": "succeeded"}
    (end,) = (e for e in events if e["event"] == "finished" and e["step"] == "slow")
    assert end["message"] == "the step took longer than its timeout of 2 s"
    assert "timeout=" in str(end["help"])


QUERY = "import sqlflow_runtime; sqlflow_runtime.query(statements=[{!r}])"


def test_database_that_a_shell_holds_is_named_in_the_end(program: Program) -> None:
    import duckdb

    program.write(("locked", QUERY.format("SELECT 1"), []))
    program.patch("_runner.LONG_ATTEMPT_SECONDS = 0")
    with duckdb.connect(program.directory / "d"):
        status, events = program.events("--datasource", "duckdb:///d?lock_timeout=0.1")
    assert status == 3
    (end,) = (e for e in events if e["event"] == "finished")
    assert end["exit_status"] == 75
    assert f"(process {os.getpid()}) after 0 s" in str(end["message"])
    assert str(end["help"]).startswith("close what holds it")


def test_database_that_a_step_of_the_run_holds_is_waited_for(program: Program) -> None:
    holds = """
    import duckdb
    with duckdb.connect('d'):
        Path('held').touch()
        time.sleep(1)
    """
    waits = "wait_for('held')\n" + QUERY.format("SELECT 1")
    program.write(("holds", holds, []), ("waits", waits, []))
    program.patch("_runner.RETRY_SECONDS = ()")
    arguments = ("--datasource", "duckdb:///d?lock_timeout=0.1", "--jobs", "2")
    status, events = program.events(*arguments)
    assert (status, ends(events)) == (0, {"holds": "succeeded", "waits": "succeeded"})


def test_query_of_many_columns_is_shown_in_part(program: Program) -> None:
    columns = ", ".join(f"repeat('x', 2000) AS c{number}" for number in range(5_000))
    program.write(("wide", QUERY.format(f"SELECT {columns}"), []), ("after", "pass", ["wide"]))
    status, events = program.events()
    assert (status, ends(events)) == (0, {"wide": "succeeded", "after": "succeeded"})
    (shown,) = (e for e in events if e["event"] == "table")
    assert str(shown["title"]).endswith(" (the first 50 of 5000 columns)")
    assert shown["columns"] == [f"c{number}" for number in range(50)]
    assert shown["rows"] == [["x" * 999 + "…"] * 50]


def test_event_of_any_size_arrives_and_printed_lines_are_cut(program: Program) -> None:
    body = "_events.log('info', 'e' * 3_000_000); print('p' * 3_000_000)"
    program.write(("long", body, []))
    status, events = program.events()
    assert status == 0
    texts = [str(e["message"]) for e in events if e["event"] == "log"]
    assert [len(text) for text in texts if text[0] == "e"] == [3_000_000]
    printed = [len(text) for text in texts if text[0] == "p"]
    assert sum(printed) == 3_000_000
    assert max(printed) < 1_200_000


@pytest.mark.parametrize("line", ["{cut", "[1]", "7", '{"no": "event"}', '{"event": "finished"}'])
@pytest.mark.parametrize(("end", "status"), [("pass", 70), ("sys.exit(9)", 9)])
def test_line_that_is_no_event_fails_its_step_and_not_the_run(
    program: Program, line: str, end: str, status: int
) -> None:
    body = f"os.write(int(os.environ['SQLFLOW_EVENTS_FD']), {(line + chr(10)).encode()!r})\n{end}"
    program.write(("bad", body, []), ("other", "pass", []))
    ended, events = program.events("--keep-going")
    assert ended == 1
    assert ends(events) == {"bad": "failed", "other": "succeeded"}
    (failed,) = (e for e in events if e.get("status") == "failed")
    assert failed["exit_status"] == status
    assert failed["message"] == f"the step sent a line that is no event: `{line}`"


def test_event_cut_short_by_a_crash_does_not_hide_the_crash(program: Program) -> None:
    body = """
    os.write(int(os.environ['SQLFLOW_EVENTS_FD']), b'{"event": "lo')
    os.kill(os.getpid(), signal.SIGKILL)
    """
    program.write(("dies", body, []))
    _, events = program.events()
    (end,) = (e for e in events if e["event"] == "finished")
    assert "memory ran out" in str(end["message"])


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, "memory ran out"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 139, "crashed (SIGSEGV)"),
        ("os._exit(9)", 9, "ended with status 9"),
        ("{}['missing']", 70, "defect of sqlflow_runtime: KeyError"),
    ],
)
def test_step_that_dies_without_a_word_is_explained(
    program: Program, body: str, status: int, message: str
) -> None:
    program.write(("dies", body, []))
    ended, events = program.events()
    assert ended == 1
    (end,) = (e for e in events if e["event"] == "finished")
    assert end["exit_status"] == status
    assert message in str(end["message"])


def test_resume_leaves_out_what_is_done_and_unchanged(program: Program) -> None:
    bad = ("bad", "raise ProgramError('not yet')", ["first"])
    good = ("bad", "pass", ["first"])
    first: StepText = ("first", "pass", [])
    side: StepText = ("side", "pass", [])
    last = ("last", "pass", ["bad"])
    program.write(first, side, bad, last)
    assert program.events("--jobs", "1")[0] == 1

    program.write(first, side, good, last)
    status, events = program.events("--resume")
    assert status == 0
    assert ends(events) == {
        "first": "skipped",
        "side": "skipped",
        "bad": "succeeded",
        "last": "succeeded",
    }
    # After a full success there is nothing to resume.
    assert set(ends(program.events("--resume")[1]).values()) == {"succeeded"}


def test_resume_repeats_what_builds_on_a_changed_step(program: Program) -> None:
    steps: list[StepText] = [
        ("first", "pass", []),
        ("second", "pass", ["first"]),
        ("side", "pass", []),
    ]
    bad = ("bad", "raise ProgramError('not yet')", ["second", "side"])
    program.write(*steps, bad)
    assert program.events()[0] == 1

    program.write(("first", "print('changed')", []), *steps[1:], bad)
    status, events = program.events("--resume")
    assert status == 1
    assert ends(events) == {
        "first": "succeeded",
        "second": "succeeded",
        "side": "skipped",
        "bad": "failed",
    }


def test_resume_goes_on_after_the_runner_was_killed(program: Program) -> None:
    slow = "Path('pid').write_text('1'); wait_for('go')"
    program.write(("first", "pass", []), ("slow", slow, ["first"]))
    with program.start("--events") as process:
        program.wait_for("pid")
        process.kill()
        process.communicate()
    (program.directory / "go").touch()
    status, events = program.events("--resume")
    assert status == 0
    assert ends(events) == {"first": "skipped", "slow": "succeeded"}


def test_resume_is_for_one_database_only(program: Program) -> None:
    program.write(("first", "pass", []), ("bad", "raise ProgramError('no')", ["first"]))
    assert program.events("--datasource", "duckdb:///a.duckdb")[0] == 1
    _, events = program.events("--datasource", "duckdb:///b.duckdb", "--resume")
    assert ends(events)["first"] == "succeeded"


def test_resume_is_for_one_program_only(program: Program) -> None:
    program.write(("first", "pass", []), ("bad", "raise ProgramError('no')", ["first"]))
    assert program.events(SQLFLOW_PROGRAM="/one/program.sql")[0] == 1
    _, events = program.events("--resume", SQLFLOW_PROGRAM="/two/program.sql")
    assert ends(events)["first"] == "succeeded"
    _, events = program.events("--resume", SQLFLOW_PROGRAM="/one/program.sql")
    assert ends(events)["first"] == "skipped"
    # Without the binary, it is the script that counts.
    assert program.events()[0] == 1
    other = Program(program.directory)
    other.script = program.directory / "other.py"
    other.script.write_text(program.script.read_text())
    assert ends(other.events("--resume")[1])["first"] == "succeeded"


def test_resume_begins_anew_when_the_database_is_another(program: Program) -> None:
    program.write(
        ("first", "Path('d').touch()", []), ("bad", "raise ProgramError('no')", ["first"])
    )
    arguments = ("--datasource", "duckdb:///d?lock_timeout=1")
    assert program.events(*arguments)[0] == 1
    _, events = program.events("--resume", *arguments)
    assert ends(events)["first"] == "skipped"

    (program.directory / "d").unlink()
    _, events = program.events("--resume", *arguments)
    assert events[0]["message"] == "the database d is gone, so no step counts as done"
    assert ends(events)["first"] == "succeeded"

    (program.directory / "d").rename(program.directory / "kept")
    (program.directory / "d").touch()
    _, events = program.events("--resume", *arguments)
    assert str(events[0]["message"]).startswith("the database d is not the one of the last run")
    assert ends(events)["first"] == "succeeded"


def test_record_that_does_not_fit_on_the_disk_leaves_nothing(program: Program) -> None:
    program.write(("a", "pass", []), ("b", "pass", ["a"]))
    program.patch("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))")
    status, events = program.events()
    assert status == 0
    (warning,) = (str(e["message"]) for e in events if e["event"] == "log")
    assert warning.startswith("--resume does not work for this run: [Errno 27] File too large")
    assert list((program.directory / ".sqlflow" / "runs").iterdir()) == []


def test_single_step_outdates_what_builds_on_it(program: Program) -> None:
    program.write(
        ("first", "pass", []),
        ("second", "pass", ["first"]),
        ("bad", "raise ProgramError('no')", ["second"]),
    )
    assert program.events()[0] == 1
    status, events = program.events("--step", "first")
    assert (status, ends(events)) == (0, {"first": "succeeded"})
    _, events = program.events("--resume")
    assert ends(events)["second"] == "succeeded"


def test_unreadable_record_is_told_and_nothing_is_left_out(program: Program) -> None:
    program.write(("first", "pass", []), ("bad", "raise ProgramError('no')", ["first"]))
    assert program.events()[0] == 1
    (record,) = (program.directory / ".sqlflow" / "runs").iterdir()
    record.write_text("{")
    _, events = program.events("--resume")
    assert str(events[0]["message"]).startswith("--resume does not work for this run")
    assert ends(events)["first"] == "succeeded"


def test_chosen_steps_run_in_program_order_without_their_needs(program: Program) -> None:
    program.write(("a", "pass", []), ("b", "pass", ["a"]), ("c", "pass", ["b"]))
    status, events = program.events("--step", "c", "--step", "b")
    assert status == 0
    assert [step for kind, step in order(events) if kind == "started"] == ["b", "c"]


def test_list_shows_the_steps_and_runs_none(program: Program) -> None:
    program.write(("a", "Path('ran').touch()", []), ("bcd", "pass", ["a"]))
    assert program.run("--list") == (
        0,
        "step  kind   lines  needs\na     query  1-1\nbcd   query  2-2    a\n",
        "",
    )
    assert not (program.directory / "ran").exists()


def test_unknown_step_is_a_usage_error_with_a_suggestion(program: Program) -> None:
    program.write(("train-iris".replace("-", "_"), "pass", []))
    status, out, err = program.run("--step", "train_iriss")
    assert (status, out) == (2, "")
    assert err == "error: no step is named `train_iriss`\nhelp: did you mean `train_iris`?\n"


def test_unknown_contract_is_refused(program: Program) -> None:
    program.write(("a", "Path('ran').touch()", []), contract=2)
    status, _, err = program.run()
    assert status == 2
    assert "compiled for contract 2" in err
    assert not (program.directory / "ran").exists()


def test_password_is_not_shown(program: Program) -> None:
    program.write(("a", "print(os.environ['SQLFLOW_DATASOURCE'])", []))
    url = "postgresql://me:secret@db:5432/iris?a=b"
    _, events = program.events("--datasource", url)
    assert events[1]["message"] == url
    assert events[-1]["datasource"] == "postgresql://me:***@db:5432/iris?a=b"


SLEEPER = """
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])
Path('pid').write_text(f'{os.getpid()} {child.pid}')
try:
    time.sleep(300)
finally:
    Path('tidied').write_text('yes')
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_stops_the_steps_and_says_so(program: Program, number: signal.Signals) -> None:
    program.write(("slow", SLEEPER, []), ("later", "pass", ["slow"]))
    with program.start("--events") as process:
        pids = [int(pid) for pid in program.wait_for("pid").split()]
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    events = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 130
    assert ends(events) == {"slow": "cancelled", "later": "cancelled"}
    assert program.wait_for("tidied") == "yes"
    for pid in pids:
        assert_dies(pid)


def test_step_whose_result_is_in_place_is_done_though_it_was_stopped(program: Program) -> None:
    body = "_events.output('model', 'm', 'here'); Path('pid').write_text('1'); time.sleep(300)"
    program.write(("train", body, []), ("later", "pass", ["train"]), ("last", "pass", ["later"]))
    with program.start("--events") as process:
        program.wait_for("pid")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    events = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 130
    assert ends(events) == {"train": "succeeded", "later": "cancelled", "last": "cancelled"}
    reasons = {e["step"]: e.get("message") for e in events if e["event"] == "finished"}
    assert reasons == {"train": None, "later": "not started", "last": "not started"}


STUBBORN = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
Path('pid').write_text(str(os.getpid()))
while True:
    time.sleep(300)
"""


def test_second_interrupt_kills_at_once(program: Program) -> None:
    program.write(("stubborn", STUBBORN, []))
    with program.start("--events") as process:
        pid = int(program.wait_for("pid"))
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert is_alive(pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        process.communicate()
    assert_dies(pid)


def kill_runner(process: subprocess.Popen[str]) -> None:
    process.kill()


def close_reader(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None


@pytest.mark.parametrize("end", [kill_runner, close_reader])
@pytest.mark.parametrize("body", [SLEEPER, STUBBORN], ids=["sleeper", "stubborn"])
def test_steps_die_with_their_runner_or_its_reader(
    program: Program, end: Callable[[subprocess.Popen[str]], None], body: str
) -> None:
    program.write(("slow", body, []))
    with program.start("--events") as process:
        pid = int(program.wait_for("pid").split()[0])
        end(process)
        process.communicate(timeout=60)
    assert_dies(pid)


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    # A file where the folder should be stops root as well.
    (tmp_path / ".sqlflow").write_text("")
    return tmp_path / ".sqlflow"


def test_run_works_where_no_record_can_be_kept(program: Program, read_only: Path) -> None:
    program.write(("a", "pass", []), ("b", "pass", ["a"]))
    status, events = program.events()
    assert status == 0
    warnings = [str(e["message"]) for e in events if e["event"] == "log"]
    assert len(warnings) == 1
    assert warnings[0].startswith("--resume does not work for this run")


def test_terminal_shows_results_on_stdout_and_the_rest_on_stderr(program: Program) -> None:
    program.write(
        ("show", "_events.table('first rows', ['n'], [[1]], 1)", []),
        ("bad", "raise ProgramError('no table `x`', help='create it')", ["show"]),
    )
    status, out, err = program.run()
    assert status == 1
    assert out == "\nfirst rows\nn\n-\n1\n\n"
    lines = [line.rpartition("  0.")[0] or line for line in err.splitlines()]
    assert lines == [
        "start  show",
        "done   show",
        "start  bad",
        "FAIL   bad",
        "       error: no table `x`",
        "       at iris/program.sql:2",
        "       help: create it",
        lines[7],
        "tables: duckdb:///.sqlflow/database.duckdb",
        "models: file:.sqlflow/models",
    ]
    assert lines[7].startswith("1 succeeded, 1 failed in ")


SHOW = ("show", "_events.table('first rows', ['n'], [[1]], 1)", list[str]())


def shell(program: Program, command: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell's command, in which `$PROGRAM` is the compiled script."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=program.directory,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PROGRAM": f"{sys.executable} {program.script}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("options", ["", "--events", "--list"])
def test_full_standard_output_is_told_in_one_line(program: Program, options: str) -> None:
    program.write(SHOW, ("later", "Path('later').touch()", ["show"]))
    ended = shell(program, f"$PROGRAM {options} > /dev/full")
    assert ended.returncode == 3
    last = "error: could not print the results: No space left on device"
    assert ended.stderr.splitlines()[-1] == last
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert not (program.directory / "later").exists()


def test_full_standard_error_ends_the_run(program: Program) -> None:
    program.write(SHOW)
    ended = shell(program, "$PROGRAM 2> /dev/full")
    assert (ended.returncode, ended.stderr) == (3, "")


@pytest.mark.parametrize("options", ["", "--events", "--list"])
def test_closed_standard_output_is_told_in_one_line(program: Program, options: str) -> None:
    program.write(SHOW)
    ended = shell(program, f"$PROGRAM {options} >&-")
    assert ended.returncode == 3
    assert ended.stderr == (
        "error: standard output is closed\nhelp: send it to /dev/null to see nothing\n"
    )
    assert shell(program, f"$PROGRAM {options} >&- 2>&-").returncode == 3


def test_closed_standard_error_hides_messages_only(program: Program) -> None:
    program.write(SHOW)
    ended = shell(program, "$PROGRAM 2>&-")
    assert (ended.returncode, ended.stdout) == (0, "\nfirst rows\nn\n-\n1\n\n")


@pytest.mark.parametrize("options", ["", "--events", "--list"])
def test_pipe_that_is_closed_ends_the_run_quietly(program: Program, options: str) -> None:
    program.write(SHOW, ("later", "time.sleep(1); Path('later').touch()", ["show"]))
    # The reader is gone before the first line is written.
    command = f"(sleep 0.5; exec $PROGRAM {options}) | exec true; echo ${{PIPESTATUS[0]}}"
    ended = shell(program, command)
    assert ended.stdout in ("0\n", "130\n")
    for word in ("Traceback", "Exception ignored", "error:", "Broken pipe"):
        assert word not in ended.stderr
    assert not (program.directory / "later").exists()
