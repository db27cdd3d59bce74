"""The HTTP surface, seen raw: every form a request may take, every way to ask wrongly."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from bot.emulator import Emulator, Person
from bot.emulator.calls import METHODS
from bot.emulator.files import picture
from bot.emulator.schema import SPELLING
from tests.emulator.rawbot import TOKEN, RawBot

TEXT = "<b>ü</b> & 😀"


async def test_every_form_of_a_request_means_the_same(bot: RawBot, anna: Person) -> None:
    # Bot API, making requests: query string, urlencoded, JSON, multipart; GET and POST.
    fields = {"chat_id": str(anna.id), "text": TEXT, "parse_mode": "HTML"}
    rest = {"text": TEXT, "parse_mode": "HTML"}
    forms: list[tuple[str, dict[str, Any]]] = [
        ("GET", {"params": fields}),
        ("POST", {"params": fields}),
        ("POST", {"data": fields}),
        ("POST", {"data": aiohttp.FormData(fields, default_to_multipart=True)}),
        ("POST", {"json": {**fields, "chat_id": anna.id}}),
        ("POST", {"params": {"chat_id": fields["chat_id"]}, "json": rest}),
    ]
    for verb, how in forms:
        async with bot.session.request(verb, f"{bot.url}/sendMessage", **how) as response:
            body = await response.json()
            assert (response.status, body["result"]["text"]) == (200, "ü & 😀"), how
    assert len([seen for seen in anna.chat if seen.from_bot]) == len(forms)


async def test_nested_values_come_as_json_text_in_forms(bot: RawBot, anna: Person) -> None:
    markup = {"inline_keyboard": [[{"text": "7", "callback_data": "a"}]]}
    fields = {"chat_id": str(anna.id), "text": "a", "reply_markup": json.dumps(markup)}
    form = {**fields, "protect_content": "True"}
    async with bot.session.post(f"{bot.url}/sendMessage", data=form) as response:
        assert (await response.json())["result"]["reply_markup"] == markup
    assert anna.last.protected


async def test_method_names_are_case_insensitive(bot: RawBot) -> None:
    for spelling in ("getme", "GETME", "getMe"):
        async with bot.session.get(f"{bot.url}/{spelling}") as response:
            me = (await response.json())["result"]
            assert (me["id"], me["is_bot"], me["username"]) == (1, True, "rapport_bot")


async def test_an_unknown_method_is_a_404(bot: RawBot) -> None:
    status, body = await bot.answer("sendTelegram")
    assert (status, body["description"]) == (404, "Not Found: method not found")


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [("1:wrong", 401, "Unauthorized"), ("9:x", 401, "Unauthorized"), ("x", 404, "Not Found")],
)
async def test_a_wrong_token_is_refused(
    bot: RawBot, emulator: Emulator, token: str, status: int, words: str
) -> None:
    async with bot.session.post(f"{emulator.base_url}{token}/getMe") as response:
        assert response.status == status
        assert await response.json() == {"ok": False, "error_code": status, "description": words}


async def test_a_token_may_come_percent_encoded(emulator: Emulator) -> None:
    encoded = TOKEN.replace(":", "%3A").encode()
    reader, writer = await asyncio.open_connection(*urlsplit(emulator.url).netloc.split(":"))
    head = b"Host: localhost\r\nConnection: close\r\n\r\n"
    writer.write(b"GET /bot%b/getMe HTTP/1.1\r\n%b" % (encoded, head))
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_file_that_belongs_to_no_parameter_is_refused(bot: RawBot, anna: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id), "text": "a"})
    form.add_field("photograph", picture(), filename="a.png")
    async with bot.session.post(f"{bot.url}/sendMessage", data=form) as response:
        assert (response.status, (await response.json())["description"]) == (
            400,
            'Bad Request: the file "photograph" belongs to no parameter',
        )
    assert anna.see("a") is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"--x\r\n", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb',
            "multipart/form-data; boundary=x",
        ),
        (b"text=%ff", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_broken_body_is_refused(bot: RawBot, body: bytes, kind: str) -> None:
    headers = {"Content-Type": kind}
    async with bot.session.post(f"{bot.url}/sendMessage", data=body, headers=headers) as response:
        described = (await response.json())["description"]
        assert response.status == 400
        assert described.startswith(
            ("Bad Request: can't parse request: ", "Bad Request: strings must be encoded in UTF-8")
        )


async def test_a_request_that_breaks_off_is_not_carried_out(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    body = f"chat_id={anna.id}&text=half".encode()
    head = (
        f"POST /bot{TOKEN}/sendMessage HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {len(body) + 9}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(*urlsplit(emulator.url).netloc.split(":"))
    writer.write(head.encode() + body)
    await writer.drain()
    await bot.call("getMe")
    writer.close()
    await writer.wait_closed()
    await bot.call("getMe")
    assert emulator.journal.calls("sendMessage") == []
    assert anna.see("half") is None


async def test_a_file_is_fetched_with_its_path_and_the_token(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    anna.send_photo(picture(grey=7))
    [update] = await bot.call("getUpdates")
    file = await bot.call("getFile", file_id=update["message"]["photo"][-1]["file_id"])
    expected = {
        f"{TOKEN}/{file['file_path']}": 200,
        f"1:wrong/{file['file_path']}": 401,
        f"{TOKEN}/photos/none.png": 404,
    }
    for path, status in expected.items():
        async with bot.session.get(emulator.file_url + path) as response:
            assert response.status == status
            if status == 200:
                assert await response.read() == picture(grey=7)
    assert await bot.refused("getFile", file_id="x") == "Bad Request: invalid file_id"


async def test_anything_else_under_the_port_is_not_found(bot: RawBot, emulator: Emulator) -> None:
    for path in ("/elsewhere", "/robots.txt", "/bot", "/_control/nothing"):
        async with bot.session.get(emulator.url + path) as response:
            assert response.status == 404, path


SURVEY: dict[str, dict[str, Any]] = {
    "getUpdates": {},
    "getMe": {},
    "getWebhookInfo": {},
    "setWebhook": {"url": ""},
    "deleteWebhook": {},
    "sendMessage": {"text": "a"},
    "sendPhoto": {"photo": "PHOTO"},
    "sendDocument": {"document": "PHOTO"},
    "sendMediaGroup": {"media": [{"type": "photo", "media": "PHOTO"}] * 2},
    "sendChatAction": {"action": "typing"},
    "editMessageText": {"message_id": "TEXT", "text": "other"},
    "editMessageCaption": {"message_id": "MEDIA", "caption": "other"},
    "editMessageReplyMarkup": {
        "message_id": "TEXT",
        "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "https://example.org"}]]},
    },
    "editMessageMedia": {
        "message_id": "MEDIA",
        "media": {"type": "photo", "media": "PHOTO", "caption": "other"},
    },
    "deleteMessage": {"message_id": "TEXT"},
    "deleteMessages": {"message_ids": [1, 2]},
    "answerCallbackQuery": {"callback_query_id": "TAP"},
    "pinChatMessage": {"message_id": "TEXT"},
    "setMessageReaction": {"message_id": "TEXT", "reaction": [{"type": "emoji", "emoji": "👍"}]},
    "setMyCommands": {"commands": [{"command": "start", "description": "Begin"}]},
    "getMyCommands": {},
    "deleteMyCommands": {},
    "setMyName": {"name": "Rapport"},
    "getMyName": {},
    "setMyDescription": {"description": "a"},
    "getMyDescription": {},
    "setMyShortDescription": {"short_description": "a"},
    "getMyShortDescription": {},
    "setChatMenuButton": {"menu_button": {"type": "commands"}},
    "getChatMenuButton": {},
    "getChat": {},
    "getChatMember": {"user_id": "ANNA"},
    "getFile": {"file_id": "PHOTO"},
    "leaveChat": {"chat_id": "GROUP"},
}
WITHOUT_CHAT = {
    name
    for name in SURVEY
    if name.startswith(
        ("getM", "setMy", "deleteMy", "getU", "getW", "setW", "deleteW", "answer", "getFile")
    )
}


def test_the_survey_asks_for_every_method_there_is() -> None:
    assert set(SURVEY) == set(SPELLING.values())


@pytest.mark.parametrize("method", SURVEY)
async def test_every_method_answers_with_its_official_type(
    bot: RawBot, anna: Person, emulator: Emulator, method: str
) -> None:
    anna.send_photo()
    [update] = await bot.call("getUpdates")
    photo = update["message"]["photo"][0]["file_id"]
    media = await bot.call("sendPhoto", chat_id=anna.id, photo=photo)
    markup = {"inline_keyboard": [[{"text": "7", "callback_data": "a"}]]}
    sent = await bot.call("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)
    group = emulator.group("Family")
    group.add_bot(by=anna)
    known: dict[str, Any] = {
        "PHOTO": photo,
        "MEDIA": media["message_id"],
        "TEXT": sent["message_id"],
        "TAP": anna.tap("7").id,
        "ANNA": anna.id,
        "GROUP": group.id,
    }

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        return known.get(value, value) if isinstance(value, str) else value

    params = filled(SURVEY[method])
    if method not in WITHOUT_CHAT:
        params.setdefault("chat_id", anna.id)
    await bot.call(method, **params)  # RawBot checks every result against the official type


async def test_a_result_that_is_not_of_its_type_is_the_emulators_own_fault(
    bot: RawBot, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "getMe", lambda world, params: {"id": "one"})
    status, body = await bot.answer("getMe")
    assert (status, body["description"]) == (
        500,
        'Internal Server Error: getMe gave what it must not: User: Can\'t find field "is_bot"',
    )


def test_an_update_that_is_not_of_its_type_is_not_queued(emulator: Emulator) -> None:
    with pytest.raises(RuntimeError, match=r"no such update: Update\.message: Message"):
        emulator.world.queue.put("message", {"text": 7}, None, 1000)
    assert emulator.pending == 0
