"""What Telegram allows below a message.

Owns the limits of reply markup: inline keyboards and the ones that stand in for the phone's
own. Refuses in the official words (tdlib/td, `get_reply_markup`, and codes of Telegram's
servers).
"""

from __future__ import annotations

from typing import Any

import orjson

from bot.emulator.entities import checked_link
from bot.emulator.refusals import bad

BUTTONS_LIMIT = 100
ROW_LIMIT = 8
DATA_LIMIT_BYTES = 64
KEYBOARD_LIMIT_BYTES = 10_000
_ACTIONS = ("url", "callback_data", "web_app", "copy_text")

Keyboard = dict[str, Any]


def inline_keyboard(markup: Keyboard | None) -> Keyboard | None:
    """Check an inline keyboard and give it as Telegram keeps it; None when nothing is left.

    Raises Refusal 400.
    """
    if markup is None or "inline_keyboard" not in markup:
        return None
    rows = [[_button(button) for button in row] for row in markup["inline_keyboard"] if row]
    if not rows:
        return None
    kept: Keyboard = {"inline_keyboard": rows}
    buttons = sum(map(len, rows))
    too_wide = any(len(row) > ROW_LIMIT for row in rows)
    if too_wide or buttons > BUTTONS_LIMIT or len(orjson.dumps(kept)) > KEYBOARD_LIMIT_BYTES:
        raise bad("Reply markup is too long")
    return kept


def reply_keyboard(markup: Keyboard | None) -> list[list[str]] | None:
    """Give the labels a reply keyboard puts under the input field.

    Returns None when the markup does not touch it, [] when it is taken away.
    """
    if markup is None:
        return None
    if markup.get("remove_keyboard"):
        return []
    if "keyboard" not in markup:
        return None
    labels = [[button["text"] for button in row] for row in markup["keyboard"]]
    if any(not label.strip() for row in labels for label in row):
        raise bad("Keyboard button text must be non-empty")
    return labels


def _button(button: dict[str, Any]) -> dict[str, Any]:
    if not button["text"].strip():
        raise bad("Keyboard button text must be non-empty")
    actions = [action for action in _ACTIONS if action in button]
    if not actions:
        raise bad("Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button:
        if not 1 <= len(button["callback_data"].encode()) <= DATA_LIMIT_BYTES:
            raise bad("BUTTON_DATA_INVALID")
    elif "url" in button:
        link = checked_link(button["url"])
        if not link:
            raise bad(f"Inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
        return {**button, "url": link}
    elif "web_app" in button and not button["web_app"]["url"].startswith("https://"):
        raise bad(
            f"Inline keyboard button Web App URL '{button['web_app']['url']}' is invalid:"
            " Only HTTPS links are allowed"
        )
    return button
