"""Who stays silent is asked once how to go on, and each of the three answers is done.

1. After three check-ins in a row without an answer, once; again only after answers. 2. Less often
is after every second session, is said on the button's answer, and can be taken back. 3. The
therapist sees it. 4. Nobody is asked who has paused, stopped or left meanwhile.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from world import Human, World

from bot.core.timetable import local_on

QUESTION = "Keep asking?"


async def silent(world: World, times: int = 3) -> tuple[Human, Human]:
    """Let a client leave so many check-ins unanswered, up to the end of the last one's time."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for _ in range(times):
        await world.until("Mon 16:20")
        await world.until("Wed 17:00")
    return anna, ben


def asked_how(world: World, anna: Human) -> int:
    """Count how often the question was sent."""
    sent = world.stage.emulator.journal.sent(anna.phone.id)
    return sum(QUESTION in str(call.params.get("text")) for call in sent)


async def test_after_three_silences_there_is_one_question(world: World) -> None:
    anna, _ = await silent(world, 2)
    assert asked_how(world, anna) == 0
    await world.until("Mon 16:20")
    await world.until("Wed 17:00")
    assert QUESTION in anna.screen
    assert "My last three check-ins about sessions with Ben stayed unanswered" in anna.screen
    assert "that is all right" in anna.screen
    assert anna.phone.last.labels == ["Yes", "Less often", "Stop", "Help now"]
    for _ in range(4):
        await world.until("Wed 17:00")
    assert asked_how(world, anna) == 1


async def test_an_answer_begins_the_count_anew(world: World) -> None:
    anna, _ = await silent(world)
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    for _ in range(3):
        await world.until("Mon 16:20")
        await world.until("Wed 17:00")
    assert asked_how(world, anna) == 2


async def test_an_answer_that_counts_no_more_makes_no_old_silence_a_new_one(world: World) -> None:
    anna, ben = await silent(world)
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await ben.types("/appointments")
    on = date.fromisoformat(local_on(world.stage.clock.now(), "Europe/Berlin"))
    await ben.taps(f"A7 Mon {on.day}, 15:00")
    await ben.taps("We did not meet")
    for _ in range(2):
        await world.until("Mon 16:20")
        await world.until("Wed 17:00")
    assert asked_how(world, anna) == 1
    await world.until("Mon 16:20")
    await world.until("Wed 17:00")
    assert asked_how(world, anna) == 2


@pytest.mark.parametrize("quiet_until_then", [False, True])
async def test_nobody_is_asked_while_the_therapist_is_away(
    world: World, quiet_until_then: bool
) -> None:
    """Also where the question waited for the morning and the absence was said in the night."""
    anna, ben = await world.pair(
        "Anna", "Ben", meets="Mon 20:30" if quiet_until_then else "Mon 15:00"
    )
    for _ in range(2):
        await world.until("Tue 09:00")
        await world.until("Thu 12:00")
    await world.until("Tue 09:00")
    if quiet_until_then:
        await world.until("Wed 23:55")
    on = date.fromisoformat(local_on(world.stage.clock.now(), "Europe/Berlin"))
    first, last = on + timedelta(days=1), on + timedelta(days=4)
    await ben.types(f"/away {first.isoformat()} {last.isoformat()}")
    await ben.taps("Apply")
    await world.until("Sun 12:00")
    assert asked_how(world, anna) == 0
    await world.until("Tue 09:00")
    await world.until("Thu 12:00")
    assert asked_how(world, anna) == 1


async def test_one_answer_in_between_is_no_silence(world: World) -> None:
    anna, _ = await silent(world, 2)
    await world.until("Mon 16:20")
    await anna.taps("We did not meet")
    for _ in range(2):
        await world.until("Mon 16:20")
        await world.until("Wed 17:00")
    assert asked_how(world, anna) == 0
    await world.until("Mon 16:20")
    await world.until("Wed 17:00")
    assert asked_how(world, anna) == 1


