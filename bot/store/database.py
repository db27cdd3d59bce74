"""The database: owns the connections, the transactions and everything SQLite is asked to be.

One process, one writer at a time, readers apart. No statement of the application stands here,
and nothing outside knows which engine this is. A transaction is a function that is given its
statements and runs whole, in the thread of its connection: nothing can come in between. One that
handles a Telegram update inserts that update's id first, so that what an update changes is
changed once, however often Telegram repeats it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import Context, ContextVar
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar, cast

import aiosqlite

from bot.core.errors import Repeated
from bot.store.erasures import ErasureLog, give_to_folders_owner
from bot.store.vault import Vault

Row = Mapping[str, Any]
T = TypeVar("T")

#: The erasures' log; it stands in the database's folder.
ERASURES: Final = "erasures.log"
_BUSY_SECONDS: Final = 5.0
_EMPTYING_MS: Final = 100
_READERS: Final = 2
_ALWAYS: Final = ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
#: So many transactions share a commit at most: the first must not wait long for the last.
_TOGETHER: Final = 16
#: More than the program has, so that each is compiled once for a connection.
_STATEMENTS_KEPT: Final = 512
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


class PointsNowhere(Exception):
    """Rows would point to rows that are not there; nothing was changed. Says which."""


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
    """What a store function is given: statements in, rows out, the vault and the erasures' log.

    update_id: of the Telegram update that is being handled, if one is.

    Its functions are coroutines because on another engine they wait; here they never do, which is
    what lets a whole transaction run in one go.
    """

    __slots__ = ("_connection", "erasures", "update_id", "vault")

    def __init__(
        self,
        connection: sqlite3.Connection,
        vault: Vault,
        erasures: ErasureLog,
        update_id: int | None = None,
    ) -> None:
        self._connection = connection
        self.vault = vault
        self.erasures = erasures
        self.update_id = update_id

    async def all(self, sql: str, **values: object) -> list[Row]:
        """Run a statement and give its rows."""
        return _rows(self._connection, sql, values)

    async def tuples(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement and give its rows as tuples, for what is read by the thousand.

        The columns are those of the statement, in its order.
        """
        return _tuples(self._connection, sql, values)

    async def one(self, sql: str, **values: object) -> Row | None:
        """Run a statement and give its first row, or None."""
        rows = _rows(self._connection, sql, values)
        return rows[0] if rows else None

    async def run(self, sql: str, **values: object) -> None:
        """Run a statement for its effect; one that must know what it hit uses RETURNING."""
        _rows(self._connection, sql, values)


#: What a transaction consists of; it may wait for nothing but its own statements.
Work = Callable[[Transaction], Coroutine[Any, Any, T]]


def _rows(connection: sqlite3.Connection, sql: str, values: Mapping[str, object]) -> list[Row]:
    try:
        return connection.execute(sql, values).fetchall()
    except sqlite3.DatabaseError as problem:
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        if code in _UNAVAILABLE:
            raise Unavailable(str(problem)) from problem
        if code in _DAMAGED:
            raise _damaged(problem) from problem
        raise


def _damaged(problem: sqlite3.DatabaseError) -> Damaged:
    return Damaged(
        f"the database's file is damaged ({problem}): stop the bot, keep the file, and put the "
        "newest backup in its place with `rapport restore`"
    )


