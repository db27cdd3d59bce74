"""What goes wrong on the way costs nobody an answer and asks nobody twice."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from world import World

from bot.store import connections
from tests.transactions import writing


async def _asked(world: World) -> None:
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")


async def test_a_reminder_that_perhaps_failed_leaves_the_question_where_it_is(
    world: World,
) -> None:
    await _asked(world)
    anna = world.human("Anna")
    await anna.answers(4, 8)
    world.stage.emulator.faults.add(
        "drop", stage="before", method="sendMessage", chat=anna.phone.id
    )
    await world.later(hours=24)

    assert anna.sees("Question 3 of 5") is not None
    assert anna.sees("This goes on in the newest message.") is None
    await anna.answers(7, 8, 9)
    assert "get in the way" in anna.screen


async def test_after_a_day_of_downtime_there_is_one_question_and_no_reminder_with_it(
    world: World,
) -> None:
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 15:30")
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.moment("Tue 15:30"))
    await world.stage.open()
    await world.stage.settle()
    anna = world.human("Anna")

    assert anna.everything.count("Question 1 of 5") == 1
    assert "One reminder" not in anna.everything


@pytest.mark.parametrize(("minutes", "lost"), [(1, False), (10, True)])
async def test_a_tap_that_an_outage_cost_is_asked_for_again(
    world: World, minutes: int, lost: bool
) -> None:
    await _asked(world)
    anna = world.human("Anna")
    await anna.answers(8)
    await world.stage.close()
    anna.phone.tap("7")
    world.stage.clock.advance_to(world.stage.clock.now() + minutes * 60_000)
    await world.stage.open()
    await world.stage.settle()

    assert ("I was away for a while." in anna.screen) is lost
    assert f"Question {2 if lost else 3} of 5" in anna.screen
    await anna.answers(9)
    assert "I was away" not in anna.screen
    assert await world.kept() == ([8, 9] if lost else [8, 7, 9])


async def test_text_added_after_it_was_shown_is_kept_until_it_is_shown_again(
    world: World,
) -> None:
    await _asked(world)
    anna = world.human("Anna")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.types("the open part")
    await anna.taps("Show my therapist")
    await anna.taps("Add something")
    await anna.types("the hidden part")
    await world.until("Fri 17:00")
    ben = world.human("Ben")
    await ben.taps("A7")

    assert "the hidden part" not in ben.everything
    assert "the open part" not in ben.everything


async def test_a_therapist_who_blocked_the_bot_gets_the_digest_later(world: World) -> None:
    await _asked(world)
    await world.human("Anna").answers(2, 2, 2, 2, 2)
    ben = world.human("Ben")
    await ben.does(ben.phone.block)
    await world.until("Sat 09:00")
    await ben.does(ben.phone.unblock)
    await ben.starts()

    assert ben.sees("Talk about this first: A7") is not None


async def test_quiet_hours_are_chosen_by_a_tap(world: World) -> None:
    anna, _ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/settings")
    seen = anna.sees("Quiet hours")
    assert seen is not None
    await anna.taps("20:00–09:00")
    assert anna.sees("Quiet hours: 20:00 to 09:00") is not None
    cora, _ = await world.pair("Cora", "Ben", code="B2", meets="Mon 16:00")
    await world.until("Mon 17:20")

    assert cora.sees("Question 1 of 5") is not None


@pytest.mark.parametrize("place", ["Europe/Lisbon", "Mars/Olympus"])
async def test_a_time_zone_can_be_typed(world: World, place: str) -> None:
    anna, _ben = await world.pair("Anna", "Ben")
    await anna.types(f"/zone {place}")

    if place == "Europe/Lisbon":
        assert "Time zone: Europe/Lisbon" in anna.screen
    else:
        assert "I don't know the time zone" in anna.screen


async def test_a_check_in_that_cannot_be_read_keeps_no_other_from_closing(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", code="A7", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 16:20")
    async with writing(world.stage.running.db) as tx:
        await tx.run(
            "UPDATE checkin SET known = X'01' WHERE pair_id ="
            " (SELECT id FROM pair WHERE code = 'A7')"
        )
    await world.until("Wed 16:30")
    states = await world.rows(
        "SELECT pair.code, checkin.state FROM checkin JOIN pair ON pair.id = checkin.pair_id"
        " ORDER BY pair.code"
    )
    assert states == [("A7", "open"), ("C3", "expired")]
    assert cora.screen.startswith("This check-in is closed, and")
    assert anna.phone.last.labels != []


async def test_deleted_text_that_another_process_kept_in_the_log_goes_at_the_next_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_BUSY_SECONDS", 0.05)
    await world.stage.restart()
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8)
    path = world.stage.running.db.path
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM answer").fetchall()
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert world.stage.running.db.owes_truncation
    other.close()
    await world.stage.running.ticks.run_once()
    assert not world.stage.running.db.owes_truncation
    assert path.with_name(path.name + "-wal").stat().st_size == 0


@pytest.mark.parametrize("seconds", [0.6, 2.0])
async def test_a_disk_that_stands_still_for_longer_than_anything_takes_costs_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Whoever taps waits behind the first one, and twice as long as an update may take."""
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.pair("Cora", "Ben", "B2", meets="Mon 15:00")
    await world.until("Mon 16:20")
    monkeypatch.setattr("bot.transport.intake._HANDLING_SECONDS", 0.2)
    monkeypatch.setattr("bot.transport.intake._SLOW_SECONDS", 0.1)
    other = sqlite3.connect(world.stage.settings.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    taps = [world.human(name).phone.tap("8") for name in ("Anna", "Cora")]
    await asyncio.sleep(seconds)
    other.rollback()
    other.close()
    for tap in taps:
        await tap.wait(5)
    await world.step()
    assert sorted(await world.kept()) == [8, 8]
    for name in ("Anna", "Cora"):
        assert "Question 2 of 5" in world.human(name).screen
