"""The checker sees each guarantee broken on purpose, and nothing where none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.failpoints import POINTS, Arms, resolve
from tests.crash.keeper import Blow, Keeper
from tests.crash.killed_stage import KilledStage
from tests.crash.mutations import MUTATIONS
from tests.crash.rounds import play
from tests.crash.story import FIRST_WEEK

pytestmark = pytest.mark.no_cover  # as in test_kill.py


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", MUTATIONS)
async def test_the_checker_sees_a_broken_guarantee(tmp_path: Path, name: str) -> None:
    mutation = MUTATIONS[name]
    blows = [Blow(point, 1) for _ in range(8) for point in mutation.points]
    seen: set[str] = set()

    async def lose_answers(stage: KilledStage, _: Keeper) -> None:
        if mutation.lossy:
            stage.emulator.faults.add("drop", method="sendMessage", stage="after", chance=0.1)

    for seed in range(1, 5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        tally, _ = await play(
            folder, seed, blows, "--mutation", name, steps=FIRST_WEEK, extra=lose_answers
        )
        seen |= {violation.invariant for violation in tally.violations}
        if seen & set(mutation.invariants):
            return
    raise AssertionError(f"{mutation.invariants} expected, {sorted(seen)} reported")


def test_every_point_is_there() -> None:
    for name, point in POINTS.items():
        assert callable(getattr(resolve(point.where)[2], "__func__", resolve(point.where)[2])), name


def test_arms_strike_once_at_the_nth_passage(tmp_path: Path) -> None:
    arms = Arms(tmp_path / "arms")
    arms.arm("claim: before", 2)
    number = list(POINTS).index("claim: before")
    assert [arms.passed(number) for _ in range(4)] == [False, True, False, False]
    assert arms.strikes("claim: before") == 1
    assert arms.passages()["claim: before"] == 4
    arms.close()
