"""What can be wrong with the file the answers go into, while the story goes on.

Each is something to await at each step's end: it begins then, and lasts into the next step.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing

from tests.crash.disk import Disk, Trouble
from tests.crash.killed_stage import KilledStage


class Troubles:
    """Makes one trouble at a time; `end` waits for the last."""

    def __init__(self, seed: int, *, longest_seconds: float = 0.5) -> None:
        self._chance = random.Random(seed)
        self._longest = longest_seconds
        self._task: asyncio.Task[None] | None = None
        self.made = 0

    async def disk(self, disk: Disk, kind: Trouble) -> None:
        """Let every write to the database fail for a while."""
        await self._next(self._disk(disk, kind))

    async def lock(self, stage: KilledStage) -> None:
        """Let another process hold the database's write lock for a while."""
        await self._next(self._lock(stage))

    async def end(self) -> None:
        """Wait until the trouble is over."""
        if self._task is not None:
            await self._task

    async def _next(self, work: object) -> None:
        await self.end()
        self.made += 1
        self._task = asyncio.ensure_future(work)  # type: ignore[arg-type]

    async def _disk(self, disk: Disk, kind: Trouble) -> None:
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        with disk.trouble(kind):
            await asyncio.sleep(self._chance.uniform(0.05, self._longest))

    async def _lock(self, stage: KilledStage) -> None:
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        with closing(_connect(stage)) as other:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            await asyncio.sleep(self._chance.uniform(0.05, self._longest))
            other.execute("ROLLBACK")


def _connect(stage: KilledStage) -> sqlite3.Connection:
    return sqlite3.connect(
        stage.settings.database.path, timeout=5, check_same_thread=False, isolation_level=None
    )


class PinnedReader:
    """Another process that reads and never ends its reading: the log cannot start over."""

    def __init__(self) -> None:
        self._other: sqlite3.Connection | None = None
        self.longest_log = 0

    async def look(self, stage: KilledStage) -> None:
        """Begin at the first step; note how long the log has become."""
        path = stage.settings.database.path
        if self._other is None:
            self._other = _connect(stage)
            self._other.execute("BEGIN")
            self._other.execute("SELECT count(*) FROM person").fetchall()
        log = path.with_name(path.name + "-wal")
        self.longest_log = max(self.longest_log, log.stat().st_size if log.exists() else 0)

    def release(self) -> None:
        assert self._other is not None
        self._other.close()
