"""What absences do to sessions and to the hours of the weekly digest.

1. No hour lies in an absence, and the one that would is on the evening before. 2. Days that touch
are one absence. 3. A session belongs to the day on which it starts, by the therapist's clock, also
where the clocks change. 4. Nothing that had begun when it was said is cancelled.
"""

from __future__ import annotations

import pytest

from bot.core.absence import Absence, Away, Hours, Span
from bot.core.timetable import to_utc

BERLIN = "Europe/Berlin"
FRIDAY = Hours(4, "17:00", BERLIN)
PRACTICE, BEN = 0, 7
LONG_AGO = to_utc("2026-11-01", "10:00", BERLIN)


def at(on: str, time: str = "17:00") -> int:
    return to_utc(on, time, BERLIN)


def off(first_on: str, last_on: str, *, owner: int = BEN, since_at: int = LONG_AGO) -> Absence:
    number = int((first_on + last_on).replace("-", "")) % 1000 + owner
    return Absence(number, owner, first_on, last_on, since_at)


#: From Sunday to Wednesday, with two Fridays in it.
HOLIDAYS = off("2026-12-20", "2027-01-06")


def test_without_absences_the_hour_is_every_week() -> None:
    away = Away()
    assert away.next_digest(at("2026-12-18"), FRIDAY) == at("2026-12-25")
    assert away.latest_digest(at("2026-12-18"), FRIDAY) == at("2026-12-18")
    assert away.spans() == ()
    assert away.waited_for(at("2026-12-18"), FRIDAY) is None


def test_an_absence_has_its_digest_on_the_evening_before_and_none_within() -> None:
    away = Away((HOLIDAYS,))
    before = at("2026-12-18") - 1
    hours = []
    for _ in range(4):
        before = away.next_digest(before, FRIDAY)
        hours.append(before)
    assert hours == [at("2026-12-18"), at("2026-12-19"), at("2027-01-08"), at("2027-01-15")]
    assert away.latest_digest(at("2027-01-08") - 1, FRIDAY) == at("2026-12-19")
    assert away.latest_digest(at("2026-12-19") - 1, FRIDAY) == at("2026-12-18")


@pytest.mark.parametrize(
    ("time", "eve"), [("08:00", "17:00"), ("17:00", "17:00"), ("19:30", "19:30")]
)
def test_on_the_day_before_one_digest_is_enough(time: str, eve: str) -> None:
    """It comes in the evening, so that the day's sessions are in it."""
    hours = Hours(4, time, BERLIN)
    away = Away((off("2026-12-19", "2026-12-27"),))
    assert away.next_digest(at("2026-12-18", "00:00"), hours) == at("2026-12-18", eve)
    assert away.next_digest(at("2026-12-18", eve), hours) == at("2027-01-01", time)
    assert away.latest_digest(at("2026-12-18", eve) - 1, hours) == at("2026-12-11", time)


def test_what_was_said_too_late_for_its_evening_has_its_digest_at_once() -> None:
    said_at = at("2026-12-18", "18:00")
    away = Away((off("2026-12-19", "2026-12-27", since_at=said_at),))
    assert away.latest_digest(said_at, FRIDAY) == said_at
    assert away.next_digest(said_at, FRIDAY) == at("2027-01-01")
    at_noon = Hours(4, "12:00", BERLIN)
    assert away.latest_digest(said_at - 1, at_noon) == at("2026-12-18", "12:00"), "it came"
    today = at("2026-12-18", "12:00")
    ill = Away((off("2026-12-18", "2026-12-18", since_at=today),))
    assert ill.latest_digest(at("2026-12-18", "18:00"), FRIDAY) == today


@pytest.mark.parametrize("owner", [BEN, PRACTICE])
def test_days_that_grow_while_they_last_have_a_digest_at_once(owner: int) -> None:
    first, grown_at = off("2026-12-14", "2026-12-16"), at("2026-12-15", "09:00")
    assert Away((first,)).eves(FRIDAY) == ()
    away = Away((first, off("2026-12-17", "2026-12-27", owner=owner, since_at=grown_at)))
    assert away.eves(FRIDAY) == ((grown_at, Span("2026-12-14", "2026-12-27")),)
    assert away.latest_digest(grown_at, FRIDAY) == grown_at
    assert away.next_digest(grown_at, FRIDAY) == at("2027-01-01")


def test_days_with_an_hour_that_grow_have_a_second_digest_for_the_next_one() -> None:
    grown_at = at("2026-12-19", "09:00")
    away = Away(
        (off("2026-12-14", "2026-12-20"), off("2026-12-21", "2026-12-27", since_at=grown_at))
    )
    assert [moment for moment, _ in away.eves(FRIDAY)] == [at("2026-12-13"), grown_at]


def test_an_hour_that_was_over_when_its_day_became_one_off_had_been_one() -> None:
    said_at = at("2026-12-18", "17:01")
    away = Away((off("2026-12-18", "2026-12-20", since_at=said_at),))
    assert away.eves(FRIDAY) == ()
    assert away.next_digest(said_at, FRIDAY) == at("2026-12-25")


def test_of_two_hours_the_second_counts_where_the_first_one_had_been_one() -> None:
    said_at = at("2026-12-18", "18:00")
    away = Away((off("2026-12-14", "2026-12-25", since_at=said_at),))
    assert away.eves(FRIDAY) == ((said_at, Span("2026-12-14", "2026-12-25")),)


