"""Sending, editing, deleting, answering: limits and refusals in the official words."""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson
import pytest

from bot.emulator import Emulator, MovableClock, Person
from bot.emulator.samples import picture
from bot.emulator.schema import find_problem

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are"
    " exactly the same as a current content and reply markup of the message"
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def _keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


def _push(label: str = "7", data: str = "answer:7") -> dict[str, Any]:
    return {"text": label, "callback_data": data}


async def test_a_message_comes_back_as_telegram_shapes_it(call: Any, anna: Person) -> None:
    reply = await call(
        "sendMessage",
        chat_id=anna.id,
        text="Hello",
        reply_markup=_keyboard([_push()]),
        disable_notification=True,
        protect_content=True,
    )
    assert find_problem(reply.result, "Message") is None
    assert reply.result["from"]["is_bot"] is True
    assert reply.result["date"] == 1_790_000_000
    assert (anna.last.silent, anna.last.protected) == (True, True)
    assert anna.last.buttons == [[("7", "answer:7")]]


async def test_a_bot_cannot_write_first(call: Any, emulator: Emulator) -> None:
    cora = emulator.person("Cora")
    reply = await call("sendMessage", chat_id=cora.id, text="Hello")
    assert (reply.status, reply.error) == (400, "Bad Request: chat not found")
    assert cora.chat == []


async def test_a_blocked_bot_is_told_so(call: Any, anna: Person) -> None:
    anna.block()
    reply = await call("sendMessage", chat_id=anna.id, text="Hello")
    assert (reply.status, reply.error) == (403, "Forbidden: bot was blocked by the user")
    anna.unblock()
    assert (await call("sendMessage", chat_id=anna.id, text="Hello")).status == 200


async def test_a_deleted_account_is_told_so(call: Any, anna: Person) -> None:
    anna.deactivate()
    reply = await call("sendMessage", chat_id=anna.id, text="Hello")
    assert (reply.status, reply.error) == (403, "Forbidden: user is deactivated")


async def test_a_missing_chat_id_says_so(call: Any) -> None:
    reply = await call("sendMessage", text="Hello")
    assert (reply.status, reply.error) == (400, "Bad Request: chat_id is empty")


KEYBOARDS: dict[str, tuple[dict[str, Any], str]] = {
    "callback data has at least one byte": (_keyboard([_push(data="")]), "BUTTON_DATA_INVALID"),
    "callback data has at most 64 bytes": (
        _keyboard([_push(data="ü" * 33)]),
        "BUTTON_DATA_INVALID",
    ),
    "a button does something": (
        _keyboard([{"text": "a"}]),
        "text buttons are unallowed in the inline keyboard",
    ),
    "a button has words": (_keyboard([_push(" ")]), "keyboard button text must be non-empty"),
    "a row has at most 8 buttons": (_keyboard([_push()] * 9), "reply markup is too long"),
    "a keyboard has at most 100 buttons": (
        _keyboard(*[[_push()]] * 101),
        "reply markup is too long",
    ),
    "a keyboard has at most about 10 kB": (
        _keyboard(*[[_push("x" * 150)]] * 60),
        "reply markup is too long",
    ),
    "an address is sound": (
        _keyboard([{"text": "a", "url": "nohost"}]),
        "inline keyboard button URL 'nohost' is invalid: Wrong HTTP URL",
    ),
    "a web app is served by HTTPS": (
        _keyboard([{"text": "a", "web_app": {"url": "http://example.org"}}]),
        "inline keyboard button Web App URL 'http://example.org' is invalid:"
        " Only HTTPS links are allowed",
    ),
    "a button's field has its type": (
        _keyboard([{"text": 7, "callback_data": "a"}]),
        "can't parse inline keyboard button: String expected, not int",
    ),
}


