"""A served emulator, somebody who has started the bot, and a raw HTTP client in the bot's place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from bot.emulator import Emulator, MovableClock, Person

TOKEN = "12345:emulated"
NOON = 1_790_000_000_000


@dataclass
class Reply:
    """What came back over HTTP."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def result(self) -> Any:
        assert self.status == 200, self.body
        assert self.body["ok"] is True
        return self.body["result"]

    @property
    def error(self) -> str:
        assert self.body["ok"] is False
        assert self.body["error_code"] == self.status
        return str(self.body["description"])


class RawBot:
    """The bot's side of the wire without any bot library."""

    def __init__(self, emulator: Emulator, session: aiohttp.ClientSession) -> None:
        self.emulator = emulator
        self.session = session

    def address(self, method: str) -> str:
        return f"{self.emulator.base_url}{TOKEN}/{method}"

    async def __call__(self, method: str, **params: Any) -> Reply:
        return await self.request(method, json=params)

    async def request(self, method: str, *, verb: str = "POST", **how: Any) -> Reply:
        async with self.session.request(verb, self.address(method), **how) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, await answer.json(), headers)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOON)


@pytest.fixture
async def emulator(clock: MovableClock) -> AsyncIterator[Emulator]:
    emulator = Emulator(TOKEN, clock, seed=1)
    async with emulator.serve():
        yield emulator


@pytest.fixture
async def call(emulator: Emulator) -> AsyncIterator[RawBot]:
    async with aiohttp.ClientSession() as session:
        yield RawBot(emulator, session)


@pytest.fixture
def anna(emulator: Emulator) -> Person:
    """Anna has pressed Start; her /start is still in the queue."""
    anna = emulator.person("Anna")
    anna.start()
    return anna
