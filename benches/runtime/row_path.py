"""The way to compare with: a cursor, Python objects, one row after the other.

It is what SQLFlow did, without what it did on top of that for each row: rows come by 128 from the
database's DB-API cursor and become libsvm text, which XGBoost reads from a file; predictions go
back by 100 with a commit after each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import xgboost as xgb

FETCHED_ROWS = 128
INSERTED_ROWS = 100


def connect(url: str) -> Any:
    """Opens the database by the most usual client for rows."""
    parts = urlsplit(url)
    if parts.scheme == "duckdb":
        import duckdb

        return duckdb.connect(parts.path[1:])
    if parts.scheme == "postgresql":
        import psycopg

        return psycopg.connect(url)
    import pymysql
    import pymysql.cursors

    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path[1:],
        # The usual cursor takes all rows into memory first.
        cursorclass=pymysql.cursors.SSCursor,
    )


def fetched(connection: Any, select: str) -> Iterator[list[Sequence[Any]]]:
    cursor = connection.cursor()
    cursor.execute(select)
    while rows := cursor.fetchmany(FETCHED_ROWS):
        yield rows


def read(url: str, select: str, file: Path) -> None:
    """Reads id, features and label into libsvm text."""
    with closing(connect(url)) as connection, file.open("w") as text:
        for rows in fetched(connection, select):
            for _, *features, label in rows:
                entries = " ".join(f"{place}:{value}" for place, value in enumerate(features))
                text.write(f"{label} {entries}\n")


def predict(url: str, select: str, booster: xgb.Booster, table: str, columns: str) -> None:
    """Predicts the rows and inserts them, with the prediction, into a table of its own."""
    with closing(connect(url)) as reading, closing(connect(url)) as writing:
        cursor = writing.cursor()
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE TABLE {table} ({columns})")
        writing.commit()
        mark = "?" if url.startswith("duckdb:") else "%s"
        marks = ", ".join([mark] * (columns.count(",") + 1))
        insert = f"INSERT INTO {table} VALUES ({marks})"
        for rows in fetched(reading, select):
            features = np.array([row[1:-1] for row in rows], np.float32)
            found = booster.predict(xgb.DMatrix(features)).argmax(axis=1)
            results = [
                (*row[:-1], int(predicted)) for row, predicted in zip(rows, found, strict=True)
            ]
            for start in range(0, len(results), INSERTED_ROWS):
                if url.startswith("duckdb:"):
                    writing.begin()
                cursor.executemany(insert, results[start : start + INSERTED_ROWS])
                writing.commit()


def fnv1a(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def encode(
    rows: Sequence[dict[str, Any]],
    edges: Sequence[float],
    vocabulary: Sequence[str],
    sizes: dict[str, int],
) -> list[list[tuple[int, float]]]:
    """Encodes each row into entries of a sparse matrix, as `measure.FEATURES` says."""
    places = {value: place for place, value in enumerate(vocabulary)}
    encoded = []
    for row in rows:
        entries: list[tuple[int, float]] = []
        start = 0
        if row["number"] is not None:
            entries.append((start, float(row["number"])))
        start += 1
        for place, part in enumerate(row["vector"].split(",")):
            entries.append((start + place, float(part)))
        start += sizes["vector"]
        if row["amount"] is not None:
            bucket = sum(1 for edge in edges if row["amount"] >= edge)
            entries.append((start + bucket, 1.0))
        start += len(edges) + 1
        if row["colour"] in places:
            entries.append((start + places[row["colour"]], 1.0))
        start += len(vocabulary)
        entries.append((start + fnv1a(row["word"]) % sizes["hash"], 1.0))
        start += sizes["hash"]
        crossed = f"{row['colour']}\x1f{row['word']}"
        entries.append((start + fnv1a(crossed) % sizes["cross"], 1.0))
        start += sizes["cross"]
        for part in row["ids"].split(","):
            identifier = int(part)
            if 0 <= identifier < sizes["sequence"]:
                entries.append((start + identifier, 1.0))
        encoded.append(entries)
    return encoded
