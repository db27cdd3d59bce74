"""The thank-you says what became of the answers before these, and no more than is known."""

from __future__ import annotations

import pytest
from world import Human, World

UNKNOWN = "I can't tell whether it was read; you can raise it yourself."


async def _a_week(world: World, *numbers: int) -> tuple[Human, Human]:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(*numbers)
    assert "Your check-in of" not in anna.screen
    await world.until("Fri 17:00")
    return anna, ben


async def _again(world: World, anna: Human, talked: str | None = None) -> str:
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    if talked is not None:
        await anna.taps(talked)
    assert "This goes to your therapist on" in anna.screen
    return anna.screen


async def test_that_the_last_answers_were_read(world: World) -> None:
    anna, ben = await _a_week(world, 8, 8, 8, 8, 8)
    await ben.taps("Read this one")
    thanks = await _again(world, anna)
    assert "Your check-in of Mon, Nov 2 was read on Friday, Nov 6." in thanks
    assert "raise it yourself" not in thanks


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Yes", "was read on Friday, Nov 6, and you talked about it."),
        ("A bit", "was read on Friday, Nov 6, and you talked about it a bit."),
        ("No", "Your therapist wanted to make room for it; you can raise it yourself too."),
    ],
)
async def test_that_there_should_have_been_room_for_them(
    world: World, answer: str, words: str
) -> None:
    anna, ben = await _a_week(world, 2, 8, 8, 7, 9)
    await ben.taps("Let's talk about it")
    assert words in await _again(world, anna, answer)


async def test_whoever_would_rather_not_say_whether_they_talked_is_not_pressed(
    world: World,
) -> None:
    anna, ben = await _a_week(world, 2, 8, 8, 7, 9)
    await ben.taps("Let's talk about it")
    thanks = await _again(world, anna, "Rather not say")
    assert "Your check-in of Mon, Nov 2 was read on Friday, Nov 6." in thanks
    assert "make room" not in thanks


async def test_what_the_client_would_rather_not_talk_about_is_not_brought_up(
    world: World,
) -> None:
    anna, ben = await _a_week(world, 2, 8, 8, 7, 9)
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    await anna.taps("I'd rather not")
    thanks = await _again(world, anna)
    assert "was read on Friday, Nov 6." in thanks
    assert "make room" not in thanks.split("Your check-in of")[1]


async def test_that_nothing_is_known_where_nobody_has_said_anything(world: World) -> None:
    anna, _ = await _a_week(world, 2, 8, 8, 7, 9)
    thanks = await _again(world, anna)
    assert "Your check-in of Mon, Nov 2 was given to your therapist on Friday, Nov 6." in thanks
    assert UNKNOWN in thanks


async def test_a_digest_that_never_arrived_is_not_called_given(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    await ben.does(ben.phone.block)
    await world.until("Fri 17:00")
    assert "Your check-in of" not in await _again(world, anna)


@pytest.mark.settings("[checkin]\nper_week = 7\n")
async def test_answers_that_wait_for_the_same_digest_are_not_mentioned(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.meets(ben, "A7", "Wed 15:00", "once")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Wed 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    assert "Your check-in of" not in anna.screen


async def test_withheld_answers_have_no_fate(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    await anna.taps("Don't send")
    await anna.taps("Don't send")
    await world.until("Fri 17:00")
    assert "Your check-in of" not in await _again(world, anna)
