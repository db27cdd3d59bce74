"""Local time, rules, quiet hours and weekly hours, in zones that do unusual things.

The rules under test:
 1. A local time is the first instant at which the clock shows it or a later time.
 2. A rule has exactly one occurrence on each of its local dates, whatever the clocks do.
 3. Quiet hours are one window per night; what lies outside them is not delayed.
 4. The latest and the next weekly hour are neighbours with nothing between them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.timetable import (
    Note,
    Rule,
    after_quiet,
    clocks_change_between,
    covered_until_on,
    day_after,
    latest_weekly,
    local_day_bounds,
    local_on,
    local_time,
    next_occurrences,
    next_weekly,
    occurrences,
    planning_horizon_on,
    to_utc,
)

DAY = 86_400_000
HOUR = 3_600_000

#: Half-hour and 45-minute offsets, half-hour summer time, changes at midnight, a skipped day,
#: a month without summer time in Ramadan, none at all.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "UTC",
)
zones = st.sampled_from(ZONES)
dates = st.dates(date(1990, 1, 1), date(2037, 1, 1)).map(date.isoformat)
times = st.times().map(lambda t: t.strftime("%H:%M"))
instants = st.integers(631_152_000, 2_114_380_800).map(lambda seconds: seconds * 1000)
rules = st.builds(
    Rule,
    weekday=st.integers(0, 6),
    local_time=times,
    minutes=st.integers(15, 180),
    every_weeks=st.sampled_from((1, 2)),
    starts_on=dates,
    timezone=zones,
)


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def wall(at: int, zone: str) -> datetime:
    local = datetime.fromtimestamp(at / 1000, ZoneInfo(zone))
    return local.replace(tzinfo=None, fold=0)


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[str, str, str]:
    """Draw a local date and time within two hours of a change of the clocks, and the zone."""
    zone = draw(zones.filter(lambda name: name not in ("UTC", "Asia/Kathmandu")))
    # The first change of the offset after the beginning of some year.
    january = utc(f"{draw(st.integers(2000, 2008))}-01-01T00:00")
    known = wall(january, zone) - wall(january, "UTC")
    low, high = january, january
    while wall(high, zone) - wall(high, "UTC") == known:
        low, high = high, high + DAY
    while high - low > 1000:
        middle = (low + high) // 2000 * 1000
        same = wall(middle, zone) - wall(middle, "UTC") == known
        low, high = (middle, high) if same else (low, middle)
    local = wall(high, zone) + timedelta(minutes=draw(st.integers(-120, 120)))
    return local.date().isoformat(), local.strftime("%H:%M"), zone


@given(st.one_of(st.tuples(dates, times, zones), near_a_change()))
def test_a_local_time_is_the_first_instant_that_shows_it_or_a_later_time(
    case: tuple[str, str, str],
) -> None:
    on, at_time, zone = case
    wanted = datetime.fromisoformat(f"{on}T{at_time}")
    at = to_utc(on, at_time, zone)
    assert wall(at, zone) >= wanted
    assert wall(at - 1000, zone) < wanted
    # In the 24 hours before, the clock never showed it either: this is the first coming.
    assert all(wall(at - minutes * 60_000, zone) < wanted for minutes in range(1, 1441, 7))


@given(st.one_of(st.tuples(dates, times, zones), near_a_change()))
def test_a_local_time_that_exists_comes_back_unchanged(case: tuple[str, str, str]) -> None:
    on, at_time, zone = case
    at = to_utc(on, at_time, zone)
    wanted = datetime.fromisoformat(f"{on}T{at_time}")
    exists = any(
        wall(at + shift, zone) == wanted for shift in range(-25 * HOUR, 25 * HOUR, HOUR // 4)
    )
    if exists:
        assert (local_on(at, zone), local_time(at, zone)) == (on, at_time)
    else:
        assert wall(at, zone) > wanted


@given(near_a_change(), st.integers(-1440, 1440))
def test_later_local_times_are_never_earlier_instants(
    case: tuple[str, str, str], minutes: int
) -> None:
    on, at_time, zone = case
    first = datetime.fromisoformat(f"{on}T{at_time}")
    second = first + timedelta(minutes=minutes)
    other = to_utc(second.date().isoformat(), second.strftime("%H:%M"), zone)
    one = to_utc(on, at_time, zone)
    assert (one <= other) if first <= second else (one >= other)


@pytest.mark.parametrize(
    ("on", "at_time", "zone", "instant"),
    [
        ("2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T01:00"),  # gap: as summer begins
        ("2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30"),  # fold: the first
        ("2026-10-25", "03:00", "Europe/Berlin", "2026-10-25T02:00"),
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:30"),  # half an hour
        ("2018-11-04", "00:00", "America/Sao_Paulo", "2018-11-04T03:00"),  # no midnight
        ("2011-12-30", "15:00", "Pacific/Apia", "2011-12-30T10:00"),  # no such day
        ("2026-12-01", "15:00", "Asia/Kathmandu", "2026-12-01T09:15"),
    ],
)
def test_known_gaps_and_folds(on: str, at_time: str, zone: str, instant: str) -> None:
    assert to_utc(on, at_time, zone) == utc(instant)


@given(zones, dates)
def test_local_days_follow_one_another_without_a_hole(zone: str, on: str) -> None:
    from_at, until_at = local_day_bounds(on, zone)
    assert until_at == local_day_bounds(day_after(on), zone)[0]
    if from_at < until_at:  # Apia's 30 December 2011 has no instant
        assert local_on(from_at, zone) == on
        assert local_on(until_at, zone) > on


@given(rules, st.integers(0, 400))
def test_a_rule_has_one_occurrence_on_each_of_its_dates(rule: Rule, days: int) -> None:
    until_on = day_after(rule.starts_on, days)
    found = list(occurrences(rule, rule.starts_on, until_on))
    wanted = [
        on
        for on in (day_after(rule.starts_on, offset) for offset in range(days + 1))
        if date.fromisoformat(on).weekday() == rule.weekday
    ][:: rule.every_weeks]
    assert [o.local_on for o in found] == wanted
    assert all(o.ends_at - o.starts_at == rule.minutes * 60_000 for o in found)
    starts = [o.starts_at for o in found]
    assert starts == sorted(set(starts))


@given(rules, st.integers(0, 200), st.integers(0, 200))
def test_planning_in_two_parts_is_planning_at_once(rule: Rule, first: int, more: int) -> None:
    middle_on = day_after(rule.starts_on, first)
    until_on = day_after(middle_on, more)
    in_parts = [
        *occurrences(rule, rule.starts_on, middle_on),
        *occurrences(rule, day_after(middle_on), until_on),
    ]
    assert in_parts == list(occurrences(rule, "1990-01-01", until_on))


@given(rules, st.integers(0, 60))
def test_nothing_is_left_out_up_to_the_covered_date(rule: Rule, days: int) -> None:
    until_on = day_after(rule.starts_on, days)
    covered_on = covered_until_on(rule, until_on)
    assert covered_on >= until_on
    assert not list(occurrences(rule, day_after(until_on), covered_on))
    assert list(occurrences(rule, day_after(covered_on), day_after(covered_on)))


def test_a_fortnightly_rule_keeps_its_weeks_wherever_one_starts_to_look() -> None:
    rule = Rule(1, "15:00", 50, 2, "2026-12-01", "Europe/Berlin")
    assert [o.local_on for o in occurrences(rule, "2026-12-02", "2027-01-12")] == [
        "2026-12-15",
        "2026-12-29",
        "2027-01-12",
    ]


def test_the_preview_says_when_the_clocks_change() -> None:
    rule = Rule(3, "15:00", 50, 1, "2026-10-15", "Europe/Berlin")
    before, at_change, after = next_occurrences(rule, "2026-10-20")
    assert (before.local_on, before.note) == ("2026-10-22", None)
    assert before.local_time == "15:00"
    assert before.ends_at - before.starts_at == 50 * 60_000
    assert at_change.note == Note("clocks_change", "2026-10-25", "15:00")
    assert at_change.starts_at - before.starts_at == 7 * DAY + HOUR
    assert after.note is None


def test_the_preview_says_when_a_time_is_skipped_or_comes_twice() -> None:
    spring = next_occurrences(Rule(6, "02:30", 50, 1, "2026-03-29", "Europe/Berlin"), "2026-03-29")
    assert spring[0].note == Note("time_skipped", "2026-03-29", "03:00")
    autumn = next_occurrences(Rule(6, "02:30", 50, 1, "2026-10-25", "Europe/Berlin"), "2026-10-25")
    assert autumn[0].note == Note("time_twice", "2026-10-25", "02:30")


def test_a_change_within_a_fortnight_is_found_even_when_it_is_undone() -> None:
    # Morocco leaves and takes up its hour around Ramadan: 15 February and 22 March 2026.
    zone = "Africa/Casablanca"
    from_at = to_utc("2026-02-10", "15:00", zone)
    until_at = to_utc("2026-03-31", "15:00", zone)
    assert clocks_change_between(from_at, until_at, zone) == "2026-02-15"
    assert clocks_change_between(from_at, from_at + DAY, zone) is None


def test_the_horizon_is_a_fortnight_after_the_utc_date() -> None:
    assert planning_horizon_on(utc("2026-11-23T23:59")) == "2026-12-07"
    assert planning_horizon_on(utc("2026-11-24T00:00")) == "2026-12-08"


def _is_quiet(at: int, quiet_from: str, quiet_to: str, zone: str) -> bool:
    """Say the same by looking at every night around, as a person with a calendar would."""
    around = (day_after(local_on(at, zone), days) for days in range(-3, 4))
    late = quiet_to < quiet_from
    return quiet_from != quiet_to and any(
        to_utc(on, quiet_from, zone) <= at < to_utc(day_after(on) if late else on, quiet_to, zone)
        for on in around
    )


@given(instants, times, times, zones)
def test_after_quiet_is_the_first_instant_outside(
    at: int, quiet_from: str, quiet_to: str, zone: str
) -> None:
    after = after_quiet(at, quiet_from, quiet_to, zone)
    assert after >= at
    assert not _is_quiet(after, quiet_from, quiet_to, zone)
    if after > at:
        assert _is_quiet(at, quiet_from, quiet_to, zone)
        assert all(
            _is_quiet(at + (after - at) * part // 20, quiet_from, quiet_to, zone)
            for part in range(20)
        )
    assert after_quiet(after, quiet_from, quiet_to, zone) == after


@pytest.mark.parametrize(
    ("at", "quiet", "after"),
    [
        ("2026-12-01T22:30", ("21:00", "08:00"), "2026-12-02T07:00"),  # 23:30 in Berlin
        ("2026-12-02T06:59", ("21:00", "08:00"), "2026-12-02T07:00"),  # after midnight
        ("2026-12-02T07:00", ("21:00", "08:00"), "2026-12-02T07:00"),  # the end is outside
        ("2026-12-01T20:00", ("21:00", "08:00"), "2026-12-02T07:00"),  # the start is inside
        ("2026-12-01T12:30", ("13:00", "14:00"), "2026-12-01T13:00"),  # a lunch break
        ("2026-12-01T22:30", ("08:00", "08:00"), "2026-12-01T22:30"),  # none
        ("2026-10-25T00:30", ("21:00", "08:00"), "2026-10-25T07:00"),  # a night of 12 hours
        ("2026-03-29T00:30", ("21:00", "08:00"), "2026-03-29T06:00"),  # a night of 10 hours
        ("2026-03-29T00:30", ("21:00", "02:30"), "2026-03-29T01:00"),  # ends in the gap
        ("2026-03-28T12:00", ("02:10", "02:05"), "2026-03-30T00:05"),  # two windows meet in it
        ("2026-03-29T01:00", ("02:10", "02:50"), "2026-03-29T01:00"),  # lies in the gap
    ],
)
def test_known_nights_in_berlin(at: str, quiet: tuple[str, str], after: str) -> None:
    assert after_quiet(utc(at), *quiet, "Europe/Berlin") == utc(after)


@given(instants, st.integers(0, 6), times, zones)
def test_the_latest_and_the_next_weekly_hour_are_neighbours(
    now: int, weekday: int, at_time: str, zone: str
) -> None:
    latest = latest_weekly(now, weekday, at_time, zone)
    following = next_weekly(now, weekday, at_time, zone)
    assert latest <= now < following
    assert following - latest in range(6 * DAY, 8 * DAY)
    assert next_weekly(latest, weekday, at_time, zone) == following
    assert latest_weekly(following, weekday, at_time, zone) == following
    assert latest_weekly(following - 1, weekday, at_time, zone) == latest


def test_a_digest_hour_counts_from_the_instant_itself() -> None:
    friday = to_utc("2026-11-27", "17:00", "Europe/Berlin")
    assert latest_weekly(friday, 4, "17:00", "Europe/Berlin") == friday
    assert latest_weekly(friday - 1, 4, "17:00", "Europe/Berlin") == friday - 7 * DAY
    assert next_weekly(friday, 4, "17:00", "Europe/Berlin") == friday + 7 * DAY


def test_a_weekly_hour_just_after_midnight_survives_clocks_that_go_back_over_midnight() -> None:
    # In Newfoundland the clocks went back at 00:01: 00:00 on the 7th came before 23:30 on the 6th.
    zone = "America/St_Johns"
    midnight = to_utc("2010-11-07", "00:00", zone)
    half_past_eleven_again = midnight + HOUR // 2
    assert local_on(half_past_eleven_again, zone) == "2010-11-06"
    assert latest_weekly(half_past_eleven_again, 6, "00:00", zone) == midnight
