"""Digests that lie unopened: one reminder, then a word to the admin, and never what is in them."""

from __future__ import annotations

from world import Human, World

REMINDER = "weekly digests have not been opened yet"


async def weeks(world: World, anna: Human, many: int, *numbers: int) -> None:
    """Let weeks pass, up to Friday's digest, in which Anna answers and nobody opens it."""
    for _ in range(many):
        await world.until("Mon 16:20")
        await anna.checks_in(*(numbers or (8, 8, 8, 8, 8)))
        await world.until("Fri 17:00")


async def test_two_unopened_digests_are_named_once_and_open_from_there(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await weeks(world, anna, 2)
    assert REMINDER not in ben.everything
    await world.until("Mon 16:59")
    assert REMINDER not in ben.everything
    await world.until("Mon 17:01")
    assert "The last 2 weekly digests have not been opened yet." in ben.screen
    assert world.dana.sees("have not been opened yet") is None
    await anna.checks_in(8, 8, 8, 8, 8)
    await weeks(world, anna, 1)
    assert ben.everything.count(REMINDER) == 1
    await ben.taps("Open the newest")
    assert REMINDER not in ben.everything


async def test_three_are_told_to_the_admin_without_a_word_of_what_is_in_them(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await weeks(world, anna, 3, 2, 8, 8, 8, 8)
    assert world.dana.sees("have not been opened yet") is None
    await world.until("Mon 17:01")
    told = world.dana.sees("The last 3 weekly digests of Ben have not been opened yet.")
    assert told is not None
    assert told.labels == []
    assert "A7" not in (told.text or "")
    await weeks(world, anna, 2)
    await world.until("Mon 17:01")
    assert world.dana.everything.count("have not been opened yet") == 1
    assert ben.everything.count(REMINDER) == 1


async def test_whoever_opens_one_in_time_is_not_reminded(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await weeks(world, anna, 2)
    await world.until("Sun 12:00")
    await ben.opens("A7")
    await world.until("Mon 17:01")
    await weeks(world, anna, 1)
    await world.until("Mon 17:01")
    assert REMINDER not in ben.everything
    await weeks(world, anna, 1)
    await world.until("Mon 17:01")
    assert "The last 2 weekly digests have not been opened yet." in ben.screen


async def test_weeks_of_silence_have_nothing_to_open(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for _ in range(3):
        await world.until("Fri 17:00")
    await world.until("Mon 17:01")
    assert REMINDER not in ben.everything


async def test_silence_that_stands_out_has_nothing_to_read_either(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await weeks(world, anna, 1, 2, 8, 8, 8, 8)
    await ben.taps("Let's talk about it")
    for _ in range(3):
        await world.until("Fri 17:00")
        assert "Talk about this first: A7" in ben.screen
        assert not any("Read" in label for label in ben.phone.last.labels)
    await world.until("Mon 17:01")
    assert REMINDER not in ben.everything
    assert world.dana.sees("have not been opened yet") is None