def _tuples(
    connection: sqlite3.Connection, sql: str, values: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    named, connection.row_factory = connection.row_factory, None
    try:
        # Not `Mapping` in truth: without a row factory SQLite gives tuples.
        return cast("list[tuple[Any, ...]]", _rows(connection, sql, values))
    finally:
        connection.row_factory = named


class _Connection(aiosqlite.Connection):
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


_WRITING: Final = "BEGIN IMMEDIATE"
_READING: Final = "BEGIN"


class _Whole(Generic[T]):
    """One transaction, from BEGIN to its end, that records the update in hand if it writes."""

    def __init__(self, db: Database, begin: str, work: Work[T]) -> None:
        self._db = db
        self._begin = begin
        self._work = work
        hand = current_update.get()
        self._update_id = None if hand is None else hand.update_id
        self._hand = hand if begin == _WRITING else None
        #: Set when whoever asked for it was cancelled: what has not begun by then never begins.
        self.is_unwanted = False

    def __call__(self, connection: sqlite3.Connection) -> T:
        if self.is_unwanted:
            raise _Unwanted
        _rows(connection, self._begin, {})
        try:
            result = self._through(
                Transaction(connection, self._db.vault, self._db.erasures, self._update_id)
            )
            _rows(connection, "COMMIT", {})
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise
        self.committed()
        return result

    @property
    def is_for_update(self) -> bool:
        """Whether it is what a Telegram update changes."""
        return self._hand is not None

    def within(self, connection: sqlite3.Connection) -> T:
        """Run as a part of a transaction that others share: what fails here is undone alone."""
        if self.is_unwanted:
            raise _Unwanted
        _rows(connection, "SAVEPOINT part", {})
        try:
            result = self._through(
                Transaction(connection, self._db.vault, self._db.erasures, self._update_id)
            )
            _rows(connection, "RELEASE part", {})
        except BaseException:
            _undo_part(connection)
            raise
        return result

    def committed(self) -> None:
        """Note that what was run within a shared transaction counts now."""
        if self._hand is not None:
            self._hand.recorded = True

    def _through(self, tx: Transaction) -> T:
        if self._hand is not None:
            _driven(self._db.record(tx, self._hand))
        return _driven(self._work(tx))


def _undo_part(connection: sqlite3.Connection) -> None:
    """Undo one part of a shared transaction, and where that cannot be done, all of it."""
    if not connection.in_transaction:
        return  # of a full disk and the like SQLite has undone everybody's part by itself
    try:
        connection.execute("ROLLBACK TO part")
        connection.execute("RELEASE part")
    except sqlite3.Error:
        connection.rollback()


class _Reshaping(_Whole[T]):
    """A transaction in which tables that others point to may be made anew.

    While references are looked after, dropping such a table would delete what points to it. They
    can only be let alone between two transactions, and all are looked at before the commit.
    """

    def __call__(self, connection: sqlite3.Connection) -> T:
        _rows(connection, "PRAGMA foreign_keys = OFF", {})
        try:
            return super().__call__(connection)
        finally:
            _rows(connection, "PRAGMA foreign_keys = ON", {})

    def _through(self, tx: Transaction) -> T:
        result = super()._through(tx)
        broken = _driven(tx.all("PRAGMA foreign_key_check"))
        if broken:
            first = broken[0]
            raise PointsNowhere(
                f"{len(broken)} rows point to rows that are not there; the first is row "
                f"{first['rowid']} of {first['table']}, which points into {first['parent']}"
            )
        return result


class _Unwanted(Exception):
    """Nobody waits for this transaction any more; nobody sees this either."""


def _driven(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, and give its result."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("a transaction may wait for nothing but its own statements")


#: What became of a transaction: its result, or what it failed with.
_Ended = tuple[Any, BaseException | None]


class _Writer:
    """Runs transactions one after the other; those for updates that wait together share a commit.

    Each of these is a part of its own that can fail alone; none counts before the commit, and where
    that fails none does. Whoever comes while nobody writes is not made to wait for others, and the
    program's own work, which may take longer, keeps nobody's answer from its commit.
    """

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self._waiting: deque[tuple[_Whole[Any], asyncio.Future[Any]]] = deque()
        self._at_work: asyncio.Task[None] | None = None

    async def run(self, whole: _Whole[T]) -> T:
        """Run a transaction and give its result, once it is committed."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((whole, done))
        if self._at_work is None:
            self._at_work = asyncio.get_running_loop().create_task(self._work(), context=Context())
        try:
            return await done
        except asyncio.CancelledError:
            whole.is_unwanted = True
            raise

    async def close(self) -> None:
        """Close the connection, once all that was asked for is through."""
        if self._at_work is not None:
            await asyncio.wait((self._at_work,))
        await self.connection.close()

    async def _work(self) -> None:
        try:
            while self._waiting:
                some = [self._waiting.popleft()]
                while self._waiting and len(some) < _TOGETHER:
                    if not (some[0][0].is_for_update and self._waiting[0][0].is_for_update):
                        break
                    some.append(self._waiting.popleft())
                ended = await self._ended([whole for whole, _ in some])
                for (_, done), (result, problem) in zip(some, ended, strict=True):
                    if done.done():
                        continue  # cancelled meanwhile
                    if problem is None:
                        done.set_result(result)
                    else:
                        done.set_exception(problem)
        finally:
            self._at_work = None

    async def _ended(self, wholes: Sequence[_Whole[Any]]) -> list[_Ended]:
        try:
            return await self.connection.at_once(lambda c: _together(c, wholes))
        except Exception as problem:
            # The connection itself is gone: whoever waits must hear of it, and not wait for ever.
            return [(None, problem)] * len(wholes)


def _together(connection: sqlite3.Connection, wholes: Sequence[_Whole[Any]]) -> list[_Ended]:
    """Run transactions in one, and give what became of each."""
    if len(wholes) == 1:
        return [_tried(wholes[0], connection)]
    try:
        _rows(connection, _WRITING, {})
        ended: list[_Ended] = []
        for whole in wholes:
            ended.append(_tried(whole.within, connection))
            if not connection.in_transaction:
                raise ended[-1][1] or Unavailable("the transaction is gone")
        _rows(connection, "COMMIT", {})
    except BaseException as problem:
        if connection.in_transaction:
            connection.rollback()
        return [(None, problem)] * len(wholes)
    for whole, (_, failure) in zip(wholes, ended, strict=True):
        if failure is None:
            whole.committed()
    return ended


def _tried(part: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection) -> _Ended:
    try:
        return part(connection), None
    except BaseException as problem:
        return None, problem


class Database:
    """An open database; make one with `Database.open` and close it with `close`."""

    def __init__(self, path: Path, vault: Vault, now: Callable[[], int]) -> None:
        self.path = path
        self.vault = vault
        self.erasures = ErasureLog(path.with_name(ERASURES))
        self._now = now
        self._writer: _Writer | None = None
        self._readers: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        self._opened = 0
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
            _make_private(path)
            self._writer = _Writer(await _connect(path, "journal_mode = WAL"))
            for _ in range(_READERS):
                reader = await _connect(path, "query_only = ON", "wal_autocheckpoint = 0")
                self._readers.put_nowait(reader)
                self._opened += 1
        except BaseException:
            await self.close()
            raise
        return self

    async def close(self) -> None:
        """Close every connection and give the lock back, once what has begun is through."""
        writer, self._writer = self._writer, None
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
        return await self._writer.run(_Whole(self, _WRITING, work))

    async def reshape(self, work: Work[T]) -> T:
        """Give what `work` gives, as `write` does: it may make tables anew that others point to.

        Errors: those of `write`, and `PointsNowhere`.
        """
        if self._writer is None:
            raise Unavailable("the database is closed")
        return await _wanted(self._writer.connection, _Reshaping(self, _WRITING, work))

    async def read(self, work: Work[T]) -> T:
        """Give what `work` gives, read from one moment of the database. Errors: `Unavailable`."""
        if self._writer is None:
            raise Unavailable("the database is closed")
        reader = await self._readers.get()
        try:
            return await _wanted(reader, _Whole(self, _READING, work))
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
            readers: list[_Connection] = []
            try:
                while len(readers) < self._opened:
                    readers.append(await self._readers.get())
                emptied = await writer.connection.at_once(_emptied)
            finally:
                for reader in readers:
                    self._readers.put_nowait(reader)
            self.owes_truncation = not emptied
            return emptied


def _emptied(connection: sqlite3.Connection) -> bool:
    """Empty the log; False when another process reads it. Waits for that only a moment: it
    holds up everybody, and it is tried again."""
    _rows(connection, f"PRAGMA busy_timeout = {_EMPTYING_MS}", {})
    try:
        (row,) = _rows(connection, "PRAGMA wal_checkpoint(TRUNCATE)", {})
        return not row["busy"]
    finally:
        _rows(connection, f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}", {})


async def _wanted(connection: _Connection, whole: _Whole[T]) -> T:
    try:
        return await connection.at_once(whole)
    except asyncio.CancelledError:
        whole.is_unwanted = True
        raise


async def _connect(path: Path, *settings: str) -> _Connection:
    def connect() -> sqlite3.Connection:
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

    connection = _Connection(connect, iter_chunk_size=64)
    try:
        return cast(_Connection, await connection)
    except sqlite3.DatabaseError as problem:
        # Its thread was told to stop; it would still say so to a loop that may be closed by then.
        await asyncio.to_thread(connection.join)
        if getattr(problem, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT:
            raise _damaged(problem) from problem
        raise Unavailable(f"{path}: {problem}") from problem


def _make_private(path: Path) -> None:
    """Make a missing file that only its owner can read; SQLite gives its log the same mode."""
    if path.exists():
        return  # opening and closing it here would drop this process's locks on it
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            give_to_folders_owner(descriptor, path)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise Unavailable(f"{path}: {problem.strerror}") from problem


def hold(path: Path) -> int:
    """Take the lock beside the database, to be given back by `let_go`. Errors: `InUse`."""
    # Beside the real file: a link to it is no second database.
    real = path.resolve()
    lock = real.with_name(real.name + ".lock")
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
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as problem:  # a full disk
        os.close(descriptor)
        raise Unavailable(f"{lock}: {problem.strerror}") from problem
    return descriptor


def let_go(lock: int) -> None:
    """Give the lock back."""
    os.close(lock)
