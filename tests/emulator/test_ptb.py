"""A real python-telegram-bot application, asked and answered through the emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from telegram import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.emulator import Emulator, Person
from bot.emulator.files import picture
from tests.emulator.rawbot import TOKEN

App = Application[Any, Any, Any, Any, Any, Any]
Context = ContextTypes.DEFAULT_TYPE
QUESTIONS = ("How heard?", "How free?")


def scale(item: int) -> InlineKeyboardMarkup:
    numbers = [InlineKeyboardButton(str(n), callback_data=f"{item}:{n}") for n in range(11)]
    return InlineKeyboardMarkup([numbers[:6], numbers[6:]])


async def begin(update: Update, context: Context) -> None:
    assert update.message
    name = f"{context.args[0] if context.args else 'nobody'}"
    await update.message.reply_text(
        f"<b>{QUESTIONS[0]}</b> for {name}", reply_markup=scale(0), parse_mode=ParseMode.HTML
    )


async def tapped(update: Update, context: Context) -> None:
    query = update.callback_query
    assert query
    assert query.data
    item, value = map(int, query.data.split(":"))
    context.user_data[item] = value
    await query.answer(f"{value} it is")
    if item == 0:
        await query.edit_message_text(QUESTIONS[1], reply_markup=scale(1))
    else:
        await query.edit_message_text(f"Thank you: {context.user_data[0]}, {value}")


async def echoed(update: Update, context: Context) -> None:
    message = update.effective_message
    assert message
    await message.reply_text(f"{'edited' if update.edited_message else 'new'}: {message.text}")


def build(emulator: Emulator, token: str = TOKEN) -> App:
    builder = ApplicationBuilder().token(token).base_url(emulator.base_url)
    return builder.base_file_url(emulator.file_url).read_timeout(0.3).build()


@pytest.fixture
async def app(emulator: Emulator) -> AsyncIterator[App]:
    app = build(emulator)
    app.add_handler(CommandHandler("start", begin))
    app.add_handler(CallbackQueryHandler(tapped))
    app.add_handler(MessageHandler(filters.TEXT, echoed))
    async with app:
        yield app


async def test_a_survey_runs_from_start_to_thanks(app: App, emulator: Emulator) -> None:
    anna = emulator.person("Anna")
    await app.start()
    assert app.updater
    await app.updater.start_polling(timeout=10)
    anna.start("A7")
    first = await anna.watch(QUESTIONS[0])
    assert first.html == "<b>How heard?</b> for A7"
    tap = anna.tap("7")
    second = await anna.watch(QUESTIONS[1])
    assert (second.message_id, second.edited) == (first.message_id, True)
    assert (await tap.wait()).text == "7 it is"
    anna.tap("10")
    thanks = await anna.watch("Thank you: 7, 10")
    assert thanks.buttons == []
    said = anna.send("hello")
    await anna.watch("new: hello")
    anna.edit(said, "hullo")
    await anna.watch("edited: hullo")
    await emulator.quiet()
    await app.updater.stop()
    await app.stop()
    assert [entry.status for entry in emulator.journal.calls("sendMessage")] == [200] * 3


async def test_its_exceptions_are_those_of_the_real_server(
    app: App, emulator: Emulator, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    bot, faults = app.bot, emulator.faults
    with pytest.raises(BadRequest, match="Can't parse entities: unsupported start tag"):
        await bot.send_message(anna.id, "<p>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(5, "x")
    sent = await bot.send_message(anna.id, "x")
    with pytest.raises(BadRequest, match="Message is not modified"):
        await sent.edit_text("x")
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query("5")
    faults.add("status", status=429, retry_after=7)
    with pytest.raises(RetryAfter) as flood:
        await bot.send_message(anna.id, "x")
    assert flood.value.retry_after == timedelta(seconds=7)
    faults.add("status", status=502)
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(anna.id, "x")
    faults.add("drop", stage="after")
    with pytest.raises(NetworkError, match="Server disconnected"):
        await bot.send_message(anna.id, "delivered")
    assert emulator.journal.sent(anna.id, "delivered")
    faults.add("black_hole")
    with pytest.raises(TimedOut):
        await bot.send_message(anna.id, "not delivered")
    assert not emulator.journal.sent(anna.id, "not delivered")
    anna.block()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(anna.id, "x")


async def test_a_wrong_token_is_noticed_at_the_start(emulator: Emulator) -> None:
    with pytest.raises(InvalidToken):
        await build(emulator, "1:wrong").initialize()


async def test_files_go_both_ways(app: App, emulator: Emulator, anna: Person) -> None:
    bot = app.bot
    sent = await bot.send_photo(anna.id, picture(grey=1), caption="*one*", parse_mode="MarkdownV2")
    assert (anna.last.photo, anna.last.html) == (picture(grey=1), "<b>one</b>")
    await sent.edit_media(InputMediaPhoto(picture(grey=2), caption="two"))
    assert (anna.last.photo, anna.last.text) == (picture(grey=2), "two")
    await bot.send_document(anna.id, BytesIO(b"a,b"), filename="export.csv")
    assert anna.last.document == b"a,b"
    anna.send_photo(picture(grey=3))
    (*_, update) = await bot.get_updates()
    assert update.message
    file = await update.message.photo[-1].get_file()
    assert bytes(await file.download_as_bytearray()) == picture(grey=3)


async def test_the_profile_is_set_and_read_back(app: App, anna: Person) -> None:
    bot = app.bot
    commands = [BotCommand("help", "What this is")]
    await bot.set_my_commands(commands, language_code="de")
    assert list(await bot.get_my_commands(language_code="de")) == commands
    assert not await bot.get_my_commands()
    await bot.set_my_description("Asks")
    assert (await bot.get_my_description()).description == "Asks"
    assert (await bot.get_chat(anna.id)).first_name == "Anna"
    assert (await bot.get_chat_member(anna.id, anna.id)).status == "member"
