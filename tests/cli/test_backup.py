"""Backup and restore with real files: under load, against every refusal, and after an erasure."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from bot.config import load
from bot.opening import RandomIds, SystemClock, open_database
from bot.store import erasure, pairs, people, practice
from bot.store.database import Database, Transaction
from bot.store.vault import new_master_key, write_key
from tests.cli.test_commands import rapport, rows, with_database

WORDS = "canary-words-of-anna"
NAME = "canary-anna"
TELEGRAM = 987_654_321_012
IDS = RandomIds()


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.age"))


def made(config: Path, *more: str) -> Path:
    before = backups(config.parent)
    result = rapport("backup", "--to", config.parent, "-c", config, *more)
    assert result.exit_code == 0, result.output
    (new,) = [path for path in backups(config.parent) if path not in before]
    assert str(new) in result.stdout
    return new


async def _anna(tx: Transaction) -> int:
    """A pair whose client's words are sealed with its key."""
    ben = await people.add_person(tx, IDS.new(), 1, "Ben", None, 1)
    await people.make_therapist(tx, ben.id, 1)
    anna = await people.add_person(tx, IDS.new(), TELEGRAM, NAME, "en", 1)
    pair_id, checkin_id = IDS.new(), IDS.new()
    await pairs.add_pair(tx, pair_id, ben.id, "A7", 1)
    await pairs.join_pair(tx, pair_id, anna.id, 1)
    await tx.run(
        "INSERT INTO checkin (id, pair_id, kind, instrument, instrument_version, language,"
        " consent_version, state, known, planned_at, due_at, closes_at) VALUES (:id, :pair,"
        " 'session', 'session-alliance', 1, 'en', '1', 'answered', x'00', 1, 1, 1)",
        id=checkin_id, pair=pair_id,
    )  # fmt: skip
    (row,) = await tx.all("SELECT data_key FROM pair WHERE id = :id", id=pair_id)
    sealer = tx.vault.sealer(row["data_key"], "pair", pair_id)
    value = sealer.seal_text(WORDS, "answer", "value", f"{checkin_id}|different")
    await tx.run(
        "INSERT INTO answer (checkin_id, item, value, disclosure, answered_at, changed_at)"
        " VALUES (:id, 'different', :value, 'keep', 1, 1)", id=checkin_id, value=value,
    )  # fmt: skip
    return pair_id


async def anna(db: Database) -> int:
    return await db.write(_anna)


def erase(config: Path, pair_id: int) -> None:
    async def act(db: Database) -> None:
        await db.write(lambda tx: erasure.erase_pair(tx, pair_id, 5))
        await db.truncate_log()

    with_database(config, act)


def sealed_of_anna(config: Path) -> list[bytes]:
    """What must be nowhere any more: her key and her sealed words, byte for byte."""
    keys = rows(config, "SELECT data_key FROM pair WHERE data_key IS NOT NULL")
    texts = rows(config, "SELECT value FROM answer")
    names = rows(config, "SELECT name FROM person WHERE language_hint = 'en'")
    return [row[0] for row in keys + texts + names]


