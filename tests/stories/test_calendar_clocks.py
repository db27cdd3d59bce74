"""Calendars as their makers write them: through the changes of the clocks, called off, moved.

In each a weekly session at 15:00 in Berlin is asked about at 16:20 local time, before and after the
clocks change. Each maker has its own ways to say that a session is off or elsewhere; whichever it
is, its client is not asked about what did not take place, and is asked where it did.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from world import Human, World

from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock, set_stage
from bot.emulator import Emulator
from tests.feeds.calendars import planned, read_again, read_here
from tests.feeds.makers import (
    APPLE,
    APPOINTMENT,
    CLINIKO,
    GOOGLE,
    JANE,
    MAKERS,
    NEXTCLOUD,
    NOTES,
    OUTLOOK,
    OWL,
    SESSIONS,
    SETTINGS,
    ZONE,
    whole,
)
from tests.feeds.web import Site, serving
from tests.prepared import prepare

#: The Sunday before a session, and the Mondays of two with a change of the clocks between.
SEASONS = {
    "spring": ("2026-03-22", "2026-03-23", "2026-03-30"),
    "autumn": ("2026-10-18", "2026-10-19", "2026-10-26"),
}
#: Mondays, and the Tuesday that the first session moves to.
MONDAY, NEXT, THIRD = "2026-11-02", "2026-11-09", "2026-11-16"
TUESDAY = "2026-11-03"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def _prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch)
    read_here(monkeypatch)


@asynccontextmanager
async def following(folder: Path, site: Site, sunday: str) -> AsyncIterator[tuple[World, Human]]:
    """Let Ben follow the calendar of a site from ten on a Sunday; gives Anna too."""
    clock = StageClock(to_utc(sunday, "10:00", ZONE))
    emulator = Emulator(token=TOKEN, clock=clock, seed=1)
    async with emulator.serve(port=0):
        stage = await set_stage(folder, emulator, clock, extra=SETTINGS)
        try:
            world = World(stage)
            anna, ben = await world.pair("Anna", "Ben")
            await ben.types(f"/calendar {site.at('/basic.ics')}")
            await ben.taps("Follow this calendar")
            yield world, anna
            await world.check()
        finally:
            await stage.close()


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("maker", MAKERS)
async def test_a_session_keeps_its_hour_when_the_clocks_change(
    maker: str, season: str, site: Site, tmp_path: Path
) -> None:
    sunday, first, second = SEASONS[season]
    site.pages["/basic.ics"] = MAKERS[maker].of((first, second))
    async with following(tmp_path, site, sunday) as (world, anna):
        for _ in range(2):
            await world.until("Mon 16:19")
            received = anna.received
            await world.until("Mon 16:20")
            assert anna.received == received + 1, (maker, season)
            assert "about Monday is ready" in anna.screen
        asked = await world.rows(
            "SELECT local_on, local_time FROM appointment WHERE asked = 'asked' ORDER BY starts_at"
        )
        assert asked == [(first, "15:00"), (second, "15:00")]


def _rest(maker: object) -> list[str]:
    """What stays of a practice system's sessions when the first is off."""
    assert isinstance(maker, type(JANE))
    return [maker.event("1", NEXT), maker.event("2", THIRD)]


