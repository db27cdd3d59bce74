"""The morning card: the day's appointments, once, on time or not at all.

1. Off until somebody wants it. 2. Once on a day with appointments, by the therapist's clock. 3. Not
while away, and never late. 4. What it shows is what `/today` shows: codes and no names.
"""

from __future__ import annotations

from world import World


async def test_it_is_off_at_first_and_a_therapist_turns_it_on(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Tue 15:00")
    received = ben.received
    await world.until("Tue 12:00")
    assert ben.received == received
    await world.until("Tue 16:21")
    await anna.checks_in(2, 8, 8, 8, 8)
    await ben.types("/schedule card 7:30")
    assert "The day's appointments, in the morning: off → 07:30" in ben.screen
    await ben.taps("Apply")
    await world.until("Fri 18:00")
    received = ben.received
    await world.until("Tue 07:29")
    assert ben.received == received, (
        "no card on days without appointments, and none before its time"
    )
    await world.until("Tue 07:31")
    assert ben.received == received + 1
    assert "15:00 · A7 · last 6.8 · heard 2" in ben.screen
    assert "Anna" not in ben.screen
    await world.until("Tue 15:30")
    assert ben.received == received + 1, "once"
    await ben.types("/schedule card off")
    await ben.taps("Apply")
    card = "15:00 · A7 · last"
    shown = ben.everything.count(card)
    assert shown == 1
    await world.until("Fri 16:00")
    await world.until("Tue 12:00")
    assert ben.everything.count(card) == shown


async def test_it_comes_in_time_or_not_at_all(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Tue 15:00")
    await ben.types("/schedule card 07:30")
    await ben.taps("Apply")
    received = ben.received
    await world.until("Tue 07:00")
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.moment("Tue 09:31"))
    await world.stage.open()
    await world.step()
    await world.until("Tue 14:00")
    assert ben.received == received
    await world.until("Fri 18:00")
    received = ben.received
    await world.until("Tue 07:00")
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.moment("Tue 09:29"))
    await world.stage.open()
    await world.step()
    assert ben.received == received + 1


async def test_nobody_is_shown_a_day_while_away(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Tue 15:00")
    await ben.types("/schedule card 07:30")
    await ben.taps("Apply")
    await ben.types("/away 2.11.–5.11.")
    await ben.taps("Apply")
    received = ben.received
    await world.until("Thu 12:00")
    assert ben.received == received


async def test_the_practice_sets_it_for_all_who_have_not(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Tue 15:00")
    _, far = await world.pair("Cora", "Faraway", code="F9", meets="Tue 11:00")
    await far.types("/schedule card off")
    await far.taps("Apply")
    await world.dana.types("/schedule card 25:00")
    assert "“25:00” does not fit here" in world.dana.screen
    await world.dana.types("/schedule")
    await world.dana.taps("Morning card")
    await world.dana.taps("07:00")
    await world.dana.taps("Apply")
    assert ben.sees("The day's appointments, in the morning: 07:00")
    before = (ben.received, far.received)
    await world.until("Tue 08:00")
    assert (ben.received, far.received) == (before[0] + 1, before[1])
