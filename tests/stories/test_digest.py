"""The therapist's side: what the digest says, acknowledging it, and what the client hears of it."""

from __future__ import annotations

import pytest
from world import Human, World

DAILY = "[checkin]\nper_week = 7\n"


async def digest_after(world: World, *numbers: int) -> tuple[Human, Human]:
    """Let Anna check in on Monday and Ben get his digest on Friday."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(*numbers)
    await world.until("Fri 17:00")
    return anna, ben


async def test_read_is_told_once_and_not_asked_about(world: World) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    await ben.taps("A7 · Read")
    assert "✓ read" in ben.screen
    await world.later(minutes=3)
    assert "Your therapist read your check-in. Nothing to do." in anna.screen
    assert "You can't reply here." in anna.screen
    assert anna.phone.last.labels == []
    received = anna.received
    await world.until("Mon 16:20")
    assert anna.received == received + 1
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert "Thank you." in anna.screen


async def test_read_raised_to_talk_before_it_was_told_is_told_once(world: World) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    received = anna.received
    await ben.taps("A7 · Read")
    await ben.taps("Let's talk about it")
    assert "✓ let's talk" in ben.screen
    await world.later(minutes=10)
    assert anna.received == received + 1
    assert "would like to make room for it" in anna.screen


NOT_IN_IT = "The check-in that is still open was not part of it."


@pytest.mark.parametrize("finishes", [False, True])
async def test_whoever_has_an_open_check_in_is_told_that_it_was_not_read(
    world: World, finishes: bool
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Fri 13:00")
    await world.until("Fri 14:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await world.until("Fri 14:20")
    await anna.answers(8, 8)
    await world.until("Fri 17:00")
    assert "open until" in ben.screen
    if finishes:
        await anna.checks_in(8, 8, 8)
    await ben.taps("Read this one")
    await world.later(minutes=3)
    read = "Your therapist read your check-in. Nothing to do."
    assert anna.screen == f"{read}\n\n{NOT_IN_IT}\n\nYou can't reply here."


async def test_what_was_read_is_not_called_open(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Fri 13:00")
    await world.until("Fri 14:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.taps("Read this one")
    await world.later(minutes=3)
    assert "Your therapist read your check-in. Nothing to do." in anna.screen
    assert NOT_IN_IT not in anna.screen


async def test_read_raised_to_talk_afterwards_is_told_once_more(world: World) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    received = anna.received
    await ben.taps("A7 · Read")
    await world.later(minutes=3)
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    assert anna.received == received + 2
    assert "would like to make room for it" in anna.screen


async def test_who_would_rather_not_is_not_asked_about_it(world: World) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    await anna.taps("I'd rather not")
    assert "Your therapist will see that you would rather not." in anna.screen
    await ben.opens("A7")
    assert "would rather not" in ben.screen
    await world.until("Mon 09:00")
    await ben.types("/today")
    assert "A7 · last 6.8 · heard 2 · would rather not talk about the last one" in ben.screen
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert not anna.sees("Did you two talk about it?")
    assert "Thank you." in anna.screen
    await world.until("Fri 17:00")
    assert "A7 · Mon 15:00 ▆▇ 8.0 · would rather not talk about the last one" in ben.screen


async def test_who_declines_while_being_asked_is_not_asked_about_it_any_more(world: World) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    await ben.taps("Let's talk about it")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8)
    question = anna.phone.last
    await anna.taps("I'd rather not", anna.sees("would like to make room for it"))
    await anna.taps("8", question)
    await anna.taps("Skip ›")
    assert not anna.sees("Did you two talk about it?")
    assert anna.sees("Thank you. This goes to your therapist on")


async def test_what_the_client_did_not_know_at_the_session_is_not_asked_about(
    world: World,
) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    await world.until("Mon 15:30")
    await ben.taps("Let's talk about it")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert not anna.sees("Did you two talk about it?")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert anna.sees("Did you two talk about it?")


async def test_read_raised_to_talk_during_the_session_is_not_asked_about(world: World) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    await ben.taps("A7 · Read")
    await world.until("Mon 15:30")
    await ben.taps("Let's talk about it")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert not anna.sees("Did you two talk about it?")


async def test_who_has_stopped_is_not_told_and_the_therapist_learns_that(world: World) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    received = anna.received
    toast = await ben.taps("Let's talk about it")
    assert toast == "Noted. A7 has stopped or left, and is not told."
    await world.later(hours=20)
    assert anna.received == received


@pytest.mark.parametrize(("said", "shown"), [("Yes", "Yes"), ("No", "No")])
async def test_whether_it_was_talked_about_reaches_the_next_digest(
    world: World, said: str, shown: str
) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    await ben.taps("Let's talk about it")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    await anna.taps(said)
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert f"Talked about it: {shown}" in ben.screen


async def test_no_client_is_told_in_quiet_hours(world: World) -> None:
    anna, ben = await digest_after(world, 2, 8, 8, 8, 8)
    await world.until("Fri 22:00")
    received = anna.received
    await ben.taps("Let's talk about it")
    await world.until("Sat 07:50")
    assert anna.received == received
    await world.until("Sat 08:00")
    assert anna.received == received + 1


async def test_calm_clients_are_read_with_one_button(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 16:00")
    await world.until("Mon 17:20")
    for client in (anna, cora):
        await client.checks_in(9, 9, 9, 9, 9)
    await world.until("Fri 17:00")
    assert "Nothing stands out; 2 of 2 answered." in ben.screen
    assert "Calm (2)" in ben.screen
    await ben.taps("Read these 2")
    assert "Read these 2" not in ben.phone.last.labels
    await world.later(minutes=3)
    for client in (anna, cora):
        assert "Your therapist read your check-in." in client.screen


async def test_the_button_says_which_are_only_begun(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 16:00")
    await world.until("Mon 17:20")
    await anna.answers(9, 9)
    await cora.answers(9, 9)
    await world.until("Fri 17:00")
    assert "Begun, not finished (2)" in ben.screen
    assert "Read these 2, only begun" in ben.phone.last.labels
    await world.until("Mon 17:20")
    await anna.answers(9, 9)
    await cora.checks_in(9, 9, 9, 9, 9)
    await world.until("Fri 17:00")
    await ben.taps("Read these 2, 1 only begun")
    assert not any("Read" in label for label in ben.phone.last.labels)
    await world.until("Mon 16:20")
    await anna.answers(9)
    await world.until("Fri 17:00")
    assert "Read this one, only begun" in ben.phone.last.labels


async def test_who_only_began_is_told_that_it_was_read_and_who_rated_nothing_is_not(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 16:00")
    await world.until("Mon 17:20")
    await anna.answers(9)
    await cora.taps("Skip ›")
    await world.until("Fri 17:00")
    await ben.taps("Read this one, only begun")
    await world.later(minutes=3)
    assert "Your therapist read your check-in." in anna.screen
    assert "read your check-in" not in cora.everything


async def test_silence_can_not_be_acknowledged(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Fri 17:00")
    assert "no answer" in ben.screen
    assert not any("Read" in label or "talk" in label for label in ben.phone.last.labels)
    await ben.opens("A7")
    assert not any("Read" in label or "talk" in label for label in ben.phone.last.labels)


@pytest.mark.settings(DAILY)
async def test_silence_after_a_low_answer_ranks_above_calm(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Tue 16:00")
    await world.meets(ben, "A7", "Mon 15:00", "once")
    await world.until("Mon 16:20")
    await anna.checks_in(1, 1, 1, 1, 1)
    await world.until("Fri 17:00")
    await world.meets(ben, "A7", "Mon 15:00", "once")
    await world.until("Tue 17:20")
    await cora.checks_in(9, 9, 9, 9, 9)
    await world.until("Fri 17:00")
    assert "no answer after a low one" in ben.screen
    assert ben.screen.index("A7") < ben.screen.index("C3")


async def test_a_correction_after_the_digest_enters_the_next_one_labelled(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Fri 15:00")
    await world.until("Fri 16:20")
    await anna.checks_in(9, 9, 9, 9, 9)
    await world.until("Fri 17:00")
    assert "changed since" not in ben.screen
    await world.later(minutes=20)
    await anna.taps("Change")
    await anna.taps("Bond")
    await anna.taps("6")
    await world.until("Fri 17:00")
    assert "changed since the last digest" in ben.screen
    await ben.opens("A7")
    assert "bond 6" in ben.screen


async def test_today_shows_the_last_score_and_the_wish_to_talk(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 09:00")
    await ben.types("/today")
    assert "15:00 · A7" in ben.screen
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 7)
    await anna.types("the holidays")
    await anna.taps("Raise it for me")
    await world.until("Mon 09:00")
    await ben.types("/today")
    assert "15:00 · A7 · last 7.8 · wants to talk about something: see Details" in ben.screen
    assert "not comparable with SRS or WAI scores" in ben.screen
    await world.until("Tue 09:00")
    await ben.types("/today")
    assert "No appointments today." in ben.screen


async def test_scores_never_stand_without_their_label(world: World) -> None:
    _, ben = await digest_after(world, 2, 8, 8, 8, 8)
    label = "Conversation aid. Not validated; no norms or clinical cut-offs;"
    assert label in ben.screen
    await ben.opens("A7")
    assert label in ben.screen


async def test_clients_never_see_each_other(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Tue 15:00")
    await world.until("Mon 16:20")
    before = cora.received
    await anna.answers(8, 8, 8, 8, 7)
    await anna.types("a secret of my own")
    await anna.taps("Show my therapist")
    assert cora.received == before
    await world.until("Fri 17:00")
    for seen in (cora.everything, anna.everything):
        for code in ("A7", "C3"):
            assert code not in seen
    assert "secret" not in cora.everything
    assert anna.phone.name not in ben.screen


async def test_a_digest_missed_while_the_program_was_down_comes_once_at_restart(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    received = ben.received
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.moment("Sat 11:00"))
    await world.stage.open()
    await world.step()
    assert ben.received == received + 1
    assert "1 of 1 answered" in ben.screen
    await world.until("Sun 11:00")
    assert ben.received == received + 1
