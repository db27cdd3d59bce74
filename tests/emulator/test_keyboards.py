"""Reply markup: limits and refusals (tdlib/td `ReplyMarkup.cpp`, codes of Telegram's servers)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bot.emulator import Person
from tests.emulator.rawbot import RawBot


def inline(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


def button(data: str = "d", text: str = "Go") -> dict[str, Any]:
    return {"text": text, "callback_data": data}


@pytest.mark.parametrize(
    ("markup", "sentence"),
    [
        # Telegram's servers: callback data is 1 to 64 bytes, not characters.
        (inline([button("")]), "BUTTON_DATA_INVALID"),
        (inline([button("x" * 65)]), "BUTTON_DATA_INVALID"),
        (inline([button("ü" * 33)]), "BUTTON_DATA_INVALID"),
        # tdlib/telegram-bot-api: a button that does nothing.
        (inline([{"text": "Go"}]), "text buttons are unallowed in the inline keyboard"),
        (
            inline([{"callback_data": "d"}]),
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (inline([button(text=" ")]), "keyboard button text must be non-empty"),
        # Telegram's servers: at most 100 buttons, 8 a row, about 10 kB.
        (inline([button()] * 9), "reply markup is too long"),
        (inline(*[[button()]] * 101), "reply markup is too long"),
        (inline(*[[button(text="x" * 300)]] * 40), "reply markup is too long"),
        (
            inline([{"text": "Go", "url": "http://localhost/"}]),
            "inline keyboard button URL 'http://localhost/' is invalid: Wrong HTTP URL",
        ),
        ("{", "can't parse reply keyboard markup JSON object"),
        # This server's strictness: what Telegram would ignore.
        (
            inline([{**button(), "color": "red"}]),
            'can\'t parse inline keyboard button: it has no field "color"',
        ),
    ],
)
async def test_a_bad_keyboard_is_refused(
    bot: RawBot, anna: Person, markup: object, sentence: str
) -> None:
    refused = await bot.refused("sendMessage", chat_id=anna.id, text="x", reply_markup=markup)
    assert refused == f"Bad Request: {sentence}"
    assert anna.see("x") is None


async def test_the_largest_keyboard_is_taken(bot: RawBot, anna: Person) -> None:
    # Telegram's servers: the limits themselves are allowed; 32 two-byte letters are 64 bytes.
    keyboard = inline(*[[button("ü" * 32, "a")] * 8] * 12, [button("x" * 64, "a")] * 4)
    assert len(orjson.dumps(keyboard)) < 10_000
    await bot.call("sendMessage", chat_id=anna.id, text="x", reply_markup=keyboard)
    assert sum(map(len, anna.last.buttons)) == 100


async def test_an_empty_keyboard_is_none(bot: RawBot, anna: Person) -> None:
    # tdlib/telegram-bot-api: empty rows are dropped, and a keyboard without rows with them.
    sent = await bot.call("sendMessage", chat_id=anna.id, text="x", reply_markup=inline([]))
    assert "reply_markup" not in sent


async def test_a_reply_keyboard_stands_below_until_it_is_removed(bot: RawBot, anna: Person) -> None:
    # Bot API: ReplyKeyboardMarkup is not part of the returned message.
    rows = {"keyboard": [[{"text": "Yes"}, {"text": "No"}]]}
    sent = await bot.call("sendMessage", chat_id=anna.id, text="x", reply_markup=rows)
    assert "reply_markup" not in sent
    assert anna.keyboard == [["Yes", "No"]]
    gone = {"remove_keyboard": True}
    await bot.call("sendMessage", chat_id=anna.id, text="y", reply_markup=gone)
    assert anna.keyboard == []
