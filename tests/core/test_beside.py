"""What stands beside a pair's scores for the therapist alone, and the room that an entry takes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from bot.core.beside import (
    Beside,
    BesideFacts,
    Expected,
    Guess,
    beside_of,
    beside_units,
    guessed_score,
)
from bot.core.digest import LABEL_SHOWN, PAGE_UNITS, fits, most_units
from bot.core.entries import Entry, entry_of
from bot.core.pair_facts import Talk
from bot.core.sessions import TEXT_SHOWN, Asked, Form, Given, Session, Shared, sessions_of
from bot.core.signals import Limits
from bot.core.trends import Repair
from tests.digest_support import HOUSE, INSTRUMENT, RATINGS, WINDOW, asked, pair

MONDAY = "2026-11-16"
CALM = (8,) * 5
WEEKS = ("2026-10-19", "2026-10-26", "2026-11-02", "2026-11-09", MONDAY)


def told(facts: BesideFacts | None, *history: Asked) -> Beside | None:
    sessions = sessions_of(history, WINDOW, INSTRUMENT)
    return beside_of(facts, history, sessions, HOUSE)


def guessing(*pairs: tuple[Asked, float]) -> BesideFacts:
    return BesideFacts(guesses={one.checkin_id or 0: own for one, own in pairs})


def test_a_guess_is_told_beside_the_newest_session_that_both_rated() -> None:
    first, second = asked(MONDAY, *CALM), asked("2026-11-17", *(6,) * 5)
    both = told(guessing((first, 9.0), (second, 7.5)), first, second)
    assert both == Beside(Guess(7.5, 6.0))
    assert both.guess is not None
    assert both.guess.distance == 1.5
    assert told(guessing((first, 9.0)), first, second) == Beside(Guess(9.0, 8.0))


def test_a_guess_at_history_or_at_a_session_without_a_score_says_nothing() -> None:
    before, now = asked("2026-11-09", *CALM), asked(MONDAY, *CALM)
    assert told(guessing((before, 9.0)), before, now) is None
    three = asked(MONDAY, 8, 8, 8)
    assert told(guessing((three, 9.0)), three) is None
    withheld = asked(MONDAY, *CALM, state="withheld")
    assert told(guessing((withheld, 9.0)), withheld) is None
    assert told(BesideFacts(), now) is None
    assert told(None, now) is None


def test_s13_over_all_sessions_there_are_figures_once_there_are_five_of_one_version() -> None:
    history = [asked(on, *CALM) for on in WEEKS]
    guesses = [9.0, 7.0, 9.0, 9.0, 10.0]
    facts = guessing(*zip(history, guesses, strict=True))
    assert told(facts, *history) == Beside(Guess(10.0, 8.0, 5, 1.2, pytest.approx(0.8)))
    assert told(facts, *history[1:]) == Beside(Guess(10.0, 8.0)), "four are too few"
    other = [history[0]._replace(instrument="session-alliance/9"), *history[1:]]
    assert told(facts, *other) == Beside(Guess(10.0, 8.0)), "versions are not mixed"


def test_expectations_stand_beside_those_before_the_first_session() -> None:
    extra = (Given("hope", 7), Given("confidence", None), Given("worth", 6))
    now = asked(MONDAY, *CALM, extra=extra)
    assert told(BesideFacts(before={"hope": 4}), now) == Beside(
        None, (Expected("hope", 7, 4), Expected("worth", 6))
    )
    assert told(BesideFacts(before={"hope": 4}), asked(MONDAY, *CALM)) is None
    later = asked("2026-11-17", *CALM)
    without = Beside(None, (Expected("hope", 7), Expected("worth", 6)))
    assert told(BesideFacts(), now, later) == without
    assert told(BesideFacts(), asked("2026-11-09", *CALM, extra=extra), later) is None


def test_a_guessed_score_is_made_by_the_clients_own_rule() -> None:
    assert guessed_score(dict.fromkeys(RATINGS, 7), RATINGS, HOUSE) == 7.0
    assert guessed_score({"heard": 9, "bond": None, "goals": 9, "tasks": 7, "fit": 7}, RATINGS,
                         HOUSE) == 8.0  # fmt: skip
    assert guessed_score({"heard": 9, "bond": 9, "goals": 9}, RATINGS, HOUSE) is None


# Room


def entry(*history: Asked, talk: Talk | None = None) -> Entry:
    made = entry_of(pair("A7", *history, talk=talk), WINDOW, INSTRUMENT)
    assert made is not None
    return made


LOW = (8, 8, 8, 8, 4)
BASE = entry(asked(MONDAY, *LOW))


@pytest.mark.parametrize(
    "more",
    [
        replace(BASE, limits=Limits(7.0, 9.0, False)),
        replace(BASE, repair=Repair(MONDAY, "open", True)),
        replace(BASE, state_now="paused"),
        replace(BASE, change="lower"),
        replace(BASE, beside=Beside(Guess(9.0, 8.0))),
        replace(BASE, reasons=("low", "fall")),
        entry(asked(MONDAY, *LOW, extra=(Given("obstacles", ("pace",)),))),
        entry(asked(MONDAY, *LOW, extra=(Given("talked", "yes"),))),
        entry(asked(MONDAY, *LOW, extra=(Given("different", None, "raise"),))),
        entry(asked(MONDAY, *LOW), asked("2026-11-17", *LOW)),
    ],
)
def test_whatever_an_entry_shows_more_takes_more_room(more: Entry) -> None:
    assert most_units(more) > most_units(BASE)


def with_session(one: Entry, **facts: object) -> Entry:
    """The same entry, whose only session has these facts besides."""
    return replace(one, sessions=(one.sessions[0]._replace(**facts),))


SILENT = replace(entry(asked(MONDAY)), silent_running=0)
QUIET = entry(asked(MONDAY, *CALM))
GOODBYE = Session("2026-11-17", "12:00", 0, "answered", score=8.0)
OVER = Repair("2026-11-02", "back", is_new=False, until_on=MONDAY)
OPEN = Repair("2026-11-02", "open", is_new=False)
LATE = Repair("2026-11-02", "open", is_new=False, is_overdue=True)
EVERYWHERE: list[dict[str, object]] = [
    {"state_now": "paused"},
    {"anew_on": MONDAY},
    {"beside": Beside(Guess(9.0, 8.0), (Expected("hope", 7, 4),))},
    {"change": "lower"},
    {"goodbye": GOODBYE},
]
REMARKS: list[dict[str, object]] = [
    {"is_corrected": True},
    {"lost": ((MONDAY, "15:00"), (MONDAY, "18:00"))},
    {"goals": (7,)},
    {"good": ("small_change",)},
]


@pytest.mark.parametrize(
    ("plain", "parts", "remarks"),
    [
        (QUIET, [*EVERYWHERE, {"repair": OVER}], [*REMARKS, {"talked": "yes"}]),
        (SILENT, [*EVERYWHERE, {"silent_running": 3}], REMARKS[:2]),
        (
            BASE,
            [
                *EVERYWHERE,
                {"limits": Limits(7.0, 9.0, False)},
                {"repair": LATE},
                {"reasons": ("low", "fall")},
            ],
            [
                *REMARKS,
                {"talked": "yes"},
                {"obstacles": ("pace", "other")},
                {"shared": Shared("show", "slower")},
            ],
        ),
    ],
)
def test_each_part_takes_its_room_beside_all_others(
    plain: Entry, parts: list[dict[str, object]], remarks: list[dict[str, object]]
) -> None:
    bare = most_units(plain)
    rooms = [most_units(replace(plain, **part)) - bare for part in parts]  # type: ignore[arg-type]
    rooms += [most_units(with_session(plain, **remark)) - bare for remark in remarks]
    assert min(rooms) >= 20, "a part is a few words at least"
    full = with_session(plain, **{name: it for part in remarks for name, it in part.items()})
    full = replace(full, **{name: it for part in parts for name, it in part.items()})  # type: ignore[arg-type]
    assert most_units(full) == bare + sum(rooms)


def test_what_is_said_of_a_fall_takes_room_while_it_lasts_and_once_it_is_over() -> None:
    assert most_units(replace(BASE, repair=OPEN)) > most_units(BASE)
    assert most_units(replace(BASE, repair=LATE)) > most_units(replace(BASE, repair=OPEN))
    assert most_units(replace(QUIET, repair=OPEN)) == most_units(QUIET)
    assert most_units(replace(QUIET, repair=OVER)) > most_units(QUIET)


def test_a_reason_takes_the_room_of_its_words_and_what_stands_alone_only_as_the_first() -> None:
    for reason in ("raise", "talked_no", "open_loop", "silence_after_low"):
        assert most_units(replace(BASE, reasons=("low", reason))) > most_units(BASE) + 20
    below, fell = (replace(BASE, reasons=("low", reason)) for reason in ("below", "fall"))
    assert most_units(fell) > most_units(below) + 10, "a fall has what was usual lately beside it"
    first = replace(BASE, reasons=("wrote", "obstacles"))
    assert most_units(replace(first, reasons=("wrote",))) == most_units(first)
    assert most_units(first) > most_units(replace(BASE, reasons=("calm",)))


def test_more_items_and_longer_codes_take_more_room() -> None:
    assert most_units(replace(BASE, code="A7-12345")) == most_units(BASE) + 6
    three = with_session(BASE, values=(8, 8, 4), form=Form(RATINGS[:3], HOUSE))
    assert most_units(BASE) - most_units(three) >= 2 * len(" · heard 10")
    assert most_units(with_session(BASE, score=None)) > most_units(BASE) + 20
    silent = with_session(BASE, outcome="silent")
    assert most_units(silent) > most_units(BASE) + 60, "since when, and that it is one"
    for outcome in ("open", "did_not_meet", "conflict", "withheld", "undelivered", "not_asked"):
        assert most_units(with_session(SILENT, outcome=outcome)) > most_units(SILENT) + 20


def test_labels_and_texts_have_the_room_that_they_are_cut_to() -> None:
    one, two = (with_session(BASE, obstacles=("pace", "other")[:many]) for many in (1, 2))
    assert most_units(two) - most_units(one) == LABEL_SHOWN + len(", ")
    many = [with_session(BASE, obstacles=tuple("abcdefgh"[:count])) for count in (5, 8)]
    assert most_units(many[0]) == most_units(many[1])
    grown = with_session(BASE, good=("small_change",))
    assert most_units(grown) >= most_units(BASE) + LABEL_SHOWN
    shared = with_session(BASE, shared=Shared("show", "slower"))
    assert most_units(shared) >= most_units(BASE) + TEXT_SHOWN + len("“”")
    waits = with_session(BASE, shared=Shared("show", None))
    assert most_units(BASE) < most_units(waits) < most_units(shared)


def test_a_goodbye_takes_the_room_of_its_items_and_of_what_is_remarked() -> None:
    form = Form(("reached", "together"), HOUSE)
    plain = most_units(replace(QUIET, goodbye=GOODBYE))
    more = replace(QUIET, goodbye=GOODBYE._replace(values=(8, 7), form=form))
    assert most_units(more) >= plain + 2 * len(" · reached 10")
    assert most_units(replace(QUIET, goodbye=GOODBYE._replace(is_corrected=True))) > plain + 20


def test_the_room_beside_grows_with_what_is_said() -> None:
    few, many = Guess(9.0, 8.0), Guess(9.0, 8.0, 5, 1.2, 0.8)
    sizes = [
        beside_units(beside)
        for beside in (
            None,
            Beside(None, (Expected("hope", 7),)),
            Beside(few),
            Beside(few, (Expected("hope", 7),)),
            Beside(many),
        )
    ]
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 0
    assert min(after - before for before, after in pairwise(sizes)) > 20, "a few words each"


def test_a_calm_line_and_a_silent_one_take_less_than_what_stands_out() -> None:
    calm, silent = entry(asked(MONDAY, *CALM)), entry(asked(MONDAY))
    assert (calm.standing, silent.standing) == ("calm", "silent")
    assert most_units(calm) < most_units(BASE)
    assert most_units(silent) < most_units(BASE)
    over = replace(calm, repair=Repair("2026-11-09", "back", False, until_on=MONDAY))
    assert most_units(over) > most_units(calm)
    assert most_units(silent) > most_units(replace(silent, silent_running=0))


def test_shown_texts_can_burst_a_page_that_was_made_without_them() -> None:
    waits = entry(asked(MONDAY, *LOW, extra=(Given("different", None, "show"),)))
    shown = entry(asked(MONDAY, *LOW, extra=(Given("different", "x" * 200, "show"),)))
    most = PAGE_UNITS // most_units(waits)
    assert fits([waits] * most)
    assert not fits([waits] * (most + 1))
    assert not fits([shown] * most)
