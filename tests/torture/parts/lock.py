"""Another process holds the database's write lock for a minute of real time."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.crash.failpoints import Way
from tests.crash.keeper import Keeper
from tests.crash.killed_stage import KilledStage
from tests.crash.rounds import play
from tests.crash.story import FIRST_WEEK
from tests.crash.troubles import LongLock
from tests.torture import Tally, Violation

_SECONDS = 60.0
#: A life of the story ends after its tick, which waits for each write before it, for five seconds.
_STOPS_WITHIN_SECONDS = 39.0


def run(seed: int) -> Tally:
    """Play a week with one such minute, by polling and by webhook in turns."""
    with tempfile.TemporaryDirectory(prefix="rapport-torture-") as folder:
        way: Way = "webhook" if seed % 2 else "polling"
        return asyncio.run(locked(Path(folder), seed, _SECONDS, way))


async def locked(folder: Path, seed: int, seconds: float, way: Way, *options: str) -> Tally:
    """Play a week with a lock of so many seconds. options: of `bot_process.py`."""
    lock = LongLock(seconds)

    async def extra(stage: KilledStage, _: Keeper) -> None:
        await lock.look(stage)

    tally, _ = await play(
        folder, seed, [], *options, steps=FIRST_WEEK, extra=extra, troubles=lock, way=way
    )
    tally.counts["seconds locked"] += int(seconds)
    tally.counts["updates while locked"] += lock.updates
    tally.points[f"locked for {seconds:.0f} seconds, by {way}"] += 1
    tally.counts["seconds to stop"] += round((lock.stopped or (0, 0.0))[1])
    code, took = lock.stopped or (-1, 0.0)
    if code != 0 or took > _STOPS_WITHIN_SECONDS:
        tally.violations.append(Violation("stops", f"with {code}, after {took:.1f} s"))
    return tally
