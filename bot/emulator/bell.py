"""Waiting for the emulated world to reach a state, woken by every change of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Bell:
    """Rung after every change; those who wait look again at each ring, and never in between.

    rings: how often it has rung.
    """

    def __init__(self) -> None:
        self.rings = 0
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def ring(self) -> None:
        """Let everyone who waits look again."""
        self.rings += 1
        if self._waiting:
            self._waiting = [one for one in self._waiting if not _settled(*one)]

    async def wait_for(self, is_so: Callable[[], bool], timeout_seconds: float) -> bool:
        """Wait until `is_so()` holds; False when the time ran out first."""
        if is_so():
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((is_so, future))
        try:
            async with asyncio.timeout(timeout_seconds):
                await future
        except TimeoutError:
            return is_so()
        return True

    async def wait_past(self, rings: int, timeout_seconds: float) -> bool:
        """Wait until it has rung more often than `rings`; False when the time ran out first."""
        return await self.wait_for(lambda: self.rings > rings, timeout_seconds)


def _settled(is_so: Callable[[], bool], future: asyncio.Future[None]) -> bool:
    if not future.done():
        try:
            if is_so():
                future.set_result(None)
        except Exception as error:  # a watcher's own mistake is raised where it waits
            future.set_exception(error)
    return future.done()
