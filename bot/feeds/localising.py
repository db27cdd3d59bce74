"""Giving every time of an event a zone, and all times of a series one reading.

Owns which zone a time is in where its calendar does not say so, and what the dates that a series
names (taken out, moved, its last one) mean there. Refuses rules that are no pattern of sessions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final, Literal

from icalendar.prop import vBroken

from bot.feeds.cutting import Block

_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
#: Each of these makes several occurrences of one; no therapy meets by them.
_WITHIN_A_DAY: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_DATES: Final = ("EXDATE", "RDATE")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

Component = Any  # an icalendar component: its parts are what the text made of them


class LeftOut(Exception):
    """An event or series that cannot be taken as it stands. kind: as in `Trouble`."""

    def __init__(self, kind: Literal["too_often", "bad_rule", "bad_event"]) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Place:
    """Where a calendar's times are. own: the zone it names; fallback: that or the practice's.

    unknown: the name of its zone, where nobody knows it. is_off: all it holds is cancelled.
    endless: zones that it defines by rules that no clock follows, by name, and their lines.
    """

    fallback: tzinfo
    own: tzinfo | None
    unknown: str = ""
    is_off: bool = False
    endless: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in a calendar."""

    part: Component
    block: Block
    place: Place


#: Told of a zone that nobody knows, and where it stands.
OnZone = Callable[[Entry, str], None]


def localise(entries: list[Entry], on_zone: OnZone) -> None:
    """Let each time of an event, or of a series and its exceptions, say an instant.

    Errors: `LeftOut`.
    """
    for entry in entries:
        _give_zones(entry, on_zone)
    series = next((e for e in entries if "RRULE" in e.part and not is_exception(e.part)), None)
    if series is not None and is_utc(series.part["DTSTART"].dt):
        if series.place.own is not None:
            _read_as_local(series, entries, series.place.own)
        elif series.place.unknown:
            on_zone(series, series.place.unknown)
    _give_hours(entries)
    for entry in entries:
        for rule in listed(entry.part.get("RRULE")):
            _check_rule(rule, entry.part["DTSTART"].dt)


def is_exception(part: Component) -> bool:
    """Say whether an event is another version of one date of a series."""
    return "RECURRENCE-ID" in part


def listed(value: Component) -> list[Component]:
    """Give what may stand once or several times as a list."""
    return [] if value is None else value if isinstance(value, list) else [value]


def is_utc(moment: object) -> bool:
    """Say whether a time is written in UTC."""
    return (
        isinstance(moment, datetime)
        and moment.tzinfo is not None
        and not (moment.utcoffset() or getattr(moment.tzinfo, "key", "UTC") != "UTC")
    )


def _give_zones(entry: Entry, on_zone: OnZone) -> None:
    part = entry.part
    unread = {name.decode() for name in entry.block.names} - set(part)
    for name in ("RRULE", *_DATES, "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION"):
        if name in unread or any(isinstance(one, vBroken) for one in listed(part.get(name))):
            raise LeftOut("bad_rule" if name in ("RRULE", *_DATES) else "bad_event")
    if not isinstance(getattr(part.get("DTSTART"), "dt", None), date):
        raise LeftOut("bad_event")
    if b"EXRULE" in entry.block.names:
        raise LeftOut("bad_rule")  # nobody reads these any more, and without it there are too many
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        if name in part:
            _give_zone(entry, part[name], part[name], on_zone)
    for name in _DATES:
        for one in listed(part.get(name)):
            for value in getattr(one, "dts", ()):
                _give_zone(entry, value, one, on_zone)


def _give_hours(entries: list[Entry]) -> None:
    """Let a date that is named without its hour be the one of its series on that day."""
    whole = next((entry.part for entry in entries if not is_exception(entry.part)), None)
    start = whole["DTSTART"].dt if whole is not None else None
    if not isinstance(start, datetime):
        return
    for part in (entry.part for entry in entries):
        first = part.get("RECURRENCE-ID")
        named = [] if first is None or isinstance(first.dt, datetime) else [first]
        for line in listed(part.get("EXDATE")):
            # With a zone beside it, a date is read as its midnight.
            named += line.dts if str(line.params.get("VALUE", "")).upper() == "DATE" else []
        for value in named:
            day = value.dt.date() if isinstance(value.dt, datetime) else value.dt
            value.dt = datetime.combine(day, start.time(), start.tzinfo)


def _give_zone(entry: Entry, value: Component, named: Component, on_zone: OnZone) -> None:
    moment = getattr(value, "dt", None)
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return
    if name := str(named.params.get("TZID", "")) or entry.place.unknown:
        on_zone(entry, name)
    value.dt = moment.replace(tzinfo=entry.place.fallback)


# Series that are written in UTC


