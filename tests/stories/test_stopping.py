"""Stopping amid everything that is due: what has not left is not taken for something that has."""

from __future__ import annotations

import asyncio

import pytest
from world import World

from bot.store import outbox
from tests.transactions import writing

_HOUR_MS = 3_600_000
_MANY = 100
STATES = "SELECT state, count(*) FROM message WHERE part LIKE 'erase_declined:%' GROUP BY state"


async def owe_many(world: World) -> None:
    """Owe a client news, none of which may arrive twice."""
    (pair,) = await world.rows("SELECT id, client_id FROM pair")
    app = world.stage.running
    async with writing(app.db) as tx:
        for number in range(_MANY):
            assert await outbox.queue(
                tx, id=app.ids.new(), kind="notice", subject_id=int(str(pair[0])),
                part=f"erase_declined:{number}", person_id=int(str(pair[1])),
                pair_id=int(str(pair[0])), due_at=app.clock.now(),
                expires_at=app.clock.now() + 24 * _HOUR_MS, now=app.clock.now(),
            )  # fmt: skip


@pytest.mark.parametrize("world", ["as it is"], indirect=True)
async def test_a_stop_amid_a_burst_cuts_off_nothing_that_it_could_wait_for(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await owe_many(world)
    received = anna.received
    world.stage.emulator.faults.add("delay", method="sendMessage", seconds=0.4, times=None)
    world.stage.running.ticks.start()
    async with asyncio.timeout(10):
        while anna.received < received + 3:  # noqa: ASYNC110 - the phone tells it
            await asyncio.sleep(0.01)
    await world.stage.restart()
    states = dict(await world.rows(STATES))
    assert states["queued"] > 0
    assert states == {"queued": _MANY - states["sent"], "sent": anna.received - received}


@pytest.mark.parametrize("world", ["as it is"], indirect=True)
async def test_a_stop_that_cuts_a_hanging_call_short_draws_no_traceback(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.pair("Anna", "Ben")
    await owe_many(world)
    hole = world.stage.emulator.faults.add("black_hole", method="sendMessage", times=None)
    world.stage.running.ticks.start()
    async with asyncio.timeout(10):
        while not hole.struck:  # noqa: ASYNC110 - the fault tells it
            await asyncio.sleep(0.01)
    caplog.clear()
    await world.stage.running.ticks.stop(0.2)
    await asyncio.sleep(0.05)
    assert [one.name for one in caplog.records if one.exc_info] == []
    world.stage.emulator.faults.clear()
