"""The nth call or statement fails: a small dose of `tests/torture/parts/nth.py`."""

from __future__ import annotations

import random

import pytest

from tests.crash.failpoints import Way
from tests.torture.parts import nth

pytestmark = pytest.mark.no_cover  # as in test_kill.py

#: A seed of every third kind, with another first n each.
_CHANCE = random.Random(1)
#: By webhook, where the database refuses to begin and to commit, and Telegram brings it again.
BY_WEBHOOK = [1, 3]
SEEDS = [kind + 1 + nth.KINDS * _CHANCE.randrange(13) for kind in range(0, nth.KINDS, 3)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("way", "seed"), [*[("polling", seed) for seed in SEEDS], *[("webhook", n) for n in BY_WEBHOOK]]
)
def test_whatever_fails_once_nothing_is_broken(way: Way, seed: int) -> None:
    tally = nth.run(seed, way)
    assert [f"{violation.invariant}: {violation.what}" for violation in tally.violations] == []
    assert tally.counts["failed operations"] + tally.counts["faults"] > 0
