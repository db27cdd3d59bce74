"""Appointments that come from a therapist's own calendar, as far as anybody feels it.

1. Nothing is made of a calendar before its preview is accepted, and removing it undoes what it has
   planned. 2. Moved events move, cancelled and deleted ones are not asked about, and what was asked
   is neither asked again nor taken back. 3. A calendar that fails or loses most of its events
   changes nothing. 4. A session that was typed and is in the calendar is one. 5. Whose an unknown
   event is, is asked once. 6. No title, person or address is kept or logged. 7. Nothing is planned
   for who has stopped or left, and what they answered stays answered.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from world import World

from bot.commands.rotating import rotate
from bot.core.feeds import Source
from bot.services.following import Following
from tests.feeds.calendars import Kept, follows, kept_beside, planned, read_again

pytestmark = pytest.mark.settings("[calendar]\nprivate_addresses = true\n")


@pytest.fixture
async def kept(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    async with kept_beside(world, monkeypatch, apart=not world.restarting) as made:
        yield made


async def test_nothing_is_made_of_a_calendar_before_its_preview_is_accepted(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    kept.has("2", "2026-11-03 09:00", code="Z9")
    await ben.types(f"/calendar {kept.url} Praxis")
    assert "Mon, Nov 2, 15:00–15:50 · A7" in ben.screen
    assert "Mon, Nov 9, 15:00–15:50 · A7" in ben.screen
    assert "Of 1 event I don't know whose session it is." in ben.screen
    assert "Nothing is made of it before you say yes." in ben.screen
    assert not any(kept.url in (seen.text or "") for seen in ben.phone.chat), "the address stands"
    received = anna.received
    await world.until("Tue 12:00")
    assert anna.received == received
    assert await planned(world) == []
    await ben.taps("Follow this calendar")
    coming = ("2026-11-09", "2026-11-16")
    assert await planned(world) == [("A7", on, "15:00", "planned") for on in coming]
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen


async def test_who_says_no_has_no_calendar(world: World, kept: Kept) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await ben.types(f"/calendar {kept.url}")
    await ben.taps("No, forget it")
    assert "is removed" in ben.screen
    await world.until("Fri 12:00")
    assert await planned(world) == []
    assert await world.rows("SELECT id FROM feed") == []


async def test_calendar_to_check_in_to_moved_to_cancelled_to_missed(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    kept.has("2", "2026-11-04 15:00")
    kept.has("3", "2026-11-09 15:00")
    kept.has("4", "2026-11-16 15:00")
    kept.has("5", "2026-11-30 15:00")
    await follows(ben, kept)
    await world.until("Mon 16:20")
    assert "about Monday is ready" in anna.screen
    await anna.checks_in(8, 8, 8, 8, 8)
    # Moved in time: asked about on the new day alone.
    kept.has("2", "2026-11-05 10:00")
    await read_again(world)
    received = anna.received
    await world.until("Wed 18:00")
    assert anna.received == received
    await world.until("Thu 11:20")
    assert "about Thursday is ready" in anna.screen
    # Cancelled in time: not asked about.
    kept.has("3", "2026-11-09 15:00", "STATUS:CANCELLED")
    await read_again(world)
    received = anna.received
    await world.until("Tue 12:00")
    assert not anna.sees("Nov 9")
    # Marked as missed after its end, before the question: read once more, and not asked.
    await world.until("Mon 15:55")
    kept.has("4", "2026-11-16 15:00", "STATUS:CANCELLED")
    received = anna.received
    await world.until("Mon 18:00")
    assert anna.received == received
    assert [row[1:] for row in await planned(world)] == [
        ("2026-11-02", "15:00", "planned"),
        ("2026-11-04", "15:00", "moved"),
        ("2026-11-05", "10:00", "planned"),
        ("2026-11-09", "15:00", "cancelled"),
        ("2026-11-16", "15:00", "did_not_meet"),
        ("2026-11-30", "15:00", "planned"),
    ]


async def test_what_was_asked_is_neither_asked_again_nor_taken_back(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    kept.has("2", "2026-11-11 15:00")
    await follows(ben, kept)
    await world.until("Mon 16:20")
    assert "about Monday is ready" in anna.screen
    kept.has("1", "2026-11-05 15:00")
    await read_again(world)
    assert "about Monday is ready" in anna.screen
    received = anna.received
    await world.until("Fri 16:30")
    assert anna.received == received, "asked about the same session again"
    rows = await world.rows(
        "SELECT state, asked, not_asked_reason FROM appointment ORDER BY starts_at"
    )
    assert rows[:2] == [("moved", "asked", None), ("planned", "not_asked", "asked_before_move")]


async def test_an_answer_stays_when_its_session_is_called_off_late(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)
    await world.until("Mon 16:20")
    await anna.answers(2)
    kept.has("1", "2026-11-02 15:00", "STATUS:CANCELLED")
    await read_again(world)
    await anna.answers(8, 8, 8, 8)
    assert len(await world.kept()) == 5
    await world.until("Fri 17:00")
    assert ben.sees("A7")


async def test_a_deleted_event_is_not_asked_about(world: World, kept: Kept) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-03 15:00", "RRULE:FREQ=WEEKLY")
    kept.has("2", "2026-11-04 09:00", code="")
    await follows(ben, kept)
    kept.events["1"] += "\nEXDATE;TZID=Europe/Berlin:20261103T150000"
    await read_again(world)
    received = anna.received
    await world.until("Wed 12:00")
    assert anna.received == received


async def test_a_calendar_that_fails_changes_nothing_and_is_told_of_once(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    kept.has("2", "2026-11-03 15:00")
    await follows(ben, kept)
    received = ben.received
    for status, body in ((404, b""), (200, b"<html>sign in</html>"), (200, b"")):
        kept.broken = web.Response(status=status, body=body)
        await read_again(world)
    assert ben.received == received + 1
    assert "“Praxis” can't be read. The appointments stay as they are." in ben.screen
    for _ in range(3):
        await read_again(world)
    assert ben.received == received + 1
    await world.until("Mon 16:20")
    assert "about Monday is ready" in anna.screen, "it goes as planned"


async def test_a_calendar_that_is_suddenly_empty_is_asked_about(world: World, kept: Kept) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    await follows(ben, kept)
    before = dict(kept.events)
    kept.events.clear()
    kept.head = "X-WR-CALNAME:Canary\n"
    await read_again(world)
    assert "2 of 2 appointments to come are suddenly gone" in ben.screen
    assert [row[3] for row in await planned(world)] == ["planned", "planned"]
    kept.events.update(before)
    await read_again(world)
    await ben.types("/calendar")
    assert "2 appointments to come" in ben.screen
    kept.events.clear()
    await read_again(world)
    await ben.taps("Yes, they are cancelled")
    await read_again(world)
    received = anna.received
    await world.until("Wed 12:00")
    assert anna.received == received


async def test_what_is_typed_and_in_the_calendar_is_one_session(world: World, kept: Kept) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    kept.has("1", "2026-11-02 15:10", "RRULE:FREQ=WEEKLY", minutes=45)
    await follows(ben, kept)
    assert "Mon, Nov 2, 15:10–15:55 · A7 · is there already" in (
        [seen.text or "" for seen in ben.phone.chat if seen.from_bot][-1] + ben.everything
    )
    received = anna.received
    for _ in range(4):
        await world.until("Mon 20:00")
    # What was typed reaches no further than the calendar, and both are one each week.
    asked = await world.rows("SELECT count(*) FROM checkin")
    assert asked == [(4,)]
    assert anna.received > received
    await ben.types("/calendar")
    await ben.taps("Praxis")
    await ben.taps("Remove it")
    await ben.taps("Yes, remove it")
    assert any(row[3] == "planned" for row in (await planned(world))[-1:]), "the typed one stays"


async def test_what_is_typed_after_the_calendar_is_no_second_session(
    world: World, kept: Kept
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    await follows(ben, kept)
    await world.meets(ben, "A7", "Mon 15:00")
    await world.until("Tue 12:00")
    dates = [row[1] for row in await planned(world)]
    assert dates == ["2026-11-02", "2026-11-09", "2026-11-16"]


async def test_what_is_marked_in_the_last_minutes_before_the_question_counts(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)
    await world.until("Mon 16:10")
    assert await world.rows("SELECT tried_at FROM feed") == [(world.stage.clock.now(),)]
    kept.has("1", "2026-11-02 15:00", "STATUS:CANCELLED")
    received = anna.received
    await world.until("Mon 18:00")
    assert anna.received == received
    assert [row[3] for row in await planned(world)] == ["did_not_meet"]


async def test_a_question_whose_calendar_was_read_lately_is_not_late(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)
    await world.until("Mon 16:10")
    received = anna.received
    await world.until("Mon 16:20")
    assert anna.received == received + 1


async def test_removing_a_calendar_undoes_what_it_has_planned(world: World, kept: Kept) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    await follows(ben, kept)
    await world.until("Mon 16:20")
    await ben.types("/calendar")
    await ben.taps("Praxis")
    await ben.taps("Remove it")
    await ben.taps("Yes, remove it")
    assert [row[3] for row in await planned(world)] == ["planned", "cancelled", "cancelled"][
        : len(await planned(world))
    ]
    await anna.checks_in(8, 8, 8, 8, 8)
    received = anna.received
    await world.until("Tue 12:00")
    await world.until("Tue 12:00")
    assert "Nov 9" not in anna.everything
    assert anna.received >= received


async def test_whose_an_unknown_event_is_is_asked_once(world: World, kept: Kept) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY", code="")
    kept.has("2", "2026-11-03 12:00", "RRULE:FREQ=WEEKLY", code="")
    await follows(ben, kept)
    assert "“Praxis” has something on Mon, Nov 2, 15:00–15:50. Whose session is it?" in ben.screen
    await ben.taps("A7")
    assert "Tue, Nov 3, 12:00–12:50" in ben.screen
    await ben.taps("Not a client")
    assert "nothing to ask" in ben.screen
    received = ben.received
    await world.until("Mon 16:20")
    assert "about Monday is ready" in anna.screen
    await world.until("Mon 16:20")
    assert anna.sees("about Monday is ready")
    assert [row[:2] for row in await planned(world)][:2] == [
        ("A7", "2026-11-02"),
        ("A7", "2026-11-09"),
    ]
    assert not any("Whose session" in (s.text or "") for s in ben.phone.chat[received:])


async def test_an_event_to_be_asked_about_later_is(world: World, kept: Kept) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY", code="")
    await follows(ben, kept)
    await ben.taps("Ask later")
    await ben.types("/calendar")
    assert "Questions" not in str(ben.phone.last.labels)
    await world.until("Thu 12:00")
    await ben.types("/calendar")
    assert "Questions (1)" in ben.phone.last.labels


async def test_an_unchanged_calendar_is_not_sent_again(world: World, kept: Kept) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)
    for _ in range(3):
        await read_again(world)
    assert kept.unchanged == 3


@pytest.mark.parametrize("how", ["joins", "comes back"])
async def test_who_comes_after_an_unchanged_reading_is_found_at_the_next(
    world: World, kept: Kept, how: str
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-04 15:00", code="B2")
    if how == "comes back":
        cora, _ = await world.pair("Cora", "Ben", code="B2")
        await cora.types("/stop")
        await cora.taps("Stop the questions")
    await follows(ben, kept)
    await read_again(world)
    assert (await planned(world), kept.unchanged) == ([], 1)
    if how == "joins":
        await world.pair("Cora", "Ben", code="B2")
    else:
        await cora.types("/start")
        await cora.taps(cora.phone.last.labels[0])
    await read_again(world)
    assert await planned(world) == [("B2", "2026-11-04", "15:00", "planned")]
    await read_again(world)
    assert kept.unchanged == 2, "and then it is as it was"


async def test_an_alias_that_is_given_during_a_reading_counts_at_the_next(
    world: World, kept: Kept
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-04 15:00", code="")
    await follows(ben, kept)
    ((feed_id,),) = await world.rows("SELECT id FROM feed")

    async def named_meanwhile(request: web.Request) -> web.StreamResponse:
        answer = await kept.answer(request)
        kept.site.pages[kept.path] = kept.answer
        await world.stage.running.room.feeds.name(feed_id, None, "Canary title", "A7")
        return answer

    kept.has("2", "2026-12-20 15:00")
    kept.site.pages[kept.path] = named_meanwhile
    await read_again(world)
    await read_again(world)
    assert await planned(world) == [("A7", "2026-11-04", "15:00", "planned")]


async def test_a_question_waits_for_its_calendar_a_moment_and_no_longer(
    world: World, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)

    async def nothing(self: Following, in_hand: frozenset[int]) -> None:
        return None

    # Whatever keeps it from being read.
    monkeypatch.setattr(Following, "due", nothing)
    received = anna.received
    await world.until("Mon 16:20")
    assert anna.received == received
    await world.later(minutes=1)
    assert anna.received == received + 1
    assert "about Monday is ready" in anna.screen


async def test_the_admin_is_told_of_the_practices_calendar(world: World, kept: Kept) -> None:
    await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    room = world.stage.running.room
    feed_id = await room.feeds.add(None, Source("All of us", kept.url))
    await world.step()
    await world.stage.running.room.feeds.accept(feed_id, None)
    await world.step()
    assert [row[3] for row in await planned(world)] == ["planned", "planned"]
    before = dict(kept.events)
    kept.events.clear()
    await read_again(world)
    assert "In “All of us” 2 of 2 appointments to come are suddenly gone." in world.dana.screen
    assert "rapport calendar sync --allow" in world.dana.screen
    kept.events.update(before)
    kept.broken = web.Response(status=403)
    for _ in range(3):
        await read_again(world)
    assert "“All of us” can't be read" in world.dana.screen
    assert "can't be read" not in world.people["Ben"].everything


async def test_a_new_master_key_leaves_a_calendar_as_it_is(world: World, kept: Kept) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)
    await world.stage.close()
    await rotate(world.stage.settings, world.stage.clock, lambda _: None)
    await world.stage.open()
    await read_again(world)
    assert len(await planned(world)) == 1
    await world.until("Mon 16:20")
    assert "about Monday is ready" in anna.screen


async def test_another_ones_calendar_is_not_shown(world: World, kept: Kept) -> None:
    await world.pair("Anna", "Ben")
    await world.pair("Cora", "Carl", code="C3")
    kept.has("1", "2026-11-02 15:00")
    await follows(world.people["Ben"], kept)
    carl = world.people["Carl"]
    await carl.types("/calendar")
    assert "None yet." in carl.screen
    (toast,) = await carl.forges(world.people["Ben"].data("Read it now"))
    assert toast == "This calendar is not one of yours, or it is no longer here."


@pytest.mark.parametrize("how", ["ended", "stopped"])
async def test_what_the_calendar_still_has_of_who_has_left_changes_nothing(
    world: World, kept: Kept, how: str
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    kept.has("2", "2026-11-04 15:00")
    kept.has("3", "2026-11-09 15:00")
    await follows(ben, kept)
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    if how == "ended":
        await ben.types("/end A7")
        await ben.taps("End it without")
        await world.later(minutes=11)
    else:
        await anna.types("/stop")
        await anna.taps("Stop the questions")
    kept.has("4", "2026-11-10 15:00")
    kept.has("2", "2026-11-05 10:00")
    received = anna.received
    await read_again(world)
    await world.until("Fri 17:00")
    assert anna.received == received
    states = {row[1:] for row in await planned(world)}
    assert ("2026-11-02", "15:00", "planned") in states
    assert not {on for on, _, _ in states} & {"2026-11-05", "2026-11-10"}
    assert "you did not meet" not in ben.screen
    assert "8.0" in ben.screen


async def practice_follows(world: World, kept: Kept) -> None:
    """Let the practice follow a calendar."""
    feeds = world.stage.running.room.feeds
    feed_id = await feeds.add(None, Source("All of us", kept.url))
    await world.step()
    await world.stage.running.room.feeds.accept(feed_id, None)
    await world.step()


async def test_an_unknown_event_of_the_practice_is_asked_of_who_could_have_it(
    world: World, kept: Kept
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    cora, carl = await world.pair("Cora", "Carl", code="C3")
    idle = await world.therapist("Ida")
    before = idle.received
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY", code="")
    kept.has("2", "2026-11-03 12:00", "RRULE:FREQ=WEEKLY", code="")
    kept.has("3", "2026-11-04 12:00", code="")
    await practice_follows(world, kept)
    asked = "“All of us” has something on Mon, Nov 2, 15:00–15:50. Whose session is it?"
    for human, labels in ((ben, ["A7"]), (carl, ["C3"])):
        assert asked in human.screen
        assert human.phone.last.labels == [*labels, "Not mine", "Ask later"]
    assert "Whose session" not in world.dana.everything
    assert idle.received == before, "nobody of theirs could have it"
    stale = carl.data("C3")
    await ben.taps("A7")
    assert "Tue, Nov 3, 12:00–12:50" in ben.screen
    assert await carl.forges(stale) == [
        "Somebody at the practice has said already whose session this is."
    ]
    # Not mine: the other is still asked; when nobody is left, it is nobody's.
    await ben.taps("Not mine")
    await ben.taps("Ask later")
    assert "nothing to ask" in ben.screen
    await carl.types("/calendar")
    await carl.taps("Questions (2)")
    assert "Tue, Nov 3, 12:00–12:50" in carl.screen
    await carl.taps("Not mine")
    assert "Wed, Nov 4, 12:00–12:50" in carl.screen
    verdicts = "SELECT verdict FROM feed_series ORDER BY starts_at"
    assert await world.rows(verdicts) == [("client",), (None,), (None,)]
    (overview,) = await world.stage.running.room.feeds.all()
    assert len(overview.unknown) == 1
    await carl.taps("C3")
    await world.step()
    assert [row[:2] for row in await planned(world)] == [
        ("A7", "2026-11-02"), ("C3", "2026-11-04"), ("A7", "2026-11-09"),
    ]  # fmt: skip
    await world.until("Mon 16:20")
    assert "about Monday is ready" in anna.screen
    assert "about Monday" not in cora.everything


async def test_what_is_nobodys_today_is_asked_of_who_has_clients_tomorrow(
    world: World, kept: Kept
) -> None:
    async def unknown() -> int:
        (overview,) = await world.stage.running.room.feeds.all()
        return len(overview.unknown)

    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-03 12:00", code="")
    await practice_follows(world, kept)
    await ben.taps("Not mine")
    await world.step()
    assert await unknown() == 0
    received = ben.received
    # Not there for a while, as a monthly one: what was said of it stays.
    event = kept.events.pop("1")
    kept.has("2", "2026-12-20 12:00")
    await read_again(world)
    kept.events["1"] = event
    await read_again(world)
    await world.later(hours=25)
    assert (await unknown(), ben.received) == (0, received)
    await ben.types("/calendar")
    assert "Questions" not in str(ben.phone.last.labels)
    _, carl = await world.pair("Cora", "Carl", code="C3")
    received = ben.received
    await read_again(world)
    assert await unknown() == 1
    assert "“All of us” has something on Tue, Nov 3, 12:00–12:50." in carl.screen
    before = carl.received
    await world.later(hours=25)
    assert (ben.received, carl.received) == (received, before), "nobody is asked twice"
    await carl.taps("C3")
    await read_again(world)
    assert await planned(world) == [("C3", "2026-11-03", "12:00", "planned")]


async def test_what_is_new_on_a_day_of_questions_is_asked_the_next(
    world: World, kept: Kept
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-03 12:00", code="")
    await follows(ben, kept)
    await ben.taps("Not a client")
    kept.has("2", "2026-11-05 12:00", code="")
    received = ben.received
    await read_again(world)
    assert ben.received == received
    await world.later(hours=25)
    assert ben.received == received + 1
    assert "Thu, Nov 5, 12:00–12:50. Whose session is it?" in ben.screen


async def test_what_one_therapist_was_asked_another_cannot_give_to_their_client(
    world: World, kept: Kept
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    _, carl = await world.pair("Cora", "Carl", code="C3")
    kept.has("1", "2026-11-02 15:00", code="")
    await practice_follows(world, kept)
    act, series, _ = carl.data("C3").split(".")
    mine = ben.data("A7").split(".")[2]
    (toast,) = await carl.forges(f"{act}.{series}.{mine}")
    assert "not one of yours" in toast or "not in your list" in toast
    assert await planned(world) == []
    assert await world.rows("SELECT verdict FROM feed_series") == [(None,)]


async def test_what_cannot_be_taken_is_told_once_with_its_line_and_the_remedy(
    world: World, kept: Kept
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00", "RRULE:FREQ=WEEKLY")
    kept.has("2", "2026-11-03 15:00", "RRULE:FREQ=HOURLY")
    await follows(ben, kept)
    told = [seen.text or "" for seen in ben.phone.chat if "can't be taken" in (seen.text or "")]
    line = [n for n, text in enumerate(kept.body.splitlines(), 1) if text == b"BEGIN:VEVENT"][1]
    assert told == [
        "In “Praxis” something can't be taken as it stands; all the rest counts.\n\n"
        f"Line {line}, 2026-11-03 15:00: it repeats within a day and is left out."
        " Set its repetition again, or delete it."
    ]
    assert len(await planned(world)) == 2
    received = ben.received
    # Changed elsewhere, a line further down, gone and come back: it is the same.
    kept.head = "X-WR-CALNAME:Canary\n"
    for events in (kept.events, {"1": kept.events["1"]}, kept.events):
        whole, kept.events = kept.events, events
        await read_again(world)
        kept.events = whole
    assert ben.received == received
    await ben.types("/calendar")
    await ben.taps("Praxis")
    assert f"Line {line + 1}, 2026-11-03 15:00: it repeats" in ben.screen
    # What is new so soon is told the next day, and what was mended is not shown any more.
    kept.events.pop("2")
    kept.events["3"] = "UID:3\nDTSTART;TZID=Canary/Time:20261105T150000\nDURATION:PT50M"
    received = ben.received
    await read_again(world)
    assert ben.received <= received + 1, "more than whose session it is"
    assert "can't be taken" not in ben.screen
    await world.later(hours=25)
    shown = ben.sees("can't be taken")
    assert shown is not None
    assert "2026-11-05 15:00: nobody knows its time zone" in (shown.text or "")
    assert "repeats" not in (shown.text or "")


async def test_what_cannot_be_taken_of_the_practices_is_told_to_the_admins(
    world: World, kept: Kept
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    kept.has("1", "2026-11-02 15:00")
    kept.events["2"] = "UID:2\nDTSTART:canary"
    await practice_follows(world, kept)
    assert "In “All of us” something can't be taken" in world.dana.screen
    assert "it has no times that can be read and is left out." in world.dana.screen
    assert "can't be taken" not in ben.everything
