"""The time the emulated Telegram lives in."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What tells the time: UTC milliseconds. One with `advance_to(ms)` as well can be moved."""

    def now(self) -> int:
        """Give the present instant."""
        ...


class RealClock:
    """The machine's own time."""

    def now(self) -> int:
        """Give the present instant."""
        return time.time_ns() // 1_000_000


class MovableClock:
    """A clock that stands still until it is moved.

    start: the first instant, UTC milliseconds.
    """

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        """Give the present instant."""
        return self._now

    def advance_to(self, instant: int) -> None:
        """Move forward; raises ValueError for an earlier instant."""
        if instant < self._now:
            raise ValueError(f"the clock stands at {self._now} and does not go back to {instant}")
        self._now = instant
