"""An emulated Telegram, a person, and a raw client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.emulator import Emulator, MovableClock, Person
from tests.emulator.rawbot import NOON, TOKEN, RawBot


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOON)


@pytest.fixture
async def emulator(clock: MovableClock) -> AsyncIterator[Emulator]:
    emulator = Emulator(TOKEN, clock, seed=1)
    async with emulator.serve():
        yield emulator


@pytest.fixture
async def bot(emulator: Emulator) -> AsyncIterator[RawBot]:
    async with aiohttp.ClientSession() as session:
        yield RawBot(emulator.base_url, session)


@pytest.fixture
def anna(emulator: Emulator) -> Person:
    """Somebody who has started the bot, and whose /start has been handled."""
    anna = emulator.person("Anna")
    anna.start()
    emulator.world.queue.clear()
    return anna
