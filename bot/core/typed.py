"""What somebody typed, read as the event it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bot.core.conversation import Event, Rate, Write
from bot.core.errors import Refused
from bot.core.instrument import Item

_NUMBER: Final = re.compile(r"\s*(\d{1,3})\s*(?:/\s*(\d{1,3})|[.!,])?\s*")


def read_typed(item: Item | None, text: str, words: Mapping[str, int]) -> Event:
    """Read what somebody typed as the event it stands for at this position.

    words: number words. Errors: Refused("number_expected") or Refused("number_out_of_range") at a
    rating, Refused("tap_expected") where there is something to choose, Refused("not_kept") where
    nothing is asked.
    """
    if item is None:
        raise Refused("not_kept")
    if item.kind in ("chips", "choice"):
        raise Refused("tap_expected")
    if item.kind == "text":
        if not text.strip():
            raise Refused("not_kept")
        return Write(item.key, text)
    number = read_number(text, words, item.highest)
    if number is None:
        raise Refused("number_expected", lowest=item.lowest, highest=item.highest)
    if not item.lowest <= number <= item.highest:
        raise Refused("number_out_of_range", lowest=item.lowest, highest=item.highest)
    return Rate(item.key, number)


def read_number(text: str, words: Mapping[str, int], highest: int = 10) -> int | None:
    """Read "8", "8/10", "8." or a number word as a whole number, else None.

    highest: the end of the scale. "8/20" is None at a scale to 10: somebody who thinks in another
    scale must not be misread.
    """
    word = text.strip().strip(".!,").casefold()
    if word in words:
        return words[word]
    found = _NUMBER.fullmatch(text)
    if found is None or (found[2] is not None and int(found[2]) != highest):
        return None
    return int(found[1])
