"""Calendars written by hand, as short as they can be."""

from __future__ import annotations

from bot.core.timetable import to_utc
from bot.feeds.facts import Event, Reading
from bot.feeds.ics import read

ZONE = "Europe/Berlin"
FROM = to_utc("2026-10-01", "00:00", ZONE)
TO = to_utc("2027-01-01", "00:00", ZONE)


def calendar(*events: str, head: str = "") -> bytes:
    """Write a calendar; each event is its lines, an `UID:1` when it has none."""
    body = "".join(f"BEGIN:VEVENT\n{_named(event)}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//a//b//EN\n{head}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def _named(event: str) -> str:
    event = event.strip()
    return event if "UID:" in event else f"UID:1\n{event}"


def reading(*events: str, head: str = "", zone: str = ZONE) -> Reading:
    """Read such a calendar from October to December."""
    return read(calendar(*events, head=head), zone=zone, from_at=FROM, to_at=TO)


def starts(found: Reading | tuple[Event, ...], zone: str = ZONE) -> list[str]:
    """Give when the appointments start, as the practice's clock says."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    events = found.events if isinstance(found, Reading) else found
    at = [
        datetime.fromtimestamp(e.starts_at / 1000, ZoneInfo(zone)) for e in events if not e.skipped
    ]
    return [f"{one:%m-%d %H:%M}" for one in at]