@pytest.mark.parametrize("rule", KEYBOARDS)
async def test_keyboards_are_refused(call: Any, anna: Person, rule: str) -> None:
    markup, sentence = KEYBOARDS[rule]
    reply = await call("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)
    assert (reply.status, reply.error) == (400, f"Bad Request: {sentence}")
    assert [seen for seen in anna.chat if seen.from_bot] == []


async def test_callback_data_of_64_bytes_and_a_hundred_buttons_pass(
    call: Any, anna: Person
) -> None:
    markup = _keyboard([_push(data="ü" * 32)])
    assert (await call("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)).status == 200
    markup = _keyboard(*[[_push()] * 8] * 12, [_push()] * 4)
    assert (await call("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)).status == 200


async def test_a_reply_keyboard_stands_until_it_is_removed(call: Any, anna: Person) -> None:
    keyboard = {"keyboard": [[{"text": "Yes"}, {"text": "No"}]]}
    await call("sendMessage", chat_id=anna.id, text="a", reply_markup=keyboard)
    await call("sendMessage", chat_id=anna.id, text="b")
    assert anna.keyboard == [["Yes", "No"]]
    removed = {"remove_keyboard": True}
    await call("sendMessage", chat_id=anna.id, text="c", reply_markup=removed)
    assert anna.keyboard == []


async def test_an_edit_changes_and_without_a_keyboard_takes_it_away(
    call: Any, anna: Person
) -> None:
    sent = await call("sendMessage", chat_id=anna.id, text="a", reply_markup=_keyboard([_push()]))
    place = {"chat_id": anna.id, "message_id": sent.result["message_id"]}
    edited = await call("editMessageText", **place, text="b")
    assert find_problem(edited.result, "Message") is None
    assert "edit_date" in edited.result
    assert (anna.last.text, anna.last.buttons, anna.last.edited) == ("b", [], True)


async def test_the_same_edit_again_is_refused(call: Any, anna: Person) -> None:
    markup = _keyboard([_push()])
    sent = await call("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)
    place = {"chat_id": anna.id, "message_id": sent.result["message_id"]}
    same = await call("editMessageText", **place, text=" a ", reply_markup=markup)
    assert (same.status, same.error) == (400, NOT_MODIFIED)
    other = await call("editMessageText", **place, text="<b>a</b>", parse_mode="HTML")
    assert other.status == 200
    again = await call("editMessageReplyMarkup", **place)
    assert (again.status, again.error) == (400, NOT_MODIFIED)


async def test_edits_need_an_own_message_that_is_there(call: Any, anna: Person) -> None:
    gone = await call("editMessageText", chat_id=anna.id, message_id=999_999, text="b")
    assert (gone.status, gone.error) == (400, "Bad Request: message to edit not found")
    foreign = anna.chat[0].message_id
    reply = await call("editMessageText", chat_id=anna.id, message_id=foreign, text="b")
    assert (reply.status, reply.error) == (400, "Bad Request: message can't be edited")
    nothing = await call("editMessageText", chat_id=anna.id, text="b")
    assert (nothing.status, nothing.error) == (
        400,
        "Bad Request: message identifier is not specified",
    )


async def test_text_and_caption_are_edited_by_their_own_methods(call: Any, anna: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id), "caption": "<i>c</i>", "parse_mode": "HTML"})
    form.add_field("photo", picture(), filename="a.png", content_type="image/png")
    sent = await call.request("sendPhoto", data=form)
    assert find_problem(sent.result, "Message") is None
    place = {"chat_id": anna.id, "message_id": sent.result["message_id"]}
    reply = await call("editMessageText", **place, text="b")
    assert reply.error == "Bad Request: there is no text in the message to edit"
    await call("editMessageCaption", **place, caption="d")
    assert (anna.last.text, anna.last.photo) == ("d", picture())
    text = await call("sendMessage", chat_id=anna.id, text="a")
    place["message_id"] = text.result["message_id"]
    reply = await call("editMessageCaption", **place, caption="b")
    assert reply.error == "Bad Request: there is no caption in the message to edit"


async def test_a_caption_is_shorter_than_a_text(call: Any, anna: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id), "caption": "x" * 1025})
    form.add_field("document", b"abc", filename="a.txt")
    reply = await call.request("sendDocument", data=form)
    assert (reply.status, reply.error) == (400, "Bad Request: message caption is too long")


PHOTOS = {
    "no picture at all": (b"plain words", "IMAGE_PROCESS_FAILED"),
    "sides of more than 10,000 together": (picture(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
    "more than twenty times as wide as high": (picture(210, 10), "PHOTO_INVALID_DIMENSIONS"),
    "an empty file": (b"", "file must be non-empty"),
    "more than 10 MB": (
        picture() + bytes(10 * 1024 * 1024),
        f'file "a.png" of size {len(picture()) + 10 * 1024 * 1024} bytes is too big for a photo',
    ),
}


@pytest.mark.parametrize("problem", PHOTOS)
async def test_photos_are_refused(call: Any, anna: Person, problem: str) -> None:
    data, sentence = PHOTOS[problem]
    form = aiohttp.FormData({"chat_id": str(anna.id)})
    form.add_field("photo", data, filename="a.png")
    reply = await call.request("sendPhoto", data=form)
    assert (reply.status, reply.error) == (400, f"Bad Request: {sentence}")


async def test_a_file_can_be_sent_again_by_its_id_and_fetched(call: Any, anna: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id)})
    form.add_field("document", b"words", filename="a.txt", content_type="text/plain")
    first = (await call.request("sendDocument", data=form)).result["document"]
    assert (first["file_name"], first["mime_type"], first["file_size"]) == (
        "a.txt",
        "text/plain",
        5,
    )
    again = await call("sendDocument", chat_id=anna.id, document=first["file_id"])
    assert again.result["document"]["file_unique_id"] == first["file_unique_id"]
    assert anna.last.document == b"words"
    unknown = await call("sendDocument", chat_id=anna.id, document="x" * 60)
    assert unknown.error == "Bad Request: wrong file identifier/HTTP URL specified"


async def test_media_can_be_exchanged_with_an_attached_part(call: Any, anna: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id)})
    form.add_field("photo", picture(), filename="a.png")
    sent = await call.request("sendPhoto", data=form)
    brighter = picture(grey=250)
    media = {"type": "photo", "media": "attach://part", "caption": "new"}
    form = aiohttp.FormData({"chat_id": str(anna.id), "media": orjson.dumps(media).decode()})
    form.add_field("message_id", str(sent.result["message_id"]))
    form.add_field("part", brighter, filename="b.png")
    edited = await call.request("editMessageMedia", data=form)
    assert find_problem(edited.result, "Message") is None
    assert (anna.last.photo, anna.last.text) == (brighter, "new")


