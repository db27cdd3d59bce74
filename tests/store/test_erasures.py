"""The erasures' log: on disk before the rows go, and carried out again on whatever is put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.opening import finish_erasures
from bot.store import erasure, pairs, practice
from bot.store.database import Database, Transaction, Unavailable
from bot.store.erasures import Erased, ErasureLog
from tests.digest_support import CUT
from tests.digest_world import World, open_world
from tests.transactions import reading, writing

LOG = "erasures.log"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


def line(number: int) -> Erased:
    return Erased(number, 2, 3, b"sealed")


async def erase(world: World, pair_id: int) -> None:
    async with writing(world.db) as tx:
        await erasure.erase_pair(tx, pair_id, CUT)


async def state_of(world: World, pair_id: int) -> str:
    (row,) = await world.rows("SELECT state FROM pair WHERE id = :id", id=pair_id)
    return str(row["state"])


def test_what_was_added_is_read_once_each_and_only_its_owner_may_read(tmp_path: Path) -> None:
    log = ErasureLog(tmp_path / LOG)
    assert log.read() == ([], 0)
    log.add([line(1), line(2)])
    log.add([line(1), line(3)])
    assert log.read() == ([line(1), line(2), line(3)], 0)
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_cut_off_is_passed_over_and_spoils_no_later_one(tmp_path: Path, cut: int) -> None:
    log = ErasureLog(tmp_path / LOG)
    log.add([line(1), line(2)])
    log.path.write_bytes(log.path.read_bytes()[: -1 - cut])
    assert log.read() == ([line(1)], 1)
    log.add([line(3)])
    assert log.read() == ([line(1), line(3)], 1)


def test_a_line_without_its_end_is_whole_all_the_same(tmp_path: Path) -> None:
    log = ErasureLog(tmp_path / LOG)
    log.add([line(1)])
    log.path.write_bytes(log.path.read_bytes().rstrip(b"\n"))
    log.add([line(2)])
    assert log.read() == ([line(1), line(2)], 0)


def test_an_altered_line_does_not_count(tmp_path: Path) -> None:
    log = ErasureLog(tmp_path / LOG)
    log.add([line(1234), line(2)])
    log.path.write_bytes(log.path.read_bytes().replace(b"1234", b"1235") + "ü".encode())
    assert log.read() == ([line(2)], 2)


async def test_the_line_is_on_disk_before_the_rows_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a7 = await world.pair("A7")
    synced: list[tuple[bytes, str]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        log = world.db.erasures.path
        if os.fstat(descriptor).st_ino == log.stat().st_ino:
            synced.append((log.read_bytes(), _state_seen_from_outside(world.db, a7)))

    monkeypatch.setattr(os, "fsync", fsync)
    await erase(world, a7)
    ((text, state),) = synced
    assert str(a7).encode() in text
    assert state == "active"
    assert await state_of(world, a7) == "erased"


def _state_seen_from_outside(db: Database, pair_id: int) -> str:
    connection = sqlite3.connect(db.path)
    try:
        return str(
            connection.execute("SELECT state FROM pair WHERE id = ?", [pair_id]).fetchone()[0]
        )
    finally:
        connection.close()


async def test_without_its_line_nothing_is_erased(world: World) -> None:
    a7 = await world.pair("A7")
    world.db.erasures.path.mkdir()
    with pytest.raises(Unavailable, match=r"erasures\.log"):
        await erase(world, a7)
    assert await state_of(world, a7) == "active"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
def test_a_log_that_root_begins_belongs_to_whom_the_bot_runs_as(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    log = ErasureLog(tmp_path / LOG)
    log.add([line(1)])
    assert (log.path.stat().st_uid, log.path.stat().st_mode & 0o777) == (65534, 0o600)


async def test_what_a_crash_left_half_done_is_finished(world: World) -> None:
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    await world.checkin(a7, 8, 7, 6, 7, 8)

    async def dies(tx: Transaction) -> None:
        await erasure.erase_pair(tx, a7, CUT)
        raise ZeroDivisionError  # after the line, before the commit

    with pytest.raises(ZeroDivisionError):
        await world.db.write(dies)
    assert await state_of(world, a7) == "active"
    await finish_erasures(world.db)
    assert await state_of(world, a7) == "erased"
    assert await state_of(world, b2) == "active"
    assert await world.rows("SELECT * FROM answer") == []
    text = world.db.erasures.path.read_bytes()
    await finish_erasures(world.db)
    assert world.db.erasures.path.read_bytes() == text, "finishing writes no lines"


async def test_a_database_put_back_by_hand_is_erased_again(world: World, tmp_path: Path) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, 8, 7, 6, 7, 8)
    await world.db.truncate_log()
    old = tmp_path / "old" / "rapport.sqlite3"
    old.parent.mkdir()
    shutil.copy(world.db.path, old)
    await erase(world, a7)
    shutil.copy(world.db.erasures.path, old.with_name(LOG))

    db = await Database.open(old, world.db.vault, world.clock.now)
    try:
        await finish_erasures(db)
        async with reading(db) as tx:
            rows = await tx.all("SELECT state, data_key, client_id, erased_at FROM pair")
            assert [tuple(row) for row in rows] == [("erased", None, None, CUT)]
            assert await tx.all("SELECT * FROM answer") == []
    finally:
        await db.close()


async def test_a_code_stays_used_in_a_database_that_never_had_its_pair(
    world: World, tmp_path: Path
) -> None:
    await world.db.truncate_log()
    old = tmp_path / "old" / "rapport.sqlite3"
    old.parent.mkdir()
    shutil.copy(world.db.path, old)
    await erase(world, await world.pair("NINE9"))
    shutil.copy(world.db.erasures.path, old.with_name(LOG))
    # The words around it are noise, in which two letters stand by chance.
    assert b"NINE9" not in old.with_name(LOG).read_bytes()

    db = await Database.open(old, world.db.vault, world.clock.now)
    try:
        await finish_erasures(db)
        async with writing(db) as tx:
            assert await pairs.codes_of(tx, world.ben) == {"NINE9"}
            assert not await pairs.add_pair(tx, world.ids.new(), world.ben, "NINE9", CUT)
            assert await pairs.add_pair(tx, world.ids.new(), world.ben, "A8", CUT)
    finally:
        await db.close()


async def test_another_practices_log_changes_nothing(world: World) -> None:
    a7 = await world.pair("A7")
    world.db.erasures.add([line(1)])
    await finish_erasures(world.db)
    assert await state_of(world, a7) == "active"
    async with reading(world.db) as tx:
        assert await pairs.codes_of(tx, world.ben) == {"A7"}
        assert await practice.find_practice(tx)
