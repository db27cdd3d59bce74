"""What the official server does over more than one call: numbered on, each with its source.

Each story also says how a server would break it (a part of the emulator and what to put in its
place), and is run against that: a check that cannot fail proves nothing.
"""

from __future__ import annotations

import asyncio
import re
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from bot.emulator import FloodLimits
from bot.emulator.files import picture
from bot.emulator.refusals import bad
from tests.emulator.conformance import API, SEEN, SERVER, TD, Setting, setting
from tests.emulator.rawbot import TOKEN

Json = dict[str, Any]
Run = Callable[[Setting], Awaitable[None]]

#: Long enough for a machine that does much else; a broken server costs as much.
PATIENCE_SECONDS = 2.0
WEEK = 7 * 24 * 3600
MIB = 1 << 20


@dataclass(frozen=True)
class Story:
    """A numbered behaviour, the test of it, and the change to `bot.emulator` that breaks it."""

    number: int
    says: str
    source: str
    broken: str
    by: Any
    setting: Json
    run: Run

    def __str__(self) -> str:
        return f"{self.number} {self.says[:60]}"


STORIES: list[Story] = []


def story(says: str, source: str, broken: str, by: Any, **how: Any) -> Callable[[Run], None]:
    """Register a story under the next number."""

    def register(run: Run) -> None:
        STORIES.append(Story(113 + len(STORIES), says, source, broken, by, how, run))

    return register


def nothing(*_: object, **__: object) -> None:
    return None


def later(here: Setting, seconds: float) -> None:
    here.clock.advance_to(here.clock.now() + int(seconds * 1000))


async def polled(here: Setting, **params: Any) -> list[Json]:
    status, body = await here.ask("getUpdates", **params)
    assert status == 200, body
    updates: list[Json] = body["result"]
    return updates


def ids(updates: list[Json]) -> list[int]:
    return [update["update_id"] for update in updates]


async def said(here: Setting, method: str, **params: Any) -> str:
    status, body = await here.ask(method, **params)
    return f"{status} {body.get('description', '')}"


async def posted(here: Setting, method: str, **parts: Any) -> Json:
    """Post a form; parts that are bytes are files."""
    form = aiohttp.FormData()
    for name, part in parts.items():
        if isinstance(part, bytes):
            form.add_field(name, part, filename=f"{name}.png", content_type="image/png")
        else:
            form.add_field(name, str(part))
    async with here.bot.session.post(f"{here.bot.url}/{method}", data=form) as response:
        body: Json = await response.json()
        return body


def png(width: int, height: int, size: int = 0) -> bytes:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
    return head + struct.pack(">II", width, height) + bytes(size)


# Requests


@story(
    "Query string, form, multipart and JSON mean the same.",
    API + "Making requests",
    "server.read_request",
    lambda *_: {},
)
async def _(here: Setting) -> None:
    fields = {"chat_id": str(here.anna.id), "text": "ü &"}
    forms: list[Json] = [
        {"params": fields},
        {"data": fields},
        {"data": aiohttp.FormData(fields, default_to_multipart=True)},
        {"json": fields},
    ]
    for how in forms:
        async with here.bot.session.post(f"{here.bot.url}/sendMessage", **how) as response:
            assert (await response.json())["result"]["text"] == "ü &"


@story(
    "The case of a method's name does not matter.", API + "Making requests", "calls.SPELLING", {}
)
async def _(here: Setting) -> None:
    async with here.bot.session.get(f"{here.bot.url}/GETme") as response:
        assert (await response.json())["result"]["is_bot"]


@story(
    "A wrong token is a 401, what is no token a 404.",
    SERVER + "ClientManager.cpp, send",
    "server.ApiServer._knows",
    lambda *_: True,
)
async def _(here: Setting) -> None:
    for token, status, words in [("1:wrong", 401, "Unauthorized"), ("wrong", 404, "Not Found")]:
        async with here.bot.session.get(f"{here.emulator.base_url}{token}/getMe") as response:
            body = await response.json()
            assert (response.status, body["error_code"], body["description"]) == (
                *(status, status),
                words,
            )


