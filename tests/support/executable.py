"""Reads a JSON list of programs, each a list of statements, and prints it without the statements
that fail on a fresh DuckDB database.
"""

import json
import sys
from pathlib import Path

import duckdb


# What the programs write, in the working directory.
FILES = ("f0.csv", "f1.csv")


def fresh_database():
    for file in FILES:
        Path(file).unlink(missing_ok=True)
    # With one thread, rows have an order that defaults can be drawn in.
    database = duckdb.connect(config={"threads": 1})
    database.execute("CREATE SCHEMA s")
    for table in ("a", "b", "s.a", "s.c"):
        database.execute(f"CREATE TABLE {table} AS SELECT range AS x FROM range(5)")
    return database


def state(database):
    """Returns every table and view with its rows, and every file with its lines; a view over what
    is gone has none.
    """
    names = database.execute(
        "SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL"
    ).fetchall()
    found = {}
    for schema, name in names:
        try:
            rows = database.execute(f'SELECT * FROM "{schema}"."{name}" ORDER BY ALL').fetchall()
        except duckdb.Error as error:
            rows = type(error).__name__
        found[f"{schema}.{name.lower()}"] = rows
    for file in FILES:
        if Path(file).exists():
            found[file] = sorted(Path(file).read_text().splitlines())
    return found


def executable(statements):
    while True:
        database = fresh_database()
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
            return kept


if __name__ == "__main__":
    json.dump([executable(program) for program in json.load(sys.stdin.buffer)], sys.stdout)
