"""Prints the tables of a database and their columns as JSON, for `sqlflowc schema pull`.

Run as `python -m sqlflow_runtime._schema`; `SQLFLOW_DATASOURCE` names the database.
"""

from __future__ import annotations

import json
import os
import sys

from sqlflow_runtime._contract import DATASOURCE, DEFAULT_DATASOURCE
from sqlflow_runtime._datasource import duckdb_file
from sqlflow_runtime._errors import ResourceError, StepError
from sqlflow_runtime.data import DescribedTable, connect


def main() -> int:
    try:
        tables = _tables()
    except StepError as error:
        remedy = f"\nhelp: {error.help}" if error.help else ""
        sys.stderr.write(f"error: {error.message}{remedy}\n")
        return error.exit_status
    document = [
        {"name": table.name, "columns": [[column.name, column.type] for column in table.columns]}
        for table in tables
    ]
    json.dump(document, sys.stdout)
    return 0


def _tables() -> list[DescribedTable]:
    file = duckdb_file(os.environ.get(DATASOURCE) or DEFAULT_DATASOURCE)
    # Opening would make an empty one.
    if file is not None and not file.exists():
        raise ResourceError(
            f"there is no database `{file}`",
            help="name another with --datasource, or make it first with `sqlflowc run`",
        )
    with connect() as database:
        return database.tables()


if __name__ == "__main__":
    sys.exit(main())
