"""A check-in that was about somebody else's appointment: taken away, or given to whose it was."""

from __future__ import annotations

import json

from world import Human, World

OPENING = "A short check-in about Monday is ready."
MISTAKE = "A check-in about Mon, Nov 2 was sent to you by mistake."
LOW = (2, 3, 2, 3, 2)


async def two_clients(world: World) -> tuple[Human, Human, Human]:
    """Let Anna be asked about an appointment that was Cora's; both are Ben's."""
    anna, ben = await world.pair("Anna", "Ben")
    cora, _ = await world.pair("Cora", "Ben", code="B2")
    await world.meets(ben, "A7", "Mon 15:00", "once")
    await world.until("Mon 16:20")
    assert anna.sees(OPENING)
    assert not cora.sees(OPENING)
    return anna, cora, ben


async def opened(ben: Human) -> None:
    """Open Anna's appointment in the list."""
    await ben.types("/appointments")
    await ben.taps(next(label for label in ben.phone.last.labels if "A7" in label))


async def sets_right(ben: Human, to: str) -> None:
    """Say whose appointment it was."""
    await opened(ben)
    await ben.taps("Wrong client")
    assert "Whose appointment was it?" in ben.screen
    await ben.taps(to)


async def test_the_appointment_goes_to_whose_it_was_who_is_asked(world: World) -> None:
    anna, cora, ben = await two_clients(world)
    await anna.checks_in(*LOW)
    await sets_right(ben, "B2")
    assert "A7 → B2" in ben.screen
    assert "A7 is told that it was a mistake" in ben.screen
    assert "B2 gets the appointment and is asked about it as usual, until" in ben.screen
    assert not cora.sees(OPENING)  # nothing counts before it is confirmed
    await ben.taps("Yes, that is right")
    assert "It is B2's appointment now" in ben.screen
    await world.later(minutes=2)
    assert cora.sees(OPENING)
    told = anna.sees(MISTAKE)
    assert told is not None
    assert "From now on nobody is shown what you answered there." in told.text

    await cora.checks_in(9, 9, 9, 9, 9)
    await world.until("Fri 17:00")
    digest = ben.screen
    assert "B2" in digest
    assert "A7" not in digest
    # Never what one said about somebody else's session with the other.
    assert "2.4" not in ben.everything


async def test_it_was_nobodys(world: World) -> None:
    anna, cora, ben = await two_clients(world)
    await sets_right(ben, "Nobody's")
    assert "A7 → nobody" in ben.screen
    await ben.taps("Yes, that is right")
    await world.later(minutes=2)
    told = anna.sees(MISTAKE)
    assert told is not None
    assert "answered" not in told.text
    assert anna.sees("These questions are no longer open. There is nothing to do.")
    assert not cora.sees(OPENING)
    received = anna.received
    await world.until("Fri 18:00")
    assert anna.received == received  # no reminder either
    assert "A7" not in ben.screen


