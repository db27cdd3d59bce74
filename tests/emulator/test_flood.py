"""Flood limits: how many messages pass, and the 429 that follows."""

from __future__ import annotations

import time
from contextlib import suppress

import aiohttp
import pytest

from bot.emulator import Emulator, FloodLimits
from bot.emulator.chats import Account, Chat
from bot.emulator.flood import Flood
from bot.emulator.refusals import Refusal
from tests.emulator.rawbot import TOKEN, RawBot


class Seconds:
    """A monotonic time that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _private(number: int) -> Chat:
    return Chat(number, "private", person=Account(number, "Anna"))


def _passed(flood: Flood, chat: Chat, tries: int) -> int:
    passed = 0
    for _ in range(tries):
        with suppress(Refusal):
            flood.check(chat)
            passed += 1
    return passed


def test_a_chat_takes_a_short_burst_and_then_one_a_second() -> None:
    # Bot API FAQ: no more than one message a second in a chat; short bursts are allowed.
    seconds = Seconds()
    flood = Flood(FloodLimits(), seconds)
    anna = _private(1)
    assert _passed(flood, anna, 10) == 5
    seconds.now += 1.5
    assert _passed(flood, anna, 10) == 1
    assert _passed(flood, _private(2), 10) == 5


def test_all_chats_together_take_thirty_a_second() -> None:
    # Bot API FAQ: about 30 messages a second to different people.
    seconds = Seconds()
    flood = Flood(FloodLimits(), seconds)
    assert sum(_passed(flood, _private(number), 1) for number in range(100)) == 30
    seconds.now += 0.5
    assert sum(_passed(flood, _private(number), 1) for number in range(100, 200)) == 15


def test_a_group_takes_twenty_a_minute() -> None:
    # Bot API FAQ: no more than 20 messages a minute to one group.
    seconds = Seconds()
    flood = Flood(FloodLimits(), seconds)
    group = Chat(-1, "group", title="Family")
    assert _passed(flood, group, 30) == 20
    seconds.now += 3.1
    assert _passed(flood, group, 30) == 1


def test_the_chat_stays_closed_until_the_stated_time() -> None:
    seconds = Seconds()
    flood = Flood(FloodLimits(chat_per_second=1, chat_burst=1), seconds)
    anna = _private(1)
    flood.check(anna)
    seconds.now += 0.5
    with pytest.raises(Refusal) as refused:
        flood.check(anna)
    assert (refused.value.code, refused.value.retry_after) == (429, 1)
    seconds.now += 0.9
    assert _passed(flood, anna, 1) == 0
    seconds.now += 0.2
    assert _passed(flood, anna, 1) == 1


async def test_a_429_over_http_names_the_seconds_twice_and_delivers_nothing() -> None:
    emulator = Emulator(TOKEN, flood=FloodLimits(chat_per_second=0.1, chat_burst=1))
    anna = emulator.person("Anna")
    anna.start()
    message = {"chat_id": anna.id, "text": "x"}
    async with emulator.serve() as url, aiohttp.ClientSession() as session:
        bot = RawBot(url, session)
        first = await bot.call("sendMessage", **message)
        async with session.post(f"{bot.url}/sendMessage", json=message) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "10")
            body = await response.json()
        assert body["description"] == "Too Many Requests: retry after 10"
        assert body["parameters"] == {"retry_after": 10}
        # Edits and answers to taps are no messages.
        await bot.call("editMessageText", chat_id=anna.id, message_id=first["message_id"], text="y")
    assert [seen.text for seen in anna.chat] == ["/start", "y"]


def test_an_album_counts_as_its_messages() -> None:
    flood = Flood(FloodLimits(), Seconds())
    anna = _private(1)
    flood.check(anna, 3)
    assert _passed(flood, anna, 5) == 2


def test_a_hasty_poll_gets_one_update_at_most() -> None:
    # tdlib/telegram-bot-api: the same offset within half a second has its limit set to 1.
    seconds = Seconds()
    flood = Flood(FloodLimits(), seconds)
    assert flood.slow_down(0, 100, 0) == (100, 0)
    seconds.now += 0.4
    assert flood.slow_down(0, 100, 0) == (1, 3)
    assert flood.slow_down(7, 100, 0) == (100, 0)
    seconds.now += 2.9
    assert flood.slow_down(7, 100, 50) == (100, 50)
    seconds.now += 3
    assert flood.slow_down(7, 100, 0) == (100, 0)


def test_a_second_conflict_is_held_back() -> None:
    # tdlib/telegram-bot-api fail_query_conflict: within three seconds of one, three seconds late.
    seconds = Seconds()
    flood = Flood(FloodLimits(), seconds)
    assert [flood.conflict_seconds(), flood.conflict_seconds()] == [0, 3]
    seconds.now += 3
    assert flood.conflict_seconds() == 0


async def test_a_poll_that_only_repeats_is_made_to_wait() -> None:
    # tdlib/telegram-bot-api: the same offset within three seconds waits, however short the poll.
    emulator = Emulator(TOKEN, flood=FloodLimits(repeated_poll_seconds=1))
    async with emulator.serve() as url, aiohttp.ClientSession() as session:
        bot = RawBot(url, session)
        began = time.monotonic()
        assert await bot.call("getUpdates") == []
        assert time.monotonic() - began < 0.5
        assert await bot.call("getUpdates") == []
        assert time.monotonic() - began >= 1
