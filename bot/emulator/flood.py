"""How much Telegram takes in which time.

Owns one policy: so many messages a second overall, so many a second and chat after a short
burst, so many a minute and group; and how a hasty poll is slowed down. The official limits are
not published; these numbers are the documented advice. Refuses with 429 and goes on refusing
until the stated time has passed. Off unless a policy is given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.emulator.chats import Chat
from bot.emulator.refusals import too_many


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """Messages per second overall and per chat (after a burst), per minute and group.

    repeated_poll_seconds: a getUpdates with the offset of one less than so long ago waits at
    least as long when there is nothing to hand out, and a 409 so soon after another comes as
    much later.
    """

    per_second: float = 30.0
    chat_per_second: float = 1.0
    chat_burst: int = 5
    group_per_minute: float = 20.0
    repeated_poll_seconds: int = 3


#: A poll that repeats another within this time gets one update at most.
_HASTY_SECONDS = 0.5


@dataclass(slots=True)
class _Bucket:
    """Tokens that refill at `rate` a second up to `size`."""

    rate: float
    size: float
    tokens: float
    filled_at: float

    def take(self, now: float, count: int) -> float:
        """Take tokens; give 0, or the seconds until there are enough again."""
        self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens >= min(count, self.size):
            self.tokens -= count
            return 0.0
        return (count - self.tokens) / self.rate


class Flood:
    """Counts messages against a policy. `seconds` is a monotonic time source."""

    def __init__(self, limits: FloodLimits, seconds: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._seconds = seconds
        self._all = _Bucket(limits.per_second, limits.per_second, limits.per_second, seconds())
        self._chats: dict[int, _Bucket] = {}
        self._closed_until: dict[int, float] = {}
        self._last_poll = (0, -math.inf)
        self._last_conflict = -math.inf

    def check(self, chat: Chat, messages: int = 1) -> None:
        """Count messages to a chat; raises Refusal 429 with `retry_after` seconds."""
        now = self._seconds()
        wait = self._closed_until.get(chat.id, 0.0) - now
        if wait <= 0:
            wait = max(self._bucket(chat, now).take(now, messages), self._all.take(now, messages))
            if wait > 0:
                self._closed_until[chat.id] = now + math.ceil(wait)
        if wait > 0:
            raise too_many(math.ceil(wait))

    def slow_down(self, offset: int, limit: int, wanted_seconds: int) -> tuple[int, int]:
        """Give the limit and the seconds that a poll really has."""
        now, least = self._seconds(), self._limits.repeated_poll_seconds
        (last_offset, last_at), self._last_poll = self._last_poll, (offset, now)
        if offset != last_offset or now - last_at >= least:
            return limit, wanted_seconds
        return (1 if now - last_at < _HASTY_SECONDS else limit), max(wanted_seconds, least)

    def conflict_seconds(self) -> float:
        """Give the seconds a 409 is held back."""
        now, last = self._seconds(), self._last_conflict
        least = self._limits.repeated_poll_seconds
        if now - last < least:
            return least
        self._last_conflict = now
        return 0.0

    def _bucket(self, chat: Chat, now: float) -> _Bucket:
        if chat.id not in self._chats:
            limits = self._limits
            rate, size = limits.chat_per_second, float(limits.chat_burst)
            if chat.type == "group":
                rate, size = limits.group_per_minute / 60, limits.group_per_minute
            self._chats[chat.id] = _Bucket(rate, size, size, now)
        return self._chats[chat.id]