@story(
    "A token may be percent-encoded.",
    SEEN + "file addresses made by clients",
    "server.ApiServer._knows",
    lambda self, token: "%" in token,
)
async def _(here: Setting) -> None:
    host, port = urlsplit(here.emulator.url).netloc.split(":")
    reader, writer = await asyncio.open_connection(host, port)
    token = TOKEN.replace(":", "%3A").encode()
    head = b"Host: localhost\r\nConnection: close\r\n\r\n"
    writer.write(b"GET /bot%b/getMe HTTP/1.1\r\n%b" % (token, head))
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()


@story(
    "A file belongs to the part that attach:// names.",
    API + "Sending files",
    "calls.Calls._attach",
    nothing,
)
async def _(here: Setting) -> None:
    media = '[{"type":"photo","media":"attach://a"},{"type":"photo","media":"attach://b"}]'
    parts = {"a": picture(grey=1), "b": picture(grey=2)}
    body = await posted(here, "sendMediaGroup", chat_id=here.anna.id, media=media, **parts)
    assert body["ok"], body
    assert [seen.photo for seen in here.anna.chat[-2:]] == list(parts.values())


# Receiving


@story(
    "An update comes again until an offset above it confirms it.",
    API + "getUpdates, offset",
    "updates.UpdateQueue._confirm",
    nothing,
)
async def _(here: Setting) -> None:
    here.anna.send("one")
    [number] = ids(await polled(here))
    assert ids(await polled(here, offset=number)) == [number]
    assert await polled(here, offset=number + 1) == []


@story("Identifiers count up by one.", API + "Update, update_id", "updates.QUIET_WEEK_MS", -1)
async def _(here: Setting) -> None:
    for text in "abc":
        here.anna.send(text)
    found = ids(await polled(here))
    assert found == list(range(found[0], found[0] + 3))


@story(
    "A batch has at most a hundred updates.",
    API + "getUpdates, limit",
    "updates.islice",
    lambda updates, limit: updates,
)
async def _(here: Setting) -> None:
    for number in range(101):
        here.anna.send(f"{number}")
    assert len(await polled(here, limit=1000)) == 100
    assert len(await polled(here, limit=1)) == 1


@story(
    "An offset up to ten beyond the next id forgets, one further does not.",
    TD + "TQueue.cpp, get",
    "updates.OFFSET_REACH",
    1000,
)
async def _(here: Setting) -> None:
    here.anna.send("one")
    [number] = ids(await polled(here))
    assert ids(await polled(here, offset=number + 1 + 11)) == [number]
    assert await polled(here, offset=number + 1 + 10) == []


@story(
    "A negative offset forgets all but the last.",
    API + "getUpdates, offset",
    "updates.UpdateQueue._confirm",
    nothing,
)
async def _(here: Setting) -> None:
    here.anna.send("one")
    here.anna.send("two")
    [update] = await polled(here, offset=-1)
    assert update["message"]["text"] == "two"


@story(
    "A long poll ends with the first update.",
    API + "getUpdates, timeout",
    "calls.POLL_LIMIT_SECONDS",
    0,
)
async def _(here: Setting) -> None:
    poll = asyncio.create_task(polled(here, timeout=30))
    assert await here.emulator.bell.wait_for(lambda: here.emulator.polling, PATIENCE_SECONDS)
    here.anna.send("now")
    assert len(await asyncio.wait_for(poll, PATIENCE_SECONDS)) == 1


@story(
    "Of two polls the older one gets a 409.",
    SERVER + "Client.cpp, abort_long_poll",
    "updates.UpdateQueue.end_poll",
    nothing,
)
async def _(here: Setting) -> None:
    older = asyncio.create_task(said(here, "getUpdates", timeout=30))
    assert await here.emulator.bell.wait_for(lambda: here.emulator.polling, PATIENCE_SECONDS)
    assert await polled(here, timeout=1) == []
    assert await asyncio.wait_for(older, PATIENCE_SECONDS) == (
        "409 Conflict: terminated by other getUpdates request;"
        " make sure that only one bot instance is running"
    )


@story(
    "The same offset again within three seconds waits.",
    SERVER + "process_get_updates_query",
    "flood.Flood.slow_down",
    lambda self, offset, limit, seconds: (limit, seconds),
    flood=FloodLimits(repeated_poll_seconds=1),
)
async def _(here: Setting) -> None:
    began = time.monotonic()
    await polled(here)
    await polled(here)
    assert time.monotonic() - began >= 1


