"""Whose session an event is: the first rule that hits decides, and none guesses."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.feeds.facts import Event
from bot.feeds.matching import Match, Matching

BARE = Event("1", "", 0, 0)
PATTERN = re.compile(r"\[(?P<code>[A-Za-z0-9-]+)\]")
RULES = Matching(pattern=PATTERN)


@pytest.mark.parametrize(
    ("event", "match"),
    [
        (replace(BARE, categories=("client:A7",)), Match("A7", "tag")),
        (replace(BARE, categories=("Work", "CLIENT: a7 ")), Match("A7", "tag")),
        (replace(BARE, client_code="a7"), Match("A7", "tag")),
        (replace(BARE, client_code="A7", categories=("client:a7",)), Match("A7", "tag")),
        (replace(BARE, summary="Session [b2] online"), Match("B2", "summary")),
        (replace(BARE, summary="[B2] [b2]"), Match("B2", "summary")),
        (replace(BARE, summary="Dentist"), Match()),
        (BARE, Match()),
    ],
)
def test_each_rule_finds_its_code(event: Event, match: Match) -> None:
    assert RULES.match(event) == match


@pytest.mark.parametrize(
    ("event", "by"),
    [
        (replace(BARE, categories=("client:A7", "client:B2")), "tag"),
        (replace(BARE, client_code="A7", categories=("client:B2",)), "tag"),
        (replace(BARE, categories=("client:no code!",)), "tag"),
        (replace(BARE, categories=("client:",)), "tag"),
        (replace(BARE, summary="[A7] and [B2]"), "summary"),
        # What the first rule leaves unclear, a later one must not settle.
        (replace(BARE, categories=("client:?",), summary="[A7]"), "tag"),
    ],
)
def test_what_is_unclear_is_nobodys(event: Event, by: str) -> None:
    assert RULES.match(event) == Match(None, by, unclear=True)


def test_the_order_is_the_practices() -> None:
    event = replace(BARE, categories=("client:A7",), summary="[B2]")
    assert RULES.match(event).code == "A7"
    assert replace(RULES, order=("summary", "tag")).match(event) == Match("B2", "summary")
    assert replace(RULES, order=()).match(event) == Match()


def test_a_long_summary_is_looked_at_in_part() -> None:
    event = replace(BARE, summary=" " * 500 + "[A7]")
    assert RULES.match(event) == Match()
