"""Who needs to be talked about, in which order, and what is said as of the cut-off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.core.digest import (
    EXPANDED_PER_PAGE,
    LINES_PER_PAGE,
    PAGE_UNITS,
    Counts,
    Digest,
    digest_of,
    most_units,
    pages_of,
)
from bot.core.entries import Entry, entry_of
from bot.core.pair_facts import PairFacts, Talk
from bot.core.reasons import NEED
from bot.core.sessions import Asked, Given, Window, sessions_of
from bot.core.timetable import to_utc
from tests.digest_support import CUT, DAY, FROM, HOUR, INSTRUMENT, NEXT, WINDOW, ZONE, asked, pair

CALM = (8, 8, 8, 8, 8)
LOW = (8, 8, 8, 8, 4)


def entry(facts: PairFacts, window: Window = WINDOW) -> Entry:
    made = entry_of(facts, window, INSTRUMENT)
    assert made is not None
    return made


def digest(*pairs: PairFacts, window: Window = WINDOW) -> Digest:
    return digest_of(pairs, window, INSTRUMENT)


def weeks(*history: tuple[int | None, ...], **changes: object) -> tuple:
    """Mondays, the last one in the window; `changes` are the last one's."""
    days = ("2026-10-19", "2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16")
    made = [asked(on, *r) for on, r in zip(days[-len(history) :], history, strict=True)]
    made[-1] = made[-1]._replace(**changes)
    return tuple(made)


def long(*scores: int) -> tuple:
    """Mondays, the last one in the window, each with one number for every question."""
    monday = date(2026, 11, 16)
    newest = len(scores) - 1
    return tuple(
        asked((monday - timedelta(weeks=newest - place)).isoformat(), *(score,) * 5)
        for place, score in enumerate(scores)
    )


def with_extra(*extra: Given, ratings: tuple[int, ...] = CALM) -> tuple:
    return (asked("2026-11-16", *ratings, extra=extra),)


# Reasons


def test_s16_low_but_steady_is_low_twice_running() -> None:
    steady = entry(pair("A7", *weeks((4, 4, 4, 4, 4), (4, 4, 4, 4, 4))))
    assert steady.reason == "low_twice"
    assert steady.opener == "missed"


def test_s16_one_low_item_after_a_high_usual_is_low_though_the_score_is_not() -> None:
    one = entry(pair("A7", *weeks((9,) * 5, (9,) * 5, (9, 9, 9, 9, 3))))
    assert one.reasons == ("low",)
    assert one.latest is not None
    assert one.latest.score == 7.8


def test_s16_a_silence_between_does_not_break_twice_running() -> None:
    assert entry(pair("A7", *weeks(LOW, (), LOW))).reason == "low_twice"


def test_low_twice_within_one_window() -> None:
    both = pair("A7", asked("2026-11-16", *LOW), asked("2026-11-18", *LOW))
    assert entry(both).reason == "low_twice"


def test_s17_a_fall_needs_two_earlier_scores() -> None:
    assert entry(pair("A7", *weeks((9,) * 5, (9,) * 5, (6, 7, 7, 7, 7)))).reasons == ("fall",)
    one_earlier = entry(pair("A7", *weeks((9,) * 5, (6, 7, 7, 7, 7))))
    assert one_earlier.reasons == ("calm",)
    assert one_earlier.change == "lower"
    assert one_earlier.usual is None


def test_a_trend_never_mixes_versions() -> None:
    old = [a._replace(instrument="session-alliance/1") for a in weeks((9,) * 5, (9,) * 5)]
    new = asked("2026-11-18", 6, 6, 7, 7, 7, instrument="session-alliance/2")
    mixed = entry(pair("A7", *old, new))
    assert mixed.reasons == ("calm",)
    assert mixed.usual is None
    assert len(mixed.sparkline) == 1


