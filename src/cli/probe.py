"""Prints, as JSON, what `sqlflowc` has to know of the interpreter that runs this."""

import json
import platform
import sys
import sysconfig


def can_make_environments():
    # Debian puts these two into a package of their own.
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


print(
    json.dumps(
        {
            # Inside a virtual environment: the interpreter that it was made from.
            "executable": getattr(sys, "_base_executable", None) or sys.executable,
            "implementation": platform.python_implementation(),
            "version": list(sys.version_info[:3]),
            "machine": platform.machine(),
            "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            "venv": can_make_environments(),
        }
    )
)
