"""Twenty zones a round, every weekday of 2020 to 2040; thirty rounds do all zones there are."""

from __future__ import annotations

import random
from collections import Counter
from zoneinfo import available_timezones

from tests.properties.local_time import wrong_in
from tests.torture import Tally, Violation

_A_ROUND = 20


def run(seed: int) -> Tally:
    """Compare the zones whose turn it is."""
    known = sorted(available_timezones() - {"localtime"})
    turns = range(seed * _A_ROUND, (seed + 1) * _A_ROUND)
    tally = Tally()
    for zone in (known[turn % len(known)] for turn in turns):
        compared, wrong = wrong_in(zone, random.Random(seed), range(7))
        tally.counts += Counter({"zones": 1, "local times": compared})
        tally.violations += [Violation("one run per local date", one) for one in wrong]
    return tally
