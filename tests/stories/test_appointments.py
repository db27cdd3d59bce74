"""The therapist's timetable by buttons, as far as clients feel it."""

from __future__ import annotations

from world import Human, World


async def opened(ben: Human, code: str = "A7") -> None:
    """Open the soonest appointment of a client."""
    await ben.types("/appointments")
    await ben.taps(next(label for label in ben.phone.last.labels if code in label))


async def test_an_appointment_added_by_buttons_is_asked_about(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await ben.types("/add")
    await ben.taps("A7")
    for wanted in ("Mon 2", "15", ":00", "50", "Every week"):
        await ben.taps(next(label for label in ben.phone.last.labels if wanted in label))
    assert "Confirm" in ben.phone.last.labels
    assert "Mon, Nov 2" in ben.screen
    await ben.taps("Confirm")
    assert "A7" in ben.screen
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen
    await world.until("Mon 16:20")
    assert anna.sees("A short check-in about Monday is ready.", button="We did not meet")


async def test_nothing_counts_before_it_is_confirmed(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await ben.types("/add A7 2026-11-02 15:00 50m weekly")
    received = anna.received
    await world.until("Wed 12:00")
    assert anna.received == received


async def test_a_cancelled_appointment_is_not_asked_about(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await opened(ben)
    await ben.taps("Cancel it")
    await ben.taps("Yes, cancel it")
    assert "cancelled" in ben.screen
    received = anna.received
    await world.until("Fri 18:00")
    assert anna.received == received
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen


async def test_a_moved_appointment_is_asked_about_on_its_new_day(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await opened(ben)
    await ben.taps("Move it")
    for wanted in ("Tue 3", "10", ":30"):
        await ben.taps(next(label for label in ben.phone.last.labels if wanted in label))
    await ben.taps("Move it there")
    assert "Tue, Nov 3, 10:30" in ben.screen
    received = anna.received
    await world.until("Mon 18:00")
    assert anna.received == received
    await world.until("Tue 11:50")
    assert "A short check-in about Tuesday is ready." in anna.screen


async def test_an_ended_pattern_asks_nothing_more(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/appointments")
    await ben.taps("Patterns")
    await ben.taps("A7 Mon 15:00")
    await ben.taps("Yes, end it")
    assert "The pattern of A7 has ended" in ben.screen
    received = anna.received
    for _ in range(2):
        await world.until("Mon 18:00")
    assert anna.received == received


async def test_a_pattern_replaced_asks_on_the_new_day_alone(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/add A7 2026-11-03 10:00 50m weekly")
    await ben.taps("Replace Mon 15:00")
    await world.until("Tue 11:20")
    assert "about Tuesday is ready." in anna.screen
    await world.until("Mon 18:00")
    assert not anna.sees("Nov 9")
    assert "about Monday" not in anna.screen


async def test_an_answered_session_that_is_moved_is_not_asked_about_again(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await opened(ben)
    await ben.taps("Move it")
    for wanted in ("Wed 4", "10", ":30"):
        await ben.taps(next(label for label in ben.phone.last.labels if wanted in label))
    await ben.taps("Move it there")
    received = anna.received
    await world.until("Fri 16:00")
    assert anna.received == received


async def test_a_mistyped_line_says_what_it_understood(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types("/add A7 15:00")
    assert "Something is missing" in ben.screen
    await ben.types("/add Z9 2026-11-02 15:00 50m weekly")
    assert (
        "You have no client with the code Z9. Your clients and their codes: /clients" in ben.screen
    )


async def test_a_session_that_did_not_take_place_can_be_corrected_after_the_digest(
    world: World,
) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Fri 17:00")
    await ben.types("/appointments")
    assert "Mon, Nov 2, 15:00 · A7 · past" in ben.screen
    await ben.taps("A7 Mon 2, 15:00")
    await ben.taps("We did not meet")
    assert "Mon, Nov 2, 15:00: did not meet" in ben.screen
