"""Whole processes, from the first import on, killed at any moment."""

from __future__ import annotations

import random

from tests.crash.failpoints import Way
from tests.crash.keeper import SOMETIME, Blow
from tests.crash.rounds import round_of
from tests.torture import Tally


def run(seed: int, way: Way = "polling") -> Tally:
    """Play the story once while twenty processes are killed, most of them while they start."""
    chance = random.Random(seed)
    blows = [Blow(SOMETIME, chance.randint(3, 20)) for _ in range(20)]
    return round_of(seed, blows, cold=True, way=way)
