"""What is said about one pair, reason by reason, where two readings lie close together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.core.beside import Beside, BesideFacts, Expected, Guess
from bot.core.digest import most_units
from bot.core.entries import Entry, Unreached, entry_of
from bot.core.pair_facts import PairFacts, Talk
from bot.core.reasons import OPENERS, Opener, Reason
from bot.core.sessions import Form, Given, Session, Shared
from tests.digest_support import CUT, DAY, FROM, HOUR, INSTRUMENT, WINDOW, asked, pair

MONDAY, TUESDAY = "2026-11-16", "2026-11-17"
CALM, LOW = (8,) * 5, (8, 8, 8, 8, 4)


def entry(facts: PairFacts) -> Entry:
    made = entry_of(facts, WINDOW, INSTRUMENT)
    assert made is not None
    return made


def weekly(*history: tuple[int, ...]) -> tuple:
    """Mondays up to the one in the window."""
    days = ("2026-09-28", "2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26", "2026-11-02",
            "2026-11-09", MONDAY)  # fmt: skip
    return tuple(asked(on, *r) for on, r in zip(days[-len(history) :], history, strict=True))


def long_run(*scores: int) -> tuple:
    """As many Mondays as wished, up to the one in the window, each with one number throughout."""
    first = date.fromisoformat(MONDAY) - timedelta(weeks=len(scores) - 1)
    return tuple(
        asked((first + timedelta(weeks=week)).isoformat(), *(score,) * 5)
        for week, score in enumerate(scores)
    )


@pytest.mark.parametrize(
    ("reason", "opener"),
    [
        ("low_twice", "missed"), ("low", "missed"), ("below", "different"), ("fall", "different"),
        ("still_below", "checking_in"), ("raise", "yours"), ("wrote", "wrote"),
        ("obstacles", "in_the_way"), ("talked_no", "room"), ("open_loop", "room"),
        ("silence_after_low", "checking_in"),
    ],
)  # fmt: skip
def test_how_to_begin(reason: Reason, opener: Opener) -> None:
    assert OPENERS[reason] == opener


def test_of_several_sessions_the_newest_with_answers_speaks_and_the_silent_one_is_kept() -> None:
    made = entry(pair("A7", asked(MONDAY, *CALM), asked(TUESDAY)))
    assert made.latest is not None
    assert made.unanswered is not None
    assert (made.latest.on, made.unanswered.on) == (MONDAY, TUESDAY)
    assert made.can_be_acknowledged
    assert made.standing == "calm"


def test_what_is_not_known_is_not_hidden_behind_what_is() -> None:
    open_then = asked(MONDAY, not_asked_reason="lost")
    over_then = asked(MONDAY, state=None, decided_at=CUT - DAY, not_asked_reason="lost")
    later = asked("2026-11-19", state=None, decided_at=CUT - DAY, not_asked_reason="per_week")
    for lost in (open_then, over_then):
        beside = entry(pair("A7", lost, asked(TUESDAY, *CALM), later))
        assert beside.unanswered is not None
        assert beside.unanswered.on == MONDAY
        silent = entry(pair("A7", lost, asked(TUESDAY), later))
        assert [session.on[-2:] for session in silent.told] == ["16", "19", "17"]
        assert [session.on[-2:] for session in silent.shown] == ["16", "19"]
        # Nor behind the answers of two sessions, which have all the room there is.
        low, calm = asked("2026-11-18", *LOW), asked(TUESDAY, *CALM)
        full = entry(pair("A7", lost, calm, low, later))
        assert [session.on[-2:] for session in full.told] == ["18", "17", "16", "19"]
        assert [session.on[-2:] for session in full.shown] == ["18", "17", "16"]
        assert most_units(full) > most_units(entry(pair("A7", calm, low, later)))
        also = lost._replace(on="2026-11-15", starts_at=lost.starts_at - DAY)
        both = entry(pair("A7", also, lost, calm, low))
        assert [session.on[-2:] for session in both.shown] == ["18", "17", "16"]


def test_without_an_answer_the_newest_session_speaks_and_there_is_nothing_to_read() -> None:
    made = entry(pair("A7", asked(MONDAY), asked(TUESDAY)))
    assert made.latest is not None
    assert (made.latest.on, made.latest.outcome) == (TUESDAY, "silent")
    assert not made.can_be_acknowledged
    assert entry(pair("A7", asked(MONDAY, *CALM))).unanswered is None


def test_an_entry_says_whose_it_is_what_was_guessed_and_as_much_as_there_is_room_for() -> None:
    told = asked(MONDAY, *CALM, extra=(Given("different", "slower " * 50, "show"),))
    hope = Given("hope", 7)
    told = told._replace(answers=(*told.answers, hope))
    beside = BesideFacts(guesses={told.checkin_id or 0: 9.0}, before={"hope": 4})
    facts = pair("A7", told, pair_id=12, beside=beside)
    short, long = (entry_of(facts, WINDOW, INSTRUMENT, limit) for limit in (20, 1000))
    assert short is not None
    assert long is not None
    assert short.pair_id == 12
    assert short.beside == Beside(Guess(9.0, 8.0), (Expected("hope", 7, 4),))
    said = [one.sessions[0].shared for one in (short, long)]
    assert said == [
        Shared("show", "slower slower slowe…", True),
        Shared("show", ("slower " * 50)[:-1]),
    ]


def test_what_fell_slowly_before_there_is_a_range_is_asked_about_as_what_came_slowly() -> None:
    made = entry(pair("A7", *long_run(10, 10, 9, 8, 7)))
    assert (made.reason, made.slid, made.opener) == ("fall", True, "checking_in")


def test_the_own_usual_stands_beside_the_score() -> None:
    assert entry(pair("A7", *weekly((9,) * 5, (8,) * 5, CALM))).usual == 8.5


@pytest.mark.parametrize("state", ["paused", "stopped", "ended"])
def test_a_pause_a_stop_and_an_end_are_told_in_their_week(state: str) -> None:
    facts = pair("A7", asked(MONDAY, *CALM), state=state, changed_at=CUT - 1)
    assert entry(facts).state_now == state
    assert entry(replace(facts, changed_at=FROM - 1)).state_now is None
    assert entry(replace(facts, changed_at=FROM)).state_now == state
    assert entry(replace(facts, changed_at=CUT)).state_now is None
    assert entry(replace(facts, state="active")).state_now is None
    assert ("stopped" in entry(facts).reasons) is (state == "stopped")


def test_an_end_by_a_handover_is_called_so() -> None:
    facts = pair("A7", asked(MONDAY, *CALM), state="ended", changed_at=CUT - 1)
    assert entry(replace(facts, handed_over=True)).state_now == "handed_over"
    assert entry(replace(facts, handed_over=True, changed_at=CUT)).state_now is None
    stopped = replace(facts, state="stopped", handed_over=True)
    assert entry(stopped).state_now == "stopped"


def goodbye(**facts: object) -> Session:
    """What was said after the end, read in the window."""
    said: dict[str, object] = {"outcome": "answered", "is_new": True, **facts}
    return Session(TUESDAY, "12:00", CUT - DAY, "answered")._replace(**said)


def ended(*history: object, **facts: object) -> PairFacts:
    over: dict[str, object] = {"state": "ended", "changed_at": CUT - HOUR, **facts}
    return pair("A7", *history, **over)  # type: ignore[arg-type]


def test_whoever_has_left_is_shown_with_the_last_answers_and_nothing_to_begin_with() -> None:
    made = entry(ended(asked("2026-11-09", *LOW), asked(MONDAY, *LOW), talk=Talk(9, FROM + HOUR)))
    assert made.reasons == ("ended", "low_twice")
    assert made.opener is None
    assert made.is_over
    assert made.standing == "expanded"
    assert entry(ended(asked(MONDAY, *CALM))).reasons == ("ended",)


def test_the_last_answers_of_whoever_has_left_are_told_in_order_of_need() -> None:
    said = (Given("obstacles", ("pace",)), Given("different", "slower", "raise"))
    made = entry(ended(asked(MONDAY, *CALM, extra=said)))
    assert made.reasons == ("ended", "raise", "obstacles")


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (weekly(LOW, LOW), "low_twice"),
        ((asked(MONDAY, *CALM, extra=(Given("talked", "no"),)),), "talked_no"),
        (weekly(LOW), "low"),
        (weekly((6,) * 5), "cutoff"),
        (long_run(9, 9, 9, 9, 9, 7), "below"),
        (weekly((9,) * 5, (9,) * 5, (7,) * 5), "fall"),
        (weekly((9,) * 5, (8,) * 5), "cutoff_fall"),
        ((asked(MONDAY, *CALM, extra=(Given("different", "slower", "show"),)),), "wrote"),
    ],
)
def test_whatever_the_last_answers_say_is_said_of_whoever_has_left(
    history: tuple, reason: Reason
) -> None:
    house = replace(INSTRUMENT.house, cutoff_at_most=30, cutoff_fall=5)
    made = entry_of(ended(*history), WINDOW, replace(INSTRUMENT, house=house))
    assert made is not None
    assert made.reasons[0] == "ended"
    assert reason in made.reasons


def test_who_would_rather_not_talk_has_said_so_also_where_therapy_ended_since() -> None:
    talk = Talk(9, CUT - DAY, "rather_not", CUT - HOUR)
    assert entry(ended(asked(MONDAY, *CALM), talk=talk)).reasons == ("ended", "declined")


def test_of_whoever_has_left_silence_is_no_matter() -> None:
    made = entry(ended(asked("2026-11-09", *LOW), asked(MONDAY)))
    assert (made.reasons, made.standing) == (("ended",), "silent")


def test_whoever_leaves_after_the_cut_off_is_shown_as_before() -> None:
    made = entry(ended(asked(MONDAY, *LOW), changed_at=CUT))
    assert made.reasons == ("low",)
    assert not made.is_over


def test_a_goodbye_stands_in_one_digest_and_can_be_read() -> None:
    before = {"changed_at": FROM - DAY}
    made = entry(ended(goodbye=goodbye(), **before))
    assert (made.reasons, made.standing, made.state_now) == (("ended",), "expanded", None)
    assert made.can_be_acknowledged
    assert made.goodbye is not None
    corrected = entry(ended(goodbye=goodbye(is_new=False, is_corrected=True), **before))
    assert corrected.goodbye is not None
    silent = entry(ended(goodbye=goodbye(outcome="silent"), **before))
    assert (silent.standing, silent.can_be_acknowledged) == ("silent", False)
    assert entry_of(ended(goodbye=goodbye(is_new=False), **before), WINDOW, INSTRUMENT) is None
    once = entry(ended(asked(MONDAY, *CALM), goodbye=goodbye(is_new=False)))
    assert once.goodbye is None


def test_a_page_has_room_for_a_goodbye() -> None:
    plain = entry(ended(asked(MONDAY, *CALM)))
    said = goodbye(values=(8, None), form=Form(("reached", "together"), INSTRUMENT.house))
    with_one = entry(ended(asked(MONDAY, *CALM), goodbye=said))
    assert most_units(with_one) > most_units(plain) + 2 * 20


def test_only_rather_not_declines() -> None:
    for reply, reasons in (("rather_not", ("declined",)), ("ok", ("calm",)), (None, ("calm",))):
        talk = Talk(9, CUT - HOUR, reply, CUT - 1 if reply else None)  # type: ignore[arg-type]
        assert entry(pair("A7", asked(MONDAY, *CALM), talk=talk)).reasons == reasons


def test_a_loop_stays_open_for_four_weeks_of_the_clock() -> None:
    history = (asked(MONDAY, *CALM),)
    four_weeks = Talk(9, CUT - 28 * DAY)
    assert entry(pair("A7", *history, talk=four_weeks)).reason == "open_loop"
    older = Talk(9, CUT - 28 * DAY - 1)
    assert entry(pair("A7", *history, talk=older)).reason == "calm"


@pytest.mark.parametrize(
    ("session", "is_open"),
    [
        (asked(MONDAY, *CALM), True),
        (asked(MONDAY, 8, 8), True),
        (asked(MONDAY), True),
        (asked(MONDAY, state="did_not_meet", closed_at=CUT - DAY), False),
        (asked(MONDAY, *CALM, state="withheld", answers=()), False),
        (asked(MONDAY, *CALM, follows_id=9, extra=(Given("talked", "rather_not_say"),)), False),
        (asked(MONDAY, *CALM, follows_id=9), True),
        (asked(MONDAY, *CALM, follows_id=8, extra=(Given("talked", "a_bit"),)), True),
    ],
)
def test_a_loop_is_open_after_a_session_that_did_not_say_whether_they_talked(
    session: object, is_open: bool
) -> None:
    talk = Talk(9, FROM + HOUR)
    assert ("open_loop" in entry(pair("A7", session, talk=talk)).reasons) is is_open  # type: ignore[arg-type]


def test_a_loop_is_closed_by_one_answer_though_the_next_session_is_silent() -> None:
    told = asked(MONDAY, *CALM, follows_id=9, extra=(Given("talked", "yes"),))
    made = entry(pair("A7", told, asked(TUESDAY), talk=Talk(9, FROM + HOUR)))
    assert "open_loop" not in made.reasons


def test_a_fall_is_one_by_the_own_usual_or_by_the_baseline() -> None:
    # From a usual of 9, 7.0 falls by the house rule (2 points); 7.2 only by more than the noise.
    assert entry(pair("A7", *weekly((9,) * 5, (9,) * 5, (7,) * 5))).reasons == ("fall",)
    slight = entry(pair("A7", *weekly((9,) * 5, (9,) * 5, (8, 7, 7, 7, 7))))
    assert slight.reasons == ("fall",)
    assert slight.change == "none"


def test_a_fall_goes_on_while_scores_come_and_is_not_told_twice() -> None:
    fell = weekly((9,) * 5, (9,) * 5, (6,) * 5, (8,) * 5)
    made = entry(pair("A7", *fell))
    assert made.reasons == ("still_below",)
    both = entry(pair("A7", *fell, asked(TUESDAY)))
    assert both.reasons == ("still_below", "silence"), "one score in the window is enough"
    nines = [(9,) * 5] * 6
    short = entry(pair("A7", *weekly((9,) * 5, (9,) * 5, (6,) * 5, (6,) * 5)))
    assert short.reasons == ("still_below",), "also where no range is known yet"
    again = entry(pair("A7", *weekly(*nines, (6,) * 5, (6,) * 5)))
    assert again.reasons == ("still_below",), "what lasts is no new fall"
    deeper = entry(pair("A7", *weekly(*nines, (7,) * 5, (6,) * 5)))
    assert deeper.reasons == ("below",)
    assert deeper.repair is not None
    assert (deeper.repair.is_new, deeper.repair.is_deeper) == (False, True)


def test_what_is_usual_is_the_beginning_and_lately_is_told_where_it_was_left() -> None:
    """A client who did better than at first falls from there, and not below what is usual."""
    made = entry(pair("A7", *long_run(*[6] * 6, *[9] * 4, 7)))
    assert made.reasons == ("fall",)
    assert (made.usual, made.lately) == (6.0, 9.0)
    assert made.limits is not None
    assert made.limits.lower < made.usual < made.limits.upper
    assert made.repair is None, "no rupture by S14"
    lasting = entry(pair("A7", *long_run(*[9] * 6, *[6] * 6)))
    assert (lasting.usual, lasting.lately) == (9.0, None)
    assert lasting.reasons == ("still_below",)
    assert lasting.repair is not None
    assert lasting.repair.is_overdue


def test_how_many_lows_running_is_the_instruments_to_say_and_versions_are_not_mixed() -> None:
    patient = replace(INSTRUMENT, house=replace(INSTRUMENT.house, low_running=3))
    twice = entry_of(pair("A7", *weekly(LOW, LOW)), WINDOW, patient)
    thrice = entry_of(pair("A7", *weekly(LOW, LOW, LOW)), WINDOW, patient)
    assert twice is not None
    assert thrice is not None
    assert (twice.reasons, thrice.reasons) == (("low",), ("low_twice",))
    before, now = weekly(LOW, LOW)
    older = before._replace(instrument="session-alliance/0")
    assert entry(pair("A7", older, now)).reasons == ("low",)


def test_what_the_goals_were_rated_stands_with_the_session() -> None:
    rated = (Given("goal_1", 4), Given("goal_3", 7))
    made = entry(pair("A7", asked(MONDAY, *CALM, extra=rated)))
    assert made.sessions[0].goals == (4, 7)


def test_a_correction_of_an_earlier_answer_is_read_away_with_the_calm() -> None:
    corrected = asked("2026-11-09", *CALM, changed_ats=(CUT - DAY,))
    assert entry(pair("A7", corrected)).reasons == ("calm",)
    withheld = asked(MONDAY, *CALM, state="withheld", answers=())
    assert entry(pair("A7", asked("2026-11-09", *CALM), withheld)).reasons == ("other",)
    assert entry(pair("A7", corrected, withheld)).reasons == ("calm",)


def test_silence_after_a_low_answer_stands_out_twice_and_not_once_it_is_declined_or_over() -> None:
    def reasons(*history: tuple[int, ...], talk: Talk | None = None) -> tuple[Reason, ...]:
        return entry(pair("A7", *weekly(*history), talk=talk)).reasons

    assert reasons(LOW, ()) == ("silence_after_low",)
    assert reasons(LOW, (), ()) == ("silence_after_low",)
    assert reasons(LOW, (), (), ()) == ("silence",)
    declined = Talk(9, FROM - 10 * DAY, "rather_not", FROM - 9 * DAY)
    assert reasons(LOW, (), talk=replace(declined, made_at=FROM - DAY)) == ("silence",)
    before = replace(declined, made_at=FROM - 30 * DAY)
    assert reasons(LOW, (), talk=before) == ("silence_after_low",)
    answered_since = entry(pair("A7", *weekly(LOW), asked(MONDAY), asked(TUESDAY, *CALM)))
    assert answered_since.reasons == ("low",)


def test_who_has_talked_is_not_told_to_have_declined() -> None:
    talk = Talk(9, FROM - HOUR, "rather_not", FROM + HOUR)
    said = asked(MONDAY, *CALM, extra=(Given("talked", "a_bit"),), follows_id=9)
    assert "declined" not in entry(pair("A7", said, talk=talk)).reasons
    assert "declined" in entry(pair("A7", asked(MONDAY, *CALM), talk=talk)).reasons


def test_answers_are_told_before_what_is_open_and_the_low_one_first() -> None:
    low, calm = asked(MONDAY, *LOW), asked(TUESDAY, *CALM)
    silent = asked("2026-11-18")
    later = asked("2026-11-19", state=None, decided_at=CUT - DAY, not_asked_reason="per_week")
    made = entry(pair("A7", low, calm, silent, later))
    assert [session.on[-2:] for session in made.sessions] == ["19", "18", "17", "16"]
    assert [session.on[-2:] for session in made.told] == ["16", "17", "19", "18"]
    assert most_units(made) >= most_units(entry(pair("A7", low, calm)))


def unreached(on: str, **more: object) -> tuple:
    return (asked(on, state="undeliverable", sent_at=None, closed_at=asked(on).sent_at, **more),)


BEFORE = "2026-11-09"


def test_since_when_nobody_is_reached_is_said_and_then_folded() -> None:
    began = entry(pair("A7", *weekly(CALM, CALM)[:1], *unreached(MONDAY)))
    assert began.unreached == Unreached(MONDAY, False, False)
    assert not began.is_still_unreached
    goes_on = entry(pair("A7", *unreached("2026-11-02"), *unreached(BEFORE), *unreached(MONDAY)))
    assert goes_on.unreached == Unreached("2026-11-02", True, False)
    assert goes_on.is_still_unreached
    assert not goes_on.gave_no_answer


def test_what_ends_being_out_of_reach_and_what_does_not() -> None:
    not_asked = asked(
        "2026-11-12", state=None, checkin_id=None, decided_at=FROM - 1, not_asked_reason="per_week"
    )
    asked_less = entry(pair("A7", *unreached(BEFORE), not_asked, *unreached(MONDAY)))
    assert asked_less.unreached == Unreached(BEFORE, True, False)
    not_met = asked("2026-11-12", state="did_not_meet", closed_at=FROM - 1)
    unmet = entry(pair("A7", *unreached(BEFORE), not_met, *unreached(MONDAY)))
    assert unmet.unreached == Unreached(BEFORE, True, False)
    answered = entry(pair("A7", *unreached("2026-11-02"), asked(BEFORE, *CALM), *unreached(MONDAY)))
    assert answered.unreached == Unreached(MONDAY, False, False)
    back = entry(pair("A7", *unreached(BEFORE), asked(MONDAY, *CALM)))
    assert back.unreached is None
    assert not back.is_still_unreached
    lost = entry(pair("A7", *unreached(BEFORE), *unreached(MONDAY, not_asked_reason="lost")))
    assert lost.unreached is None
    unseen = entry(
        pair("A7", *unreached("2026-11-02"), *unreached(BEFORE, is_after_unseen=True),
             *unreached(MONDAY))
    )  # fmt: skip
    assert unseen.unreached == Unreached(BEFORE, True, True)


def test_whatever_else_there_is_to_say_is_said_of_who_is_out_of_reach() -> None:
    before = unreached(BEFORE)
    stopped = entry(pair("A7", *before, *unreached(MONDAY), state="stopped", changed_at=CUT - DAY))
    silent = entry(pair("A7", *before, *unreached(MONDAY), asked(TUESDAY)))
    declined = Talk(1, FROM - DAY, "rather_not", CUT - DAY)
    said_no = entry(pair("A7", *before, *unreached(MONDAY), talk=declined))
    parts = entry(pair("A7", *before, *unreached(MONDAY)))
    goodbye = replace(parts, goodbye=parts.sessions[0])
    assert parts.is_still_unreached
    spared = asked(TUESDAY, state=None, decided_at=CUT - DAY, not_asked_reason="per_week")
    assert entry(pair("A7", *before, *unreached(MONDAY), spared)).is_still_unreached
    assert not any(one.is_still_unreached for one in (stopped, silent, said_no, goodbye))


def test_lows_that_ran_in_this_digest_and_run_no_more_are_a_low_answer() -> None:
    low, calm = asked(MONDAY, *LOW), asked(TUESDAY, *CALM)
    before = weekly(LOW, CALM)[:1]
    assert entry(pair("A7", *before, low)).reasons == ("low_twice",)
    assert entry(pair("A7", *before, low, calm)).reasons == ("low",)
    # Silence says nothing about it, and one that is low runs on.
    assert "low_twice" in entry(pair("A7", *before, low, asked(TUESDAY))).reasons
    assert entry(pair("A7", *before, low, asked(TUESDAY, *LOW))).reasons == ("low_twice",)
    # Also where the earlier one is only told again because it was changed.
    changed = asked("2026-11-09", *LOW, changed_ats=(CUT - DAY,))
    assert "low_twice" not in entry(pair("A7", *weekly(LOW, CALM, CALM)[:1], changed, calm)).reasons


def test_a_score_that_is_back_to_usual_may_hold_a_low_answer_once_more() -> None:
    """Both are so: the one is about an item, the other about the mean."""
    steady, fallen = (8, 8, 8, 8, 8), (5, 5, 5, 5, 5)
    made = entry(pair("A7", *weekly(*[steady] * 6, fallen, (8, 8, 8, 9, 5))))
    assert made.repair is not None
    assert (made.reasons[0], made.repair.outcome) == ("low_twice", "back")