@pytest.mark.parametrize(
    ("chips", "reason"),
    [
        (("pace",), "obstacles"),
        (("hard_but_useful",), "calm"),
        (("nothing_particular",), "calm"),
        (("rather_not_say",), "calm"),
        (("hard_but_useful", "pushed"), "obstacles"),
    ],
)
def test_obstacles_are_what_got_in_the_way(chips: tuple[str, ...], reason: str) -> None:
    assert entry(pair("A7", *with_extra(Given("obstacles", chips)))).reason == reason


def test_what_the_client_wants_raised_and_what_is_shown_both_stand_out() -> None:
    raised = entry(pair("A7", *with_extra(Given("different", "slower", "raise"))))
    shown = entry(pair("A7", *with_extra(Given("different", "slower", "show"))))
    assert (raised.reason, raised.opener) == ("raise", "yours")
    assert (shown.reason, shown.opener) == ("wrote", "wrote")


def test_a_kept_text_is_refused_loudly() -> None:
    with pytest.raises(ValueError, match="keeps"):
        entry(pair("A7", *with_extra(Given("different", "mine", "keep"))))


def test_silence_after_a_low_answer_stands_out_and_other_silence_does_not() -> None:
    assert entry(pair("A7", *weeks(LOW, ()))).reason == "silence_after_low"
    calm_before = entry(pair("A7", *weeks(CALM, ())))
    assert (calm_before.reason, calm_before.standing) == ("silence", "silent")


def test_talked_no_and_a_loop_left_open() -> None:
    talk = Talk(9, FROM + HOUR)
    no = weeks(CALM, CALM, follows_id=9)
    no = (no[0], no[1]._replace(answers=(*no[1].answers, Given("talked", "no"))))
    assert entry(pair("A7", *no, talk=talk)).reason == "talked_no"
    yes = (no[0], no[1]._replace(answers=(*no[1].answers[:-1], Given("talked", "a_bit"))))
    assert entry(pair("A7", *yes, talk=talk)).reason == "calm"
    unasked = weeks(CALM, CALM)
    assert entry(pair("A7", *unasked, talk=talk)).reason == "open_loop"
    assert entry(pair("A7", *weeks(CALM, ()), talk=talk)).reasons == ("open_loop", "silence")


def test_a_loop_is_not_open_before_the_next_session_nor_when_declined_nor_for_ever() -> None:
    history = weeks(CALM, CALM)
    assert entry(pair("A7", *history, talk=Talk(9, CUT))).reason == "calm"
    assert entry(pair("A7", *history, talk=Talk(9, FROM + HOUR, "rather_not"))).reason == "calm"
    assert entry(pair("A7", *history, talk=Talk(9, CUT - 30 * DAY))).reason == "calm"


def test_the_order_of_need() -> None:
    talk = Talk(9, FROM + HOUR)
    by_reason = {
        "low_twice": pair("A2", *weeks(LOW, LOW)),
        "talked_no": pair("F2", *with_extra(Given("talked", "no"))),
        "open_loop": pair("G2", *weeks(CALM), talk=talk),
        "low": pair("B2", *weeks(LOW)),
        "cutoff": pair("B3", *weeks((6,) * 5)),
        "below": pair("B4", *long(9, 9, 9, 9, 9, 7)),
        "fall": pair("C2", *weeks((9,) * 5, (9,) * 5, (7,) * 5)),
        "cutoff_fall": pair("C3", *weeks((9,) * 5, (8,) * 5)),
        "still_below": pair("C4", *weeks((9,) * 5, (9,) * 5, (6,) * 5, (8, 8, 8, 8, 8))),
        "raise": pair("D2", *with_extra(Given("different", "x", "raise"))),
        "wrote": pair("D4", *with_extra(Given("different", "x", "show"))),
        "obstacles": pair("E2", *with_extra(Given("obstacles", ("pace",)))),
        "silence_after_low": pair("H2", *weeks(LOW, ())),
        "stopped": replace(pair("I1", *weeks(CALM)), state="stopped", changed_at=CUT - HOUR),
        "ended": replace(pair("I3", *weeks(CALM)), state="ended", changed_at=CUT - HOUR),
        "silence": pair("I2", *weeks(())),
        "other": pair("J2", *weeks(CALM, state="withheld", answers=())),
        "declined": pair("J4", *weeks(CALM), talk=Talk(9, FROM - HOUR, "rather_not", FROM + HOUR)),
        "calm": pair("K2", *weeks(CALM)),
    }
    assert tuple(by_reason) == NEED
    house = replace(INSTRUMENT.house, cutoff_at_most=30, cutoff_fall=5)
    # By their codes they would stand the other way round.
    pairs = [replace(one, code=f"A{99 - place}") for place, one in enumerate(by_reason.values())]
    made = digest_of(tuple(reversed(pairs)), WINDOW, replace(INSTRUMENT, house=house))
    assert [e.reason for e in made.entries] == list(NEED)
    assert made.first is made.entries[0]
    standing = {e.reason: e.standing for e in made.entries}
    assert {r for r, s in standing.items() if s == "silent"} == {"silence", "other"}
    assert {r for r, s in standing.items() if s == "calm"} == {"declined", "calm"}


