"""Turns of those whose updates are brought one by one: each person's in order, and not too fast.

Owns who waits for whom. Whoever sends faster than anybody writes or taps waits a moment at each
update, because each costs a commit that others' answers would have to wait for; Telegram keeps the
rest until it is told that this one is done. Refuses to drop anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from bot.services.ports import Clock
from bot.transport.pacing import Bursts

#: A check-in of many quick taps fits into the burst.
_BURST: Final = 20
_GAP_SECONDS: Final = 0.1


@dataclass(slots=True, eq=False)
class _Line:
    """One person's updates in hand; the lock gives turns in the order of asking."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0


class Turns:
    """Everybody's turns; take one with `turn`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[int | None, _Line] = {}
        self._bursts = Bursts(_GAP_SECONDS, _BURST)

    @asynccontextmanager
    async def turn(self, person: int | None) -> AsyncIterator[None]:
        """Wait until all that came from this person before is through, and for the person's time.

        What has no person has one line, and no time to wait for.
        """
        line = self._lines.setdefault(person, _Line())
        line.wanted += 1
        try:
            async with line.lock:
                if person is not None:
                    turn = self._bursts.next_turn(person, self._clock.monotonic())
                    while (left := turn - self._clock.monotonic()) > 0:
                        await self._clock.sleep(left)
                yield
        finally:
            line.wanted -= 1
            if not line.wanted:
                del self._lines[person]