@story(
    "An update is kept for 24 hours.",
    API + "Getting updates",
    "updates.UpdateQueue._forget_old",
    nothing,
)
async def _(here: Setting) -> None:
    here.anna.send("one")
    later(here, 24 * 3600 - 1)
    assert len(await polled(here)) == 1
    later(here, 1)
    assert await polled(here) == []


@story(
    "A tap is kept for 150 seconds.",
    SERVER + "Client.cpp, add_update_callback_query",
    "people.TAP_LIFE_MS",
    10**9,
)
async def _(here: Setting) -> None:
    here.anna.tap("Go")
    later(here, 149)
    assert len(await polled(here)) == 1
    later(here, 1)
    assert await polled(here) == []


@story(
    "A tap cannot be answered any more after that.",
    SEEN + "answerCallbackQuery",
    "sending.TAP_LIFE_MS",
    10**9,
)
async def _(here: Setting) -> None:
    later(here, 150)
    assert "query is too old" in await said(here, "answerCallbackQuery", callback_query_id="TAP")


@story(
    "After a week without updates identifiers begin anew.",
    API + "Update, update_id",
    "updates.QUIET_WEEK_MS",
    10**15,
)
async def _(here: Setting) -> None:
    here.anna.send("one")
    [number] = ids(await polled(here))
    later(here, WEEK)
    here.anna.send("two")
    [anew] = ids(await polled(here))
    assert abs(anew - number) > 100


@story(
    "allowed_updates holds from now on, until it is changed.",
    API + "getUpdates",
    "updates.UpdateQueue.allow",
    nothing,
)
async def _(here: Setting) -> None:
    await polled(here, allowed_updates=["message"])
    here.anna.block()
    here.anna.unblock()
    assert await polled(here) == []
    _, info = await here.ask("getWebhookInfo")
    assert info["result"]["allowed_updates"] == ["message"]


@story(
    "A deep link's payload follows /start, which is a command.",
    API + "Deep linking",
    "people.find_entities",
    lambda text: [],
)
async def _(here: Setting) -> None:
    here.anna.start("abc_-1")
    [update] = await polled(here)
    assert update["message"]["text"] == "/start abc_-1"
    command = {"type": "bot_command", "offset": 0, "length": 6}
    assert update["message"]["entities"] == [command]


@story(
    "A payload has 64 of a few signs at most.",
    API + "Deep linking",
    "people._PAYLOAD",
    re.compile(".*"),
)
async def _(here: Setting) -> None:
    for payload in ("x" * 65, "ä", "a b"):
        with pytest.raises(ValueError, match="payload"):
            here.anna.start(payload)


@story(
    "Blocking is told as a change of the bot's own membership.",
    API + "ChatMemberUpdated",
    "world.World.tell_membership",
    nothing,
)
async def _(here: Setting) -> None:
    here.anna.block()
    [update] = await polled(here)
    change = update["my_chat_member"]
    states = change["old_chat_member"]["status"], change["new_chat_member"]["status"]
    assert states == ("member", "kicked")


@story(
    "A tap comes with its message, its data and a chat_instance.",
    API + "CallbackQuery",
    "world.World.tell",
    nothing,
)
async def _(here: Setting) -> None:
    here.anna.tap("Go")
    [update] = await polled(here)
    query = update["callback_query"]
    assert (query["data"], query["message"]["text"]) == ("go", "hello")
    assert query["chat_instance"]


@story(
    "In a group a bot hears commands, mentions and replies to it.",
    API + "Privacy mode",
    "people.Group._reaches_bot",
    lambda *_: True,
)
async def _(here: Setting) -> None:
    group = here.emulator.group("Choir")
    group.add_bot(by=here.anna)
    await here.ask("sendMessage", chat_id=group.id, text="hello")
    for text in ("among ourselves", "/start", "hello @rapport_bot"):
        group.send(here.anna, text)
    group.send(here.anna, "thanks", reply_to=group.last)
    heard = [update["message"].get("text") for update in (await polled(here))[1:]]
    assert heard == [None, "/start", "hello @rapport_bot", "thanks"]


