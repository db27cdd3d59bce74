"""The one writer: owns the order of writing transactions, and which of them share a commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from typing import Any, Final, TypeVar

from bot.store.connections import Connection
from bot.store.transactions import Ended, Whole, together

T = TypeVar("T")

#: So many transactions share a commit at most: the first must not wait long for the last.
_TOGETHER: Final = 16


class Writer:
    """Runs transactions one after the other; those for updates that wait together share a commit.

    Each of these is a part of its own that can fail alone; none counts before the commit, and where
    that fails none does. Whoever comes while nobody writes is not made to wait for others, and the
    program's own work, which may take longer, keeps nobody's answer from its commit.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._waiting: deque[tuple[Whole[Any], asyncio.Future[Any]]] = deque()
        self._at_work: asyncio.Task[None] | None = None

    async def run(self, whole: Whole[T]) -> T:
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

    async def _ended(self, wholes: Sequence[Whole[Any]]) -> list[Ended]:
        try:
            return await self.connection.at_once(lambda c: together(c, wholes))
        except Exception as problem:
            # The connection itself is gone: whoever waits must hear of it, and not wait for ever.
            return [(None, problem)] * len(wholes)
