"""How the running program is, looked at from inside: one look, of which everybody gets the same.

Owns the time that a look may take: it ends also while the database or the disk hangs, and then
says so. Costs two short transactions, and nothing while nobody looks. Refuses to see content.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from bot.core.health import OVERDUE_SECONDS, Facts, Kept, Received, Report, judge
from bot.services.acts import reads, writes
from bot.services.ports import Clock
from bot.store.database import FAILURES, Database, Transaction
from bot.store.health import count_what_waits
from bot.store.practice import advance_clock
from bot.store.pulse import newest_backup

_PATIENCE_SECONDS: Final = 2.0
#: Whoever asks again sooner gets what was seen last.
_FRESH_SECONDS: Final = 2.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Signs:
    """What the program's own parts know. ticked: when each tick last went through, monotonic."""

    ticked: Callable[[], Mapping[str, float]]
    received: Callable[[], Received]


@dataclass
class Health:
    """Looks with `look`. clock: the program's own; wall: the machine's."""

    db: Database
    clock: Clock
    wall: Clock
    signs: Signs
    _last: Report | None = field(default=None, repr=False)
    _looked_at: float = 0.0
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def look(self) -> Report:
        """Say how the program is now, or was two seconds ago."""
        async with self._looking:
            now = self.clock.monotonic()
            if self._last is None or now - self._looked_at >= _FRESH_SECONDS:
                self._last = judge(await self._facts())
                self._looked_at = self.clock.monotonic()
            return self._last

    async def _facts(self) -> Facts:
        kept, writes, (free, backup) = await asyncio.gather(
            _in_time(self._kept()), _in_time(self._written()), self._beside()
        )
        now = self.clock.monotonic()
        return Facts(
            writes=writes is True,
            kept=kept,
            ticks={name: now - at for name, at in self.signs.ticked().items()},
            received=self.signs.received(),
            free_bytes=free,
            backup_age=backup,
        )

    @reads
    async def _kept(self, tx: Transaction) -> Kept:
        now = self.clock.now()
        before = now - int(OVERDUE_SECONDS * 1000)
        return await count_what_waits(tx, now, before, self.wall.now())

    @writes
    async def _written(self, tx: Transaction) -> bool:
        """Commit something that is true: the program is at work now."""
        await advance_clock(tx, self.clock.now())
        return True

    async def _beside(self) -> tuple[int | None, float | None]:
        found = await _in_time(asyncio.to_thread(_disk, self.db.path, self.wall.now()))
        free, at = (None, None) if found is None else found
        age = None if at is None else max(0.0, (self.wall.now() - at) / 1000)
        return free, age


def _disk(database: Path, now: int) -> tuple[int, int | None]:
    room = os.statvfs(database.parent)
    at = None
    # A mark that somebody else has made may be closed to the bot: then no backup is known.
    with suppress(OSError):
        at = newest_backup(database, now)
    return room.f_bavail * room.f_frsize, at


async def _in_time(work: Awaitable[T]) -> T | None:
    """Give what work gives, or None where it fails or takes too long."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await work
    except (TimeoutError, OSError, *FAILURES):
        return None
