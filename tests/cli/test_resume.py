"""`rapport restore` puts the bot on hold, and `rapport resume` lets it go on: what both say."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.config import load
from bot.opening import RandomIds, SystemClock, open_database
from bot.services.health import Health
from bot.services.hold import Hold
from bot.store import pairs, people
from bot.store.database import Database, Transaction
from bot.store.vault import new_master_key, write_key
from tests.cli.test_backup import made
from tests.cli.test_commands import rapport, rows, with_database

IDS = RandomIds()
HOUR = 3_600_000


async def _practice(tx: Transaction) -> None:
    """Ben with Anna, whom a question is owed that was due when the server was lost."""
    now = SystemClock().now()
    ben = await people.add_person(tx, IDS.new(), 2, "Ben", None, 1)
    await people.make_therapist(tx, ben.id, 1)
    anna = await people.add_person(tx, IDS.new(), 3, "Anna", "en", 1)
    pair_id, checkin_id = IDS.new(), IDS.new()
    await pairs.add_pair(tx, pair_id, ben.id, "A7", 1)
    await pairs.join_pair(tx, pair_id, anna.id, 1)
    await tx.run(
        "INSERT INTO checkin (id, pair_id, kind, instrument, instrument_version, language,"
        " consent_version, state, known, planned_at, due_at, closes_at) VALUES (:id, :pair,"
        " 'session', 'session-alliance', 1, 'en', '1', 'open', x'00', 1, 1, :closes)",
        id=checkin_id, pair=pair_id, closes=now + 24 * HOUR,
    )  # fmt: skip
    for kind, due in (("prompt", now - HOUR), ("reminder", now + 19 * HOUR)):
        await tx.run(
            "INSERT INTO message (id, kind, subject_id, person_id, pair_id, state, made_at,"
            " planned_at, due_at, expires_at) VALUES (:id, :kind, :checkin, :person, :pair,"
            " 'queued', 1, :due, :due, :expires)",
            id=IDS.new(), kind=kind, checkin=checkin_id, person=anna.id, pair=pair_id, due=due,
            expires=now + 24 * HOUR,
        )  # fmt: skip


async def practice(db: Database) -> None:
    await db.write(_practice)


def on_hold(config: Path) -> Path:
    """Make a practice, back it up and restore it; give the backup."""
    with_database(config, practice)
    backup = made(config)
    assert rapport("restore", backup, "-c", config).exit_code == 0
    return backup


def test_a_restore_says_that_it_is_on_hold_and_what_to_do(config: Path) -> None:
    with_database(config, practice)
    backup = made(config)
    result = rapport("restore", backup, "-c", config)
    assert result.exit_code == 0
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.search(rf"ON HOLD: lost are the hours from {moment} to {moment}", result.stdout)
    for word in ("Europe/Berlin", "rapport resume", "--nothing-lost", "lost server does not run"):
        assert word in result.stdout
    assert rows(config, "SELECT count(*) FROM loss WHERE resumed_at IS NULL") == [(1,)]
    outbox = rows(config, "SELECT kind, state, reason FROM message ORDER BY kind")
    assert outbox == [
        ("notice", "queued", None), ("prompt", "unknown", "lost"), ("reminder", "dropped", "lost"),
    ]  # fmt: skip


def test_resuming_shows_first_and_changes_nothing_without_a_yes(config: Path) -> None:
    on_hold(config)
    before = rows(config, "SELECT * FROM loss"), rows(config, "SELECT * FROM message")
    result = rapport("resume", "-c", config)
    assert result.exit_code == 1
    assert "On hold since" in result.stdout
    assert "not asked again about these hours, whatever the digest says: A7" in result.stdout
    assert "Told: 1 therapists" in result.stdout
    assert "`rapport resume --yes` lets the bot send again" in result.stderr
    shown = json.loads(rapport("resume", "-c", config, "--json").stdout)
    assert (shown["on_hold"], shown["resumed"], shown["therapists_told"]) == (True, False, 1)
    assert shown["lost"][0]["not_asked_again"] == ["A7"]
    assert (rows(config, "SELECT * FROM loss"), rows(config, "SELECT * FROM message")) == before


async def _waits(tx: Transaction) -> None:
    """Anna's check-in is finished and can be withheld; she, and Ben, are owed what is due."""
    now = SystemClock().now()
    await tx.run("UPDATE checkin SET completed_at = :now", now=now - HOUR)
    (pair,) = await tx.all("SELECT id, client_id, therapist_id FROM pair")
    for kind, person, due, expires in (
        ("ack", pair["client_id"], now - 1, now + HOUR),
        ("notice", pair["therapist_id"], now - 1, now + HOUR),
        ("digest", pair["therapist_id"], now - 1, now + HOUR),
        ("ack", pair["client_id"], now + HOUR, now + 2 * HOUR),
        ("notice", pair["therapist_id"], now - HOUR, now - 1),
    ):
        await tx.run(
            "INSERT INTO message (id, kind, subject_id, person_id, pair_id, state, made_at,"
            " planned_at, due_at, expires_at) VALUES (:id, :kind, :id, :person, :pair,"
            " 'queued', 1, :due, :due, :expires)",
            id=IDS.new(), kind=kind, person=person, pair=pair["id"], due=due, expires=expires,
        )  # fmt: skip


