"""Ten random walks of eighty steps a round: clocks, taps, faults, restarts, crashes, erasures."""

from __future__ import annotations

import asyncio
import random

from tests.properties.practice import practice
from tests.properties.walk import OFTEN, Walk
from tests.torture import Tally

_WALKS = 10
_STEPS = 80


def run(seed: int) -> Tally:
    """Walk by the seed."""
    return asyncio.run(_run(seed))


async def _run(seed: int) -> Tally:
    whole = Tally()
    for number in range(_WALKS):
        chance = random.Random(f"{seed} {number}")
        async with practice(chance.randrange(2**31), OFTEN) as world:
            tally = await Walk(world, chance).run(_STEPS)
        whole.counts += tally.counts
        whole.counts["walks"] += 1
        whole.points += tally.points
        whole.violations += tally.violations
    return whole
