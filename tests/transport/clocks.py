"""Clocks: the real one, one in a hurry, and one that stands still until it is moved."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class RealClock:
    def now(self) -> int:
        return 1_800_000_000_000

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class HastyClock(RealClock):
    """Sleeps a thousand times shorter than asked and remembers what was asked."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(seconds / 1000)
        self._skipped += seconds * 0.999


class HandClock(RealClock):
    """Stands still until it is moved by hand."""

    def __init__(self) -> None:
        self._at = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def monotonic(self) -> float:
        return self._at

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._at + seconds, next(self._order), future))
        await future

    async def move(self, seconds: float) -> None:
        """Move on, waking each sleeper at its own time."""
        end = self._at + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._at, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            await settle()
        self._at = end


async def settle() -> None:
    """Let everything that can run without time passing run."""
    for _ in range(20):
        await asyncio.sleep(0)