def test_resuming_says_who_is_told_what(config: Path) -> None:
    on_hold(config)
    with_database(config, lambda db: db.write(_waits))
    said = rapport("resume", "-c", config).stdout
    assert "Told: 1 clients" in said
    assert "how to withhold it again: A7." in said
    assert "    to clients: 1 acknowledgements\n" in said
    # With the news of the hold that admins are owed, where there are any.
    assert re.search(r"    to therapists and admins: 1 pages of digests, [12] notices\n", said)
    shown = json.loads(rapport("resume", "-c", config, "--json").stdout)
    assert shown["clients_told"] == ["A7"]
    due = shown["messages_due_by"]
    assert due[0] == {"to": "clients", "kind": "ack", "many": 1}
    assert {one["to"] for one in due[1:]} == {"practice"}
    assert shown["messages_due"] == sum(one["many"] for one in due)


def test_resuming_twice_and_without_a_hold_says_so(config: Path) -> None:
    with_database(config, practice)
    result = rapport("resume", "--yes", "-c", config)
    assert (result.exit_code, result.stdout) == (
        0,
        "The bot is not on hold: nothing was changed.\n",
    )
    assert rapport("restore", made(config), "-c", config).exit_code == 0
    result = rapport("resume", "--yes", "-c", config)
    assert result.exit_code == 0
    assert "The hold is over. The therapists are told." in result.stdout
    notices = "SELECT part FROM message WHERE part LIKE 'lost:%' OR part LIKE 'resumed:%'"
    told = rows(config, notices)
    assert len(told) == 2
    result = rapport("resume", "--yes", "-c", config)
    assert result.exit_code == 0
    assert "not on hold: nothing was changed. The last hold was ended on 2" in result.stdout
    assert rows(config, notices) == told
    said = json.loads(rapport("resume", "-c", config, "--json").stdout)
    assert said == {"on_hold": False, "resumed": False}


def test_restoring_twice_is_one_hold_after_the_other(config: Path) -> None:
    backup = on_hold(config)
    assert rapport("restore", backup, "-c", config).exit_code == 0
    assert rows(config, "SELECT count(*) FROM loss") == [(1,)], "the backup knows of none"
    assert rapport("resume", "--yes", "-c", config).exit_code == 0
    assert rapport("restore", backup, "-c", config).exit_code == 0
    assert "On hold since" in rapport("resume", "-c", config).stdout


def test_who_says_that_nothing_was_lost_needs_no_hold(config: Path) -> None:
    with_database(config, practice)
    backup = made(config)
    result = rapport("restore", backup, "--nothing-lost", "-c", config)
    assert result.exit_code == 0
    assert "HOLD" not in result.stdout
    assert "goes on when it is started" in result.stdout
    assert rows(config, "SELECT count(*) FROM loss") == [(0,)]
    assert rows(config, "SELECT DISTINCT state FROM message") == [("queued",)]


