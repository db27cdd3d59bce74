"""Sending, editing, deleting, files (tdlib/telegram-bot-api `Client.cpp`, tdlib/td)."""

from __future__ import annotations

import struct

import aiohttp
import pytest

from bot.emulator import Emulator, MovableClock, Person
from bot.emulator.files import picture
from tests.emulator.rawbot import RawBot

KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
HOUR = 3_600_000
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are"
    " exactly the same as a current content and reply markup of the message"
)


async def test_a_sent_message_comes_back_parsed(bot: RawBot, anna: Person) -> None:
    # Bot API, Message: plain text and entities, date in seconds, the bot as the sender.
    sent = await bot.call("sendMessage", chat_id=anna.id, text="<b>Hi</b>", parse_mode="html")
    assert sent["text"] == "Hi"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert sent["date"] == 1_794_916_800
    assert sent["from"]["is_bot"]
    assert anna.last.html == "<b>Hi</b>"


@pytest.mark.parametrize(
    ("text", "parse_mode", "sentence"),
    [
        ("", None, "message text is empty"),
        (" \n ", None, "text must be non-empty"),
        ("<b> </b>", "HTML", "text must be non-empty"),
        ("x" * 4097, None, "message is too long"),
        ("x" * 32769, None, "text is too long"),
        ("x", "latex", "unsupported parse_mode"),
        ("<p>", "HTML", 'can\'t parse entities: Unsupported start tag "p" at byte offset 0'),
    ],
)
async def test_a_bad_text_is_refused(
    bot: RawBot, anna: Person, text: str, parse_mode: str | None, sentence: str
) -> None:
    refused = await bot.refused("sendMessage", chat_id=anna.id, text=text, parse_mode=parse_mode)
    assert refused == f"Bad Request: {sentence}"


async def test_length_is_counted_in_code_points_after_parsing(bot: RawBot, anna: Person) -> None:
    # tdlib/td: 4096 characters, whatever their size in UTF-16 and the markup around them.
    text = "<b>" + "👍" * 4096 + "</b>"
    sent = await bot.call("sendMessage", chat_id=anna.id, text=text, parse_mode="HTML")
    assert sent["entities"][0]["length"] == 8192


async def test_text_is_trimmed_and_entities_follow(bot: RawBot, anna: Person) -> None:
    # tdlib/td fix_formatted_text: white space at both ends goes.
    sent = await bot.call("sendMessage", chat_id=anna.id, text="\n <b>a</b> \n", parse_mode="HTML")
    assert (sent["text"], sent["entities"]) == ("a", [{"type": "bold", "offset": 0, "length": 1}])


async def test_a_bot_cannot_write_first(bot: RawBot, emulator: Emulator) -> None:
    # Bot API FAQ: bots cannot start conversations with users.
    cora = emulator.person("Cora")
    refused = await bot.refused("sendMessage", chat_id=cora.id, text="x")
    assert refused == "Bad Request: chat not found"
    assert await bot.refused("sendMessage", chat_id=12, text="x") == refused
    assert await bot.refused("sendMessage", chat_id="@nobody", text="x") == refused


async def test_who_blocked_the_bot_is_not_reached(bot: RawBot, anna: Person) -> None:
    # Telegram's servers: USER_IS_BLOCKED and a deleted account, in the Bot API's words.
    anna.block()
    status, body = await bot.answer("sendMessage", chat_id=anna.id, text="x")
    assert (status, body["description"]) == (403, "Forbidden: bot was blocked by the user")
    anna.unblock()
    await bot.call("sendMessage", chat_id=anna.id, text="x")
    anna.deactivate()
    status, body = await bot.answer("sendMessage", chat_id=anna.id, text="x")
    assert (status, body["description"]) == (403, "Forbidden: user is deactivated")


async def test_parameters_are_checked(bot: RawBot, anna: Person) -> None:
    # tdlib/telegram-bot-api for what is missing; the rest is this server's strictness.
    assert await bot.refused("sendMessage", text="x") == "Bad Request: chat_id is empty"
    assert "message text is empty" in await bot.refused("sendMessage", chat_id=anna.id)
    unknown = await bot.refused("sendMessage", chat_id=anna.id, text="x", parsemode="HTML")
    assert unknown == 'Bad Request: sendMessage has no parameter "parsemode"'
    mistyped = await bot.refused(
        "sendMessage", chat_id=anna.id, text="x", disable_notification="perhaps"
    )
    assert mistyped == (
        'Bad Request: can\'t parse parameter "disable_notification": "perhaps" is no Boolean'
    )
    wrong = await bot.refused("deleteMessage", chat_id=anna.id, message_id="one")
    assert "is no Integer" in wrong


