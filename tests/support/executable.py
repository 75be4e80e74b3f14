"""Reads a JSON list of programs, each a list of statements, and prints it without the statements
that fail on a fresh DuckDB database.
"""

import json
import sys
from pathlib import Path

import duckdb


# What the programs write, in the working directory.
FILES = ("f0.csv", "f1.csv")
ATTACHED = "x.db"


def fresh_database(last=None):
    if last is not None:
        # What it has attached cannot be attached again before.
        last.close()
    for file in (*FILES, ATTACHED, ATTACHED + ".wal"):
        Path(file).unlink(missing_ok=True)
    # With one thread, rows have an order that defaults can be drawn in.
    database = duckdb.connect(config={"threads": 1})
    database.execute("CREATE SCHEMA s")
    for table in ("a", "b", "s.a", "s.c"):
        database.execute(f"CREATE TABLE {table} AS SELECT range AS x FROM range(5)")
    return database


def state(database):
    """Returns every table and view with its rows, and every file with its lines; a view over what
    is gone has none. What else has been defined comes with them.
    """
    if Path(ATTACHED).exists():
        database.execute(f"ATTACH IF NOT EXISTS '{ATTACHED}' AS x")
    names = database.execute(
        "SELECT table_catalog, table_schema, table_name FROM information_schema.tables "
        "WHERE table_type <> 'LOCAL TEMPORARY' ORDER BY ALL"
    ).fetchall()
    found = {}
    for catalog, schema, name in names:
        try:
            rows = database.execute(
                f'SELECT * FROM "{catalog}"."{schema}"."{name}" ORDER BY ALL'
            ).fetchall()
        except duckdb.Error as error:
            rows = type(error).__name__
        found[f"{catalog}.{schema}.{name.lower()}"] = rows
    for what in (
        "schema_name, sequence_name, last_value, start_value FROM duckdb_sequences()",
        "schema_name, index_name, table_name, is_unique FROM duckdb_indexes()",
        "schema_name, function_name, macro_definition FROM duckdb_functions() WHERE NOT internal",
        "schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal",
        "schema_name, table_name, column_name, column_default FROM duckdb_columns() WHERE NOT internal",
        "schema_name, table_name, comment FROM duckdb_tables()",
        "schema_name, table_name, constraint_text FROM duckdb_constraints()",
    ):
        try:
            rows = database.execute(f"SELECT database_name, {what}").fetchall()
        except duckdb.Error as error:
            # DuckDB itself fails to describe a view over what is gone.
            rows = type(error).__name__
        found[what] = sorted(map(str, rows))
    for file in FILES:
        if Path(file).exists():
            found[file] = sorted(Path(file).read_text().splitlines())
    return found


def executable(statements):
    database = None
    while True:
        database = fresh_database(database)
        kept = []
        begun = None
        for at, statement in enumerate(statements):
            word = statement.split()[0]
            try:
                database.execute(statement)
            except duckdb.Error:
                if begun is None:
                    continue
                # All of the transaction fails with it: again, without.
                end = next(
                    at
                    for at, statement in enumerate(statements)
                    if at >= begun and statement.startswith(("COMMIT", "ROLLBACK"))
                )
                statements = statements[:begun] + statements[end + 1 :]
                break
            kept.append(statement)
            if word == "BEGIN":
                begun = at
            elif word in ("COMMIT", "ROLLBACK"):
                begun = None
        else:
            database.close()
            return kept


if __name__ == "__main__":
    json.dump([executable(program) for program in json.load(sys.stdin.buffer)], sys.stdout)
