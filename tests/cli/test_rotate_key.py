"""A new master key: nothing is lost, no link breaks, and a kill at any moment is finished."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.cli import cli
from bot.store import invitations, people, statements
from bot.store.database import Transaction, hold, let_go
from bot.store.vault import Altered, Vault, find_begun_key, read_key
from tests.cli.test_backup import TELEGRAM, WORDS, anna, backups, made
from tests.cli.test_commands import listing, rapport, rows, with_database

CODE = "code-of-an-open-link-1"
SHEET = re.compile(r"RAPPORT-KEY-1[A-Z2-7 ]+")
WRAPPED = {"practice", "person", "pair"}


@pytest.fixture
def practice(config: Path) -> Path:
    """A practice with answers, an open link and a wrong guess."""

    async def fill(tx: Transaction) -> None:
        await invitations.add_invitation(
            tx, id=5, code=CODE, kind="therapist", pair_id=None, invited_by=None, now=1,
            expires_at=2,
        )  # fmt: skip
        await invitations.note_guess(tx, 6, 4, 1)

    with_database(config, anna)
    with_database(config, lambda db: db.write(fill))
    return config


def readable(config: Path) -> None:
    """Find Anna by her Telegram id, the link by its code, and read her words."""

    async def read(tx: Transaction) -> None:
        found = await people.find_person_by_telegram(tx, TELEGRAM)
        assert found is not None
        assert found.telegram_id == TELEGRAM
        invitation = await invitations.find_invitation(tx, CODE)
        assert invitation is not None
        assert invitation.id == 5
        (row,) = await tx.all(
            "SELECT p.id, p.data_key, a.checkin_id, a.value FROM answer a"
            " JOIN checkin c ON c.id = a.checkin_id JOIN pair p ON p.id = c.pair_id"
        )
        sealer = tx.vault.sealer(row["data_key"], "pair", row["id"])
        place = ("answer", "value", f"{row['checkin_id']}|different")
        assert sealer.open_text(row["value"], *place) == WORDS

    with_database(config, lambda db: db.read(read))


def key_of(config: Path) -> bytes:
    return read_key(config.with_name("rapport.key").read_text("utf-8"))


def former_of(config: Path) -> Path:
    (former,) = config.parent.glob("rapport.key.before-*")
    return former


def test_all_is_readable_under_the_new_key_and_nothing_under_the_old(practice: Path) -> None:
    before, indexes = key_of(practice), rows(practice, "SELECT telegram_index FROM person")
    wrapped = [row[0] for t in WRAPPED for row in rows(practice, f"SELECT data_key FROM {t}")]
    assert len(wrapped) == 4
    with closing(sqlite3.connect(practice.with_name("rapport.sqlite3"))) as other:
        other.execute("SELECT * FROM pair").fetchall()  # nothing is tidied up at the end for it
        result = rapport("rotate-key", "-c", practice)
        for file in practice.parent.glob("rapport.sqlite3*"):
            body = file.read_bytes()
            assert [old for old in wrapped if old in body] == [], "an old wrapping is left"
    assert result.exit_code == 0, result.output
    (sheet,) = SHEET.findall(result.stdout)
    assert read_key(sheet) == key_of(practice) != before
    assert read_key(former_of(practice).read_text("utf-8")) == before
    assert str(former_of(practice)) in result.stdout
    for file in (former_of(practice), practice.with_name("rapport.key")):
        assert file.stat().st_mode & 0o777 == 0o600
    assert find_begun_key(practice.with_name("rapport.key")) is None
    readable(practice)
    assert not set(indexes) & set(rows(practice, "SELECT telegram_index FROM person"))
    shutil.copy(former_of(practice), practice.with_name("rapport.key"))
    assert rapport("backup", "--to", practice.parent, "-c", practice).exit_code == 3
    assert backups(practice.parent) == []


def test_whatever_the_master_key_wraps_is_changed(practice: Path) -> None:
    """A new table with a data key or a blind index must be taken up by the change."""
    columns = rows(
        practice,
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table'",
    )
    assert {table for table, column in columns if column == "data_key"} == WRAPPED
    indexed = {(table, column) for table, column in columns if re.search("index|secret", column)}
    assert indexed == {
        ("person", "telegram_index"), ("guess", "telegram_index"), ("invitation", "secret"),
        ("relink", "secret"),  # of the invitations' key, which is handed on
    }  # fmt: skip


def test_it_can_be_changed_again_and_again(practice: Path) -> None:
    seen = [key_of(practice)]
    for _ in range(3):
        assert rapport("rotate-key", "-c", practice).exit_code == 0
        readable(practice)
        seen.append(key_of(practice))
    assert len(set(seen)) == 4
    kept = practice.parent.glob("rapport.key.before-*")
    assert {read_key(file.read_text("utf-8")) for file in kept} == set(seen[:3])


def test_an_older_backup_opens_with_its_own_sheet_only(practice: Path) -> None:
    older = made(practice)
    assert rapport("rotate-key", "-c", practice).exit_code == 0
    newer = made(practice)
    assert rapport("restore", older, "-c", practice).exit_code == 1
    assert rapport("restore", newer, "-c", practice).exit_code == 0
    readable(practice)
    shutil.copy(former_of(practice), practice.with_name("rapport.key"))
    assert rapport("restore", older, "-c", practice).exit_code == 0
    readable(practice)


def test_a_running_bot_keeps_its_key(practice: Path) -> None:
    before = listing(practice.parent)
    lock = hold(practice.with_name("rapport.sqlite3"))
    try:
        assert rapport("rotate-key", "-c", practice).exit_code == 4
    finally:
        let_go(lock)
    after = listing(practice.parent)
    assert {n: b for n, b in after.items() if not n.endswith(".lock")} == {
        n: b for n, b in before.items() if not n.endswith(".lock")
    }


def test_without_a_practice_there_is_nothing_to_change(config: Path) -> None:
    config.with_name("rapport.sqlite3").unlink()
    result = rapport("rotate-key", "-c", config)
    assert result.exit_code == 1
    assert "rapport init" in result.stderr
    assert not config.with_name("rapport.sqlite3").exists()


def test_one_killed_at_any_point_leaves_a_practice_that_opens(
    practice: Path, tmp_path: Path
) -> None:
    """Be gone before and after each change of the folder and each commit, one by one."""
    whole, points, in_force, between = practice.parent, 0, [], []
    first = key_of(practice)
    while True:
        folder = tmp_path.parent / f"{tmp_path.name}-{points}"
        shutil.copytree(whole, folder)
        config, printed = folder / "config.toml", folder / "printed"
        is_whole = _rotated_until(points, config, printed)
        shown = [read_key(line) for line in SHEET.findall(printed.read_text("utf-8"))]
        is_between = _is_between(config)
        between.append(is_between)
        assert rapport("check", "-c", config).exit_code == 0
        in_force.append(is_between or key_of(config) != first)
        if is_between and points % 2:  # run again at once, it finishes with the same key
            result = rapport("rotate-key", "-c", config)
            assert [read_key(line) for line in SHEET.findall(result.stdout)] == shown
            assert [key_of(config)] == shown
        elif points % 3 == 0:  # a backup comes first, with whichever key opens the database
            made_file = made(config)
            assert rapport("restore", made_file, "-c", config).exit_code == 0
        readable(config)
        assert key_of(config) in [first, *shown], "a key in force that nobody was shown"
        assert not is_between or [key_of(config)] == shown, "opening names the key file"
        result = rapport("rotate-key", "-c", config)
        assert result.exit_code == 0, result.output
        (sheet,) = SHEET.findall(result.stdout)
        assert key_of(config) == read_key(sheet)
        assert find_begun_key(config.with_name("rapport.key")) is None
        readable(config)
        shutil.rmtree(folder)
        if is_whole:
            break
        points += 1
    assert points >= 14
    assert in_force == sorted(in_force), "first the old key, then the new"
    assert (in_force[0], in_force[-1]) == (False, True)
    assert sum(between) == 2, "one is run again, one is opened"


def _is_between(config: Path) -> bool:
    """Say whether the database is under the next key and the key file is not."""
    ((wrapped,),) = rows(config, "SELECT data_key FROM practice")
    try:
        Vault(key_of(config)).sealer(wrapped, "practice", 1)
    except Altered:
        return True
    return False


def _rotated_until(points: int, config: Path, printed: Path) -> bool:
    """Change the key in a process that dies after so many points; True if it came through."""
    child = os.fork()
    if child == 0:
        left = points

        def point() -> None:
            nonlocal left
            if left == 0:
                os._exit(9)
            left -= 1

        def dying(real: Any) -> Any:
            def act(*given: Any, **named: Any) -> Any:
                point()
                result = real(*given, **named)
                point()
                return result

            return act

        with printed.open("w", encoding="utf-8") as file:
            sys.stdout = file
            for name in ("link", "replace", "fsync", "unlink"):
                setattr(os, name, dying(getattr(os, name)))
            rows_of = statements.rows
            dying_commit = dying(rows_of)
            statements.rows = lambda connection, sql, values: (
                dying_commit if sql == "COMMIT" else rows_of
            )(connection, sql, values)
            try:
                cli(["rotate-key", "-c", str(config)], standalone_mode=False)
            except BaseException:
                os._exit(1)
            file.flush()
            os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 0


BOTS = (23_456, 23_457)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("whose", ["the folder's", "the former key's"])
def test_a_key_that_root_makes_is_the_bots_to_read(practice: Path, whose: str) -> None:
    """The service runs as a user of its own: it could not open the database any more."""
    key = practice.with_name("rapport.key")
    os.chown(key, *BOTS)
    if whose == "the folder's":
        os.chown(practice.parent, *BOTS)
    assert rapport("rotate-key", "-c", practice).exit_code == 0
    for file in (key, former_of(practice)):
        found = file.stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (*BOTS, 0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_first_key_is_the_bots_too(practice: Path) -> None:
    for file in practice.parent.glob("rapport.*"):
        file.unlink()
    os.chown(practice.parent, *BOTS)
    assert rapport("init", "-c", practice).exit_code == 0
    for name in ("rapport.key", "rapport.sqlite3"):
        found = practice.with_name(name).stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (*BOTS, 0o600)
