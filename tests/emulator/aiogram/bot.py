"""A small aiogram bot, to be run in an environment of its own: `bot.py URL TOKEN PORT`.

It asks one question with buttons, thanks and sends photos back. It polls until somebody says
"webhook"; from then on it listens on that port of 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import sys

from aiogram import Bot, Dispatcher, F
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramForbiddenError
from aiogram.filters import CommandObject, CommandStart
from aiogram.methods import SendMessage
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
)
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

SECRET = "of-aiogram"
routes = Dispatcher()
switching: list[asyncio.Task[None]] = []


@routes.message(CommandStart())
async def begin(message: Message, command: CommandObject) -> None:
    numbers = [InlineKeyboardButton(text=str(n), callback_data=f"rate:{n}") for n in range(8)]
    keyboard = InlineKeyboardMarkup(inline_keyboard=[numbers])
    await message.answer(f"<b>How heard?</b> for {command.args}", reply_markup=keyboard)


@routes.callback_query(F.data.startswith("rate:"))
async def rated(query: CallbackQuery) -> None:
    value = query.data.partition(":")[2]
    await query.answer(f"{value} it is")
    await query.message.edit_text(f"Thank you: {value}")


@routes.message(F.photo)
async def seen(message: Message, bot: Bot) -> None:
    data = (await bot.download(message.photo[-1])).read()
    await message.answer_photo(BufferedInputFile(data, "back.png"), caption="<i>back</i>")
    album = [InputMediaPhoto(media=BufferedInputFile(data, f"{n}.png")) for n in range(2)]
    await message.answer_media_group(album)


@routes.message(F.text == "later")
async def later(message: Message, bot: Bot) -> None:
    await asyncio.sleep(0.2)
    try:
        await bot.send_message(message.chat.id, "now")
    except TelegramForbiddenError as error:
        await bot.set_my_short_description(error.message)


@routes.message(F.text == "webhook")
async def switch(message: Message) -> None:
    switching.append(asyncio.create_task(routes.stop_polling()))


@routes.message()
async def echoed(message: Message) -> SendMessage:
    return SendMessage(chat_id=message.chat.id, text=f"you said {message.text}")


async def main(url: str, token: str, port: str) -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    bot = Bot(token, session, default=DefaultBotProperties(parse_mode="HTML"))
    await bot.set_my_commands([BotCommand(command="start", description="Begin")])
    await routes.start_polling(bot, handle_signals=False, close_bot_session=False)
    app = web.Application()
    SimpleRequestHandler(routes, bot, handle_in_background=False, secret_token=SECRET).register(
        app, "/hook"
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(port)).start()
    await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token=SECRET)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
