"""Calendars as their makers write them, followed through the changes of the clocks.

Each text is ours, in the shape of the maker's export: its zones, its series or single events, its
properties. In each a weekly session at 15:00 in Berlin is asked about at 16:20 local time, before
and after the clocks change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from world import World

from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock, set_stage
from bot.emulator import Emulator
from tests.feeds.web import Site, serving

ZONE = "Europe/Berlin"
#: The Sunday before a session, and the Mondays of two with a change of the clocks between.
SEASONS = {
    "spring": ("2026-03-22", "2026-03-23", "2026-03-30"),
    "autumn": ("2026-10-18", "2026-10-19", "2026-10-26"),
}
BERLIN = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""


def utc(on: str, at: str) -> str:
    """Write a local time of Berlin as calendars write UTC."""
    moment = datetime.fromtimestamp(to_utc(on, at, ZONE) / 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}"


def local(on: str, at: str) -> str:
    return f"{on.replace('-', '')}T{at.replace(':', '')}00"


def weekly(tz: str, on: str, *more: str) -> str:
    """One series in local time."""
    lines = [f"DTSTART;TZID={tz}:{local(on, '15:00')}", f"DTEND;TZID={tz}:{local(on, '15:50')}"]
    return "\n".join(
        ["BEGIN:VEVENT", "UID:s-1", *lines, "RRULE:FREQ=WEEKLY", *more, "END:VEVENT\n"]
    )


def google(first: str, second: str) -> str:
    tag = "SUMMARY:[A7] online\nSTATUS:CONFIRMED\nTRANSP:OPAQUE\nATTENDEE;CN=x:mailto:x@example.org"
    return (
        "PRODID:-//Google Inc//Google Calendar 70.9054//EN\nX-WR-TIMEZONE:Europe/Berlin\n"
        + BERLIN.format(name="Europe/Berlin")
        + weekly("Europe/Berlin", first, tag)
    )


def outlook(first: str, second: str) -> str:
    zone = "W. Europe Standard Time"
    tag = "SUMMARY:[A7]\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\nCLASS:PUBLIC"
    return (
        "METHOD:PUBLISH\nPRODID:Microsoft Exchange Server 2010\nX-WR-CALNAME:Calendar\n"
        + BERLIN.format(name=zone)
        + weekly(f'"{zone}"', first, tag)
    )


def apple(first: str, second: str) -> str:
    tag = "SUMMARY:Session\nCATEGORIES:client:A7\nX-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC"
    return (
        "PRODID:-//Apple Inc.//macOS 14.0//EN\nX-APPLE-CALENDAR-COLOR:#1BADF8\n"
        + BERLIN.format(name="Europe/Berlin")
        + weekly("Europe/Berlin", first, tag, "SEQUENCE:1")
    )


def nextcloud(first: str, second: str) -> str:
    return (
        "PRODID:-//IDN nextcloud.com//Calendar app 4.5//EN\nCALSCALE:GREGORIAN\n"
        + BERLIN.format(name="Europe/Berlin")
        + weekly("Europe/Berlin", first, "CATEGORIES:Work,client:A7", "SUMMARY:x")
    )


def each(head: str, *lines: str) -> Callable[[str, str], str]:
    """Make a calendar as practice systems write it: each session for itself, in UTC."""

    def event(number: int, on: str) -> str:
        said = "\n".join(lines)
        return (
            f"BEGIN:VEVENT\nUID:{number}@system.example\nDTSTAMP:20260101T000000Z\n"
            f"DTSTART:{utc(on, '15:00')}\nDTEND:{utc(on, '15:50')}\n{said}\nEND:VEVENT\n"
        )

    return lambda first, second: head + event(1, first) + event(2, second)


MAKERS = {
    "Google": google,
    "Outlook": outlook,
    "Apple": apple,
    "Nextcloud": nextcloud,
    "Jane": each("PRODID:-//Jane//EN\n", "SUMMARY:[A7] Initial visit", "STATUS:CONFIRMED"),
    "Cliniko": each("PRODID:-//Cliniko//EN\nX-WR-CALNAME:x\n", "SUMMARY:[A7]", "DESCRIPTION:x"),
    "Owl": each("PRODID:-//Owl Practice//EN\n", "SUMMARY:Session [A7]", "X-CLIENT-CODE:A7"),
    "Sessions Health": each("PRODID:-//Sessions//EN\n", "SUMMARY:Client [A7]", "LOCATION:x"),
    "TherapyAppointment": each("PRODID:icalendar-ruby\n", "SUMMARY:[A7]", "SEQUENCE:0"),
}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as served:
        yield served


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("maker", MAKERS)
async def test_a_session_keeps_its_hour_when_the_clocks_change(
    maker: str, season: str, site: Site, tmp_path: Path
) -> None:
    sunday, first, second = SEASONS[season]
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{MAKERS[maker](first, second)}END:VCALENDAR\n"
    body = text.replace("\n", "\r\n").encode()

    async def served(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="text/calendar", charset="utf-8")

    site.pages["/basic.ics"] = served
    clock = StageClock(to_utc(sunday, "10:00", ZONE))
    emulator = Emulator(token=TOKEN, clock=clock, seed=1)
    extra = "[calendar]\nprivate_addresses = true\nsummary_pattern = '\\[(?P<code>[A-Z0-9-]+)\\]'\n"
    async with emulator.serve(port=0):
        stage = await set_stage(tmp_path, emulator, clock, extra=extra)
        try:
            world = World(stage)
            anna, ben = await world.pair("Anna", "Ben")
            await ben.types(f"/calendar {site.at('/basic.ics')}")
            await ben.taps("Follow this calendar")
            for _ in range(2):
                await world.until("Mon 16:19")
                received = anna.received
                await world.until("Mon 16:20")
                assert anna.received == received + 1, (maker, season)
                assert "about Monday is ready" in anna.screen
            asked = await world.rows(
                "SELECT local_on, local_time FROM appointment WHERE asked = 'asked'"
                " ORDER BY starts_at"
            )
            assert asked == [(first, "15:00"), (second, "15:00")]
            await world.check()
        finally:
            await stage.close()
