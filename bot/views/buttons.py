"""Buttons and what they carry back: `act.subject.argument…`, at most 64 bytes.

The act is a short word of the routing table, the subject an id in base 36. A button never
carries what must not be believed: who may press it is asked of the database at every tap.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bot.core.errors import Refused
from bot.services.ports import Keyboard

Button = dict[str, str]
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_SHAPE: Final = re.compile(r"([a-z_]{1,8})\.([0-9a-z]{1,13})((?:\.[A-Za-z0-9_:+-]{0,32})*)")
_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Tap:
    """A button's meaning. subject: an id, 0 for none. args: words and ids as text."""

    act: str
    subject: int
    args: tuple[str, ...]

    def arg(self, number: int) -> str:
        """Give an argument. Errors: Refused("stale_button")."""
        if number >= len(self.args):
            raise Refused("stale_button")
        return self.args[number]

    def id_arg(self, number: int) -> int:
        """Give an argument that is an id. Errors: Refused("stale_button")."""
        return read_id(self.arg(number))


@lru_cache(maxsize=512)
def write_id(number: int) -> str:
    """Write an id in base 36. Each stands on all buttons of its keyboard, and on the next one's."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"


def read_id(text: str) -> int:
    """Read what `write_id` wrote. Errors: Refused("stale_button")."""
    if not text.isascii() or not text.isalnum() or len(text) > 13:
        raise Refused("stale_button")
    number = int(text, 36)
    if number >= 2**63:
        raise Refused("stale_button")
    return number


def data(act: str, subject: int, *args: str | int) -> str:
    """Write a button's meaning; an int argument is an id. Errors: ValueError over 64 bytes."""
    words = [act, write_id(subject)]
    words += [write_id(arg) if isinstance(arg, int) else arg for arg in args]
    text = ".".join(words)
    if len(text) > _BYTES or not _SHAPE.fullmatch(text):
        raise ValueError(f"not a button's meaning: {text}")
    return text


def read_tap(text: str | None) -> Tap:
    """Read a button's meaning. Errors: Refused("stale_button") for anything else."""
    found = _SHAPE.fullmatch(text or "")
    if found is None:
        raise Refused("stale_button")
    return Tap(found[1], read_id(found[2]), tuple(found[3].split(".")[1:]))


def button(label: str, act: str, subject: int, *args: str | int) -> Button:
    """Make a button that comes back as a tap."""
    return {"text": label, "callback_data": data(act, subject, *args)}


def link(label: str, url: str) -> Button:
    """Make a button that opens an address."""
    return {"text": label, "url": url}


def rows(*lines: list[Button]) -> Keyboard:
    """Make a keyboard of the lines that have buttons."""
    return tuple(tuple(line) for line in lines if line)


def columns(buttons: list[Button], wide: int) -> list[list[Button]]:
    """Lay buttons out in lines of at most `wide`."""
    return [buttons[i : i + wide] for i in range(0, len(buttons), wide)]
