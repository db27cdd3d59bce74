"""Words from elsewhere are shown as words."""

from __future__ import annotations

import pytest

from bot.core.shown import cut_text, on_one_line


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


def test_texts_are_cut_to_one_line_without_what_disturbs_its_neighbours() -> None:
    assert cut_text("one\n\n two\t\u202ethree\ud800\x00", 99) == "one two three"
    assert cut_text("abcdef", 4) == "abc…"
    assert cut_text("😀😀😀", 5) == "😀😀…"
    assert cut_text("😀😀", 4) == "😀😀"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abcd", 4, "abcd"),
        ("abcde", 4, "abc…"),
        ("ab cde", 4, "ab…"),
        ("a😀b", 3, "a…"),
        ("a\U00010000b", 3, "a…"),
        ("\ue000private\ue000", 9, "private"),
    ],
)
def test_a_text_is_cut_by_the_units_telegram_counts(text: str, limit: int, shown: str) -> None:
    assert cut_text(text, limit) == shown
