"""The schedule's values: which one counts, and how they are typed."""

from __future__ import annotations

import pytest

from bot.core.errors import Refused
from bot.core.schedule import LEVELS, WORDS, Counting, Held, asked_under, counting, wanted_of

DELAY = "checkin.delay_minutes"


@pytest.mark.parametrize(
    ("practice", "own", "found"),
    [
        ({}, None, Counting(None, "config", 0)),
        ({}, {}, Counting(None, "config", 0)),
        ({DELAY: Held("45", 7)}, {}, Counting("45", "practice", 7)),
        ({DELAY: Held("45", 7)}, {DELAY: Held("10", 3)}, Counting("10", "therapist", 3)),
        # Told to follow again, the newest of both acts is what made the value count.
        ({DELAY: Held("45", 7)}, {DELAY: Held(None, 9)}, Counting("45", "practice", 9)),
        ({DELAY: Held(None, 8)}, None, Counting(None, "config", 8)),
    ],
)
def test_a_therapists_own_wins_over_the_practices_and_that_over_the_file(practice, own, found):
    assert counting(DELAY, practice, own) == found


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("delay 45", {DELAY: "45"}),
        ("  DELAY   45 ", {DELAY: "45"}),
        ("delay follow", {DELAY: None}),
        ("delay standard", {DELAY: None}),
        ("quiet 22:00-07:30", {"checkin.quiet_from": "22:00", "checkin.quiet_to": "07:30"}),
        ("quiet 22:00 – 7:30", {"checkin.quiet_from": "22:00", "checkin.quiet_to": "7:30"}),
        ("quiet 22:00—07:00", {"checkin.quiet_from": "22:00", "checkin.quiet_to": "07:00"}),
        # What fits nothing is not made to fit.
        ("delay -5", {DELAY: "-5"}),
        ("quiet default", {"checkin.quiet_from": None, "checkin.quiet_to": None}),
        ("digest thu 12:00", {"digest.weekday": "thursday", "digest.time": "12:00"}),
        ("digest 12:00 Donnerstag", {"digest.weekday": "thursday", "digest.time": "12:00"}),
        ("digest sunday", {"digest.weekday": "sunday"}),
        ("digest 9:00", {"digest.time": "9:00"}),
        ("digest follow", {"digest.weekday": None, "digest.time": None}),
    ],
)
def test_what_is_typed_becomes_values(typed, wanted):
    assert wanted_of(typed) == wanted


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("reminder 24", "checkin.reminder_after_hours"),
        ("expiry 24", "checkin.expiry_hours"),
        ("day 24", "checkin.per_day"),
        ("week 24", "checkin.per_week"),
        ("card 24", "practice.morning_card"),
    ],
)
def test_each_value_has_its_word(typed, name):
    assert wanted_of(typed) == {name: "24"}


@pytest.mark.parametrize(
    ("names", "day"),
    [
        ("mon mo monday Montag", "monday"),
        ("tue di tuesday Dienstag", "tuesday"),
        ("wed mi wednesday Mittwoch", "wednesday"),
        ("thu do thursday Donnerstag", "thursday"),
        ("fri fr friday Freitag", "friday"),
        ("sat sa saturday Samstag", "saturday"),
        ("sun so sunday Sonntag", "sunday"),
    ],
)
def test_a_weekday_is_known_by_each_of_its_names(names, day):
    for name in names.split():
        assert wanted_of(f"digest {name}") == {"digest.weekday": day}, name


@pytest.mark.parametrize(
    "typed",
    ["", "lunch 12:00", "lunch", "delay", "delay 4 5", "quiet 22:00", "digest", "digest mon tue",
     "digest 12:00 13:00", "digest mon 12:00 13:00"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_what_was_typed(typed):
    with pytest.raises(Refused) as refused:
        wanted_of(typed)
    assert (refused.value.reason, refused.value.facts) == ("schedule_words", {"typed": typed})


def test_everything_that_can_be_set_can_be_typed():
    assert {name for names in WORDS.values() for name in names} == set(LEVELS)


def test_caps_count_days_and_weeks_that_begin_on_monday():
    twice_on_monday = [(1, "2026-11-23"), (1, "2026-11-23"), (2, "2026-11-23")]
    assert asked_under(twice_on_monday, per_day=1, per_week=2) == 2
    assert asked_under(twice_on_monday, per_day=2, per_week=2) == 3
    assert asked_under([(1, "2026-11-23")] * 3, per_day=2, per_week=9) == 2
    week = [(1, "2026-11-25"), (1, "2026-11-27"), (1, "2026-11-29"), (1, "2026-11-30")]
    assert asked_under(week, per_day=1, per_week=2) == 3
    assert asked_under([], per_day=1, per_week=1) == 0
    assert asked_under(week, per_day=1, per_week=2, asked=[(1, "2026-11-24")]) == 2
    assert asked_under(week, per_day=1, per_week=2, asked=[(2, "2026-11-24")]) == 3
