"""How many messages Telegram takes in which time.

Owns one policy: so many a second overall, so many a second and chat after a short burst, so
many a minute and group. The official limits are not published; these numbers are the documented
advice. Refuses with 429 and goes on refusing until the stated time has passed. Off unless a
policy is given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.emulator.chats import Chat
from bot.emulator.refusals import Refusal


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """Messages per second overall and per chat (after a burst), per minute and group.

    repeated_poll_seconds: a getUpdates with the offset of one less than so long ago waits at
    least as long when there is nothing to hand out.
    """

    per_second: float = 30.0
    chat_per_second: float = 1.0
    chat_burst: int = 5
    group_per_minute: float = 20.0
    repeated_poll_seconds: int = 3


@dataclass(slots=True)
class _Bucket:
    """Tokens that refill at `rate` a second up to `size`."""

    rate: float
    size: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> float:
        """Take a token; give 0, or the seconds until there is one again."""
        self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


class Flood:
    """Counts messages against a policy. `seconds` is a monotonic time source."""

    def __init__(self, limits: FloodLimits, seconds: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._seconds = seconds
        self._all = _Bucket(limits.per_second, limits.per_second, limits.per_second, seconds())
        self._chats: dict[int, _Bucket] = {}
        self._closed_until: dict[int, float] = {}
        self._last_poll: tuple[int, float] | None = None

    def check(self, chat: Chat) -> None:
        """Count one message to a chat; raises Refusal 429 with `retry_after` seconds."""
        now = self._seconds()
        wait = self._closed_until.get(chat.id, 0.0) - now
        if wait <= 0:
            wait = max(self._bucket(chat, now).take(now), self._all.take(now))
        if wait > 0:
            seconds = math.ceil(wait)
            closed = self._closed_until.get(chat.id, 0.0)
            if closed <= now:
                self._closed_until[chat.id] = now + seconds
            raise Refusal(429, f"retry after {seconds}", retry_after=seconds)

    def poll_seconds(self, offset: int, wanted_seconds: int) -> int:
        """Give the seconds a poll has to wait: longer than wanted when it only repeats."""
        now, least = self._seconds(), self._limits.repeated_poll_seconds
        last, self._last_poll = self._last_poll, (offset, now)
        repeats = last is not None and last[0] == offset and now - last[1] < least
        return max(wanted_seconds, least) if repeats else wanted_seconds

    def _bucket(self, chat: Chat, now: float) -> _Bucket:
        bucket = self._chats.get(chat.id)
        if bucket is None:
            if chat.type == "group":
                size = self._limits.group_per_minute
                bucket = _Bucket(size / 60, size, size, now)
            else:
                size = self._limits.chat_burst
                bucket = _Bucket(self._limits.chat_per_second, size, size, now)
            self._chats[chat.id] = bucket
        return bucket