async def test_yes_goes_on_as_before(world: World) -> None:
    anna, ben = await silent(world)
    await anna.taps("Yes")
    assert "I ask after every session, as before." in anna.screen
    received = anna.received
    await world.until("Mon 16:20")
    assert anna.received == received + 1
    await ben.types("/clients")
    assert "A7 · active\n" in f"{ben.screen}\n"


async def test_less_often_is_after_every_second_session(world: World) -> None:
    anna, ben = await silent(world)
    await anna.taps("Less often")
    assert "From now on I ask after every second session only." in anna.screen
    await ben.types("/clients")
    assert "active, asked after every second session" in ben.screen
    counts = []
    for _ in range(4):
        received = anna.received
        await world.until("Mon 18:00")
        counts.append(anna.received - received)
        await world.until("Thu 12:00")
    assert counts == [0, 1, 0, 1]
    await world.until("Fri 17:00")
    await world.until("Fri 17:00")
    assert "not asked (every second session, as the client wishes)" in ben.screen


async def test_a_session_that_was_none_does_not_count_as_asked_about(world: World) -> None:
    anna, _ = await silent(world)
    await anna.taps("Less often")
    await world.until("Mon 18:00")
    await world.until("Mon 16:20")
    await anna.taps("We did not meet")
    received = anna.received
    await world.until("Mon 16:20")
    assert anna.received == received + 1
    assert "A short check-in about Monday is ready." in anna.screen


async def test_a_session_that_was_answered_before_it_moved_counts_as_asked_about(
    world: World,
) -> None:
    anna, ben = await silent(world)
    await anna.taps("Less often")
    await world.until("Mon 18:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await ben.types("/appointments")
    on = local_on(world.stage.clock.now(), "Europe/Berlin")
    await ben.taps(f"A7 Mon {date.fromisoformat(on).day}, 15:00")
    await ben.taps("Move it")
    for wanted in ("Wed ", "10", ":30"):
        await ben.taps(next(label for label in ben.phone.last.labels if wanted in label))
    await ben.taps("Move it there")
    await world.until("Thu 12:00")
    received = anna.received
    await world.until("Tue 12:00")
    assert anna.received == received
    await world.until("Mon 16:20")
    assert anna.received == received + 1


async def test_who_skips_is_not_silent(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for _ in range(3):
        await world.until("Mon 16:20")
        await anna.taps("Skip ›")
        await world.until("Wed 17:00")
    assert asked_how(world, anna) == 0


async def test_less_often_can_be_taken_back(world: World) -> None:
    anna, _ = await silent(world)
    await anna.taps("Less often")
    await anna.types("/stop")
    await anna.taps("After every session")
    assert "I ask after every session, as before." in anna.screen
    received = anna.received
    await world.until("Mon 16:20")
    assert anna.received == received + 1
    await anna.types("/stop")
    assert "After every session" not in anna.phone.last.labels


async def test_stop_stops(world: World) -> None:
    anna, ben = await silent(world)
    await anna.taps("Stop")
    assert "The questions have stopped." in anna.screen
    received = anna.received
    await world.until("Mon 18:00")
    assert anna.received == received
    await world.until("Fri 17:00")
    assert "stopped the questions" in ben.everything


@pytest.mark.parametrize("command", ["/pause", "/stop"])
async def test_who_pauses_or_stops_in_the_night_is_not_asked(world: World, command: str) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 20:30")
    for _ in range(3):
        await world.until("Tue 09:00")
        await world.until("Wed 23:55")
    await anna.types(command)
    await anna.taps("2 weeks" if command == "/pause" else "Stop the questions")
    await world.until("Fri 12:00")
    assert asked_how(world, anna) == 0


async def test_an_old_button_changes_nothing_for_who_has_stopped(world: World) -> None:
    anna, _ = await silent(world)
    asked = anna.phone.last
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    before = await world.facts()
    assert "The questions are not running" in await anna.taps("Less often", asked)
    assert await world.facts() == before
