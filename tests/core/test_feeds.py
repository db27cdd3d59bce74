"""What a calendar's new reading changes.

1. What is the same changes nothing. 2. One stem with another start is moved; the same session under
another stem is only renamed. 3. What is missing is gone only where the calendar still reaches that
far. 4. What most of went at once is not believed. 5. What could not be read is not missing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.feeds import Changes, Found, Kept, Span, reconcile

DAY, HOUR = 86_400_000, 3_600_000
NOW = 100 * DAY
SPAN = Span(NOW, NOW - 2 * DAY, NOW + 14 * DAY)
A7, B2 = 7, 2


def found(name: str, days: float, pair: int | None = A7, *, is_met: bool = True) -> Found:
    at = int(NOW + days * DAY)
    return Found(name.encode(), name[:1].encode(), at, at + HOUR, pair, is_met)


def kept(name: str, days: float, pair: int = A7, **more: bool) -> Kept:
    at = int(NOW + days * DAY)
    return Kept(name.encode(), name[:1].encode(), at, at + HOUR, pair, 1, **more)


def test_what_is_the_same_changes_nothing() -> None:
    before = [kept("a", 1), kept("b", 2, B2)]
    assert reconcile(before, [found("a", 1), found("b", 2, B2)], SPAN) == Changes(of=2)


def test_what_is_new_is_made_within_its_time_alone() -> None:
    new = [found("a", -3), found("b", -2), found("c", 1), found("d", 13.9), found("e", 14)]
    made = reconcile([], [*new, found("f", 1, None)], SPAN).made
    assert [one.stem for one in made] == [b"b", b"c", b"d"]


def test_another_start_of_one_stem_is_a_move() -> None:
    changes = reconcile([kept("a", 1)], [found("a", 3)], SPAN)
    assert changes.moved == ((kept("a", 1), found("a", 3)),)
    assert not changes.made
    assert not changes.gone


def test_a_move_out_of_the_two_weeks_is_a_move() -> None:
    changes = reconcile([kept("a", 1)], [found("a", 30)], SPAN)
    assert changes.moved == ((kept("a", 1), found("a", 30)),)


def test_another_length_is_a_move_too() -> None:
    longer = replace(found("a", 1), ends_at=NOW + DAY + 2 * HOUR)
    assert reconcile([kept("a", 1)], [longer], SPAN).moved == ((kept("a", 1), longer),)


def test_of_several_starts_of_one_stem_those_that_stay_stay() -> None:
    before = [kept("a", 1), kept("a", 3)]
    changes = reconcile(before, [found("a", 3), found("a", 2)], SPAN)
    assert changes.moved == ((kept("a", 1), found("a", 2)),)


def test_the_same_session_under_another_stem_is_renamed() -> None:
    changes = reconcile([kept("a", 1)], [found("z", 1)], SPAN)
    assert changes.renamed == ((kept("a", 1), found("z", 1)),)
    assert not changes.made
    assert not changes.gone


def test_another_clients_session_at_that_time_is_another_one() -> None:
    changes = reconcile([kept("a", 1)], [found("z", 1, B2)], SPAN)
    assert changes.made == (found("z", 1, B2),)
    assert changes.gone == (kept("a", 1),)


def test_what_is_somebody_elses_now_is_cancelled_and_made() -> None:
    changes = reconcile([kept("a", 1)], [found("a", 1, B2)], SPAN)
    assert (changes.cancelled, changes.made) == ((kept("a", 1),), (found("a", 1, B2),))
    both = reconcile([kept("a", 1), kept("b", 2)], [found("a", 1, B2), found("b", 2, B2)], SPAN)
    assert both.cancelled == (kept("a", 1), kept("b", 2))
    assert both.made == (found("a", 1, B2), found("b", 2, B2))


@pytest.mark.parametrize("days", [1, -0.01, -1])
def test_what_is_said_to_be_cancelled_is(days: float) -> None:
    changes = reconcile([kept("a", days)], [found("a", days, is_met=False)], SPAN)
    assert changes.cancelled == (kept("a", days),)
    assert not changes.gone


@pytest.mark.parametrize(
    ("days", "others", "is_gone"),
    [
        (1, [2], True),  # something later is there
        (6, [1], True),  # near, and something to come is there
        (7, [1], True),
        (8, [1], False),  # far: the calendar may end before it
        (8, [9], True),  # but something later is there
        (8, [8], True),
        (1, [0], False),  # what begins now is not to come
        (1, [-1], False),  # nothing to come is there
        (1, [], False),
        (-1, [-2, 1], True),  # it shows what is as old
        (-1, [-2], False),  # but nothing since
        (-1, [-2, -0.5], True),  # something since, though nothing to come
        (-1, [-0.5, 1], False),  # it may have dropped what is over
        (-1, [1], False),
        (-1, [-1, 1], True),  # what is just as old is enough
        (0, [1], False),  # what begins now may have been dropped already
        (0, [-1, 1], True),
    ],
)
def test_what_is_missing_is_gone_only_where_the_calendar_reaches(
    days: float, others: list[float], is_gone: bool
) -> None:
    there = [found(f"o{n}", at, None) for n, at in enumerate(others)]
    changes = reconcile([kept("a", days)], there, SPAN)
    assert bool(changes.gone) is is_gone


def test_what_still_runs_is_no_proof_that_the_calendar_shows_what_is_over() -> None:
    running = replace(found("o", -1, None), ends_at=NOW + 1)
    changes = reconcile([kept("a", -0.9)], [running, found("p", 1, None)], SPAN)
    assert not changes.gone


def test_what_could_not_be_read_is_not_missing() -> None:
    changes = reconcile([kept("a", 1)], [found("o", 2)], SPAN, frozenset({b"a"}))
    assert not changes.gone
    assert changes.lost == 0


def test_when_most_is_missing_it_is_not_believed() -> None:
    before = [kept(name, day) for day, name in enumerate("abcde", 1)]
    there = [found("d", 4), found("e", 5)]
    changes = reconcile(before, there, SPAN)
    assert (changes.lost, changes.of, changes.is_absurd) == (3, 5, True)
    assert not reconcile(before, [found("c", 3), *there], SPAN).is_absurd
    cancelled = [found(name, day, is_met=False) for day, name in enumerate("abc", 1)]
    assert not reconcile(before, [*cancelled, *there], SPAN).is_absurd, "that is said"
    half = [*before, kept("f", 6)]
    assert not reconcile(half, [*there, found("f", 6)], SPAN).is_absurd, "no more than half"
    assert not reconcile(before[:2], [found("z", 3)], SPAN).is_absurd, "two may go at once"


def test_when_most_is_nobodys_any_more_it_is_not_believed_either() -> None:
    before = [kept(name, day) for day, name in enumerate("abc", 1)]
    there = [found(name, day, None) for day, name in enumerate("abc", 1)]
    assert reconcile(before, there, SPAN).is_absurd


def test_an_empty_calendar_is_not_believed() -> None:
    assert reconcile([kept("a", 1)], [], SPAN).is_absurd
    assert not reconcile([], [], SPAN).is_absurd
    assert not reconcile([kept("a", -1)], [], SPAN).is_absurd


def test_somebody_can_say_that_it_is_so() -> None:
    before = [kept("p", -1), kept("a", 1), kept("b", 13)]
    changes = reconcile(before, [], SPAN, is_believed=True)
    assert not changes.is_absurd
    assert changes.gone == (kept("a", 1), kept("b", 13))


def test_what_is_not_planned_any_more_is_not_counted() -> None:
    changes = reconcile([kept("a", 1, is_planned=False)], [], SPAN)
    assert (changes.lost, changes.of, changes.is_absurd) == (0, 0, False)


EVENTS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(-5, 20), st.sampled_from([A7, B2, None])),
    unique_by=lambda one: one[:2],
    max_size=8,
)


@given(EVENTS, EVENTS)
def test_nothing_is_lost_or_counted_twice(
    before: list[tuple[str, int, int | None]], after: list[tuple[str, int, int | None]]
) -> None:
    old = [kept(name, day, pair) for name, day, pair in before if pair is not None]
    new = [found(name, day, pair) for name, day, pair in after]
    changes = reconcile(old, new, SPAN)
    gone = [*changes.gone, *changes.cancelled]
    taken = gone + [one for one, _ in (*changes.moved, *changes.renamed)]
    assert len({(one.stem, one.starts_at) for one in taken}) == len(taken)
    came = [*changes.made, *(one for _, one in (*changes.moved, *changes.renamed))]
    assert len({(one.stem, one.starts_at) for one in came}) == len(came)
    again = {(one.stem, one.starts_at): one for one in old}
    for one in taken:
        del again[one.stem, one.starts_at]
    for one in came:
        assert one.pair_id is not None
        again[one.stem, one.starts_at] = Kept(
            one.stem, one.series, one.starts_at, one.ends_at, one.pair_id, 1
        )
    settled = reconcile(list(again.values()), new, SPAN)
    assert [*settled.made, *settled.moved, *settled.renamed, *settled.cancelled] == []
