"""Five thousand spoilt buttons a round, pressed by clients, therapists, an admin and a stranger."""

from __future__ import annotations

import asyncio
import random

from tests.properties.practice import listening, practice
from tests.properties.taps import Presses, everybody
from tests.torture import Tally

_PRESSES = 5_000


def run(seed: int) -> Tally:
    """Press by the seed what was shown in a week."""
    return asyncio.run(_run(seed))


async def _run(seed: int) -> Tally:
    async with practice(seed) as world:
        await everybody(world)
        with listening(world) as log:
            return await Presses(world, log, random.Random(seed)).run(_PRESSES)