async def test_a_lenient_server_ignores_unknown_parameters() -> None:
    # tdlib/telegram-bot-api ignores them.
    lenient = Emulator("1:x", strict=False)
    async with lenient.serve() as url, aiohttp.ClientSession() as session:
        assert (await RawBot(url, session).call("getMe", what="ever"))["is_bot"]


async def test_an_edit_changes_text_and_takes_the_keyboard(
    bot: RawBot, anna: Person, clock: MovableClock
) -> None:
    # Bot API: an edit without reply_markup removes the keyboard; the Message comes back.
    sent = await bot.call("sendMessage", chat_id=anna.id, text="one", reply_markup=KEYBOARD)
    assert anna.last.buttons == [[("Go", "go")]]
    clock.advance_to(clock.now() + 5000)
    edited = await bot.call(
        "editMessageText", chat_id=anna.id, message_id=sent["message_id"], text="two"
    )
    assert (edited["text"], edited["edit_date"]) == ("two", sent["date"] + 5)
    assert "reply_markup" not in edited
    assert (anna.last.text, anna.last.buttons, anna.last.edited) == ("two", [], True)


async def test_an_edit_to_the_same_is_refused(bot: RawBot, anna: Person) -> None:
    sent = await bot.call("sendMessage", chat_id=anna.id, text="one", reply_markup=KEYBOARD)
    at = {"chat_id": anna.id, "message_id": sent["message_id"]}
    same = await bot.refused(
        "editMessageText", **at, text="<i></i>one", parse_mode="HTML", reply_markup=KEYBOARD
    )
    assert same == NOT_MODIFIED
    assert await bot.refused("editMessageReplyMarkup", **at, reply_markup=KEYBOARD) == NOT_MODIFIED
    await bot.call("editMessageReplyMarkup", **at)
    assert anna.last.buttons == []


async def test_what_cannot_be_edited(bot: RawBot, anna: Person) -> None:
    # tdlib/td MessagesManager.
    mine = anna.send("mine")
    at = {"chat_id": anna.id, "message_id": mine.message_id}
    assert (
        await bot.refused("editMessageText", **at, text="x")
        == "Bad Request: message can't be edited"
    )
    at["message_id"] = 1
    assert (
        await bot.refused("editMessageText", **at, text="x")
        == "Bad Request: message to edit not found"
    )
    sent = await bot.call("sendMessage", chat_id=anna.id, text="x")
    at["message_id"] = sent["message_id"]
    assert await bot.refused("editMessageCaption", **at, caption="y") == (
        "Bad Request: there is no caption in the message to edit"
    )
    photo = await send_photo(bot, anna.id, picture())
    at["message_id"] = photo["message_id"]
    assert await bot.refused("editMessageText", **at, text="y") == (
        "Bad Request: there is no text in the message to edit"
    )


async def test_an_answer_to_a_message_names_it(bot: RawBot, anna: Person) -> None:
    question = anna.send("why?")
    reply = {"message_id": question.message_id}
    sent = await bot.call("sendMessage", chat_id=anna.id, text="so", reply_parameters=reply)
    assert sent["reply_to_message"]["text"] == "why?"
    nowhere = {"message_id": 1}
    refused = await bot.refused("sendMessage", chat_id=anna.id, text="so", reply_parameters=nowhere)
    assert refused == "Bad Request: message to be replied not found"


async def test_messages_can_be_deleted_for_48_hours(
    bot: RawBot, anna: Person, clock: MovableClock
) -> None:
    # Bot API, deleteMessage: less than 48 hours ago; incoming ones too in private chats.
    hers = anna.send("hers")
    sent = await bot.call("sendMessage", chat_id=anna.id, text="x")
    old = await bot.call("sendMessage", chat_id=anna.id, text="old")
    await bot.call("deleteMessage", chat_id=anna.id, message_id=hers.message_id)
    await bot.call("deleteMessage", chat_id=anna.id, message_id=sent["message_id"])
    again = await bot.refused("deleteMessage", chat_id=anna.id, message_id=sent["message_id"])
    assert again == "Bad Request: message to delete not found"
    clock.advance_to(clock.now() + 48 * HOUR)
    late = await bot.refused("deleteMessage", chat_id=anna.id, message_id=old["message_id"])
    assert late == "Bad Request: message can't be deleted for everyone"
    assert [seen.text for seen in anna.chat] == ["/start", "old"]


