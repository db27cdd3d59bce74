"""Transactions: what a store function is given, and how it runs whole in a connection's thread.

Owns BEGIN, COMMIT, ROLLBACK and savepoints, and the update in hand, whose id is inserted before
anything that it changes. Refuses to let a transaction wait for anything but its own statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar
from typing import Any, Final, Generic, Protocol, TypeVar

from bot.store import statements
from bot.store.erasures import ErasureLog
from bot.store.statements import Row, Unavailable
from bot.store.vault import Vault

T = TypeVar("T")


class PointsNowhere(Exception):
    """Rows would point to rows that are not there; nothing was changed. Says which."""


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
        return statements.rows(self._connection, sql, values)

    async def tuples(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement and give its rows as tuples, for what is read by the thousand.

        The columns are those of the statement, in its order.
        """
        return statements.tuples(self._connection, sql, values)

    async def one(self, sql: str, **values: object) -> Row | None:
        """Run a statement and give its first row, or None."""
        rows = statements.rows(self._connection, sql, values)
        return rows[0] if rows else None

    async def run(self, sql: str, **values: object) -> None:
        """Run a statement for its effect; one that must know what it hit uses RETURNING."""
        statements.rows(self._connection, sql, values)


#: What a transaction consists of; it may wait for nothing but its own statements.
Work = Callable[[Transaction], Coroutine[Any, Any, T]]


WRITING: Final = "BEGIN IMMEDIATE"
READING: Final = "BEGIN"


class Keeper(Protocol):
    """Whose transactions these are: its vault, its log, and how it records an update."""

    vault: Vault
    erasures: ErasureLog

    async def record(self, tx: Transaction, hand: UpdateInHand) -> None:
        """Record the update in hand. Errors: `Repeated` when it has been before."""
        ...


class Whole(Generic[T]):
    """One transaction, from BEGIN to its end, that records the update in hand if it writes."""

    def __init__(self, db: Keeper, begin: str, work: Work[T]) -> None:
        self._db = db
        self.begin = begin
        self._work = work
        hand = current_update.get()
        self._update_id = None if hand is None else hand.update_id
        self._hand = hand if begin == WRITING else None
        #: Set when whoever asked for it was cancelled: what has not begun by then never begins.
        self.is_unwanted = False

    def __call__(self, connection: sqlite3.Connection) -> T:
        if self.is_unwanted:
            raise _Unwanted
        statements.rows(connection, self.begin, {})
        try:
            result = self._through(self._transaction(connection))
            statements.rows(connection, "COMMIT", {})
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
        if self.begin == READING:
            return self._through(self._transaction(connection))  # there is nothing to undo
        statements.rows(connection, "SAVEPOINT part", {})
        try:
            result = self._through(self._transaction(connection))
            statements.rows(connection, "RELEASE part", {})
        except BaseException:
            _undo_part(connection)
            raise
        return result

    def committed(self) -> None:
        """Note that what was run within a shared transaction counts now."""
        if self._hand is not None:
            self._hand.recorded = True

    def _transaction(self, connection: sqlite3.Connection) -> Transaction:
        return Transaction(connection, self._db.vault, self._db.erasures, self._update_id)

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


class Reshaping(Whole[T]):
    """A transaction in which tables that others point to may be made anew.

    While references are looked after, dropping such a table would delete what points to it. They
    can only be let alone between two transactions, and all are looked at before the commit.
    """

    def __call__(self, connection: sqlite3.Connection) -> T:
        statements.rows(connection, "PRAGMA foreign_keys = OFF", {})
        try:
            return super().__call__(connection)
        finally:
            statements.rows(connection, "PRAGMA foreign_keys = ON", {})

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
Ended = tuple[Any, BaseException | None]


def together(connection: sqlite3.Connection, wholes: Sequence[Whole[Any]]) -> list[Ended]:
    """Run transactions of one kind in one, and give what became of each."""
    if len(wholes) == 1:
        return [_tried(wholes[0], connection)]
    try:
        statements.rows(connection, wholes[0].begin, {})
        ended: list[Ended] = []
        for whole in wholes:
            ended.append(_tried(whole.within, connection))
            if not connection.in_transaction:
                raise ended[-1][1] or Unavailable("the transaction is gone")
        statements.rows(connection, "COMMIT", {})
    except BaseException as problem:
        if connection.in_transaction:
            connection.rollback()
        return [(None, problem)] * len(wholes)
    for whole, (_, failure) in zip(wholes, ended, strict=True):
        if failure is None:
            whole.committed()
    return ended


def _tried(part: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection) -> Ended:
    try:
        return part(connection), None
    except BaseException as problem:
        return None, problem
