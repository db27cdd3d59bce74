"""One statement of SQLite, and what its failures mean: owns the words for a database that is away.

Nothing else hands SQL to the engine.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final, cast

Row = Mapping[str, Any]

_UNAVAILABLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Unavailable(Exception):
    """The database cannot be used now (locked, disk full, read-only); nothing was changed."""


class Damaged(Exception):
    """The database's file is not whole: only a backup helps; nothing was changed."""


#: What any use of a database can fail with that is no bug: a damaged one may miss its tables, too.
FAILURES: Final = (Unavailable, Damaged, sqlite3.Error)


def rows(connection: sqlite3.Connection, sql: str, values: Mapping[str, object]) -> list[Row]:
    """Run a statement and give its rows. Errors: `Unavailable`, `Damaged`, `sqlite3.Error`."""
    try:
        return connection.execute(sql, values).fetchall()
    except sqlite3.DatabaseError as problem:
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        if code in _UNAVAILABLE:
            raise Unavailable(str(problem)) from problem
        if code in _DAMAGED:
            raise damaged(problem) from problem
        raise


def damaged(problem: sqlite3.DatabaseError) -> Damaged:
    """Word a damaged file for whoever runs the bot."""
    return Damaged(
        f"the database's file is damaged ({problem}): stop the bot, keep the file, and put the "
        "newest backup in its place with `rapport restore`"
    )


def tuples(
    connection: sqlite3.Connection, sql: str, values: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """Run a statement and give its rows as tuples, in the order of its columns."""
    named, connection.row_factory = connection.row_factory, None
    try:
        # Not `Mapping` in truth: without a row factory SQLite gives tuples.
        return cast("list[tuple[Any, ...]]", rows(connection, sql, values))
    finally:
        connection.row_factory = named
