"""Everything a step can raise on purpose.

* StepError
  x ProgramError     the program or its data is at fault          (exit 1)
  x SpecError        step and runtime do not fit together         (exit 2)
  x ResourceError    a file, database or other resource failed    (exit 3)
  x TransientError   the same step may work in a moment           (exit 75)

Anything else that leaves a step is a defect of the runtime.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar


class StepError(Exception):
    """A reason for which a step ends, told in one line.

    `message` states the fact, `help` (where there is one) the way out; `str()` joins the two.
    """

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, help: str | None = None) -> None:
        self.message = one_line(message)
        self.help = one_line(help) if help else None
        super().__init__(f"{self.message}; {self.help}" if self.help else self.message)


class ProgramError(StepError):
    """The program or its data is at fault: a table or column is missing, the data does not fit."""

    exit_status = 1


class SpecError(StepError):
    """The step and this runtime do not fit together."""

    exit_status = 2


class ResourceError(StepError):
    """A file, database or other resource failed for good."""

    exit_status = 3


class TransientError(StepError):
    """Something was locked or away for a moment; the step may be tried again."""

    exit_status = 75


def one_line(text: str) -> str:
    """Folds line ends and runs of blanks: a step's last words are one line."""
    return " ".join(text.split())


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Returns help that names the known names nearest to `name`, or all of a short list."""
    known = list(known)
    folded = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f"`{folded[match]}`" for match in near) + "?"
    if not known:
        return None
    listed = ", ".join(f"`{candidate}`" for candidate in known[:20])
    return f"there are {listed}" + (f" and {len(known) - 20} more" if len(known) > 20 else "")


_FAILED_FOR_GOOD = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room within the disk quota",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "check who may read and write there",
    errno.EPERM: "check who may read and write there",
    errno.ENOTDIR: "a part of that path is a file; remove it or name another folder",
}


@contextmanager
def os_errors(doing: str, *, help: str | None = None) -> Iterator[None]:
    """Reports an operating system's failure while `doing` something as a ResourceError.

    `help` is for failures that say nothing themselves of a way out.
    """
    try:
        yield
    except OSError as error:
        # Arrow raises plain OSErrors too; they carry their text in the first argument only.
        reason = error.strerror or str(error)
        where = f" (`{error.filename}`)" if error.filename else ""
        raise ResourceError(
            f"could not {doing}: {reason}{where}",
            help=_FAILED_FOR_GOOD.get(error.errno or 0, help),
        ) from error