def test_of_one_need_more_reasons_come_first_then_the_lower_score_then_the_code() -> None:
    lower = (8, 8, 8, 8, 3)
    made = digest(
        pair("A1", asked("2026-11-16", 8, 8, 3)),
        pair("B2", *weeks(LOW)),
        pair("E5", *weeks(lower)),
        pair("C3", *weeks(lower)),
        pair("D4", *with_extra(Given("obstacles", ("pace",)), ratings=LOW)),
    )
    assert {one.reason for one in made.entries} == {"low"}
    assert [one.code for one in made.entries] == ["D4", "C3", "E5", "B2", "A1"]


def test_who_has_stopped_is_not_read_away_with_the_calm_and_is_not_first() -> None:
    stopped = replace(pair("A7", *weeks(CALM)), state="stopped", changed_at=CUT - HOUR)
    made = digest(stopped, pair("B3", *weeks(CALM)))
    assert [e.code for e in made.expanded] == ["A7"]
    assert made.first is None, "there is nothing to open a talk with"


def test_who_would_rather_not_talk_about_it_is_in_the_next_digest_and_only_there() -> None:
    said = Talk(9, FROM - HOUR, "rather_not", FROM + HOUR)
    assert entry(pair("A7", talk=said)).reasons == ("declined",)
    before = replace(said, replied_at=FROM - 1)
    assert digest(pair("A7", talk=before)).entries == ()


def test_whoever_skips_every_question_is_neither_silent_nor_answered() -> None:
    skipped = asked("2026-11-16", completed_at=CUT - HOUR)
    made = digest(pair("A7", skipped))
    assert made.entries[0].sessions[0].outcome == "skipped"
    assert made.entries[0].reasons == ("other",)
    assert made.counts == Counts(clients=1, asked=1, skipped=1)


def unasked(on: str, reason: str) -> Asked:
    return asked(on, checkin_id=None, state=None, decided_at=CUT - HOUR, not_asked_reason=reason)


def test_only_who_was_asked_and_gave_nothing_owed_an_answer() -> None:
    made = digest(
        pair("A1", unasked("2026-11-16", "paused"), state="paused", changed_at=FROM + HOUR),
        pair("B2", asked("2026-11-19", closes_at=CUT + HOUR, closed_at=None, state="open")),
        pair("C3", unasked("2026-11-16", "absence")),
        pair("D4", asked("2026-11-16")),
        pair("E5", asked("2026-11-16", completed_at=CUT - HOUR)),
        pair("F6", asked("2026-11-16", *CALM, state="withheld")),
        pair("G7", asked("2026-11-17"), unasked("2026-11-18", "per_week")),
        pair("H8", asked("2026-11-16", state="did_not_meet")),
    )
    said = [(entry.code, entry.gave_no_answer) for entry in made.silent]
    assert said == [
        *(("D4", True), ("G7", True), ("E5", True), ("F6", True)),
        *(("A1", False), ("B2", False), ("C3", False), ("H8", False)),
    ]


