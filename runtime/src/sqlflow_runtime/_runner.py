"""Runs a compiled program on this machine: its steps in dependency order, each in a process.

The runner is one loop over `poll`. It starts steps that are ready, passes on what they say, and
keeps on disk which of them are done, so that a run that failed can be resumed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import hashlib
import json
import os
import random
import select
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from sqlflow_runtime import _errors, _events, _step, _terminal
from sqlflow_runtime._contract import (
    DATASOURCE,
    DEFAULT_DATASOURCE,
    DEFAULT_MODEL_STORE,
    MODEL_STORE,
)
from sqlflow_runtime._datasource import duckdb_file, without_passwords
from sqlflow_runtime._errors import SpecError, StepError, did_you_mean

FAILED = 1
USAGE = 2
RESOURCE_FAILED = 3
TRY_AGAIN = 75

# Seconds before a step that ended with 75 is started again.
RETRY_SECONDS = (1.0, 3.0, 9.0)
# An attempt this long has waited itself for what was locked: it is repeated only once.
LONG_ATTEMPT_SECONDS = 30.0
# A line printed that is longer is cut, so that a step that prints no line ends does not fill the
# memory. Events are never cut: they are bounded where they are made.
LINE_BYTES = 1 << 20

# The program's absolute path, for a script that was compiled to a place of no account.
PROGRAM = "SQLFLOW_PROGRAM"

GARBLED_CHARACTERS = 80

Event = dict[str, object]
Report = Callable[[Event], None]


@dataclass(frozen=True)
class Step:
    """One step of a compiled program. `lines` are the first and last line of its statement.

    An attempt is ended after `timeout` seconds, and there are at most `retries` more after the
    first; without, none is ended, and as many follow as waits are known for.
    """

    function: Callable[[], object]
    name: str
    kind: str
    lines: tuple[int, int]
    needs: Sequence[str]
    timeout: float | None = None
    retries: int | None = None


class _Options(argparse.Namespace):
    list_steps: bool
    step: list[str] | None
    jobs: int | None
    keep_going: bool
    resume: bool
    datasource: str | None
    model_store: str | None
    events: bool
    run_step: str | None


def main(
    steps: Sequence[Step], *, program: str, contract: int, argv: Sequence[str] | None = None
) -> NoReturn:
    """Runs the program's steps, or what the command line asks for, and ends the process."""
    _expect_output()
    options = _parse_arguments(argv, program)
    try:
        chosen = _choose(steps, options.step)
        if options.run_step is not None:
            (step,) = _choose(steps, [options.run_step])
            _step.run_step(step.function, name=step.name, contract=contract)
        _step.check_contract(contract)
        if options.list_steps:
            sys.exit(_print_listing(chosen))
    except StepError as error:
        sys.exit(_events.print_failure(USAGE, error.message, error.help))
    record = _Record(steps, _record_path(program, options), duckdb_file(_datasource(options)))
    run = _Run(chosen, record, program, options)
    status = run.run()
    if run.lost_output is not None:
        status = _tell_lost_output(run.lost_output, status)
    sys.exit(status)


def _expect_output() -> None:
    """Refuses to run without standard output, whose number the next pipe would take."""
    if sys.stdout is None:
        if sys.stderr is not None:
            _events.print_failure(
                RESOURCE_FAILED, "standard output is closed", "send it to /dev/null to see nothing"
            )
        sys.exit(RESOURCE_FAILED)
    if sys.stderr is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stderr = os.fdopen(2, "w")


def _print_listing(steps: Sequence[Step]) -> int:
    try:
        sys.stdout.write(_listing(steps))
        sys.stdout.flush()
    except OSError as error:
        return _tell_lost_output(error, 0)
    return 0


def _tell_lost_output(error: OSError, status: int) -> int:
    """Says that nothing more can be printed, and returns the exit status.

    A reader that is gone knows that it is, and is told nothing.
    """
    if not isinstance(error, BrokenPipeError):
        status = RESOURCE_FAILED
        # It may have been standard error that failed.
        with contextlib.suppress(OSError):
            _events.print_failure(status, f"could not print the results: {error.strerror}", None)
    # What is left in Python's buffers would fail once more, loudly, as the process ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return status


