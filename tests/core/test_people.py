"""Codes that say nothing about a person, and the language somebody is addressed in."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from bot.core.people import (
    LONGEST_NAME,
    Pair,
    PairState,
    Person,
    language_of,
    looks_like_a_name,
    may_hear,
    suggest_code,
    tidy_code,
    tidy_name,
)

ANNA = Person(1, 41, "Anna", None, None, None, None, None, None)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("a7", "A7"), (" A7\n", "A7"), ("7", "7"), ("b-12", "B-12"), ("12345678", "12345678")],
)
def test_a_code_has_one_spelling(typed: str, code: str) -> None:
    assert tidy_code(typed) == code


@pytest.mark.parametrize(
    "typed", ["", " ", "A 7", "-A7", "A7-", "A--7", "ä1", "A7;", "123456789", "<b>", "A\uff17"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert tidy_code(typed) is None


@pytest.mark.parametrize(("code", "so"), [("ANNA", True), ("A7", False), ("AB12", False),
                                          ("7ABC", True), ("A-B-C", True), ("AK", True),
                                          ("A-K", True), ("JD85", True), ("JD-1985", True),
                                          ("JD07", True), ("B12", False), ("B85", False),
                                          ("A", False), ("12345678", False)])  # fmt: skip
def test_a_code_that_could_be_a_name_is_noticed(code: str, so: bool) -> None:
    assert looks_like_a_name(code) is so


@pytest.mark.parametrize(
    ("state", "so"),
    [
        ("invited", False),
        ("joined", False),
        ("active", True),
        ("paused", True),
        ("stopped", False),
        ("ended", False),
    ],
)
def test_only_what_runs_or_rests_can_be_paused(state: str, so: bool) -> None:
    facts = dict.fromkeys((field.name for field in fields(Pair)), None)
    assert Pair(**{**facts, "state": state}).may_pause is so  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("history_from_at", "objected_at", "so"),
    [(None, None, True), (7, None, True), (8, None, False), (7, 5, False), (None, 5, False)],
)
def test_what_was_before_an_account_opens_in_its_time_unless_somebody_objects(
    history_from_at: int | None, objected_at: int | None, so: bool
) -> None:
    facts = dict.fromkeys((field.name for field in fields(Pair)), None)
    own = {"history_from_at": history_from_at, "objected_at": objected_at}
    assert Pair(**{**facts, **own}).shows_before(7) is so  # type: ignore[arg-type]


def test_suggested_codes_are_free_short_and_never_end() -> None:
    taken: set[str] = set()
    for number in range(400):
        code = suggest_code(frozenset(taken), number * 7919)
        assert code not in taken
        assert tidy_code(code) == code
        assert not looks_like_a_name(code)
        assert not set(code) & set("O0I1QSZ"), "letters and digits that are read as one another"
        taken.add(code)
    assert sorted({len(code) for code in taken}) == [2, 3]


def test_where_shorter_codes_may_be_taken_suggestions_are_longer() -> None:
    assert len(suggest_code(frozenset(), 5, digits_more=1)) == 3
    assert len(suggest_code(frozenset(), 5, digits_more=4)) == 6


def test_suggestions_do_not_tell_the_order_of_clients() -> None:
    assert suggest_code(frozenset(), 0) != suggest_code(frozenset(), 55)
    assert suggest_code(frozenset(), 55) == suggest_code(frozenset(), 55)


@pytest.mark.parametrize(
    ("chosen", "stored", "hint", "spoken"),
    [
        ("de", "en", "en", "de"), (None, "de", None, "de"), (None, "de", "en-GB", "en"),
        (None, None, "de-AT", "de"), (None, None, "DE", "de"), (None, None, "fr", "en"),
        (None, "fr", None, "en"), (None, None, None, "en"),
    ],
)  # fmt: skip
def test_the_language_is_chosen_then_hinted_then_the_practices(
    chosen: str | None, stored: str | None, hint: str | None, spoken: str
) -> None:
    anna = replace(ANNA, language=chosen, language_hint=stored)
    assert language_of(anna, hint, "en") == spoken
    assert language_of(None, "fr", "de") == "de"
    assert language_of(None, "en-GB", "de") == "en"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Anna", "Anna"), (" Anna \n Lena\t", "Anna Lena"), ("An\u202ena\x00", "Anna"),
        ("A\ud800\ue000\uffffb", "Ab"), ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d🔬", "👩\u200d🔬"), ("e" + "\u0301" * 9, "e" + "\u0301" * 4),
        ("e\u0301" * 9, "e\u0301" * 9), ("e" + "\u20dd" * 9, "e" + "\u20dd" * 4),
        ("", "–"), (" \u202e ", "–"), ("\u200d \u200c", "–"),
        ("\u115f", "–"), ("\u3164 \u2800", "–"), ("\uffa0\u1160\u200d\ufe0f", "–"),
        ("\u2800Anna", "\u2800Anna"), ("⠁", "⠁"), ("\U000e0100\u17b4\u034f", "–"),
        ("X", "X"), ("\u0301" * 9, "\u0301" * 4),
        ("n" * 65, "n" * 64), ("n" * 63 + " n", "n" * 63),
    ],
)  # fmt: skip
def test_a_name_is_one_line_that_leaves_its_neighbours_in_peace(given: str, shown: str) -> None:
    assert tidy_name(given) == shown
    assert len(tidy_name(given * 9)) <= LONGEST_NAME == 64


@pytest.mark.parametrize(
    ("state", "stopped_at", "hears"),
    [
        ("active", None, True),
        ("paused", None, True),
        ("ended", None, True),
        ("ended", 1, False),
        ("stopped", 1, False),
        ("joined", None, False),
        ("erased", None, False),
    ],
)
def test_who_is_still_told_what_the_therapist_says(
    state: PairState, stopped_at: int | None, hears: bool
) -> None:
    assert may_hear(state, stopped_at) is hears


def test_what_is_over_can_not_end() -> None:
    pair = Pair(1, 2, 3, "A7", "active", 1, 1, 1, "1", None, None, None, None, None)
    assert not pair.is_over
    assert replace(pair, state="ended").is_over
    assert replace(pair, state="erased").is_over
