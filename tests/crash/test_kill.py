"""kill -9 at every step of receiving, saving, claiming, sending and recording: nothing is broken.

Each round plays the story of `story.py` on a bad network while lives of the bot are killed at
the nth passage of named points and at any moment between. `make torture` does it for longer.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.failpoints import Way, points_of
from tests.crash.keeper import SOMETIME, Blow, Keeper, matrix, stop_for
from tests.crash.killed_stage import KilledStage, second_process
from tests.crash.rounds import play
from tests.crash.story import FIRST_WEEK
from tests.torture import Tally

# What is killed tells no coverage, and what plays Telegram is slower when it is measured.
pytestmark = pytest.mark.no_cover

#: So many kills a round, at least: more than 300 in each run of the suite.
KILLS = 40
SEEDS: list[tuple[Way, int]] = [
    *[("polling", seed) for seed in range(1, 6)],
    *[("webhook", seed) for seed in range(1, 4)],
]
_BLOWS = 130
#: Their networks are the worst there are: on others story after story goes by in which Telegram
#: tells nobody to wait.
_OF_BAD_NETWORKS = (6, 7, 11, 14, 15, 16, 21, 30)


def unbroken(tally: Tally, seed: int) -> None:
    said = [f"{violation.invariant}: {violation.what}" for violation in tally.violations]
    assert said == [], f"seed {seed}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("way", "seed"), SEEDS)
async def test_nothing_is_lost_doubled_or_mixed_up(tmp_path: Path, way: Way, seed: int) -> None:
    blows = matrix(random.Random(seed), way=way)[:_BLOWS]
    tally, keeper = await play(tmp_path, seed, blows, way=way)
    unbroken(tally, seed)
    # Kills that strike nothing prove nothing.
    assert keeper.kills >= KILLS
    assert tally.counts["kills with a message on its way"] >= 2
    assert tally.counts["kills with updates in hand"] >= 5
    assert way == "polling" or tally.counts["deliveries that failed"] >= KILLS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_the_story_passes_every_point(tmp_path: Path, way: Way) -> None:
    passed: Counter[str] = Counter()
    for seed in _OF_BAD_NETWORKS:
        folder = tmp_path / str(seed)
        folder.mkdir()
        tally, keeper = await play(folder, seed, [Blow(SOMETIME, 3)] * 3, way=way)
        unbroken(tally, seed)
        passed.update(keeper.passages)
        missing = sorted(set(points_of(way)) - set(+passed))
        if not missing:
            return
    raise AssertionError(f"never passed: {missing}")


@pytest.mark.timeout(300)
async def test_a_process_that_stood_still_goes_on_and_is_alone(tmp_path: Path) -> None:
    """Longer than its polls and its calls wait; who starts meanwhile stands aside."""
    codes: list[int] = []

    async def stand_still(stage: KilledStage) -> None:
        await asyncio.sleep(0.02)  # the next step has begun: messages are on their way
        async with asyncio.TaskGroup() as both:
            both.create_task(stop_for(stage, 2.5 if not codes else 1.2))
            if not codes:
                codes.append(await second_process(stage))

    standing: list[asyncio.Task[None]] = []

    async def extra(stage: KilledStage, _: Keeper) -> None:
        if standing:
            await standing[-1]
        if len(standing) < len(FIRST_WEEK) - 1:
            standing.append(asyncio.create_task(stand_still(stage)))

    tally, _ = await play(tmp_path, 1, [], "--short-waits", steps=FIRST_WEEK, extra=extra)
    unbroken(tally, 1)
    assert codes == [4]
    assert len(standing) >= 10


@pytest.mark.timeout(300)
async def test_whole_processes_killed_while_they_start(tmp_path: Path) -> None:
    blows = [Blow(SOMETIME, n) for n in (4, 7, 10, 13, 16, 4, 7, 10, 13, 16)]
    tally, keeper = await play(tmp_path, 3, blows, steps=FIRST_WEEK, cold=True)
    unbroken(tally, 3)
    assert keeper.kills == len(blows)
