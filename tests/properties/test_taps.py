"""Spoilt buttons in everybody's hands: no error, nothing of another's changed or shown."""

from __future__ import annotations

import random

import pytest

from bot.store import checkins
from tests.properties.practice import listening, practice
from tests.properties.taps import Presses, everybody
from tests.torture import Tally


async def presses(seed: int, number: int) -> Tally:
    async with practice(seed) as world:
        await everybody(world)
        with listening(world) as log:
            return await Presses(world, log, random.Random(seed)).run(number)


async def test_a_spoilt_button_does_nothing_to_others_in_anybodys_hands() -> None:
    tally = await presses(1, 4_000)
    assert not tally.violations
    assert len(tally.points) == 6, "everybody pressed"


@pytest.mark.timeout(600)
async def test_it_is_found_when_anybody_may_load_a_check_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def load_any(tx, checkin_id, client_id):  # type: ignore[no-untyped-def]
        return await checkins.load_checkin(tx, checkin_id)

    monkeypatch.setattr("bot.store.checkins.find_checkin", load_any)
    found: set[str] = set()
    # Where somebody erases everything early, nothing of another's is left to press on.
    for seed in range(1, 8):
        found |= {one.invariant for one in (await presses(seed, 4_000)).violations}
        if found:
            break
    assert found & {"another's rows", "shown to another"}