#: The first Monday is off; the others stay.
OFF: dict[str, tuple[object, bytes]] = {
    "Google: the date is deleted": (GOOGLE, GOOGLE.text(MONDAY, GOOGLE.without(MONDAY))),
    "Google: the date is cancelled": (
        GOOGLE,
        GOOGLE.text(
            MONDAY,
            also=[GOOGLE.date(MONDAY, MONDAY, tag="SUMMARY:[A7] online\nSTATUS:CANCELLED")],
        ),
    ),
    "Google: from the next one on, a series of its own": (
        GOOGLE,
        GOOGLE.text(NEXT, uid="s-1_R20261109T140000@google.com"),
    ),
    "Outlook: the date is deleted": (OUTLOOK, OUTLOOK.text(MONDAY, OUTLOOK.without(MONDAY))),
    "Outlook: the meeting is called off": (
        OUTLOOK,
        OUTLOOK.text(
            MONDAY,
            also=[OUTLOOK.date(MONDAY, MONDAY, tag="SUMMARY:Canceled: [A7]\nSTATUS:CONFIRMED")],
        ),
    ),
    "Outlook: the meeting is called off in German": (
        OUTLOOK,
        OUTLOOK.text(
            MONDAY,
            also=[OUTLOOK.date(MONDAY, MONDAY, tag="SUMMARY:Abgesagt: [A7]\nSTATUS:CONFIRMED")],
        ),
    ),
    "Outlook: shown as free": (
        OUTLOOK,
        OUTLOOK.text(
            MONDAY,
            also=[
                OUTLOOK.date(MONDAY, MONDAY, tag="SUMMARY:[A7]\nX-MICROSOFT-CDO-BUSYSTATUS:FREE")
            ],
        ),
    ),
    "Apple: the date is deleted": (APPLE, APPLE.text(MONDAY, APPLE.without(MONDAY))),
    "Apple: the date is cancelled, without its categories": (
        APPLE,
        APPLE.text(
            MONDAY, also=[APPLE.date(MONDAY, MONDAY, tag="SUMMARY:Session\nSTATUS:CANCELLED")]
        ),
    ),
    "Nextcloud: the date is deleted": (
        NEXTCLOUD, NEXTCLOUD.text(MONDAY, NEXTCLOUD.without(MONDAY)),
    ),
    "Nextcloud: the date is cancelled": (
        NEXTCLOUD,
        NEXTCLOUD.text(MONDAY, also=[NEXTCLOUD.date(MONDAY, MONDAY, "STATUS:CANCELLED")]),
    ),
    "Nextcloud: the date is transparent": (
        NEXTCLOUD,
        NEXTCLOUD.text(MONDAY, also=[NEXTCLOUD.date(MONDAY, MONDAY, "TRANSP:TRANSPARENT")]),
    ),
    "Jane: it vanishes": (JANE, whole(JANE.head, *_rest(JANE))),
    "Jane: its status": (
        JANE,
        whole(
            JANE.head,
            JANE.event("0", MONDAY, said="SUMMARY:[A7] Initial visit\nSTATUS:CANCELLED"),
            *_rest(JANE),
        ),
    ),
    "Cliniko: it vanishes": (CLINIKO, whole(CLINIKO.head, *_rest(CLINIKO))),
    "Owl: its status": (
        OWL, whole(OWL.head, OWL.event("0", MONDAY, "STATUS:CANCELLED"), *_rest(OWL)),
    ),
    "Owl: it vanishes": (OWL, whole(OWL.head, *_rest(OWL))),
    "Sessions Health: it vanishes": (SESSIONS, whole(SESSIONS.head, *_rest(SESSIONS))),
    "Sessions Health: the word before the title": (
        SESSIONS,
        whole(
            SESSIONS.head,
            SESSIONS.event("0", MONDAY, said="SUMMARY:Cancelled: Client [A7]"),
            *_rest(SESSIONS),
        ),
    ),
    "TherapyNotes: it vanishes": (NOTES, whole(NOTES.head, *_rest(NOTES))),
    "TherapyAppointment: it vanishes, and all others have new names": (
        APPOINTMENT,
        whole(
            APPOINTMENT.head,
            APPOINTMENT.event("new-1", NEXT), APPOINTMENT.event("new-2", THIRD),
        ),
    ),
}  # fmt: skip

#: The first Monday's session is on Tuesday at ten; the others stay.
MOVED: dict[str, tuple[object, bytes]] = {
    **{
        f"{name}: the date has another time": (
            maker, maker.text(MONDAY, also=[maker.date(MONDAY, TUESDAY, at="10:00")]),
        )
        for name, maker in (
            ("Google", GOOGLE), ("Outlook", OUTLOOK), ("Apple", APPLE), ("Nextcloud", NEXTCLOUD)
        )
    },
    "Apple: the moved date has no categories": (
        APPLE, APPLE.text(MONDAY, also=[APPLE.date(MONDAY, TUESDAY, at="10:00", tag="SUMMARY:x")]),
    ),
    "Nextcloud: the date is deleted, and there is an event of its own": (
        NEXTCLOUD,
        NEXTCLOUD.text(
            MONDAY,
            NEXTCLOUD.without(MONDAY),
            also=[NEXTCLOUD.event(TUESDAY, at="10:00", uid="copy")],
        ),
    ),
    **{
        f"{name}: the event has another time": (
            maker, whole(maker.head, maker.event("0", TUESDAY, at="10:00"), *_rest(maker)),
        )
        for name, maker in (
            ("Jane", JANE), ("Cliniko", CLINIKO), ("Owl", OWL), ("TherapyNotes", NOTES)
        )
    },
    **{
        f"{name}: another event stands there": (
            maker, whole(maker.head, maker.event("new", TUESDAY, at="10:00"), *_rest(maker)),
        )
        for name, maker in (("Sessions Health", SESSIONS), ("TherapyAppointment", APPOINTMENT))
    },
}  # fmt: skip


@pytest.mark.parametrize("way", [*OFF, *MOVED])
async def test_each_makers_way_to_call_off_and_to_move_is_understood(
    way: str, site: Site, tmp_path: Path
) -> None:
    maker, after = {**OFF, **MOVED}[way]
    site.pages["/basic.ics"] = maker.of((MONDAY, NEXT, THIRD))  # type: ignore[attr-defined]
    async with following(tmp_path, site, "2026-11-01") as (world, anna):
        assert [row[1] for row in await planned(world)] == [MONDAY, NEXT]
        site.pages["/basic.ics"] = after
        await read_again(world)
        elsewhere = [("A7", TUESDAY, "10:00", "planned")] if way in MOVED else []
        there = [row for row in await planned(world) if row[3] == "planned"]
        assert there == [*elsewhere, ("A7", NEXT, "15:00", "planned")]
        received = anna.received
        await world.until("Mon 20:00")
        assert anna.received == received, "asked about what is not there"
        if way in MOVED:
            await world.until("Tue 11:20")
            assert anna.received == received + 1
            assert "about Tuesday is ready" in anna.screen
