"""What one event, one reading or one calendar does leaves those beside it alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from world import Human, World

from bot.services.following import Applied, Following, Job
from tests.feeds.calendars import Kept, follows, kept_beside, planned, read_again

pytestmark = pytest.mark.settings("[calendar]\nprivate_addresses = true\n")


@pytest.fixture
async def kept(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    async with kept_beside(world, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("before", ["asked", "cancelled by hand"])
async def test_a_corrected_code_counts_and_stops_no_other_calendar(
    world: World, kept: Kept, before: str
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await world.pair("Cora", "Ben", code="B2")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)
    other = Kept(kept.site, "/secret/other.ics")
    other.has("2", "2026-11-06 09:00", code="B2")
    await follows(ben, other, name="Zweite")
    if before == "asked":
        await world.until("Mon 16:20")
        assert "about Monday is ready" in anna.screen
    else:
        await ben.types("/appointments")
        await ben.taps(next(label for label in ben.phone.last.labels if "A7" in label))
        await ben.taps("Cancel it")
        await ben.taps("Yes, cancel it")
    kept.has("1", "2026-11-02 15:00", code="B2")
    other.has("2", "2026-11-06 10:00", code="B2")
    await read_again(world)
    assert sorted(row for row in await planned(world) if row[3] != "moved") == [
        ("A7", "2026-11-02", "15:00", "did_not_meet" if before == "asked" else "cancelled"),
        ("B2", "2026-11-02", "15:00", "planned"),
        ("B2", "2026-11-06", "10:00", "planned"),
    ]
    assert await world.rows("SELECT DISTINCT failures, problem FROM feed") == [(0, None)]
    assert [line for line in world.logged if "tick failed" in line or "stumbled" in line] == []


async def test_a_calendar_that_the_program_stumbles_over_stops_no_other(
    world: World, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)
    other = Kept(kept.site, "/secret/other.ics")
    other.has("2", "2026-11-04 15:00")
    await follows(ben, other, name="Zweite")
    ((first,),) = await world.rows("SELECT id FROM feed ORDER BY made_at LIMIT 1")
    apply = Following.apply

    async def stumbling(self: Following, job: Job, *read: object) -> Applied | None:
        if job.feed.id == first:
            raise KeyError("Canary title")
        return await apply(self, job, *read)  # type: ignore[arg-type]

    monkeypatch.setattr(Following, "apply", stumbling)
    for hour in (9, 10, 11):
        kept.has("1", f"2026-11-02 {hour:02}:00")
        other.has("2", f"2026-11-04 {hour:02}:00")
        await read_again(world)
    assert "“Praxis” can't be read. The appointments stay as they are." in ben.screen
    assert "this program's own fault, not the calendar's" in ben.screen
    assert [row for row in await planned(world) if row[3] == "planned"] == [
        ("A7", "2026-11-02", "15:00", "planned"),
        ("A7", "2026-11-04", "11:00", "planned"),
    ]
    said = [line for line in world.logged if "calendar stumbled over" in line]
    assert len(said) == 3
    assert all("KeyError" in line for line in said)
    monkeypatch.setattr(Following, "apply", apply)
    await read_again(world)
    assert ("A7", "2026-11-02", "11:00", "planned") in await planned(world)


async def removes(ben: Human, name: str) -> None:
    """Let a therapist remove one calendar of several."""
    await ben.types("/calendar")
    await ben.taps(name)
    await ben.taps("Remove it")
    await ben.taps("Yes, remove it")


async def both(world: World, kept: Kept) -> tuple[Human, Human, Kept]:
    """Let two calendars have the same session on Wednesday, and each one of its own."""
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-04 15:00")
    kept.has("9", "2026-11-05 09:00")
    await follows(ben, kept)
    other = Kept(kept.site, "/secret/other.ics")
    other.has("2", "2026-11-04 15:00")
    other.has("8", "2026-11-05 11:00")
    await follows(ben, other, name="Zweite")
    assert len(await planned(world)) == 3
    return anna, ben, other


async def state(world: World) -> object:
    """Give what became of Wednesday's session."""
    (found,) = [row[3] for row in await planned(world) if row[1] == "2026-11-04"]
    return found


