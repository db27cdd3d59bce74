"""What can be wrong with the file the answers go into, while the story goes on.

Each is something to await at each step's end: it begins then, and lasts into the next step.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing

from bot.core.timetable import to_utc
from tests.crash.disk import Disk, Trouble
from tests.crash.killed_stage import ZONE, KilledStage
from tests.crash.people import Client, Somebody, acts_of


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


#: A process of its own, so that its lock is one that no connection of ours could share.
_HOLDER = """
import sqlite3, sys, time
other = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
other.execute("ROLLBACK")
"""


class LongLock:
    """Another process holds the write lock for long: from a Friday's last step before the digest.

    Meanwhile people tap and type, the hour of the digest comes, and after a third of the time the
    bot is asked to stop and begins anew. updates: what people did then. stopped: the exit code and
    the seconds it took.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None
        self.updates = 0
        self.stopped: tuple[int, float] | None = None

    async def look(self, stage: KilledStage) -> None:
        """At a step's end: begin when it is time; the lock is held when this returns."""
        if self._task is not None or stage.clock.now() < _BEFORE_THE_DIGEST:
            return
        holder = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _HOLDER),
            *(str(stage.settings.database.path), str(self._seconds)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"locked\n"
        self._task = asyncio.create_task(self._meanwhile(stage, holder))

    async def end(self) -> None:
        """Wait until it is over."""
        assert self._task is not None, "it never began"
        await self._task

    async def _meanwhile(self, stage: KilledStage, holder: asyncio.subprocess.Process) -> None:
        for person in stage.cast.values():
            self._use(person)
        await asyncio.sleep(self._seconds / 3)
        began = time.monotonic()
        stage.lives.send(signal.SIGTERM)
        code = await stage.lives.ended()
        self.stopped = code, time.monotonic() - began
        assert holder.returncode is None, "it stopped, but the lock was over"
        assert await holder.wait() == 0

    def _use(self, person: Somebody) -> None:
        """Ask for help, and rate what stands to be rated: by two taps, or by typing."""
        person.phone.send("/help")
        self.updates += 1
        for seen in reversed(person.phone.chat):
            if not isinstance(person, Client) or not (rates := acts_of(seen)["rate"]):
                continue
            _, checkin, item, value = rates[-1].split(".")
            if len(person.phone.name) % 2:
                person.ledger.typed((checkin, item), int(value))
                person.phone.send(value)
            else:
                person.ledger.tapped(rates[-1])
                person.phone.tap(rates[-1], seen)
                person.phone.tap(rates[-1], seen)
            self.updates += 1
            return


#: Friday's step at 15:20; the next one is after the digest's hour.
_BEFORE_THE_DIGEST = to_utc("2026-11-06", "15:20", ZONE)
