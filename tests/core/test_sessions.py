"""What became of one appointment as of a cut-off, case by case: its outcome and its digest."""

from __future__ import annotations

import pytest

from bot.core.sessions import (
    TEXT_SHOWN,
    Asked,
    Given,
    Outcome,
    Session,
    Shared,
    Window,
    sessions_of,
)
from tests.digest_support import CUT, DAY, FROM, HOUR, INSTRUMENT, NEXT, WINDOW, asked

MONDAY = "2026-11-16"
CALM = (8, 8, 8, 8, 8)
EARLIER = Window(FROM - 7 * DAY, FROM, WINDOW.zone)


def read(one: Asked, window: Window = WINDOW, limit: int = 200) -> Session | None:
    found = sessions_of([one], window, INSTRUMENT, limit)
    return found[0] if found else None


def told(one: Asked) -> list[Outcome | None]:
    """Say as what it stands in the digest before, this one and the next; None where it does not."""
    standing: list[Outcome | None] = []
    for window in (EARLIER, WINDOW, NEXT):
        session = read(one, window)
        standing.append(session.outcome if session and session.is_new else None)
    return standing


@pytest.mark.parametrize(
    ("one", "standing"),
    [
        (asked(MONDAY, *CALM), [None, "answered", None]),
        (asked(MONDAY, 8, 8, 8), [None, "started", None]),
        (asked(MONDAY), [None, "silent", None]),
        (asked(MONDAY, completed_at=CUT - DAY), [None, "skipped", None]),
        (asked(MONDAY, *CALM, state="withheld", answers=()), [None, "withheld", None]),
        (asked(MONDAY, state="did_not_meet", closed_at=CUT - DAY), [None, "did_not_meet", None]),
        (asked(MONDAY, state="undeliverable", closed_at=CUT - DAY), [None, "undelivered", None]),
        (asked(MONDAY, state="cancelled"), [None, None, None]),
        (asked(MONDAY, sent_at=None), [None, None, None]),
        (asked(MONDAY, state=None, decided_at=CUT - DAY), [None, "not_asked", None]),
        (asked(MONDAY, state=None), [None, None, None]),
        (asked(MONDAY, calendar_met=False), [None, "did_not_meet", None]),
        (asked(MONDAY, 8, calendar_met=False), [None, "conflict", None]),
        (asked(MONDAY, calendar_met=False, completed_at=CUT - DAY), [None, "conflict", None]),
    ],
)
def test_each_outcome_stands_in_one_digest(one: Asked, standing: list[Outcome | None]) -> None:
    assert told(one) == standing


def test_a_shared_text_has_as_much_room_as_a_digest_gives_it() -> None:
    for many, is_cut in ((TEXT_SHOWN, False), (TEXT_SHOWN + 1, True)):
        text = Given("different", "x" * many, "show")
        (session,) = sessions_of([asked(MONDAY, *CALM, extra=(text,))], WINDOW, INSTRUMENT)
        assert session.shared is not None
        assert session.shared.words is not None
        assert len(session.shared.words) == TEXT_SHOWN == 200
        assert session.shared.is_cut is is_cut


def test_sessions_stand_in_the_order_of_their_instants() -> None:
    """The clocks of two zones may tell another order."""
    first = asked(MONDAY, *CALM, time="15:00")
    second = first._replace(time="09:30", starts_at=first.starts_at + HOUR)
    found = sessions_of([second, first], WINDOW, INSTRUMENT)
    assert [session.time for session in found] == ["15:00", "09:30"]


@pytest.mark.parametrize(
    "column",
    [
        {"completed_at": CUT, "closed_at": None},
        {"state": "did_not_meet", "closed_at": CUT, "closes_at": CUT + HOUR},
        {"state": "undeliverable", "closed_at": CUT, "closes_at": CUT + HOUR},
        {"state": None, "decided_at": CUT},
    ],
)
def test_what_happens_at_the_cut_off_itself_belongs_to_the_digest_that_begins_there(
    column: dict[str, object],
) -> None:
    """A digest may have been made in that very millisecond."""
    one = asked(MONDAY, **{"closes_at": CUT + HOUR, **column})
    earlier = {name: CUT - 1 for name, value in column.items() if value == CUT}
    assert told(one)[1] in (None, "open")
    assert told(one)[2] not in (None, "open")
    assert told(asked(MONDAY, **{**column, **earlier}))[2] is None


def test_a_time_that_ends_at_the_cut_off_is_over_by_it() -> None:
    for closed_at in (None, CUT, CUT + HOUR):
        ended = asked(MONDAY, closes_at=CUT, closed_at=closed_at)
        assert told(ended)[1:] == ["silent", None]
    assert told(asked(MONDAY, closes_at=CUT + 1, closed_at=CUT + 1))[1:] == ["open", "silent"]
    early = asked(MONDAY, closes_at=CUT + HOUR, closed_at=CUT)
    assert told(early)[1:] == ["open", "silent"]


