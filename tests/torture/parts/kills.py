"""Kills at the nth passage of every point, on a bad network."""

from __future__ import annotations

import random

from tests.crash.failpoints import Way
from tests.crash.keeper import matrix
from tests.crash.rounds import round_of
from tests.torture import Tally

_BLOWS = 130


def run(seed: int, way: Way = "polling") -> Tally:
    """Play the story once under blows that the seed draws from the whole matrix."""
    return round_of(seed, matrix(random.Random(seed), way=way)[:_BLOWS], way=way)