async def test_after_the_digest_it_leaves_the_digest_and_the_details(world: World) -> None:
    anna, _, ben = await two_clients(world)
    await anna.checks_in(*LOW)
    await world.until("Fri 17:00")
    assert "A7" in ben.screen
    assert "2.4" in ben.screen
    await ben.opens("A7")
    await ben.taps("Wrong client")
    await ben.taps("Mon, Nov 2, 15:00")
    await ben.taps("B2")
    assert "Nothing is asked about it" in ben.screen
    await ben.taps("Yes, that is right")
    await world.later(minutes=2)
    assert anna.sees(MISTAKE)

    await world.meets(ben, "A7", "Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    assert "2.4" not in ben.screen
    await ben.opens("A7")
    assert "2.4" not in ben.screen
    assert "Mon, Nov 2" not in ben.screen
    await anna.types("/history")
    assert "Nov 2" not in anna.screen


async def test_what_was_answered_stays_as_it_was_until_its_client_erases(world: World) -> None:
    anna, _, ben = await two_clients(world)
    await anna.checks_in(*LOW)
    said = await world.rows("SELECT * FROM answer ORDER BY 1, 2")
    assert len(said) >= len(LOW)
    await sets_right(ben, "B2")
    await ben.taps("Yes, that is right")
    await world.later(minutes=2)
    assert await world.rows("SELECT * FROM answer ORDER BY 1, 2") == said
    await anna.types("/export")
    _, held = [seen.document for seen in anna.phone.chat if seen.from_bot and seen.document]
    (checkin,) = json.loads(held)["checkins"]
    assert checkin["state"] == "cancelled"
    rated = [one["value"] for one in checkin["answers"] if isinstance(one["value"], int)]
    assert sorted(rated) == sorted(LOW)
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert await world.rows("SELECT * FROM answer") == []


async def test_the_page_it_stood_on_is_without_it_when_it_is_opened_again(world: World) -> None:
    anna, cora, ben = await two_clients(world)
    await world.meets(ben, "B2", "Tue 15:00", "once")
    await anna.checks_in(*LOW)
    await world.until("Tue 16:20")
    await cora.checks_in(7, 7, 7, 7, 7)
    await world.until("Fri 17:00")
    page = ben.phone.last
    assert "A7" in page.text
    assert "B2" in page.text
    await sets_right(ben, "Nobody's")
    await ben.taps("Yes, that is right")
    again = next(seen for seen in ben.phone.chat if seen.message_id == page.message_id)
    assert "B2" in again.text
    assert "A7" not in again.text
    assert "2.4" not in again.text


async def test_who_was_not_asked_is_told_nothing(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await world.meets(ben, "A7", "Mon 15:00", "once")
    await world.until("Mon 15:20")
    received = anna.received
    await sets_right(ben, "Nobody's")
    assert "A7 was not asked about it, and is not told anything." in ben.screen
    await ben.taps("Yes, that is right")
    await world.until("Wed 12:00")
    assert anna.received == received


async def test_who_has_stopped_hears_nothing(world: World) -> None:
    anna, _, ben = await two_clients(world)
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    received = anna.received
    await sets_right(ben, "Nobody's")
    await ben.taps("Yes, that is right")
    await world.later(hours=20)
    assert anna.received == received


async def test_where_the_other_has_an_appointment_then_nothing_changes(world: World) -> None:
    anna, _, ben = await two_clients(world)
    await ben.types("/add B2 2026-11-02 15:00 50m once")
    await ben.taps("Confirm")
    await anna.checks_in(*LOW)
    await opened(ben)
    await ben.taps("Wrong client")
    alert = await ben.taps("B2")
    assert "B2 already has an appointment at that time" in alert
    await world.later(minutes=2)
    assert not anna.sees(MISTAKE)
    await world.until("Fri 17:00")
    assert "2.4" in ben.screen


async def test_it_is_done_once(world: World) -> None:
    anna, cora, ben = await two_clients(world)
    await sets_right(ben, "B2")
    yes = ben.data("Yes, that is right")
    await ben.taps("Yes, that is right")
    alerts = await ben.forges(yes)
    assert "was changed before" in alerts[0]
    await world.later(minutes=2)
    assert anna.everything.count(MISTAKE) == 1
    assert cora.everything.count(OPENING) == 1


async def test_one_that_has_not_begun_is_cancelled_or_moved_instead(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await opened(ben)
    assert "Wrong client" not in ben.phone.last.labels


async def test_another_therapist_cannot(world: World) -> None:
    anna, _, ben = await two_clients(world)
    carl = await world.therapist("Carl")
    await opened(ben)
    tap = ben.data("Wrong client")
    alerts = await carl.forges(tap, tap.replace("wrong.", "wrongok.") + ".0")
    assert all("not in your list" in alert for alert in alerts)
    await world.later(minutes=2)
    assert not anna.sees(MISTAKE)


async def test_the_clients_own_session_of_that_day_is_asked_about(world: World) -> None:
    anna, _, ben = await two_clients(world)
    await ben.types("/add A7 2026-11-02 18:00 50m once")
    await ben.taps("Confirm")
    await sets_right(ben, "B2")
    await ben.taps("Yes, that is right")
    await world.until("Mon 19:30")
    assert anna.sees(OPENING)  # at most one a day, and the other was none


async def test_who_was_asked_before_is_not_asked_again_when_it_comes_back(world: World) -> None:
    anna, cora, ben = await two_clients(world)
    await sets_right(ben, "B2")
    await ben.taps("Yes, that is right")
    await ben.types("/appointments")
    await ben.taps(next(label for label in ben.phone.last.labels if "B2" in label))
    await ben.taps("Wrong client")
    await ben.taps("A7")
    assert "Nothing is asked about it" in ben.screen
    await ben.taps("Yes, that is right")
    await world.until("Wed 18:00")
    assert not anna.sees(OPENING)
    assert not cora.sees(OPENING)


async def test_nothing_is_said_or_asked_of_what_was_acknowledged(world: World) -> None:
    anna, _, ben = await two_clients(world)
    await anna.checks_in(*LOW)
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await sets_right(ben, "Nobody's")
    await ben.taps("Yes, that is right")
    await world.later(minutes=10)
    assert anna.sees("by mistake")
    assert not anna.sees("would like to make room")
    await world.meets(ben, "A7", "Mon 15:00", "once")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert "Did you two talk about it?" not in anna.everything
    assert "Thank you." in anna.screen


async def test_a_question_that_is_still_owed_comes_with_the_next_check_in(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(*LOW)
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await world.until("Mon 16:20")
    await ben.types("/appointments")
    await ben.taps("A7 Mon 9, 15:00")
    await ben.taps("Wrong client")
    await ben.taps("Nobody's")
    await ben.taps("Yes, that is right")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert "Did you two talk about it?" in anna.screen
