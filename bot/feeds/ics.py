"""What an ICS text says between two instants, occurrence by occurrence.

Owns the traps of calendars in the wild: series and their exceptions, zones that nobody knows,
cancellations in each dialect, rules that would never end. Refuses what is no calendar, and never
takes half a calendar for a whole one: a series that cannot be read is named, and the rest is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from icalendar.prop import vBroken

from bot.feeds.cutting import Block, Calendar, Torn, cut
from bot.feeds.facts import MOST_BYTES, Event, NotACalendar, Reading, Skip, Trouble
from bot.feeds.limits import TooMuch, computing_at_most
from bot.feeds.zones import know_zone, use_zones, zone_named

SHORTEST: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(minutes=180)

#: What Outlook puts before the subject of a cancelled meeting, by language; its status stays.
_CANCELLED: Final = (
    "abgesagt:", "afgelast:", "annullato:", "annulé:", "annulé :", "anulowane:", "avlyst:",
    "canceled:", "cancelado:", "cancelled:", "geannuleerd:", "inställt:", "odwołane:", "peruttu:",
    "zrušeno:", "отменено:",
)  # fmt: skip
#: Of computing; a series takes a hundredth of it.
_SECONDS_A_SERIES: Final = 0.7
#: Days are compared before their zones are known.
_SPARE: Final = timedelta(days=2)
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
#: Each of these makes several occurrences of one; no therapy meets by them.
_WITHIN_A_DAY: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_DATES: Final = ("EXDATE", "RDATE")

Component = Any  # an icalendar component: its parts are what the text made of them


def read(data: bytes, *, zone: str, from_at: int, to_at: int) -> Reading:
    """Read every occurrence that starts from `from_at` on and before `to_at`.

    zone: IANA name of the practice, for times without one. from_at, to_at: UTC milliseconds.
    Errors: `NotACalendar`.
    """
    use_zones()
    begin, end = _instant(from_at), _instant(to_at)
    events: dict[tuple[str, str, int], Event] = {}
    left_out: set[str] = set()
    troubles = _Troubles()
    for calendar in _calendars(data, begin, end):
        own = zone_named(calendar.zone.decode(errors="replace"))
        fallback = own or ZoneInfo(zone)
        for text in calendar.zones:
            know_zone(text)
        for parts in _by_uid([troubles.read(block) for block in calendar.events]):
            try:
                whole = [_localised(part, fallback, own, troubles) for part in parts]
                found = list(_events(whole, begin, end))
            except (_LeftOut, ValueError, OverflowError) as why:
                # A time that no clock can show, such as one before the year 1.
                kind = why.kind if isinstance(why, _LeftOut) else "bad_event"
                troubles.note(kind, parts[0], _uid(parts[0]))
                left_out.add(_uid(parts[0]))
                continue
            events.update({(one.uid, one.recurrence, one.starts_at): one for one in found})
    ordered = sorted(events.values(), key=lambda one: (one.starts_at, one.uid, one.recurrence))
    return Reading(tuple(ordered), tuple(troubles.found.values()), frozenset(left_out))


class _LeftOut(Exception):
    def __init__(self, kind: Literal["too_often", "bad_rule", "bad_event"]) -> None:
        super().__init__(kind)
        self.kind = kind


class _Troubles:
    """What was found wrong, each once, with the line its event begins in."""

    def __init__(self) -> None:
        self._blocks: dict[int, Block] = {}
        self.found: dict[tuple[str, str], Trouble] = {}

    def read(self, block: Block) -> Component:
        """Read an event, and know it again."""
        try:
            part = icalendar.Event.from_ical(block.text)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            # Nothing of it can be read; its name is enough to say so.
            part = icalendar.Event()
            part.add("UID", block.uid.decode(errors="replace"))
        self._blocks[id(part)] = block
        return part

    def note(
        self,
        kind: Literal["too_often", "bad_rule", "bad_event", "zone"],
        part: Component,
        name: str,
    ) -> None:
        """Note what is wrong about an event; name: its uid, or that of a zone."""
        if (kind, name) not in self.found:
            line = self._blocks[id(part)].line
            self.found[kind, name] = Trouble(kind, _start_of(part), name, line)

    def unread(self, part: Component) -> set[str]:
        """Give the names of lines that an event has and nobody can read."""
        return {name.decode() for name in self._blocks[id(part)].names} - set(part)


def _calendars(data: bytes, begin: datetime, end: datetime) -> list[Calendar]:
    if len(data) > MOST_BYTES:
        raise NotACalendar("too_large")
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise NotACalendar("empty")
    if text.startswith(b"<"):
        raise NotACalendar("web_page")
    if not text.upper().startswith(b"BEGIN:VCALENDAR"):
        raise NotACalendar("no_ics")
    if not text.upper().endswith(b"END:VCALENDAR"):
        raise NotACalendar("cut_off")
    first, last = begin - _SPARE, end + _SPARE
    try:
        return cut(data.removeprefix(b"\xef\xbb\xbf"), f"{first:%Y%m%d}", f"{last:%Y%m%d}")
    except Torn as problem:
        raise NotACalendar("unreadable", str(problem)) from None


def _by_uid(events: list[Component]) -> Iterable[list[Component]]:
    """Give what belongs together: a series with its exceptions, or an event of its own."""
    together: dict[str, list[Component]] = {}
    for part in events:
        together.setdefault(_uid(part), []).append(part)
    for parts in together.values():
        if _is_planned(parts):
            yield parts
        else:
            yield from ([part] for part in parts)


def _uid(part: Component) -> str:
    if uid := str(part.get("UID", "")):
        return uid
    # Not allowed, but seen. What it says is the best there is to know it again by.
    said = f"{_start_of(part)}\n{part.get('SUMMARY', '')}"
    return f"none-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def _is_series(part: Component) -> bool:
    return "RRULE" in part or "RDATE" in part


def _is_planned(parts: list[Component]) -> bool:
    """Say whether these are a series, or what is left of one."""
    return any(_is_series(part) or "RECURRENCE-ID" in part for part in parts)


def _start_of(part: Component) -> str:
    start = part.get("DTSTART")
    value = None if isinstance(start, vBroken) else getattr(start, "dt", None)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else "?"


# Zones


def _localised(
    part: Component, fallback: ZoneInfo, own: ZoneInfo | None, troubles: _Troubles
) -> Component:
    """Give every time of an event a zone, and its rule an end that means what it says."""
    unread = troubles.unread(part)
    for name in ("RRULE", *_DATES, "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION"):
        if name in unread or any(isinstance(one, vBroken) for one in _listed(part.get(name))):
            raise _LeftOut("bad_rule" if name in ("RRULE", *_DATES) else "bad_event")
    start = part.get("DTSTART")
    if not isinstance(getattr(start, "dt", None), date):
        raise _LeftOut("bad_event")
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        if name in part:
            _give_zone(part, part[name], fallback, troubles)
    for name in _DATES:
        for one in _listed(part.get(name)):
            for value in getattr(one, "dts", ()):
                _give_zone(part, value, fallback, troubles, one)
    if own is not None and "RRULE" in part and _is_utc(start.dt):
        # Written in UTC, but meant in the calendar's zone: a session stays at its hour in summer.
        start.dt = start.dt.astimezone(own)
        if isinstance(getattr(part.get("DTEND"), "dt", None), datetime):
            part["DTEND"].dt = part["DTEND"].dt.astimezone(own)
    for rule in _listed(part.get("RRULE")):
        _check_rule(rule, start.dt)
    return part


def _give_zone(
    part: Component,
    value: Component,
    fallback: ZoneInfo,
    troubles: _Troubles,
    named: Component = None,
) -> None:
    moment = getattr(value, "dt", None)
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return
    name = str((named if named is not None else value).params.get("TZID", ""))
    if name:
        troubles.note("zone", part, name)
    value.dt = moment.replace(tzinfo=fallback)


def _is_utc(moment: object) -> bool:
    return (
        isinstance(moment, datetime)
        and moment.tzinfo is not None
        and not (moment.utcoffset() or getattr(moment.tzinfo, "key", "UTC") != "UTC")
    )


def _listed(value: Component) -> list[Component]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _check_rule(rule: Component, start: date) -> None:
    """Refuse a rule that is no pattern of sessions; let a date-only end mean that whole day."""
    if [str(one).upper() for one in rule.get("FREQ", ())] not in [[f] for f in _FREQUENCIES]:
        raise _LeftOut("too_often" if rule.get("FREQ") else "bad_rule")
    if any(len(rule.get(name, ())) > 1 for name in _WITHIN_A_DAY):
        raise _LeftOut("too_often")
    if any(int(step) < 1 for step in rule.get("INTERVAL", ())):
        raise _LeftOut("bad_rule")
    until = rule.get("UNTIL", [None])[0]
    if isinstance(start, datetime) and isinstance(until, date):
        if not isinstance(until, datetime):
            until = datetime.combine(until, time(23, 59, 59), start.tzinfo)
        elif until.tzinfo is None:
            until = until.replace(tzinfo=start.tzinfo)
        rule["UNTIL"] = [until.astimezone(UTC)]


# Occurrences


def _events(parts: list[Component], begin: datetime, end: datetime) -> Iterator[Event]:
    master = next((part for part in parts if "RECURRENCE-ID" not in part), None)
    for found in _occurrences(parts, begin, end):
        if begin <= _instant(_ms(found["DTSTART"].dt)) < end:
            yield _event(found, master, is_series=_is_planned(parts))


def _occurrences(parts: list[Component], begin: datetime, end: datetime) -> list[Component]:
    if len(parts) == 1 and not _is_series(parts[0]):
        return parts
    calendar = icalendar.Calendar()
    for part in parts:
        calendar.add_component(part)
    try:
        with computing_at_most(_SECONDS_A_SERIES):
            return list(recurring_ical_events.of(calendar).between(begin - LONGEST, end))
    except (TooMuch, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
        # Whatever a wrong rule leads the libraries into.
        raise _LeftOut("bad_rule") from None


def _event(found: Component, master: Component | None, *, is_series: bool) -> Event:
    start = found["DTSTART"].dt
    stop = _end_of(found, start)
    starts_at, ends_at = _ms(start), _ms(stop)
    first = found.get("RECURRENCE-ID") if is_series else None
    return Event(
        uid=_uid(found),
        recurrence="" if first is None else str(_ms(first.dt)),
        starts_at=starts_at,
        ends_at=ends_at,
        skipped=_skip(found, start, timedelta(milliseconds=ends_at - starts_at)),
        is_series=is_series,
        summary=str(found.get("SUMMARY", "")),
        # An exception of a series does not repeat what the series says.
        categories=_categories(found) or (_categories(master) if master is not None else ()),
        client_code=_client_code(found) or (_client_code(master) if master is not None else None),
        attendees=_attendees(found) or (_attendees(master) if master is not None else ()),
    )


def _end_of(found: Component, start: date) -> date:
    end = getattr(found.get("DTEND"), "dt", None)
    if isinstance(end, date):
        return end
    length = getattr(found.get("DURATION"), "dt", None)
    return start + length if isinstance(length, timedelta) else start


def _skip(found: Component, start: date, length: timedelta) -> Skip | None:
    summary = str(found.get("SUMMARY", "")).strip().casefold()
    if str(found.get("STATUS", "")).upper() == "CANCELLED" or summary.startswith(_CANCELLED):
        return "cancelled"
    if not isinstance(start, datetime):
        return "all_day"
    busy = str(found.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if str(found.get("TRANSP", "")).upper() == "TRANSPARENT" or busy == "FREE":
        return "free"
    if length < SHORTEST:
        return "too_short"
    return "too_long" if length > LONGEST else None


def _categories(part: Component) -> tuple[str, ...]:
    listed = _listed(part.get("CATEGORIES"))
    found = (one.cats for one in listed if not isinstance(one, vBroken))
    return tuple(str(word).strip() for words in found for word in words)


def _client_code(part: Component) -> str | None:
    return str(part.get("X-CLIENT-CODE", "")).strip() or None


def _attendees(part: Component) -> tuple[str, ...]:
    found = (str(one).casefold() for one in _listed(part.get("ATTENDEE")))
    return tuple(one.removeprefix("mailto:").strip() for one in found)


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _ms(moment: date) -> int:
    """Give an instant; a day without a time counts from its midnight in UTC."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), UTC)
    return int(moment.timestamp()) * 1000
