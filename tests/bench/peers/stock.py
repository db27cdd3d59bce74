"""python-telegram-bot as its own examples have it: ConversationHandler and PicklePersistence.

`stock.py BASE_URL TOKEN FOLDER`. One update after the other, states and answers in memory, written
to a file once a minute.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from survey import AGAIN, ITEMS, THANKS, rows
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    PicklePersistence,
)
from telegram.warnings import PTBUserWarning

Context = ContextTypes.DEFAULT_TYPE


def keyboard(item: int) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(text, callback_data=data) for text, data in row]
         for row in rows(item)]
    )  # fmt: skip


async def begin(update: Update, context: Context) -> int:
    await update.message.reply_text(ITEMS[0], reply_markup=keyboard(0))
    return 0


async def rate(update: Update, context: Context) -> int:
    query = update.callback_query
    await query.answer()
    _, item, value = query.data.split(".")
    answers: list[Any] = context.user_data.setdefault("answers", [])
    answers.append((int(item), int(value)))
    following = int(item) + 1
    text = ITEMS[following] if following < len(ITEMS) else THANKS
    await query.edit_message_text(text, reply_markup=keyboard(following))
    return following


async def again(update: Update, context: Context) -> int:
    await update.callback_query.answer()
    await update.callback_query.edit_message_text(ITEMS[0], reply_markup=keyboard(0))
    return 0


def main() -> None:
    url, token, folder = sys.argv[1:4]
    # The library says how taps are matched to conversations; one conversation a person is meant.
    warnings.filterwarnings("ignore", category=PTBUserWarning)
    kept = PicklePersistence(Path(folder) / "stock.pickle")
    app = Application.builder().base_url(url).token(token).persistence(kept).build()
    states: dict[object, list[Any]] = {
        item: [CallbackQueryHandler(rate, pattern=rf"^rate\.{item}\.")]
        for item in range(len(ITEMS))
    }
    states[len(ITEMS)] = [CallbackQueryHandler(again, pattern=f"^{AGAIN}$")]
    start = CommandHandler("start", begin)
    app.add_handler(ConversationHandler([start], states, [start], name="survey", persistent=True))
    app.run_polling()


if __name__ == "__main__":
    main()
