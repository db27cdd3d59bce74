"""The timetable: owns local time, rules and what follows from them, quiet hours, weekly hours.

A local time becomes an instant by one rule of our own: the first instant at which the clock on
the wall shows that time or a later one. A time that the clocks skip is therefore the moment of
the skip; a time that comes twice is its first coming. Every occurrence is keyed by its local
date, so that a change of the clocks neither doubles nor loses one. Nothing here knows the
present or asks who may do what.

Local dates are `YYYY-MM-DD`, local times `HH:MM`, zones IANA names, weekdays 0 (Monday) to 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Final, Literal
from zoneinfo import ZoneInfo

SHORTEST_MINUTES: Final = 15
LONGEST_MINUTES: Final = 180
AHEAD_DAYS: Final = 14

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)
_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000

AppointmentState = Literal["planned", "cancelled", "moved", "did_not_meet"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A weekly or fortnightly pattern; weeks are counted from the first date on `starts_on`."""

    weekday: int
    local_time: str
    minutes: int
    every_weeks: int
    starts_on: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the clocks do to an occurrence.

    clocks_change: they change on `on`, between the occurrence before and this one; the session
    stays at `time`. time_skipped: its time does not exist on `on`, it starts at `time` instead.
    time_twice: its time comes twice on `on`, the first is meant.
    """

    kind: Literal["clocks_change", "time_skipped", "time_twice"]
    on: str
    time: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One appointment as a pattern or a draft gives it; the local date is its identity."""

    local_on: str
    local_time: str
    starts_at: int
    ends_at: int
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule as it is kept; every occurrence up to `planned_until_on` has its appointment."""

    id: int
    pair_id: int
    code: str
    rule: Rule
    planned_until_on: str
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as it is kept; one that was moved names its successor."""

    id: int
    pair_id: int
    rule_id: int | None
    local_on: str
    local_time: str
    timezone: str
    starts_at: int
    ends_at: int
    state: AppointmentState
    moved_to: int | None

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return (self.ends_at - self.starts_at) // _MINUTE_MS


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment in a therapist's list, beside what became of its check-in.

    `checkin_state` is None while none was made; `answered` says that the client answered at
    least one item, whatever the calendar says since. `pair_state` and `unreachable` say whether
    the client will be asked at all; a pause that is over by then is none.
    """

    appointment: Appointment
    code: str
    checkin_state: str | None
    answered: bool
    pair_state: str
    unreachable: bool


def to_utc(local_on: str, local_time: str, zone: str) -> int:
    """Give the first instant at which the clocks of `zone` show this local time or a later one.

    Returns UTC milliseconds. Gap: the instant of the change; fold: the first occurrence.
    """
    wall = _wall(local_on, local_time)
    early, late = _readings(wall, ZoneInfo(zone))
    if early <= late:
        return early
    # In a gap the two readings lie on both sides of the change: the later offset gives an
    # instant before it, the earlier offset one after it.
    return _first_change(late, early, zone)


def local_on(at: int, zone: str) -> str:
    """Give the local date of an instant."""
    return _local(at, zone).date().isoformat()


def local_time(at: int, zone: str) -> str:
    """Give the local time (`HH:MM`) of an instant."""
    return _local(at, zone).strftime("%H:%M")


def local_day_bounds(on: str, zone: str) -> tuple[int, int]:
    """Give the first instant of a local date and the first after it, in UTC milliseconds."""
    return to_utc(on, "00:00", zone), to_utc(day_after(on), "00:00", zone)


def day_after(on: str, days: int = 1) -> str:
    """Give the local date `days` after `on` (before it when negative)."""
    return (date.fromisoformat(on) + days * _DAY).isoformat()


def clocks_change_between(from_at: int, until_at: int, zone: str) -> str | None:
    """Give the local date of the first change of the clocks in (from_at, until_at], or None."""
    known, at = _offset(from_at, zone), from_at
    while at < until_at:
        following = min(at + _DAY_MS, until_at)
        if _offset(following, zone) != known:
            return local_on(_first_change(at, following, zone), zone)
        at = following
    return None


def occurrence(on: str, at_time: str, minutes: int, zone: str) -> Occurrence:
    """Make the occurrence of a local date; its length counts elapsed minutes."""
    starts_at = to_utc(on, at_time, zone)
    return Occurrence(on, at_time, starts_at, starts_at + minutes * _MINUTE_MS)


def covers(kept: Rule, wanted: Rule) -> bool:
    """Say whether a rule gives everything that another one would give."""
    first = next(_days(wanted, wanted.starts_on))
    return wanted == replace(kept, starts_on=wanted.starts_on) and next(_days(kept, first)) == first


def occurrences(rule: Rule, from_on: str, until_on: str) -> Iterator[Occurrence]:
    """Give the occurrences of a rule on the local dates from `from_on` to `until_on`, both in."""
    for day in takewhile(lambda day: day <= until_on, _days(rule, from_on)):
        yield occurrence(day, rule.local_time, rule.minutes, rule.timezone)


def next_occurrences(rule: Rule, from_on: str, count: int = 3) -> tuple[Occurrence, ...]:
    """Give the next `count` occurrences on or after `from_on`, with what the clocks do to them."""
    noted: list[Occurrence] = []
    for day in islice(_days(rule, from_on), count):
        earlier_at = noted[-1].starts_at if noted else None
        noted.append(noted_occurrence(day, rule, earlier_at))
    return tuple(noted)


def noted_occurrence(day: str, rule: Rule, earlier_at: int | None) -> Occurrence:
    """Make an occurrence with its note; `earlier_at` is when the one before it starts, if any."""
    plain = occurrence(day, rule.local_time, rule.minutes, rule.timezone)
    note = _note(plain, rule.timezone, earlier_at)
    return Occurrence(day, plain.local_time, plain.starts_at, plain.ends_at, note)


def planning_horizon_on(now: int) -> str:
    """Give the date up to which appointments are made: 14 days after the UTC date of `now`.

    One date for all zones, so that one comparison finds every rule with something to plan.
    """
    return day_after(local_on(now, "UTC"), AHEAD_DAYS)


def covered_until_on(rule: Rule, until_on: str) -> str:
    """Give the last date before the rule's first occurrence after `until_on`.

    Once everything up to `until_on` is planned, nothing more is to be done up to this date.
    """
    return day_after(next(_days(rule, day_after(until_on))), -1)


def after_quiet(at: int, quiet_from: str, quiet_to: str, zone: str) -> int:
    """Give the first instant at or after `at` that lies outside the quiet hours.

    Quiet is from the instant of `quiet_from` until that of `quiet_to`, which may lie on the
    next local date; equal ends mean no quiet hours. Each date has one such window, so a night
    in which the clocks go back is quiet once.
    """
    if quiet_from == quiet_to:
        return at
    overnight = 1 if quiet_to < quiet_from else 0
    first = day_after(local_on(at, zone), -1)
    # Ascending, because where the clocks skip both ends one window may end as the next begins.
    for day in (day_after(first, days) for days in range(4)):
        starts_at = to_utc(day, quiet_from, zone)
        ends_at = to_utc(day_after(day, overnight), quiet_to, zone)
        if starts_at <= at < ends_at:
            at = ends_at
    return at


def latest_weekly(now: int, weekday: int, at_time: str, zone: str) -> int:
    """Give the latest instant at or before `now` of a weekly local hour, in UTC milliseconds."""
    # From tomorrow backwards: where clocks go back over midnight, tomorrow has begun already.
    day = date.fromisoformat(local_on(now, zone)) + _DAY
    day -= (day.weekday() - weekday) % 7 * _DAY
    while (at := to_utc(day.isoformat(), at_time, zone)) > now:
        day -= 7 * _DAY
    return at


def next_weekly(now: int, weekday: int, at_time: str, zone: str) -> int:
    """Give the first instant after `now` of a weekly local hour, in UTC milliseconds."""
    day = date.fromisoformat(local_on(now, zone)) - _DAY
    day += (weekday - day.weekday()) % 7 * _DAY
    while (at := to_utc(day.isoformat(), at_time, zone)) <= now:
        day += 7 * _DAY
    return at


def _days(rule: Rule, from_on: str) -> Iterator[str]:
    """Give the local dates of a rule on or after `from_on`, without end."""
    starts_on = date.fromisoformat(rule.starts_on)
    first = starts_on + (rule.weekday - starts_on.weekday()) % 7 * _DAY
    step = 7 * rule.every_weeks
    day = max(date.fromisoformat(from_on), first)
    day += (first - day).days % step * _DAY
    while True:
        yield day.isoformat()
        day += step * _DAY


def _note(plain: Occurrence, zone: str, earlier_at: int | None) -> Note | None:
    early, late = _readings(_wall(plain.local_on, plain.local_time), ZoneInfo(zone))
    if early > late:
        return Note("time_skipped", plain.local_on, local_time(plain.starts_at, zone))
    if early < late:
        return Note("time_twice", plain.local_on, plain.local_time)
    if earlier_at is None:
        return None
    changes_on = clocks_change_between(earlier_at, plain.starts_at, zone)
    return Note("clocks_change", changes_on, plain.local_time) if changes_on else None


def _wall(on: str, at_time: str) -> datetime:
    return datetime.combine(date.fromisoformat(on), time.fromisoformat(at_time))


def _readings(wall: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """Read a wall time by the offset before and the one after a nearby change (PEP 495).

    Equal: an ordinary time. First smaller: it comes twice. First greater: it is skipped.
    """
    early, late = (_millis(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return early, late


def _first_change(before: int, after: int, zone: str) -> int:
    """Find the instant in (before, after] at which the offset leaves that of `before`."""
    known = _offset(before, zone)
    # Changes fall on whole seconds.
    low, high = before // 1000, -(-after // 1000)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle * 1000, zone) == known:
            low = middle
        else:
            high = middle
    return high * 1000


def _local(at: int, zone: str) -> datetime:
    return (_EPOCH + at * _MILLISECOND).astimezone(ZoneInfo(zone))


def _offset(at: int, zone: str) -> timedelta | None:
    return _local(at, zone).utcoffset()


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND
