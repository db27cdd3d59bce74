"""Each fault as a python-telegram-bot client sees it, and whether the message arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from telegram import Bot
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from bot.emulator import Emulator, Person
from tests.emulator.rawbot import TOKEN

pytestmark = pytest.mark.filterwarnings("ignore:.*retry_after.*:DeprecationWarning")


@pytest.fixture
async def ptb(emulator: Emulator) -> AsyncIterator[Bot]:
    # No certificates are needed on this machine, and reading them takes longer than a test.
    calls, polls = (
        HTTPXRequest(read_timeout=0.3, httpx_kwargs={"verify": False}) for _ in range(2)
    )
    made = Bot(TOKEN, emulator.base_url, emulator.file_url, calls, polls)
    async with made as bot:
        yield bot


@dataclass(frozen=True)
class Row:
    """A fault, the exception and its cause, and whether the message was delivered."""

    kind: Any
    error: type[TelegramError]
    cause: type[Exception] | None = None
    delivered: bool = False
    how: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.kind, *map(str, self.how.values())])


CUT, LATE = httpx.RemoteProtocolError, httpx.ReadTimeout
AFTER = {"stage": "after"}
ROWS = [
    Row("drop", NetworkError, CUT),
    Row("drop", NetworkError, CUT, delivered=True, how=AFTER),
    # A request that is under way arrives in the end, even if its client no longer waits.
    Row("delay", TimedOut, LATE, delivered=True, how={"seconds": 0.6}),
    Row("delay", TimedOut, LATE, delivered=True, how=AFTER | {"seconds": 0.6}),
    Row("black_hole", TimedOut, LATE),
    Row("black_hole", TimedOut, LATE, delivered=True, how=AFTER),
    Row("cut_body", NetworkError, CUT, delivered=True),
    Row("not_json", TelegramError, delivered=True),
    Row("status", BadRequest, how={"status": 400, "description": "Bad Request: no"}),
    Row("status", InvalidToken, how={"status": 401}),
    Row("status", Forbidden, how={"status": 403}),
    Row("status", InvalidToken, how={"status": 404}),
    Row("status", Conflict, how={"status": 409}),
    Row("status", RetryAfter, how={"status": 429, "retry_after": 7}),
    Row("status", RetryAfter, delivered=True, how=AFTER | {"status": 429, "retry_after": 7}),
    *[Row("status", NetworkError, how={"status": status}) for status in (500, 502, 503, 504)],
    Row("status", NetworkError, delivered=True, how=AFTER | {"status": 502}),
    Row("block", Forbidden),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_a_fault_is_what_the_client_sees(
    ptb: Bot, anna: Person, emulator: Emulator, row: Row
) -> None:
    fault = emulator.faults.add(row.kind, method="sendMessage", **row.how)
    with pytest.raises(TelegramError) as seen:
        await ptb.send_message(anna.id, "x")
    assert type(seen.value) is row.error
    if row.cause is not None:
        assert type(seen.value.__cause__) is row.cause
    journal = emulator.journal
    assert await emulator.bell.wait_for(lambda: bool(journal.calls("sendMessage")), 2)
    assert bool(journal.sent(anna.id, "x")) == row.delivered
    assert (anna.see("x") is not None) == row.delivered
    [entry] = journal.calls("sendMessage")
    assert (entry.fault, entry.done, fault.struck) == (fault.name, row.delivered, 1)
    if not anna.blocked:  # the fault is over: the next call goes through
        assert (await ptb.send_message(anna.id, "y")).text == "y"


async def test_a_storm_of_429_ends_when_it_is_over(
    ptb: Bot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("status", status=429, retry_after=1, times=20)
    for _ in range(20):
        with pytest.raises(RetryAfter):
            await ptb.send_message(anna.id, "x")
    await ptb.send_message(anna.id, "x")
    assert len(emulator.journal.sent(anna.id)) == 1


async def test_somebody_blocks_and_unblocks_the_bot_between_two_calls(
    ptb: Bot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("block", stage="after", method="sendMessage", chat=anna.id)
    emulator.faults.add("unblock", method="sendMessage", nth=3)
    await ptb.send_message(anna.id, "one")
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await ptb.send_message(anna.id, "two")
    await ptb.send_message(anna.id, "three")
    told = [update.my_chat_member for update in await ptb.get_updates()]
    assert [one.new_chat_member.status for one in told if one] == ["kicked", "member"]


async def test_updates_come_twice_and_in_disorder(
    ptb: Bot, anna: Person, emulator: Emulator
) -> None:
    for number in range(20):
        anna.send(f"{number}")
    emulator.faults.shuffle_updates = True
    emulator.faults.repeat_updates = 1.0
    batch = await ptb.get_updates()
    ids = [update.update_id for update in batch]
    assert ids != sorted(ids)
    again = await ptb.get_updates(offset=max(ids) + 1)
    assert sorted(update.update_id for update in again) == sorted(ids)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"status": 401}, InvalidToken),
        ({"status": 409}, Conflict),
        ({"status": 502}, NetworkError),
    ],
)
async def test_a_poll_meets_faults_too(
    ptb: Bot, anna: Person, emulator: Emulator, how: dict[str, int], error: type[Exception]
) -> None:
    emulator.faults.add("status", method="getUpdates", **how)
    anna.send("kept")
    with pytest.raises(error):
        await ptb.get_updates()
    [update] = await ptb.get_updates()
    assert update.message
    assert update.message.text == "kept"


async def test_a_server_that_is_away_refuses_the_connection(
    ptb: Bot, anna: Person, emulator: Emulator
) -> None:
    await emulator.stop()
    with pytest.raises(NetworkError):  # the connection it had was cut
        await ptb.send_message(anna.id, "x")
    with pytest.raises(NetworkError) as seen:
        await ptb.send_message(anna.id, "x")
    assert isinstance(seen.value.__cause__, httpx.ConnectError)
