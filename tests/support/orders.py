"""Executes programs on DuckDB in their own order and in random orders that their plans allow, and
prints as a JSON list what is different where an order leaves another state behind.

A program that fails step by step in its own order promises nothing: one is `USE s; DROP SCHEMA s`,
after which no other connection can `USE s`. There must be few of them.

Reads a JSON list of programs from standard input: `text` and `steps`, each with `name`, `session`,
`statements` and `needs`.
"""

import json
import random
import sys

import duckdb
from executable import fresh_database, state

ORDERS = 6


def allowed_order(steps, choose):
    """Returns a random order of the steps in which each comes after what it needs."""
    waiting, order, done = list(steps), [], set()
    while waiting:
        ready = [step for step in waiting if done.issuperset(step["needs"])]
        step = choose.choice(ready)
        waiting.remove(step)
        order.append(step)
        done.add(step["name"])
    return order


def execute(steps):
    """Returns every table and view with its rows, or the step that fails."""
    database = fresh_database()
    try:
        for step in steps:
            # A step has a connection of its own and replays the session on it.
            connection = database.cursor()
            try:
                for statement in step["session"] + step["statements"]:
                    connection.execute(statement)
            except duckdb.Error as error:
                return f"{step['name']}: {error}"
            finally:
                connection.close()
            # Other than elsewhere, connections of one process share what is attached.
            database.execute("DETACH DATABASE IF EXISTS x")
        return state(database)
    finally:
        database.close()


different = []
failing = 0
programs = json.load(sys.stdin.buffer)
for number, program in enumerate(programs):
    steps = program["steps"]
    wanted = execute(steps)
    if isinstance(wanted, str):
        failing += 1
        continue
    choose = random.Random(number)
    for _ in range(ORDERS):
        order = allowed_order(steps, choose)
        found = execute(order)
        if found != wanted:
            names = " ".join(step["name"] for step in order)
            different.append(f"{program['text']}\n{names}\nwanted {wanted}\nfound  {found}\n")
            break
if failing > len(programs) / 10:
    sys.exit(f"{failing} of {len(programs)} programs fail")
json.dump(different, sys.stdout)
