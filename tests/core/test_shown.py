"""Words from elsewhere are shown as words."""

from __future__ import annotations

import pytest

from bot.core.shown import on_one_line


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("  Ben  at\nwork ", "Ben at work"),
        ("\x1b[2J\x9b31mBen\x07\x00", "[2J 31mBen"),
        ("A7 \u202e7B\u2066 \u200b", "A7 7B"),
        ("Präxis 🌱 心", "Präxis 🌱 心"),
        ("x" * 500, "x" * 200),
        ("\x1b", ""),
    ],
)
def test_words_from_elsewhere_command_no_terminal(words: str, shown: str) -> None:
    assert on_one_line(words) == shown
    assert on_one_line("Ben and Carl", 4) == "Ben"
