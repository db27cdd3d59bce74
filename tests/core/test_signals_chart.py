"""Rules S2 to S9: reliable change and the individual control chart, with their vectors."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.house import House
from bot.core.signals import (
    Baseline,
    Individuals,
    Limits,
    Unsaid,
    baseline_of,
    chance_of_fall,
    individuals,
    reliable_change,
    spread,
)

HOUSE = House(sd=1.2, reliability=0.85)
S5 = [8.6, 8.8, 9.0, 8.4, 8.8, 9.2]
WHEELER = [
    5045, 4350, 4350, 3975, 4290, 4430, 4485, 4285,
    3980, 3925, 3645, 3760, 3300, 3685, 3463, 5200,
]  # fmt: skip
scores = st.lists(st.integers(0, 50).map(lambda fifths: fifths / 5), min_size=5, max_size=12)


def near(*values: float) -> object:
    return pytest.approx(values if len(values) > 1 else values[0], rel=2e-4)


def made(values: list[float], house: House = HOUSE) -> Baseline:
    baseline = baseline_of(values, house)
    assert isinstance(baseline, Baseline)
    return baseline


def limits(values: list[float], house: House = HOUSE) -> Limits:
    found = made(values, house).limits
    assert isinstance(found, Limits)
    return found


def bare(values: list[float]) -> Individuals:
    chart = individuals(values)
    assert isinstance(chart, Individuals)
    return chart


def test_s2_the_published_example() -> None:
    house = House(sd=7.5, reliability=0.80)
    noise = spread(house)
    assert noise is not None
    assert (noise.sem, noise.s_diff, noise.threshold) == near(3.3541, 4.7434, 9.2971)
    change = reliable_change(47.5, 32.5, house)
    assert change is not None
    assert change.rci == near(-3.1623)
    assert change.is_reliable
    assert change.is_fall
    risen = reliable_change(32.5, 47.5, house)
    assert risen is not None
    assert (risen.is_reliable, risen.is_fall) == (True, False)


def test_s3_on_the_mean_of_ten_points() -> None:
    noise = spread(HOUSE)
    assert noise is not None
    assert (noise.sem, noise.s_diff, noise.threshold) == near(0.4648, 0.6573, 1.2882)
    fall, dip = reliable_change(9.0, 7.4, HOUSE), reliable_change(8.4, 7.4, HOUSE)
    assert fall is not None
    assert dip is not None
    assert (fall.rci, fall.is_fall) == (pytest.approx(-2.434, abs=5e-4), True)
    assert (dip.rci, dip.is_fall) == (pytest.approx(-1.521, abs=5e-4), False)


@pytest.mark.parametrize("house", [House(), House(sd=1.2), House(reliability=0.85)])
def test_s3_without_a_spread_nothing_is_computed(house: House) -> None:
    assert spread(house) is None
    assert reliable_change(9.0, 1.0, house) is None
    assert baseline_of(S5, house) == Unsaid("no_spread")


def test_s3_just_as_far_as_the_noise_goes_is_not_beyond_it() -> None:
    noise = spread(HOUSE)
    assert noise is not None
    strict = replace(HOUSE, reliable_z=noise.rci(7.0, 9.0))
    for before, after in ((7.0, 9.0), (9.0, 7.0)):
        change = reliable_change(before, after, strict)
        assert change is not None
        assert not change.is_reliable
    slight = reliable_change(7.0, 7.4, replace(HOUSE, reliable_z=0.5))
    assert slight is not None
    assert (slight.is_reliable, slight.is_fall) == (True, False)


def test_s4_a_fall_of_one_in_forty_comes_by_chance() -> None:
    noise = spread(House(sd=4, reliability=0.88))
    assert noise is not None
    assert (noise.s_diff, noise.threshold) == pytest.approx((1.960, 3.841), abs=5e-4)
    assert chance_of_fall(1, noise) == pytest.approx(0.305, abs=5e-4)


def test_s5_limits_of_six_scores() -> None:
    chart = bare(S5)
    assert (chart.mean, chart.mean_range) == near(8.8, 0.36)
    assert (chart.lower, chart.upper, chart.range_limit) == near(7.8426, 9.7574, 1.176)
    assert chart.lower < 8.6 < chart.upper
    assert chart.lower > 6.0


def test_s6_wheelers_sample() -> None:
    chart = bare(list(map(float, WHEELER)))
    assert (chart.mean, chart.mean_range) == near(4135.5, 355.933)
    assert (chart.lower, chart.upper) == near(3188.87, 5082.13)
    assert WHEELER[-1] > chart.upper


@pytest.mark.parametrize("few", [[], [8.0]])
def test_s5_one_score_is_no_chart(few: list[float]) -> None:
    assert individuals(few) == Unsaid("too_few", len(few), 2)


def test_s5_two_scores_are_a_chart() -> None:
    chart = bare([8.0, 7.0])
    assert (chart.mean, chart.mean_range) == near(7.5, 1.0)
    assert (chart.lower, chart.upper) == near(7.5 - 3 / 1.128, 7.5 + 3 / 1.128)


def test_s7_frozen_limits_are_not_moved_by_later_scores() -> None:
    ten = [*S5, 8.6, 6.0, 8.8, 9.0]
    unfrozen = bare(ten)
    assert (unfrozen.mean, unfrozen.mean_range) == near(8.52, 0.8889)
    assert unfrozen.lower == near(6.156)
    assert bare(S5).lower == near(7.843)
    assert made(ten) == made(S5)


def test_s7_five_are_provisional_and_four_are_too_few() -> None:
    assert made(S5).is_frozen
    assert not made(S5[:5]).is_frozen
    assert made(S5[:5]).lower is not None
    assert made(S5[:4]).limits == Unsaid("too_few", 4, 5)
    assert made(S5[:4]).lower is None
    assert baseline_of([], HOUSE) == Unsaid("too_few", 0, 1)


def test_s8_the_spread_is_never_below_the_instruments_noise() -> None:
    tens = limits([10.0] * 6)
    assert (tens.lower, tens.upper, tens.is_floored) == (near(8.6056), 10.0, True)
    assert limits(S5).lower == near(7.4056)
    lively = limits([5.0, 7.0, 5.0, 7.0, 5.0, 7.0])
    assert (lively.lower, lively.upper) == near(6 - 3 * 2 / 1.128, 10.0)
    assert not lively.is_floored


def test_s8_limits_end_where_the_scale_does() -> None:
    wild = limits([0.0, 10.0] * 3)
    assert (wild.lower, wild.upper) == (0.0, 10.0)
    scaled = baseline_of([2.0] * 6, HOUSE, (1.0, 7.0))
    assert isinstance(scaled, Baseline)
    assert scaled.lower == 1.0


def test_s8_limits_are_printed_as_the_tenths_that_lie_within_them() -> None:
    assert Limits(7.4056, 9.75, is_floored=True).in_tenths == (7.5, 9.7)
    assert Limits(0.1 + 0.2, 10.0, is_floored=True).in_tenths == (0.3, 10.0)


def test_s9_the_bare_limit_catches_a_slow_slide() -> None:
    chart = bare([8.6, 8.8, 9.0, 8.4])
    assert (chart.mean, chart.lower) == near(8.7, 7.813)
    assert [score < chart.lower for score in (8.0, 7.6, 7.2, 9.0)] == [False, True, True, False]


def test_s9_with_the_floor_it_is_caught_one_later() -> None:
    house = replace(HOUSE, baseline_needs=4, baseline_over=4)
    lower = limits([8.6, 8.8, 9.0, 8.4], house).lower
    assert [score < lower for score in (8.0, 7.6, 7.2, 9.0)] == [False, False, True, False]


@given(scores, st.integers(-20, 20))
def test_a_shift_moves_the_bare_chart_and_nothing_else(values: list[float], by: int) -> None:
    chart, moved = bare(values), bare([value + by for value in values])
    assert moved.lower == pytest.approx(chart.lower + by, abs=1e-9)
    assert moved.mean_range == pytest.approx(chart.mean_range, abs=1e-9)


@given(scores)
def test_backwards_it_is_the_same_chart(values: list[float]) -> None:
    chart, turned = bare(values), bare(values[::-1])
    assert turned.lower == pytest.approx(chart.lower, abs=1e-9)
    assert turned.upper == pytest.approx(chart.upper, abs=1e-9)


@given(scores, st.floats(0.1, 5), st.floats(1, 3))
def test_more_noise_never_narrows_the_limits(values: list[float], sd: float, more: float) -> None:
    quiet = limits(values, replace(HOUSE, sd=sd))
    noisy = limits(values, replace(HOUSE, sd=sd * more))
    assert noisy.lower <= quiet.lower
    assert noisy.upper >= quiet.upper
    assert 0.0 <= quiet.lower <= quiet.upper <= 10.0


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 5))
def test_a_deeper_fall_is_never_a_smaller_change(before: float, after: float, by: float) -> None:
    change, deeper = (
        reliable_change(before, after, HOUSE),
        reliable_change(before, after - by, HOUSE),
    )
    assert change is not None
    assert deeper is not None
    assert deeper.rci <= change.rci
    assert deeper.is_fall or not change.is_fall
