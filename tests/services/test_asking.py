"""Asking: one decision about each appointment, and all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.timetable import to_utc
from bot.services.asking import Asking
from tests.digest_support import INSTRUMENT, ZONE
from tests.digest_world import World, open_world, settings

ON = "2026-11-24"
NOW = to_utc(ON, "17:00", ZONE)


@dataclass
class Practice:
    """Ben's practice and Anna's pair A7, whose session at 15:00 is over and undecided."""

    world: World
    asking: Asking
    appointment: int

    async def made(self) -> list[int]:
        """Count check-ins, prompts and reminders."""
        (row,) = await self.world.rows(
            "SELECT (SELECT count(*) FROM checkin) AS checkins,"
            " (SELECT count(*) FROM message WHERE kind = 'prompt') AS prompts,"
            " (SELECT count(*) FROM message WHERE kind = 'reminder') AS reminders"
        )
        return list(dict(row).values())


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[Practice]:
    async with open_world(tmp_path, at=NOW) as world:
        chosen = settings(tmp_path)
        pair = await world.pair("A7")
        version = chosen.privacy.consent_version
        await world.run("UPDATE pair SET consent_version = :version", version=version)
        appointment = await world.appointment(pair, on=ON)
        instruments = {INSTRUMENT.name: {INSTRUMENT.version: INSTRUMENT}}
        asking = Asking(world.db, world.clock, world.ids, chosen, instruments)
        yield Practice(world, asking, appointment)


async def test_an_ended_appointment_is_asked_about_once(practice: Practice) -> None:
    assert await practice.asking.ask_one()
    assert not await practice.asking.ask_one()
    assert await practice.made() == [1, 1, 1]


async def test_a_decision_that_was_forgotten_asks_nobody_again(practice: Practice) -> None:
    await practice.asking.ask_one()
    await practice.world.run("UPDATE appointment SET asked = NULL")
    await practice.asking.ask_one()
    assert await practice.made() == [1, 1, 1]


async def test_what_cannot_be_decided_leaves_no_question_behind(practice: Practice) -> None:
    await practice.world.run(
        "CREATE TRIGGER broken BEFORE UPDATE OF asked ON appointment"
        " BEGIN SELECT RAISE(ABORT, 'broken'); END"
    )
    with pytest.raises(sqlite3.IntegrityError):
        await practice.asking.ask_one()
    assert await practice.made() == [0, 0, 0]
