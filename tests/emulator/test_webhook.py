"""Webhooks: what arrives at a bot's own server, when again, and what the bot may answer.

Source throughout: tdlib/telegram-bot-api `Client.cpp` and `WebhookActor.cpp`; Bot API,
setWebhook and WebhookInfo.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.emulator import Emulator, MovableClock, Person
from tests.emulator.rawbot import TOKEN, RawBot

KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


@dataclass
class Hook:
    """A bot's own server: what it was brought, and the answers it gives next (then: 200)."""

    emulator: Emulator
    answers: list[web.Response | str] = field(default_factory=list)
    brought: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        """Take an update."""
        assert request.content_type == "application/json"
        self.brought.append(await request.json())
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        answer = self.answers.pop(0) if self.answers else web.Response()
        if answer == "hang up":
            assert request.transport
            request.transport.abort()
            return web.Response()
        assert isinstance(answer, web.Response)
        return answer

    async def until(self, count: int) -> list[str]:
        """Wait until so many deliveries are over; give their texts."""
        emulator = self.emulator

        def are_over() -> bool:
            return len(emulator.journal.read(kind="delivery")) >= count

        assert await emulator.bell.wait_for(are_over, 10)
        return self.texts

    @property
    def texts(self) -> list[str]:
        """The texts that were brought, in order."""
        return [update["message"]["text"] for update in self.brought if "message" in update]

    async def rested(self, count: int) -> None:
        """See that it stays at so many deliveries for a while."""
        await self.until(count)
        await asyncio.sleep(0.04)
        assert len(self.brought) == count


@pytest.fixture
async def emulator(clock: MovableClock) -> AsyncIterator[Emulator]:
    emulator = Emulator(TOKEN, clock, seed=1, loopback_webhook=True)
    async with emulator.serve():
        yield emulator


@pytest.fixture
async def hook(emulator: Emulator) -> AsyncIterator[Hook]:
    hook = Hook(emulator)
    async with _serving(hook):
        yield hook


