"""Random walks through a practice's life keep the promises, and find it when one is broken."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import pytest

from bot.core.conversation import Answer
from bot.store.answers import save_answers
from bot.store.checkins import CheckIn
from bot.store.database import Transaction
from tests.properties.practice import Begun, begin, practice
from tests.properties.walk import OFTEN, Walk
from tests.torture import Tally

_STEPS = 80
#: Apart, so that each is well within a test's time on a busy machine.
_SEEDS = (range(1, 4), range(4, 7), range(7, 10), range(10, 13))
#: And many short ones: with those above, 300 in each run of the suite.
_SHORT_STEPS = 10
_SHORT = [range(first, first + 12) for first in range(1001, 1289, 12)]


_begun: list[Begun] = []


async def begun() -> Begun:
    """Give a practice where everybody has joined: always in the same way, so done once."""
    if not _begun:
        _begun.append(await begin(OFTEN, lambda world: Walk(world, random.Random(1)).begin()))
    return _begun[0]


async def walks(seeds: range, steps: int = _STEPS) -> Tally:
    """Walk until something is found."""
    tally = Tally(runs=0)
    for seed in seeds:
        async with practice(seed, OFTEN, await begun()) as world:
            tally.add(await Walk(world, random.Random(seed)).run(steps))
        if tally.violations:
            break
    return tally


@pytest.mark.parametrize("seeds", _SEEDS, ids=str)
async def test_whatever_happens_the_promises_are_kept(seeds: range) -> None:
    tally = await walks(seeds)
    assert not tally.violations
    assert tally.counts["acknowledged"] > 20
    assert tally.points["half sent, struck"] > 1


@pytest.mark.no_cover  # the long ones pass the same lines
@pytest.mark.parametrize("seeds", _SHORT, ids=str)
async def test_on_short_walks_they_are_kept_as_well(seeds: range) -> None:
    tally = await walks(seeds, _SHORT_STEPS)
    assert not tally.violations
    assert tally.counts["steps"] == len(seeds) * _SHORT_STEPS
    assert tally.counts["acknowledged"] > 5


def test_there_are_three_hundred_walks() -> None:
    assert len({seed for seeds in (*_SEEDS, *_SHORT) for seed in seeds}) == 300


async def test_it_is_found_when_what_was_half_sent_is_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def send_again(tx: Transaction, _now: int) -> list[object]:
        await tx.run("UPDATE message SET state = 'queued' WHERE state = 'sending'")
        return []

    monkeypatch.setattr("bot.store.outbox.abandon_sending", send_again)
    tally = await walks(_SEEDS[0])
    assert any("more than once" in found.what for found in tally.violations)


async def test_it_is_found_when_a_second_answer_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def save_first(
        tx: Transaction, checkin: CheckIn, save: Iterable[Answer], before: Mapping[str, Answer]
    ) -> bool:
        first = [one for one in save if one.item not in before or before[one.item].value is None]
        return await save_answers(tx, checkin, first, before)

    monkeypatch.setattr("bot.store.answers.save_answers", save_first)
    tally = await walks(_SEEDS[0])
    assert any("not the last" in found.what for found in tally.violations)