# Webhooks


@asynccontextmanager
async def hook(here: Setting, *answers: web.Response) -> AsyncIterator[list[web.Request]]:
    """Run a bot's own server; it gives these answers, then plain ones."""
    brought: list[web.Request] = []
    left = list(answers)

    async def take(request: web.Request) -> web.Response:
        await request.read()
        brought.append(request)
        return left.pop(0) if left else web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        assert await said(here, "setWebhook", url=url, secret_token="s") == "200 Webhook was set"
        yield brought
    finally:
        await runner.cleanup()


async def brings(here: Setting, brought: list[web.Request], count: int) -> None:
    """See that so many deliveries are over, and that it stays at so many."""
    journal = here.emulator.journal

    def are_over() -> bool:
        return len(journal.read(kind="delivery")) >= count

    await here.emulator.bell.wait_for(are_over, PATIENCE_SECONDS)
    await asyncio.sleep(0.04)
    assert len(brought) == count


@story(
    "An update is posted as JSON, with the secret.",
    API + "setWebhook, secret_token",
    "deliveries._HEADER",
    "X-Else",
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    async with hook(here) as brought:
        here.anna.send("hello")
        await brings(here, brought, 1)
        assert (await brought[0].json())["message"]["text"] == "hello"
        assert brought[0].headers["X-Telegram-Bot-Api-Secret-Token"] == "s"
        assert brought[0].content_type == "application/json"


@story(
    "Any 2xx is enough.",
    SERVER + "WebhookActor.cpp, handle",
    "deliveries.Deliveries._deliver",
    nothing,
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    async with hook(here, web.Response(status=204), web.Response(status=299)) as brought:
        for text in "ab":
            here.anna.send(text)
        await brings(here, brought, 2)
        assert here.emulator.pending == 0


@story(
    "Anything else is tried again: at once, after 2 seconds, after 4.",
    SERVER + "WebhookActor.cpp, on_update_error",
    "deliveries.Deliveries._longest_pause",
    lambda self: 0,
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    async with hook(here, *[web.Response(status=500) for _ in range(9)]) as brought:
        here.anna.send("hello")
        await brings(here, brought, 2)
        for count, seconds in ((3, 2), (4, 4)):
            later(here, seconds - 0.1)
            await brings(here, brought, count - 1)
            later(here, 0.1)
            await brings(here, brought, count)


@story(
    "The bot's Retry-After is waited for.",
    SERVER + "WebhookActor.cpp, on_update_error",
    "deliveries._RETRY_AFTER_LIMIT_SECONDS",
    0,
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    async with hook(here, web.Response(status=503, headers={"Retry-After": "9"})) as brought:
        here.anna.send("hello")
        await brings(here, brought, 1)
        later(here, 9)
        await brings(here, brought, 2)


@story(
    "Order is kept in a lane while others go on.",
    SERVER + "WebhookActor.cpp, load_updates",
    "updates.UpdateQueue.lanes",
    set,
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    for text in ("one", "two"):
        here.anna.send(text)
    async with hook(here, web.Response(status=500), web.Response(status=500)) as brought:
        await brings(here, brought, 2)
        here.anna.tap("Go")
        await brings(here, brought, 3)
        later(here, 2)
        await brings(here, brought, 5)
        updates = [await request.json() for request in brought]
        assert "callback_query" in updates[2]
        texts = [updates[place]["message"]["text"] for place in (0, 1, 3, 4)]
        assert texts == ["one", "one", "one", "two"]


async def _obey_nothing(*_: object) -> None:
    return None


@story(
    "A method in the answer is carried out.",
    API + "Making requests when getting updates",
    "deliveries.Deliveries._obey",
    _obey_nothing,
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    method = {"method": "sendMessage", "chat_id": here.anna.id, "text": "at once"}
    async with hook(here, web.json_response(method)):
        here.anna.send("hello")
        await here.anna.watch("at once", PATIENCE_SECONDS)


@story(
    "The last error and its time are told.",
    API + "WebhookInfo",
    "deliveries.Deliveries._write_down",
    nothing,
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    async with hook(here, web.Response(status=404)) as brought:
        here.anna.send("hello")
        await brings(here, brought, 2)
        _, body = await here.ask("getWebhookInfo")
        error = "Wrong response from the webhook: 404 Not Found"
        assert body["result"]["last_error_message"] == error
        assert body["result"]["last_error_date"] == here.clock.now() // 1000


@story(
    "Polling is refused while a webhook is set.",
    SERVER + "process_get_updates_query",
    "calls.webhook.POLL_WHILE_ACTIVE",
    "No",
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    async with hook(here):
        assert await said(here, "getUpdates") == (
            "409 Conflict: can't use getUpdates method while webhook is active;"
            " use deleteWebhook to delete the webhook first"
        )


@story(
    "Setting a webhook ends the poll that hangs.",
    SERVER + "Client.cpp, abort_long_poll",
    "updates.UpdateQueue.end_poll",
    nothing,
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    poll = asyncio.create_task(said(here, "getUpdates", timeout=30))
    assert await here.emulator.bell.wait_for(lambda: here.emulator.polling, PATIENCE_SECONDS)
    async with hook(here):
        ended = "409 Conflict: terminated by setWebhook request"
        assert await asyncio.wait_for(poll, PATIENCE_SECONDS) == ended


@story(
    "A webhook is set once a second at most.",
    SERVER + "process_set_webhook_query",
    "webhook.too_many",
    lambda seconds: bad("No"),
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    async with hook(here):
        again = await said(here, "setWebhook", url="http://127.0.0.1:9/")
        assert again == "429 Too Many Requests: retry after 1"


@story(
    "Success says what it did.",
    SERVER + "Client.cpp, answer_query",
    "webhook.Webhook.set",
    lambda *_: "Done",
    loopback_webhook=True,
)
async def _(here: Setting) -> None:
    assert await said(here, "deleteWebhook") == "200 Webhook is already deleted"
    async with hook(here):
        assert await said(here, "deleteWebhook") == "200 Webhook was deleted"


@story("An address is HTTPS.", API + "setWebhook", "webhook.Webhook._check", nothing)
async def _(here: Setting) -> None:
    refused = "400 Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    assert await said(here, "setWebhook", url="http://example.org/") == refused


@story("Four ports are allowed.", API + "setWebhook", "webhook.PORTS", range(1 << 16))
async def _(here: Setting) -> None:
    assert await said(here, "setWebhook", url="https://example.org:8081/") == (
        "400 Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
    )


@story(
    "A secret has 256 signs at most.",
    API + "setWebhook, secret_token",
    "webhook._SECRET_LIMIT",
    1000,
)
async def _(here: Setting) -> None:
    long = {"url": "https://example.org/", "secret_token": "x" * 257}
    assert await said(here, "setWebhook", **long) == "400 Bad Request: secret token is too long"


@story(
    "A secret is of letters, digits, - and _.",
    API + "setWebhook, secret_token",
    "webhook._SECRET",
    re.compile(".*"),
)
async def _(here: Setting) -> None:
    odd = {"url": "https://example.org/", "secret_token": "a.b"}
    refused = "400 Bad Request: secret token contains unallowed characters"
    assert await said(here, "setWebhook", **odd) == refused


# Time and size


@story(
    "A message can be deleted for 48 hours.",
    API + "deleteMessage",
    "sending.DELETE_LIFE_SECONDS",
    10**9,
)
async def _(here: Setting) -> None:
    later(here, 48 * 3600)
    assert await said(here, "deleteMessage", chat_id="ANNA", message_id="TEXT") == (
        "400 Bad Request: message can't be deleted for everyone"
    )


@story(
    "A photo's width and height are 10,000 together at most.",
    API + "sendPhoto",
    "files.SIDES_LIMIT",
    10**9,
)
async def _(here: Setting) -> None:
    body = await posted(here, "sendPhoto", chat_id=here.anna.id, photo=png(5001, 5000))
    assert body.get("description") == "Bad Request: PHOTO_INVALID_DIMENSIONS"


@story(
    "A photo is 20 times as long as wide at most.", API + "sendPhoto", "files.RATIO_LIMIT", 10**9
)
async def _(here: Setting) -> None:
    body = await posted(here, "sendPhoto", chat_id=here.anna.id, photo=png(2001, 100))
    assert body.get("description") == "Bad Request: PHOTO_INVALID_DIMENSIONS"
    assert (await posted(here, "sendPhoto", chat_id=here.anna.id, photo=png(2000, 100)))["ok"]


@story("A photo has 10 MB at most.", API + "sendPhoto", "files.PHOTO_LIMIT_BYTES", 1 << 40)
async def _(here: Setting) -> None:
    big = png(10, 10, 10 * MIB)
    body = await posted(here, "sendPhoto", chat_id=here.anna.id, photo=big)
    assert "is too big for a photo" in body.get("description", "")


@story("What is no picture is no photo.", SEEN + "sendPhoto", "files._jpeg", lambda data: (9, 9))
async def _(here: Setting) -> None:
    body = await posted(here, "sendPhoto", chat_id=here.anna.id, photo=b"no picture")
    assert body.get("description") == "Bad Request: IMAGE_PROCESS_FAILED"


@story(
    "Other files have 50 MB at most.", API + "Sending files", "files.UPLOAD_LIMIT_BYTES", 1 << 40
)
async def _(here: Setting) -> None:
    big = bytes(50 * MIB + 1)
    body = await posted(here, "sendDocument", chat_id=here.anna.id, document=big)
    assert body.get("description") == "Request Entity Too Large"


@story(
    "A file of more than 20 MB cannot be downloaded.",
    API + "getFile",
    "files.DOWNLOAD_LIMIT_BYTES",
    1 << 40,
)
async def _(here: Setting) -> None:
    big = bytes(20 * MIB + 1)
    body = await posted(here, "sendDocument", chat_id=here.anna.id, document=big)
    file_id = body["result"]["document"]["file_id"]
    assert await said(here, "getFile", file_id=file_id) == "400 Bad Request: file is too big"


@story(
    "A file is downloaded with the token.",
    API + "getFile",
    "server.ApiServer._knows",
    lambda *_: True,
)
async def _(here: Setting) -> None:
    _, body = await here.ask("getFile", file_id="FILE")
    for token, status in ((TOKEN, 200), ("1:wrong", 401)):
        url = f"{here.emulator.file_url}{token}/{body['result']['file_path']}"
        async with here.bot.session.get(url) as response:
            assert response.status == status


@story(
    "Too many messages are a 429 that says how long, twice.",
    API + "ResponseParameters",
    "flood.Flood.check",
    nothing,
    flood=FloodLimits(chat_per_second=0.1, chat_burst=2),
)
async def _(here: Setting) -> None:
    message = {"chat_id": here.anna.id, "text": "x"}
    async with here.bot.session.post(f"{here.bot.url}/sendMessage", json=message) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "10")
        body = await response.json()
    assert body["parameters"] == {"retry_after": 10}
    assert body["description"] == "Too Many Requests: retry after 10"


@story(
    "The commands of a chat come before those of all private chats.",
    API + "BotCommandScope",
    "world.Profile.commands_for",
    lambda *_, **__: [],
)
async def _(here: Setting) -> None:
    scopes: list[Json] = [{"type": "all_private_chats"}, {"type": "chat", "chat_id": "ANNA"}]
    for scope in scopes:
        command = {"command": "start", "description": scope["type"]}
        await here.ask("setMyCommands", commands=[command], scope=scope)
    assert [command["description"] for command in here.anna.commands] == ["chat"]


@pytest.mark.parametrize("told", STORIES, ids=str)
async def test_the_server_does_what_the_official_one_does(told: Story) -> None:
    async with setting(**told.setting) as here:
        await told.run(here)


@pytest.mark.parametrize("told", STORIES, ids=str)
async def test_every_story_can_fail(told: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    async with setting(**told.setting) as here:
        monkeypatch.setattr(f"bot.emulator.{told.broken}", told.by)
        with pytest.raises(
            (AssertionError, TimeoutError, LookupError, ValueError, pytest.fail.Exception)
        ):
            await told.run(here)


def test_stories_tell_their_source() -> None:
    assert all(told.source.startswith((API, SERVER, TD, SEEN)) for told in STORIES)
    assert len({told.says for told in STORIES}) == len(STORIES)