class _serving:
    def __init__(self, hook: Hook, tls: ssl.SSLContext | None = None) -> None:
        self._hook, self._tls = hook, tls

    async def __aenter__(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._hook.take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._hook.url = f"{'https' if self._tls else 'http'}://{host}:{port}/hook"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


def failing(*statuses: int) -> list[web.Response | str]:
    return [web.Response(status=status) for status in statuses]


def later(clock: MovableClock, seconds: float) -> None:
    clock.advance_to(clock.now() + int(seconds * 1000))


async def test_an_update_is_posted_with_the_secret(bot: RawBot, anna: Person, hook: Hook) -> None:
    await bot.call("setWebhook", url=hook.url, secret_token="Se-cret_1")
    anna.send("hello")
    assert await hook.until(1) == ["hello"]
    assert hook.secrets == ["Se-cret_1"]
    await hook.emulator.quiet()
    [delivery] = hook.emulator.journal.read(kind="delivery")
    assert (delivery.status, delivery.done, delivery.params) == (200, True, hook.brought[0])
    assert hook.emulator.journal.deliveries(hook.brought[0]["update_id"]) == 1


async def test_what_waited_before_is_brought_and_order_is_kept(
    bot: RawBot, anna: Person, hook: Hook
) -> None:
    for number in range(5):
        anna.send(f"{number}")
    await bot.call("setWebhook", url=hook.url)
    assert await hook.until(5) == ["0", "1", "2", "3", "4"]


async def test_what_waited_can_be_dropped(bot: RawBot, anna: Person, hook: Hook) -> None:
    anna.send("old")
    await bot.call("setWebhook", url=hook.url, drop_pending_updates=True)
    anna.send("new")
    assert await hook.until(1) == ["new"]


async def test_a_failure_is_tried_again_at_once_then_after_doubling_pauses(
    bot: RawBot, anna: Person, hook: Hook, clock: MovableClock
) -> None:
    hook.answers = failing(*[500] * 5)
    await bot.call("setWebhook", url=hook.url)
    anna.send("hello")
    await hook.rested(2)
    for count, pause in enumerate((2, 4, 8), start=2):
        later(clock, pause - 0.1)
        await hook.rested(count)
        later(clock, 0.1)
        await hook.rested(count + 1)
    later(clock, 16)
    assert await hook.until(6) == ["hello"] * 6
    await hook.emulator.quiet()
    assert hook.emulator.pending == 0


async def test_pauses_stop_growing_between_one_and_two_minutes(
    bot: RawBot, anna: Person, hook: Hook, clock: MovableClock
) -> None:
    hook.answers = failing(*[500] * 12)
    await bot.call("setWebhook", url=hook.url)
    anna.send("hello")
    await hook.rested(2)
    for count in range(3, 8):
        later(clock, 64)
        await hook.until(count)
    later(clock, 59)
    await hook.rested(7)
    later(clock, 61)
    await hook.rested(8)


async def test_a_retry_after_of_the_bot_is_honoured(
    bot: RawBot, anna: Person, hook: Hook, clock: MovableClock
) -> None:
    hook.answers = [web.Response(status=429, headers={"Retry-After": "30"})]
    await bot.call("setWebhook", url=hook.url)
    anna.send("hello")
    await hook.rested(1)
    later(clock, 29.9)
    await hook.rested(1)
    later(clock, 0.1)
    await hook.rested(2)


async def test_an_update_is_given_up_when_it_is_a_day_old(
    bot: RawBot, anna: Person, hook: Hook, clock: MovableClock
) -> None:
    hook.answers = failing(*[503] * 10)
    await bot.call("setWebhook", url=hook.url)
    anna.send("lost")
    await hook.rested(2)
    later(clock, 24 * 3600)
    assert hook.emulator.pending == 0
    hook.answers.clear()
    anna.send("next")
    assert (await hook.until(3))[-1] == "next"


async def test_one_that_fails_holds_up_its_own_lane_only(
    bot: RawBot, anna: Person, hook: Hook, clock: MovableClock
) -> None:
    hook.answers = failing(500, 500)
    await bot.call("setWebhook", url=hook.url)
    anna.send("first")
    await hook.rested(2)
    anna.send("second")
    cora = hook.emulator.person("Cora")
    cora.start()
    assert await hook.until(3) == ["first", "first", "/start"]
    later(clock, 2)
    assert (await hook.until(5))[3:] == ["first", "second"]


async def test_a_tap_and_a_text_of_one_person_are_in_different_lanes(
    bot: RawBot, anna: Person, hook: Hook
) -> None:
    hook.answers = failing(500, 500)
    await bot.call("sendMessage", chat_id=anna.id, text="x", reply_markup=KEYBOARD)
    await bot.call("setWebhook", url=hook.url)
    anna.send("held up")
    await hook.rested(2)
    anna.tap("Go")
    await hook.until(3)
    assert hook.brought[-1]["callback_query"]["data"] == "go"


async def test_a_bot_may_call_a_method_in_its_answer(bot: RawBot, anna: Person, hook: Hook) -> None:
    method = {"method": "sendMessage", "chat_id": anna.id, "text": "<b>hi</b>"}
    hook.answers = [web.json_response({**method, "parse_mode": "HTML"})]
    await bot.call("setWebhook", url=hook.url)
    anna.send("hello")
    assert (await anna.watch("hi")).html == "<b>hi</b>"
    form = aiohttp.FormData({"method": "SENDmessage", "chat_id": str(anna.id), "text": "form"})()
    hook.answers = [
        web.Response(body=form._value, content_type="application/x-www-form-urlencoded")
    ]
    anna.send("hello")
    await anna.watch("form")
    [first, _] = hook.emulator.journal.calls("sendMessage")
    assert (first.status, first.done, first.chat) == (200, True, anna.id)


@pytest.mark.parametrize("method", ["setWebhook", "deleteWebhook", "getMe", "logOut"])
async def test_some_methods_cannot_be_called_in_an_answer(
    bot: RawBot, anna: Person, hook: Hook, method: str
) -> None:
    hook.answers = [web.json_response({"method": method})]
    await bot.call("setWebhook", url=hook.url)
    anna.send("hello")
    await hook.until(1)
    await hook.emulator.quiet()
    assert (await bot.call("getWebhookInfo"))["url"] == hook.url
    assert len(hook.emulator.journal.calls(method)) == (method == "setWebhook")


async def test_an_answer_that_cannot_be_carried_out_is_written_down(
    bot: RawBot, anna: Person, hook: Hook
) -> None:
    hook.answers = [web.json_response({"method": "sendMessage", "text": "to nobody"})]
    await bot.call("setWebhook", url=hook.url)
    anna.send("hello")
    await hook.until(1)
    await hook.emulator.quiet()
    [call] = hook.emulator.journal.calls("sendMessage")
    assert (call.status, call.result) == (400, "Bad Request: chat_id is empty")
    assert hook.emulator.pending == 0


async def test_the_last_error_is_told(
    bot: RawBot, anna: Person, hook: Hook, clock: MovableClock
) -> None:
    hook.answers = [web.Response(status=404), "hang up"]
    await bot.call("setWebhook", url=hook.url, max_connections=7, allowed_updates=["message"])
    anna.send("hello")
    await hook.rested(2)
    assert await bot.call("getWebhookInfo") == {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": 1,
        "max_connections": 7,
        "ip_address": "127.0.0.1",
        "last_error_date": clock.now() // 1000,
        "last_error_message": "Webhook connection closed",
        "allowed_updates": ["message"],
    }
    journal = hook.emulator.journal.read(kind="delivery")
    assert journal[0].result == "Wrong response from the webhook: 404 Not Found"


async def test_nothing_listening_is_told_too(bot: RawBot, anna: Person, hook: Hook) -> None:
    await bot.call("setWebhook", url="http://127.0.0.1:9/hook")
    anna.send("hello")
    told = hook.emulator.calls.webhook.info
    assert await hook.emulator.bell.wait_for(lambda: "last_error_message" in told(), 10)
    assert told()["last_error_message"] == "Connection refused"


async def test_polling_is_refused_while_a_webhook_is_set(bot: RawBot, hook: Hook) -> None:
    poll = asyncio.create_task(bot.answer("getUpdates", timeout=30))
    assert await hook.emulator.bell.wait_for(lambda: hook.emulator.world.queue.polling, 10)
    await bot.call("setWebhook", url=hook.url)
    status, body = await poll
    assert (status, body["description"]) == (409, "Conflict: terminated by setWebhook request")
    status, body = await bot.answer("getUpdates")
    assert (status, body["description"]) == (
        409,
        "Conflict: can't use getUpdates method while webhook is active;"
        " use deleteWebhook to delete the webhook first",
    )
    await bot.call("deleteWebhook")
    assert await bot.call("getUpdates") == []


async def test_success_says_what_it_did(bot: RawBot, hook: Hook) -> None:
    said = []
    for method, params in [
        ("deleteWebhook", {}),
        ("setWebhook", {"url": hook.url}),
        ("setWebhook", {"url": ""}),
        ("setWebhook", {"url": ""}),
    ]:
        said.append((await bot.answer(method, **params))[1]["description"])
    assert said == [
        "Webhook is already deleted",
        "Webhook was set",
        "Webhook was deleted",
        "Webhook is already deleted",
    ]


async def test_setting_more_than_once_a_second_is_too_often(bot: RawBot, hook: Hook) -> None:
    await bot.call("setWebhook", url=hook.url)
    async with bot.session.post(f"{bot.url}/setWebhook", json={"url": hook.url}) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "1")
        assert (await response.json())["description"] == "Too Many Requests: retry after 1"
    await asyncio.sleep(1)
    again = (await bot.answer("setWebhook", url=hook.url))[1]
    assert again["description"] == "Webhook is already set"


