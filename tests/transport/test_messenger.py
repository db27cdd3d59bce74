"""Screens become calls, and refusals become the house's words."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.errors import Rejected, TokenRefused, TryLater, Unclear, Unreachable
from bot.services.ports import Document, Messenger, Screen
from bot.transport.messenger import BotMessenger, Gone
from bot.transport.pacing import Pacing
from tests.transport.clocks import HandClock
from tests.transport.faultserver import cuts, refuses, succeeds

ANNA = 7
SCREEN = Screen("<b>How was it?</b>", (({"text": "7", "callback_data": "a:7"},),))
PICTURE = Screen("Week 3", photo=b"\x89PNG picture")

SAME = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)
NOT_A_TEXT = "Bad Request: there is no text in the message to edit"
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
def messenger(unhurried: BotMessenger) -> Messenger:
    return unhurried  # the type checker's proof that the port is met


async def test_a_screen_is_sent_as_html_without_previews(server, messenger):
    assert await messenger.send(ANNA, SCREEN) == 100
    assert server.of("sendMessage") == [
        {
            "chat_id": ANNA,
            "text": "<b>How was it?</b>",
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            "reply_markup": {"inline_keyboard": [[{"text": "7", "callback_data": "a:7"}]]},
        }
    ]


async def test_silent_is_said(server, messenger):
    await messenger.send(ANNA, Screen("hush", silent=True))
    [sent] = server.of("sendMessage")
    assert sent["disable_notification"] is True
    assert "protect_content" not in sent
    assert "reply_markup" not in sent


async def test_a_picture_is_sent_with_its_caption(server, messenger):
    assert await messenger.send(ANNA, PICTURE) == 100
    [call] = server.calls
    assert call.method == "sendPhoto"
    assert b"\x89PNG picture" in call.body
    assert b"Week 3" in call.body


async def test_a_file_is_sent_with_its_caption_and_can_be_saved(server, bot):
    protecting = BotMessenger(bot, Pacing(HandClock()), protect=True)
    file = Document("rapport.html", b"<p>all of it</p>")
    assert await protecting.send(ANNA, Screen("Your data", document=file)) == 100
    [call] = server.calls
    assert call.method == "sendDocument"
    for part in (b"<p>all of it</p>", b"rapport.html", b"Your data", b"text/html"):
        assert part in call.body
    assert b"protect_content" not in call.body


async def test_an_edit_replaces_text_and_keyboard(server, messenger):
    await messenger.edit(ANNA, 12, SCREEN)
    await messenger.edit(ANNA, 12, Screen("Thank you."))
    first, second = server.of("editMessageText")
    assert (first["message_id"], first["parse_mode"]) == (12, "HTML")
    assert first["reply_markup"]["inline_keyboard"]
    assert "reply_markup" not in second


async def test_an_edit_to_a_picture_replaces_the_media(server, messenger):
    await messenger.edit(ANNA, 12, PICTURE)
    [call] = server.calls
    assert call.method == "editMessageMedia"
    assert b"attach://" in call.body
    assert b"\x89PNG picture" in call.body


async def test_an_edit_of_a_picture_to_words_replaces_its_caption(server, messenger):
    server.on("editMessageText", refuses(400, NOT_A_TEXT))
    await messenger.edit(ANNA, 12, SCREEN)
    [caption] = server.of("editMessageCaption")
    assert caption["caption"] == "<b>How was it?</b>"
    assert caption["reply_markup"]["inline_keyboard"]


@pytest.mark.parametrize("method", ["editMessageText", "editMessageCaption", "editMessageMedia"])
async def test_no_change_is_success(server, messenger, method):
    if method == "editMessageCaption":
        server.on("editMessageText", refuses(400, NOT_A_TEXT))
    server.on(method, refuses(400, SAME))
    await messenger.edit(ANNA, 12, PICTURE if method == "editMessageMedia" else SCREEN)
    assert server.methods[-1] == method


async def test_no_change_is_no_success_for_a_new_message(server, messenger):
    server.on("sendMessage", refuses(400, SAME))
    with pytest.raises(Rejected):
        await messenger.send(ANNA, SCREEN)


async def test_a_tap_is_answered_and_one_too_old_is_success(server, messenger):
    await messenger.toast("q1", "Saved", alert=True)
    await messenger.toast("q2")
    server.on("answerCallbackQuery", refuses(400, TOO_OLD))
    await messenger.toast("q3")
    assert server.of("answerCallbackQuery") == [
        {"callback_query_id": "q1", "text": "Saved", "show_alert": True},
        {"callback_query_id": "q2"},
        {"callback_query_id": "q3"},
    ]


async def test_a_message_already_deleted_is_success(server, messenger):
    server.on("deleteMessage", succeeds(True))
    server.on("deleteMessage", refuses(400, "Bad Request: message to delete not found"))
    server.on("deleteMessage", refuses(400, "Bad Request: message can't be deleted for everyone"))
    await messenger.delete(ANNA, 12)
    await messenger.delete(ANNA, 12)
    with pytest.raises(Rejected):
        await messenger.delete(ANNA, 12)


@pytest.mark.parametrize(
    ("status", "description", "error"),
    [
        (400, "Bad Request: message text is empty", Rejected),
        (400, "Bad Request: can't parse entities: unexpected end", Rejected),
        (400, "Bad Request: chat not found", Unreachable),
        (400, "Bad Request: user is deactivated", Unreachable),
        (403, "Forbidden: bot was blocked by the user", Unreachable),
        (403, "Forbidden: user is deactivated", Unreachable),
        (401, "Unauthorized", TokenRefused),
        (404, "Not Found", TokenRefused),
        (500, "Internal Server Error", Unclear),
        (409, "Conflict", TryLater),
    ],
)
async def test_refusals_in_the_houses_words(server, messenger, status, description, error):
    server.on("sendMessage", refuses(status, description))
    with pytest.raises(error) as caught:
        await messenger.send(ANNA, SCREEN)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: message to edit not found",
        "Bad Request: message can't be edited",
        "Bad Request: MESSAGE_ID_INVALID",
    ],
)
async def test_a_message_that_cannot_be_edited_any_more_is_gone(server, messenger, description):
    server.on("editMessageText", refuses(400, description))
    with pytest.raises(Gone):
        await messenger.edit(ANNA, 12, SCREEN)


async def test_a_cut_connection_is_unclear_and_a_message_without_id_too(server, messenger):
    server.on("sendMessage", cuts, succeeds(True))
    for _ in range(2):
        with pytest.raises(Unclear):
            await messenger.send(ANNA, SCREEN)
    assert len(server.of("sendMessage")) == 2


async def test_a_closed_wire_is_try_later(bot, messenger):
    await bot.shutdown()
    with pytest.raises(TryLater) as caught:
        await messenger.send(ANNA, SCREEN)
    assert caught.value.after == 0


async def test_too_many_requests_silences_everybody_but_taps(server, bot):
    clock = HandClock()
    messenger = BotMessenger(bot, Pacing(clock))
    server.on("sendMessage", refuses(429, "Too Many Requests: retry after 7", retry_after=7))
    with pytest.raises(TryLater) as caught:
        await messenger.send(ANNA, SCREEN)
    assert caught.value.after == 7
    waiting = asyncio.create_task(messenger.edit(8, 3, SCREEN))
    await clock.move(6.9)
    await messenger.toast("q")
    assert server.methods == ["sendMessage", "answerCallbackQuery"]
    await clock.move(0.2)
    await waiting
    assert server.methods[-1] == "editMessageText"


async def test_any_other_method_can_be_called(server, messenger):
    server.on("setMyCommands", succeeds(True))
    commands = [{"command": "help", "description": "What I can do"}]
    assert await messenger.call("setMyCommands", commands=commands) is True
    assert server.of("setMyCommands") == [{"commands": commands}]
