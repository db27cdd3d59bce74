"""The HTTP surface, seen raw: every form a request may take, every way to ask wrongly."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from bot.emulator import Emulator, Person
from bot.emulator.samples import picture
from bot.emulator.schema import SPELLING, find_problem, returns

TEXT = "<b>ü</b> & 😀"


async def test_every_form_of_a_request_means_the_same(call: Any, anna: Person) -> None:
    fields = {"chat_id": str(anna.id), "text": TEXT, "parse_mode": "HTML"}
    form = aiohttp.FormData(fields, default_to_multipart=True)
    forms: list[dict[str, Any]] = [
        {"verb": "GET", "params": fields},
        {"params": fields},
        {"data": fields},
        {"data": form},
        {"json": {**fields, "chat_id": anna.id}},
        {"params": {"chat_id": fields["chat_id"]}, "json": {"text": TEXT, "parse_mode": "HTML"}},
    ]
    for how in forms:
        reply = await call.request("sendMessage", **how)
        assert reply.result["text"] == "ü & 😀", how
    assert len([seen for seen in anna.chat if seen.from_bot]) == len(forms)


async def test_nested_values_come_as_json_text_in_forms(call: Any, anna: Person) -> None:
    markup = {"inline_keyboard": [[{"text": "7", "callback_data": "a"}]]}
    fields = {"chat_id": str(anna.id), "text": "a", "reply_markup": json.dumps(markup)}
    reply = await call.request("sendMessage", data={**fields, "protect_content": "True"})
    assert reply.result["reply_markup"] == markup
    assert reply.result["has_protected_content"] is True


async def test_method_names_are_case_insensitive(call: Any) -> None:
    for spelling in ("getme", "GETME", "getMe"):
        assert (await call(spelling)).result["username"] == "rapport_bot"


async def test_get_me_says_it_is_a_bot(call: Any) -> None:
    me = (await call("getMe")).result
    assert find_problem(me, "User") is None
    assert (me["id"], me["is_bot"]) == (12345, True)


async def test_an_unknown_method_is_a_404(call: Any) -> None:
    reply = await call("sendTelegram")
    assert (reply.status, reply.error) == (404, "Not Found: method not found")


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        ("12345:wrong", 401, "Unauthorized"),
        ("9:emulated", 401, "Unauthorized"),
        ("x", 404, "Not Found"),
    ],
)
async def test_a_wrong_token_is_refused(
    call: Any, emulator: Emulator, token: str, status: int, words: str
) -> None:
    async with call.session.post(f"{emulator.base_url}{token}/getMe") as answer:
        assert answer.status == status
        assert await answer.json() == {"ok": False, "error_code": status, "description": words}


async def test_a_token_may_come_percent_encoded(call: Any, emulator: Emulator) -> None:
    host = urlsplit(emulator.url).netloc
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(b"GET /bot12345%3Aemulated/getMe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_an_unknown_parameter_is_refused_by_name(call: Any, anna: Person) -> None:
    reply = await call("sendMessage", chat_id=anna.id, text="a", parsemode="HTML")
    assert (reply.status, reply.error) == (
        400,
        'Bad Request: sendMessage has no parameter "parsemode"',
    )


async def test_a_lenient_emulator_overlooks_it_as_telegram_does(call: Any) -> None:
    call.emulator = Emulator("12345:emulated", strict=False)
    anna = call.emulator.person("Anna")
    anna.start()
    async with call.emulator.serve():
        reply = await call("sendMessage", chat_id=anna.id, text="a", parsemode="HTML")
        assert reply.status == 200


async def test_a_file_that_belongs_to_no_parameter_is_refused(call: Any, anna: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id), "text": "a"})
    form.add_field("photograph", picture(), filename="a.png")
    reply = await call.request("sendMessage", data=form)
    assert (reply.status, reply.error) == (
        400,
        'Bad Request: the file "photograph" belongs to no parameter',
    )


MISTYPED = {
    "a list where text belongs": ({"text": ["a"]}, 'can\'t parse parameter "text"'),
    "a word where a truth value belongs": (
        {"text": "a", "protect_content": "perhaps"},
        'can\'t parse parameter "protect_content"',
    ),
    "a keyboard that is no JSON": (
        {"text": "a", "reply_markup": "{"},
        "can't parse reply keyboard markup JSON object",
    ),
}


@pytest.mark.parametrize("mistake", MISTYPED)
async def test_a_mistyped_parameter_is_refused(call: Any, anna: Person, mistake: str) -> None:
    params, sentence = MISTYPED[mistake]
    reply = await call("sendMessage", chat_id=anna.id, **params)
    assert reply.status == 400
    assert reply.error.startswith(f"Bad Request: {sentence}")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"--x\r\n", "multipart/form-data"),
        (
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb",
            "multipart/form-data; boundary=x",
        ),
        (b"text=%ff", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_broken_body_is_refused(call: Any, body: bytes, content_type: str) -> None:
    reply = await call.request("sendMessage", data=body, headers={"Content-Type": content_type})
    assert reply.status == 400
    assert reply.error.startswith(("Bad Request: can't parse request", "Bad Request: strings must"))


async def test_a_request_that_breaks_off_is_not_carried_out(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    host = urlsplit(emulator.url).netloc
    body = f"chat_id={anna.id}&text=half".encode()
    head = f"POST /bot12345:emulated/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 9}"
    kind = "Content-Type: application/x-www-form-urlencoded"
    _, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(f"{head}\r\n{kind}\r\n\r\n".encode() + body)
    await writer.drain()
    assert (await call("getMe")).status == 200
    writer.close()
    await writer.wait_closed()
    assert (await call("getMe")).status == 200
    assert emulator.journal.calls("sendMessage") == []
    assert anna.see("half") is None


async def test_a_file_is_fetched_with_its_path_and_the_token(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    anna.send_photo(picture(grey=7))
    message = (await call("getUpdates")).result[-1]["message"]
    file = (await call("getFile", file_id=message["photo"][-1]["file_id"])).result
    assert find_problem(file, "File") is None
    async with call.session.get(f"{emulator.file_url}12345:emulated/{file['file_path']}") as answer:
        assert (answer.status, await answer.read()) == (200, picture(grey=7))
    async with call.session.get(f"{emulator.file_url}12345:wrong/{file['file_path']}") as answer:
        assert answer.status == 401
    async with call.session.get(f"{emulator.file_url}12345:emulated/photos/none.png") as answer:
        assert answer.status == 404
    unknown = await call("getFile", file_id="x")
    assert (unknown.status, unknown.error) == (400, "Bad Request: invalid file_id")


async def test_anything_else_under_the_port_is_not_found(call: Any, emulator: Emulator) -> None:
    for path in ("/", "/robots.txt", "/bot", "/_control/nothing"):
        async with call.session.get(emulator.url + path) as answer:
            assert answer.status == 404, path


SURVEY: dict[str, dict[str, Any]] = {
    "getUpdates": {},
    "getMe": {},
    "getWebhookInfo": {},
    "deleteWebhook": {},
    "sendMessage": {"text": "a"},
    "sendPhoto": {"photo": "PHOTO"},
    "sendDocument": {"document": "PHOTO"},
    "sendChatAction": {"action": "typing"},
    "editMessageText": {"message_id": "TEXT", "text": "other"},
    "editMessageCaption": {"message_id": "MEDIA", "caption": "other"},
    "editMessageReplyMarkup": {
        "message_id": "TEXT",
        "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "https://example.org"}]]},
    },
    "editMessageMedia": {"message_id": "MEDIA", "media": {"type": "photo", "media": "PHOTO"}},
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
        ("getM", "setMy", "deleteMy", "getU", "getW", "deleteW", "answer", "getFile")
    )
}


def test_the_survey_asks_for_every_method_there_is() -> None:
    assert set(SURVEY) == set(SPELLING.values())


@pytest.mark.parametrize("method", SURVEY)
async def test_every_method_answers_with_its_official_type(
    call: Any, anna: Person, emulator: Emulator, method: str
) -> None:
    anna.send_photo()
    photo = (await call("getUpdates")).result[-1]["message"]["photo"][0]["file_id"]
    media = (await call("sendPhoto", chat_id=anna.id, photo=photo)).result["message_id"]
    markup = {"inline_keyboard": [[{"text": "7", "callback_data": "a"}]]}
    sent = await call("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)
    group = emulator.group("Family")
    group.add_bot(by=anna)
    known: dict[str, Any] = {
        "PHOTO": photo,
        "MEDIA": media,
        "TEXT": sent.result["message_id"],
        "TAP": anna.tap("7").id,
        "ANNA": anna.id,
        "GROUP": group.id,
    }

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(item) for name, item in value.items()}
        return known.get(value, value) if isinstance(value, str) else value

    params = filled(SURVEY[method])
    if method not in WITHOUT_CHAT:
        params.setdefault("chat_id", anna.id)
    reply = await call(method, **params)
    kinds = returns(method).split("|")
    assert any(find_problem(reply.result, kind) is None for kind in kinds), reply.body
