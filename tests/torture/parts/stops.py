"""Processes that stand still (SIGSTOP) amid their work, longer than anything they wait for."""

from __future__ import annotations

import asyncio
import random

from tests.crash.failpoints import Way
from tests.crash.keeper import Keeper, matrix, stop_for
from tests.crash.killed_stage import KilledStage
from tests.crash.rounds import round_of
from tests.torture import Tally


def run(seed: int, way: Way = "polling") -> Tally:
    """Play the story once; at every other step the bot stands still while messages are due."""
    chance = random.Random(seed)
    standing: list[asyncio.Task[None]] = []

    async def soon(stage: KilledStage) -> None:
        await asyncio.sleep(chance.uniform(0.0, 0.08))
        await stop_for(stage, chance.uniform(0.7, 1.8))

    async def extra(stage: KilledStage, _: Keeper) -> None:
        if standing and not standing[-1].done():
            await standing[-1]
        if chance.random() < 0.5:
            standing.append(asyncio.create_task(soon(stage)))

    blows = matrix(chance, way=way)[:10]
    tally = round_of(seed, blows, "--short-waits", extra=extra, way=way)
    tally.counts["stops"] = len(standing)
    return tally
