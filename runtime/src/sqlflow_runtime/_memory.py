"""How much memory the step may use, and what is done when that is not enough."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sqlflow_runtime import _events
from sqlflow_runtime._errors import ResourceError

MEMORY_LIMIT = "SQLFLOW_MEMORY_LIMIT"

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)(" + "|".join(_UNITS) + ")")


def limit() -> int:
    """Returns the bytes that the step may use: what it is told, its control group's, the machine's.

    It is what the kernel kills for, so nobody has to say it twice in a container.
    """
    given = os.environ.get(MEMORY_LIMIT)
    if given:
        found = _AMOUNT.fullmatch(given)
        if found is None:
            raise ResourceError(
                f"{MEMORY_LIMIT} is `{given}`, which is no amount of memory",
                help="write it as `8Gi` or `512Mi`",
            )
        return int(float(found[1]) * _UNITS[found[2]])
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_control_group_limits(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))])


def _control_group_limits(membership: Path, root: Path) -> Iterator[int]:
    """Yields the limits of the process's control group and of those it is in, of both versions."""
    if not membership.exists():
        return  # No Linux.
    for line in membership.read_text("utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            top, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = top / path.lstrip("/")
        # In a container the path may be the host's, of which only the top is there.
        for folder in (group, *group.parents):
            file = folder / name
            if file.is_file() and (amount := file.read_text("ascii").strip()).isdigit():
                yield int(amount)
            if folder == top:
                break


def check(what: str, least: int, working: int) -> None:
    """Refuses work that cannot fit: `least` bytes for its data, `working` with an engine's copies.

    The kernel would end the step without a word, after all the reading.
    """
    allowed = limit()
    if least <= allowed and working <= allowed:
        return
    way_out = (
        "give the step more memory (`-- sqlflowc: memory=…`), learn from a sample of the rows "
        "(USING SAMPLE), or with a tree estimator of XGBoost, which learns from the disk"
    )
    if least > allowed:
        raise ResourceError(
            f"{what} take {shown(least)} of memory, and the step has {shown(allowed)}", help=way_out
        )
    _events.log(
        "warning",
        f"{what} take about {shown(working)} of memory while a model learns from them, and the "
        f"step has {shown(allowed)}; {way_out}",
    )


def shown(amount: int) -> str:
    """Returns an amount as people read it: `3.2 GiB`."""
    value, unit = float(amount), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.3g} {unit}"
