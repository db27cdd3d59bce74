"""A clock in shared memory: the test moves it, every life of the bot reads it.

Beside the time it carries one question, "have you worked off everything?", as two numbers: how
often the test has asked, and which asking the bot has answered.
"""

from __future__ import annotations

import asyncio
import mmap
import time
from pathlib import Path

_NOW, _ASKED, _ANSWERED = range(3)
_BYTES = 3 * 8


class SharedClock:
    """One end of it; `make` begins a new one at an instant (UTC milliseconds)."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _BYTES)
        self._numbers = memoryview(self._memory).cast("q")
        self._skipped = 0.0

    @classmethod
    def make(cls, path: Path, start: int) -> SharedClock:
        path.write_bytes(bytes(_BYTES))
        clock = cls(path)
        clock.advance_to(start)
        return clock

    def close(self) -> None:
        self._numbers.release()
        self._memory.close()

    def now(self) -> int:
        return self._numbers[_NOW]

    def advance_to(self, instant: int) -> None:
        assert instant >= self.now(), "time does not go back"
        self._numbers[_NOW] = instant

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        """Let the others run and count the time as passed."""
        self._skipped += seconds
        await asyncio.sleep(0)

    def ask(self) -> int:
        """The test asks; gives the number of the asking."""
        self._numbers[_ASKED] += 1
        return self._numbers[_ASKED]

    @property
    def asked(self) -> int:
        return self._numbers[_ASKED]

    def answer(self, asking: int) -> None:
        """The bot was idle after it had seen this asking."""
        self._numbers[_ANSWERED] = asking

    @property
    def answered(self) -> int:
        return self._numbers[_ANSWERED]
