"""The database: owns the connections, the transactions and everything SQLite is asked to be.

One process, one writer at a time, readers apart. No statement of the application stands here,
and nothing outside knows which engine this is. A transaction that handles a Telegram update
inserts that update's id first, so that what an update changes is changed once, however often
Telegram repeats it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, Self

import aiosqlite

from bot.core.errors import Repeated
from bot.store.vault import Vault

Row = Mapping[str, Any]

_BUSY_SECONDS: Final = 5.0
_READERS: Final = 2
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


class Unavailable(Exception):
    """The database cannot be used now (locked, disk full, read-only); nothing was changed."""


class InUse(Exception):
    """Another process holds this database."""


class UpdateInHand:
    """The Telegram update that is being handled, and whether its id has been committed."""

    __slots__ = ("recorded", "update_id")

    def __init__(self, update_id: int) -> None:
        self.update_id = update_id
        self.recorded = False


current_update: ContextVar[UpdateInHand | None] = ContextVar("current_update", default=None)


class Transaction:
    """What a store function is given: statements in, rows out, and the vault."""

    __slots__ = ("_connection", "vault")

    def __init__(self, connection: aiosqlite.Connection, vault: Vault) -> None:
        self._connection = connection
        self.vault = vault

    async def all(self, sql: str, **values: object) -> list[Row]:
        """Run a statement and give its rows."""
        try:
            return list(await self._connection.execute_fetchall(sql, values))  # type: ignore[arg-type]
        except sqlite3.OperationalError as problem:
            raise _named(problem) from problem

    async def one(self, sql: str, **values: object) -> Row | None:
        """Run a statement and give its first row, or None."""
        rows = await self.all(sql, **values)
        return rows[0] if rows else None

    async def run(self, sql: str, **values: object) -> None:
        """Run a statement for its effect; one that must know what it hit uses RETURNING."""
        await self.all(sql, **values)


def _named(problem: sqlite3.OperationalError) -> Exception:
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
    return Unavailable(str(problem)) if code in _UNAVAILABLE else problem


class Database:
    """An open database; make one with `Database.open` and close it with `close`."""

    def __init__(self, path: Path, vault: Vault, now: Callable[[], int]) -> None:
        self.path = path
        self.vault = vault
        self._now = now
        self._writing = asyncio.Lock()
        self._writer: aiosqlite.Connection | None = None
        self._readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._opened = 0
        self._lock_file: int | None = None

    @classmethod
    async def open(
        cls, path: Path, vault: Vault, now: Callable[[], int], *, alone: bool = True
    ) -> Self:
        """Lock and open the database at `path` (made when missing).

        now: gives UTC milliseconds. alone: False for a command that does one short thing beside
        the running program, without the lock. Errors: `InUse`, `Unavailable`.
        """
        self = cls(path, vault, now)
        self._lock_file = _lock(path) if alone else None
        try:
            _make_private(path)
            self._writer = await _connect(path, "journal_mode = WAL")
            for _ in range(_READERS):
                reader = await _connect(path, "query_only = ON", "wal_autocheckpoint = 0")
                self._readers.put_nowait(reader)
                self._opened += 1
        except BaseException:
            await self.close()
            raise
        return self

    async def close(self) -> None:
        """Close every connection and give the lock back."""
        async with self._writing:
            writer, self._writer = self._writer, None
            while self._opened:  # a reader in use is waited for; `read` keeps it short
                await (await self._readers.get()).close()
                self._opened -= 1
            if writer is not None:
                await writer.close()
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Open the writing transaction: commits at the end, rolls back on any exception.

        While an update is in hand, its id is inserted first and `Repeated` raised when it is
        there already. A cancelled write may have committed: treat a cancel as unknown.
        Errors: `Unavailable`, `Repeated`.
        """
        hand = current_update.get()
        if hand is not None and hand.recorded:
            raise RuntimeError("one update, one writing transaction: this update has had its own")
        async with self._writing:
            if self._writer is None:
                raise Unavailable("the database is closed")
            tx = Transaction(self._writer, self.vault)
            try:
                await tx.run("BEGIN IMMEDIATE")
                if hand is not None:
                    await self._record_in(tx, hand)
                yield tx
                await tx.run("COMMIT")
            except BaseException:
                # The rollback is queued behind whatever was interrupted, in the writer's own
                # thread; shielding lets it run even when we are being cancelled.
                await asyncio.shield(self._writer.rollback())
                raise
            if hand is not None:
                hand.recorded = True

    async def _record_in(self, tx: Transaction, hand: UpdateInHand) -> None:
        new = await tx.one(
            "INSERT INTO seen_update (update_id, seen_at) VALUES (:update_id, :now)"
            " ON CONFLICT (update_id) DO NOTHING RETURNING update_id",
            update_id=hand.update_id,
            now=self._now(),
        )
        if new is None:
            hand.recorded = True
            raise Repeated

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """Open a reading transaction on a snapshot; keep it short. Errors: `Unavailable`."""
        if self._writer is None:
            raise Unavailable("the database is closed")
        reader = await self._readers.get()
        try:
            tx = Transaction(reader, self.vault)
            try:
                await tx.run("BEGIN")
                yield tx
            finally:
                await asyncio.shield(reader.rollback())
        finally:
            self._readers.put_nowait(reader)

    async def truncate_log(self) -> None:
        """Move the write-ahead log into the file and empty it, so that deleted text is gone."""
        async with self._writing:
            if self._writer is not None:
                await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")


async def _connect(path: Path, *settings: str) -> aiosqlite.Connection:
    try:
        connection = await aiosqlite.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    except sqlite3.OperationalError as problem:
        raise Unavailable(f"{path}: {problem}") from problem
    connection.row_factory = sqlite3.Row
    try:
        for setting in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", *settings):
            await connection.execute_fetchall(f"PRAGMA {setting}")
    except BaseException as problem:
        # Its thread would keep the process alive.
        await asyncio.shield(connection.close())
        if isinstance(problem, sqlite3.DatabaseError):
            raise Unavailable(f"{path}: {problem}") from problem
        raise
    return connection


def _make_private(path: Path) -> None:
    """Make a missing file that only its owner can read; SQLite gives its log the same mode."""
    if path.exists():
        return  # opening and closing it here would drop this process's locks on it
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as problem:
        raise Unavailable(f"{path}: {problem.strerror}") from problem


def _lock(path: Path) -> int:
    """Take the lock beside the database, or say who holds it."""
    lock = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise Unavailable(f"{lock}: {problem.strerror}") from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise InUse(f"{path} is in use by process {holder}") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