async def test_several_messages_are_deleted_and_missing_ones_skipped(
    bot: RawBot, anna: Person
) -> None:
    # Bot API, deleteMessages: 1 to 100 identifiers; those not found are skipped.
    sent = await bot.call("sendMessage", chat_id=anna.id, text="x")
    await bot.call("deleteMessages", chat_id=anna.id, message_ids=[sent["message_id"], 1])
    assert anna.see("x") is None
    many = await bot.refused("deleteMessages", chat_id=anna.id, message_ids=list(range(101)))
    assert many == "Bad Request: too many message identifiers specified"


async def send_photo(bot: RawBot, chat: int, data: bytes, **more: str) -> dict[str, object]:
    form = aiohttp.FormData({"chat_id": str(chat), **more})
    form.add_field("photo", data, filename="photo.png", content_type="image/png")
    async with bot.session.post(f"{bot.url}/sendPhoto", data=form) as response:
        body = await response.json()
        return body["result"] if body["ok"] else {"refused": body["description"]}


async def test_a_photo_arrives_with_its_caption_and_can_be_downloaded(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    # Bot API, getFile: the path is downloaded from /file/bot<token>/<file_path>; PTB asks with
    # the token's colon percent-encoded.
    png = picture(30, 20)
    sent = await send_photo(bot, anna.id, png, caption="<i>you</i>", parse_mode="HTML")
    size = sent["photo"][-1]
    assert (size["width"], size["height"], size["file_size"]) == (30, 20, len(png))
    assert (anna.last.photo, anna.last.text, anna.last.html) == (png, "you", "<i>you</i>")
    path = (await bot.call("getFile", file_id=size["file_id"]))["file_path"]
    for token in ("1:x", "1%3Ax"):
        async with bot.session.get(f"{emulator.file_url}{token}/{path}") as response:
            assert await response.read() == png
    again = await bot.call("sendPhoto", chat_id=anna.id, photo=size["file_id"])
    assert again["photo"] == sent["photo"]


@pytest.mark.parametrize(
    ("width", "height", "sentence"),
    [
        # Bot API, sendPhoto: width and height at most 10000 in total, ratio at most 20.
        (9000, 1001, "PHOTO_INVALID_DIMENSIONS"),
        (2100, 100, "PHOTO_INVALID_DIMENSIONS"),
    ],
)
async def test_a_photo_has_limits(
    bot: RawBot, anna: Person, width: int, height: int, sentence: str
) -> None:
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
    data = header + struct.pack(">II", width, height) + bytes(20)
    assert await send_photo(bot, anna.id, data) == {"refused": f"Bad Request: {sentence}"}


async def test_what_is_no_photo_is_refused(bot: RawBot, anna: Person) -> None:
    # Telegram's servers; tdlib/td FileManager for size and emptiness.
    refused = await send_photo(bot, anna.id, b"no picture")
    assert refused == {"refused": "Bad Request: IMAGE_PROCESS_FAILED"}
    refused = await send_photo(bot, anna.id, b"")
    assert refused == {"refused": "Bad Request: file must be non-empty"}
    big = await send_photo(bot, anna.id, picture() + bytes(10 << 20))
    assert "is too big for a photo" in big["refused"]
    missing = await bot.refused("sendPhoto", chat_id=anna.id)
    assert missing == "Bad Request: there is no photo in the request"
    far = await bot.refused("sendPhoto", chat_id=anna.id, photo="http://x.org/a.png")
    assert far == "Bad Request: failed to get HTTP URL content"


async def test_a_caption_is_shorter_than_a_text(bot: RawBot, anna: Person) -> None:
    refused = await send_photo(bot, anna.id, picture(), caption="x" * 1025)
    assert refused == {"refused": "Bad Request: message caption is too long"}
    assert "photo" in await send_photo(bot, anna.id, picture(), caption="x" * 1024)


async def test_a_document_keeps_its_name(bot: RawBot, anna: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id)})
    form.add_field("document", b"a,b\r\n\r\n1,2", filename="export.csv", content_type="text/csv")
    async with bot.session.post(f"{bot.url}/sendDocument", data=form) as response:
        document = (await response.json())["result"]["document"]
    assert (document["file_name"], document["mime_type"]) == ("export.csv", "text/csv")
    assert anna.last.document == b"a,b\r\n\r\n1,2"


