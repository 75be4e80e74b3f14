"""Reads a JSON list of programs, each a list of statements, and prints it without the statements
that fail on a fresh DuckDB database.
"""

import json
import sys

import duckdb


def fresh_database():
    database = duckdb.connect()
    database.execute("CREATE SCHEMA s")
    for table in ("a", "b", "s.a", "s.c"):
        database.execute(f"CREATE TABLE {table} AS SELECT range AS x FROM range(5)")
    return database


def state(database):
    """Returns every table and view with its rows; a view over what is gone has none."""
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
    return found


def executable(statements):
    database = fresh_database()
    kept = []
    for statement in statements:
        try:
            database.execute(statement)
        except duckdb.Error:
            continue
        kept.append(statement)
    return kept


if __name__ == "__main__":
    json.dump([executable(program) for program in json.load(sys.stdin.buffer)], sys.stdout)