async def test_a_second_of_the_emulators_clock_is_a_second_too(
    bot: RawBot, hook: Hook, clock: MovableClock
) -> None:
    await bot.call("setWebhook", url=hook.url)
    clock.advance_to(clock.now() + 999)
    assert (await bot.answer("setWebhook", url=hook.url))[0] == 429
    clock.advance_to(clock.now() + 1)
    assert (await bot.answer("setWebhook", url=hook.url))[0] == 200


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"url": "http://example.org/"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://example.org:8081/"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        ({"url": "https://127.0.0.1/"}, "bad webhook: IP address 127.0.0.1 is reserved"),
        ({"url": "ftp://example.org/"}, "invalid webhook URL specified"),
        ({"url": "https://example.org:port/"}, "invalid webhook URL specified"),
        ({"url": "https://example.org/", "secret_token": "x" * 257}, "secret token is too long"),
        (
            {"url": "https://example.org/", "secret_token": "a b"},
            "secret token contains unallowed characters",
        ),
        (
            {"url": "example.org/"},
            "bad webhook: Failed to resolve host: this emulator reaches only its own machine",
        ),
    ],
)
async def test_an_address_is_checked_as_telegram_does(
    clock: MovableClock, params: dict[str, str], sentence: str
) -> None:
    async with Emulator(TOKEN, clock).serve() as url, aiohttp.ClientSession() as session:
        bot = RawBot(url, session)
        assert await bot.refused("setWebhook", **params) == f"Bad Request: {sentence}"
        assert (await bot.call("getWebhookInfo"))["url"] == ""


