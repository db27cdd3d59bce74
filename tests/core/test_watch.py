"""The phrase watch compares words: which are the same, where they stand, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.watch import count_phrases, plain_phrase, strange_letters

PHRASES = ("end it all", "can't go on", "nicht mehr leben", "über die Brücke")


@pytest.mark.parametrize(
    "text",
    [
        "end it all",
        "I want to END  it\n\tall!",
        "“End it – all.”",
        "end it a\u00adll",
        "end\u200b it all",
        "end-it-all",
        "She said: 'end it all'",
        "\uff45\uff4e\uff44 it all",
        "I can’t go on",
        "I CAN'T GO ON",
        "can`t go on",
        "can\u2018t go on",
        "can\u02bct go on",
        "can\u00b4t go on",
        "Ich will NICHT MEHR LEBEN.",
        "u\u0308ber die Bru\u0308cke",
        "ÜBER DIE BRÜCKE",
    ],
)
def test_it_is_found_however_it_is_written(text: str) -> None:
    assert count_phrases(PHRASES, text) == 1


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "end it", "end it allow", "bend it all", "end all it", "end it 1 all",
        "I can go on", "cant go on", "can t go on", "uber die Brucke",
    ],
)  # fmt: skip
def test_only_whole_words_in_their_order_are_found(text: str) -> None:
    assert count_phrases(PHRASES, text) == 0


def test_each_place_counts() -> None:
    assert count_phrases(PHRASES, "end it all, end it all. I can't go on") == 3
    assert count_phrases(("again again",), "again again again") == 2


def test_case_is_folded_as_german_needs_it() -> None:
    assert count_phrases(("großer Schluss",), "GROSSER SCHLUSS") == 1


@given(st.text(), st.text(), st.sampled_from(PHRASES))
def test_a_phrase_between_other_words_is_always_found(before: str, after: str, said: str) -> None:
    assert count_phrases((said,), f"{before} {said.upper()} {after}") >= 1


@given(st.text())
def test_words_that_are_compared_once_are_not_changed_by_comparing_again(text: str) -> None:
    assert plain_phrase(plain_phrase(text)) == plain_phrase(text)


def test_what_is_no_word_is_named() -> None:
    assert strange_letters("don't self-harm") == ""
    assert strange_letters("kill.*(me|us)") == ".*(|)"
    assert strange_letters("two\nlines") == "\n"
