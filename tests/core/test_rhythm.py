"""What is asked in place of the open question, and when."""

from __future__ import annotations

import pytest

from bot.core.conversation import Answer, Known, position
from bot.core.rhythm import EXPECTATIONS, GOALS, Rhythm, asks_of, read_rhythm
from bot.store.checkins import read_known, write_known
from tests.digest_support import INSTRUMENT, RATINGS

RHYTHM = Rhythm(goals_every=4, expectations_at=5)


def asks(count: int, *, sessions: int = 1, goals: int = 0, expected: bool = True) -> list[str]:
    return list(asks_of(RHYTHM, count=count, sessions=sessions, goals=goals, expected=expected))


def test_goals_come_with_every_fourth_and_not_with_the_chips_of_every_fourth() -> None:
    assert [count + 1 for count in range(12) if asks(count, goals=1)] == [2, 6, 10]


def test_only_the_open_ones_are_asked() -> None:
    assert asks(1) == []
    assert asks(1, goals=2) == [GOALS, "goal_1", "goal_2"]


def test_expectations_come_first_and_once() -> None:
    assert asks(1, sessions=4, expected=False) == []
    assert asks(1, sessions=5, goals=3, expected=False) == [EXPECTATIONS]
    assert asks(1, sessions=9, goals=1, expected=False) == [EXPECTATIONS]
    assert asks(1, sessions=9, goals=1) == [GOALS, "goal_1"]


def test_a_rhythm_may_be_odd_and_begin_with_the_first_session() -> None:
    third = Rhythm(goals_every=3, expectations_at=1)
    assert [count + 1 for count in range(9) if third.asks_goals(count)] == [2, 5, 8]
    assert third.asks_expectations(1)
    each = Rhythm(goals_every=1)
    assert all(each.asks_goals(count) for count in range(9))
    for data in ({"goals_every": 0, "expectations_at": 1000}, {"goals_every": 1}):
        mistakes: list[str] = []
        assert read_rhythm(data, mistakes) == Rhythm(**data)
        assert mistakes == []


def test_a_file_that_says_nothing_asks_nothing() -> None:
    nothing = Rhythm()
    assert not any(nothing.asks_goals(count) for count in range(9))
    assert not nothing.asks_expectations(99)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "must be a table"),
        ({"goals": 4}, "unknown key"),
        ({"goals_every": -1}, "whole number"),
        ({"expectations_at": 2.5}, "whole number"),
        ({"goals_every": True}, "whole number"),
        ({"expectations_at": 1001}, "whole number"),
    ],
)
def test_each_mistake_is_told(data: object, says: str) -> None:
    mistakes: list[str] = []
    assert read_rhythm(data, mistakes) == Rhythm()
    assert len(mistakes) == 1
    assert says in mistakes[0]


def test_neither_is_part_of_the_score() -> None:
    assert [item.key for item in INSTRUMENT.ratings] == ["heard", "bond", "goals", "tasks", "fit"]


@pytest.mark.parametrize(
    ("known", "next_item"),
    [
        (Known(), "different"),
        (Known(asks=(GOALS, "goal_1"), goals=(7,)), "goal_1"),
        (Known(asks=(EXPECTATIONS,)), "hope"),
        (Known(count=3, asks=(GOALS, "goal_1"), goals=(7,)), "goal_1"),
    ],
)
def test_what_follows_five_high_ratings(known: Known, next_item: str) -> None:
    item = position(INSTRUMENT, {key: Answer(key, 9) for key in RATINGS}, known)
    assert item is not None
    assert item.key == next_item


def test_what_a_check_in_knows_is_read_as_it_was_written() -> None:
    known = Known({"bond": 7.5}, 5, "talk", (GOALS, "goal_1"), (7,))
    assert read_known(write_known(known)) == known
    assert read_known('{"usual": {}, "count": 2, "acknowledged": null}') == Known(count=2)
