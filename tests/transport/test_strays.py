"""Who writes on and on: passed over after a while, and never where it may be an answer."""

from __future__ import annotations

import json

import pytest
from telegram import Update

from bot.store.database import current_update
from bot.transport.intake import Intake
from bot.transport.turns import Turns
from tests.transport.clocks import HastyClock
from tests.transport.test_receiver import ANNA, BEN, Practice, message, tap

IN_A_ROW = 20
LONG = "and another thing that nobody asked me about"


async def always(_: float) -> bool:
    return True


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
def intake(bot, practice) -> Intake:
    return Intake(bot, practice.process, practice.record_all, practice.set_aside, always)


def later(update: dict, seconds: int) -> dict:
    update["message"]["date"] += seconds
    return update


async def test_a_flood_is_recorded_and_not_looked_at_while_others_are(intake, practice):
    flood = [message(n, ANNA, LONG) for n in range(1, 91)]
    assert await intake.take([*flood, message(91, BEN, LONG)]) == 91
    assert practice.texts.count(LONG) == IN_A_ROW + 1
    assert (BEN, LONG) in practice.handled
    assert sorted(practice.recorded) == list(range(1, 92))


@pytest.mark.parametrize("said", ["7", " 8/10 ", "eight", "8 out of 10", "/help", "/stop"])
async def test_what_may_be_an_answer_is_looked_at(intake, practice, said):
    await intake.take([message(n, ANNA, LONG) for n in range(1, 50)])
    await intake.take([message(50, ANNA, said), tap(51, ANNA, "a:7")])
    assert practice.texts[-2:] == [said, "a:7"]


@pytest.mark.parametrize(("said", "other"), [("hm", "/help"), ("/help", "7")])
async def test_of_what_may_be_an_answer_three_a_second_are_looked_at(intake, practice, said, other):
    await intake.take([message(n, ANNA, said) for n in range(1, 90)])
    assert practice.texts == [said] * IN_A_ROW
    await intake.take([message(90, ANNA, other)])
    await intake.take([later(message(n, ANNA, said), 1) for n in range(91, 190)])
    assert practice.texts[IN_A_ROW:] == [other, said, said, said]
    assert sorted(practice.recorded) == list(range(1, 190))


async def test_after_a_tap_everything_is_looked_at_again(intake, practice):
    await intake.take([message(n, ANNA, LONG) for n in range(1, 50)])
    await intake.take([tap(50, ANNA, "a:7"), message(51, ANNA, LONG)])
    assert practice.texts[-2:] == ["a:7", LONG]


async def test_one_message_in_two_seconds_is_looked_at(intake, practice):
    await intake.take([message(n, ANNA, LONG) for n in range(1, IN_A_ROW + 1)])
    more = [later(message(100 + s, ANNA, f"{LONG} {s}"), s) for s in range(1, 7)]
    await intake.take(more)
    assert practice.texts[IN_A_ROW:] == [f"{LONG} {s}" for s in (2, 4, 6)]


async def test_a_backlog_written_in_hours_is_no_flood(intake, practice):
    backlog = [later(message(n, ANNA, LONG), 60 * n) for n in range(1, 90)]
    await intake.take(backlog)
    assert len(practice.handled) == len(backlog)


async def test_words_that_are_taken_are_never_passed_over(intake, practice):
    async def stores(_: Update) -> None:
        current_update.get().recorded = True

    practice.on[LONG] = stores
    await intake.take([message(n, ANNA, LONG) for n in range(1, 91)])
    assert len(practice.handled) == 90


async def test_one_by_one_it_is_the_same(intake, practice):
    turns = Turns(HastyClock())
    for number in range(1, 60):
        assert await intake.take_one(json.dumps(message(number, ANNA, LONG)).encode(), turns)
    assert len(practice.handled) == IN_A_ROW
    assert len(practice.recorded) == 59


async def test_edits_of_a_message_are_looked_at_once(intake, practice):
    def edit(update_id: int, number: int) -> dict:
        update = message(update_id, ANNA, "8")
        update["edited_message"] = {**update.pop("message"), "message_id": number, "edit_date": 9}
        return update

    await intake.take([edit(n, 7) for n in range(1, 21)])
    assert len(practice.handled) == 1
    assert sorted(practice.recorded) == list(range(1, 21))
    await intake.take([edit(21, 8), message(22, ANNA, "8")])
    assert len(practice.handled) == 3
