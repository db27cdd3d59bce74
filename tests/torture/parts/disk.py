"""Power that fails, disks that are full, read-only or broken, files that another process locks."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from tests.crash.disk import Disk, Trouble, has_compiler
from tests.crash.keeper import SOMETIME, Blow, Keeper, matrix
from tests.crash.killed_stage import KilledStage
from tests.crash.rounds import play
from tests.crash.troubles import Troubles
from tests.torture import Tally

_KINDS: tuple[Trouble | None, ...] = (None, None, "full", "readonly", "broken")


def run(seed: int) -> Tally:
    """Play the story once with one kind of trouble; half of the rounds lose power."""
    with tempfile.TemporaryDirectory(prefix="rapport-torture-") as folder:
        return asyncio.run(_round(Path(folder), seed))


async def _round(folder: Path, seed: int) -> Tally:
    kind = _KINDS[seed % len(_KINDS)]
    if seed % 7 == 0 or not has_compiler():
        return await _locked(folder, seed)
    disk = Disk.under(folder)
    if kind is None:
        blows = matrix(random.Random(seed))[:100]
        tally, _ = await play(folder, seed, blows, disk=disk)
        tally.points["loss of power"] = tally.counts["kills"]
        return tally
    troubles = Troubles(seed)

    async def extra(_: KilledStage, __: Keeper) -> None:
        await troubles.disk(disk, kind)

    tally, _ = await play(
        folder, seed, [Blow(SOMETIME, 3)] * 10, disk=disk, extra=extra, troubles=troubles
    )
    tally.points[f"disk {kind}"] = troubles.made
    return tally


async def _locked(folder: Path, seed: int) -> Tally:
    troubles = Troubles(seed, longest_seconds=1.5)

    async def extra(stage: KilledStage, _: Keeper) -> None:
        await troubles.lock(stage)

    tally, _ = await play(
        folder, seed, [Blow(SOMETIME, 3)] * 10, "--short-waits", extra=extra, troubles=troubles
    )
    tally.points["locked by another process"] = troubles.made
    return tally