def test_nobody_is_believed_that_nothing_was_lost_where_the_files_say_otherwise(
    config: Path,
) -> None:
    with_database(config, practice)
    backup = made(config)
    later = "UPDATE practice SET last_now_at = last_now_at + 1"
    with_database(config, lambda db: db.write(lambda tx: tx.run(later)))
    result = rapport("restore", backup, "--nothing-lost", "-c", config)
    assert result.exit_code == 1
    assert "Restore without --nothing-lost" in result.stderr
    assert not list(config.parent.glob("*before-restore*"))


def test_another_practices_database_is_not_put_aside(config: Path, tmp_path: Path) -> None:
    with_database(config, practice)
    backup = made(config)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(config, other / "config.toml")
    (other / "rapport.key").write_text(write_key(new_master_key()), "utf-8")
    with_database(other / "config.toml", practice)
    shutil.copy(config.with_name("rapport.key"), other / "rapport.key")
    result = rapport("restore", backup, "-c", other / "config.toml")
    assert result.exit_code == 1
    assert "is another practice's database" in result.stderr
    assert "move that database away" in result.stderr
    assert not list(other.glob("*before-restore*"))


def test_an_erasure_copied_beside_the_backup_counts(config: Path, tmp_path: Path) -> None:
    """The server is gone, and with it the log; its copy lies where the backups are."""
    from tests.cli.test_backup import anna, erase

    pair_id = with_database(config, anna)
    place = tmp_path / "place"
    place.mkdir()
    result = rapport("backup", "--to", place, "-c", config)
    assert result.exit_code == 0
    erase(config, pair_id)
    shutil.copy(config.with_name("erasures.log"), place / "erasures.log")
    new = tmp_path / "new"
    new.mkdir()
    for name in ("config.toml", "rapport.key"):
        shutil.copy(config.with_name(name), new / name)
    (backup,) = place.glob("*.age")
    assert rapport("restore", backup, "-c", new / "config.toml").exit_code == 0
    assert rows(new / "config.toml", "SELECT state FROM pair") == [("erased",)]


def test_resuming_killed_at_any_statement_is_done_or_not(config: Path) -> None:
    backup = on_hold(config)
    statements = 0
    while not _resumed_until(statements, config):
        assert rows(config, "SELECT count(*) FROM loss WHERE resumed_at IS NULL") == [(1,)]
        assert rows(config, "SELECT count(*) FROM message WHERE part LIKE 'lost:%'") == [(0,)]
        statements += 1
    assert statements > 10
    assert rows(config, "SELECT count(*) FROM loss WHERE resumed_at IS NULL") == [(0,)]
    assert rows(config, "SELECT count(*) FROM message WHERE part LIKE 'lost:%'") == [(1,)]
    assert backup.exists()


def _resumed_until(statements: int, config: Path) -> bool:
    """Resume in a process of its own that dies before a statement; True if it came through."""
    child = os.fork()
    if child == 0:
        left = statements

        def dying(real: Any) -> Any:
            async def act(*given: Any, **named: Any) -> Any:
                nonlocal left
                if left == 0:
                    os._exit(9)
                left -= 1
                return await real(*given, **named)

            return act

        for name in ("run", "one", "all"):
            setattr(Transaction, name, dying(getattr(Transaction, name)))
        os._exit(rapport("resume", "--yes", "-c", config).exit_code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 0


@pytest.mark.parametrize("is_on", [True, False])
def test_health_and_metrics_say_that_it_is_on_hold(config: Path, is_on: bool) -> None:
    on_hold(config)
    if not is_on:
        assert rapport("resume", "--yes", "-c", config).exit_code == 0

    async def look() -> Any:
        clock = SystemClock()
        db = await open_database(load(config), clock)
        try:
            from bot.core.health import Received
            from bot.services.health import Signs

            signs = Signs(lambda: {"plan": clock.monotonic()}, lambda: Received(1.0, True))
            assert await Hold(db, clock, IDS, load(config)).is_on() is is_on
            return await Health(db, clock, clock, signs).look()
        finally:
            await db.close()

    report = asyncio.run(look())
    (hold,) = [check for check in report.checks if check.name == "hold"]
    assert hold.state == ("watch" if is_on else "fine")
    assert ("rapport resume" in hold.says) is is_on
    from bot.transport.metrics import exposed

    assert f"rapport_on_hold {float(is_on)}" in exposed(report).decode()
