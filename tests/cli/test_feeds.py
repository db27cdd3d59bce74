"""`rapport calendar add`, `list` …: with a real calendar on the web and a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from typer.testing import CliRunner, Result

from bot.cli import cli
from bot.commands.calendars import calendars
from bot.config import load
from bot.core.timetable import day_after, local_on
from bot.feeds.declared import declared_feeds
from bot.opening import SystemClock
from bot.services.declaring import Declaring
from bot.store import pairs, people
from tests.feeds.calendars import Kept
from tests.feeds.web import serving
from tests.transactions import reading, writing

BEN, A7 = 11, 31
ZONE = "Europe/Berlin"


@pytest.fixture
async def kept() -> AsyncIterator[Kept]:
    async with serving() as site:
        yield Kept(site)


@pytest.fixture
async def practice(config: Path) -> Path:
    """A practice in which Ben (Telegram id 501) has a client A7."""
    with config.open("a", encoding="utf-8") as more:
        more.write("\n[calendar]\nprivate_addresses = true\n")
    async with calendars(load(config)) as here, writing(here.feeds.db) as tx:
        await people.add_person(tx, BEN, 501, "Ben", None, 1)
        await people.make_therapist(tx, BEN, 1)
        await pairs.add_pair(tx, A7, BEN, "A7", 1)
    return config


async def run(practice: Path, *words: str, says: str = "") -> Result:
    given = ["calendar", words[0], *words[1:], "--config", str(practice)]
    return await asyncio.to_thread(lambda: CliRunner().invoke(cli, given, input=says))


def tomorrow(days: int = 1) -> str:
    return day_after(local_on(SystemClock().now(), ZONE), days)


async def appointments(practice: Path) -> list[tuple[str, str]]:
    async with calendars(load(practice)) as here, reading(here.feeds.db) as tx:
        rows = await tx.all("SELECT local_on, state FROM appointment ORDER BY starts_at")
        return [(row["local_on"], row["state"]) for row in rows]


async def test_a_calendar_is_added_after_its_preview_and_removed(
    practice: Path, kept: Kept
) -> None:
    kept.has("1", f"{tomorrow()} 15:00")
    kept.has("2", f"{tomorrow(2)} 15:00", code="")
    added = await run(practice, "add", kept.url, "--therapist", "501", "--name", "Ben", says="n\n")
    assert added.exit_code == 0, added.output
    assert f"{tomorrow()} 15:00–15:50  A7" in added.output
    assert f"{tomorrow(2)} 15:00  nobody known" in added.output
    assert "it is not kept" in added.output
    assert (await run(practice, "list")).output == "0 calendars\n"
    assert await appointments(practice) == []

    added = await run(practice, "add", kept.url, "--therapist", "501", "--name", "Ben", says="y\n")
    assert "Ben is followed: 1 appointments" in added.output
    assert await appointments(practice) == [(tomorrow(), "planned")]
    (listed,) = json.loads((await run(practice, "list", "--json")).stdout)
    assert (listed["name"], listed["of"], listed["coming"], listed["unknown"]) == (
        "Ben", "therapist", 1, 1,
    )  # fmt: skip
    again = await run(practice, "add", kept.url, "--therapist", "501", "--yes")
    assert again.exit_code == 1
    assert "This calendar is followed already" in again.output

    removed = await run(practice, "remove", "ben")
    assert removed.exit_code == 0, removed.output
    assert await appointments(practice) == [(tomorrow(), "cancelled")]
    assert "secret" not in added.output + removed.output


async def test_a_reading_now_follows_what_has_changed(practice: Path, kept: Kept) -> None:
    kept.has("1", f"{tomorrow()} 15:00")
    await run(practice, "add", kept.url, "--name", "All", "--yes")
    kept.has("1", f"{tomorrow(3)} 09:00")
    synced = await run(practice, "sync", "All")
    assert "All: 1 appointments to come · 0 of nobody known · read " in synced.output
    assert await appointments(practice) == [(tomorrow(), "moved"), (tomorrow(3), "planned")]
    kept.events.clear()
    held = await run(practice, "sync")
    assert "1 of 1 appointments are suddenly gone. Nothing was changed" in held.output
    assert "rapport calendar sync --allow" in (await run(practice, "list")).output
    allowed = await run(practice, "sync", "all", "--allow")
    assert "All: 0 appointments to come" in allowed.output
    assert (await appointments(practice))[1][1] == "cancelled"


@pytest.mark.parametrize("words", ["  CANARY   title ", "canary@example.org"])
async def test_a_title_or_an_address_stands_for_a_client(
    practice: Path, kept: Kept, words: str
) -> None:
    kept.has("1", f"{tomorrow()} 15:00", code="")
    await run(practice, "add", kept.url, "--name", "All", "--yes")
    assert await appointments(practice) == []
    named = await run(practice, "alias", "All", words, "a7")
    assert named.exit_code == 0, named.output
    await run(practice, "sync")
    assert await appointments(practice) == [(tomorrow(), "planned")]
    async with calendars(load(practice)) as here, writing(here.feeds.db) as tx:
        await pairs.add_pair(tx, 32, BEN, "B2", 1)
    kept.has("2", f"{tomorrow(2)} 15:00", code="")
    await run(practice, "alias", "All", words, "B2")
    await run(practice, "sync")
    assert len(await appointments(practice)) == 1, "whoever it may be, it is not guessed"


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (404, b"", "Ben was not fetched. 127.0.0.1 has no calendar there. Copy the address again"),
        (200, b"<html>", "Ben gives no calendar: it is a web page"),
        (200, b"", "Ben gives no calendar: it is empty"),
        (200, b"BEGIN:VCALENDAR\nEND:VCALENDAR\x00\nEND:VCALENDAR", "Ben gives no calendar"),
    ],
)
async def test_what_cannot_be_read_is_told_with_its_name_and_not_kept(
    practice: Path, kept: Kept, status: int, body: bytes, says: str
) -> None:
    kept.broken = web.Response(status=status, body=body)
    added = await run(practice, "add", kept.url, "--name", "Ben", "--yes")
    assert added.exit_code == 1
    assert says in " ".join(added.output.split())
    assert (await run(practice, "list")).output == "0 calendars\n"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("add", "ftp://x", "--yes"), 1, "no web address"),
        (("add", "https://127.1/x", "--therapist", "9", "--yes"), 1, "9 is no therapist"),
        (("remove", "Nothing"), 1, "There is no calendar Nothing"),
        (("sync", "Nothing"), 1, "There is no calendar Nothing"),
        (("accept", "Nothing"), 1, "There is no calendar Nothing"),
        (("alias", "Nothing", "x", "A7"), 1, "There is no calendar Nothing"),
    ],
)
async def test_what_is_wrong_is_told(
    practice: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    result = await run(practice, *words)
    assert result.exit_code == code
    assert says in result.output


async def test_the_calendars_of_an_account_are_listed(practice: Path, kept: Kept) -> None:
    kept.site.pages["/"] = web.Response(
        status=207,
        text='<multistatus xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><response>'
        "<href>/ben/</href><propstat><prop><displayname>Ben at work</displayname>"
        "<resourcetype><c:calendar/></resourcetype><c:calendar-home-set><href>/</href>"
        "</c:calendar-home-set><current-user-principal><href>/</href></current-user-principal>"
        "</prop></propstat></response></multistatus>",
    )
    url = kept.site.at("/").replace("//", "//ben:geheim@")
    found = await run(practice, "find", url)
    assert found.exit_code == 0, found.output
    assert found.output.splitlines()[0] == f"Ben at work  {kept.site.at('/ben/')}"
    listed = json.loads((await run(practice, "find", url, "--json")).stdout)
    assert listed == [{"name": "Ben at work", "url": kept.site.at("/ben/")}]
    nothing = await run(practice, "find", kept.site.at("/nothing"))
    assert nothing.exit_code == 1
    assert "No calendars were found. 127.0.0.1 has no calendar there." in nothing.output
    assert "geheim" not in found.output


async def test_a_name_can_be_typed_again_and_commands_no_terminal(
    practice: Path, kept: Kept
) -> None:
    kept.has("1", f"{tomorrow()} 15:00")
    added = await run(practice, "add", kept.url, "--name", " Ben\x1b[2J  \u202e ", "--yes")
    assert added.exit_code == 0, added.output
    listed = await run(practice, "list")
    assert all(one.isprintable() for one in (added.output + listed.output).replace("\n", ""))
    removed = await run(practice, "remove", "ben [2J")
    assert removed.exit_code == 0, removed.output


@pytest.mark.parametrize("how", ["read", "unread"])
async def test_a_reading_is_not_undone_by_one_that_was_asked_for_before(
    practice: Path, kept: Kept, how: str
) -> None:
    kept.has("1", f"{tomorrow(2)} 15:00")
    await run(practice, "add", kept.url, "--name", "All", "--yes")

    async def answered_late(request: web.Request) -> web.StreamResponse:
        # The running program asks a moment later, and its answer comes first.
        old = web.Response(body=kept.body, content_type="text/calendar")
        kept.site.pages[kept.path] = kept.answer
        kept.has("1", f"{tomorrow(3)} 09:00")
        async with calendars(load(practice)) as program:
            (one,) = await program.feeds.all()
            await program.sync(one.feed.id)
        return old if how == "read" else web.Response(status=500)

    kept.site.pages[kept.path] = answered_late
    synced = await run(practice, "sync", "All")
    assert await appointments(practice) == [(tomorrow(2), "moved"), (tomorrow(3), "planned")]
    if how == "read":
        assert "All: 1 appointments to come" in synced.output
    assert "failed" not in (await run(practice, "list")).output


@pytest.mark.parametrize("says", ["n\n", "", "y\n"])
async def test_a_no_stands_until_somebody_says_yes(practice: Path, kept: Kept, says: str) -> None:
    kept.has("1", f"{tomorrow()} 15:00")
    kept.has("2", f"{tomorrow(2)} 15:00", code="")
    with practice.open("a", encoding="utf-8") as more:
        more.write(f'\n[feeds.ben]\nurl = "{kept.url}"\ntherapist = 501\n')
    settings = load(practice)
    async with calendars(settings) as here:
        await Declaring(
            here.feeds.db, here.feeds.clock, here.feeds.ids, settings, declared_feeds(settings)
        ).bring_in()
    assert (await run(practice, "remove", "ben")).exit_code == 0
    looked = await run(practice, "accept", "ben", says=says)
    assert f"{tomorrow()} 15:00–15:50  A7" in looked.output
    async with calendars(settings) as here, reading(here.feeds.db) as tx:
        rests = [tuple(row) for row in await tx.all("SELECT rests FROM feed")]
        told = [row["part"] for row in await tx.all("SELECT part FROM message")]
    if says == "y\n":
        assert rests == [(None,)]
        assert await appointments(practice) == [(tomorrow(), "planned")]
    else:
        assert rests == [("declined",)]
        assert await appointments(practice) == []
        assert "somebody said no to it" in (await run(practice, "list")).output
    assert told == [], "whoever said no is not asked again"


async def test_what_is_left_out_is_named_before_anybody_says_yes(
    practice: Path, kept: Kept
) -> None:
    """Whoever follows a calendar must know whose sessions would be missing from it."""
    kept.has("1", f"{tomorrow()} 15:00")
    kept.has("2", f"{tomorrow(2)} 15:00", "RRULE:FREQ=HOURLY")
    kept.has("3", f"{tomorrow(3)} 15:00", "RRULE:FREQ=WEEKLY;BYDAY=XX")
    out = f"what begins {tomorrow(2)} 15:00 repeats within a day and is left out"
    added = await run(practice, "add", kept.url, "--therapist", "501", "--name", "Ben", says="n\n")
    assert out in added.output
    assert "by a rule that cannot be read, or takes too much reckoning" in added.output
    assert "Canary" not in added.output
    assert added.output.index(out) < added.output.index("Follow this calendar?")
    for number in range(25):
        kept.has(f"h{number}", f"{tomorrow(2)} 15:00", "RRULE:FREQ=HOURLY")
    many = await run(practice, "add", kept.url, "--name", "Ours", says="n\n")
    assert many.output.count("is left out") == 20
    assert "perhaps there is more to mend: see `rapport calendar test`" in many.output
    assert "perhaps there is more" not in added.output
