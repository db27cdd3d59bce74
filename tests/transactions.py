"""A transaction that a test fills statement by statement, where the program's run whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from queue import SimpleQueue
from typing import Any

from bot.store.database import Database, Row, Transaction, Work

Asked = tuple[asyncio.Future[list[Row]], str, dict[str, object]]


class Step(Transaction):
    """What a store function is given: each statement is a step of its own."""

    __slots__ = ("_asked",)

    def __init__(self, asked: SimpleQueue[Asked | BaseException | None], db: Database) -> None:
        self._asked = asked
        self.vault = db.vault
        self.erasures = db.erasures
        self.update_id = None

    async def all(self, sql: str, **values: object) -> list[Row]:
        rows = asyncio.get_running_loop().create_future()
        self._asked.put((rows, sql, values))
        return await rows

    async def one(self, sql: str, **values: object) -> Row | None:
        rows = await self.all(sql, **values)
        return rows[0] if rows else None

    async def tuples(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        # SQLite's rows give their values, not their names.
        return [tuple(row) for row in await self.all(sql, **values)]

    async def run(self, sql: str, **values: object) -> None:
        await self.all(sql, **values)


@asynccontextmanager
async def writing(db: Database) -> AsyncIterator[Step]:
    """Write until the block ends; an exception leaves nothing."""
    async with _open(db, db.write) as tx:
        yield tx


@asynccontextmanager
async def reading(db: Database) -> AsyncIterator[Step]:
    """Read from one moment until the block ends."""
    async with _open(db, db.read) as tx:
        yield tx


@asynccontextmanager
async def _open(
    db: Database, transact: Callable[[Work[None]], Awaitable[None]]
) -> AsyncIterator[Step]:
    loop = asyncio.get_running_loop()
    asked: SimpleQueue[Asked | BaseException | None] = SimpleQueue()
    begun: asyncio.Future[None] = loop.create_future()

    async def work(tx: Transaction) -> None:
        # Runs in the connection's thread, which waits here for the test.
        loop.call_soon_threadsafe(begun.set_result, None)
        while (step := asked.get()) is not None:
            if isinstance(step, BaseException):
                raise step
            rows, sql, values = step
            try:
                loop.call_soon_threadsafe(_tell, rows, await tx.all(sql, **values))
            except Exception as problem:
                loop.call_soon_threadsafe(_tell, rows, problem)

    whole = asyncio.ensure_future(transact(work))
    await asyncio.wait({whole, begun}, return_when=asyncio.FIRST_COMPLETED)
    if not begun.done():
        await whole
    try:
        yield Step(asked, db)
    except BaseException as problem:
        asked.put(problem)
        await asyncio.gather(whole, return_exceptions=True)
        raise
    asked.put(None)
    await whole


def _tell(rows: asyncio.Future[Any], what: list[Row] | Exception) -> None:
    if isinstance(what, Exception):
        rows.set_exception(what)
    else:
        rows.set_result(what)
