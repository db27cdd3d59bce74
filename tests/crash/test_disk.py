"""The disk loses power, is full, read-only or broken; the file is locked, or read without end.

What was said to be safe is safe, and when the trouble is over everything goes on.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.crash.disk import Disk, Trouble, has_compiler
from tests.crash.failpoints import Way
from tests.crash.keeper import SOMETIME, Blow, Keeper, matrix
from tests.crash.killed_stage import KilledStage
from tests.crash.mutations import UNSYNCED
from tests.crash.rounds import play
from tests.crash.story import FIRST_WEEK
from tests.crash.troubles import PinnedReader, Troubles
from tests.torture import Tally
from tests.torture.parts.lock import locked

pytestmark = [pytest.mark.timeout(300), pytest.mark.no_cover]  # as in test_kill.py
needs_disk = pytest.mark.skipif(not has_compiler(), reason="the disk needs gcc to be made")


#: Forty commits, the log cut off, and one more that is not synced, where there is one.
CUTS_ITS_LOG = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for name in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
    db.execute(f"PRAGMA {name}")
db.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, t)")
db.execute("CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a (id), t)")
for n in range(40):
    db.execute("BEGIN")
    db.execute("INSERT INTO a VALUES (?, ?)", (n, "x" * 900))
    db.execute("INSERT INTO b VALUES (?, ?, ?)", (n, n, "y" * 900))
    db.execute("COMMIT")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
db.execute("PRAGMA synchronous = OFF")
db.execute(sys.argv[2])
os.kill(os.getpid(), signal.SIGKILL)
"""


def unbroken(tally: Tally) -> None:
    assert [f"{violation.invariant}: {violation.what}" for violation in tally.violations] == []


def was_in_the_way(folder: Path) -> None:
    log = (folder / "bot.log").read_text("utf-8")
    assert "database unavailable" in log or "outcome not recorded yet" in log


@needs_disk
async def test_what_was_confirmed_survives_a_loss_of_power(tmp_path: Path) -> None:
    blows = matrix(random.Random(1), 6)[:60]
    tally, _ = await play(tmp_path, 1, blows, disk=Disk.under(tmp_path), steps=FIRST_WEEK)
    unbroken(tally)
    assert tally.counts["kills"] >= 20
    assert tally.counts["bytes lost"] > 0, "a disk that loses nothing proves nothing"


@needs_disk
@pytest.mark.parametrize("then", ["", "INSERT INTO b VALUES (99, 1, 'z')"])
def test_a_log_that_was_cut_off_comes_back_whole_or_not_at_all(tmp_path: Path, then: str) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    disk = Disk.under(whole)
    command = [sys.executable, "-c", CUTS_ITS_LOG, str(disk.database), then]
    subprocess.run(command, env=os.environ | disk.environment, check=False)
    left = set()
    for seed in range(100):
        folder = shutil.copytree(whole, tmp_path / f"lost {seed}")
        disk = Disk(*(folder / path.name for path in astuple(disk)))
        disk.lose_power(random.Random(seed))
        left.add(Path(f"{disk.database}-wal").exists())
        with closing(sqlite3.connect(disk.database)) as db:
            rows = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in "ab"]
            assert rows in ([40, 40], [40, 41])
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert left == {True, False}


@needs_disk
async def test_the_disk_tells_a_commit_that_is_not_synced(tmp_path: Path) -> None:
    blows = [Blow(name, 1) for _ in range(12) for name in (*UNSYNCED.points, SOMETIME)]
    tally, _ = await play(
        tmp_path, 1, blows, "--mutation", "unsynced", disk=Disk.under(tmp_path), steps=FIRST_WEEK
    )
    assert {violation.invariant for violation in tally.violations} & set(UNSYNCED.invariants)


@needs_disk
@pytest.mark.parametrize("kind", ["full", "readonly", "broken"])
async def test_a_disk_in_trouble_is_waited_for(tmp_path: Path, kind: Trouble) -> None:
    disk, troubles = Disk.under(tmp_path), Troubles(1)

    async def extra(_: KilledStage, __: Keeper) -> None:
        await troubles.disk(disk, kind)

    kills = [Blow(SOMETIME, 3)] * 3
    tally, _ = await play(
        tmp_path, 1, kills, disk=disk, steps=FIRST_WEEK, extra=extra, troubles=troubles
    )
    unbroken(tally)
    was_in_the_way(tmp_path)


async def test_a_database_that_another_process_locks_is_waited_for(tmp_path: Path) -> None:
    troubles = Troubles(1)

    async def extra(stage: KilledStage, _: Keeper) -> None:
        await troubles.lock(stage)

    tally, _ = await play(
        tmp_path, 1, [], "--short-waits", steps=FIRST_WEEK, extra=extra, troubles=troubles
    )
    unbroken(tally)
    assert troubles.made >= len(FIRST_WEEK)
    was_in_the_way(tmp_path)


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_a_lock_that_outlasts_a_stop_and_a_start_is_waited_for(
    tmp_path: Path, way: Way
) -> None:
    """`make torture` holds it for a minute, against the program's own patience."""
    tally = await locked(tmp_path, 2, 6.0, way, "--short-waits")
    unbroken(tally)
    assert tally.counts["updates while locked"] >= 7, "everybody's"
    was_in_the_way(tmp_path)


async def test_a_log_that_somebody_reads_without_end_starts_over_afterwards(
    tmp_path: Path,
) -> None:
    pinned = PinnedReader()

    async def extra(stage: KilledStage, _: Keeper) -> None:
        if stage.clock.now() < _AFTERWARDS:
            await pinned.look(stage)
        elif not released:
            pinned.release()
            released.append(True)

    released: list[bool] = []
    tally, _ = await play(tmp_path, 1, [], network=False, extra=extra)
    unbroken(tally)
    assert released
    # Ten times what the log comes to when nobody reads it, and far from filling a disk.
    assert 4_000_000 < pinned.longest_log < 40_000_000, pinned.longest_log
    log = tmp_path / "rapport.sqlite3-wal"
    assert not log.exists() or log.stat().st_size == 0


_AFTERWARDS = 1_794_700_000_000  # 2026-11-15, after the last step of the two weeks
