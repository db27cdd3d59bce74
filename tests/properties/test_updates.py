"""Spoilt updates stop nobody: each is handled, refused or set aside, and its neighbours go on."""

from __future__ import annotations

import random

import pytest

from tests.properties.practice import a_week, listening, practice
from tests.properties.updates import Soak

# Fifty thousand updates take half as long again when they are measured.
pytestmark = pytest.mark.no_cover


@pytest.mark.parametrize("seed", range(1, 11))
async def test_spoilt_updates_are_recorded_and_their_neighbours_handled(seed: int) -> None:
    async with practice(seed) as world:
        _, _, cora = await a_week(world)
        with listening(world) as log:
            tally = await Soak(world, cora, log, random.Random(seed)).run(5_000)
    assert not tally.violations
    assert tally.counts["set aside"] > 1_400
    assert tally.counts["updates"] - tally.counts["set aside"] > 1_400
