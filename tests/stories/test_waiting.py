"""What happens when the answer comes later, half or never, and when there was no session."""

from __future__ import annotations

import pytest
from world import Human, World

from bot.core.conversation import Rate
from bot.services.outgoing import Claimed, Outgoing


async def test_one_reminder_and_never_more(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    first = anna.phone.last.message_id
    await world.until("Tue 12:10")
    assert anna.phone.last.message_id == first
    await world.until("Tue 12:30")
    assert "One reminder, then no more. If you have answered already" in anna.screen
    assert "about Monday" in anna.screen
    assert "Question 1 of 5" in anna.screen
    assert anna.sees("This goes on in the newest message.")
    received = anna.received
    await world.until("Sun 12:00")
    assert anna.received == received


@pytest.mark.parametrize("world", ["as it is"], indirect=True)
async def test_no_reminder_comes_after_an_answer_that_crossed_its_claim(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was about to go out, and the last question is answered before it does."""
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8)
    await world.until("Tue 12:10")
    ((checkin, client),) = await world.rows("SELECT checkin.id, client_id FROM checkin, pair")
    room, received = world.stage.running.room, anna.received
    claim, claimed = Outgoing.claim, []

    async def crossed(outgoing: Outgoing) -> Claimed | None:
        found = await claim(outgoing)
        if found is not None and found.message.kind == "reminder":
            claimed.append(found)
            await room.checkins.answer(client, checkin, Rate("fit", 8))  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(Outgoing, "claim", crossed)
    await world.until("Tue 12:30")
    assert len(claimed) == 1
    assert anna.received == received
    reminders = "SELECT state, reason FROM message WHERE kind = 'reminder'"
    assert await world.rows(reminders) == [("dropped", "gone")]


async def test_a_closed_check_in_is_folded_up_and_the_digest_says_silence(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Wed 16:30")
    assert anna.screen == (
        "This check-in is closed, and leaving it unanswered is all right. "
        "What is on your mind, you can say in your next session."
    )
    assert anna.phone.last.labels == []
    await world.until("Fri 17:00")
    assert "None of 1 answered" in ben.screen
    assert "Without answers (1)\nA7 · Mon 15:00 · no answer" in ben.screen
    assert "0.0" not in ben.screen


async def test_an_old_button_of_a_closed_check_in_changes_nothing(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    old = anna.phone.last
    await world.until("Wed 16:30")
    assert "This check-in is closed. Nothing was changed." in await anna.taps("8", old)
    assert await world.kept() == []


@pytest.mark.parametrize(
    ("label", "asked_again", "just_before"),
    [
        ("In an hour", "Mon 17:30", "Mon 17:15"),
        ("This evening", "Mon 19:00", "Mon 18:55"),
        ("Tomorrow", "Tue 10:00", "Tue 09:55"),
    ],
)
async def test_later_moves_the_one_reminder(
    world: World, label: str, asked_again: str, just_before: str
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.taps("Later")
    await anna.taps(label)
    assert "I will ask again " in anna.screen
    received = anna.received
    await world.until(just_before)
    assert anna.received == received
    await world.until(asked_again)
    assert "One reminder, then no more. You wanted to be asked later." in anna.screen
    await world.until("Sun 12:00")
    assert anna.received == received + 1


async def test_later_can_be_left_to_answer_now(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.taps("Later")
    await anna.taps("‹ Back")
    await anna.taps("Later")
    await anna.taps("Tomorrow")
    await anna.taps("Answer now")
    received = anna.received
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Wed 12:00")
    assert anna.received == received


async def test_after_the_reminder_later_is_used_up(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    old = anna.data("Later")
    await world.until("Tue 12:30")
    assert "Later" not in anna.phone.last.labels
    (toast,) = await anna.forges(old.replace("snooze.", "later.") + ".hour")
    assert "I ask only once more" in toast
    received = anna.received
    await world.until("Sun 12:00")
    assert anna.received == received


async def test_later_offers_only_what_is_still_to_come(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 18:30")
    await world.until("Mon 20:00")
    await anna.taps("Later")
    assert anna.phone.last.labels == ["In an hour", "Tomorrow", "‹ Back", "Help now"]


async def test_what_the_therapist_calls_off_takes_its_buttons_along(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    old = anna.phone.last
    await not_held(ben)
    assert anna.screen == "These questions are no longer open. There is nothing to do."
    assert anna.phone.last.labels == []
    assert "This check-in is closed." in await anna.taps("8", old)
    assert anna.screen == "These questions are no longer open. There is nothing to do."


async def test_we_did_not_meet_ends_it_without_a_reminder(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.taps("We did not meet")
    assert anna.screen == "Thanks, nothing more to do."
    received = anna.received
    await world.until("Fri 17:00")
    assert anna.received == received
    assert "says you did not meet; your calendar has the session" in ben.screen


async def test_when_both_say_they_did_not_meet_the_digest_says_just_that(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.taps("We did not meet")
    await not_held(ben)
    await world.until("Fri 17:00")
    assert "did not meet" in ben.screen
    assert "your calendar has the session" not in ben.screen


async def test_answered_but_not_met_is_no_score_and_the_digest_states_both(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 2, 2, 2, 2)
    await not_held(ben)
    assert "The client had answered already; the digest states both." in ben.screen
    await world.until("Fri 17:00")
    assert "answered, but your calendar says you did not meet: no score" in ben.screen
    assert "heard" not in ben.screen


async def test_no_answer_is_awaited_about_a_session_the_therapist_cancelled(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:00")
    await not_held(ben)
    received = anna.received
    await world.until("Sun 12:00")
    assert anna.received == received


async def test_dont_send_shows_the_therapist_the_fact_and_no_number(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 1, 3, 1, 2)
    await anna.taps("Don't send")
    assert "This cannot be undone." in anna.screen
    await anna.taps("‹ Back")
    await anna.taps("Don't send")
    await anna.taps("Don't send")
    assert "Your answers are not shown." in anna.screen
    await world.until("Fri 17:00")
    assert "chose not to send the answers" in ben.screen
    before = ben.everything
    await ben.opens("A7")
    await ben.types("/today")
    for line in (before + ben.everything).splitlines():
        assert "heard" not in line
        assert "▁" not in line
        assert "last" not in line
    await anna.types("/history")
    assert "not sent; your therapist sees only that" in anna.screen


async def test_taken_back_after_the_digest_the_numbers_are_gone_from_it(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Thu 15:00")
    await world.until("Thu 16:20")
    await anna.checks_in(2, 1, 3, 1, 2)
    await world.until("Fri 17:00")
    assert "bond 1" in ben.screen
    await anna.taps("Don't send")
    await anna.taps("Don't send")
    await ben.opens("A7")
    assert "bond" not in ben.screen
    await ben.taps("‹ Back")
    assert "bond" not in ben.screen


async def test_left_half_way_is_started_and_no_score(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 7)
    await world.until("Wed 16:30")
    goes = "It is closed now; what you tapped goes to your therapist on Friday, Nov 6 after 17:00."
    assert goes in anna.screen
    await world.until("Fri 17:00")
    assert "started, 3 of 5" in ben.screen
    assert "None of 1 answered" in ben.screen


async def test_a_whole_one_left_at_the_open_question_says_when_it_goes(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 7, 8, 9)
    assert "One thing to do differently next time?" in anna.screen
    await world.until("Wed 16:30")
    goes = "It is closed now; what you tapped goes to your therapist on Friday, Nov 6 after 17:00."
    assert goes in anna.screen
    await world.until("Fri 17:00")
    assert "1 of 1 answered" in ben.screen


async def test_a_closed_check_in_goes_nowhere_where_nothing_was_tapped(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    for _ in range(5):
        await anna.taps("Skip ›")
    await anna.types("a marmot of my own")
    await anna.taps("Keep it for me")
    await world.until("Wed 16:30")
    assert anna.screen == "Thank you for your check-in. It is closed now."


async def test_what_has_been_read_out_is_not_announced_again_at_closing(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await world.meets(ben, "A7", "Fri 15:00")
    await world.until("Fri 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Sun 16:30")
    assert anna.screen == "Thank you for your check-in. It is closed now."


async def test_half_way_the_reminder_goes_on_where_it_was_left(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 7)
    await world.until("Tue 12:30")
    assert anna.screen.startswith(
        "One reminder, then no more. The check-in about Monday goes on with question 4 of 5.\n\n"
        "Question 4 of 5"
    )
    assert "We did not meet" not in anna.phone.last.labels


async def test_one_still_open_at_the_digest_is_open_and_not_silent(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Fri 15:00")
    await world.until("Fri 17:00")
    assert "open until Sun, Nov 8 16:20" in ben.screen
    assert "no answer" not in ben.screen


async def test_a_late_session_is_asked_about_the_next_morning_and_by_its_day(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 20:00")
    received = anna.received
    await world.until("Tue 07:55")
    assert anna.received == received
    await world.until("Tue 08:00")
    assert "A short check-in about Monday is ready." in anna.screen


async def test_more_than_one_session_a_day_is_not_asked_about(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 09:00")
    await world.meets(ben, "A7", "Mon 15:00", "once")
    await world.until("Mon 11:00")
    await anna.checks_in(8, 8, 8, 8, 8)
    received = anna.received
    await world.until("Fri 17:00")
    assert anna.received == received
    assert "1 not asked" in ben.screen
    assert "1 of 1 answered" in ben.screen
    assert "not asked (one check-in a day)" in ben.screen


async def test_more_than_two_sessions_a_week_are_not_asked_about(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    for day in ("Mon", "Tue", "Wed"):
        await world.meets(ben, "A7", f"{day} 15:00", "once")
    for day in ("Mon", "Tue"):
        await world.until(f"{day} 16:20")
        await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Wed 16:20")
    assert not anna.sees("about Wednesday")
    await world.until("Fri 17:00")
    assert "not asked (enough check-ins this week)" in ben.screen
    assert "2 of 2 answered" in ben.screen


async def not_held(ben: Human) -> None:
    """Let the therapist say that the session did not take place."""
    await ben.types("/appointments")
    label = next(label for label in ben.phone.last.labels if "A7" in label)
    await ben.taps(label)
    await ben.taps("We did not meet")


async def test_who_was_never_asked_because_the_bot_was_off_is_not_out_of_reach(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 20:00")
    await world.until("Mon 21:25")  # hers waits for the end of the night
    received = anna.received
    world.stage.clock.advance_to(world.stage.moment("Thu 12:00"))
    await world.stage.restart()
    await world.step()
    assert anna.received == received
    await world.until("Fri 17:10")
    assert ben.sees("not asked (too late to ask)")


async def test_who_blocks_the_bot_before_the_question_could_not_be_reached(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    anna.phone.block()
    await world.until("Fri 17:10")
    assert ben.sees("could not be reached")
    assert await world.rows("SELECT state FROM checkin") == [("undeliverable",)]


@pytest.mark.parametrize("act", ["writes", "taps"])
async def test_whoever_speaks_to_the_bot_is_asked_again_though_nobody_heard_of_the_unblocking(
    world: World, act: str
) -> None:
    """Telegram keeps that for a day; and a refusal may come after it."""
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    world.stage.emulator.faults.add(
        "status", status=403, description="Forbidden: bot was blocked by the user",
        method="sendMessage", chat=anna.phone.id,
    )  # fmt: skip
    await world.until("Tue 12:00")
    assert not anna.sees("A short check-in")
    if act == "writes":
        await anna.types("/settings")
    else:
        await anna.taps("Help now")
    await world.until("Mon 16:20")
    assert anna.sees("A short check-in about Monday is ready.")
