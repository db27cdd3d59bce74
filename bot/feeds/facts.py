"""What a calendar says, as plain facts, and why something is no calendar.

Owns no library: whoever only hands these on does not load what reads a calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from bot.core.shown import on_one_line

MOST_BYTES: Final = 2 * 1024 * 1024

Skip = Literal["cancelled", "all_day", "free", "too_short", "too_long"]


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence; starts_at, ends_at: UTC milliseconds.

    uid: of the event or its series. recurrence: which occurrence of a series, as it was first
    planned, else "". skipped: why it is no appointment.
    """

    uid: str
    recurrence: str
    starts_at: int
    ends_at: int
    skipped: Skip | None = None
    is_series: bool = False
    summary: str = field(default="", repr=False)
    categories: tuple[str, ...] = field(default=(), repr=False)
    client_code: str | None = field(default=None, repr=False)
    attendees: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something in a feed that could not be taken as it stands; the rest was.

    kind: `too_often`, `bad_rule`, `bad_event`, `twice` (another has its uid): an event or series
    that is left out; `zone`: times that were read in another zone; `zone_rule`: so too, since the
    calendar defines the zone by a rule that no clock follows, in that line. about: the event's
    start as it stands there, of a zone the first one's. name: the event's uid, or the zone's name.
    line: where the event begins in the text, the first line being 1; 0 where that is not known.
    """

    kind: Literal["too_often", "bad_rule", "bad_event", "zone", "zone_rule", "twice"]
    about: str
    name: str = field(default="", repr=False)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a calendar says; events in the order of their starts, skipped ones included.

    left_out: the uids of what could not be read, or stands for several things; of what is missing
    under these nothing is known.
    """

    events: tuple[Event, ...]
    troubles: tuple[Trouble, ...] = ()
    left_out: frozenset[str] = field(default=frozenset(), repr=False)


_NO_CALENDAR: Final = {
    "too_large": f"it has more than {MOST_BYTES // 1024 // 1024} MiB. Publish a shorter time, or a"
    " calendar that holds appointments only",
    "empty": "it is empty. Look whether the address still belongs to the calendar",
    "web_page": "it is a web page, perhaps one to sign in. Take the calendar's private ICS address",
    "no_ics": "it does not begin as one. Take the address or file that ends in .ics",
    "cut_off": "its end is missing, so it did not arrive whole. Try again later",
    "unreadable": "it cannot be read. Publish or export it again",
    "too_slow": "it takes too long to read. Publish a shorter time",
}


class NotACalendar(Exception):
    """What came is no calendar; the message says what it looks like and what to do.

    why: a key of `_NO_CALENDAR`.
    """

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(_NO_CALENDAR[why] + (f": {on_one_line(detail)}" if detail else ""))
        self.why = why
        self.detail = detail
