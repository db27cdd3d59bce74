"""How fast we may speak: Telegram's limits, overall and per chat, and its order to be silent.

Owns the waiting before a call. Refuses to count answers to taps, which Telegram does not limit.
All times are the clock's monotonic seconds: a step of the wall clock changes nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from bot.services.ports import Clock
from bot.transport.stopping import unless

_RANDOM: Final = secrets.SystemRandom()
#: How many may go at once after a quiet moment, over all chats: 25/s and 5 are 30 in a second.
_BURST_OVERALL: Final = 5


class Bursts:
    """When it is whose turn: `burst` at once after a quiet time, and then one each `gap_seconds`.

    Whoever has been quiet long enough to have the whole burst again is forgotten.
    """

    def __init__(self, gap_seconds: float, burst: int) -> None:
        self._gap = gap_seconds
        self._slack = (burst - 1) * gap_seconds
        # Each mark is the time at which a flow would have all of its burst again (the
        # "theoretical arrival time" of the generic cell rate algorithm, ITU-T I.371).
        self._marks: dict[int, float] = {}

    def __len__(self) -> int:
        """Count those whose turns are being remembered."""
        return len(self._marks)

    def next_turn(self, who: int, now: float) -> float:
        """Take a turn; give its time. now: monotonic seconds."""
        self._forget(now)
        mark = max(self._marks.pop(who, now), now)
        self._marks[who] = mark + self._gap
        return mark - self._slack

    def _forget(self, now: float) -> None:
        """Drop those, longest unheard first, that have all of their burst again."""
        while self._marks:
            oldest = next(iter(self._marks))
            if self._marks[oldest] > now:
                return
            del self._marks[oldest]


class Pacing:
    """Turns for calls, first come first served.

    per_second: calls a second over all chats. per_chat_per_second, burst: the same within one
    chat, of which `burst` may follow each other at once after a quiet time.
    """

    def __init__(
        self,
        clock: Clock,
        per_second: float = 25.0,
        per_chat_per_second: float = 1.0,
        burst: int = 4,
    ) -> None:
        self._clock = clock
        self._gap = 1.0 / per_second
        self._slack = (_BURST_OVERALL - 1) * self._gap
        self._mark = 0.0  # as in `Bursts`
        self._chats = Bursts(1.0 / per_chat_per_second, burst)
        self._silent_until = 0.0
        self._silenced = asyncio.Event()
        self._gate = asyncio.Lock()  # its queue is what makes this fair

    async def wait(self, chat_id: int) -> None:
        """Return when it is this call's turn."""
        turn = self._chats.next_turn(chat_id, self._clock.monotonic())
        while (left := turn - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
        async with self._gate:
            while (left := self._next() - self._clock.monotonic()) > 0:
                await self._clock.sleep(left)
            self._mark = max(self._mark, self._clock.monotonic()) + self._gap

    async def wait_unless_silent(self, chat_id: int) -> float:
        """Return 0 when it is this call's turn, or as soon as nobody may go, for how many seconds.

        For what must not be said long after it was decided to.
        """
        if (left := self.silent_for) > 0:
            return left
        waiting = asyncio.ensure_future(self.wait(chat_id))
        await unless(self._silenced, waiting)
        return self.silent_for if waiting.cancelled() else 0.0

    async def silence(self) -> None:
        """Return when nobody is ordered to be silent; takes no turn."""
        while (left := self.silent_for) > 0:
            await self._clock.sleep(left)

    @property
    def silent_for(self) -> float:
        """How many seconds nobody may go yet; 0 or less: they may."""
        return self._silent_until - self._clock.monotonic()

    def halt(self, seconds: float) -> None:
        """Let nobody go for `seconds` from now; a later end already ordered stays."""
        self._silent_until = max(self._silent_until, self._clock.monotonic() + seconds)
        silenced, self._silenced = self._silenced, asyncio.Event()
        silenced.set()

    @property
    def chats_in_memory(self) -> int:
        """Count the chats whose turns are being remembered."""
        return len(self._chats)

    def _next(self) -> float:
        return max(self._mark - self._slack, self._silent_until)


class Backoff:
    """Growing pauses between tries: doubled each time up to `longest` seconds, with jitter."""

    def __init__(self, first: float = 1.0, longest: float = 30.0) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def pause(self) -> float:
        """Give the next pause in seconds: between half of the step and the whole of it."""
        step = self._next
        self._next = min(step * 2, self._longest)
        return step * _RANDOM.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Start over after a success."""
        self._next = self._first
