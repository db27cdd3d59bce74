"""Local time judged by a second opinion: the clock on the wall, looked at every three hours.

`Wall` never asks the library what a local time means. It only reads offsets of instants, finds
by looking where they change, and goes through the stretches between the changes in order.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.timetable import Rule, after_quiet, latest_weekly, next_weekly, occurrences, to_utc

HOURS = ("00:00", "00:30", "02:00", "02:30", "03:00", "23:30")
QUIET = (("21:00", "08:00"), ("23:30", "02:30"), ("00:00", "03:00"), ("02:30", "02:00"))
FIRST, LAST = date(2020, 1, 1), date(2040, 12, 31)
_EPOCH_ON = date(1970, 1, 1)
_DAY_S = 86_400
_LOOK_S = 3 * 3600


@dataclass(frozen=True, slots=True)
class Stretch:
    """Between two changes of the clocks: seconds UTC from `start` until `end`."""

    start: int
    end: int
    offset: int


class Wall:
    """The clocks of one zone from two weeks before a day to two weeks after another."""

    def __init__(self, zone: str, first: date = FIRST, last: date = LAST) -> None:
        self.zone = zone
        self._zone = ZoneInfo(zone)
        start = _seconds(first) - 14 * _DAY_S
        end = _seconds(last) + 14 * _DAY_S
        self.stretches = list(self._look(start, end))
        self._starts = [stretch.start for stretch in self.stretches]

    def _offset(self, at: int) -> int:
        offset = datetime.fromtimestamp(at, self._zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    def _look(self, start: int, end: int) -> Iterator[Stretch]:
        known = self._offset(start)
        for at in range(start, end, _LOOK_S):
            if self._offset(at + _LOOK_S) == known:
                continue
            # The first second with another offset, by halving: no zone changes twice in a look.
            seconds = range(at, at + _LOOK_S + 1)
            change = seconds[bisect_left(seconds, True, key=lambda s: self._offset(s) != known)]
            yield Stretch(start, change, known)
            start, known = change, self._offset(change)
        yield Stretch(start, end, known)

    def first(self, on: date, at_time: str) -> int:
        """Give the first millisecond at which the wall shows this time of this date, or later."""
        wanted = _seconds(on) + int(at_time[:2]) * 3600 + int(at_time[3:]) * 60
        # A day and a half covers every offset there is, on both sides.
        nearest = max(0, bisect_right(self._starts, wanted - 2 * _DAY_S) - 1)
        for stretch in self.stretches[nearest:]:
            if stretch.end + stretch.offset > wanted:
                return max(stretch.start, wanted - stretch.offset) * 1000
        raise AssertionError("after the last stretch")

    @property
    def changing(self) -> list[date]:
        """List the dates around each change of the clocks."""
        near = {
            _EPOCH_ON + timedelta(days=stretch.start // _DAY_S + days)
            for stretch in self.stretches[1:]
            for days in (-2, -1, 0, 1, 2)
        }
        return sorted(day for day in near if FIRST <= day <= LAST)


def _seconds(on: date) -> int:
    return (on - _EPOCH_ON).days * _DAY_S


def wrong_in(zone: str, chance: random.Random, weekdays: Sequence[int]) -> tuple[int, list[str]]:
    """Compare one zone with the wall; give how much was compared and what differs."""
    wall = Wall(zone)
    compared, wrong = 0, []
    for check in (_rules, _changes, _weekly_hours, _nights):
        n, found = check(wall, chance, weekdays)
        compared += n
        wrong += [f"{zone}: {one}" for one in found]
    return compared, wrong


def _rules(wall: Wall, _: random.Random, weekdays: Sequence[int]) -> tuple[int, list[str]]:
    """A weekly rule gives each of its local dates once, at the first such time."""
    wrong, compared = [], 0
    for at_time in HOURS:
        for weekday in weekdays:
            rule = Rule(weekday, at_time, 50, 1, FIRST.isoformat(), wall.zone)
            first = FIRST + timedelta(days=(weekday - FIRST.weekday()) % 7)
            dates = [first + timedelta(weeks=n) for n in range((LAST - first).days // 7 + 1)]
            got = [(o.local_on, o.starts_at)
                   for o in occurrences(rule, FIRST.isoformat(), LAST.isoformat())]  # fmt: skip
            due = [(day.isoformat(), wall.first(day, at_time)) for day in dates]
            compared += len(due)
            wrong += [f"{at_time}: {pair}" for pair in set(got) ^ set(due)]
            if len(got) != len(due):
                wrong.append(f"{at_time}: {len(got)} runs on {len(due)} dates")
    return compared, wrong


def _changes(wall: Wall, _: random.Random, __: Sequence[int]) -> tuple[int, list[str]]:
    days = wall.changing
    wrong = [
        f"{day} {at_time}"
        for day in days
        for at_time in HOURS
        if to_utc(day.isoformat(), at_time, wall.zone) != wall.first(day, at_time)
    ]
    return len(days) * len(HOURS), wrong


def _weekly_hours(
    wall: Wall, chance: random.Random, weekdays: Sequence[int]
) -> tuple[int, list[str]]:
    """Looking every 25 minutes around a change, each week's digest hour comes once."""
    wrong, compared = [], 0
    for day in chance.sample(wall.changing, min(6, len(wall.changing))):
        weekday, at_time = chance.choice(weekdays), chance.choice(HOURS)
        near = [day + timedelta(days=n) for n in range(-16, 17)]
        due = [wall.first(one, at_time) for one in near if one.weekday() == weekday]
        middle = due[len(due) // 2]
        for now in (*range(middle - 7_200_000, middle + 7_200_000, 1_500_000), middle - 1, middle):
            compared += 1
            latest = max(at for at in due if at <= now)
            following = min(at for at in due if at > now)
            if latest_weekly(now, weekday, at_time, wall.zone) != latest:
                wrong.append(f"latest {weekday} {at_time} at {now}")
            if next_weekly(now, weekday, at_time, wall.zone) != following:
                wrong.append(f"next {weekday} {at_time} at {now}")
    return compared, wrong


def _nights(wall: Wall, chance: random.Random, _: Sequence[int]) -> tuple[int, list[str]]:
    """A message leaves at the first minute outside all quiet windows, and not later."""
    wrong, compared = [], 0
    for day in chance.sample(wall.changing, min(6, len(wall.changing))):
        quiet_from, quiet_to = chance.choice(QUIET)
        over = timedelta(days=int(quiet_to < quiet_from))
        near = [day + timedelta(days=n) for n in range(-4, 6)]
        windows = [(wall.first(one, quiet_from), wall.first(one + over, quiet_to)) for one in near]
        start = wall.first(day, "12:00") - _DAY_S * 1000
        for at in range(start, start + 2 * _DAY_S * 1000, 27 * 60_000):
            free = at
            while any(since <= free < until for since, until in windows):
                free += 60_000 - free % 60_000
            compared += 1
            if after_quiet(at, quiet_from, quiet_to, wall.zone) != free:
                wrong.append(f"quiet {quiet_from} to {quiet_to} at {at}")
    return compared, wrong
