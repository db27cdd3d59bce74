"""The database: owns the connections, the transactions and everything SQLite is asked to be.

One process, one writer at a time, readers apart. No statement of the application stands here,
and nothing outside knows which engine this is. A transaction is a function that is given its
statements and runs whole, in the thread of its connection: nothing can come in between. One that
handles a Telegram update inserts that update's id first, so that what an update changes is
changed once, however often Telegram repeats it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from bot.core.errors import Repeated
from bot.store.connections import Connection, connect, emptied
from bot.store.erasures import ErasureLog
from bot.store.files import InUse, hold, let_go, make_private
from bot.store.sharing import Sharing, Writer
from bot.store.statements import FAILURES, Damaged, Row, Unavailable
from bot.store.transactions import (
    READING,
    WRITING,
    Ended,
    PointsNowhere,
    Reshaping,
    Transaction,
    UpdateInHand,
    Whole,
    Work,
    current_update,
    together,
)
from bot.store.vault import Vault

#: All that others need of a database they find here.
__all__ = (
    "ERASURES",
    "FAILURES",
    "Damaged",
    "Database",
    "InUse",
    "PointsNowhere",
    "Row",
    "Transaction",
    "Unavailable",
    "UpdateInHand",
    "Work",
    "current_update",
    "hold",
    "let_go",
)

T = TypeVar("T")

#: The erasures' log; it stands in the database's folder.
ERASURES: Final = "erasures.log"
_READERS: Final = 2


class Database:
    """An open database; make one with `Database.open` and close it with `close`."""

    def __init__(self, path: Path, vault: Vault, now: Callable[[], int]) -> None:
        self.path = path
        self.vault = vault
        self.erasures = ErasureLog(path.with_name(ERASURES))
        self._now = now
        self._writer: Writer | None = None
        self._readers: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        self._opened = 0
        self._looks = Sharing(self._look_at_once, lambda _: True)
        #: Held by whoever takes all readers: two who each hold some would wait for ever.
        self._taking_all = asyncio.Lock()
        self._lock_file: int | None = None
        #: Whether the write-ahead log may still hold what was deleted.
        self.owes_truncation = False

    @classmethod
    async def open(
        cls, path: Path, vault: Vault, now: Callable[[], int], *, alone: bool = True
    ) -> Self:
        """Lock and open the database at `path` (made when missing).

        now: gives UTC milliseconds. alone: False for a command that does one short thing beside
        the running program, without the lock. Errors: `InUse`, `Unavailable`.
        """
        self = cls(path, vault, now)
        self._lock_file = hold(path) if alone else None
        try:
            make_private(path)
            self._writer = Writer(await connect(path, "journal_mode = WAL"))
            for _ in range(_READERS):
                reader = await connect(path, "query_only = ON", "wal_autocheckpoint = 0")
                self._readers.put_nowait(reader)
                self._opened += 1
        except BaseException:
            await self.close()
            raise
        return self

    async def close(self) -> None:
        """Close every connection and give the lock back, once what has begun is through."""
        writer, self._writer = self._writer, None
        await self._looks.over()  # they need a reader
        async with self._taking_all:
            while self._opened:  # a reader in use is waited for; `read` keeps it short
                await (await self._readers.get()).close()
                self._opened -= 1
        if writer is not None:
            await writer.close()
        lock_file, self._lock_file = self._lock_file, None
        if lock_file is not None:
            let_go(lock_file)

    async def write(self, work: Work[T]) -> T:
        """Give what `work` gives, as one transaction that commits, or rolls back on any exception.

        While an update is in hand, its id is inserted first and `Repeated` raised when it is
        there already. A cancelled write may have committed: treat a cancel as unknown.
        Errors: `Unavailable`, `Repeated`.
        """
        hand = current_update.get()
        if hand is not None and hand.recorded:
            raise RuntimeError("one update, one writing transaction: this update has had its own")
        if self._writer is None:
            raise Unavailable("the database is closed")
        return await self._writer.run(Whole(self, WRITING, work))

    async def reshape(self, work: Work[T]) -> T:
        """Give what `work` gives, as `write` does: it may make tables anew that others point to.

        Errors: those of `write`, and `PointsNowhere`.
        """
        if self._writer is None:
            raise Unavailable("the database is closed")
        return await _wanted(self._writer.connection, Reshaping(self, WRITING, work))

    async def read(self, work: Work[T]) -> T:
        """Give what `work` gives, read from one moment of the database. Errors: `Unavailable`."""
        if self._writer is None:
            raise Unavailable("the database is closed")
        reader = await self._readers.get()
        try:
            return await _wanted(reader, Whole(self, READING, work))
        finally:
            self._readers.put_nowait(reader)

    async def look(self, work: Work[T]) -> T:
        """Give what `work` gives, as `read` does, for what reads a handful of rows by their keys.

        Those who look while others do share one moment of the database, which begins after the
        last of them has asked, and one way into a reader's thread: nothing that takes long may be
        done here. Errors: `Unavailable`.
        """
        if self._writer is None:
            raise Unavailable("the database is closed")
        return await self._looks.run(Whole(self, READING, work))

    async def _look_at_once(self, wholes: Sequence[Whole[Any]]) -> list[Ended]:
        reader = await self._readers.get()
        try:
            return await reader.at_once(lambda c: together(c, wholes))
        finally:
            self._readers.put_nowait(reader)

    async def record(self, tx: Transaction, hand: UpdateInHand) -> None:
        """Record the update in hand. Errors: `Repeated` when it has been before."""
        new = await tx.one(
            "INSERT INTO seen_update (update_id, seen_at) VALUES (:update_id, :now)"
            " ON CONFLICT (update_id) DO NOTHING RETURNING update_id",
            update_id=hand.update_id,
            now=self._now(),
        )
        if new is None:
            hand.recorded = True
            raise Repeated

    async def truncate_log(self) -> bool:
        """Move the write-ahead log into the file and empty it, so that deleted text is gone.

        False when a reader elsewhere still needs the log: `owes_truncation` stays set then.
        """
        self.owes_truncation = True
        async with self._taking_all:
            writer = self._writer  # `close` waits until this is through with it
            if writer is None:
                return False
            # A reader of our own must not stand in the way: take them all.
            readers: list[Connection] = []
            try:
                while len(readers) < self._opened:
                    readers.append(await self._readers.get())
                is_empty = await writer.connection.at_once(emptied)
            finally:
                for reader in readers:
                    self._readers.put_nowait(reader)
            self.owes_truncation = not is_empty
            return is_empty


async def _wanted(connection: Connection, whole: Whole[T]) -> T:
    try:
        return await connection.at_once(whole)
    except asyncio.CancelledError:
        whole.is_unwanted = True
        raise
