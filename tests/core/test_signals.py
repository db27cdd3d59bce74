"""Rules S1, S12, S16 and S17: scores, rates and what may be said about a fall."""

from __future__ import annotations

import pytest

from bot.core.house import House
from bot.core.signals import change, is_low, lows, score, sparkline, usual, wilson

HOUSE = House()


def test_s1_the_score_is_the_mean_of_what_was_answered() -> None:
    assert score([8, 9, None, 7, 6], HOUSE) == 7.5


def test_s1_fewer_than_four_items_are_no_score() -> None:
    assert score([8, None, None, 7, 6], HOUSE) is None
    assert score([], House(score_needs=0)) is None


def test_s1_a_skipped_item_is_not_a_zero() -> None:
    assert score([8, 8, 8, 8, 0], HOUSE) == 6.4
    assert score([8, 8, 8, 8, None], HOUSE) == 8.0


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [(7, 9, 0.453, 0.937), (2, 2, 0.342, 1.0), (0, 3, 0.0, 0.562)],
)
def test_s12_the_interval_of_a_response_rate(
    hits: int, tries: int, low: float, high: float
) -> None:
    assert wilson(hits, tries) == pytest.approx((low, high), abs=6e-4)


@pytest.mark.parametrize(("hits", "tries"), [(0, 0), (3, 2), (-1, 4)])
def test_s12_no_rate_of_nothing(hits: int, tries: int) -> None:
    with pytest.raises(ValueError, match="no rate"):
        wilson(hits, tries)


def test_s16_any_item_at_the_threshold_is_low_whatever_the_others_say() -> None:
    assert is_low([9, 9, 9, 9, 5], HOUSE)
    assert is_low([9, 9, 9, 9, 3], HOUSE)
    assert not is_low([6, 6, 6, 6, 6], HOUSE)
    assert not is_low([None, None], HOUSE)
    assert lows([5, 6, None, 4], HOUSE) == [True, False, False, True]


def test_s16_the_threshold_is_the_instruments() -> None:
    assert is_low([7, 9], House(low_at_most=7))


def test_the_usual_is_the_median_of_the_newest_and_needs_two() -> None:
    assert usual([9.0], HOUSE) is None
    assert usual([9.0, 8.0], HOUSE) == 8.5
    assert usual([1.0, 1.0, 8.0, 9.0, 8.0, 9.0, 8.0, 8.0], HOUSE) == 8.0


def test_s17_with_one_earlier_score_there_are_words_only() -> None:
    assert change(7.4, [9.0], HOUSE) == "lower"
    assert change(2.0, [9.0], HOUSE) == "lower"
    assert change(9.0, [9.0], HOUSE) == "none"


def test_s17_words_only_even_where_an_instrument_wants_a_usual_from_one() -> None:
    assert change(2.0, [9.0], House(usual_needs=1)) == "lower"


def test_s17_words_compare_with_the_last_time_and_only_until_a_fall_can_be_told() -> None:
    late = House(fall_needs=3)
    assert change(7.0, [9.0, 5.0], late) == "none"
    assert change(7.0, [5.0, 9.0], late) == "lower"
    assert change(2.0, [9.0, 9.0], House(usual_needs=3)) == "lower"


def test_s17_with_two_earlier_scores_a_fall_is_measured_against_the_own_usual() -> None:
    assert change(6.9, [9.0, 8.8], HOUSE) == "fall"
    assert change(7.4, [9.0, 9.0], HOUSE) == "none"
    assert change(7.0, [9.0, 9.0], HOUSE) == "fall"


def test_s17_no_history_says_nothing() -> None:
    assert change(1.0, [], HOUSE) == "none"


def test_the_line_has_a_fixed_axis_and_gaps() -> None:
    assert sparkline([0.0, 10.0, None, 5.0]) == "▁█·▅"
    assert sparkline([9.0, 9.1]) == "██"
    assert sparkline([1.2, 1.25, 2.4, 2.5, 3.7, 3.75, 4.9, 5.0]) == "▁▂▂▃▃▄▄▅"
    assert sparkline([6.2, 6.25, 7.4, 7.5, 8.7, 8.75]) == "▅▆▆▇▇█"
