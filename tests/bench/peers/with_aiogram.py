"""aiogram as its documentation has it: states in memory, answers in SQLite, a commit each.

`with_aiogram.py BASE_URL TOKEN FOLDER`, in an environment of its own. Updates are handled side by
side, as its polling does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiosqlite
from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from survey import AGAIN, ITEMS, THANKS, rows


class Survey(StatesGroup):
    """Where somebody stands."""

    rating = State()
    done = State()


routes = Dispatcher(storage=MemoryStorage())


def keyboard(item: int) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=text, callback_data=data) for text, data in row]
            for row in rows(item)
        ]
    )


@routes.message(CommandStart())
async def begin(message: Message, state: FSMContext) -> None:
    await state.set_state(Survey.rating)
    await message.answer(ITEMS[0], reply_markup=keyboard(0))


@routes.callback_query(Survey.rating, F.data.startswith("rate."))
async def rate(query: CallbackQuery, state: FSMContext, db: aiosqlite.Connection) -> None:
    _, item, value = query.data.split(".")
    await db.execute("INSERT INTO answer VALUES (?, ?, ?)", (query.from_user.id, item, value))
    await db.commit()
    await state.update_data({item: value})
    await query.answer()
    following = int(item) + 1
    if following == len(ITEMS):
        await state.set_state(Survey.done)
    text = ITEMS[following] if following < len(ITEMS) else THANKS
    await query.message.edit_text(text, reply_markup=keyboard(following))


@routes.callback_query(Survey.done, F.data == AGAIN)
async def again(query: CallbackQuery, state: FSMContext) -> None:
    await state.set_state(Survey.rating)
    await query.answer()
    await query.message.edit_text(ITEMS[0], reply_markup=keyboard(0))


async def main() -> None:
    url, token, folder = sys.argv[1:4]
    session = AiohttpSession(api=TelegramAPIServer.from_base(url.removesuffix("/bot")))
    bot = Bot(token, session)
    async with aiosqlite.connect(Path(folder) / "aiogram.sqlite3") as db:
        await db.execute("PRAGMA journal_mode = WAL")
        await db.execute("PRAGMA synchronous = FULL")
        await db.execute("CREATE TABLE answer (person INTEGER, item INTEGER, value INTEGER)")
        await db.commit()
        await routes.start_polling(bot, db=db, close_bot_session=True)


if __name__ == "__main__":
    asyncio.run(main())
