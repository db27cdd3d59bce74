"""The checker sees each guarantee broken on purpose, and nothing where none is."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.checker import dissected
from tests.crash.failpoints import POINTS, Arms, Way, points_of, resolve
from tests.crash.keeper import SOMETIME, Blow, Keeper
from tests.crash.killed_stage import KilledStage
from tests.crash.mutations import BY_WEBHOOK, MUTATIONS
from tests.crash.rounds import play
from tests.crash.story import FIRST_WEEK

pytestmark = pytest.mark.no_cover  # as in test_kill.py


@pytest.mark.timeout(480)
@pytest.mark.parametrize(
    ("way", "name"),
    [*[("polling", name) for name in MUTATIONS], *[("webhook", name) for name in BY_WEBHOOK]],
)
async def test_the_checker_sees_a_broken_guarantee(tmp_path: Path, way: Way, name: str) -> None:
    mutation = (MUTATIONS if way == "polling" else BY_WEBHOOK)[name]
    passable = [SOMETIME, *points_of(way)]
    points = [point for point in mutation.points if point in passable]
    blows = [Blow(point, 1) for _ in range(8) for point in points]
    seen: set[str] = set()

    async def trouble(stage: KilledStage, _: Keeper) -> None:
        if mutation.lossy:
            stage.emulator.faults.add("drop", method="sendMessage", stage="after", chance=0.1)
        if mutation.busy:
            stage.arms.arm("a write that begins", 3, every=11)

    for seed in range(1, 5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        tally, _ = await play(
            *(folder, seed, blows, "--mutation", name),
            steps=FIRST_WEEK,
            extra=trouble,
            way=way,
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


@pytest.mark.parametrize("moment", ["before the file", "after the file", "before the log"])
def test_what_a_dead_life_left_is_read_whole_while_its_log_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Another process that closes the database last moves the log into the file meanwhile."""
    path = tmp_path / "left"
    last = sqlite3.connect(path, isolation_level=None)
    last.execute("PRAGMA journal_mode = WAL")
    last.execute("CREATE TABLE kept (id INTEGER)")
    last.execute("INSERT INTO kept VALUES (7)")
    copy = shutil.copy
    copied: list[str] = []

    def copy_slowly(source: Path, target: Path) -> None:
        what = "the log" if source.name.endswith("-wal") else "the file"
        copied.append(what)
        if moment == f"before {what}":
            last.close()
        copy(source, target)
        if moment == f"after {what}":
            last.close()

    monkeypatch.setattr(shutil, "copy", copy_slowly)
    with closing(dissected(path)) as db:
        assert [tuple(row) for row in db.execute("SELECT id FROM kept")] == [(7,)]
    assert copied.count("the file") == 2
    assert not Path(f"{path}-wal").exists()
