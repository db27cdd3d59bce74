"""What a client has deleted from the chat does not come back of its own accord."""

from __future__ import annotations

import pytest
from world import Human, World

GONE = "Bad Request: message to edit not found"


def delete(world: World, anna: Human) -> int:
    """Let a client delete the newest message; give how many the bot had sent by then."""
    anna.phone.delete(anna.phone.last)
    world.to_be_refused.add(GONE)
    return anna.received


async def test_whoever_deleted_the_question_gets_the_reminder_and_nothing_beside_it(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    received = delete(world, anna)
    await world.until("Tue 12:30")
    assert anna.received == received + 1
    assert "One reminder, then no more." in anna.screen


async def test_whoever_deleted_a_check_in_is_not_written_to_when_it_closes(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Tue 12:30")
    received = delete(world, anna)
    await world.until("Thu 12:00")
    assert anna.received == received


@pytest.mark.parametrize("act", ["/stop", "/erase"])
async def test_whoever_has_left_gets_nothing_for_a_message_deleted_before(
    world: World, act: str
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8)
    received = delete(world, anna)
    await anna.types(act)
    await anna.taps("Stop the questions" if act == "/stop" else "Erase everything")
    await world.later(hours=12)
    assert anna.received == received + 1  # the answer to the command


async def test_an_outage_brings_no_deleted_question_back_and_the_next_answer_does(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8)
    received = delete(world, anna)
    for _ in range(2):
        await world.stage.close()
        world.stage.clock.advance_to(world.stage.clock.now() + 200_000)
        await world.stage.open()
        await world.step()
    assert anna.received == received
    await anna.types("7")
    assert "Question 4 of 5" in anna.screen
    assert anna.received == received + 1
    await anna.answers(8)
    assert "Question 5 of 5" in anna.screen
    assert anna.received == received + 1


async def test_a_question_deleted_at_the_tap_stands_in_the_new_message_from_then_on(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    world.stage.emulator.faults.add(
        "delay", seconds=0.5, method="editMessageText", chat=anna.phone.id
    )
    anna.phone.tap("8")
    delete(world, anna)
    await world.step()
    assert "Question 2 of 5" in anna.screen
    received = anna.received
    await anna.types("7")
    assert "Question 3 of 5" in anna.screen
    await world.until("Thu 12:00")
    assert "It is closed now" in anna.screen
    assert anna.received == received + 1  # the reminder
