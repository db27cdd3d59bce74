"""The schedule is looked at, changed after a preview, told to those it concerns, and taken back."""

from __future__ import annotations

import pytest
from world import World


async def test_an_admin_sees_every_value_and_where_it_comes_from(world: World) -> None:
    await world.pair("Anna", "Ben")
    await world.dana.types("/schedule")
    for line in (
        "Question after a session's end: 30 min · config.toml",
        "The one reminder, after the question: 20 h · config.toml",
        "Day of the weekly digest: Friday · config.toml",
        "Quiet for clients from: 21:00 · config.toml",
    ):
        assert line in world.dana.screen
    assert "Anna" not in world.dana.everything.split("schedule")[-1]


async def test_a_change_is_previewed_applied_told_and_counts(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    dana = world.dana
    await dana.types("/schedule")
    await dana.taps("Question after a session")
    await dana.taps("60 min")
    assert "Question after a session's end: 30 min → 60 min" in dana.screen
    assert "asked about at another time: 2" in dana.screen
    await world.until("Mon 16:21")
    assert "short check-in" not in ben.everything
    assert anna.sees("Question 1 of 5"), "a preview changes nothing"
    await dana.taps("Apply")
    assert "Changed." in dana.screen
    assert ben.sees("The practice's schedule has changed.")
    assert ben.sees("Question after a session's end: 60 min")
    await world.until("Wed 09:00")
    asked = anna.received
    await world.until("Mon 16:49")
    assert anna.received == asked
    await world.until("Mon 16:51")
    assert anna.received == asked + 1
    await dana.types("/schedule")
    assert "60 min · set for the practice" in dana.screen


async def test_what_was_set_is_taken_back_and_told_again(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    dana = world.dana
    await dana.types("/schedule digest thu 12:00")
    assert "Day of the weekly digest: Friday → Thursday" in dana.screen
    assert "Next digest of Ben: Thu, Nov 5, 12:00, not Fri, Nov 6, 17:00" in dana.screen
    await dana.taps("Apply")
    assert ben.sees("Your next digest comes Thu, Nov 5, 12:00.")
    await dana.taps("Undo")
    assert "Thursday → Friday · as in config.toml" in dana.screen
    assert ben.sees("Your next digest comes Fri, Nov 6, 17:00.")
    await world.until("Thu 13:00")
    assert ben.sees("Weekly digest") is None
    await world.until("Fri 17:01")
    await dana.types("/schedule")
    assert "Friday · config.toml" in dana.screen


async def test_a_therapist_sets_the_own_hour_and_nobody_elses(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:21")
    await anna.answers(3, 8, 8, 8, 8)
    await ben.types("/schedule")
    assert "Schedule of Ben" in ben.screen
    assert "reminder" not in ben.screen
    await ben.types("/schedule digest tuesday 12:00")
    assert "This holds for you alone." in ben.screen
    await ben.taps("Apply")
    assert "Tuesday" in ben.screen
    told = ben.received
    await world.until("Tue 12:01")
    assert ben.sees("A7", button="Let's talk about it")
    assert ben.received == told + 1, "nobody is told what they did themselves"
    await ben.types("/schedule week 5")
    assert "holds for the whole practice" in ben.screen
    await world.dana.types("/schedule digest sat 10:00")
    assert "own values and keep them: 1" in world.dana.screen
    await world.dana.taps("Apply")
    assert ben.sees("The practice's schedule has changed") is None


async def test_an_hour_that_was_over_when_it_was_chosen_begins_next_week(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:21")
    await anna.answers(8, 8, 8, 8, 8)
    await world.until("Wed 10:00")
    await ben.types("/schedule digest tuesday 12:00")
    assert "Next digest of Ben: Tue, Nov 10, 12:00, not Fri, Nov 6, 17:00" in ben.screen
    await ben.taps("Apply")
    await world.until("Mon 12:00")
    assert ben.sees("A7", button="Read") is None
    await world.until("Tue 12:01")
    assert ben.sees("A7")


async def test_quiet_hours_of_the_practice_hold_for_who_has_none(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 20:00")
    await world.dana.types("/schedule quiet 22:00-07:00")
    assert "for whom these count: 1" in world.dana.screen
    await world.dana.taps("Apply")
    await world.until("Mon 21:21")
    assert anna.sees("Question 1 of 5"), "at nine it would have been quiet before"
    await anna.types("/settings")
    assert "Quiet hours: 22:00 to 07:00" in anna.screen


async def test_shorter_hours_bring_a_waiting_reminder_forward(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 09:00")
    await world.until("Mon 10:21")
    await world.dana.types("/schedule reminder 5")
    assert "Waiting reminders that move: 1" in world.dana.screen
    await world.dana.taps("Apply")
    asked = anna.received
    await world.until("Mon 15:19")
    assert anna.received == asked
    await world.until("Mon 15:21")
    assert anna.received == asked + 1


async def test_caps_say_how_many_are_asked_about(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for on in ("2026-11-04", "2026-11-05"):
        await ben.types(f"/add A7 {on} 15:00 50m weekly")
        await ben.taps("Add beside it")
    await world.dana.types("/schedule week 1")
    assert "that are asked about: 2, not 4" in world.dana.screen


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("lunch 12:00", "I can't read “lunch 12:00”"),
        ("delay 5000", "“5000” does not fit here"),
        ("digest 25:00", "“25:00” does not fit here"),
        ("expiry 10", "“10” does not fit here"),
        ("quiet 08:00 07:00", "“07:00” does not fit here"),
    ],
)
async def test_what_does_not_fit_is_said_and_changes_nothing(
    world: World, typed: str, said: str
) -> None:
    await world.pair("Anna", "Ben")
    await world.dana.types(f"/schedule {typed}")
    assert said in world.dana.screen
    assert await world.rows("SELECT * FROM schedule_value") == []


async def test_the_same_value_can_be_made_ones_own(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types("/schedule delay 30")
    assert "30 min · stays so, whatever it would follow" in ben.screen
    await ben.taps("Apply")
    await world.dana.types("/schedule delay 60")
    assert "own values and keep them: 1" in world.dana.screen
    await world.dana.taps("Cancel")
    await world.dana.taps("Ben")
    assert "30 min · own" in world.dana.screen
    await world.dana.taps("Undo the last change")
    assert "30 min · as the practice" in world.dana.screen
    assert ben.sees("Your schedule has changed."), "an admin did that"


async def test_a_second_tap_changes_nothing_more(world: World) -> None:
    await world.pair("Anna", "Ben")
    dana = world.dana
    await dana.types("/schedule delay 45")
    apply = dana.data("Apply")
    await dana.taps("Apply")
    undo = dana.data("Undo")
    await dana.forges(apply)
    assert "it is so already" in dana.screen
    await dana.forges(undo)
    await dana.forges(undo)
    assert len(await world.rows("SELECT * FROM schedule_value")) == 2
    assert len(await world.rows("SELECT * FROM audit WHERE act = 'schedule set'")) == 2


async def test_clients_have_no_schedule_to_set(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await anna.types("/schedule delay 45")
    assert "Apply" not in anna.phone.last.labels
    assert await world.rows("SELECT * FROM schedule_value") == []