async def test_a_photo_is_replaced_by_an_attached_one(bot: RawBot, anna: Person) -> None:
    # Bot API, InputMediaPhoto: "attach://<file_attach_name>".
    first = await send_photo(bot, anna.id, picture(grey=1))
    form = aiohttp.FormData({"chat_id": str(anna.id), "message_id": str(first["message_id"])})
    form.add_field("media", '{"type":"photo","media":"attach://new","caption":"now"}')
    form.add_field("new", picture(grey=2), filename="new.png", content_type="image/png")
    async with bot.session.post(f"{bot.url}/editMessageMedia", data=form) as response:
        assert response.status == 200, await response.text()
    assert (anna.last.photo, anna.last.text) == (picture(grey=2), "now")
    media = {"type": "photo", "media": "attach://nowhere"}
    at = {"chat_id": anna.id, "message_id": first["message_id"]}
    refused = await bot.refused("editMessageMedia", **at, media=media)
    assert refused == "Bad Request: file is not attached to the request"


async def test_an_album_arrives_whole_or_not_at_all(bot: RawBot, anna: Person) -> None:
    # Bot API, sendMediaGroup: 2-10 items, an array of messages; tdlib/td for the sentences.
    form = aiohttp.FormData({"chat_id": str(anna.id)})
    items = '{"type":"photo","media":"attach://%s","caption":"%s"}'
    form.add_field("media", f"[{items % ('a', '')},{items % ('b', 'two')}]")
    for name, grey in (("a", 1), ("b", 2)):
        form.add_field(name, picture(grey=grey), filename=f"{name}.png", content_type="image/png")
    async with bot.session.post(f"{bot.url}/sendMediaGroup", data=form) as response:
        sent = (await response.json())["result"]
    assert len({message["media_group_id"] for message in sent}) == 1
    seen = anna.chat[-2:]
    assert [(one.photo, one.text) for one in seen] == [
        (picture(grey=1), ""),
        (picture(grey=2), "two"),
    ]
    assert seen[0].album == seen[1].album == sent[0]["media_group_id"]
    before = len(anna.chat)
    known = {"type": "photo", "media": sent[0]["photo"][-1]["file_id"]}
    for media, sentence in [
        ([], "there are no messages to send"),
        ([known], "an album has 2 to 10 files"),
        ([known] * 11, "too many messages to send as an album"),
        ([known, {**known, "type": "document"}], "document can't be mixed with other media types"),
        ([known, {**known, "media": "x"}], "wrong file identifier/HTTP URL specified"),
        ([known, {**known, "caption": "x" * 1025}], "message caption is too long"),
    ]:
        refused = await bot.refused("sendMediaGroup", chat_id=anna.id, media=media)
        assert refused == f"Bad Request: {sentence}"
    assert len(anna.chat) == before


async def test_small_acts(bot: RawBot, anna: Person, emulator: Emulator) -> None:
    sent = await bot.call("sendMessage", chat_id=anna.id, text="x", protect_content=True)
    at = {"chat_id": anna.id, "message_id": sent["message_id"]}
    assert sent["has_protected_content"]
    await bot.call("pinChatMessage", **at)
    pinned = (await bot.call("getChat", chat_id=anna.id))["pinned_message"]
    assert pinned["message_id"] == sent["message_id"]
    await bot.call("setMessageReaction", **at, reaction=[{"type": "emoji", "emoji": "👍"}])
    assert anna.last.reactions == ["👍"]
    wrong = [{"type": "emoji", "emoji": "x"}]
    assert (
        await bot.refused("setMessageReaction", **at, reaction=wrong)
        == "Bad Request: REACTION_INVALID"
    )
    await bot.call("sendChatAction", chat_id=anna.id, action="typing")
    refused = await bot.refused("sendChatAction", chat_id=anna.id, action="dancing")
    assert refused == "Bad Request: wrong parameter action in request"