def test_a_restored_backup_is_the_practice_as_it_was(config: Path) -> None:
    pair_id = with_database(config, anna)
    made_file = made(config)
    for file in (made_file, config.with_name("rapport.sqlite3.backed-up")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(config.parent.glob(".*part"))
    body = made_file.read_bytes()
    key = config.with_name("rapport.key").read_text("utf-8").split()
    for secret in (WORDS, NAME, str(TELEGRAM), "CREATE TABLE", key[3], *map(str, [pair_id])):
        assert secret.encode() not in body
    whole = rows(config, "SELECT * FROM answer")
    with_database(config, lambda db: db.write(lambda tx: tx.run("DELETE FROM answer")))
    result = rapport("restore", made_file, "-c", config)
    assert result.exit_code == 0, result.output
    assert "1 pairs" in result.stdout
    assert rows(config, "SELECT * FROM answer") == whole
    (aside,) = config.parent.glob("rapport.sqlite3.before-restore-*")
    with sqlite3.connect(aside) as old:
        assert old.execute("SELECT count(*) FROM answer").fetchone() == (0,)
    old.close()


def test_a_backup_opens_on_another_machine_with_the_recovery_sheet_alone(
    config: Path, tmp_path: Path
) -> None:
    with_database(config, anna)
    made_file = made(config)
    line = config.with_name("rapport.key").read_text("utf-8")
    elsewhere = tmp_path / "new"
    elsewhere.mkdir()
    shutil.copy(config, elsewhere / "config.toml")
    (elsewhere / "rapport.key").write_text(line.lower().replace(" ", "-"), "utf-8")
    result = rapport("restore", made_file, "-c", elsewhere / "config.toml")
    assert result.exit_code == 0, result.output
    assert "former" not in result.stdout
    assert rows(elsewhere / "config.toml", "SELECT count(*) FROM pair") == [(1,)]


def test_while_taps_pour_in_a_backup_is_one_moment(config: Path, tmp_path: Path) -> None:
    """Each write changes two tables by the same amount: at one moment they agree."""
    settings = load(config)
    with_database(config, anna)
    stop, wrote = threading.Event(), []

    async def pour() -> None:
        db = await open_database(settings, SystemClock())

        async def tap(tx: Transaction) -> None:
            for table in ("seen_update", "guess"):
                extra = ", telegram_index" if table == "guess" else ""
                columns = "(id, guessed_at" if table == "guess" else "(update_id, seen_at"
                blob = ", randomblob(900)" if table == "guess" else ""
                await tx.run(
                    f"INSERT INTO {table} {columns}{extra}) VALUES (:id, 1{blob})", id=IDS.new()
                )

        try:
            while not stop.is_set():
                await db.write(tap)
                wrote.append(1)
        finally:
            await db.close()

    thread = threading.Thread(target=lambda: asyncio.run(pour()))
    thread.start()
    try:
        seen = []
        for number in range(5):
            while len(wrote) < 40 * (number + 1):
                assert thread.is_alive()
            made_file = made(config)
            assert rapport("restore", made_file, "-c", config).exit_code == 4, "the bot runs"
            seen.append(made_file)
    finally:
        stop.set()
        thread.join(20)
    counts = []
    for made_file in seen:
        assert rapport("restore", made_file, "-c", config).exit_code == 0
        ((taps,),) = rows(config, "SELECT count(*) FROM seen_update")
        assert rows(config, "SELECT count(*) FROM guess") == [(taps,)]
        counts.append(taps)
    assert counts == sorted(counts)
    assert 40 <= counts[0] < counts[-1]


def test_what_was_erased_after_the_backup_is_erased_again(config: Path) -> None:
    pair_id = with_database(config, anna)
    gone = sealed_of_anna(config)
    assert len(gone) == 3
    made_file = made(config)
    erase(config, pair_id)
    assert rapport("restore", made_file, "-c", config).exit_code == 0
    assert rows(config, "SELECT state, code FROM pair") == [("erased", "A7")]
    assert rows(config, "SELECT * FROM answer") == []
    for file in config.parent.rglob("*"):
        if file.is_file():
            body = file.read_bytes()
            canaries = [*gone, WORDS.encode(), NAME.encode(), str(TELEGRAM).encode()]
            assert not [c for c in canaries if c in body], file


def test_a_backup_brings_its_erasures_to_another_machine(config: Path, tmp_path: Path) -> None:
    pair_id = with_database(config, anna)
    older = made(config)
    erase(config, pair_id)
    newer = made(config)
    elsewhere = tmp_path / "new"
    elsewhere.mkdir()
    for name in ("config.toml", "rapport.key"):
        shutil.copy(config.with_name(name), elsewhere / name)
    there = elsewhere / "config.toml"
    for made_file in (newer, older):
        assert rapport("restore", made_file, "-c", there).exit_code == 0
        assert rows(there, "SELECT state FROM pair") == [("erased",)]


def test_a_restore_says_which_erasures_it_knows_and_where_it_looked(
    config: Path, tmp_path: Path
) -> None:
    pair_id = with_database(config, anna)
    older = made(config)
    elsewhere = tmp_path / "new"
    elsewhere.mkdir()
    for file in (config, config.with_name("rapport.key"), older):
        shutil.copy(file, elsewhere / file.name)
    there, copied = elsewhere / "config.toml", elsewhere / older.name
    without = rapport("restore", copied, "-c", there)
    assert (
        "known from the backup itself (0); erased again in what is restored: 0." in without.stdout
    )
    assert "NO LOG OF ERASURES was found" in without.stdout
    assert f"{elsewhere / 'erasures.log'} nor {elsewhere / 'erasures*.log'}" in without.stdout
    assert rows(there, "SELECT state FROM pair") != [("erased",)]

    erase(config, pair_id)
    log = elsewhere / "erasures-1.log"
    shutil.copy(config.with_name("erasures.log"), log)
    found = rapport("restore", copied, "-c", there)
    assert f"known from {log} (1), the backup itself (0);" in found.stdout
    assert "erased again in what is restored: 1." in found.stdout
    assert "NO LOG" not in found.stdout
    assert rows(there, "SELECT state FROM pair") == [("erased",)]


@pytest.mark.parametrize("how", ["cut", "altered", "another key", "no backup"])
def test_what_cannot_be_opened_changes_nothing(config: Path, how: str) -> None:
    with_database(config, anna)
    made_file = made(config)
    body = made_file.read_bytes()
    if how == "cut":
        made_file.write_bytes(body[:-40])
    elif how == "altered":
        made_file.write_bytes(body[:-40] + bytes([body[-40] ^ 1]) + body[-39:])
    elif how == "no backup":
        made_file.write_bytes(b"hello")
    else:
        config.with_name("rapport.key").write_text(write_key(new_master_key()), "utf-8")
    before = rows(config, "SELECT * FROM answer")
    result = rapport("restore", made_file, "-c", config)
    assert result.exit_code == 1
    assert "cannot be opened with this master key" in result.stderr
    assert rows(config, "SELECT * FROM answer") == before
    assert not list(config.parent.glob("*before-restore*"))


def test_a_newer_programs_backup_is_refused(config: Path) -> None:
    newer = "INSERT INTO migration VALUES (999, 1)"
    with_database(config, lambda db: db.write(lambda tx: tx.run(newer)))
    result = rapport("restore", made(config), "-c", config)
    assert result.exit_code == 1
    assert "newer program" in result.stderr


def test_no_backup_is_made_of_a_damaged_database(config: Path) -> None:
    with_database(config, anna)
    path = config.with_name("rapport.sqlite3")
    body = bytearray(path.read_bytes())
    body[4096 * 2 : 4096 * 9] = b"\xff" * (4096 * 7)
    path.write_bytes(body)
    result = rapport("backup", "--to", config.parent, "-c", config)
    assert result.exit_code == 1
    assert "damaged" in result.stderr or "cannot be read" in result.stderr
    assert backups(config.parent) == []


def test_only_the_newest_are_kept_and_no_other_file_goes(config: Path) -> None:
    with_database(config, anna)
    other = config.with_name("notes.age")
    other.write_bytes(b"mine")
    old = [config.with_name(f"rapport-2026010{n}T000000Z.age") for n in (1, 2, 3)]
    for path in old:
        path.write_bytes(b"old")
    newest = made(config, "--keep", "2")
    assert set(backups(config.parent)) == {newest, old[2], other}


def test_a_named_file_is_never_overwritten(config: Path) -> None:
    with_database(config, anna)
    file = config.with_name("today.age")
    assert rapport("backup", "--to", file, "-c", config).exit_code == 0
    body = file.read_bytes()
    result = rapport("backup", "--to", file, "-c", config)
    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert file.read_bytes() == body


@pytest.mark.parametrize("to", ["backups/", "backups", "backups/rapport", "backups/today.age"])
def test_a_missing_folder_becomes_no_file(config: Path, to: str) -> None:
    with_database(config, anna)
    before = sorted(config.parent.iterdir())
    result = rapport("backup", "--to", f"{config.parent}/{to}", "-c", config)
    assert result.exit_code == 1
    missing = config.parent / to.removesuffix("/today.age")
    said = " ".join(result.stderr.split())
    assert f"{missing} is no folder" in said
    assert f"(mkdir -p {missing})" in said
    assert sorted(config.parent.iterdir()) == before


def test_a_restore_killed_at_any_point_leaves_the_old_or_the_new_whole(config: Path) -> None:
    """Be gone before each change of the folder, one after the other, without cleaning up."""
    with_database(config, anna)
    made_file = made(config)
    found, points = [], 0
    while True:
        with_database(config, lambda db: db.write(lambda tx: tx.run("DELETE FROM answer")))
        is_whole = _restored_until(points, made_file, config)
        found.append(rows(config, "SELECT count(*) FROM answer")[0][0])
        with_database(config, lambda db: db.read(practice.practice_sealer))
        if is_whole:
            break
        points += 1
    assert points >= 6
    assert found == sorted(found), "first the old, then the new"
    assert (found[0], found[-1]) == (0, 1)


def _restored_until(points: int, made_file: Path, config: Path) -> bool:
    """Restore in a process of its own that dies after so many points; True if it came through."""
    child = os.fork()
    if child == 0:
        left = points

        def dying(real: Any) -> Any:
            def act(*given: Any, **named: Any) -> Any:
                nonlocal left
                if left == 0:
                    os._exit(9)
                left -= 1
                return real(*given, **named)

            return act

        for name in ("link", "replace", "rename", "fsync", "unlink"):
            setattr(os, name, dying(getattr(os, name)))
        os._exit(rapport("restore", made_file, "-c", config).exit_code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
def test_what_root_restores_belongs_to_whom_the_bot_runs_as(config: Path) -> None:
    made_file = made(config)
    os.chown(config.parent, 65534, 65534)
    result = rapport("restore", made_file, "-c", config)
    assert result.exit_code == 0, result.output
    database = config.with_name("rapport.sqlite3").stat()
    assert (database.st_uid, stat.S_IMODE(database.st_mode)) == (65534, 0o600)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_good_backup_that_cannot_be_noted_is_a_good_backup(config: Path, as_json: bool) -> None:
    with_database(config, anna)
    config.with_name("rapport.sqlite3.backed-up").mkdir()
    words = ["--json"] if as_json else []
    result = rapport("backup", "--to", config.parent, "--keep", "1", "-c", config, *words)
    assert result.exit_code == 0
    (backup,) = backups(config.parent)
    assert "The backup is good." in result.stderr
    assert "rapport.sqlite3.backed-up: Is a directory" in result.stderr
    if as_json:
        said = {"backup": str(backup), "deleted": [], "noted": False, "undeleted": None}
        assert json.loads(result.stdout) == said
    else:
        assert result.stdout.startswith(f"{backup}\n")
    assert rapport("restore", backup, "-c", config).exit_code == 0


def test_a_good_backup_beside_an_old_one_that_stays_is_a_good_backup(config: Path) -> None:
    with_database(config, anna)
    config.with_name("rapport-20260101T000000Z.age").mkdir()
    result = rapport("backup", "--to", config.parent, "--keep", "1", "-c", config, "--json")
    assert result.exit_code == 0
    assert "An old one could not be deleted" in result.stderr
    said = json.loads(result.stdout)
    assert "rapport-20260101T000000Z.age: " in said["undeleted"]
    assert Path(said["backup"]).is_file()
