"""Twenty thousand spoilt updates a round, each batch beside good ones of Cora's."""

from __future__ import annotations

import asyncio
import random

from tests.properties.practice import a_week, listening, practice
from tests.properties.updates import Soak
from tests.torture import Tally

_UPDATES = 20_000


def run(seed: int) -> Tally:
    """Spoil by the seed what a week of updates was."""
    return asyncio.run(_run(seed))


async def _run(seed: int) -> Tally:
    async with practice(seed) as world:
        _, _, cora = await a_week(world)
        with listening(world) as log:
            return await Soak(world, cora, log, random.Random(seed)).run(_UPDATES)