def test_what_was_begun_and_not_finished_is_not_calm() -> None:
    begun = asked("2026-11-18", 8, 8, 8, 8)
    made = digest(
        pair("A1", *weeks(CALM)),
        pair("B2", begun),
        pair("C3", asked("2026-11-16", *CALM), begun),
        pair("D4", asked("2026-11-16", 8, 8, 8, 8), asked("2026-11-18", *CALM)),
    )
    said = [(entry.code, entry.is_unfinished) for entry in made.calm]
    assert said == [("B2", True), ("C3", True), ("A1", False), ("D4", False)]
    assert not entry(pair("A1", asked("2026-11-16"))).is_unfinished


def test_why_somebody_was_not_asked_is_told_once() -> None:
    capped = [unasked(f"2026-11-{day}", "per_week") for day in (17, 18, 19)]
    told = entry(pair("A1", asked("2026-11-16", *CALM), *capped)).told
    assert [(one.on, one.reason) for one in told] == [
        ("2026-11-16", None),
        ("2026-11-19", "per_week"),
    ]
    other = entry(pair("A1", *capped, unasked("2026-11-16", "per_day"))).told
    assert [one.reason for one in other] == ["per_week", "per_day"]


def test_nothing_stands_out() -> None:
    made = digest(*(pair(f"A{n}", *weeks(CALM if n < 9 else ())) for n in range(25)))
    assert made.first is None
    assert (made.counts.answered, made.counts.asked) == (9, 25)


# As of the cut-off


def test_an_open_checkin_is_open_and_neither_silence_nor_shown() -> None:
    friday = asked("2026-11-20", 8, 8, time="14:00", state="open", closed_at=None)
    made = entry(pair("A7", friday))
    session = made.sessions[0]
    assert (session.outcome, session.given, session.of) == ("open", 2, 5)
    assert session.open_until == ("2026-11-22", "15:00")
    assert session.items == ()
    assert made.standing == "silent"
    assert digest(pair("A7", friday)).counts == Counts(clients=1, open=1)


def test_completed_after_the_cut_off_is_open_now_and_answered_in_the_next() -> None:
    friday = asked("2026-11-20", *LOW, time="15:30", completed_at=CUT + HOUR)
    assert entry(pair("A7", friday)).reason == "other"
    assert entry(pair("A7", friday), NEXT).reason == "low"


def test_completed_before_the_cut_off_and_closed_after_it_is_told_once() -> None:
    friday = asked("2026-11-20", *LOW, time="10:00")
    assert entry(pair("A7", friday)).reason == "low"
    assert entry_of(pair("A7", friday), NEXT, INSTRUMENT) is None


def test_a_sweep_that_came_late_moves_nothing_into_the_next_digest() -> None:
    late = asked("2026-11-16", closed_at=CUT + 3 * DAY)
    assert entry(pair("A7", late)).reason == "silence"
    assert entry_of(pair("A7", late), NEXT, INSTRUMENT) is None
    not_swept = late._replace(state="open", closed_at=None)
    assert entry(pair("A7", not_swept)).reason == "silence"


def test_a_correction_after_the_cut_off_enters_the_next_digest_labelled() -> None:
    friday = asked("2026-11-20", *LOW, time="10:00", changed_ats=(CUT + HOUR,))
    made = entry(pair("A7", friday), NEXT)
    assert (made.reason, made.sessions[0].is_corrected) == ("low", True)
    assert digest(pair("A7", friday), window=NEXT).counts == Counts(clients=1)
    assert not entry(pair("A7", friday)).sessions[0].is_corrected


def test_withheld_has_no_numbers_whatever_the_cut_off() -> None:
    taken_back = asked("2026-11-16", *LOW, state="withheld", closed_at=CUT + HOUR)
    now, following = entry(pair("A7", taken_back)), entry(pair("A7", taken_back), NEXT)
    for made in (now, following):
        assert made.sessions[0].outcome == "withheld"
        assert made.sessions[0].score is None
        assert made.sparkline == ""
        assert not made.can_be_acknowledged


