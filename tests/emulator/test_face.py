"""The face over HTTP: its files, its stream and its acts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from bot.emulator import Emulator, MovableClock, Person
from bot.emulator.face import act_route
from tests.emulator.rawbot import RawBot


class Page:
    """What a page does: it listens to the stream and posts acts."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        self._stream: aiohttp.ClientResponse | None = None

    async def next(self, kind: str) -> dict[str, Any]:
        """Give the next event of a kind; others are passed over."""
        if self._stream is None:
            self._stream = await self.session.get(f"{self.url}/face/events")
        async with asyncio.timeout(5):
            name = ""
            async for raw in self._stream.content:
                field, _, value = raw.decode().rstrip("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and name == kind:
                    return dict(orjson.loads(value))
        raise AssertionError("the stream ended")

    async def does(self, act: str, *, status: int = 200, **body: Any) -> dict[str, Any]:
        """Post an act."""
        async with self.session.post(f"{self.url}/face/{act}", json=body) as response:
            assert response.status == status, await response.text()
            return dict(await response.json())

    def close(self) -> None:
        """Leave the stream."""
        if self._stream is not None:
            self._stream.close()


@pytest.fixture
async def page(emulator: Emulator, bot: RawBot) -> AsyncIterator[Page]:
    page = Page(bot.session, emulator.url)
    yield page
    page.close()


async def test_the_page_and_all_it_loads_are_served(page: Page) -> None:
    for path, kind in {
        "/": "text/html",
        "/face/face.css": "text/css",
        "/face/phones.js": "text/javascript",
        "/face/mark.svg": "image/svg+xml",
    }.items():
        async with page.session.get(page.url + path) as response:
            assert response.status == 200
            assert response.content_type == kind
            assert "default-src 'none'" in response.headers["content-security-policy"]
    async with page.session.get(page.url + "/face/pages.py") as response:
        assert response.status == 404


async def test_the_pages_own_origin_may_act(page: Page, anna: Person) -> None:
    asked = page.session.post(
        f"{page.url}/face/send",
        json={"person": anna.id, "text": "Good morning"},
        headers={"Origin": page.url},
    )
    async with asked as response:
        assert response.status == 200
    assert anna.chat[-1].text == "Good morning"


async def test_the_stream_tells_of_people_messages_edits_and_answers(
    page: Page, anna: Person, bot: RawBot
) -> None:
    assert (await page.next("hello"))["username"] == "rapport_bot"
    assert (await page.next("people"))["ids"] == [anna.id]
    assert (await page.next("phone"))["changed"][0]["text"] == "/start"

    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    sent = await bot.call(
        "sendMessage", chat_id=anna.id, text="<b>So</b>?", parse_mode="HTML", reply_markup=keyboard
    )
    (shown,) = (await page.next("phone"))["changed"]
    assert shown["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert shown["rows"] == [[{"label": "Yes", "data": "y"}]]
    assert not shown["edited"]

    tap = await page.does("tap", person=anna.id, message=shown["id"], data="y")
    await bot.call("answerCallbackQuery", callback_query_id=tap["tap"], text="Saved")
    assert (await page.next("answer"))["text"] == "Saved"

    await bot.call(
        "editMessageText", chat_id=anna.id, message_id=sent["message_id"], text="Thank you."
    )
    (shown,) = (await page.next("phone"))["changed"]
    assert (shown["text"], shown["edited"], shown["rows"]) == ("Thank you.", True, [])

    await bot.call("deleteMessage", chat_id=anna.id, message_id=sent["message_id"])
    assert (await page.next("phone"))["gone"] == [sent["message_id"]]


async def test_people_do_on_the_page_what_people_do(
    page: Page, anna: Person, emulator: Emulator
) -> None:
    await page.does("send", person=anna.id, text="Hello")
    await page.does("edit", person=anna.id, message=anna.chat[-1].message_id, text="Hello again")
    await page.does("photo", person=anna.id, caption="a picture")
    await page.does("sticker", person=anna.id)
    await page.does("voice", person=anna.id)
    assert [seen.kind for seen in anna.chat[1:]] == ["text", "photo", "sticker", "voice"]
    assert (anna.chat[1].text, anna.chat[1].edited) == ("Hello again", True)

    async with page.session.get(f"{page.url}/face/file/{anna.id}/{anna.chat[2].message_id}") as got:
        assert await got.read() == anna.chat[2].photo

    await page.does("block", person=anna.id)
    assert anna.blocked
    await page.does("unblock", person=anna.id)
    await page.does("start", person=anna.id, payload="invitation")
    assert anna.chat[-1].text == "/start invitation"

    cora = await page.does("person", name="Cora", language="de")
    assert emulator.people[cora["id"]].name == "Cora"


async def test_what_people_refuse_is_said_in_their_words(page: Page, anna: Person) -> None:
    await page.does("block", person=anna.id)
    refused = await page.does("send", person=anna.id, text="Hello", status=400)
    assert "cannot write to a bot that is blocked" in refused["refused"]
    for act, body in (
        ("tap", {"message": 1, "data": "x"}),
        ("photo", {"data": "bm8gcGljdHVyZQ=="}),
        ("start", {"payload": "no such payload"}),
        ("person", {"name": " "}),
    ):
        assert (await page.does(act, person=anna.id, status=400, **body))["refused"]


async def test_a_mounted_page_comes_first_and_its_facts_are_told(
    page: Page, emulator: Emulator, clock: MovableClock
) -> None:
    emulator.face.mount(act_route("/face/send", lambda body: {"mounted": True}))
    emulator.face.tell("clock", lambda: {"now": clock.now()})
    assert (await page.does("send", status=200))["mounted"]
    began = (await page.next("clock"))["now"]
    clock.advance_to(began + 1)
    emulator.bell.ring()
    assert (await page.next("clock"))["now"] == began + 1
