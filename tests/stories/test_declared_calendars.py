"""Calendars that config.toml declares.

1. One is looked at from the next start on, and nothing is made of it before its owner has said
   yes. 2. A no is remembered. 3. One that left the file is not read, its owner is told, and what it
   has planned stays until it is removed; put back, it goes on. 4. Another address or name in the
   file leaves what is planned as it is. 5. Where its therapist is not known yet, it waits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from world import Human, World

from bot.core.feeds import Source
from bot.services.declaring import Declared, Declaring
from tests.feeds.calendars import Kept, follows, kept_beside, planned, read_again

PRIVATE = "[calendar]\nprivate_addresses = true\n"
pytestmark = pytest.mark.settings(PRIVATE)


@pytest.fixture
async def kept(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    async with kept_beside(world, monkeypatch) as made:
        yield made


def declared(url: str, of: Human | None = None, *, key: str = "ben", more: str = "") -> str:
    """Write a practice's settings with one calendar in them."""
    whose = f"therapist = {of.phone.id}\n" if of is not None else ""
    return f'{PRIVATE}[feeds.{key}]\nurl = "{url}"\n{whose}{more}'


async def test_one_of_a_therapist_is_looked_at_and_waits_for_the_yes(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    await world.reconfigure(declared(kept.url, ben, more='name = "Praxis"\n'))
    assert "Praxis" in ben.screen
    assert "Mon, Nov 2, 15:00–15:50 · A7" in ben.screen
    assert "Nothing is made of it before you say yes." in ben.screen
    received = ben.received
    await world.reconfigure(declared(kept.url, ben, more='name = "Praxis"\n'))
    assert ben.received == received, "told at each start"
    assert await planned(world) == []
    await ben.taps("Follow this calendar")
    assert [row[1] for row in await planned(world)] == ["2026-11-02", "2026-11-09"]
    await world.until("Mon 16:20")
    assert "about Monday is ready" in anna.screen


async def test_a_no_is_remembered_and_can_be_taken_back(world: World, kept: Kept) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-03 15:00", "RRULE:FREQ=WEEKLY")
    settings = declared(kept.url, ben)
    await world.reconfigure(settings)
    await ben.taps("No, forget it")
    received, asked = ben.received, len(kept.site.asked)
    await world.reconfigure(settings)
    await read_again(world)
    assert (ben.received, len(kept.site.asked)) == (received, asked)
    await ben.types("/calendar")
    assert "ben · is not read" in ben.screen
    await ben.taps("ben")
    assert "said no to it" in ben.screen
    await ben.taps("Look at it again")
    assert "Tue, Nov 3, 15:00–15:50 · A7" in ben.screen
    assert await planned(world) == []
    await ben.taps("Follow this calendar")
    assert len(await planned(world)) == 2
    # Removed once it was followed: what it had planned is cancelled, and it is not followed again.
    await ben.types("/calendar")
    await ben.taps("ben")
    await ben.taps("Remove it")
    await ben.taps("Yes, remove it")
    await world.reconfigure(settings)
    assert {row[3] for row in await planned(world)} == {"cancelled"}
    await world.reconfigure(PRIVATE)
    assert await world.rows("SELECT id FROM feed") == []


async def test_one_that_left_the_file_is_not_read_and_cancels_nothing(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    await world.reconfigure(declared(kept.url, ben))
    await ben.taps("Follow this calendar")
    asked, received = len(kept.site.asked), ben.received
    await world.reconfigure(PRIVATE)
    await world.reconfigure(PRIVATE)
    assert ben.received == received + 1
    assert "The calendar “ben” is not in config.toml any more, so I don't read it." in ben.screen
    await world.until("Mon 16:20")
    assert "about Monday is ready" in anna.screen
    assert len(kept.site.asked) == asked
    assert [row[3] for row in await planned(world)] == ["planned", "planned"]
    # Put back, it goes on without another yes.
    kept.has("2", "2026-11-04 10:00")
    await world.reconfigure(declared(kept.url, ben))
    assert ("A7", "2026-11-04", "10:00", "planned") in await planned(world)
    await world.reconfigure(PRIVATE)
    await ben.taps("Look at it")
    assert "do not have it any more" in ben.screen
    await ben.taps("Remove it")
    await ben.taps("Yes, remove it")
    assert [row[3] for row in await planned(world)][-1] == "cancelled"
    assert await world.rows("SELECT id FROM feed") == []


async def test_one_that_left_the_file_before_its_yes_is_forgotten(world: World, kept: Kept) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await world.reconfigure(declared(kept.url, ben))
    received = ben.received
    await world.reconfigure(PRIVATE)
    assert await world.rows("SELECT id FROM feed") == []
    assert ben.received == received
    await ben.taps("Follow this calendar")
    assert await planned(world) == []


async def test_another_address_or_name_in_the_file_moves_nothing(world: World, kept: Kept) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-03 15:00")
    await world.reconfigure(declared(kept.url, ben))
    await ben.taps("Follow this calendar")
    before = await world.rows("SELECT * FROM appointment")
    moved = Kept(kept.site, "/secret/basic-2.ics", dict(kept.events))
    await world.reconfigure(declared(moved.url, ben))
    await world.reconfigure(declared(moved.url, ben, key="praxis"))
    assert await world.rows("SELECT * FROM appointment") == before
    moved.has("2", "2026-11-04 10:00")
    await read_again(world)
    assert [row[1] for row in await planned(world)] == ["2026-11-03", "2026-11-04"]
    await ben.types("/calendar")
    assert "praxis · 2 appointments to come" in ben.screen


async def test_one_that_was_added_before_is_the_same(world: World, kept: Kept) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-03 15:00")
    await follows(ben, kept)
    received = ben.received
    await world.reconfigure(declared(kept.url, ben))
    assert ben.received == received
    assert await world.rows("SELECT count(*) FROM feed") == [(1,)]
    assert [row[3] for row in await planned(world)] == ["planned"]


async def test_one_whose_therapist_is_not_known_waits_for_them(world: World, kept: Kept) -> None:
    kept.has("1", "2026-11-02 15:00")
    ben = world.human("Ben")
    await world.reconfigure(declared(kept.url, ben))
    assert await world.rows("SELECT id FROM feed") == []
    await world.pair("Anna", "Ben")
    await world.later(minutes=2)
    assert ben.sees("Mon, Nov 2, 15:00–15:50", button="Follow this calendar") or world.restarting
    await world.until("Mon 01:00")
    await ben.types("/calendar")
    assert "ben · waits for your yes" in ben.screen
    await ben.taps("ben")
    assert "Mon, Nov 2, 15:00–15:50 · A7" in ben.screen
    said = [line for line in world.logged if "waits for its therapist" in line]
    assert said, "the admin is told in the log"
    assert all("feeds.ben" in line for line in said)


async def test_the_practices_is_shown_to_the_admins_by_numbers(world: World, kept: Kept) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    kept.has("2", "2026-11-03 09:00", code="")
    received = ben.received
    await world.reconfigure(declared(kept.url, key="all"))
    assert "I have looked at the calendar “all” of config.toml." in world.dana.screen
    assert "2 appointments would come of it" in world.dana.screen
    assert "Of 1 event I don't know whose session it is." in world.dana.screen
    assert 'rapport calendar accept "all"' in world.dana.screen
    assert "A7" not in world.dana.screen
    assert ben.received == received
    (feed,) = await world.stage.running.room.feeds.all()
    await world.stage.running.room.feeds.accept(feed.feed.id, None)
    await world.step()
    assert len(await planned(world)) == 2
    await world.reconfigure(PRIVATE)
    assert "“all” is not in config.toml any more" in world.dana.screen
    assert 'rapport calendar remove "all"' in world.dana.screen


async def test_its_name_is_one_that_no_other_has(world: World, kept: Kept) -> None:
    await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    other = Kept(kept.site, "/other.ics")
    await world.stage.running.room.feeds.add(None, Source("all", other.url))
    await world.reconfigure(declared(kept.url, key="all"))
    names = sorted(one.feed.source.name for one in await world.stage.running.room.feeds.all())
    assert names == ["all", "all 2"]


async def test_two_that_want_one_name_keep_theirs_at_each_start(world: World, kept: Kept) -> None:
    await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    other = Kept(kept.site, "/secret/other.ics")
    app = world.stage.running
    declared = [
        Declared(None, Source("Praxis", url, declared=key))
        for key, url in (("one", kept.url), ("two", other.url))
    ]
    seen = []
    for order in (declared, declared, declared[::-1], declared):
        await Declaring(app.db, app.clock, app.ids, app.settings, order).bring_in()
        seen.append({one.feed.source.declared: one.feed.source.name
                     for one in await app.room.feeds.all()})  # fmt: skip
    assert seen == [{"one": "Praxis", "two": "Praxis 2"}] * 4
    assert await world.rows("SELECT count(*) FROM audit WHERE act = 'calendar declared anew'") == [
        (0,)
    ]