def test_started_has_its_count_and_no_score_below_four() -> None:
    three = entry(pair("A7", asked("2026-11-16", 8, 8, 8)))
    assert three.latest is not None
    assert (three.latest.outcome, three.latest.given, three.latest.score) == ("started", 3, None)
    four = entry(pair("A7", asked("2026-11-16", 8, 8, 8, 8)))
    assert four.latest is not None
    assert four.latest.score == 8.0
    assert entry(pair("A7", asked("2026-11-16", 8, 3))).reason == "low"


def test_when_client_and_calendar_disagree_there_is_no_score_and_both_are_stated() -> None:
    answered = entry(pair("A7", asked("2026-11-16", *LOW, calendar_met=False)))
    assert answered.sessions[0].outcome == "conflict"
    assert answered.sessions[0].score is None
    assert answered.reason == "other"
    client_says = asked("2026-11-16", state="did_not_meet", closed_at=CUT - DAY)
    session = entry(pair("A7", client_says)).sessions[0]
    assert (session.outcome, session.calendar_met) == ("did_not_meet", True)


def test_counts_leave_outside_what_was_not_asked_or_not_met() -> None:
    counts = digest(
        pair("A2", asked("2026-11-16", *CALM)),
        pair("B2", asked("2026-11-16", 8, 8)),
        pair("C2", asked("2026-11-16")),
        pair("D2", asked("2026-11-16", *CALM, state="withheld", answers=())),
        pair("E2", asked("2026-11-16", state="did_not_meet", closed_at=CUT - DAY)),
        pair("F2", asked("2026-11-16", state="undeliverable", closed_at=CUT - DAY)),
        pair("G2", asked(state=None, decided_at=CUT - DAY, not_asked_reason="per_week")),
        pair("H2", asked("2026-11-16", *CALM, calendar_met=False)),
        pair("I2", asked("2026-11-16", state="cancelled")),
    ).counts
    assert counts == Counts(
        clients=8, asked=4, answered=1, started=1, silent=1, withheld=1,
        did_not_meet=2, undelivered=1, not_asked=1,
    )  # fmt: skip
    assert counts.interval is None, "four asked are too few"
    assert replace(counts, rate_needs=4).interval == pytest.approx((0.0456, 0.6994), abs=1e-3)
    assert Counts().interval is None


def test_the_trend_line_is_the_last_eight_with_gaps() -> None:
    many = [asked(f"2026-{m:02}-{d:02}", *CALM) for m in (9, 10) for d in (7, 14, 21, 28)]
    assert entry(pair("A7", *many, *weeks(()))).sparkline == "▇▇▇▇▇▇▇·"


def test_the_label_is_the_latest_appointments() -> None:
    two = entry(pair("A7", asked("2026-11-16", *CALM), asked("2026-11-19", *CALM, time="09:30")))
    assert (two.code, two.on, two.time) == ("A7", "2026-11-19", "09:30")


def test_a_pause_or_stop_in_the_window_is_told_without_any_checkin() -> None:
    stopped = entry(pair("A7", state="stopped", changed_at=CUT - DAY))
    assert (stopped.standing, stopped.state_now) == ("silent", "stopped")
    assert entry_of(pair("A7", state="stopped", changed_at=FROM - 1), WINDOW, INSTRUMENT) is None


def test_several_weeks_in_one_window_lose_nothing() -> None:
    window = Window(to_utc("2026-10-16", "17:00", ZONE), CUT, ZONE)
    made = entry(pair("A7", *weeks(CALM, LOW, (), CALM, CALM)), window)
    assert len(made.sessions) == 5
    assert made.reasons == ("low",), "the silence is over"
    assert made.sessions[0].on == "2026-11-16"


# Texts and pages