def _parse_arguments(argv: Sequence[str] | None, program: str) -> _Options:
    parser = argparse.ArgumentParser(
        description=f"Run the steps of {program}, compiled by sqlflowc", allow_abbrev=False
    )
    parser.add_argument(
        "--list", dest="list_steps", action="store_true", help="list the steps and end"
    )
    parser.add_argument(
        "--step", action="append", metavar="NAME", help="run this step only (may be repeated)"
    )
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="run so many steps at once (default: cores)"
    )
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="after a failure, run what does not depend on the failed step",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="leave out steps that succeeded in the last run, which failed, and have not changed",
    )
    parser.add_argument("--datasource", metavar="URL", help=f"database (or ${DATASOURCE})")
    parser.add_argument("--model-store", metavar="URL", help=f"models (or ${MODEL_STORE})")
    parser.add_argument("--events", action="store_true", help="print events as lines of JSON")
    parser.add_argument("--run-step", metavar="NAME", help=argparse.SUPPRESS)
    return parser.parse_args(argv, namespace=_Options())


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number


def _choose(steps: Sequence[Step], names: Sequence[str] | None) -> list[Step]:
    if names is None:
        return list(steps)
    known = {step.name for step in steps}
    for name in names:
        if name not in known:
            raise SpecError(
                f"no step is named `{name}`", help=did_you_mean(name, [s.name for s in steps])
            )
    return [step for step in steps if step.name in names]


def _listing(steps: Sequence[Step]) -> str:
    rows = [
        [step.name, step.kind, f"{step.lines[0]}-{step.lines[1]}", ", ".join(step.needs)]
        for step in steps
    ]
    columns = ["step", "kind", "lines", "needs"]
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    return "".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in [columns, *rows]
    )


def _script() -> Path:
    return Path(sys.argv[0]).absolute()


def _definitions(steps: Sequence[Step]) -> dict[str, str]:
    """Returns a hash of each step's source text: two steps with the same one do the same."""
    text = _script().read_text("utf-8")
    sources = {
        node.name: ast.get_source_segment(text, node) or ""
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
    }
    return {
        step.name: hashlib.sha256(sources[step.function.__name__].encode()).hexdigest()
        for step in steps
    }


def _record_path(program: str, options: _Options) -> Path:
    # Two programs may have one name as it is shown.
    place = os.environ.get(PROGRAM) or str(_script())
    key = "\0".join([program, place, _datasource(options), _model_store(options)])
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    return Path(".sqlflow", "runs", f"{Path(program).stem}-{digest[:16]}.json")


_MISSING = "missing"


class _Record:
    """Which steps of the program succeeded in a run that is not complete.

    Kept in the working directory, beside the default database, and for one database and model
    store only: what is done in one is not done in another. `database` is the database's file, if
    it is one: with another file in its place, nothing is done.
    """

    def __init__(self, steps: Sequence[Step], path: Path, database: Path | None) -> None:
        self._steps = steps
        self._database = database
        self._definitions = _definitions(steps)
        self._path = path
        self._succeeded: dict[str, str] = {}

    def load(self) -> str | None:
        """Reads the last run's record; without one nothing is done. Raises OSError, ValueError.

        Returns why the record does not hold, when it does not.
        """
        try:
            record = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        if not isinstance(record, dict) or record.get("version") != 1:
            raise ValueError(f"{self._path} was not written by this version")
        was, found = record.get("database"), self._identity()
        # Steps that were done before there was a file have left nothing in one.
        if was not in (None, _MISSING, found):
            happened = "is gone" if found == _MISSING else "is not the one of the last run"
            return f"the database {self._database} {happened}, so no step counts as done"
        self._succeeded = dict(record["succeeded"])
        return None

    def done(self) -> set[str]:
        """Returns the steps that are done: unchanged themselves, and so is all they build on."""
        done: set[str] = set()
        for step in self._steps:
            unchanged = self._succeeded.get(step.name) == self._definitions[step.name]
            if unchanged and done.issuperset(step.needs):
                done.add(step.name)
        return done

    def add(self, step: Step) -> None:
        self._succeeded[step.name] = self._definitions[step.name]
        self._save()

    def forget(self, step: Step) -> None:
        """Strikes out a step that runs again, and all that build on it: they are out of date."""
        outdated = {step.name}
        for later in self._steps:
            if outdated.intersection(later.needs):
                outdated.add(later.name)
        if outdated.intersection(self._succeeded):
            self._succeeded = {n: d for n, d in self._succeeded.items() if n not in outdated}
            self._save()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        record = {"version": 1, "database": self._identity(), "succeeded": self._succeeded}
        try:
            temporary.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
            temporary.replace(self._path)
        except OSError:
            # On a full disk even an empty file is one too many.
            temporary.unlink(missing_ok=True)
            raise

    def _identity(self) -> str | None:
        """Returns what tells the database's file from another one under its name."""
        if self._database is None:
            return None
        try:
            status = self._database.stat()
        except FileNotFoundError:
            return _MISSING
        return f"{status.st_dev}:{status.st_ino}"


