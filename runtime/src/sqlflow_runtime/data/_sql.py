"""What drivers need to know of SQL: names, quoted, and the word that a statement begins with."""

from __future__ import annotations

import hashlib
import re

from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime._table import Table

_BEFORE_THE_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|\#[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.S)
_WORD = re.compile(r"[A-Za-z]+")

_TRANSACTION = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"}


def quoted(name: str) -> str:
    """Quotes an identifier as standard SQL does."""
    _check(name)
    return '"' + name.replace('"', '""') + '"'


def backquoted(name: str) -> str:
    """Quotes an identifier as MySQL does."""
    _check(name)
    return "`" + name.replace("`", "``") + "`"


def _check(name: str) -> None:
    if "\0" in name:
        raise ProgramError("a name holds the character NUL, which no database takes")


def first_word(statement: str) -> str:
    """Returns the statement's first keyword, in capitals; parentheses and comments do not count."""
    start = _BEFORE_THE_FIRST_WORD.match(statement)
    assert start is not None
    word = _WORD.match(statement, start.end())
    return word[0].upper() if word else ""


def manages_transactions(statements: list[str]) -> bool:
    """Says whether statements begin and end transactions themselves."""
    return any(first_word(statement) in _TRANSACTION for statement in statements)


def leaves_transaction_open(statements: list[str]) -> bool:
    """Says whether the last transaction that is begun is not ended, as far as words tell."""
    is_open = False
    for statement in statements:
        match first_word(statement):
            case "BEGIN" | "START":
                is_open = True
            case "COMMIT" | "END" | "ABORT":
                is_open = False
            case "ROLLBACK":
                # `ROLLBACK TO x` goes on in it.
                is_open = is_open and bool(re.search(r"\bTO\b", statement, re.IGNORECASE))
    return is_open


def embeddable(select: str) -> str:
    """Returns a query so that it can stand in parentheses: without its end, comments ended."""
    return select.rstrip().removesuffix(";") + "\n"


def staging_name(table: Table, purpose: str) -> str:
    """Returns the name of a table that stands in for `table`; short enough for every database.

    It is the same each time, so that what a killed step left is found by the next one.
    """
    digest = hashlib.sha256("\0".join(table.parts).encode()).hexdigest()
    return f"sqlflow_{purpose}_{digest[:16]}"
