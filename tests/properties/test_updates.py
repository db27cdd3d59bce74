"""Spoilt updates stop nobody: each is handled, refused or set aside, and its neighbours go on."""

from __future__ import annotations

import random

from tests.properties.practice import a_week, listening, practice
from tests.properties.updates import Soak


async def test_spoilt_updates_are_recorded_and_their_neighbours_handled() -> None:
    async with practice(1) as world:
        _, _, cora = await a_week(world)
        with listening(world) as log:
            tally = await Soak(world, cora, log, random.Random(1)).run(8_000)
    assert not tally.violations
    assert tally.counts["set aside"] > 2_000
    assert tally.counts["updates"] - tally.counts["set aside"] > 2_000