def test_what_may_have_been_answered_in_lost_hours_is_not_called_silent() -> None:
    """Whether the sweep has closed it by the cut-off or not; it stands in one digest."""
    lost = asked(MONDAY, not_asked_reason="lost", closes_at=CUT, closed_at=None)
    assert told(lost)[1:] == ["undelivered", None]
    closed = lost._replace(state="undeliverable", closed_at=CUT)
    assert told(closed)[1:] == ["undelivered", None]
    begun = asked(MONDAY, 8, not_asked_reason="lost", lost=(CUT - DAY, CUT - HOUR))
    assert told(begun)[1:] == ["started", None]
    session = read(begun)
    assert session is not None
    assert session.lost == (("2026-11-19", "17:00"), ("2026-11-20", "16:00"))
    whole = read(begun._replace(completed_at=CUT - DAY))
    assert whole is not None
    assert whole.lost is None


def test_up_to_now_everything_is_known_and_nothing_is_new() -> None:
    now = Window.up_to(CUT, WINDOW.zone)
    session = read(asked(MONDAY, *CALM, completed_at=CUT), now)
    assert session is not None
    assert (session.outcome, session.is_new) == ("answered", False)


def test_what_the_client_and_telegram_said_after_the_cut_off_is_not_known_yet() -> None:
    closed = {"closed_at": CUT + HOUR, "closes_at": CUT + 2 * HOUR}
    assert told(asked(MONDAY, state="did_not_meet", **closed))[1:] == ["open", "did_not_meet"]
    assert told(asked(MONDAY, state="undeliverable", **closed))[1:] == ["open", "undelivered"]
    assert told(asked(MONDAY, state=None, decided_at=CUT + HOUR))[1:] == [None, "not_asked"]


def test_a_close_before_its_time_ends_a_check_in_then() -> None:
    ended = asked(MONDAY, closed_at=CUT - HOUR, closes_at=CUT + DAY)
    for state in ("expired", "partial", "answered", "open"):
        assert told(ended._replace(state=state))[1:] == ["silent", None]


def test_an_answer_keeps_what_professionals_must_see_beside_it() -> None:
    one = asked(
        MONDAY, 8, 8, 8, None, 3,
        completed_at=CUT - DAY, language="de", follows_id=7, is_after_unseen=True,
        extra=(Given("good", ("warmth",)), Given("obstacles", ("pace",)), Given("talked", "a_bit")),
    )  # fmt: skip
    session = read(one)
    assert session is not None
    assert (session.on, session.time, session.checkin_id) == (one.on, one.time, one.checkin_id)
    assert (session.instrument, session.language) == ("session-alliance/1", "de")
    assert (session.follows_id, session.is_after_unseen) == (7, True)
    assert (session.given, session.of, session.score, session.is_low) == (4, 5, 6.75, True)
    assert [(r.item, r.value, r.is_low) for r in session.items] == [
        ("heard", 8, False), ("bond", 8, False), ("goals", 8, False),
        ("tasks", None, False), ("fit", 3, True),
    ]  # fmt: skip
    assert (session.good, session.obstacles, session.talked) == (("warmth",), ("pace",), "a_bit")


def test_what_is_withheld_or_disputed_keeps_its_appointment_and_nothing_of_the_answers() -> None:
    for changes in ({"state": "withheld"}, {"calendar_met": False}):
        session = read(asked(MONDAY, *CALM, extra=(Given("good", ("warmth",)),), **changes))
        assert session is not None
        assert (session.score, session.items, session.good, session.given) == (None, (), (), 0)
        assert session.calendar_met is changes.get("calendar_met", True)
    not_asked = read(asked(MONDAY, state=None, decided_at=CUT - 1, not_asked_reason="per_week"))
    assert not_asked is not None
    assert not_asked.reason == "per_week"


def test_what_is_new_is_not_called_corrected_and_history_is_neither() -> None:
    changed = asked(MONDAY, *CALM, changed_ats=(CUT - DAY, CUT + HOUR))
    now, following = read(changed), read(changed, NEXT)
    assert now is not None
    assert following is not None
    assert (now.is_new, now.is_corrected) == (True, False)
    assert (following.is_new, following.is_corrected) == (False, True)


# A text that is shared


def shared(given: Given, limit: int = 200) -> Shared | None:
    session = read(asked(MONDAY, *CALM, extra=(given,)), limit=limit)
    assert session is not None
    return session.shared


def test_a_shared_text_is_cut_and_says_so() -> None:
    assert shared(Given("different", "x" * 10, "show"), 10) == Shared("show", "x" * 10)
    assert shared(Given("different", "x" * 11, "show"), 10) == Shared("show", f"{'x' * 9}…", True)
    smile = "😀" * 6
    assert shared(Given("different", smile, "show"), 12) == Shared("show", smile)


def test_a_text_that_was_not_asked_for_is_told_of_without_its_words() -> None:
    assert shared(Given("different", None, "raise")) == Shared("raise", None)
    assert shared(Given("different", "mine")) is None
