"""What an error carries to whoever decides what becomes of a message."""

from __future__ import annotations

from bot.core.errors import TryLater


def test_who_is_told_to_try_later_knows_when() -> None:
    told = TryLater("flood", after=3.5)
    assert (str(told), told.after) == ("flood", 3.5)
    assert TryLater("no connection").after == 0.0
