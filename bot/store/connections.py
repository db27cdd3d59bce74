"""Connections, each with a thread of its own: owns aiosqlite and what SQLite is asked to be."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar, cast

import aiosqlite

from bot.store import statements
from bot.store.statements import Unavailable, damaged

T = TypeVar("T")

_BUSY_SECONDS: Final = 5.0
_EMPTYING_MS: Final = 100
_ALWAYS: Final = ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
#: More than the program has, so that each is compiled once for a connection.
_STATEMENTS_KEPT: Final = 512


class Connection(aiosqlite.Connection):
    """A connection whose thread runs whole transactions.

    A hop into the thread and back costs as much as the statements of a tap together, so a
    transaction makes one and not one for each statement.
    """

    def join(self) -> None:
        """Wait in another thread until the own one has ended."""
        self._thread.join()

    async def at_once(self, whole: Callable[[sqlite3.Connection], T]) -> T:
        """Run `whole` in the connection's thread; nothing else runs there meanwhile."""
        result: T = await self._execute(lambda: whole(self._conn))  # type: ignore[no-untyped-call]
        return result


def emptied(connection: sqlite3.Connection) -> bool:
    """Empty the log; False when another process reads it. Waits for that only a moment: it
    holds up everybody, and it is tried again."""
    statements.rows(connection, f"PRAGMA busy_timeout = {_EMPTYING_MS}", {})
    try:
        (row,) = statements.rows(connection, "PRAGMA wal_checkpoint(TRUNCATE)", {})
        return not row["busy"]
    finally:
        statements.rows(connection, f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}", {})


async def connect(path: Path, *settings: str) -> Connection:
    def made_ready() -> sqlite3.Connection:
        made = sqlite3.connect(
            path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            cached_statements=_STATEMENTS_KEPT,
        )
        made.row_factory = sqlite3.Row
        try:
            for setting in (*_ALWAYS, *settings):
                made.execute(f"PRAGMA {setting}")
        except BaseException:
            made.close()
            raise
        return made

    connection = Connection(made_ready, iter_chunk_size=64)
    try:
        return cast(Connection, await connection)
    except sqlite3.DatabaseError as problem:
        # Its thread was told to stop; it would still say so to a loop that may be closed by then.
        await asyncio.to_thread(connection.join)
        if getattr(problem, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT:
            raise damaged(problem) from problem
        raise Unavailable(f"{path}: {problem}") from problem
