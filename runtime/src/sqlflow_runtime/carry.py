"""Brings this package's own code to a container whose image lacks it.

`python -m sqlflow_runtime.carry FOLDER` runs in the runtime's image before a step that runs in
another one, and shares the folder with it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sqlflow_runtime._errors import ResourceError, os_errors

PACKAGE = "sqlflow_runtime"


def carry(folder: Path) -> None:
    """Copies the package into a folder, where `sys.path` finds it.

    Raises:
        ResourceError: The folder cannot be written to.
    """
    source = Path(__file__).parent
    with os_errors(f"copy the step runtime to `{folder}`"):
        shutil.copytree(
            source,
            folder / PACKAGE,
            ignore=shutil.ignore_patterns("__pycache__"),
            # A retried pod may find what the attempt before has left.
            dirs_exist_ok=True,
        )


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m sqlflow_runtime.carry FOLDER\n")
        return 2
    try:
        carry(Path(arguments[0]))
    except ResourceError as error:
        sys.stderr.write(f"error: {error.message}\n")
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
