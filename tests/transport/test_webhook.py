"""Receiving by webhook: who is let in, what is answered when, and what Telegram is told.

Against the emulator's own deliveries where order and repetition count, and against a raw socket
where a stranger would be at the other end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from structlog.testing import capture_logs
from telegram import Update

from bot.core.errors import CannotListen, TokenRefused
from bot.emulator import Emulator, MovableClock
from bot.transport import endpoint, listening, webhook
from bot.transport.receiver import ALLOWED_UPDATES, HEALTHY_SECONDS, Receiver
from bot.transport.request import WireBot, make_bot
from bot.transport.webhook import Place, Webhook
from tests.hook import free_port
from tests.transport.clocks import HastyClock, RealClock
from tests.transport.test_receiver import ANNA, BEN, CORA, Practice, message

TOKEN = "4242:AnnaAndBenAreTheOnlyOnesWhoKnowIt"
SECRET = "only-Telegram-knows-this-one_0123456789"
SHOWN = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}


@dataclass
class Door:
    """A webhook that is open, and somebody who knocks."""

    webhook: Webhook
    place: Place
    session: aiohttp.ClientSession
    task: asyncio.Task[None]

    async def post(self, body: bytes | dict, headers: dict[str, str] = SHOWN, **how) -> int:
        """Bring something; give the status."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        async with self.session.post(self.place.url, data=data, headers=headers, **how) as answer:
            self.headers, self.said = answer.headers, await answer.read()
            return answer.status

    async def holds(self, count: int) -> None:
        """Wait until so many updates are in hand."""
        async with asyncio.timeout(5):
            while self.webhook._endpoint.in_hand < count:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.001)

    async def raw(self, text: str) -> bytes:
        """Say something over a bare connection and give all that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.place.port)
        writer.write(text.replace("\n", "\r\n").encode())
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
async def telegram() -> AsyncIterator[Emulator]:
    emulator = Emulator(TOKEN, MovableClock(1_800_000_000_000), seed=1, loopback_webhook=True)
    async with emulator.serve():
        yield emulator


@pytest.fixture
async def bot(telegram: Emulator) -> AsyncIterator[WireBot]:
    it = make_bot(TOKEN, telegram.url)
    await it.initialize()
    yield it
    await it.shutdown()


@pytest.fixture
def place() -> Place:
    port = free_port()
    return Place(f"http://127.0.0.1:{port}/telegram", "/telegram", "127.0.0.1", port, SECRET)


def webhook_of(bot: WireBot, practice: Practice, place: Place, clock=None) -> Webhook:
    parts = (practice.process, practice.record_all, practice.set_aside)
    return Webhook(bot, *parts, clock or RealClock(), place)


@pytest.fixture
async def door(bot: WireBot, practice: Practice, place: Place) -> AsyncIterator[Door]:
    hook = webhook_of(bot, practice, place)
    task = asyncio.create_task(hook.run())
    await asyncio.wait_for(hook.ready.wait(), 5)
    async with aiohttp.ClientSession() as session:
        yield Door(hook, place, session, task)
    await hook.stop(1)
    await asyncio.gather(task, return_exceptions=True)


def person(telegram: Emulator, name: str, telegram_id: int):
    somebody = telegram.person(name, id=telegram_id)
    somebody.start()
    return somebody


async def delivered(telegram: Emulator) -> None:
    assert await telegram.bell.wait_for(lambda: telegram.pending == 0, 5)


def settings_of_webhook(telegram: Emulator) -> list[str]:
    return [call.method for call in telegram.journal.calls() if "ebhook" in call.method]


# Answering


async def test_an_update_is_answered_when_it_is_safe(telegram, practice, door):
    anna = person(telegram, "Anna", ANNA)
    anna.send("hello")
    await delivered(telegram)
    assert practice.handled == [(ANNA, "/start"), (ANNA, "hello")]
    assert len(practice.recorded) == 2
    assert [entry.status for entry in telegram.journal.read(kind="delivery")] == [200, 200]


async def test_no_200_before_the_commit(door, practice):
    let_go = asyncio.Event()

    async def slow(_: Update) -> None:
        await let_go.wait()

    practice.on["slow"] = slow
    post = asyncio.create_task(door.post(message(1, ANNA, "slow")))
    await asyncio.sleep(0.05)
    assert not post.done()
    assert practice.recorded == []
    let_go.set()
    assert await post == 200
    assert practice.recorded == [1]


async def test_while_the_database_is_away_telegram_keeps_the_update(telegram, practice, door):
    practice.away = 2
    person(telegram, "Anna", ANNA)
    assert await telegram.bell.wait_for(lambda: practice.away == 0, 5)
    telegram.clock.advance_to(telegram.clock.now() + 10_000)
    await delivered(telegram)
    statuses = [entry.status for entry in telegram.journal.read(kind="delivery")]
    assert statuses == [503, 503, 200]
    assert len(practice.recorded) == 1


async def test_one_person_in_order_while_others_go_on(door, practice):
    let_go, begun = asyncio.Event(), asyncio.Event()

    async def slow(_: Update) -> None:
        begun.set()
        await let_go.wait()

    practice.on["slow"] = slow
    first = asyncio.create_task(door.post(message(1, ANNA, "slow")))
    await begun.wait()
    later = [asyncio.create_task(door.post(message(n, ANNA, f"then {n}"))) for n in (2, 3)]
    assert await door.post(message(9, BEN, "meanwhile")) == 200
    assert practice.handled == [(BEN, "meanwhile")]
    let_go.set()
    assert await asyncio.gather(first, *later) == [200, 200, 200]
    assert [text for who, text in practice.handled if who == ANNA] == ["slow", "then 2", "then 3"]
    assert door.webhook._turns._lines == {}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "NoJson"),
        (b"{", "NoJson"),
        (b"\xff\xfe", "NoJson"),
        (b"null", "NoJson"),
        (b"[1]", "NoUpdateId"),
        (b"7", "NoUpdateId"),
        (b'{"message": {}}', "NoUpdateId"),
        (b'{"update_id": 5, "message": 3}', "AttributeError"),
    ],
)
async def test_what_is_no_update_is_kept_and_blocks_nothing(door, practice, body, reason):
    assert await door.post(body) == 200
    assert [kept[2] for kept in practice.aside] == [reason]
    assert practice.aside[0][1].replace(b" ", b"") == body.replace(b" ", b"")


async def test_what_could_not_be_set_aside_is_brought_again(door, practice):
    practice.away = 1
    assert await door.post(b"{}") == 503
    assert await door.post(b"{}") == 200
    assert len(practice.aside) == 1


async def test_half_a_character_is_an_update_all_the_same(door, practice):
    body = json.dumps(message(3, ANNA, "x\ud800")).encode()
    assert await door.post(body) == 200
    assert practice.handled == [(ANNA, "x\ud800")]


async def test_too_many_at_once_are_asked_to_come_again(door, practice, monkeypatch):
    monkeypatch.setattr(endpoint, "MOST_AT_ONCE", 2)
    let_go = asyncio.Event()

    async def slow(_: Update) -> None:
        await let_go.wait()

    practice.on["slow"] = slow
    posts = [asyncio.create_task(door.post(message(n, n, "slow"))) for n in (1, 2)]
    await door.holds(2)
    assert await door.post(message(3, 3, "hello")) == 503
    assert door.headers["Retry-After"] == "1"
    let_go.set()
    assert await asyncio.gather(*posts) == [200, 200]
    assert await door.post(message(3, 3, "hello")) == 200


async def test_a_broken_record_is_loud(door, practice, monkeypatch):
    async def broken(ids) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(door.webhook._intake, "_record_all", broken)
    assert await door.post(message(1, ANNA, "hello")) == 503
    with pytest.raises(ValueError, match="a bug"):
        await asyncio.wait_for(door.task, 5)


# Strangers


@pytest.mark.parametrize(
    "shown", [None, "", SECRET[:-1], SECRET + "x", SECRET.upper(), "ä" * 40, "x" * 5000]
)
async def test_without_the_secret_nothing_is_read_and_nothing_told(door, practice, shown):
    headers = {} if shown is None else {"X-Telegram-Bot-Api-Secret-Token": shown}
    assert await door.post(message(1, ANNA, "hello"), headers) == 401
    assert door.said == b""
    assert {name.lower() for name in door.headers} <= {"content-length", "connection"}
    assert practice.handled == []


async def test_two_secrets_are_none(door, practice):
    answer = await door.raw(
        f"POST /telegram HTTP/1.1\nHost: x\nContent-Length: 2\nConnection: close\n"
        f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\nX-Telegram-Bot-Api-Secret-Token: x\n\n{{}}"
    )
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert practice.aside == []


async def test_a_stranger_is_refused_before_the_body_is_there(door):
    answer = await asyncio.wait_for(
        door.raw("POST /telegram HTTP/1.1\nHost: x\nContent-Length: 1000\n\n{"), 2
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_post_is_understood(door, verb):
    async with door.session.request(verb, door.place.url, headers=SHOWN) as answer:
        assert answer.status == 405


@pytest.mark.parametrize("path", ["/", "/telegram/", "/telegram/x", "/Telegram", "/docs", "/x%2f"])
async def test_there_is_nothing_else(door, path):
    url = f"http://127.0.0.1:{door.place.port}{path}"
    async with door.session.post(url, data=b"{}", headers=SHOWN, allow_redirects=False) as answer:
        assert answer.status == 404
        assert "server" not in answer.headers


async def test_a_body_of_one_mebibyte_is_taken_and_more_is_not(door, practice):
    update = json.dumps(message(1, ANNA, "hello")).encode()
    fits = update + b" " * (endpoint.BODY_BYTES - len(update))
    assert await door.post(fits) == 200
    assert await door.post(fits + b" ") == 413
    assert practice.recorded == [1]


async def test_a_large_body_without_a_length_is_refused_while_it_comes(door, practice):
    reader, writer = await asyncio.open_connection("127.0.0.1", door.place.port)
    writer.write(
        b"POST /telegram HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        b"X-Telegram-Bot-Api-Secret-Token: " + SECRET.encode() + b"\r\n\r\n"
    )
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(17):  # the last one is never sent
        writer.write(piece)
    answer = await asyncio.wait_for(reader.read(100), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert practice.aside == []


async def test_a_body_that_does_not_come_is_given_up(door, practice, monkeypatch):
    monkeypatch.setattr(endpoint, "_BODY_SECONDS", 0.05)
    answer = await asyncio.wait_for(
        door.raw(
            "POST /telegram HTTP/1.1\nHost: x\nContent-Length: 10\n"
            f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\n\n{{"
        ),
        5,
    )
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert practice.aside == []
    assert door.webhook._endpoint.in_hand == 0


@pytest.mark.parametrize("said", ["", "POST /telegram HTTP/1.1\nHost: x\n"])
async def test_who_does_not_come_to_the_point_is_left(door, monkeypatch, said):
    monkeypatch.setattr(listening, "_HEAD_SECONDS", 0.05)
    assert await asyncio.wait_for(door.raw(said), 5) == b""


async def test_a_head_without_end_is_cut_off(door):
    head = "POST /telegram HTTP/1.1\n" + "X-Some: thing\n" * 4000
    assert await asyncio.wait_for(door.raw(head), 5) == b""
    assert await door.post(b"{}", {}) == 401


async def test_a_slow_head_is_no_reason_to_end_a_request_in_hand(door, practice, monkeypatch):
    monkeypatch.setattr(listening, "_HEAD_SECONDS", 0.05)

    async def slow(_: Update) -> None:
        await asyncio.sleep(0.15)

    practice.on["slow"] = slow
    for number in (1, 2):
        assert await door.post(message(number, ANNA, "slow")) == 200


# Telegram


async def test_telegram_is_told_where_with_which_secret_and_what(telegram, door):
    info = telegram.calls.webhook.info()
    target = telegram.calls.webhook.target
    assert info["url"].startswith(door.place.url + "?secret=")
    assert SECRET not in info["url"]
    assert target.secret == SECRET
    assert info["max_connections"] == 40
    assert set(info["allowed_updates"]) == set(ALLOWED_UPDATES)
    assert info["max_connections"] < endpoint.MOST_AT_ONCE


async def test_what_is_set_already_is_not_set_again(telegram, bot, practice, place):
    for _ in range(2):
        hook = webhook_of(bot, practice, place)
        task = asyncio.create_task(hook.run())
        await asyncio.wait_for(hook.ready.wait(), 5)
        await hook.stop(1)
        await task
    assert settings_of_webhook(telegram) == ["getWebhookInfo", "setWebhook", "getWebhookInfo"]


async def test_what_waits_since_an_outage_is_brought_at_once(telegram, bot, practice, place):
    for life in (1, 2):
        hook = webhook_of(bot, practice, place, HastyClock())
        task = asyncio.create_task(hook.run())
        await asyncio.wait_for(hook.ready.wait(), 5)
        if life == 2:
            await delivered(telegram)  # though the clock stands, and the next try is hours away
        await hook.stop(1)
        await task
        if life == 1:
            person(telegram, "Anna", ANNA)
        for seconds in (0, 10, 100, 1000):
            telegram.clock.advance_to(telegram.clock.now() + seconds * 1000)
            await asyncio.sleep(0.03)
    assert practice.texts == ["/start"]


async def test_a_new_secret_is_told_though_the_address_is_the_same(telegram, bot, practice, place):
    other = Place(place.url, place.path, place.host, place.port, SECRET[::-1])
    for its_place in (place, other):
        hook = webhook_of(bot, practice, its_place, HastyClock())
        task = asyncio.create_task(hook.run())
        await asyncio.wait_for(hook.ready.wait(), 5)  # a 429 within the second is waited out
        await hook.stop(1)
        await task
    assert telegram.calls.webhook.target.secret == SECRET[::-1]
    refused = [call for call in telegram.journal.calls(method="setWebhook") if call.status == 429]
    assert refused


async def test_what_waits_is_kept_from_polling_to_webhook_and_back(telegram, bot, practice, place):
    anna = person(telegram, "Anna", ANNA)
    hook = webhook_of(bot, practice, place)
    task = asyncio.create_task(hook.run())
    await asyncio.wait_for(hook.ready.wait(), 5)
    await delivered(telegram)
    await hook.stop(1)
    await task
    anna.send("later")
    assert telegram.pending == 1

    parts = (practice.process, practice.record_all, practice.set_aside)
    with capture_logs() as logs:
        receiver = Receiver(bot, *parts, RealClock())
        task = asyncio.create_task(receiver.run())
        await asyncio.wait_for(receiver.ready.wait(), 5)
        await telegram.quiet()
        await receiver.stop(1)
        await task
    assert practice.texts == ["/start", "later"]
    assert telegram.calls.webhook.info()["url"] == ""
    assert [log["event"] for log in logs] == [
        "a webhook was set; it goes, nothing that waits is dropped",
        "receiving",
    ]


async def test_a_poll_does_not_take_away_a_webhook_that_was_set_after_it(
    telegram, bot, practice, place
):
    parts = (practice.process, practice.record_all, practice.set_aside)
    receiver = Receiver(bot, *parts, RealClock())
    task = asyncio.create_task(receiver.run())
    await asyncio.wait_for(receiver.ready.wait(), 5)
    with capture_logs() as logs:
        await bot.do_api_request("setWebhook", api_kwargs={"url": place.url})
        for _ in range(300):
            if len(logs) >= 2:
                break
            await asyncio.sleep(0.01)
    await receiver.stop(1)
    await task
    assert {log["event"] for log in logs} == {"another process receives for this bot"}
    assert telegram.calls.webhook.info()["url"] == place.url


async def test_it_says_what_telegram_could_not_deliver_once(telegram, bot, practice, place):
    clock = HastyClock()
    hook = webhook_of(bot, practice, place, clock)
    task = asyncio.create_task(hook.run())
    await asyncio.wait_for(hook.ready.wait(), 5)
    await clock.sleep(webhook._LOOK_SECONDS)
    practice.away = 1
    person(telegram, "Anna", ANNA)
    await delivered(telegram)
    with capture_logs() as logs:
        for _ in range(3):
            await clock.sleep(webhook._LOOK_SECONDS)
            assert not await hook.look()
    told = [log for log in logs if log["event"] == "Telegram could not deliver"]
    assert len(told) == 1
    assert "503" in told[0]["said"]
    assert hook.healthy(clock.monotonic())
    await hook.stop(1)
    await task


async def test_what_telegram_cannot_bring_is_no_health_until_it_comes(
    telegram, bot, practice, place
):
    hook = webhook_of(bot, practice, place, clock := HastyClock())
    task = asyncio.create_task(hook.run())
    await asyncio.wait_for(hook.ready.wait(), 5)
    practice.away = 10**6
    person(telegram, "Anna", ANNA)
    assert await telegram.bell.wait_for(lambda: practice.away < 10**6, 5)
    for expected in (1, 0):
        await clock.sleep(webhook._LOOK_SECONDS)
        await hook.look()
        assert hook.received().undelivered == expected
        practice.away = 0
        telegram.clock.advance_to(telegram.clock.now() + 10_000)
        await delivered(telegram)
    assert hook.received().is_fresh
    await hook.stop(1)
    await task


async def test_a_webhook_taken_away_is_told_and_not_healthy(telegram, bot, practice, place):
    clock = HastyClock()
    hook = webhook_of(bot, practice, place, clock)
    task = asyncio.create_task(hook.run())
    await asyncio.wait_for(hook.ready.wait(), 5)
    await bot.do_api_request("deleteWebhook")
    await clock.sleep(webhook._LOOK_SECONDS)
    with capture_logs() as logs:
        await hook.look()
    assert "taken the webhook away" in logs[0]["event"]
    assert not hook.healthy(clock.monotonic())
    assert telegram.calls.webhook.target is None
    await hook.stop(1)
    await task


async def test_health_is_the_age_of_what_telegram_last_confirmed(door, practice):
    hook, now = door.webhook, RealClock().monotonic()
    assert hook.healthy(now)
    assert not hook.healthy(now + HEALTHY_SECONDS + 1)
    hook.last_success = None
    assert not hook.healthy(now)
    await door.post(message(1, CORA, "hello"))
    assert hook.healthy(RealClock().monotonic())


async def test_a_token_that_is_not_known_ends_it(telegram, practice, place):
    stranger = make_bot(TOKEN[:-1] + "x", telegram.url)
    await stranger._request[1].initialize()
    hook = webhook_of(stranger, practice, place, HastyClock())
    with pytest.raises(TokenRefused):
        await asyncio.wait_for(hook.run(), 5)
    await stranger._request[1].shutdown()


async def test_an_address_that_is_taken_is_named(bot, practice, door):
    with pytest.raises(CannotListen, match=f"127.0.0.1 port {door.place.port} .*in use"):
        await webhook_of(bot, practice, door.place).run()


# Stopping


async def test_a_stop_finishes_what_is_in_hand_and_takes_nothing_new(door, practice):
    async def slow(_: Update) -> None:
        await asyncio.sleep(0.1)

    practice.on["slow"] = slow
    post = asyncio.create_task(door.post(message(1, ANNA, "slow")))
    await door.holds(1)
    assert await door.webhook.stop(2)
    assert await post == 200
    assert practice.recorded == [1]
    with pytest.raises(aiohttp.ClientConnectionError):
        await door.post(message(2, ANNA, "hello"))
    await asyncio.wait_for(door.task, 10)


async def test_what_a_stop_cuts_short_is_not_answered(door, practice, caplog):
    async def endless(_: Update) -> None:
        await asyncio.Event().wait()

    practice.on["endless"] = endless
    post = asyncio.create_task(door.post(message(1, ANNA, "endless")))
    await door.holds(1)
    assert not await asyncio.wait_for(door.webhook.stop(0.05), 2)
    await asyncio.sleep(0.01)
    assert caplog.messages == [], "a stop is no crash to uvicorn"
    with pytest.raises(aiohttp.ClientConnectionError):
        await post
    assert practice.recorded == []
    assert practice.aside == []


async def test_one_stopped_before_it_ran_does_not_run(telegram, bot, practice, place):
    hook = webhook_of(bot, practice, place)
    assert await hook.stop(1)
    await asyncio.wait_for(hook.run(), 1)
    assert settings_of_webhook(telegram) == []


async def test_no_secret_no_text_in_the_log_of_a_bad_day(door, practice):
    async def breaks(_: Update) -> None:
        raise ValueError("something Anna said")

    practice.on["something Anna said"] = breaks
    with capture_logs() as logs:
        await door.post(message(1, ANNA, "something Anna said"))
        await door.post(b"something Anna said")
        await door.post(b"{}", {"X-Telegram-Bot-Api-Secret-Token": "a guess"})
    assert len(logs) == 3
    for private in ("Anna", SECRET, "a guess"):
        assert private not in str(logs)
        assert private not in repr(door.webhook) + repr(door.place) + repr(door.webhook._endpoint)
