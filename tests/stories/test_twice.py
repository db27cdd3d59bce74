"""Telegram brings every update twice: it is done once, and what it came to is shown again."""

from __future__ import annotations

from world import World

from tests.stories.test_goals import noted
from tests.stories.test_handover import is_asked
from tests.stories.test_mirror import guesses, mirrored
from tests.stories.test_relinking import AGREED, GOES_ON, NEW, half_answered, link_for, number_on


def everything_twice(world: World) -> None:
    """Let each update come again once the program has told Telegram to forget it."""
    world.stage.emulator.faults.repeat_updates = 1.0


async def test_joining_and_agreeing(world: World) -> None:
    ben = await world.therapist("Ben")
    link = await world.invites(ben, "A7")
    everything_twice(world)
    anna = world.human("Anna")
    await anna.starts(link)
    assert "Which language shall I use?" in anna.screen
    assert "not valid" not in anna.everything
    await anna.taps("English")
    await anna.taps("Yes, that is right")
    await anna.taps("I agree")
    assert "Your therapist will confirm that it is you" in anna.screen
    await ben.taps("Yes, that is my client")
    assert "Everything is ready." in anna.screen
    assert await world.rows("SELECT count(*) FROM pair") == [(1,)]
    assert await world.rows("SELECT count(*) FROM consent") == [(1,)]


async def test_a_goal_is_noted_worded_anew_and_reached(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    everything_twice(world)
    await noted(anna, "Go out alone")
    await anna.taps("1 · Go out alone")
    await anna.taps("Word it anew")
    assert "Go out alone" in anna.screen
    await anna.types("Go out, alone or not")
    assert "I did not keep this message" not in anna.everything
    await anna.taps("1 · Go out, alone or not")
    await anna.taps("Reached")
    assert "Add a goal" in anna.phone.last.labels
    ended = await world.rows("SELECT state FROM goal ORDER BY state")
    assert ended == [("reached",), ("reworded",)]


async def test_a_guess(world: World) -> None:
    _, ben = await mirrored(world)
    await world.until("Mon 16:20")
    everything_twice(world)
    await guesses(ben, 9, 8, 7, 6)
    assert "Question 5 of 5" in ben.screen
    await ben.answers(5)
    assert "✓ A7 · Mon 15:00" in ben.phone.last.labels
    assert await world.rows("SELECT count(*) FROM mirror_rating") == [(5,)]


async def test_a_new_phone_takes_over(world: World) -> None:
    anna, ben = await half_answered(world)
    link = await link_for(ben)
    everything_twice(world)
    new = world.human(NEW)
    await new.starts(link)
    number = number_on(new)
    await ben.types(f"/relink A7 {number}")
    assert "goes on in the new account" in ben.screen
    assert AGREED in new.screen
    await new.taps("I agree")
    assert new.sees("Question 3 of 5")
    assert sum(GOES_ON in (seen.text or "") for seen in anna.phone.chat) == 1


async def test_going_on_with_a_colleague(world: World) -> None:
    anna, _, fay = await is_asked(world)
    everything_twice(world)
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    assert await world.rows("SELECT answer FROM handover_pair WHERE answer IS NOT NULL") == [
        ("share",)
    ]
    assert await world.rows("SELECT count(*) FROM pair") == [(3,)]
    assert fay.sees("A7")


async def test_not_going_on(world: World) -> None:
    anna, _, _ = await is_asked(world)
    everything_twice(world)
    await anna.taps("No, thank you")
    assert "That is all right" in anna.screen
    assert await world.rows("SELECT count(*) FROM pair") == [(2,)]