@pytest.mark.parametrize("order", ["maker first", "maker last"])
@pytest.mark.parametrize("how", ["cancelled", "deleted"])
async def test_a_session_that_two_calendars_have_stays_until_both_let_it_go(
    world: World, kept: Kept, order: str, how: str
) -> None:
    anna, _, other = await both(world, kept)
    calendars = [(kept, "1"), (other, "2")]
    for calendar, uid in calendars if order == "maker first" else calendars[::-1]:
        assert await state(world) == "planned"
        if how == "cancelled":
            calendar.has(uid, "2026-11-04 15:00", "STATUS:CANCELLED")
        else:
            del calendar.events[uid]
        await read_again(world)
    assert await state(world) == "cancelled"
    await world.until("Wed 18:00")
    assert "about Wednesday" not in anna.everything


@pytest.mark.parametrize("names", [("Praxis", "Zweite"), ("Zweite", "Praxis")])
async def test_removing_one_of_two_calendars_leaves_what_the_other_has(
    world: World, kept: Kept, names: tuple[str, str]
) -> None:
    _, ben, _ = await both(world, kept)
    await removes(ben, names[0])
    await read_again(world)
    assert await state(world) == "planned"
    await removes(ben, names[1])
    assert {row[3] for row in await planned(world)} == {"cancelled"}


