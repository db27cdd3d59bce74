"""Rules S10 to S13 and S15: two rules, alpha, ceiling, and the gap between two ratings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.house import House
from bot.core.signals import (
    Alpha,
    Gap,
    Unsaid,
    alpha,
    f_quantile,
    gap,
    is_straight,
    two_rules,
    wilson,
)

HOUSE = House()
SIX = House(alpha_people=6)
ROWS = [
    [9, 9, 8, 9], [8, 7, 8, 8], [10, 10, 9, 10], [6, 7, 5, 6], [9, 8, 9, 9], [7, 6, 7, 8],
]  # fmt: skip
CLIENT = [8.6, 8.8, 9.0, 6.0, 8.4]
THERAPIST = [8.0, 8.2, 8.0, 8.4, 8.0]
#: 97.5 % points of F as printed in tables.
TABLE = [(1, 1, 647.79), (2, 10, 5.4564), (5, 15, 3.5764), (10, 20, 2.7737), (60, 120, 1.52994)]
rows = st.lists(st.tuples(*[st.integers(0, 10)] * 5), min_size=6, max_size=30)
pairs = st.lists(st.tuples(*[st.integers(0, 50).map(lambda n: n / 5)] * 2), min_size=5, max_size=20)


def test_s10_below_a_cut_off_and_a_fall_since_last() -> None:
    totals = [38, 37, 37, 35.5, 36]
    strict, loose = House(cutoff_below=36, cutoff_fall=1), House(cutoff_at_most=36, cutoff_fall=1)
    assert two_rules(totals, strict) == ((), ("fall",), (), ("below", "fall"), ())
    assert two_rules(totals, loose) == ((), ("fall",), (), ("below", "fall"), ("below",))


def test_s10_a_gap_is_no_zero_and_what_is_not_named_says_nothing() -> None:
    house = House(cutoff_below=36, cutoff_fall=1)
    assert two_rules([38, None, 37], house) == ((), (), ("fall",))
    assert two_rules([38, 20], HOUSE) == ((), ())


def consistent(given_rows: list[list[int | None]], house: House = SIX) -> Alpha:
    found = alpha(given_rows, house)
    assert isinstance(found, Alpha)
    return found


def test_s11_alpha_with_feldts_interval() -> None:
    found = consistent(ROWS)
    assert found.value == pytest.approx(0.951952, rel=2e-4)
    assert (found.low, found.high) == pytest.approx((0.828, 0.993), abs=6e-4)
    assert found.people == 6


def test_s11_not_below_fifty_people_and_a_row_with_a_gap_is_none() -> None:
    assert alpha(ROWS, HOUSE) == Unsaid("too_few", 6, 50)
    assert alpha([*ROWS[:5], [7, None, 7, 8]], SIX) == Unsaid("too_few", 5, 6)
    assert consistent([*ROWS, [1, None, 9, 4]]) == consistent(ROWS)


def test_s11_one_item_or_no_difference_is_unsaid() -> None:
    assert alpha([[7]] * 6, SIX) == Unsaid("too_few", 1, 2)
    assert alpha([[7, 8]] * 6, SIX) == Unsaid("no_variance")


@pytest.mark.parametrize(("first", "second", "value"), TABLE)
def test_s11_quantiles_of_f_as_in_tables(first: int, second: int, value: float) -> None:
    assert f_quantile(0.975, first, second) == pytest.approx(value, rel=2e-5)
    assert f_quantile(0.025, second, first) == pytest.approx(1 / value, rel=2e-5)


@given(rows, st.randoms(), st.integers(0, 9))
def test_s11_neither_order_nor_a_shift_changes_alpha(data: list, random, by: int) -> None:
    shuffled = [[value + by for value in row] for row in data]
    random.shuffle(shuffled)
    one, other = alpha(data, SIX), alpha(shuffled, SIX)
    if isinstance(one, Unsaid):
        assert other == one
        return
    assert isinstance(other, Alpha)
    assert other.value == pytest.approx(one.value, abs=1e-9)
    assert one.low <= one.value <= one.high <= 1.0


@given(st.integers(1, 300), st.integers(0, 300))
def test_s12_the_interval_holds_the_rate_and_narrows_with_more(tries: int, hits: int) -> None:
    hits = min(hits, tries)
    low, high = wilson(hits, tries)
    assert 0.0 <= low <= hits / tries + 1e-12
    assert hits / tries - 1e-12 <= high <= 1.0
    tenfold = wilson(hits * 10, tries * 10)
    assert tenfold[1] - tenfold[0] < high - low
    assert (1 - high, 1 - low) == pytest.approx(wilson(tries - hits, tries), abs=1e-12)


def apart(client: list, therapist: list, house: House = HOUSE) -> Gap:
    found = gap(client, therapist, house)
    assert isinstance(found, Gap)
    return found


def test_s13_the_mean_gap_hides_the_miss() -> None:
    found = apart(CLIENT, THERAPIST)
    assert found.mean == pytest.approx(-0.04, abs=1e-9)
    assert found.mean_absolute == pytest.approx(1.0)
    assert found.correlation == pytest.approx(-0.838, abs=5e-4)
    assert found.agreement == pytest.approx(-0.317, abs=5e-4)


def test_s13_a_therapist_who_is_always_four_above_goes_along_but_does_not_agree() -> None:
    # Between sessions 8 (mean square), between raters 24, nothing left: 8 / (8 + 2/3 * 24).
    found = apart([2.0, 4.0, 6.0], [6.0, 8.0, 10.0], House(gap_needs=3))
    assert found.correlation == pytest.approx(1.0)
    assert found.agreement == pytest.approx(1 / 3)


def test_s13_only_sessions_that_both_rated_count() -> None:
    assert apart([*CLIENT, None, 3.0], [*THERAPIST, 9.0, None]) == apart(CLIENT, THERAPIST)
    assert gap([*CLIENT[:4], None], THERAPIST, HOUSE) == Unsaid("too_few", 4, 5)
    with pytest.raises(ValueError, match="zip"):
        gap(CLIENT, THERAPIST[:4], HOUSE)


def test_s13_where_nothing_varies_there_is_no_correlation() -> None:
    assert apart([8.0] * 5, THERAPIST).correlation is None
    assert apart(CLIENT, [8.0] * 5).correlation is None
    assert apart([8.0] * 5, [8.0] * 5).agreement is None
    assert apart([8.0] * 5, [9.0] * 5).agreement == pytest.approx(0.0)


@given(pairs, st.randoms(), st.integers(0, 20))
def test_s13_order_and_scale_origin_do_not_matter(data: list, random, by: int) -> None:
    found = apart(*map(list, zip(*data, strict=True)))
    random.shuffle(data)
    moved = apart([a + by for a, _ in data], [b + by for _, b in data])
    assert moved.mean == pytest.approx(found.mean, abs=1e-9)
    assert moved.mean_absolute == pytest.approx(found.mean_absolute, abs=1e-9)
    for one, other in ((found.correlation, moved.correlation), (found.agreement, moved.agreement)):
        assert (one is None) == (other is None)
        assert one is None or one == pytest.approx(other, abs=1e-6)
    assert abs(found.mean) <= found.mean_absolute + 1e-12


@given(pairs)
def test_s13_to_change_places_turns_the_gap_only(data: list) -> None:
    client, therapist = map(list, zip(*data, strict=True))
    found, turned = apart(client, therapist), apart(therapist, client)
    assert turned.mean == pytest.approx(-found.mean)
    assert replace(turned, mean=0.0, correlation=None, agreement=None) == replace(
        found, mean=0.0, correlation=None, agreement=None
    )


def test_s15_one_value_in_every_item_is_straight_where_there_is_a_score() -> None:
    assert is_straight((7,) * 5, HOUSE)
    assert is_straight((7, 7, None, 7, 7), HOUSE)
    assert not is_straight((7, 7, 7, 7, 8), HOUSE)
    assert not is_straight((7, 7, 7, None, None), HOUSE)
