"""How scores run: limits from the first, gaps kept, and a fall followed until it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.core.entries import Entry, entry_of
from bot.core.pair_facts import PairFacts
from bot.core.sessions import Asked, Given, sessions_of
from bot.core.trends import PICTURE_SESSIONS, Acknowledged, Repair, holds_baseline, trend_of
from tests.digest_support import CUT, DAY, FROM, INSTRUMENT, NEXT, WINDOW, asked, pair

NEWEST = date(2026, 11, 16)
YES = Given("talked", "yes")


def weeks(*scores: int | None, extra: tuple[Given, ...] = ()) -> list[Asked]:
    """Mondays up to the one in the window; None is silence; `extra` is of the newest."""
    last = len(scores) - 1
    return [
        asked(
            (NEWEST - timedelta(weeks=last - place)).isoformat(),
            *(() if score is None else (score,) * 5),
            extra=extra if place == last else (),
        )
        for place, score in enumerate(scores)
    ]


def entry(facts: PairFacts) -> Entry:
    made = entry_of(facts, WINDOW, INSTRUMENT)
    assert made is not None
    return made


def test_s7_the_own_range_comes_with_the_fifth_score_before() -> None:
    assert entry(pair("A7", *weeks(9, 9, 9, 9, 9))).limits is None
    limits = entry(pair("A7", *weeks(9, 9, 9, 9, 9, 9))).limits
    assert limits is not None
    assert limits.is_floored, "five nines do not vary: the instrument's noise is the floor"


def test_s14_below_the_own_range_is_a_reason_of_its_own() -> None:
    assert entry(pair("A7", *weeks(9, 9, 9, 9, 9, 7))).reasons == ("below",)


def test_s14_a_reliable_fall_without_a_range_ranks_as_a_fall() -> None:
    fell = entry(pair("A7", *weeks(9, 9, 7)))
    assert fell.reasons == ("fall",)
    assert fell.repair == Repair("2026-11-16", "open", is_new=True)


def test_a_fall_is_followed_step_by_step() -> None:
    fall = weeks(9, 9, 9, 9, 9, 7)
    later = [_later(one, 7) for one in fall]
    talk = (Acknowledged("talk", FROM),)

    still = entry(pair("A7", *later, *weeks(7), acknowledged=talk))
    assert still.reasons == ("still_below",)
    assert still.repair == Repair("2026-11-09", "open", is_new=False, acknowledged="talk")
    said_no = entry(
        pair("A7", *later, *weeks(7, extra=(Given("talked", "no"),)), acknowledged=talk)
    )
    assert said_no.repair is not None
    assert said_no.repair.talked is False, "and before that nobody knew"

    repaired = entry(pair("A7", *later, *weeks(9, extra=(YES,)), acknowledged=talk))
    assert repaired.reasons == ("calm",)
    assert repaired.repair == Repair(
        "2026-11-09", "repaired", False, "talk", talked=True, until_on="2026-11-16"
    )

    back = entry(pair("A7", *later, *weeks(9)))
    assert back.repair is not None
    assert (back.repair.outcome, back.repair.acknowledged) == ("back", None)


def _later(one: Asked, days: int) -> Asked:
    """Move a check-in to so many days earlier."""
    on = (date.fromisoformat(one.on) - timedelta(days=days)).isoformat()
    return asked(on, *(g.value for g in one.answers if isinstance(g.value, int)))


def test_a_fall_that_was_over_before_this_week_is_not_told_again() -> None:
    assert entry(pair("A7", *weeks(9, 9, 9, 9, 9, 7, 9, 9))).repair is None


def test_what_was_acknowledged_before_the_fall_does_not_count_as_said_to_it() -> None:
    before = (Acknowledged("talk", FROM - 30 * DAY),)
    followed = entry(pair("A7", *weeks(9, 9, 9, 9, 9, 7, 7), acknowledged=before)).repair
    assert followed is not None
    assert followed.acknowledged is None


def test_a_digest_of_between_the_session_and_its_answers_was_about_something_else() -> None:
    """Its answers came after it, so that whoever read it had not seen the fall."""
    history = weeks(9, 9, 9, 9, 9, 7, 7)
    fell = history[5]
    assert fell.completed_at is not None
    for covers_at, acknowledged in (
        (fell.starts_at + 1, None),
        (fell.completed_at, None),
        (fell.completed_at + 1, "talk"),
    ):
        talk = (Acknowledged("talk", covers_at),)
        followed = entry(pair("A7", *history, acknowledged=talk)).repair
        assert followed is not None
        assert followed.acknowledged == acknowledged
    assert fell.closed_at is not None
    history[5] = fell._replace(state="partial", completed_at=None)
    for covers_at, acknowledged in ((fell.closed_at - 1, None), (fell.closed_at, "talk")):
        talk = (Acknowledged("talk", covers_at),)
        followed = entry(pair("A7", *history, acknowledged=talk)).repair
        assert followed is not None
        assert followed.acknowledged == acknowledged


def test_what_was_read_of_a_fall_is_told() -> None:
    read = (Acknowledged("read", CUT),)
    followed = entry(pair("A7", *weeks(9, 9, 9, 9, 9, 7, 7), acknowledged=read)).repair
    assert followed is not None
    assert followed.acknowledged == "read"


def test_a_talk_that_was_told_with_the_fall_or_before_it_was_about_something_else() -> None:
    for place in (4, 5):
        history = weeks(9, 9, 9, 9, 9, 7, 7)
        told = history[place]
        history[place] = told._replace(answers=(*told.answers, YES))
        followed = entry(pair("A7", *history)).repair
        assert followed is not None
        assert (followed.since_on, followed.talked) == ("2026-11-09", None)


def test_a_fall_is_deeper_only_below_all_since_it_began() -> None:
    for scores, is_deeper in (((8, 6, 7), False), ((8, 6, 6), False), ((8, 7, 6), True)):
        fallen = entry(pair("A7", *weeks(*[10] * 6, *scores))).repair
        assert fallen is not None
        assert fallen.since_on == "2026-11-02"
        assert fallen.is_deeper is is_deeper


def test_a_fall_that_may_have_begun_among_what_was_not_read_is_no_new_one() -> None:
    history = weeks(9, 9, 9, 9, 9, 9, 7)
    history[-1] = history[-1]._replace(is_after_unseen=True)
    fallen = entry(pair("A7", *history)).repair
    assert fallen == Repair("2026-11-16", "open", is_new=False, is_older=True)


def test_more_than_read_is_what_counts() -> None:
    both = (Acknowledged("read", CUT), Acknowledged("talk", CUT), Acknowledged("read", CUT))
    followed = entry(pair("A7", *weeks(9, 9, 9, 9, 9, 7, 7), acknowledged=both)).repair
    assert followed is not None
    assert followed.acknowledged == "talk"


def test_silence_alone_does_not_say_that_somebody_is_still_below() -> None:
    quiet = entry(pair("A7", *weeks(9, 9, 9, 9, 9, 7, None)))
    assert "still_below" not in quiet.reasons


def test_silence_is_counted_and_dated() -> None:
    quiet = entry(pair("A7", *weeks(8, None, None, None)))
    assert (quiet.silent_running, quiet.answered_on) == (3, "2026-10-26")
    never = entry(pair("A7", *weeks(None, None)))
    assert (never.silent_running, never.answered_on) == (2, None)
    since = entry(pair("A7", *weeks(9, 7, None)))
    assert (since.last_score, never.last_score) == (7.0, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "open", "closes_at": CUT + DAY, "closed_at": None},
        {"state": None, "checkin_id": None, "decided_at": CUT - 1, "not_asked_reason": "paused"},
        {"state": "did_not_meet", "closed_at": CUT - 1},
        {"state": "undeliverable", "sent_at": None, "closed_at": CUT - 1},
    ],
)
def test_what_is_open_or_was_never_asked_neither_breaks_a_silence_nor_is_a_gap(
    changes: dict[str, object],
) -> None:
    quiet = entry(pair("A7", *weeks(8, None), asked("2026-11-18", **changes)))
    assert (quiet.silent_running, quiet.sparkline) == (1, "▇·")


def test_a_long_silence_is_counted_only_so_far() -> None:
    long, longer = (entry(pair("A7", *weeks(8, *[None] * n))) for n in (12, 13))
    assert (long.silent_over, longer.silent_over) == (None, 12)


def test_what_was_not_read_may_hold_the_last_answer() -> None:
    first, *silent = weeks(8, *[None] * 13)
    unread = [silent[0]._replace(is_after_unseen=True), *silent[1:]]
    quiet = entry(pair("A7", first, *unread))
    assert (quiet.silent_running, quiet.answered_on, quiet.last_score) == (13, None, None)
    # The mark stays where the first that was read belongs to no trend.
    apart = silent[0]._replace(state="did_not_meet", is_after_unseen=True)
    assert entry(pair("A7", first, apart, *silent[1:])).answered_on is None
    assert entry(pair("A7", first, *silent)).answered_on == first.on


def test_the_own_range_ends_where_the_instruments_scale_does() -> None:
    items = tuple(
        replace(item, lowest=1, highest=7) if item.kind == "rating" else item
        for item in INSTRUMENT.items
    )
    made = entry_of(pair("A7", *weeks(*[7] * 6, 6)), WINDOW, replace(INSTRUMENT, items=items))
    assert made is not None
    assert made.limits is not None
    assert made.limits.upper == 7.0


def test_a_panel_keeps_gaps_and_marks_what_was_found() -> None:
    panel = entry(pair("A7", *weeks(9, 9, None, 9, 9, 9, 7, 9))).panel
    assert panel is not None
    assert [dot.score for dot in panel.dots] == [9, 9, None, 9, 9, 9, 7, 9]
    assert [dot.shape for dot in panel.dots][-2:] == ["below", "back"]
    assert panel.lower is not None
    assert panel.usual is not None
    assert panel.upper is not None
    assert panel.lower < panel.usual < panel.upper
    assert panel.title == "A7"
    assert [dot.on for dot in panel.dots][-2:] == ["2026-11-09", "2026-11-16"]


def shapes(*history: Asked) -> list[str]:
    panel = entry(pair("A7", *history)).panel
    assert panel is not None
    return [dot.shape for dot in panel.dots]


def test_a_mark_is_low_below_or_back_and_else_plain() -> None:
    assert shapes(*weeks(4, 4)) == ["low", "low"]
    assert shapes(*weeks(9, 9, 7)) == ["plain", "plain", "below"], "more than the noise, no range"
    # Within the noise of the instrument, below a range that hardly varies.
    strict = replace(INSTRUMENT, house=replace(INSTRUMENT.house, sigmas=0.5))
    made = entry_of(pair("A7", *weeks(9, 9, 9, 9, 9, 8)), WINDOW, strict)
    assert made is not None
    assert made.panel is not None
    assert [dot.shape for dot in made.panel.dots] == [*["plain"] * 5, "below"]
    repaired = weeks(9, 9, 9, 9, 9, 7, 9, extra=(YES,))
    assert shapes(*repaired) == [*["plain"] * 5, "below", "back"]


def test_a_panel_holds_the_newest_and_none_is_drawn_without_a_score() -> None:
    panel = entry(pair("A7", *weeks(*[9] * 20))).panel
    assert panel is not None
    assert len(panel.dots) == PICTURE_SESSIONS
    assert entry(pair("A7", *weeks(None, None))).panel is None


def test_another_version_is_another_trend() -> None:
    old = [one._replace(instrument="session-alliance/0") for one in weeks(9, 9, 9, 9, 9, 9)]
    old = [_later(one, 7)._replace(instrument="session-alliance/0") for one in old]
    anew = entry(pair("A7", *old, *weeks(6)))
    assert anew.reasons == ("calm",)
    assert (anew.usual, anew.limits, anew.change) == (None, None, "none")


def test_nothing_runs_on_over_check_ins_that_were_not_read() -> None:
    """Between the first ones and the newest, others may lie: a low before them is not "running"."""
    history = weeks(9, 9, 9, 9, 4, 4)
    history[-1] = history[-1]._replace(is_after_unseen=True)
    trend = trend_of(sessions_of(history, WINDOW, INSTRUMENT), INSTRUMENT)
    newest = trend.newest
    assert newest is not None
    assert newest.low_running == 1
    assert newest.usual is None
    assert newest.baseline.count == 5, "the first ones still are the baseline"  # type: ignore[union-attr]


def test_s7_the_first_ones_hold_a_baseline_once_enough_of_them_have_a_score() -> None:
    six = weeks(9, 9, 9, 9, 9, 9, 8)
    assert holds_baseline(six[:3], INSTRUMENT), "all were read, there are no more"
    six[-1] = six[-1]._replace(is_after_unseen=True)
    assert holds_baseline(six, INSTRUMENT)
    skipped = asked("2026-10-12", 9, 9, 9, None, None, extra=(Given("pace", ("slow",)),))
    apart = six[0]._replace(calendar_met=False)
    for one in (skipped, apart, asked("2026-10-12")):
        assert not holds_baseline([one, *six[1:]], INSTRUMENT)
        assert holds_baseline([one, *six], INSTRUMENT)


def test_a_verdict_on_what_is_no_part_of_the_trend_is_none() -> None:
    sessions = sessions_of(weeks(9, 9), WINDOW, INSTRUMENT)
    other = sessions[0]._replace(outcome="did_not_meet")
    assert trend_of(sessions, INSTRUMENT).verdict_on(other) is None


def test_nothing_new_in_the_next_week_is_no_change() -> None:
    sessions = sessions_of(weeks(9, 9, 6), NEXT, INSTRUMENT)
    assert trend_of(sessions, INSTRUMENT).change == "none"


def begun(history: list[Asked], place: int) -> list[Asked]:
    """Let the usual begin anew with one of these weeks."""
    return [one._replace(begins_anew=at == place) for at, one in enumerate(history)]


def test_s7_a_usual_begun_anew_is_compared_with_nothing_before() -> None:
    history = weeks(9, 9, 9, 9, 9, 9, 5, 5, 5)
    assert entry(pair("A7", *history)).limits is not None
    made = entry(pair("A7", *begun(history, 6)))
    assert (made.limits, made.usual, made.change) == (None, 5.0, "none")
    assert made.anew_on == "2026-11-02"
    assert made.repair is None


def test_an_open_fall_ends_where_the_usual_begins_anew() -> None:
    fallen = weeks(9, 9, 9, 9, 9, 9, 6, 6)
    still = entry(pair("A7", *fallen)).repair
    assert still is not None
    assert still.outcome == "open"
    for place in (6, 7):
        made = entry(pair("A7", *begun(fallen, place)))
        assert made.repair is None
        assert "still_below" not in made.reasons


def test_a_fall_after_the_new_beginning_is_one() -> None:
    made = entry(pair("A7", *begun(weeks(5, 5, 9, 9, 9, 6), 2)))
    assert made.reasons == ("fall",)
    assert made.repair == Repair("2026-11-16", "open", is_new=True)


def test_a_beginning_that_is_no_part_of_the_trend_counts_from_the_next() -> None:
    history = begun(weeks(9, 9, 5, 5), 2)
    unmet = history[2]._replace(state="did_not_meet", closed_at=history[2].sent_at)
    made = entry(pair("A7", *history[:2], unmet, history[3]))
    assert (made.anew_on, made.usual, made.change) == ("2026-11-16", None, "none")


def test_the_beginning_is_told_while_the_bars_show_it() -> None:
    long_ago = entry(pair("A7", *begun(weeks(*[9] * 12), 3)))
    assert long_ago.anew_on is None
    assert entry(pair("A7", *begun(weeks(*[9] * 12), 4))).anew_on == "2026-09-28"


def test_the_picture_marks_the_beginning() -> None:
    made = entry(pair("A7", *begun(weeks(9, 9, 5, 5), 2)))
    assert made.panel is not None
    assert [dot.begins_anew for dot in made.panel.dots] == [False, False, True, False]