async def test_two_events_of_one_session_are_one_until_both_are_gone(
    world: World, kept: Kept
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    for uid in ("1", "2", "3"):
        kept.has(uid, "2026-11-04 15:00")
    kept.has("9", "2026-11-05 09:00")
    await follows(ben, kept)
    kept.has("1", "2026-11-04 15:00", "STATUS:CANCELLED")
    await read_again(world)
    assert await state(world) == "planned"
    await removes(ben, "Praxis")
    assert await state(world) == "cancelled"


async def stamped(world: World, kept: Kept) -> Human:
    """Follow a calendar of four sessions in which each download has another DTSTAMP."""
    _, ben = await world.pair("Anna", "Ben")
    downloads = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal downloads
        downloads += 1
        stamp = f"DTSTAMP:20261030T{downloads // 60:02}{downloads % 60:02}00Z"
        kept.has("stamp", "2026-12-20 08:00", stamp, code="")
        return await kept.answer(request)

    kept.site.pages[kept.path] = answer
    for day in (9, 10, 11, 12):
        kept.has(str(day), f"2026-11-{day:02} 15:00")
    await follows(ben, kept)
    assert [row[3] for row in await planned(world)] == ["planned"] * 4
    return ben


async def test_a_loss_that_was_allowed_counts_though_the_bytes_are_never_the_same(
    world: World, kept: Kept
) -> None:
    ben = await stamped(world, kept)
    for day in (10, 11, 12):
        del kept.events[str(day)]
    await read_again(world)
    assert "3 of 4 appointments to come are suddenly gone" in ben.screen
    await read_again(world)
    assert [row[3] for row in await planned(world)] == ["planned"] * 4
    await ben.taps("Yes, they are cancelled")
    await read_again(world)
    assert [row[3] for row in await planned(world)] == ["planned", *["cancelled"] * 3]
    assert await world.rows("SELECT lost, held_at, allowed_at FROM feed") == [(None, None, None)]


async def test_more_that_is_gone_than_was_allowed_is_asked_about_anew(
    world: World, kept: Kept
) -> None:
    ben = await stamped(world, kept)
    for day in (10, 11, 12):
        del kept.events[str(day)]
    await read_again(world)
    assert "3 of 4 appointments to come are suddenly gone" in ben.screen
    del kept.events["9"]
    await world.later(minutes=1)
    await ben.taps("Yes, they are cancelled")
    await read_again(world)
    assert "4 of 4 appointments to come are suddenly gone" in ben.screen
    assert [row[3] for row in await planned(world)] == ["planned"] * 4
    await ben.taps("Yes, they are cancelled")
    await read_again(world)
    assert [row[3] for row in await planned(world)] == ["cancelled"] * 4


@pytest.mark.parametrize("change", ["its length", "its code"])
async def test_nothing_is_planned_anew_for_a_pair_that_has_ended(
    world: World, kept: Kept, change: str
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await world.pair("Cora", "Ben", code="B2")
    kept.has("1", "2026-11-09 15:00")
    kept.has("2", "2026-11-10 15:00", code="B2")
    await follows(ben, kept)
    await ben.types("/end A7")
    await ben.taps("End it without")
    await world.later(minutes=11)
    if change == "its length":
        kept.has("1", "2026-11-09 15:00", minutes=45)
    else:
        kept.has("2", "2026-11-10 15:00", code="A7")
    received = anna.received
    await read_again(world)
    assert await planned(world) == [
        ("A7", "2026-11-09", "15:00", "cancelled"),
        ("B2", "2026-11-10", "15:00", "planned" if change == "its length" else "cancelled"),
    ]
    await world.until("Fri 18:00")
    await world.until("Wed 18:00")
    assert anna.received == received


async def days(world: World) -> list[object]:
    """List when the sessions are that both calendars are about, not each one's own."""
    return [
        (row[1], row[2])
        for row in await planned(world)
        if row[3] == "planned"
        and row[1:3] not in (("2026-11-05", "09:00"), ("2026-11-05", "11:00"))
    ]


ORDERS = pytest.mark.parametrize("order", ["maker", "other"])


@ORDERS
async def test_a_session_that_one_of_two_calendars_moves_is_where_it_has_moved(
    world: World, kept: Kept, order: str
) -> None:
    anna, _, other = await both(world, kept)
    (mover, uid), (stayer, its) = (
        ((kept, "1"), (other, "2")) if order == "maker" else ((other, "2"), (kept, "1"))
    )
    mover.has(uid, "2026-11-06 10:00")
    for _ in range(3):
        await read_again(world)
        assert await days(world) == [("2026-11-06", "10:00")]
    # The other one is asked for anew, and still has not moved it.
    stayer.has("new", "2026-12-20 09:00")
    stayer.has(its, "2026-11-04 15:00", minutes=45)
    await read_again(world)
    assert await days(world) == [("2026-11-06", "10:00")]
    # Now it has, a few minutes off, and nothing moves once more.
    before = await world.rows("SELECT count(*) FROM appointment")
    stayer.has(its, "2026-11-06 10:05")
    await read_again(world)
    assert await days(world) == [("2026-11-06", "10:00")]
    assert await world.rows("SELECT count(*) FROM appointment") == before
    # Whoever moves it next says where it is.
    stayer.has(its, "2026-11-07 12:00")
    await read_again(world)
    assert await days(world) == [("2026-11-07", "12:00")]
    await world.until("Sat 13:20")
    assert "about Saturday is ready" in anna.screen
    assert "about Wednesday" not in anna.everything
    assert "about Friday" not in anna.everything


@ORDERS
@pytest.mark.parametrize("how", ["cancelled", "removed"])
async def test_a_session_is_back_where_the_other_has_it_when_what_has_moved_it_goes(
    world: World, kept: Kept, order: str, how: str
) -> None:
    anna, ben, other = await both(world, kept)
    mover, uid, name = (kept, "1", "Praxis") if order == "maker" else (other, "2", "Zweite")
    mover.has(uid, "2026-11-06 10:00")
    await read_again(world)
    if how == "cancelled":
        mover.has(uid, "2026-11-06 10:00", "STATUS:CANCELLED")
        await read_again(world)
    else:
        await removes(ben, name)
    assert await days(world) == [("2026-11-04", "15:00")]
    await read_again(world)
    assert await days(world) == [("2026-11-04", "15:00")]
    await world.until("Wed 16:20")
    assert "about Wednesday is ready" in anna.screen


@ORDERS
async def test_a_moved_session_goes_with_both_calendars(
    world: World, kept: Kept, order: str
) -> None:
    _, ben, other = await both(world, kept)
    (kept if order == "maker" else other).has("1" if order == "maker" else "2", "2026-11-06 10:00")
    await read_again(world)
    for name in ("Zweite", "Praxis"):
        await removes(ben, name)
    assert {row[3] for row in await planned(world)} == {"moved", "cancelled"}


async def test_what_was_asked_is_not_asked_again_however_often_it_moves(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    kept.has("2", "2026-11-20 15:00")
    await follows(ben, kept)
    await world.until("Mon 16:20")
    received = anna.received
    for day in (4, 5):
        kept.has("1", f"2026-11-{day:02} 15:00")
        await read_again(world)
    await world.until("Fri 16:30")
    assert anna.received == received


async def test_a_typed_session_that_a_calendar_has_moved_stays_when_that_is_removed(
    world: World, kept: Kept
) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Wed 15:00")
    kept.has("1", "2026-11-04 15:00")
    kept.has("2", "2026-12-20 15:00")
    await follows(ben, kept)
    kept.has("1", "2026-11-05 10:00")
    await read_again(world)
    await removes(ben, "Praxis")
    assert ("2026-11-05", "10:00", "planned") in [row[1:] for row in await planned(world)]
