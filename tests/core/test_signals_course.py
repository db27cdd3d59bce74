"""Rules S7 to S9 and S14 to S17 over a whole course, and the laws that every course keeps."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.house import House
from bot.core.signals import (
    NEED,
    RULE_OF,
    Baseline,
    Course,
    Limits,
    Point,
    Rupture,
    Share,
    Unsaid,
    baseline_of,
    course,
    score,
)

HOUSE = House(sd=1.2, reliability=0.85)
S5 = (8.6, 8.8, 9.0, 8.4, 8.8, 9.2)


def point(value: float | None, **more: object) -> Point:
    """A check-in whose five items have this mean, none of them low where that can be."""
    if value is None:
        return Point(**more)  # type: ignore[arg-type]
    fifths = round(value * 5)
    return Point(tuple((fifths + place) // 5 for place in range(5)), **more)  # type: ignore[arg-type]


def points(*values: float | None) -> list[Point]:
    return [point(value) for value in values]


def judged(*values: float | None) -> Course:
    return course(points(*values), HOUSE)


def test_points_of_this_file_have_the_scores_they_say() -> None:
    assert [score(point(value).values, HOUSE) for value in (8.6, 7.4, 0.0)] == [8.6, 7.4, 0.0]


# S16: lows


def test_s16_an_item_at_the_limit_is_low_and_one_above_it_is_not() -> None:
    limit = HOUSE.low_at_most
    for lowest, found in ((limit, True), (limit + 1, False)):
        (verdict,) = course([Point((9, 9, 9, 9, int(lowest)))], HOUSE).verdicts
        assert ("low" in verdict.findings) is found


# S7: baselines


def test_s7_the_point_judged_is_never_in_its_own_limits() -> None:
    verdicts = judged(*S5, 6.0, 8.8).verdicts
    for at, verdict in enumerate(verdicts):
        expected = baseline_of(S5[:at] if at < 6 else S5, HOUSE)
        assert verdict.baseline == expected


def test_s7_from_five_on_there_are_limits_and_after_six_they_are_frozen() -> None:
    verdicts = judged(*S5, 8.6).verdicts
    limits = [v.baseline.limits for v in verdicts if isinstance(v.baseline, Baseline)]
    assert limits[:4] == [Unsaid("too_few", has, 5) for has in (1, 2, 3, 4)]
    assert all(isinstance(found, Limits) for found in limits[4:])
    assert verdicts[0].baseline == Unsaid("too_few", 0, 1)
    frozen = [v.baseline.is_frozen for v in verdicts if isinstance(v.baseline, Baseline)]
    assert frozen == [False] * 5 + [True]


def test_s7_only_the_therapist_sets_a_new_baseline() -> None:
    history = points(*S5, 6.0, 6.2, 6.0, 6.2, 6.0, 6.2, 6.0)
    assert course(history, HOUSE).verdicts[-1].state == "open"
    history[7] = history[7]._replace(begins_anew=True)
    anew = course(history, HOUSE)
    assert [verdict.stretch for verdict in anew.verdicts] == [0] * 7 + [1] * 6
    assert anew.verdicts[7].baseline == Unsaid("too_few", 0, 1)
    assert anew.verdicts[-1].state == "none"
    assert anew.ruptures == (Rupture(6, 7, "open"),)


def test_a_new_baseline_after_a_repair_leaves_it_repaired() -> None:
    history = points(*S5, 6.0, 8.8, 8.8)
    history[8] = history[8]._replace(begins_anew=True)
    assert course(history, HOUSE).ruptures == (Rupture(6, 7, "back"),)


def test_a_trend_never_mixes_versions() -> None:
    old, new = points(*S5), [point(6.0, instrument="b/2"), point(6.0, instrument="b/2")]
    mixed = course([*old, *new], HOUSE).verdicts
    assert [verdict.stretch for verdict in mixed] == [0] * 6 + [1] * 2
    assert mixed[6].baseline == Unsaid("too_few", 0, 1)
    assert mixed[6].usual is None
    assert mixed[7].findings == ()


def test_s8_a_limit_at_the_end_of_the_scale_is_never_crossed() -> None:
    wild = judged(0.0, 10.0, 0.0, 10.0, 0.0, 10.0, 0.0).verdicts[-1]
    assert isinstance(wild.baseline, Baseline)
    assert wild.baseline.lower == 0.0
    assert "below_limit" not in wild.findings


def test_s8_limits_end_where_the_scale_of_the_course_does() -> None:
    wild = course(points(1.0, 7.0, 1.0, 7.0, 1.0, 7.0, 4.0), HOUSE, (1.0, 7.0)).verdicts[-1]
    assert isinstance(wild.baseline, Baseline)
    assert isinstance(wild.baseline.limits, Limits)
    assert (wild.baseline.limits.lower, wild.baseline.limits.upper) == (1.0, 7.0)


# S9


def test_s9_a_slow_slide_is_caught_by_the_floored_limit() -> None:
    house = replace(HOUSE, baseline_needs=4, baseline_over=4, fall_at_least=9)
    slide = course(points(8.6, 8.8, 9.0, 8.4, 8.0, 7.6, 7.2, 9.0), house)
    below = ["below_limit" in verdict.findings for verdict in slide.verdicts]
    assert below == [False] * 6 + [True, False]


# S14


def with_talk(*values: float | None, talked_at: int) -> Course:
    history = points(*values)
    history[talked_at] = history[talked_at]._replace(talked=True)
    return course(history, HOUSE)


def test_s14_a_score_below_the_frozen_limit_is_a_possible_rupture() -> None:
    newest = judged(*S5, 8.6, 6.0).newest
    assert newest is not None
    assert (newest.score, newest.state, newest.rupture_at) == (6.0, "possible", 7)
    assert newest.findings == ("below_limit", "reliable_fall", "fall")
    assert newest.rule == "S14"
    assert newest.rci == pytest.approx((6.0 - 8.8) / 0.6573, rel=2e-4)
    assert isinstance(newest.baseline, Baseline)
    assert (newest.baseline.mean, newest.baseline.count) == (pytest.approx(8.8), 6)
    assert newest.baseline.lower == pytest.approx(7.4056, rel=2e-4)


def test_s14_before_there_are_limits_a_reliable_fall_is_one_too() -> None:
    early = judged(9.0, 9.0, 7.4).verdicts[-1]
    assert early.findings == ("reliable_fall",)
    assert early.state == "possible"


def test_s14_just_as_far_as_the_noise_goes_is_no_reliable_fall() -> None:
    fell = judged(9.0, 9.0, 9.0, 7.0).verdicts[-1]
    assert fell.rci is not None
    for z, is_one in ((-fell.rci, False), (-fell.rci - 0.001, True)):
        house = replace(HOUSE, reliable_z=z)
        verdict = course(points(9.0, 9.0, 9.0, 7.0), house).verdicts[-1]
        assert ("reliable_fall" in verdict.findings) is is_one


def test_s14_repaired_is_back_in_time_and_talked_about() -> None:
    repaired = with_talk(*S5, 6.0, 8.4, talked_at=7)
    assert repaired.ruptures == (Rupture(6, 7, "repaired"),)
    assert [verdict.state for verdict in repaired.verdicts[6:]] == ["possible", "repaired"]


def test_s14_back_means_the_usual_less_its_noise() -> None:
    assert judged(*S5, 6.0, 8.2).ruptures == (Rupture(6, None, "open"),)
    assert judged(*S5, 6.0, 8.4).ruptures == (Rupture(6, 7, "back"),)


def test_s14_back_begins_exactly_at_the_usual_less_its_noise() -> None:
    coarse = House(sd=2.0, reliability=0.75)  # a standard error of one point
    assert course(points(*[8.0] * 6, 5.0, 7.0), coarse).ruptures == (Rupture(6, 7, "back"),)


def test_s14_what_was_open_ends_as_it_stands_where_check_ins_are_not_given() -> None:
    unseen = course([*points(*S5, 6.0), point(7.6, after_unseen=True), point(8.8)], HOUSE)
    assert unseen.ruptures == (Rupture(6, 7, "open"),)
    assert [verdict.state for verdict in unseen.verdicts[6:]] == ["possible", "none", "none"]


def test_s14_back_without_a_talk_is_back_to_usual_and_is_said_once() -> None:
    back = judged(*S5, 6.0, 8.8, 8.8, 8.8, 8.8)
    assert back.ruptures == (Rupture(6, 7, "back"),)
    assert [v.state for v in back.verdicts[6:]] == ["possible", "back", "none", "none", "none"]


def test_s14_a_talk_that_comes_in_time_makes_back_to_usual_repaired() -> None:
    late = with_talk(*S5, 6.0, 8.8, 8.8, 8.8, talked_at=8)
    assert late.ruptures == (Rupture(6, 7, "repaired"),)
    assert [verdict.state for verdict in late.verdicts[7:]] == ["back", "repaired", "none"]
    too_late = with_talk(*S5, 6.0, 8.8, 8.8, 8.8, 8.8, talked_at=10)
    assert too_late.ruptures == (Rupture(6, 7, "back"),)


def test_s14_talked_about_before_the_fall_is_another_matter() -> None:
    assert with_talk(*S5, 6.0, 8.8, talked_at=6).ruptures == (Rupture(6, 7, "back"),)


def test_s14_otherwise_it_is_open_and_back_too_late_is_no_repair() -> None:
    still = with_talk(*S5, 6.0, 7.6, 7.6, 7.6, talked_at=7)
    assert still.ruptures == (Rupture(6, None, "open", is_overdue=True),)
    assert [v.state for v in still.verdicts[6:]] == ["possible", "open", "open", "open"]
    late = with_talk(*S5, 6.0, 7.6, 7.6, 7.6, 8.8, talked_at=7)
    assert late.ruptures == (Rupture(6, 10, "back"),)


def test_s14_silence_takes_no_time_but_may_say_that_they_talked() -> None:
    assert judged(*S5, 6.0, None, None, None, 7.6).ruptures == (Rupture(6, None, "open"),)
    assert with_talk(*S5, 6.0, None, 7.6, 7.6, 8.8, talked_at=7).ruptures == (
        Rupture(6, 10, "repaired"),
    )


def test_s14_a_second_fall_while_open_is_the_same_one_and_after_it_another() -> None:
    assert judged(*S5, 6.0, 5.8).ruptures == (Rupture(6, None, "open"),)
    again = judged(*S5, 6.0, 8.8, 6.0)
    assert again.ruptures == (Rupture(6, 7, "back"), Rupture(8, None, "open"))
    assert again.verdicts[-1].state == "possible"


def test_s14_what_was_low_when_sight_came_back_began_nobody_knows_when() -> None:
    blind = [*points(*S5), point(6.0, after_unseen=True), *points(6.0, 8.8)]
    assert course(blind[:-1], HOUSE).ruptures == (Rupture(6, None, "open", is_older=True),)
    over = with_talk(*S5, 6.0, 6.0, 8.8, talked_at=7)
    assert over.ruptures == (Rupture(6, 8, "repaired"),)
    blind[7] = blind[7]._replace(talked=True)
    assert course(blind, HOUSE).ruptures == (Rupture(6, 8, "back", is_older=True),)
    calm_first = [*points(*S5), point(None, after_unseen=True), *points(8.8, 6.0)]
    assert course(calm_first, HOUSE).ruptures == (Rupture(8, None, "open"),)


# S10: a licensed instrument's manual


def test_s10_cut_offs_are_judged_by_the_total_of_whole_check_ins() -> None:
    house = replace(HOUSE, cutoff_below=36, cutoff_fall=2)
    answers = [(8, 8, 8, 8, 8), (8, 8, 8, 7, 7), (8, 8, 8, None, 8), (7, 7, 7, 7, 7)]
    judged = course([Point(values) for values in answers], house)
    by_manual = [
        tuple(one for one in verdict.findings if one.startswith("cutoff"))
        for verdict in judged.verdicts
    ]
    assert by_manual == [(), ("cutoff_fall",), (), ("cutoff", "cutoff_fall")]
    assert RULE_OF["cutoff"] == RULE_OF["cutoff_fall"] == "S10"
    unseen = [Point(answers[0]), Point(answers[1], after_unseen=True)]
    assert course(unseen, house).verdicts[1].findings == ()
    assert course([Point(answers[0])], replace(HOUSE, cutoff_at_most=40)).verdicts[0].findings == (
        "cutoff",
    )


def test_s14_without_a_spread_it_is_silent() -> None:
    newest = course(points(*S5, 2.0), House()).newest
    assert newest is not None
    assert newest.findings == ("low", "fall")
    assert (newest.rci, newest.state, newest.baseline) == (None, "none", Unsaid("no_spread"))


# S15 to S17


def test_s15_one_value_in_every_item_four_times_running_is_a_fact() -> None:
    straight = [Point((value,) * 5) for value in (8, 7, 8, 8)]
    findings = [v.findings for v in course([straight[0], Point(), *straight[1:]], HOUSE).verdicts]
    assert findings == [(), (), ("lower",), (), ("straight",)]
    broken = [*straight[:2], Point((8, 8, 8, 8, 9)), *straight[2:]]
    assert course(broken, HOUSE).verdicts[-1].straight_running == 2


def test_s15_the_share_with_every_item_at_the_top() -> None:
    checkins = [(10,) * 5, (10, 10, 10, 10, 9), (10, 10, 10, 10, None), (), (None,) * 5]
    found = course([Point(values) for values in checkins], HOUSE).ceiling
    assert (found, found.rate) == (Share(1, 3), pytest.approx(1 / 3))
    assert course([Point()], HOUSE).ceiling.rate is None
    assert course([Point((7, 7))], HOUSE, (0.0, 7.0)).ceiling == Share(1, 1)


def test_s15_everything_at_the_top_is_counted() -> None:
    tops = course([Point((10,) * 5), Point(), Point((9,) * 5)], HOUSE)
    assert tops.verdicts[0].findings == ("ceiling",)
    assert tops.verdicts[0].rule == "S15"
    assert (tops.ceiling.hits, tops.ceiling.of) == (1, 2)
    assert course([Point((10, 10, 10, 10, 9))], HOUSE).verdicts[0].findings == ()


def test_s16_low_but_steady_is_low_twice_running_and_never_a_fall() -> None:
    low = [verdict.findings[0] for verdict in judged(*[4.0] * 8).verdicts]
    assert low == ["low", *["low_twice"] * 7]
    assert all(verdict.state == "none" for verdict in judged(*[4.0] * 8).verdicts)


def test_s16_a_low_item_speaks_where_the_chart_is_silent() -> None:
    nines = [Point((9,) * 5)] * 6
    newest = course([*nines, Point((9, 9, 9, 9, 3))], HOUSE).verdicts[-1]
    assert newest.score == 7.8
    assert newest.findings == ("low",)
    assert isinstance(newest.baseline, Baseline)
    assert newest.baseline.lower == pytest.approx(7.606, rel=2e-4)


def test_s16_silence_does_not_break_twice_running_and_a_good_one_does() -> None:
    assert judged(4.0, None, 4.0).verdicts[-1].findings == ("low_twice",)
    assert "low_twice" not in judged(4.0, 8.0, 4.0).verdicts[-1].findings


def test_s17_with_one_earlier_score_there_are_words_only() -> None:
    second = judged(9.0, 7.4).verdicts[-1]
    assert second.findings == ("lower",)
    assert (second.rci, second.usual, second.state) == (None, None, "none")


def test_s17_the_usual_is_that_of_as_many_as_the_instrument_says() -> None:
    history = (1.0, 9.0, 9.0, 9.0, 9.0, 7.0, 7.0, 8.0)
    assert judged(*history).verdicts[-1].usual == 9.0
    assert course(points(*history), replace(HOUSE, usual_over=2)).verdicts[-1].usual == 7.0


def test_the_newest_verdict_is_of_answers() -> None:
    history = judged(8.0, None)
    assert history.newest == history.verdicts[0]
    assert history.verdicts[1].findings == ()
    assert history.verdicts[1].rule is None
    assert judged(None).newest is None
    assert judged().newest is None


def test_every_finding_has_a_rule_and_a_rank() -> None:
    assert set(NEED) == set(RULE_OF)


# Laws

talks = st.booleans()
items = st.one_of(st.none(), st.integers(0, 10))
histories = st.lists(
    st.builds(
        Point,
        values=st.one_of(
            st.just(()),
            st.integers(0, 10).map(lambda value: (value,) * 5),
            st.tuples(*[items] * 5),
            st.tuples(*[st.integers(6, 10)] * 5),
        ),
        instrument=st.sampled_from(["a/1", "a/1", "a/1", "a/2"]),
        talked=talks,
        begins_anew=st.integers(0, 9).map(lambda n: n == 0),
    ),
    max_size=24,
)


@given(histories, st.integers(0, 24))
def test_what_was_said_is_never_changed_by_what_comes_later(history: list, cut: int) -> None:
    whole, begun = course(history, HOUSE), course(history[:cut], HOUSE)
    assert whole.verdicts[:cut] == begun.verdicts
    assert [r.at for r in whole.ruptures[: len(begun.ruptures)]] == [r.at for r in begun.ruptures]
    for early, late in zip(begun.ruptures, whole.ruptures, strict=False):
        assert late.outcome == early.outcome or (early.outcome, late.outcome) in {
            ("open", "back"),
            ("open", "repaired"),
            ("back", "repaired"),
        }


@given(histories, st.data())
def test_a_gap_is_never_a_zero(history: list, data: st.DataObject) -> None:
    """A silence anywhere leaves every other verdict as it was, places aside."""
    at = data.draw(st.integers(0, len(history)))
    gap = Point(instrument=history[at - 1].instrument if at else "a/1")
    with_gap = course([*history[:at], gap, *history[at:]], HOUSE).verdicts
    kept = [verdict for verdict in with_gap if verdict.at != at]
    bare = course(history, HOUSE).verdicts
    said = [(v.score, v.findings, v.baseline, v.rci, v.state) for v in kept]
    assert said == [(v.score, v.findings, v.baseline, v.rci, v.state) for v in bare]


@given(histories)
def test_versions_are_judged_as_if_the_other_were_not_there(history: list) -> None:
    verdicts = course(history, HOUSE).verdicts
    for version in ("a/1", "a/2"):
        alone = course([p for p in history if p.instrument == version], HOUSE).verdicts
        among = [v for v, p in zip(verdicts, history, strict=True) if p.instrument == version]
        assert [(v.findings, v.baseline, v.state) for v in alone] == [
            (v.findings, v.baseline, v.state) for v in among
        ]


@given(histories, st.data())
def test_what_is_judged_never_changes_its_own_limits(history: list, data: st.DataObject) -> None:
    if not history:
        return
    at = data.draw(st.integers(0, len(history) - 1))
    other = [*history]
    other[at] = history[at]._replace(values=data.draw(st.tuples(*[st.integers(0, 10)] * 5)))
    assert (
        course(history, HOUSE).verdicts[at].baseline == course(other, HOUSE).verdicts[at].baseline
    )


@given(st.lists(st.integers(25, 50), min_size=2, max_size=9), st.integers(0, 50), st.integers(0, 9))
def test_a_lower_score_never_says_less(fifths: list[int], last: int, by: int) -> None:
    history = [n / 5 for n in fifths]
    newest = judged(*history, last / 5).verdicts[-1]
    lower = judged(*history, max(0, last - by) / 5).verdicts[-1]
    falls = {"below_limit", "reliable_fall", "fall", "lower"}
    assert falls & set(newest.findings) <= set(lower.findings)


@given(histories)
def test_states_and_ruptures_tell_the_same(history: list) -> None:
    found = course(history, HOUSE)
    begun = [v.at for v in found.verdicts if v.state == "possible"]
    assert sorted(r.at for r in found.ruptures) == begun
    for rupture in found.ruptures:
        if rupture.outcome != "open":
            assert rupture.until is not None
            until = found.verdicts[rupture.until]
            assert (until.rupture_at, until.state) == (rupture.at, until.state) or (
                until.state == "possible"
            )


def test_a_long_course_takes_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        history = points(*[8.6, 8.8, 6.0, None] * (count // 4))
        began = process_time()
        course(history, HOUSE)
        return process_time() - began

    small = min(seconds(2_000) for _ in range(3))
    assert min(seconds(16_000) for _ in range(3)) < small * 8 * 3
