"""Telegram orders silence for a while: nothing is lost by it; afterwards all is decided anew."""

from __future__ import annotations

import asyncio

import pytest
from world import World

PROMPT = "A short check-in about Monday is ready."
ONCE = pytest.mark.parametrize("world", ["as it is"], indirect=True)
_SECONDS = 900


class Silence:
    """Time that passes only when it is over, where the stage's would have passed at once."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.over = asyncio.Event(), asyncio.Event()
        self._clock = world.stage.clock
        self._at_once = self._clock.sleep
        monkeypatch.setattr(self._clock, "sleep", self._sleep)
        world.stage.emulator.faults.add(
            "status", status=429, retry_after=_SECONDS, method="sendMessage"
        )

    async def _sleep(self, seconds: float) -> None:
        if seconds > 60 and not self.over.is_set():
            self.begun.set()
            await self.over.wait()
        await self._at_once(seconds)

    def end(self) -> None:
        """Let it be over."""
        self._clock.advance_to(self._clock.now() + _SECONDS * 1000)
        self.over.set()


async def asked_in_silence(world: World, monkeypatch: pytest.MonkeyPatch) -> Silence:
    """Let two questions be due, of which Telegram does not take the first."""
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.pair("Cora", "Ben", "B2", meets="Mon 15:00")
    await world.until("Mon 16:15")
    silence = Silence(world, monkeypatch)
    world.stage.clock.advance_to(world.stage.moment("Mon 16:20"))
    while await world.stage.running.room.asking.ask_one():
        pass
    return silence


def questions(world: World) -> list[int]:
    """Count the questions that have ever come to each of the two."""
    sent = world.stage.emulator.journal.sent
    return [len(sent(world.human(name).phone.id, PROMPT)) for name in ("Anna", "Cora")]


@ONCE
async def test_who_stops_during_the_silence_is_not_asked_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = await asked_in_silence(world, monkeypatch)
    delivering = asyncio.create_task(world.stage.running.ticks.run_once())
    await silence.begun.wait()
    for pair, client in await world.rows("SELECT id, client_id FROM pair"):
        await world.stage.running.room.privacy.stop(client, pair)
    silence.end()
    await delivering
    await world.step()
    assert questions(world) == [0, 0]


@ONCE
async def test_a_restart_during_the_silence_costs_no_question(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = await asked_in_silence(world, monkeypatch)
    world.stage.running.ticks.start()
    await silence.begun.wait()
    await world.stage.close()
    silence.end()
    await world.stage.open()
    await world.step()
    await world.later(minutes=10)
    assert questions(world) == [1, 1]
    assert set(await world.rows("SELECT state FROM message WHERE kind = 'prompt'")) == {("sent",)}