class _Schedule:
    """Which steps may start, and which never will."""

    def __init__(self, steps: Sequence[Step], keep_going: bool) -> None:
        chosen = {step.name for step in steps}
        self._needs = {step.name: chosen.intersection(step.needs) for step in steps}
        self._keep_going = keep_going
        self._done: set[str] = set()
        # Steps that will bring no result, and why that is so.
        self._lost: dict[str, str] = {}
        self._closed: str | None = None
        self._stopped = False
        self.waiting = {step.name: step for step in steps}

    def ready(self) -> list[Step]:
        if self._closed is not None:
            return []
        return [step for step in self.waiting.values() if self._needs[step.name] <= self._done]

    def start(self, step: Step) -> None:
        del self.waiting[step.name]

    def succeed(self, name: str) -> None:
        self._done.add(name)

    def fail(self, name: str) -> None:
        self._lost[name] = "failed"
        if not self._keep_going and self._closed is None:
            self._closed = f"not started because `{name}` failed"

    def stop(self) -> None:
        self._stopped = True
        self._closed = "not started"

    def take_hopeless(self) -> list[tuple[Step, str]]:
        """Removes and returns the steps that will not start, with the reason."""
        hopeless = []
        for step in list(self.waiting.values()):
            needs = self._needs[step.name]
            lost = [] if self._stopped else sorted(needs.intersection(self._lost))
            if not lost and self._closed is None:
                continue
            self._lost[step.name] = "was skipped"
            reason = f"needs `{lost[0]}`, which {self._lost[lost[0]]}" if lost else self._closed
            hopeless.append((self.waiting.pop(step.name), str(reason)))
        return hopeless


@dataclass
class _Stream:
    """One pipe from a step: bytes that do not make a line yet, of which `limit` are kept."""

    descriptor: int
    take: Callable[[str], None]
    limit: int | None
    rest: bytes = b""

    def read(self) -> bool:
        """Takes what there is; False at the end of the pipe."""
        while True:
            try:
                data = os.read(self.descriptor, 1 << 16)
            except BlockingIOError:
                return True
            self.rest += data
            *lines, self.rest = self.rest.split(b"\n")
            too_long = self.limit is not None and len(self.rest) > self.limit
            if not data or too_long:
                lines, self.rest = [*lines, self.rest], b""
            for line in lines:
                # A progress bar goes back to the line's start; what it wrote last counts.
                if text := line.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2]:
                    self.take(text)
            if not data:
                return False


@dataclass
class _Running:
    """A step's process. It leads a process group, so that nothing it starts outlives it."""

    step: Step
    process: subprocess.Popen[bytes]
    streams: dict[int, _Stream] = field(default_factory=dict)
    failure: Event | None = None
    # The start of a line among the events that is none.
    garbled: str | None = None
    begun: float = field(default_factory=time.monotonic)
    has_published: bool = False
    kill_at: float | None = None
    timed_out: bool = False

    @property
    def ends_at(self) -> float | None:
        """Returns when its time is over, as long as it is not."""
        if self.step.timeout is None or self.timed_out:
            return None
        return self.begun + self.step.timeout

    def stop(self) -> None:
        """Asks the step to stop, which it is made to after a while."""
        self.signal(signal.SIGTERM)
        self.kill_at = time.monotonic() + _step.STOP_SECONDS

    def signal(self, number: signal.Signals) -> None:
        # The group may be gone already.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


@dataclass(frozen=True)
class _Delayed:
    step: Step
    at: float