def test_pages_keep_the_order_split_at_clients_and_hold_their_limits() -> None:
    pairs = [pair(f"A{n}", *weeks(LOW)) for n in range(20)]
    pairs += [pair(f"B{n}", *weeks(CALM)) for n in range(70)]
    made = digest(*pairs)
    places = pages_of(made)
    assert [p.pair_id for p in places] == [e.pair_id for e in made.entries]
    assert [p.place for p in places] == list(range(1, 91))
    assert places[0].standing == "first"
    assert [p.standing for p in places].count("first") == 1
    for page in range(1, max(p.page for p in places) + 1):
        on_page = [p.standing for p in places if p.page == page]
        assert on_page
        assert sum(s in ("first", "expanded") for s in on_page) <= EXPANDED_PER_PAGE
        assert sum(s in ("calm", "silent") for s in on_page) <= LINES_PER_PAGE


def test_a_page_is_filled_before_the_next_one_begins() -> None:
    def filled(kind: str, count: int, scores: tuple[int, ...]) -> list[int]:
        made = digest(*(pair(f"{kind}{n}", *weeks(scores)) for n in range(count)))
        return [place.page for place in pages_of(made)]

    lines, most = LINES_PER_PAGE, EXPANDED_PER_PAGE
    assert filled("B", 2 * lines + 1, CALM) == [1] * lines + [2] * lines + [3]
    assert filled("A", 2 * most + 1, LOW) == [1] * most + [2] * most + [3]
    assert filled("C", 2 * most + 1, ()) == [1] * (2 * most + 1), "the silent are lines"


def test_a_long_entry_begins_a_page_of_its_own_and_leaves_none_empty() -> None:
    days = [f"2026-11-{day:02d}" for day in range(14, 21)]
    obstacles = tuple(Given("obstacles", chip) for chip in ("pace", "other", "not_heard"))
    full = [asked(on, *LOW, extra=obstacles) for on in days]
    made = digest(*(pair(f"A{n}", *full) for n in range(5)))
    pages = [place.page for place in pages_of(made)]
    sizes = [most_units(one) for one in made.entries]
    assert pages[0] == 1
    for page in range(1, pages[-1] + 1):
        assert sum(size for size, on in zip(sizes, pages, strict=True) if on == page) <= PAGE_UNITS
    for place in range(1, len(pages)):
        before = sum(s for s, on in zip(sizes, pages, strict=True) if on == pages[place] - 1)
        is_next = pages[place] > pages[place - 1]
        assert not is_next or before + sizes[place] > PAGE_UNITS


def test_an_empty_week_has_no_places() -> None:
    assert pages_of(digest()) == ()


def test_appointments_in_the_future_of_the_cut_off_are_unknown() -> None:
    assert sessions_of([asked("2026-11-23", *CALM)], WINDOW, INSTRUMENT) == ()


# Words


def test_two_scores_are_no_way_down() -> None:
    assert not entry(pair("A7", *long(9, 8))).slid
    assert not entry(pair("A7", asked("2026-11-16"))).slid


@pytest.mark.parametrize(
    ("scores", "opener"),
    [
        ((9, 9, 9, 9, 9, 8, 7, 6), "checking_in"),
        ((9, 9, 9, 9, 9, 9, 9, 6), "different"),
        ((9, 9, 9, 9, 9, 8, 8, 6), "different"),
        ((9, 9, 9, 9, 9, 9, 8, 6), "different"),
        # Half of the way in the last step is still slow; twice the same is no way down.
        ((10, 10, 10, 10, 10, 10, 9, 8, 6), "checking_in"),
        ((9, 9, 9, 9, 9, 9, 7, 7, 6), "different"),
    ],
)
def test_what_came_slowly_is_asked_about_as_what_came_slowly(
    scores: tuple[int, ...], opener: str
) -> None:
    slid = entry(pair("A7", *long(*scores)))
    assert slid.reason == "below"
    assert slid.opener == opener
    assert slid.slid == (opener == "checking_in")
