"""What the official server says to one call: numbered, each with its source.

A line is a sentence, a source, a call and what must come of it. `test_conformance_stories.py`
goes on with what takes more than one call.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conformance import API, KEYBOARD, SEEN, SERVER, TD, Check, setting

BAD = "400 Bad Request: "
ENTITIES = f"{BAD}can't parse entities: "
NOT_MODIFIED = (
    f"{BAD}message is not modified: specified new message content and reply markup are exactly"
    " the same as a current content and reply markup of the message"
)
HTML = {"chat_id": "ANNA", "parse_mode": "HTML"}
MARKDOWN = {"chat_id": "ANNA", "parse_mode": "MarkdownV2"}
PHOTO = {"type": "photo", "media": "FILE"}
DOCUMENT = {"type": "document", "media": "FILE"}


def markup(*rows: Any) -> dict[str, Any]:
    return {"chat_id": "ANNA", "text": "x", "reply_markup": {"inline_keyboard": list(rows)}}


def data(text: str) -> dict[str, str]:
    return {"text": "Go", "callback_data": text}


def marks(*entities: tuple[Any, ...]) -> Any:
    def judge(result: Any) -> bool:
        found = [(e["type"], e["offset"], e["length"]) for e in result.get("entities", [])]
        return found == list(entities)

    return judge


def says(text: str, *entities: tuple[Any, ...]) -> Any:
    def judge(result: Any) -> bool:
        return isinstance(result, dict) and result["text"] == text and marks(*entities)(result)

    return judge


def command(name: str, description: str = "x") -> dict[str, Any]:
    return {"commands": [{"command": name, "description": description}]}


# fmt: off
# ruff: noqa: E501
CHECKS = [
    # Who may be written to
    Check(1, "A method there is not is a 404.", SERVER + "Client.cpp, on_cmd", "sendTelegram", {}, "404 Not Found: method not found"),
    Check(2, "A message needs a chat.", SERVER + "Client.cpp, check_chat", "sendMessage", {"text": "x"}, f"{BAD}chat_id is empty"),
    Check(3, "A chat nobody has heard of is not found.", SEEN + "sendMessage", "sendMessage", {"chat_id": 12, "text": "x"}, f"{BAD}chat not found"),
    Check(4, "A bot cannot write to somebody who has not started it.", API + "Bots FAQ", "sendMessage", {"chat_id": "CORA", "text": "x"}, f"{BAD}chat not found"),
    Check(5, "A username nobody has is not found.", SERVER + "Client.cpp, check_chat", "sendMessage", {"chat_id": "@nobody_here", "text": "x"}, f"{BAD}chat not found"),
    Check(6, "Who blocked the bot gets nothing.", SEEN + "sendMessage", "sendMessage", {"chat_id": "BEN", "text": "x"}, "403 Forbidden: bot was blocked by the user"),
    Check(7, "Who deleted the account gets nothing.", SEEN + "sendMessage", "sendMessage", {"chat_id": "DANA", "text": "x"}, "403 Forbidden: user is deactivated"),
    Check(8, "A group that threw the bot out gets nothing.", SERVER + "Client.cpp, check_chat_access", "sendMessage", {"chat_id": "GROUP", "text": "x"}, "403 Forbidden: bot was kicked from the group chat"),
    Check(9, "An edit in a chat that blocked the bot is refused as well.", SEEN + "editMessageText", "editMessageText", {"chat_id": "BEN", "message_id": 1, "text": "x"}, "403 Forbidden: bot was blocked by the user"),

    # Texts
    Check(10, "A message without a text is refused.", SERVER + "Client.cpp, get_input_message_text", "sendMessage", {"chat_id": "ANNA"}, f"{BAD}message text is empty"),
    Check(11, "An empty text counts as none.", SERVER + "Client.cpp, get_input_message_text", "sendMessage", {"chat_id": "ANNA", "text": ""}, f"{BAD}message text is empty"),
    Check(12, "A blank text is refused after trimming.", TD + "MessageEntity.cpp, fix_formatted_text", "sendMessage", {"chat_id": "ANNA", "text": " \n\t "}, f"{BAD}text must be non-empty"),
    Check(13, "A text that is blank without its markup is refused.", TD + "MessageEntity.cpp, fix_formatted_text", "sendMessage", {**HTML, "text": "<b> </b>"}, f"{BAD}text must be non-empty"),
    Check(14, "A text has at most 4096 characters.", API + "sendMessage, text", "sendMessage", {"chat_id": "ANNA", "text": "x" * 4097}, f"{BAD}message is too long"),
    Check(15, "Characters are code points, whatever their size in UTF-16.", TD + "InputMessageText.cpp, utf8_length", "sendMessage", {"chat_id": "ANNA", "text": "😀" * 4096}, says("😀" * 4096)),
    Check(16, "Characters are counted after entities parsing.", API + "sendMessage, text", "sendMessage", {**HTML, "text": "<b>" + "x" * 4096 + "</b>"}, says("x" * 4096, ("bold", 0, 4096))),
    Check(17, "A raw text has at most 32,768 bytes.", SERVER + "Client.cpp, get_formatted_text", "sendMessage", {"chat_id": "ANNA", "text": "x" * 32769}, f"{BAD}text is too long"),
    Check(18, "White space at both ends goes, and entities move along.", TD + "MessageEntity.cpp, fix_formatted_text", "sendMessage", {**HTML, "text": " \n <b>a</b>\n"}, says("a", ("bold", 0, 1))),
    Check(19, "A parse_mode there is not is refused.", SERVER + "Client.cpp, get_formatted_text", "sendMessage", {"chat_id": "ANNA", "text": "x", "parse_mode": "latex"}, f"{BAD}unsupported parse_mode"),
    Check(20, "The case of parse_mode does not matter.", SERVER + "Client.cpp, to_lower of parse_mode", "sendMessage", {**HTML, "parse_mode": "hTmL", "text": "<i>a</i>"}, says("a", ("italic", 0, 1))),
    Check(21, "Entities may be given instead of markup.", API + "sendMessage, entities", "sendMessage", {"chat_id": "ANNA", "text": "ab", "entities": [{"type": "bold", "offset": 1, "length": 1}]}, says("ab", ("bold", 1, 1))),

    # HTML
    Check(22, "A tag that is not on the list is refused, with its byte offset.", API + "HTML style", "sendMessage", {**HTML, "text": "ü<p>a</p>"}, f'{ENTITIES}Unsupported start tag "p" at byte offset 2'),
    Check(23, "A bare < begins a tag.", API + "HTML style", "sendMessage", {**HTML, "text": "1 < 2"}, f'{ENTITIES}Unsupported start tag "" at byte offset 2'),
    Check(24, "A tag that is not closed is refused.", TD + "MessageEntity.cpp, parse_html", "sendMessage", {**HTML, "text": "<b>a"}, f'{ENTITIES}Can\'t find end tag corresponding to start tag "b"'),
    Check(25, "Tags must be nested, and the end tag's byte offset is named.", TD + "MessageEntity.cpp, parse_html", "sendMessage", {**HTML, "text": "<b><i>a</b></i>"}, f'{ENTITIES}Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    Check(26, "An end tag without a start tag is refused.", TD + "MessageEntity.cpp, parse_html", "sendMessage", {**HTML, "text": "a</b>"}, f"{ENTITIES}Unexpected end tag at byte offset 1"),
    Check(27, "A start tag that never ends is refused.", TD + "MessageEntity.cpp, parse_html", "sendMessage", {**HTML, "text": "<b"}, f"{ENTITIES}Unclosed start tag at byte offset 0"),
    Check(28, "A span is a spoiler or an error.", API + "HTML style", "sendMessage", {**HTML, "text": "<span>a</span>"}, f'{ENTITIES}Tag "span" must have class "tg-spoiler" at byte offset 0'),
    Check(29, "A bare & and an unknown reference are text; four names are known.", API + "HTML style", "sendMessage", {**HTML, "text": "a & b &copy; &lt;&gt;&amp;&quot;"}, says('a & b &copy; <>&"')),
    Check(30, "Numeric references are decoded.", API + "HTML style", "sendMessage", {**HTML, "text": "&#65;&#x42;"}, says("AB")),
    Check(31, "Entities may nest; the outer one comes first.", API + "Formatting options", "sendMessage", {**HTML, "text": "<b>a<i>b</i></b>"}, says("ab", ("bold", 0, 2), ("italic", 1, 1))),
    Check(32, "An entity with nothing in it vanishes.", TD + "MessageEntity.cpp, parse_html", "sendMessage", {**HTML, "text": "a<b></b>"}, says("a")),
    Check(33, "Offsets and lengths count UTF-16 units.", API + "MessageEntity", "sendMessage", {**HTML, "text": "😀<b>😀</b>"}, says("😀😀", ("bold", 2, 2))),
    Check(34, "A quotation may be expandable.", API + "HTML style", "sendMessage", {**HTML, "text": "<blockquote expandable>a</blockquote>"}, says("a", ("expandable_blockquote", 0, 1))),
    Check(35, "Code in pre may name its language.", API + "HTML style", "sendMessage", {**HTML, "text": '<pre><code class="language-py">a</code></pre>'}, {"entities": [{"type": "pre", "offset": 0, "length": 1, "language": "py"}]}),
    Check(36, "A link keeps its decoded address.", API + "HTML style", "sendMessage", {**HTML, "text": '<a href="https://x.org/?a&amp;b">a</a>'}, {"entities": [{"type": "text_link", "offset": 0, "length": 1, "url": "https://x.org/?a&b"}]}),
    Check(37, "A link to a user is a mention.", API + "Formatting options", "sendMessage", {**HTML, "text": '<a href="tg://user?id=4711">a</a>'}, says("a", ("text_mention", 0, 1))),
    Check(38, "A link that is no address is text.", TD + "LinkManager.cpp, check_link", "sendMessage", {**HTML, "text": '<a href="nowhere">a</a>'}, says("a")),

    # MarkdownV2
    Check(39, "A reserved sign must be escaped.", API + "MarkdownV2 style", "sendMessage", {**MARKDOWN, "text": "a."}, f"{ENTITIES}Character '.' is reserved and must be escaped with the preceding '\\'"),
    Check(40, "An escaped sign is text.", API + "MarkdownV2 style", "sendMessage", {**MARKDOWN, "text": r"\_a\_\."}, says("_a_.")),
    Check(41, "What begins must end; the byte offset is named.", TD + "MessageEntity.cpp, parse_markdown_v2", "sendMessage", {**MARKDOWN, "text": "ü*a"}, f"{ENTITIES}Can't find end of Bold entity at byte offset 2"),
    Check(42, "Two underscores are underline, one is italic.", API + "MarkdownV2 style", "sendMessage", {**MARKDOWN, "text": "__a__ _b_"}, says("a b", ("underline", 0, 1), ("italic", 2, 1))),
    Check(43, "Two bars are a spoiler.", API + "MarkdownV2 style", "sendMessage", {**MARKDOWN, "text": "||a||"}, says("a", ("spoiler", 0, 1))),
    Check(44, "A line that begins with > is a quotation.", API + "MarkdownV2 style", "sendMessage", {**MARKDOWN, "text": ">a\n>b\nc"}, says("a\nb\nc", ("blockquote", 0, 4))),
    Check(45, "A custom emoji needs its address.", TD + "MessageEntity.cpp, parse_markdown_v2", "sendMessage", {**MARKDOWN, "text": "![a]"}, f"{ENTITIES}Custom emoji entity must contain a tg://emoji URL"),
    Check(46, "Nothing is reserved in code but the backtick.", API + "MarkdownV2 style", "sendMessage", {**MARKDOWN, "text": "`a_*.`"}, says("a_*.", ("code", 0, 4))),

    # Entities found in any text
    Check(47, "Commands, mentions, addresses and hashtags are found.", TD + "MessageEntity.cpp, find_entities", "sendMessage", {"chat_id": "ANNA", "text": "/a @annabell #tag a@x.org"}, says("/a @annabell #tag a@x.org", ("bot_command", 0, 2), ("mention", 3, 9), ("hashtag", 13, 4), ("email", 18, 7))),
    Check(48, "Nothing is found in code.", TD + "MessageEntity.cpp, find_entities", "sendMessage", {**HTML, "text": "<code>/a</code>"}, says("/a", ("code", 0, 2))),

    # Keyboards
    Check(49, "Callback data has at most 64 bytes.", API + "InlineKeyboardButton", "sendMessage", markup([data("x" * 65)]), f"{BAD}BUTTON_DATA_INVALID"),
    Check(50, "Bytes, not characters.", API + "InlineKeyboardButton", "sendMessage", markup([data("ü" * 33)]), f"{BAD}BUTTON_DATA_INVALID"),
    Check(51, "64 bytes are allowed.", API + "InlineKeyboardButton", "sendMessage", markup([data("ü" * 32)]), {"text": "x"}),
    Check(52, "Callback data has at least one byte.", API + "InlineKeyboardButton", "sendMessage", markup([data("")]), f"{BAD}BUTTON_DATA_INVALID"),
    Check(53, "A button must do something.", SERVER + "Client.cpp, get_inline_keyboard_button", "sendMessage", markup([{"text": "Go"}]), f"{BAD}text buttons are unallowed in the inline keyboard"),
    Check(54, "A button needs a text.", SERVER + "Client.cpp, get_inline_keyboard_button", "sendMessage", markup([{"callback_data": "x"}]), f"{BAD}can't parse inline keyboard button: Can't find field \"text\""),
    Check(55, "At most 8 buttons stand in a row.", SEEN + "reply_markup", "sendMessage", markup([data("x")] * 9), f"{BAD}reply markup is too long"),
    Check(56, "At most 100 buttons stand below a message.", SEEN + "reply_markup", "sendMessage", markup(*[[data("x")]] * 101), f"{BAD}reply markup is too long"),
    Check(57, "Markup is JSON.", SERVER + "Client.cpp, get_reply_markup", "sendMessage", {"chat_id": "ANNA", "text": "x", "reply_markup": "{"}, f"{BAD}can't parse reply keyboard markup JSON object"),
    Check(58, "A keyboard without buttons is none.", SERVER + "Client.cpp, get_reply_markup", "sendMessage", markup([], []), lambda result: "reply_markup" not in result),
    Check(59, "An address on a button needs a host.", TD + "ReplyMarkup.cpp, get_inline_keyboard_button", "sendMessage", markup([{"text": "Go", "url": "http://localhost/"}]), f"{BAD}inline keyboard button URL 'http://localhost/' is invalid: Wrong HTTP URL"),
    Check(60, "A Web App's address is HTTPS.", API + "WebAppInfo", "sendMessage", markup([{"text": "Go", "web_app": {"url": "http://x.org"}}]), f"{BAD}inline keyboard button Web App URL 'http://x.org' is invalid: Only HTTPS links are allowed"),
    Check(61, "A reply keyboard is not part of the message.", API + "Message, reply_markup", "sendMessage", {"chat_id": "ANNA", "text": "x", "reply_markup": {"keyboard": [[{"text": "Yes"}]]}}, lambda result: "reply_markup" not in result),

    # Editing and deleting
    Check(62, "An edit that changes nothing is refused.", SERVER + "Client.cpp, MESSAGE_NOT_MODIFIED", "editMessageText", {"chat_id": "ANNA", "message_id": "TEXT", "text": "hello", "reply_markup": KEYBOARD}, NOT_MODIFIED),
    Check(63, "An edit without reply_markup takes the keyboard away.", SEEN + "editMessageText", "editMessageText", {"chat_id": "ANNA", "message_id": "TEXT", "text": "hello"}, lambda result: "reply_markup" not in result),
    Check(64, "An edited message says when, in seconds.", API + "Message, edit_date", "editMessageText", {"chat_id": "ANNA", "message_id": "TEXT", "text": "new"}, {"edit_date": 1_794_916_800}),
    Check(65, "Somebody else's message cannot be edited.", TD + "MessagesManager.cpp, can_edit_message", "editMessageText", {"chat_id": "ANNA", "message_id": "HERS", "text": "x"}, f"{BAD}message can't be edited"),
    Check(66, "A message there is not cannot be edited.", SERVER + "Client.cpp, check_message", "editMessageText", {"chat_id": "ANNA", "message_id": 1, "text": "x"}, f"{BAD}message to edit not found"),
    Check(67, "A photo has no text to edit.", TD + "MessagesManager.cpp, edit_message_text", "editMessageText", {"chat_id": "ANNA", "message_id": "PHOTO", "text": "x"}, f"{BAD}there is no text in the message to edit"),
    Check(68, "A text has no caption to edit.", TD + "MessagesManager.cpp, edit_message_caption", "editMessageCaption", {"chat_id": "ANNA", "message_id": "TEXT", "caption": "x"}, f"{BAD}there is no caption in the message to edit"),
    Check(69, "A caption may be taken away.", API + "editMessageCaption", "editMessageCaption", {"chat_id": "ANNA", "message_id": "PHOTO"}, lambda result: "caption" not in result),
    Check(70, "A text may become a photo.", API + "editMessageMedia", "editMessageMedia", {"chat_id": "ANNA", "message_id": "TEXT", "media": PHOTO}, lambda result: "photo" in result and "text" not in result),
    Check(71, "Without its number no message can be edited.", SERVER + "Client.cpp, get_message_id", "editMessageReplyMarkup", {"chat_id": "ANNA"}, f"{BAD}message identifier is not specified"),
    Check(72, "A message there is not cannot be deleted.", SERVER + "Client.cpp, check_message", "deleteMessage", {"chat_id": "ANNA", "message_id": 1}, f"{BAD}message to delete not found"),
    Check(73, "In a private chat the bot may delete the person's messages.", API + "deleteMessage", "deleteMessage", {"chat_id": "ANNA", "message_id": "HERS"}, True),
    Check(74, "Of several messages those not found are skipped.", API + "deleteMessages", "deleteMessages", {"chat_id": "ANNA", "message_ids": [1, "TEXT"]}, True),
    Check(75, "At most 100 messages are deleted at once.", API + "deleteMessages", "deleteMessages", {"chat_id": "ANNA", "message_ids": list(range(1, 102))}, f"{BAD}too many message identifiers specified"),

    # Taps
    Check(76, "A tap nobody made cannot be answered.", SEEN + "answerCallbackQuery", "answerCallbackQuery", {"callback_query_id": "5"}, f"{BAD}query is too old and response timeout expired or query ID is invalid"),
    Check(77, "An answer has at most 200 characters.", API + "answerCallbackQuery", "answerCallbackQuery", {"callback_query_id": "TAP", "text": "x" * 201}, f"{BAD}MESSAGE_TOO_LONG"),
    Check(78, "An answer may open the bot's own deep link, nothing else.", API + "answerCallbackQuery, url", "answerCallbackQuery", {"callback_query_id": "TAP", "url": "https://x.org"}, f"{BAD}URL_INVALID"),
    Check(79, "An answer without words ends the spinner.", API + "answerCallbackQuery", "answerCallbackQuery", {"callback_query_id": "TAP"}, True),

    # The bot's face
    Check(80, "A bot is a bot with a username.", API + "getMe", "getMe", {}, {"id": 1, "is_bot": True, "username": "rapport_bot"}),
    Check(81, "A command is of small letters, digits and underscores.", API + "BotCommand", "setMyCommands", command("Start"), f"{BAD}BOT_COMMAND_INVALID"),
    Check(82, "A command has at most 32 characters.", API + "BotCommand", "setMyCommands", command("x" * 33), f"{BAD}BOT_COMMAND_INVALID"),
    Check(83, "A description has at most 256 characters.", API + "BotCommand", "setMyCommands", command("a", "x" * 257), f"{BAD}command description length must not exceed 256"),
    Check(84, "A description is not blank.", TD + "BotCommand.cpp, get_bot_command", "setMyCommands", command("a", " "), f"{BAD}command description must be non-empty"),
    Check(85, "There are at most 100 commands.", API + "setMyCommands", "setMyCommands", {"commands": command("a")["commands"] * 101}, f"{BAD}BOT_COMMANDS_TOO_MUCH"),
    Check(86, "A scope's chat must be known.", API + "BotCommandScopeChat", "setMyCommands", {**command("a"), "scope": {"type": "chat", "chat_id": 12}}, f"{BAD}chat not found"),
    Check(87, "A language has two letters.", API + "setMyCommands, language_code", "getMyCommands", {"language_code": "deu"}, f"{BAD}invalid language code specified"),
    Check(88, "Where no commands are set there are none.", API + "getMyCommands", "getMyCommands", {"language_code": "de"}, []),
    Check(89, "A description of the bot has at most 512 characters.", API + "setMyDescription", "setMyDescription", {"description": "x" * 513}, f"{BAD}BOT_DESCRIPTION_TOO_LONG"),
    Check(90, "Without another name the bot has its own.", API + "getMyName", "getMyName", {"language_code": "de"}, {"name": "Rapport"}),
    Check(91, "The menu button is the default one.", API + "getChatMenuButton", "getChatMenuButton", {}, {"type": "default"}),

    # Files
    Check(92, "A photo must be there.", SERVER + "Client.cpp, process_send_photo_query", "sendPhoto", {"chat_id": "ANNA"}, f"{BAD}there is no photo in the request"),
    Check(93, "A file_id nobody gave is refused.", SERVER + "Client.cpp, wrong file identifier", "sendPhoto", {"chat_id": "ANNA", "photo": "nowhere"}, f"{BAD}wrong file identifier/HTTP URL specified"),
    Check(94, "A known file_id is sent again.", API + "Sending files", "sendDocument", {"chat_id": "ANNA", "document": "FILE"}, lambda result: "document" in result),
    Check(95, "A caption has at most 1024 characters.", API + "sendPhoto, caption", "sendPhoto", {"chat_id": "ANNA", "photo": "FILE", "caption": "x" * 1025}, f"{BAD}message caption is too long"),
    Check(96, "An album has at most ten files.", TD + "MessagesManager.cpp, send_message_group", "sendMediaGroup", {"chat_id": "ANNA", "media": [PHOTO] * 11}, f"{BAD}too many messages to send as an album"),
    Check(97, "Documents stand in albums of their own.", TD + "MessagesManager.cpp, send_message_group", "sendMediaGroup", {"chat_id": "ANNA", "media": [PHOTO, DOCUMENT]}, f"{BAD}document can't be mixed with other media types"),
    Check(98, "The messages of an album have a number in common.", API + "Message, media_group_id", "sendMediaGroup", {"chat_id": "ANNA", "media": [PHOTO, PHOTO]}, lambda result: len(result) == 2 and len({one["media_group_id"] for one in result}) == 1),
    Check(99, "A path is given for a file that can be downloaded.", API + "getFile", "getFile", {"file_id": "FILE"}, lambda result: result["file_path"].startswith("photos/")),
    Check(100, "A file_id nobody gave has no path.", SERVER + "Client.cpp, check_remote_file_id", "getFile", {"file_id": "nowhere"}, f"{BAD}invalid file_id"),

    # The rest
    Check(101, "A chat action is one of a list.", SERVER + "Client.cpp, get_chat_action", "sendChatAction", {"chat_id": "ANNA", "action": "dancing"}, f"{BAD}wrong parameter action in request"),
    Check(102, "A reaction is one of a list.", API + "ReactionTypeEmoji", "setMessageReaction", {"chat_id": "ANNA", "message_id": "TEXT", "reaction": [{"type": "emoji", "emoji": "x"}]}, f"{BAD}REACTION_INVALID"),
    Check(103, "A bot sets one reaction.", API + "setMessageReaction", "setMessageReaction", {"chat_id": "ANNA", "message_id": "TEXT", "reaction": [{"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "👎"}]}, f"{BAD}REACTIONS_TOO_MANY"),
    Check(104, "What is pinned must be there.", SERVER + "Client.cpp, check_message", "pinChatMessage", {"chat_id": "ANNA", "message_id": 1}, f"{BAD}message to pin not found"),
    Check(105, "What is replied to must be there.", SERVER + "Client.cpp, check_reply_parameters", "sendMessage", {"chat_id": "ANNA", "text": "x", "reply_parameters": {"message_id": 1}}, f"{BAD}message to be replied not found"),
    Check(106, "A reply may be sent without what it replies to.", API + "ReplyParameters", "sendMessage", {"chat_id": "ANNA", "text": "x", "reply_parameters": {"message_id": 1, "allow_sending_without_reply": True}}, lambda result: "reply_to_message" not in result),
    Check(107, "A reply shows what it replies to.", API + "Message, reply_to_message", "sendMessage", {"chat_id": "ANNA", "text": "x", "reply_parameters": {"message_id": "TEXT"}}, {"reply_to_message": {"text": "hello"}}),
    Check(108, "A user nobody knows is no member.", SEEN + "getChatMember", "getChatMember", {"chat_id": "ANNA", "user_id": 12}, f"{BAD}PARTICIPANT_ID_INVALID"),
    Check(109, "A private chat cannot be left.", SERVER + "Client.cpp, process_leave_chat_query", "leaveChat", {"chat_id": "ANNA"}, f"{BAD}chat member status can't be changed in private chats"),
    Check(110, "A message says who sent it, where and when, in seconds.", API + "Message", "sendMessage", {"chat_id": "ANNA", "text": "x"}, {"from": {"is_bot": True}, "chat": {"type": "private"}, "date": 1_794_916_800}),
    Check(111, "A webhook that is not set has no address.", API + "WebhookInfo", "getWebhookInfo", {}, {"url": "", "pending_update_count": 0}),
    Check(112, "Content may be protected.", API + "sendMessage, protect_content", "sendMessage", {"chat_id": "ANNA", "text": "x", "protect_content": True}, {"has_protected_content": True}),
]
# fmt: on


@pytest.mark.parametrize("check", CHECKS, ids=str)
async def test_the_server_does_what_the_official_one_does(check: Check) -> None:
    async with setting() as here:
        assert check.failure(*await here.ask(check.method, **check.params)) is None


def test_checks_are_numbered_without_gaps_and_tell_their_source() -> None:
    assert [check.number for check in CHECKS] == list(range(1, len(CHECKS) + 1))
    assert all(check.source.startswith((API, SERVER, TD, SEEN)) for check in CHECKS)
    assert all(check.says.endswith(".") for check in CHECKS)
    assert len({check.says for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_every_check_can_fail(check: Check) -> None:
    refused = {"ok": False, "description": "Bad Request: something else"}
    wrong = {
        **{"message_id": 1, "text": "else", "reply_markup": {}, "caption": "else", "file_path": ""},
        **{"reply_to_message": {}, "entities": [{"type": "else", "offset": 0, "length": 1}]},
    }
    assert check.failure(400, refused)
    assert check.failure(200, {"ok": True, "result": [wrong] if check.number == 98 else wrong})