class _Run:
    """One run of a program, from the first step to the exit status."""

    def __init__(
        self,
        steps: Sequence[Step],
        record: _Record | None,
        program: str,
        options: _Options,
    ) -> None:
        self._record = record
        self._options = options
        self._jobs: int = options.jobs or _step.usable_cores()
        self._draw: Report = (
            _print_event if options.events else _terminal.standard_painter(program).draw
        )
        self.lost_output: OSError | None = None
        self._schedule = _Schedule(steps, options.keep_going)
        self._running: dict[str, _Running] = {}
        self._delayed: dict[str, _Delayed] = {}
        self._attempts: Counter[str] = Counter()
        self._begun: dict[str, float] = {}
        self._counts: Counter[str] = Counter()
        self._failures: list[int] = []
        self._stops_wanted = 0
        self._stops_seen = 0
        self._poll = select.poll()
        self._wake, self._waker = os.pipe()
        self._lifeline, self._lifeline_end = os.pipe()

    def run(self) -> int:
        begun = time.monotonic()
        self._prepare_loop()
        self._leave_out_done()
        while True:
            self._stop_when_wanted()
            self._start_ready()
            for step, reason in self._schedule.take_hopeless():
                self._finished(step, "cancelled" if self._stops_seen else "skipped", message=reason)
            if not (self._running or self._delayed):
                break
            self._wait()
            self._reap()
        if self._exit_status() == 0 and self._options.step is None:
            self._keep_record(_Record.remove)
        self._done(time.monotonic() - begun)
        return self._exit_status()

    def _prepare_loop(self) -> None:
        for descriptor in (self._wake, self._waker):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._poll.register(self._wake, select.POLLIN)
        if self._options.events and stat.S_ISFIFO(os.fstat(1).st_mode):
            # Nothing but its error is waited for: a reader that is gone wants no result either.
            self._poll.register(1, 0)
        signal.signal(signal.SIGCHLD, _wake_up)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # `nohup` and a shell's `&` have a signal ignored on purpose.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._want_stop)

    def _want_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stops_wanted += 1

    def _leave_out_done(self) -> None:
        """Takes up the record of the last run, or begins a new one."""
        if not (self._options.resume or self._options.step):
            self._keep_record(_Record.remove)
            return
        self._keep_record(self._load_record)
        if not self._options.resume or self._record is None:
            return
        done = self._record.done()
        for step in list(self._schedule.waiting.values()):
            if step.name in done:
                self._schedule.start(step)
                self._schedule.succeed(step.name)
                self._finished(step, "skipped", message="done in the last run")

    def _load_record(self, record: _Record) -> None:
        if (reason := record.load()) is not None:
            self._log(None, "warning", reason)

    def _keep_record(self, change: Callable[[_Record], None]) -> None:
        # A run does not fail for want of its record, which only saves time in the next one.
        if self._record is None:
            return
        try:
            change(self._record)
        except (OSError, ValueError) as error:
            self._record = None
            self._log(None, "warning", f"--resume does not work for this run: {error}")

    def _start_ready(self) -> None:
        now = time.monotonic()
        due = [waits.step for waits in self._delayed.values() if waits.at <= now]
        ready = [*due, *self._schedule.ready()][: self._jobs - len(self._running)]
        cores = _step.usable_cores()
        threads = max(1, cores // max(1, len(self._running) + len(ready)))
        for step in ready:
            if self._delayed.pop(step.name, None) is None:
                self._schedule.start(step)
                self._begun[step.name] = now
                self._keep_record(functools.partial(_Record.forget, step=step))
                self._report(
                    {
                        "event": "started",
                        "step": step.name,
                        "kind": step.kind,
                        "lines": list(step.lines),
                    }
                )
            self._start(step, threads)

    def _start(self, step: Step, threads: int) -> None:
        events, events_end = os.pipe()
        stdout, stdout_end = os.pipe()
        stderr, stderr_end = os.pipe()
        try:
            process = subprocess.Popen(  # noqa: S603 - this very script
                [sys.executable, str(_script()), "--run-step", step.name],
                stdin=subprocess.DEVNULL,
                stdout=stdout_end,
                stderr=stderr_end,
                pass_fds=(events_end, self._lifeline),
                process_group=0,
                env=self._environment(threads, events_end),
            )
        except OSError as error:
            for descriptor in (events, stdout, stderr):
                os.close(descriptor)
            self._failed(step, 3, f"could not start a process: {error.strerror}", None)
            return
        finally:
            for descriptor in (events_end, stdout_end, stderr_end):
                os.close(descriptor)
        running = _Running(step, process)
        self._running[step.name] = running
        for descriptor, take, limit in (
            (events, lambda line: _take_event(running, line, self._report), None),
            (stdout, lambda line: self._log(step, "info", line), LINE_BYTES),
            (stderr, lambda line: self._log(step, "warning", line), LINE_BYTES),
        ):
            os.set_blocking(descriptor, False)
            running.streams[descriptor] = _Stream(descriptor, take, limit)
            self._poll.register(descriptor, select.POLLIN)

    def _environment(self, threads: int, events: int) -> dict[str, str]:
        environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            _events.EVENTS_FD: str(events),
            _step.LIFELINE_FD: str(self._lifeline),
            DATASOURCE: _datasource(self._options),
            MODEL_STORE: _model_store(self._options),
        }
        _step.limit_threads(environment, threads)
        return environment

    def _wait(self) -> None:
        times = [waits.at for waits in self._delayed.values() if len(self._running) < self._jobs]
        for running in self._running.values():
            times += [at for at in (running.kill_at, running.ends_at) if at is not None]
        timeout = max(0.0, min(times) - time.monotonic()) * 1000 if times else None
        for descriptor, _ in self._poll.poll(timeout):
            if descriptor == self._wake:
                os.read(self._wake, 1 << 10)
            elif descriptor == sys.stdout.fileno():
                self._reader_is_gone()
            else:
                self._read(descriptor)
        for running in self._running.values():
            if running.ends_at is not None and running.ends_at <= time.monotonic():
                running.timed_out = True
                running.stop()
            if running.kill_at is not None and running.kill_at <= time.monotonic():
                running.kill_at = None
                running.signal(signal.SIGKILL)

    def _read(self, descriptor: int) -> None:
        for running in self._running.values():
            stream = running.streams.get(descriptor)
            if stream is not None and not stream.read():
                self._close(running, stream)

    def _close(self, running: _Running, stream: _Stream) -> None:
        self._poll.unregister(stream.descriptor)
        os.close(stream.descriptor)
        del running.streams[stream.descriptor]

    def _reap(self) -> None:
        for running in list(self._running.values()):
            status = running.process.poll()
            if status is None:
                continue
            running.signal(signal.SIGKILL)
            for stream in list(running.streams.values()):
                stream.read()
                self._close(running, stream)
            del self._running[running.step.name]
            self._ended(running, status)

    def _ended(self, running: _Running, status: int) -> None:
        step = running.step
        self._attempts[step.name] += 1
        if running.garbled is not None and status == 0:
            status = _step.DEFECT
        # A result that is in place makes a step done, even if it was stopped on its way out.
        if status == 0 or (self._stops_seen and running.has_published):
            self._schedule.succeed(step.name)
            if self._options.step is None:
                self._keep_record(lambda record: record.add(step))
            self._finished(step, "succeeded", exit_status=0)
        elif self._stops_seen:
            self._finished(step, "cancelled", exit_status=_shell_status(status))
        elif running.timed_out:
            self._failed(step, _shell_status(status), *_out_of_time(step))
        elif status == TRY_AGAIN and self._attempts[step.name] <= _retries(running):
            self._delay(running)
        elif running.failure is not None:
            help_text = running.failure.get("help")
            self._failed(step, status, str(running.failure["message"]), help_text)
        elif running.garbled is not None and status > 0:
            self._failed(step, status, *_garbled(running.garbled))
        else:
            self._failed(step, _shell_status(status), *_last_words(status))

    def _delay(self, running: _Running) -> None:
        step, attempt = running.step, self._attempts[running.step.name]
        # Steps that met at one lock should not meet there again.
        last = len(RETRY_SECONDS) - 1
        seconds = RETRY_SECONDS[min(attempt - 1, last)] * random.uniform(0.7, 1.3)  # noqa: S311
        self._delayed[step.name] = _Delayed(step, time.monotonic() + seconds)
        reason = running.failure["message"] if running.failure else "a resource was not there"
        self._log(
            step,
            "warning",
            f"{reason}; trying again in {seconds:.1f} s ({attempt} of {_retries(running)})",
        )

    def _stop_when_wanted(self) -> None:
        if self._stops_wanted == self._stops_seen:
            return
        first = self._stops_seen == 0
        self._stops_seen = self._stops_wanted
        self._schedule.stop()
        for waits in self._delayed.values():
            self._finished(waits.step, "cancelled", exit_status=TRY_AGAIN)
        self._delayed.clear()
        for running in self._running.values():
            if first:
                running.stop()
            else:
                running.signal(signal.SIGKILL)

    def _report(self, event: Event) -> None:
        try:
            self._draw(event)
        except OSError as error:
            # Results that nobody can see are not worth the work.
            self.lost_output = error
            self._reader_is_gone()

    def _reader_is_gone(self) -> None:
        if self._stops_wanted == 0:
            self._stops_wanted = 1
        self._draw = _drop
        with contextlib.suppress(KeyError):
            self._poll.unregister(1)

    def _failed(self, step: Step, status: int, message: str, help_text: object) -> None:
        self._failures.append(status)
        self._schedule.fail(step.name)
        self._finished(step, "failed", exit_status=status, message=message, help=help_text)

    def _finished(self, step: Step, status: str, **more: object) -> None:
        self._counts[status] += 1
        begun = self._begun.get(step.name)
        event: Event = {
            "event": "finished",
            "step": step.name,
            "status": status,
            "seconds": 0.0 if begun is None else round(time.monotonic() - begun, 3),
        }
        self._report(event | {key: value for key, value in more.items() if value is not None})

    def _log(self, step: Step | None, level: _events.Level, message: str) -> None:
        name = None if step is None else step.name
        self._report({"event": "log", "step": name, "level": level, "message": message})

    def _done(self, seconds: float) -> None:
        self._report(
            {
                "event": "done",
                **{
                    status: self._counts[status]
                    for status in ("succeeded", "failed", "skipped", "cancelled")
                },
                "seconds": round(seconds, 3),
                "datasource": without_passwords(_datasource(self._options)),
                "model_store": without_passwords(_model_store(self._options)),
            }
        )

    def _exit_status(self) -> int:
        if self._counts["cancelled"]:
            return _step.INTERRUPTED
        if not self._failures:
            return 0
        return RESOURCE_FAILED if set(self._failures) <= {RESOURCE_FAILED, TRY_AGAIN} else FAILED


