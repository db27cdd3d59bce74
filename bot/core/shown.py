"""Words from elsewhere, and those that somebody shares, made fit to be shown."""

from __future__ import annotations

from typing import Final
from unicodedata import category

#: Controls, format characters, surrogates and private use.
_UNSHOWN: Final = ("Cc", "Cf", "Cs", "Co")
#: Format characters that belong to words and pictures: Persian and families come apart without.
_JOINERS: Final = "\u200c\u200d"


def on_one_line(words: str, most: int = 200) -> str:
    """Give words from elsewhere so that they can be shown, as `most` characters on one line.

    Left out is what would command a terminal or turn the direction of what stands after it.
    """
    # A little more than is kept is looked at: what follows can be two megabytes.
    plain = "".join(one if one.isprintable() else " " for one in words[: 4 * most])
    return " ".join(plain.split())[:most].rstrip()


def cut_text(text: str, limit: int) -> str:
    """Give a text on one line, at most `limit` UTF-16 units, "…" where something was cut.

    What would disturb the lines around it (controls, direction overrides, halves of pairs) goes.
    """
    if not text.isprintable():
        text = "".join(
            c for c in text if category(c) not in _UNSHOWN or c.isspace() or c in _JOINERS
        )
    line = " ".join(text.split())
    if _units(line) <= limit:
        return line
    kept = line[: limit - 1]
    while _units(kept) > limit - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def _units(text: str) -> int:
    return len(text) + sum(1 for c in text if ord(c) > 0xFFFF)
