"""The schedule is looked at, changed after a preview, told to those it concerns, and taken back."""

from __future__ import annotations

import pytest
from world import World

from bot.core.errors import Refused
from bot.services.schedule import By
from bot.services.schedule_changes import PRACTICE


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
    assert ben.sees("Week 45") is None
    await world.until("Fri 17:01")
    assert ben.sees("Week 45")
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
    await world.until("Wed 17:00")
    # Monday was asked about and Wednesday too: this week has none left, and would have one more.
    await world.dana.types("/schedule week 3")
    assert "that are asked about: 6, not 4" in world.dana.screen
    await world.dana.types("/schedule day 2")
    assert "that are asked about" not in world.dana.screen, "it stays as it is"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("lunch 12:00", "I can't read “lunch 12:00”"),
        ("delay 5000", "“5000” does not fit here"),
        ("digest 25:00", "“25:00” does not fit here"),
        ("expiry 10", "“10” does not fit here"),
        ("quiet 08:00 07:00", "“07:00” does not fit here"),
        ("delay -5", "“-5” does not fit here"),
        ("day 3", "“3” does not fit beside this value; please change that first: /schedule week 2"),
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
    await world.dana.taps("Apply")
    await world.dana.types("/schedule")
    await world.dana.taps("Ben")
    assert "30 min · own" in world.dana.screen
    await world.dana.taps("Undo the last change")
    assert "Change this?" in world.dana.screen
    assert "30 min → 60 min · as the practice" in world.dana.screen
    await world.dana.taps("Apply")
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


async def sets(world: World, hour: str) -> None:
    """Set the digest's hour as the command line does."""
    by = By(None, is_admin=True)
    await world.stage.running.room.schedule.apply(by, PRACTICE, {"digest.time": hour})


async def test_a_digest_that_is_due_is_made_before_its_hour_changes(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:21")
    await anna.answers(2, 8, 8, 8, 8)
    await world.until("Fri 16:30")
    # The bot is down over the hour; meanwhile somebody sets the schedule on the command line.
    world.stage.clock.advance_to(world.stage.moment("Fri 17:30"))
    with pytest.raises(Refused, match="digest_due"):
        await sets(world, "18:00")
    # A value that changes nothing may be set, and puts nothing off.
    await sets(world, "17:00")
    await world.step()
    assert ben.sees("A7", button="Let's talk about it")
    await sets(world, "18:00")
    await world.until("Fri 17:30")
    assert ben.sees("Week 46") is None
    await world.until("Fri 18:01")
    assert ben.sees("Week 46")


async def test_an_hour_that_is_taken_back_counts_as_it_did(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:21")
    await anna.answers(2, 8, 8, 8, 8)
    await world.until("Fri 16:50")
    await ben.types("/schedule digest 18:00")
    await ben.taps("Apply")
    await world.until("Fri 17:05")
    await ben.types("/schedule")
    await ben.taps("Undo the last change")
    assert "Next digest of Ben: Fri, Nov 6, 17:00, not Fri, Nov 6, 18:00" in ben.screen
    await ben.taps("Apply")
    assert ben.sees("A7", button="Let's talk about it"), "it is due, and comes at once"


async def test_what_could_never_be_asked_is_said(world: World) -> None:
    await world.pair("Anna", "Ben", meets="Mon 20:00")
    dana = world.dana
    await dana.types("/schedule reminder 5")
    await dana.taps("Apply")
    await dana.types("/schedule expiry 10")
    assert "not asked about, because it would be too late: 2, not 0" in dana.screen


async def test_news_says_what_still_holds(world: World) -> None:
    await world.pair("Anna", "Ben")
    ben, dana = world.people["Ben"], world.dana
    await world.until("Mon 22:00")
    for typed in ("digest thu 12:00", "digest 13:00"):
        await dana.types(f"/schedule {typed}")
        await dana.taps("Apply")
    await world.until("Tue 08:01")
    told = [seen.text or "" for seen in ben.phone.chat if "has changed" in (seen.text or "")]
    assert ["Thursday" in text for text in told] == [True, False]
    assert ["13:00" in text for text in told] == [True, True]


async def test_an_admin_who_is_a_therapist_types_for_the_practice_or_with_my(world: World) -> None:
    await world.therapist("Dana")
    dana = world.dana
    await dana.types("/schedule digest wed 11:00")
    assert "The practice" in dana.screen
    await dana.types("/schedule my digest wed 11:00")
    assert "Dana" in dana.screen
    await dana.types("/schedule")
    await dana.taps("My own")
    await dana.taps("Weekly digest")
    assert "/schedule my digest friday 17:00" in dana.screen


async def test_nobody_is_told_of_what_changes_nothing(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    told = ben.received
    await world.dana.types("/schedule delay 30")
    await world.dana.taps("Apply")
    assert ben.received == told


async def test_an_undo_reaches_as_far_as_the_same_is_in_force(world: World) -> None:
    await world.pair("Anna", "Ben")
    dana = world.dana
    await dana.types("/schedule quiet 22:00-07:00")
    await dana.taps("Apply")
    first = dana.data("Undo")
    await dana.types("/schedule quiet 22:00-06:00")
    await dana.taps("Apply")
    (toast,) = await dana.forges(first)
    assert "set again since" in toast
    await dana.taps("Undo")
    await dana.forges(first)
    await dana.types("/schedule")
    assert "Quiet for clients from: 21:00 · config.toml" in dana.screen


@pytest.mark.parametrize(
    "data",
    ["schname.0.lunch", "schname.0.before", "schprev.0.3.45", "schset.0.delay_minutes",
     "schset.0.lunch.45", "schset.0.delay_minutes.soon", "schundo.5", "sched.5"],
)  # fmt: skip
async def test_a_button_that_was_never_made_sets_nothing(world: World, data: str) -> None:
    await world.pair("Anna", "Ben")
    await world.dana.types("/schedule")
    (toast,) = await world.dana.forges(data)
    assert toast, "it is refused and not passed over"
    assert await world.rows("SELECT * FROM schedule_value") == []


async def test_who_is_out_of_reach_hears_of_a_change_afterwards(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.does(ben.phone.block)
    await world.dana.types("/schedule")
    await world.dana.taps("Question after a session")
    await world.dana.taps("60 min")
    await world.dana.taps("Apply")
    await world.later(hours=7)
    assert ben.sees("The practice's schedule has changed.") is None
    await ben.does(ben.phone.unblock)
    await world.later(hours=7)
    assert ben.sees("The practice's schedule has changed.") is not None