def _print_event(event: Event) -> None:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"
    _events.write_whole(1, text.encode("utf-8", "replace"))


def _drop(_event: Event) -> None:
    """Takes the place of a reader that is gone."""


def _take_event(running: _Running, line: str, report: Report) -> None:
    """Keeps what an event says of the step's end, and passes on any other."""
    try:
        event = json.loads(line)
        kind = event.pop("event")
        if kind == "finished":
            running.failure = {"message": event["message"], "help": event.get("help")}
            return
    except (ValueError, TypeError, KeyError, AttributeError):
        running.garbled = running.garbled or line[:GARBLED_CHARACTERS]
        return
    running.has_published |= kind == "output"
    report({"event": kind, "step": running.step.name, **event})


def _garbled(line: str) -> tuple[str, str]:
    return (
        f"the step sent a line that is no event: `{_errors.one_line(line)}`",
        f"nothing but events may be written to the descriptor {_events.EVENTS_FD}",
    )


def _out_of_time(step: Step) -> tuple[str, str]:
    return (
        f"the step took longer than its timeout of {step.timeout:g} s",
        "give it more with `-- sqlflowc: timeout=…` above the statement, or in `sqlflowc.yaml`",
    )


def _retries(running: _Running) -> int:
    """Returns how often a step may be started again after the attempt that has ended."""
    if running.step.retries is not None:
        return running.step.retries
    long = time.monotonic() - running.begun > LONG_ATTEMPT_SECONDS
    return min(1, len(RETRY_SECONDS)) if long else len(RETRY_SECONDS)


def _wake_up(_signal: int, _frame: FrameType | None) -> None:
    """Does nothing: a signal with a handler ends the wait in `poll`."""


def _datasource(options: _Options) -> str:
    return options.datasource or os.environ.get(DATASOURCE) or DEFAULT_DATASOURCE


def _model_store(options: _Options) -> str:
    return options.model_store or os.environ.get(MODEL_STORE) or DEFAULT_MODEL_STORE


def _shell_status(status: int) -> int:
    """Returns the exit status as a shell gives it: 128 and the number of the signal."""
    return status if status >= 0 else 128 - status


def _last_words(status: int) -> tuple[str, str | None]:
    """Says what is known of a step that ended without a word."""
    if status == -signal.SIGKILL:
        return (
            "the step was killed (SIGKILL), most likely because memory ran out",
            "run fewer steps at once with `--jobs 1`, or select fewer rows",
        )
    if status < 0:
        return f"the step crashed ({signal.Signals(-status).name})", "its log shows where"
    return f"the step ended with status {status} and did not say why", None
