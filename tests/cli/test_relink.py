"""`rapport relink therapist`: what it prints, what it changes, and what it says where it cannot."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from bot.config import load
from bot.opening import RandomIds, SystemClock, open_database
from bot.services.inviting import Account
from bot.services.relink_links import Opened
from bot.services.relinking import Relinking
from bot.store import pairs, people
from tests.cli.test_commands import rapport, rows, with_database
from tests.transactions import writing

FORMER, NEW, ELSE = 4001, 777, 888


@pytest.fixture
def practice(connected: Path) -> Path:
    """Dana, the admin, is a therapist, and Ben another one."""

    async def join(db: object) -> None:
        async with writing(db) as tx:  # type: ignore[arg-type]
            for number, (telegram_id, name) in enumerate(((FORMER, "Dr. Dana"), (ELSE, "Ben")), 1):
                await people.add_person(tx, number, telegram_id, name, None, 1)
                await people.make_therapist(tx, number, 1)

    with_database(connected, join)
    return connected


def opens(config: Path, url: str, telegram_id: int = NEW) -> Opened:
    """Let an account open a link, as the running program would."""

    async def opened() -> Opened:
        clock, settings = SystemClock(), load(config)
        db = await open_database(settings, clock, alone=False)
        try:
            account = Account(telegram_id, "New", None)
            secret = url.split("=")[1]
            return await Relinking(db, clock, RandomIds(), settings).open(account, secret)
        finally:
            await db.close()

    return asyncio.run(opened())


def link(config: Path, name: str = "Dr. Dana") -> str:
    return str(
        json.loads(rapport("relink", "therapist", name, "-c", config, "--json").stdout)["url"]
    )


def test_a_therapist_goes_on_in_the_new_account(practice: Path) -> None:
    shown = rapport("relink", "therapist", "dr.  dana", "-c", practice)
    assert shown.exit_code == 0
    assert 'rapport relink therapist "Dr. Dana" 123456' in shown.stdout
    found = re.search(r"https://t\.me/rapport_bot\?start=relink-[\w-]{32}", shown.stdout)
    assert found is not None
    opened = opens(practice, found[0])
    assert opened.of_therapist
    before = rows(practice, "SELECT id, telegram_index FROM person WHERE id = 1")
    done = rapport("relink", "therapist", "Dr. Dana", opened.number, "-c", practice)
    assert done.exit_code == 0
    assert f"in practice.admins: put {NEW} in place of {FORMER} there" in done.stdout
    assert rows(practice, "SELECT id, telegram_index FROM person WHERE id = 1") != before
    assert rows(practice, "SELECT ended, opener FROM relink") == [("done", None)]
    acts = rows(practice, "SELECT act, actor_id, object_id FROM audit ORDER BY at, act")
    assert acts == [
        ("new account: link made", None, 1), ("new account: therapist moved", None, 1),
    ]  # fmt: skip
    # The new account is the therapist's from now on, so nothing is left to do with the link.
    assert opens(practice, found[0]).outcome == "same"


def test_who_is_in_no_setting_changes_none(practice: Path) -> None:
    opened = opens(practice, link(practice, str(ELSE)))
    done = rapport("relink", "therapist", "Ben", opened.number, "-c", practice, "--json")
    assert json.loads(done.stdout) == {"name": "Ben", "in_config": [], "former": ELSE, "new": NEW}


def test_a_wrong_number_is_counted_and_the_third_ends_the_link(practice: Path) -> None:
    early = rapport("relink", "therapist", "Ben", "123456", "-c", practice)
    assert (early.exit_code, early.stdout) == (1, "")
    assert "No link is valid for Ben." in early.stderr
    url = link(practice, "Ben")
    unopened = rapport("relink", "therapist", "Ben", "123456", "-c", practice)
    assert "Nobody has opened the link for Ben yet." in unopened.stderr
    number = opens(practice, url).number
    for left in (2, 1, 0):
        wrong = rapport("relink", "therapist", "Ben", f"{number}1", "-c", practice)
        assert wrong.exit_code == 1
        assert f"Tries left: {left}" in wrong.stderr
    dead = rapport("relink", "therapist", "Ben", number, "-c", practice)
    assert "No link is valid for Ben." in dead.stderr
    assert opens(practice, url).outcome == "over"


def test_a_name_that_nobody_has_or_several_is_told(practice: Path) -> None:
    unknown = rapport("relink", "therapist", "Nobody", "-c", practice)
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "There are: Ben, Dr. Dana" in unknown.stderr

    async def join(db: object) -> None:
        async with writing(db) as tx:  # type: ignore[arg-type]
            await people.add_person(tx, 3, 999, "BEN", None, 1)
            await people.make_therapist(tx, 3, 1)

    with_database(practice, join)
    twice = rapport("relink", "therapist", "Ben", "-c", practice)
    assert "Give the Telegram id instead" in twice.stderr
    assert link(practice, "999")


def test_an_account_that_became_somebodys_since_is_refused(practice: Path) -> None:
    opened = opens(practice, link(practice, "Ben"))

    async def join(db: object) -> None:
        async with writing(db) as tx:  # type: ignore[arg-type]
            await people.add_person(tx, 3, NEW, "Cora", None, 1)
            await people.make_therapist(tx, 3, 1)

    with_database(practice, join)
    refused = rapport("relink", "therapist", "Ben", opened.number, "-c", practice)
    assert refused.exit_code == 1
    assert "is somebody else's here since" in refused.stderr
    assert rows(practice, "SELECT ended FROM relink") == [(None,)]


def test_a_client_goes_on_in_the_new_account(practice: Path) -> None:
    async def client(db: object) -> None:
        async with writing(db) as tx:  # type: ignore[arg-type]
            await people.add_person(tx, 11, 5001, "Anna", None, 1)
            await pairs.add_pair(tx, 21, 2, "A7", 1)
            await pairs.join_pair(tx, 21, 11, 1)
            await tx.run("UPDATE pair SET state = 'ended', ended_at = 1, confirmed_at = 1")

    with_database(practice, client)
    unknown = rapport("relink", "client", "B8", "-c", practice)
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "There is no client with the code B8" in unknown.stderr
    shown = rapport("relink", "client", "a7", "-c", practice)
    assert "rapport relink client A7 123456" in shown.stdout
    found = re.search(r"https://t\.me/rapport_bot\?start=relink-[\w-]{32}", shown.stdout)
    assert found is not None
    opened = opens(practice, found[0])
    wrong = rapport("relink", "client", "A7", f"{opened.number}1", "-c", practice)
    assert "Tries left: 2" in wrong.stderr
    done = rapport("relink", "client", "A7", opened.number, "-c", practice)
    assert done.stdout == "A7 goes on in the new account; the former one has been told.\n"
    assert rows(practice, "SELECT client_id <> 11 FROM pair") == [(1,)]
    said = rapport("relink", "client", "A7", "--therapist", "Ben", "--json", "-c", practice)
    assert set(json.loads(said.stdout)) == {"url", "expires_at"}
