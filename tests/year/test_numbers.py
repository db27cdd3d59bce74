"""The judge of numbers finds one that is another's, older, or nobody's."""

from __future__ import annotations

from dataclasses import replace

from tests.year.numbers import Given, own_numbers
from tests.year.verdict import Message

ANNA, BEN, CORA = 1, 2, 3
DAY = 86_400_000
FRIDAY = 1_793_980_800_000
ITEMS = ("heard", "bond", "goals", "tasks", "fit")
EXPANDED = """Talk about this first: A7 · Mon 15:00
a low answer
▆ 7.2
heard 8 · bond 10 · goals 5 · tasks 8 · fit 5

Week 45 · Sun, Nov 1 – Fri, Nov 6"""
CALM = "Week 45 · Sun, Nov 1 – Fri, Nov 6\n\nCalm (1)\nA7 · Mon 15:00 ▁▆ 7.2 · lower than last time"


def given(chat: int, *values: int, days: int = 2) -> list[Given]:
    """Let somebody give numbers, so many days before the digest."""
    at = FRIDAY - days * DAY
    return [Given(at, chat, f"x{chat}", item, n) for item, n in zip(ITEMS, values, strict=False)]


def said(text: str, given: list[Given]) -> list[str]:
    return list(own_numbers([Message(FRIDAY, BEN, text)], given, {"A7": {ANNA}, "C1": {CORA}}))


def test_what_the_client_gave_stands_beside_the_code() -> None:
    own = given(ANNA, 8, 10, 5, 8, 5)
    corrected = [*given(ANNA, 8, 10, 5, 8, 9), own[-1]]
    for text in (EXPANDED, CALM):
        assert said(text, own) == []
        assert said(text, corrected) == []


def test_a_number_of_somebody_else_is_found() -> None:
    for text in (EXPANDED, CALM):
        (what,) = said(text, [*given(CORA, 8, 10, 5, 8, 5), *given(ANNA, 8, 10, 5, 8, 9)])
        assert what.startswith(f"A7 in {BEN}, Week 45")


def test_a_number_of_long_ago_or_of_later_is_found() -> None:
    for days in (40, -1):
        for text in (EXPANDED, CALM):
            assert len(said(text, given(ANNA, 8, 10, 5, 8, 5, days=days))) == 1


def test_what_was_not_answered_is_no_rating_and_of_three_there_is_no_score() -> None:
    assert said(EXPANDED.replace("fit 5", "fit –"), given(ANNA, 8, 10, 5, 8)) == []
    assert len(said(EXPANDED, given(ANNA, 8, 10, 5, 8))) == 1
    assert len(said(CALM.replace("7.2", "7.7"), given(ANNA, 8, 10, 5))) == 1
    assert said(CALM.replace("7.2", "7.8"), given(ANNA, 8, 10, 5, 8)) == []


def test_silence_has_no_number() -> None:
    silent = "A7 · Mon 15:00 · no answer · last answer Mon, Oct 5 (8.6)"
    assert said(f"Week 45 · Sun, Nov 1 – Fri, Nov 6\n\n{silent}", []) == []


def test_an_edited_page_is_not_judged_anew() -> None:
    page = replace(Message(FRIDAY, BEN, EXPANDED), is_new=False)
    assert list(own_numbers([page], [], {"A7": {ANNA}})) == []
