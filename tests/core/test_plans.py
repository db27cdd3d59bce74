"""What overlaps what is wanted, and when one pattern gives all that another would give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.plans import Clash, clashes
from bot.core.timetable import Appointment, Entry, KeptRule, Rule, covers, occurrence

ZONE = "Europe/Berlin"
MONDAY = "2026-11-16"
WEEKLY = Rule(0, "15:00", 50, 1, MONDAY, ZONE)


def entry(at_time: str, minutes: int = 50, state: str = "planned", on: str = MONDAY) -> Entry:
    made = occurrence(on, at_time, minutes, ZONE)
    appointment = Appointment(
        1, 41, None, on, at_time, ZONE, made.starts_at, made.ends_at,
        state, None,  # type: ignore[arg-type]
    )  # fmt: skip
    return Entry(appointment, "A7", None, False, "active", False)


def kept(rule: Rule, planned_until_on: str = "2026-11-01") -> KeptRule:
    return KeptRule(7, 42, "B3", rule, planned_until_on, None)


WANTED = occurrence(MONDAY, "15:00", 50, ZONE)


def test_an_appointment_knows_how_long_it_lasts() -> None:
    assert str(entry("15:00", 50).appointment.minutes) == "50", (
        "whole minutes, as a button carries them"
    )


@pytest.mark.parametrize(
    ("there", "is_clash"),
    [
        (entry("15:00"), True),
        (entry("14:11"), True),
        (entry("14:10"), False),
        (entry("15:49"), True),
        (entry("15:50"), False),
        (entry("14:00", 180), True),
        (entry("15:20", 15), True),
        (entry("15:00", on="2026-11-17"), False),
        (entry("15:00", state="cancelled"), False),
        (entry("15:00", state="moved"), False),
    ],
)
def test_only_what_is_planned_at_the_same_time_clashes(there: Entry, is_clash: bool) -> None:
    found = clashes([WANTED], [there], [])
    held = there.appointment
    clash = Clash(WANTED, "A7", 41, None, held.starts_at, held.ends_at)
    assert found == ((clash,) if is_clash else ())


def test_a_rule_clashes_from_where_it_has_no_appointments_yet() -> None:
    beside = replace(WEEKLY, local_time="15:30")
    other = occurrence(MONDAY, "15:30", 50, ZONE)
    clash = Clash(WANTED, "B3", 42, 7, other.starts_at, other.ends_at)
    assert clashes([WANTED], [], [kept(beside)]) == (clash,)
    assert clashes([WANTED], [], [kept(beside, "2026-11-15")]) == (clash,)
    assert clashes([WANTED], [], [kept(beside, MONDAY)]) == (), "its appointment speaks for it"
    assert clashes([WANTED], [], [kept(replace(beside, weekday=1))]) == ()


def test_a_night_session_clashes_with_what_began_the_day_before_and_ends_the_day_after() -> None:
    early = occurrence("2026-11-17", "00:10", 50, ZONE)
    late = kept(replace(WEEKLY, local_time="23:30"))
    assert [clash.rule_id for clash in clashes([early], [], [late])] == [7]
    night = occurrence("2026-11-15", "23:40", 50, ZONE)
    dawn = kept(replace(WEEKLY, local_time="00:15"))
    assert [clash.rule_id for clash in clashes([night], [], [dawn])] == [7]


def test_every_wanted_one_is_looked_at_soonest_first() -> None:
    next_week = occurrence("2026-11-23", "15:00", 50, ZONE)
    found = clashes([WANTED, next_week], [entry("15:10")], [kept(WEEKLY, MONDAY)])
    assert [(clash.occurrence, clash.code) for clash in found] == [
        (WANTED, "A7"),
        (next_week, "B3"),
    ]


@pytest.mark.parametrize(
    ("there", "wanted", "so"),
    [
        (WEEKLY, WEEKLY, True),
        (WEEKLY, replace(WEEKLY, starts_on="2026-12-01"), True),
        (replace(WEEKLY, starts_on="2026-11-17"), WEEKLY, False),
        (WEEKLY, replace(WEEKLY, local_time="15:10"), False),
        (WEEKLY, replace(WEEKLY, every_weeks=2), False),
    ],
)
def test_a_rule_covers_another_only_if_nothing_is_missing(
    there: Rule, wanted: Rule, so: bool
) -> None:
    assert covers(there, wanted) is so


def test_fortnights_of_the_other_weeks_are_not_covered() -> None:
    fortnightly = replace(WEEKLY, every_weeks=2)
    assert covers(fortnightly, replace(fortnightly, starts_on="2026-11-30"))
    assert not covers(fortnightly, replace(fortnightly, starts_on="2026-11-23"))
