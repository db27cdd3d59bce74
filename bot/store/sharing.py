"""Whose turn it is at a connection: owns the order of transactions, and which of them go as one.

A way into a connection's thread and back, and a commit, cost more than most of what is done there:
what waits together shares them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Any, Final, TypeVar

from bot.store.connections import Connection
from bot.store.transactions import Ended, Whole, together

T = TypeVar("T")

#: So many transactions go as one at most: the first must not wait long for the last.
_TOGETHER: Final = 16

#: Runs transactions as one and gives what became of each.
CarryOut = Callable[[Sequence[Whole[Any]]], Awaitable[list[Ended]]]


class Sharing:
    """Runs transactions one after the other; those that wait together and may share go as one.

    Each is a part of its own that can fail alone; none is told before all are through.
    may_share: says of a transaction whether it goes with others.
    """

    def __init__(self, carry_out: CarryOut, may_share: Callable[[Whole[Any]], bool]) -> None:
        self._carry_out = carry_out
        self._may_share = may_share
        self._waiting: deque[tuple[Whole[Any], asyncio.Future[Any]]] = deque()
        self._at_work: asyncio.Task[None] | None = None

    async def run(self, whole: Whole[T]) -> T:
        """Run a transaction and give its result, once it is through."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((whole, done))
        if self._at_work is None:
            self._at_work = asyncio.get_running_loop().create_task(self._work(), context=Context())
        try:
            return await done
        except asyncio.CancelledError:
            whole.is_unwanted = True
            raise

    async def over(self) -> None:
        """Wait until all that was asked for is through."""
        if self._at_work is not None:
            await asyncio.wait((self._at_work,))

    async def _work(self) -> None:
        try:
            while self._waiting:
                some = self._next()
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

    def _next(self) -> list[tuple[Whole[Any], asyncio.Future[Any]]]:
        some = [self._waiting.popleft()]
        if self._may_share(some[0][0]):
            while self._waiting and len(some) < _TOGETHER and self._may_share(self._waiting[0][0]):
                some.append(self._waiting.popleft())
        return some

    async def _ended(self, wholes: Sequence[Whole[Any]]) -> list[Ended]:
        try:
            return await self._carry_out(wholes)
        except Exception as problem:
            # The connection itself is gone: whoever waits must hear of it, and not wait for ever.
            return [(None, problem)] * len(wholes)


class Writer:
    """Runs writing transactions; those for updates that wait together share a commit.

    None counts before the commit, and where that fails none does. Whoever comes while nobody
    writes is not made to wait for others, and the program's own work, which may take longer, keeps
    nobody's answer from its commit.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._sharing = Sharing(self._carry_out, lambda whole: whole.is_for_update)

    async def run(self, whole: Whole[T]) -> T:
        """Run a transaction and give its result, once it is committed."""
        return await self._sharing.run(whole)

    async def close(self) -> None:
        """Close the connection, once all that was asked for is through."""
        await self._sharing.over()
        await self.connection.close()

    async def _carry_out(self, wholes: Sequence[Whole[Any]]) -> list[Ended]:
        return await self.connection.at_once(lambda c: together(c, wholes))
