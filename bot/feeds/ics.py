"""What an ICS text says between two instants, occurrence by occurrence.

Owns the traps of calendars in the wild: series and their exceptions, zones that nobody knows,
cancellations in each dialect, rules that would never end. Refuses what is no calendar, and never
takes half a calendar for a whole one: a series that cannot be read is named, and the rest is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from icalendar.prop import vBroken

from bot.feeds.called_off import is_called_off
from bot.feeds.cutting import Block, Calendar, Torn, ZoneBlock, cut
from bot.feeds.facts import MOST_BYTES, Event, NotACalendar, Reading, Skip, Trouble
from bot.feeds.limits import Patience, TooMuch
from bot.feeds.localising import Component, Entry, LeftOut, Place, is_exception, listed, localise
from bot.feeds.together import by_uid, is_planned, is_series, start_of, uid_of
from bot.feeds.zones import endless_zone, know_zone, use_zones, zone_of

SHORTEST: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(minutes=180)

#: Days are compared before their zones are known.
_SPARE: Final = timedelta(days=2)


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
    patience = Patience()
    for entries in by_uid(_entries(data, zone, begin, end), troubles.note_twice):
        uid = uid_of(entries[0].part)
        try:
            with patience.for_one():
                localise(entries, troubles.note_zone)
                found = _found(entries, begin, end, patience)
        except (LeftOut, TooMuch, ValueError, OverflowError) as why:
            # A time that no clock can show, such as one before the year 1.
            kind = why.kind if isinstance(why, LeftOut) else "bad_event"
            troubles.note(kind, entries[0], uid)
            left_out.add(uid)
            continue
        events.update({(one.uid, one.recurrence, one.starts_at): one for one in found})
    ordered = sorted(events.values(), key=lambda one: (one.starts_at, one.uid, one.recurrence))
    return Reading(
        tuple(ordered), tuple(troubles.found.values()), frozenset(left_out | troubles.twice)
    )


def _entries(data: bytes, zone: str, begin: datetime, end: datetime) -> list[Entry]:
    """Read the events of all calendars of a text, each with where its times are."""
    found: list[Entry] = []
    for calendar in _calendars(data, begin, end):
        endless = _known(calendar.zones)
        name = calendar.zone.decode(errors="replace")
        own = zone_of(name)
        place = Place(own or ZoneInfo(zone), own, "" if own else name, calendar.is_off, endless)
        found += [_entry(block, place) for block in calendar.events]
    return found


def _known(blocks: list[ZoneBlock]) -> dict[str, int]:
    """Let the zones be known that a calendar defines; give those whose rules have no end."""
    endless: dict[str, int] = {}
    for block in blocks:
        name = endless_zone(block.text)
        if name is None:
            know_zone(block.text)
        else:
            endless[name] = block.line
    return endless


class _Troubles:
    """What was found wrong, each once, with the line its event begins in."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Trouble] = {}
        self.twice: set[str] = set()

    def note(
        self,
        kind: Literal["too_often", "bad_rule", "bad_event", "zone"],
        entry: Entry,
        name: str,
    ) -> None:
        """Note what is wrong about an event; name: its uid, or that of a zone."""
        if (kind, name) not in self.found:
            trouble = Trouble(kind, start_of(entry.part), name, entry.block.line)
            self.found[kind, name] = trouble

    def note_twice(self, entry: Entry) -> None:
        """Note that something else has an event's uid. What is missing under it may be that."""
        uid = uid_of(entry.part)
        name = f"{uid}|{start_of(entry.part)}"
        self.found["twice", name] = Trouble("twice", start_of(entry.part), name, entry.block.line)
        self.twice.add(uid)

    def note_zone(self, entry: Entry, name: str) -> None:
        """Note that nobody knows a zone, or by which line it is defined as none can be."""
        if name in entry.place.endless:
            line = entry.place.endless[name]
            self.found.setdefault(
                ("zone_rule", name), Trouble("zone_rule", start_of(entry.part), name, line)
            )
        else:
            self.note("zone", entry, name)


def _entry(block: Block, place: Place) -> Entry:
    """Read an event."""
    try:
        part = icalendar.Event.from_ical(block.text)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        # Nothing of it can be read; its name is enough to say so.
        part = icalendar.Event()
        part.add("UID", block.uid.decode(errors="replace"))
    if place.is_off:
        part["STATUS"] = "CANCELLED"
    return Entry(part, block, place)


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


# Occurrences


def _found(entries: list[Entry], begin: datetime, end: datetime, patience: Patience) -> list[Event]:
    parts = [entry.part for entry in entries]
    if patience.is_gone and any(map(is_series, parts)):
        raise LeftOut("bad_rule")
    return list(_events(parts, begin, end))


def _events(parts: list[Component], begin: datetime, end: datetime) -> Iterator[Event]:
    master = next((part for part in parts if not is_exception(part)), None)
    for found in _occurrences(parts, begin, end):
        if begin <= _instant(_ms(found["DTSTART"].dt)) < end:
            yield _event(found, master, is_series=is_planned(parts))


def _occurrences(parts: list[Component], begin: datetime, end: datetime) -> list[Component]:
    if len(parts) == 1 and not is_series(parts[0]):
        return parts
    calendar = icalendar.Calendar()
    for part in parts:
        calendar.add_component(part)
    try:
        return list(recurring_ical_events.of(calendar).between(begin - LONGEST, end))
    except (TooMuch, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
        # Whatever a wrong rule leads the libraries into.
        raise LeftOut("bad_rule") from None


def _event(found: Component, master: Component | None, *, is_series: bool) -> Event:
    start = found["DTSTART"].dt
    stop = _end_of(found, start)
    starts_at, ends_at = _ms(start), _ms(stop)
    first = found.get("RECURRENCE-ID") if is_series else None
    return Event(
        uid=uid_of(found),
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
    status = str(found.get("STATUS", "")).upper()
    if status == "CANCELLED" or is_called_off(str(found.get("SUMMARY", ""))):
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
    found = (one.cats for one in listed(part.get("CATEGORIES")) if not isinstance(one, vBroken))
    return tuple(str(word).strip() for words in found for word in words)


def _client_code(part: Component) -> str | None:
    return str(part.get("X-CLIENT-CODE", "")).strip() or None


def _attendees(part: Component) -> tuple[str, ...]:
    found = (str(one).casefold() for one in listed(part.get("ATTENDEE")))
    return tuple(one.removeprefix("mailto:").strip() for one in found)


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _ms(moment: date) -> int:
    """Give an instant; a day without a time counts from its midnight in UTC."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), UTC)
    return int(moment.timestamp()) * 1000