async def test_a_certificate_is_a_pem(bot: RawBot, hook: Hook) -> None:
    form = aiohttp.FormData({"url": hook.url})
    form.add_field("certificate", b"no certificate", filename="public.pem")
    async with bot.session.post(f"{bot.url}/setWebhook", data=form) as response:
        said = (await response.json())["description"]
    assert said == "Bad Request: bad webhook: no PEM certificate"


async def test_a_stopped_server_brings_the_rest_when_it_is_back(
    bot: RawBot, anna: Person, hook: Hook
) -> None:
    await bot.call("setWebhook", url=hook.url)
    port = hook.emulator.port
    await hook.emulator.stop()
    anna.send("meanwhile")
    await asyncio.sleep(0.05)
    assert hook.brought == []
    await hook.emulator.start(port)
    assert await hook.until(1) == ["meanwhile"]


async def test_an_update_may_be_brought_twice(bot: RawBot, anna: Person, hook: Hook) -> None:
    hook.emulator.faults.repeat_updates = 1.0
    await bot.call("setWebhook", url=hook.url)
    anna.send("hello")
    assert await hook.until(2) == ["hello", "hello"]
    assert hook.brought[0] == hook.brought[1]


def certificate() -> tuple[bytes, bytes]:
    """Make a certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return made.public_bytes(pem), key.private_bytes(pem, *plain)


@pytest.mark.parametrize("uploads", [True, False])
async def test_a_certificate_of_its_own_is_trusted_when_it_was_uploaded(
    bot: RawBot, anna: Person, emulator: Emulator, tmp_path: Path, uploads: bool
) -> None:
    public, private = certificate()
    (tmp_path / "both.pem").write_bytes(public + private)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "both.pem")
    hook = Hook(emulator)
    async with _serving(hook, tls):
        form = aiohttp.FormData({"url": hook.url})
        if uploads:
            form.add_field("certificate", public, filename="public.pem")
        async with bot.session.post(f"{bot.url}/setWebhook", data=form) as response:
            assert response.status == 200
        anna.send("hello")
        info = emulator.calls.webhook.info
        assert info()["has_custom_certificate"] == uploads
        if uploads:
            assert await hook.until(1) == ["hello"]
        else:
            assert await emulator.bell.wait_for(lambda: "last_error_message" in info(), 10)
            assert "certificate verify failed" in info()["last_error_message"]
