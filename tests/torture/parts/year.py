"""A practice of forty clients through a whole year, both changes of the clocks included."""

from __future__ import annotations

from tests.torture import Tally
from tests.year.rounds import year_of


def run(seed: int) -> Tally:
    """Play the year that the seed draws."""
    tally, _ = year_of(seed)
    return tally
