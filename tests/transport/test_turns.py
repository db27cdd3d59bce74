"""Turns of what is brought one by one: in order, and nobody faster than a person is."""

from __future__ import annotations

import asyncio

from bot.transport.turns import Turns
from tests.transport.clocks import HandClock, settle

ANNA, BEN = 1, 2


class Line:
    """Lets people send, and notes who had a turn."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.turns = Turns(self.clock)
        self.had: list[object] = []
        self.tasks: set[asyncio.Task[None]] = set()

    async def send(self, who: int | None, *whats: object) -> None:
        """Send several things at the same moment."""
        for what in whats:
            self.tasks.add(asyncio.create_task(self._take(who, what)))
        for _ in whats:
            await settle()
        await self.clock.move(0.001)  # what sums of tenths lack

    async def _take(self, who: int | None, what: object) -> None:
        async with self.turns.turn(who):
            self.had.append(what)


async def test_after_a_burst_it_goes_on_by_ten_a_second_in_order() -> None:
    line = Line()
    await line.send(ANNA, *range(60))
    assert line.had == list(range(20))
    await line.clock.move(1.05)
    assert line.had == list(range(30))
    await line.clock.move(3.0)
    assert line.had == list(range(60))


async def test_others_do_not_wait() -> None:
    line = Line()
    await line.send(ANNA, *range(60))
    await line.send(BEN, "Ben's")
    assert line.had[-1] == "Ben's"


async def test_after_a_quiet_time_there_is_a_burst_again_and_nothing_is_remembered() -> None:
    line = Line()
    await line.send(ANNA, *range(20))
    await line.clock.move(2.1)
    await line.send(BEN, "Ben's")
    assert not line.turns._lines
    assert len(line.turns._bursts) == 1
    await line.send(ANNA, *range(20, 40))
    assert line.had[-1] == 39


async def test_what_is_nobodys_does_not_wait_for_time() -> None:
    line = Line()
    await line.send(None, *range(60))
    assert line.had == list(range(60))
