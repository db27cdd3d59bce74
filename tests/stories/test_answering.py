"""The check-in as its client meets it: ratings, chips, skipping, going back, typing."""

from __future__ import annotations

import asyncio

import pytest
from world import World

DAILY = "[checkin]\nper_week = 7\n"


async def test_a_low_answer_asks_what_got_in_the_way(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 5, 8, 8, 8)
    assert "Did anything get in the way?" in anna.screen
    await anna.taps("felt rigid")
    await anna.taps("silences felt bad")
    await anna.taps("✓ felt rigid")
    await anna.taps("Done ›")
    assert "One thing to do differently next time?" in anna.screen
    await anna.taps("Skip ›")
    await world.until("Fri 17:00")
    assert "silences felt bad" in ben.screen
    assert "felt rigid" not in ben.screen


async def test_nothing_in_particular_excludes_the_other_chips(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(1, 8, 8, 8, 8)
    await anna.taps("pace")
    await anna.taps("nothing in particular")
    assert "✓ nothing in particular" in anna.phone.last.labels
    assert "pace" in anna.phone.last.labels
    await anna.taps("pace")
    assert "nothing in particular" in anna.phone.last.labels


async def test_no_low_answer_asks_for_no_obstacle(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(6, 8, 8, 7, 9)
    assert "One thing to do differently next time?" in anna.screen


@pytest.mark.settings(DAILY)
async def test_every_fourth_time_all_high_asks_what_made_it_work(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    for day in ("Mon", "Tue", "Wed", "Thu"):
        await world.meets(ben, "A7", f"{day} 15:00", "once")
    for day in ("Mon", "Tue", "Wed"):
        await world.until(f"{day} 16:20")
        await anna.answers(9, 9, 10, 9, 9)
        assert "One thing to do differently next time?" in anna.screen
        await anna.taps("Skip ›")
    await world.until("Thu 16:20")
    await anna.answers(9, 9, 10, 9, 9)
    assert "What made it work?" in anna.screen
    await anna.taps("something small to change")
    await anna.taps("Done ›")
    assert "This goes to your therapist" in anna.screen
    await world.until("Fri 17:00")
    assert "something small to change" in ben.screen


async def test_a_skipped_item_is_missing_and_not_zero(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.taps("Skip ›")
    await anna.checks_in(8, 8, 8, 8)
    assert "Heard: skipped" in anna.screen
    await world.until("Fri 17:00")
    assert "A7 · Mon 15:00 ▇ 8" in ben.screen
    await ben.opens("A7")
    assert "heard – · bond 8" in ben.screen


async def test_fewer_than_four_answers_are_no_score(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.taps("Skip ›")
    await anna.taps("Skip ›")
    await anna.checks_in(8, 8, 8)
    await world.until("Fri 17:00")
    assert "too few answers for a score" in ben.screen
    assert "▇" not in ben.screen


async def test_skipping_everything_is_neither_an_answer_nor_silence(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    for _ in range(6):
        await anna.taps("Skip ›")
    received = anna.received
    await world.until("Fri 17:00")
    assert anna.received == received, "whoever went through all of it is not reminded"
    assert "None of 1 answered" in ben.screen
    assert "skipped every question" in ben.screen


async def test_back_returns_to_an_answer_and_keep_leaves_it(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 7)
    await anna.taps("‹ Back")
    assert "Question 2 of 5" in anna.screen
    assert "· 7 ·" in anna.phone.last.labels
    await anna.taps("‹ Back")
    assert "Question 1 of 5" in anna.screen
    await anna.taps("Keep it ›")
    assert "Question 2 of 5" in anna.screen
    await anna.taps("3")
    assert "Question 3 of 5" in anna.screen
    await anna.answers(9, 9, 9)
    await anna.taps("Skip ›")
    await anna.taps("Skip ›")
    assert "Heard: 8\nBond: 3\n" in anna.screen


async def test_numbers_can_be_typed(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    prompt = anna.phone.last.message_id
    for typed in ("8", "7/10", "eight", " 9. ", "0"):
        await anna.types(typed)
    assert anna.phone.last.message_id == prompt
    assert "get in the way" in anna.screen
    await anna.taps("Skip ›")
    await anna.taps("Skip ›")
    assert "Heard: 8\nBond: 7\nGoals: 8\nTasks: 9\nFit: 0" in anna.screen


@pytest.mark.parametrize("typed", ["11", "100"])
async def test_a_number_off_the_scale_is_refused_kindly(world: World, typed: str) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.types(typed)
    assert "Please choose a number from 0 to 10." in anna.screen
    assert await world.kept() == []


async def test_text_where_a_number_is_due_is_not_kept(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    for typed in ("I feel terrible", "8/20", "-1", "7.5"):
        await anna.types(typed)
        assert "I did not keep this message" in anna.screen
        assert "Help now" in anna.phone.last.labels
    assert await world.kept() == []


async def test_a_tap_on_an_answered_question_shows_where_it_stands(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    opening = anna.phone.last
    await anna.taps("8", opening)
    await anna.taps("3", opening)
    assert "Question 2 of 5" in anna.screen
    assert await world.kept() == [3]


async def test_answers_can_be_changed_until_it_closes(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(9, 9, 9, 9, 9)
    await anna.taps("Change")
    await anna.taps("Fit")
    await anna.taps("1")
    assert "get in the way" in anna.screen
    await anna.taps("pace")
    await anna.taps("Done ›")
    assert "Fit: 1" in anna.screen
    await world.until("Fri 17:00")
    assert "fit 1" in ben.screen
    assert "changed since" not in ben.screen


@pytest.mark.parametrize(
    ("label", "shown"), [("8", "Question 3 of 5"), ("We did not meet", "nothing more to do")]
)
async def test_what_is_said_while_the_reminder_is_on_its_way_is_not_asked_again(
    world: World, label: str, shown: str
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    if label == "8":
        await anna.answers(7)
    asked, stage, before = anna.phone.last, world.stage, len(anna.phone.chat)
    stage.emulator.faults.add(
        "delay", stage="after", method="sendMessage", chat=anna.phone.id, seconds=1.0
    )
    stage.clock.advance_to(stage.moment("Tue 12:30"))
    sending = asyncio.create_task(stage.running.ticks._tick("deliver"))
    assert await stage.emulator.bell.wait_for(lambda: len(anna.phone.chat) > before, 10)
    assert await world.rows("SELECT 1 FROM message WHERE kind = 'reminder' AND state = 'sending'")
    await anna.phone.tap(label, asked).wait(5)
    await sending
    await world.step()
    assert anna.phone.last.message_id != asked.message_id
    assert shown in anna.screen


@pytest.mark.parametrize(
    ("label", "shown"),
    [("8", "Question 3 of 5"), ("Later", "Question 1 of 5"), ("We did not meet", "nothing more")],
)
async def test_a_tap_where_the_question_stood_before_its_reminder_goes_on_in_the_reminder(
    world: World, label: str, shown: str
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    if label == "8":
        await anna.answers(7)
    asked = anna.phone.last
    await world.until("Tue 12:30")
    assert anna.phone.last.message_id != asked.message_id
    # As tapped on a phone that does not show yet that it goes on elsewhere.
    await anna.taps(label, asked)
    assert shown in anna.screen
    before = next(seen for seen in anna.phone.chat if seen.message_id == asked.message_id)
    assert before.labels == []
    assert ("nothing more" if label == "We did not meet" else "in the newest") in before.text


async def test_a_reminder_that_perhaps_came_is_where_it_goes_on_once_it_is_tapped(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    asked = anna.phone.last
    world.stage.emulator.faults.add("drop", stage="after", method="sendMessage", chat=anna.phone.id)
    await world.until("Tue 12:30")
    assert anna.phone.last.message_id != asked.message_id
    await anna.answers(7)
    assert "Question 2 of 5" in anna.screen
    await anna.types("8")
    assert "Question 3 of 5" in anna.screen
    before = next(seen for seen in anna.phone.chat if seen.message_id == asked.message_id)
    assert before.text == "This goes on in the newest message."