class _KeepsItsHour(tzinfo):
    """A zone whose clock shows UTC when a series begins, and is put forward and back with its own.

    A series that is written in UTC has the weekdays and dates of UTC, but the hour of its own zone.
    """

    def __init__(self, own: tzinfo, ahead: timedelta) -> None:
        self._own, self._ahead = own, ahead

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """Give how far this clock is ahead of UTC at a time of its own."""
        if moment is None:
            return timedelta()
        there = moment.replace(tzinfo=self._own) + self._ahead
        return (there.utcoffset() or timedelta()) - self._ahead

    def dst(self, moment: datetime | None) -> timedelta:
        """Give how far it was put forward since the series began."""
        return self.utcoffset(moment)

    def tzname(self, moment: datetime | None) -> str:
        """Name it."""
        return f"UTC in {self._own}"

    def fromutc(self, moment: datetime) -> datetime:
        """Give what this clock shows at an instant."""
        there = moment.replace(tzinfo=UTC).astimezone(self._own)
        return there.replace(tzinfo=self) - self._ahead


def _read_as_local(series: Entry, entries: list[Entry], own: tzinfo) -> None:
    """Read a series that is written in UTC as one that stays at its hour in its calendar's zone.

    Whoever writes such a one names the dates of it in either way: by the instant when they are, or
    by the hour in UTC that the whole series has. Both mean the same date.
    """
    start = series.part["DTSTART"].dt.astimezone(UTC)
    keeps = _KeepsItsHour(own, start.astimezone(own).utcoffset() or timedelta())
    zone = keeps if _is_of_its_rule(series.part, start, own) else own

    def meant(moment: datetime) -> datetime:
        if is_utc(moment) and moment.time() == start.time():
            moment = moment.replace(tzinfo=keeps)
        return moment.astimezone(zone)

    for entry in entries:
        part = entry.part
        first = getattr(part.get("RECURRENCE-ID"), "dt", None)
        # Of a date that is where it was, the series has the hour; of one that moved, its own line.
        is_moved = first is not None and part["DTSTART"].dt != first
        for name in ("DTSTART", "DTEND"):
            value = part.get(name)
            if isinstance(getattr(value, "dt", None), datetime):
                value.dt = value.dt.astimezone(zone)
        if isinstance(first, datetime):
            part["RECURRENCE-ID"].dt = meant(first)
            if not is_moved:
                _move(part, part["RECURRENCE-ID"].dt)
        for value in (v for one in listed(part.get("EXDATE")) for v in getattr(one, "dts", ())):
            if isinstance(value.dt, datetime):
                value.dt = meant(value.dt)
        for rule in listed(part.get("RRULE")):
            rule["UNTIL"] = [
                meant(one) if isinstance(one, datetime) and is_utc(one) else one
                for one in rule.get("UNTIL", [])
            ]
            if not rule["UNTIL"]:
                del rule["UNTIL"]


def _move(part: Component, start: datetime) -> None:
    by = start - part["DTSTART"].dt
    part["DTSTART"].dt = start
    if isinstance(getattr(part.get("DTEND"), "dt", None), datetime):
        part["DTEND"].dt += by


def _is_of_its_rule(part: Component, start: datetime, own: tzinfo) -> bool:
    """Say whether the rule means days of UTC: they begin and end elsewhere than the zone's own.

    A series begins with a date of its rule (RFC 5545, 3.8.5.3). Where only its local date is one,
    the rule was written for that.
    """
    local = start.astimezone(own)
    if local.date() == start.date():
        return False
    return _has(part, start) or not _has(part, local)


def _has(part: Component, moment: datetime) -> bool:
    for rule in listed(part.get("RRULE")):
        days = {str(one).upper()[-2:] for one in rule.get("BYDAY", ())}
        numbers = {int(one) for one in rule.get("BYMONTHDAY", ())}
        if days and _DAYS[moment.weekday()] not in days:
            return False
        if numbers and min(numbers) > 0 and moment.day not in numbers:
            return False
    return True


def _check_rule(rule: Component, start: date) -> None:
    """Refuse a rule that is no pattern of sessions; let a date-only end mean that whole day."""
    if [str(one).upper() for one in rule.get("FREQ", ())] not in [[f] for f in _FREQUENCIES]:
        raise LeftOut("too_often" if rule.get("FREQ") else "bad_rule")
    if any(len(rule.get(name, ())) > 1 for name in _WITHIN_A_DAY):
        raise LeftOut("too_often")
    if any(int(step) < 1 for step in rule.get("INTERVAL", ())):
        raise LeftOut("bad_rule")
    until = rule.get("UNTIL", [None])[0]
    if isinstance(start, datetime) and isinstance(until, date):
        if not isinstance(until, datetime):
            until = datetime.combine(until, time(23, 59, 59), start.tzinfo)
        elif until.tzinfo is None:
            until = until.replace(tzinfo=start.tzinfo)
        rule["UNTIL"] = [until.astimezone(UTC)]
