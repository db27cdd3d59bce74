"""A bot on the wire to a server that can fail, and its messenger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.transport.messenger import BotMessenger
from bot.transport.pacing import Pacing
from bot.transport.request import WireBot, make_bot
from tests.transport.clocks import HastyClock
from tests.transport.faultserver import FaultServer

TOKEN = "4242:AnnaAndBenAreTheOnlyOnesWhoKnowIt"


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    it = FaultServer()
    listening = await asyncio.start_server(it.connected, "127.0.0.1", 0)
    it.port = listening.sockets[0].getsockname()[1]
    yield it
    listening.close()
    await it.close()


@pytest.fixture
async def bot(server: FaultServer) -> AsyncIterator[WireBot]:
    it = make_bot(TOKEN, server.url)
    await it.initialize()
    server.calls.clear()
    yield it
    await it.shutdown()


@pytest.fixture
def clock() -> HastyClock:
    return HastyClock()


@pytest.fixture
def unhurried(bot: WireBot, clock: HastyClock) -> BotMessenger:
    """A messenger whose pacing never makes a test wait."""
    return BotMessenger(bot, Pacing(clock, per_second=1e6, per_chat_per_second=1e6, burst=1000))