@pytest.mark.parametrize("first_on", ["2026-12-19", "2026-12-20", "2026-12-23", "2026-12-25"])
def test_an_hour_on_the_last_day_is_one_of_the_days_off(first_on: str) -> None:
    away = Away((off(first_on, "2026-12-25"),))
    ((_, span),) = away.eves(FRIDAY)
    assert span == Span(first_on, "2026-12-25")
    assert away.next_digest(at("2026-12-24"), FRIDAY) == at("2027-01-01")


def test_days_without_an_hour_change_no_digest() -> None:
    away = Away((off("2026-12-14", "2026-12-17"),))
    assert away.eves(FRIDAY) == ()
    assert away.next_digest(at("2026-12-11"), FRIDAY) == at("2026-12-18")
    assert away.waited_for(at("2026-12-12"), FRIDAY) is None
    assert away.waited_for(at("2026-12-15"), FRIDAY) == Span("2026-12-14", "2026-12-17")
    assert away.waited_for(at("2026-12-14", "00:00"), FRIDAY) == Span("2026-12-14", "2026-12-17")


def test_days_that_touch_or_overlap_are_one_absence() -> None:
    closed = off("2026-12-24", "2026-12-26", owner=PRACTICE)
    away = Away((closed, off("2026-12-27", "2027-01-03"), off("2026-12-25", "2026-12-28")))
    assert away.spans() == (Span("2026-12-24", "2027-01-03"),)
    assert [moment for moment, _ in away.eves(FRIDAY)] == [at("2026-12-23")]
    assert away.span_of("2027-01-03") == away.spans()[0]
    assert away.span_of("2027-01-04") is None
    apart = Away((closed, off("2026-12-28", "2027-01-03")))
    assert len(apart.spans()) == 2
    within = Away((off("2026-12-26", "2026-12-27"), off("2026-12-24", "2027-01-03")))
    assert within.spans() == (Span("2026-12-24", "2027-01-03"),)


def test_the_last_digest_before_an_absence_is_known_by_its_cut_off() -> None:
    away = Away((HOLIDAYS,))
    assert away.leaving_at(at("2026-12-19"), FRIDAY) == away.spans()[0]
    assert away.leaving_at(at("2026-12-18"), FRIDAY) is None


def test_a_client_waits_for_an_absence_from_its_digest_to_the_next() -> None:
    away = Away((HOLIDAYS,))
    assert away.waited_for(at("2026-12-19") - 1, FRIDAY) is None, "it is read before"
    span = away.spans()[0]
    assert away.waited_for(at("2026-12-19"), FRIDAY) == span
    assert away.waited_for(at("2027-01-06"), FRIDAY) == span
    assert away.waited_for(at("2027-01-07"), FRIDAY) is None


def test_a_session_belongs_to_the_day_on_which_it_starts_there() -> None:
    away = Away((HOLIDAYS,))
    assert away.taking(at("2026-12-19", "23:59"), BERLIN) is None
    assert away.taking(at("2026-12-20", "00:00"), BERLIN) == HOLIDAYS
    assert away.taking(at("2027-01-06", "23:59"), BERLIN) == HOLIDAYS
    assert away.taking(at("2027-01-07", "00:00"), BERLIN) is None
    assert away.taking(at("2026-12-20", "00:00"), "Europe/London") is None


def test_a_day_of_a_clock_change_is_a_whole_day() -> None:
    away = Away((off("2027-03-28", "2027-03-28"),))
    first, last = at("2027-03-28", "00:00"), at("2027-03-29", "00:00")
    assert last - first == 23 * 3_600_000
    assert away.taking(first, BERLIN) is not None
    assert away.taking(last - 1, BERLIN) is not None
    assert away.taking(first - 1, BERLIN) is None
    assert away.taking(last, BERLIN) is None
    sunday = Hours(6, "02:30", BERLIN)
    assert away.next_digest(at("2027-03-22"), sunday) == at("2027-03-27")
    assert away.next_digest(at("2027-03-27"), sunday) == at("2027-04-04", "02:30")


def test_what_had_begun_when_it_was_said_took_place() -> None:
    said_at = at("2026-12-18", "12:00")
    absence = off("2026-12-18", "2026-12-18", since_at=said_at)
    away = Away((absence,))
    assert away.taking(said_at, BERLIN) is None
    assert away.taking(said_at + 1, BERLIN) == absence
    assert away.on("2026-12-18") == absence
    assert away.on("2026-12-17") is None


def test_the_own_absence_is_named_before_the_practices() -> None:
    closed, own = off("2026-12-24", "2026-12-26", owner=PRACTICE), off("2026-12-23", "2026-12-24")
    for both in (Away((closed, own)), Away((own, closed))):
        assert both.on("2026-12-24") == own
        assert both.taking(at("2026-12-24"), BERLIN) == own
        assert both.on("2026-12-25") == closed
    newest = Absence(9, PRACTICE, "2026-12-24", "2026-12-24", LONG_AGO)
    first = Absence(1, 1, "2026-12-24", "2026-12-24", LONG_AGO)
    assert Away((first, newest)).on("2026-12-24") == first
    assert Away((first, newest)).taking(at("2026-12-24"), BERLIN) == first