async def test_messages_can_be_deleted_for_48_hours(
    call: Any, anna: Person, clock: MovableClock
) -> None:
    sent = await call("sendMessage", chat_id=anna.id, text="a")
    late = await call("sendMessage", chat_id=anna.id, text="b")
    place = {"chat_id": anna.id}
    gone = await call("deleteMessage", **place, message_id=sent.result["message_id"])
    assert gone.result is True
    again = await call("deleteMessage", **place, message_id=sent.result["message_id"])
    assert (again.status, again.error) == (400, "Bad Request: message to delete not found")
    clock.advance_to(clock.now() + 48 * 3600 * 1000)
    reply = await call("deleteMessage", **place, message_id=late.result["message_id"])
    assert (reply.status, reply.error) == (
        400,
        "Bad Request: message can't be deleted for everyone",
    )


async def test_several_messages_are_deleted_at_once_and_missing_ones_skipped(
    call: Any, anna: Person
) -> None:
    sent = await call("sendMessage", chat_id=anna.id, text="a")
    ids = [sent.result["message_id"], 999_999]
    assert (await call("deleteMessages", chat_id=anna.id, message_ids=ids)).result is True
    assert anna.see("a") is None


async def test_a_tap_is_answered_once_and_the_person_sees_the_first_answer(
    call: Any, anna: Person
) -> None:
    await call("sendMessage", chat_id=anna.id, text="a", reply_markup=_keyboard([_push()]))
    tap = anna.tap("7")
    assert (tap.answered, tap.answer) == (False, None)
    await call("answerCallbackQuery", callback_query_id=tap.id, text="Saved", show_alert=True)
    await call("answerCallbackQuery", callback_query_id=tap.id, text="Again")
    answer = await tap.wait()
    assert (answer.text, answer.alert) == ("Saved", True)


async def test_the_words_of_an_answer_are_limited(call: Any, anna: Person) -> None:
    await call("sendMessage", chat_id=anna.id, text="a", reply_markup=_keyboard([_push()]))
    tap = anna.tap("7")
    reply = await call("answerCallbackQuery", callback_query_id=tap.id, text="x" * 201)
    assert (reply.status, reply.error) == (400, "Bad Request: MESSAGE_TOO_LONG")
    longest = await call("answerCallbackQuery", callback_query_id=tap.id, text="x" * 200)
    assert longest.status == 200


async def test_an_unknown_or_old_tap_cannot_be_answered(
    call: Any, anna: Person, clock: MovableClock
) -> None:
    unknown = await call("answerCallbackQuery", callback_query_id="1")
    assert (unknown.status, unknown.error) == (400, TOO_OLD)
    await call("sendMessage", chat_id=anna.id, text="a", reply_markup=_keyboard([_push()]))
    tap = anna.tap("7")
    clock.advance_to(clock.now() + 150_000)
    late = await call("answerCallbackQuery", callback_query_id=tap.id)
    assert (late.status, late.error) == (400, TOO_OLD)
    assert not tap.answered


async def test_replies_refer_to_messages_that_are_there(call: Any, anna: Person) -> None:
    mine = anna.chat[0].message_id
    reply = {"message_id": mine}
    sent = await call("sendMessage", chat_id=anna.id, text="a", reply_parameters=reply)
    assert sent.result["reply_to_message"]["message_id"] == mine
    lost = await call("sendMessage", chat_id=anna.id, text="a", reply_parameters={"message_id": 1})
    assert (lost.status, lost.error) == (400, "Bad Request: message to be replied not found")
    loose = {"message_id": 1, "allow_sending_without_reply": True}
    sent = await call("sendMessage", chat_id=anna.id, text="a", reply_parameters=loose)
    assert "reply_to_message" not in sent.result


async def test_a_bot_reacts_with_one_known_emoji(call: Any, anna: Person) -> None:
    place = {"chat_id": anna.id, "message_id": anna.chat[0].message_id}
    heart = {"type": "emoji", "emoji": "❤️"}
    assert (await call("setMessageReaction", **place, reaction=[heart])).result is True
    assert anna.chat[0].reactions == ["❤️"]
    reply = await call("setMessageReaction", **place, reaction=[{"type": "emoji", "emoji": "x"}])
    assert (reply.status, reply.error) == (400, "Bad Request: REACTION_INVALID")


async def test_a_pinned_message_shows_in_the_chat(call: Any, anna: Person) -> None:
    sent = await call("sendMessage", chat_id=anna.id, text="a")
    place = {"chat_id": anna.id, "message_id": sent.result["message_id"]}
    assert (await call("pinChatMessage", **place)).result is True
    chat = await call("getChat", chat_id=anna.id)
    assert find_problem(chat.result, "ChatFullInfo") is None
    assert chat.result["pinned_message"]["text"] == "a"
