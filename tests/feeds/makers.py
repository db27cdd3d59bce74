"""Calendars as their makers write them: zones, series or single events, properties.

Each text is ours, in the shape of the maker's export. All of them have a session of A7 at 15:00 in
Berlin, on each of some days a week apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.core.timetable import to_utc

ZONE = "Europe/Berlin"
BERLIN = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""


def local(on: str, at: str = "15:00") -> str:
    """Write a local time as calendars do: 2026-11-02, 15:00 → 20261102T150000."""
    return f"{on.replace('-', '')}T{at.replace(':', '')}00"


def utc(on: str, at: str = "15:00") -> str:
    """Write a local time of Berlin as calendars write UTC."""
    moment = datetime.fromtimestamp(to_utc(on, at, ZONE) / 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}"


def whole(*texts: str) -> bytes:
    """Make a calendar of what stands in one."""
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{''.join(texts)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


@dataclass(frozen=True)
class Series:
    """A maker whose sessions are one weekly series in local time. tag: what each of them says."""

    head: str
    zone: str
    tag: str

    def of(self, days: Sequence[str]) -> bytes:
        """Write the sessions of some days."""
        return self.text(days[0])

    def text(self, first: str, *more: str, also: Sequence[str] = (), uid: str = "s-1") -> bytes:
        """Write the series from a day on. more: further lines of it; also: further events."""
        master = self.event(first, "RRULE:FREQ=WEEKLY", *more, uid=uid)
        zone = BERLIN.format(name=self.zone.strip('"'))
        return whole(self.head, zone, master, *also)

    def event(self, on: str, *more: str, at: str = "15:00", tag: str = "", uid: str = "s-1") -> str:
        """Write an event. tag: what it says instead of the maker's."""
        hour = int(at[:2])
        lines = [f"UID:{uid}", f"DTSTART;TZID={self.zone}:{local(on, at)}",
                 f"DTEND;TZID={self.zone}:{local(on, f'{hour:02}:50')}"]  # fmt: skip
        return "\n".join(["BEGIN:VEVENT", *lines, tag or self.tag, *more, "END:VEVENT\n"])

    def date(self, on: str, to: str, *more: str, at: str = "15:00", tag: str = "") -> str:
        """Write another version of one date of the series. on: the date; to, at: where it is."""
        first = f"RECURRENCE-ID;TZID={self.zone}:{local(on)}"
        return self.event(to, first, *more, at=at, tag=tag)

    def without(self, on: str) -> str:
        """Write the line that takes a date out of the series."""
        return f"EXDATE;TZID={self.zone}:{local(on)}"


@dataclass(frozen=True)
class Single:
    """A practice system: each session is an event for itself, in UTC. lines: what each says."""

    head: str
    lines: tuple[str, ...]

    def of(self, days: Sequence[str]) -> bytes:
        """Write the sessions of some days."""
        return whole(self.head, *(self.event(str(n), on) for n, on in enumerate(days)))

    def event(self, uid: str, on: str, *more: str, at: str = "15:00", said: str = "") -> str:
        """Write an event. said: its lines instead of the maker's."""
        lines = said or "\n".join(self.lines)
        return "\n".join(
            [
                "BEGIN:VEVENT",
                f"UID:{uid}@system.example",
                "DTSTAMP:20260101T000000Z",
                f"DTSTART:{utc(on, at)}",
                f"DTEND:{utc(on, f'{at[:2]}:50')}",
                lines,
                *more,
                "END:VEVENT\n",
            ]
        )


GOOGLE = Series(
    "PRODID:-//Google Inc//Google Calendar 70.9054//EN\nX-WR-TIMEZONE:Europe/Berlin\n",
    "Europe/Berlin",
    "SUMMARY:[A7] online\nSTATUS:CONFIRMED\nTRANSP:OPAQUE\nATTENDEE;CN=x:mailto:x@example.org",
)
OUTLOOK = Series(
    "METHOD:PUBLISH\nPRODID:Microsoft Exchange Server 2010\nX-WR-CALNAME:Calendar\n",
    '"W. Europe Standard Time"',
    "SUMMARY:[A7]\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\nCLASS:PUBLIC",
)
APPLE = Series(
    "PRODID:-//Apple Inc.//macOS 14.0//EN\nX-APPLE-CALENDAR-COLOR:#1BADF8\n",
    "Europe/Berlin",
    "SUMMARY:Session\nCATEGORIES:client:A7\nX-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC",
)
NEXTCLOUD = Series(
    "PRODID:-//IDN nextcloud.com//Calendar app 4.5//EN\nCALSCALE:GREGORIAN\n",
    "Europe/Berlin",
    "CATEGORIES:Work,client:A7\nSUMMARY:x",
)
JANE = Single("PRODID:-//Jane//EN\n", ("SUMMARY:[A7] Initial visit", "STATUS:CONFIRMED"))
CLINIKO = Single("PRODID:-//Cliniko//EN\nX-WR-CALNAME:x\n", ("SUMMARY:[A7]", "DESCRIPTION:x"))
OWL = Single("PRODID:-//Owl Practice//EN\n", ("SUMMARY:Session [A7]", "X-CLIENT-CODE:A7"))
SESSIONS = Single("PRODID:-//Sessions//EN\n", ("SUMMARY:Client [A7]", "LOCATION:x"))
APPOINTMENT = Single("PRODID:icalendar-ruby\n", ("SUMMARY:[A7]", "SEQUENCE:0"))
NOTES = Single(
    "PRODID:-//TherapyNotes//EN\nMETHOD:PUBLISH\n", ("SUMMARY:Appt with [A7]", "CLASS:PRIVATE")
)
MAKERS: dict[str, Series | Single] = {
    "Google": GOOGLE,
    "Outlook": OUTLOOK,
    "Apple": APPLE,
    "Nextcloud": NEXTCLOUD,
    "Jane": JANE,
    "Cliniko": CLINIKO,
    "Owl": OWL,
    "Sessions Health": SESSIONS,
    "TherapyAppointment": APPOINTMENT,
    "TherapyNotes": NOTES,
}
#: With this each of them is understood.
SETTINGS = "[calendar]\nprivate_addresses = true\nsummary_pattern = '\\[(?P<code>[A-Z0-9-]+)\\]'\n"
