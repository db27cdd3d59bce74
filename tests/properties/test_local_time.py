"""Forty zones of the world, every week of 2020 to 2040; the torture does all of them.

The rules under test:
 1. A weekly rule runs exactly once on each of its local dates, at the first instant that shows
    its time or a later one.
 2. A digest's hour comes once a week, whenever one looks.
 3. Quiet hours end at the first minute outside every night, and never later.
"""

from __future__ import annotations

import random
from zoneinfo import available_timezones

import pytest

from tests.properties.local_time import wrong_in

ODD = (
    "Europe/Berlin", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
    "Pacific/Kiritimati", "Africa/Casablanca", "Antarctica/Troll", "Africa/Cairo",
    "America/Santiago", "America/Sao_Paulo", "Asia/Beirut",
)  # fmt: skip
_OTHERS = sorted(available_timezones() - {*ODD, "localtime"})
ZONES = (*ODD, *random.Random(20).sample(_OTHERS, 40 - len(ODD)))


@pytest.mark.parametrize("zone", ZONES)
def test_the_clock_on_the_wall_agrees(zone: str) -> None:
    chance = random.Random(zone)
    compared, wrong = wrong_in(zone, chance, [chance.randrange(7)])
    assert not wrong
    assert compared > 6 * 1000
