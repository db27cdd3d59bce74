"""The time zones that calendars name, or define themselves.

Owns which names are known. What is no zone is None, whatever it looks like: one event that says so
must not take its calendar with it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import tzinfo
from typing import Any, Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import icalendar
from icalendar.timezone import tzp
from icalendar.timezone.zoneinfo import ZONEINFO


def zone_named(name: str) -> ZoneInfo | None:
    """Give a zone by its IANA name, None where there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # An OSError too: a name is a path to zoneinfo, and can be that of a folder, or too long.
        return None


def zone_of(name: str) -> tzinfo | None:
    """Give a zone by its IANA or Windows name, or as the calendar at hand defines it."""
    known = zone_named(name)
    if known is not None or not name:
        return known
    found: tzinfo | None = tzp.timezone(name)
    return found


class _Zones(ZONEINFO):
    """icalendar's own zones, without what makes it give up the whole calendar."""

    def timezone(self, name: str) -> tzinfo | None:
        return zone_named(name)

    def knows_timezone_id(self, tzid: str) -> bool:
        return zone_named(tzid) is not None

    def create_timezone(self, tz: Any) -> tzinfo:  # type: ignore[override] # as its own is
        try:
            return super().create_timezone(tz)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
            # Defined wrongly; icalendar looks on as if it were not defined.
            return cast("tzinfo", None)


#: How a clock is put forward and back; what does so within a month is reckoned without end.
_RULE: Final = re.compile(rb"^RRULE\b[^\r\n]*", re.IGNORECASE | re.MULTILINE)
_TURNS: Final = re.compile(rb"FREQ=(?:YEARLY|MONTHLY)\s*(?:;|$)", re.IGNORECASE)
_WITHIN_A_DAY: Final = re.compile(rb"BY(?:HOUR|MINUTE|SECOND)=[^;]*,", re.IGNORECASE)
_NAME: Final = re.compile(rb"^TZID\b[^:\r\n]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


def endless_zone(text: bytes) -> str | None:
    """Give the name of a zone whose definition has a rule that no clock follows, else None."""
    for rule in _RULE.findall(text):
        if not _TURNS.search(rule) or _WITHIN_A_DAY.search(rule):
            named = _NAME.search(text)
            return named[1].decode(errors="replace").strip() if named is not None else ""
    return None


def know_zone(text: bytes) -> None:
    """Let a zone be known that a calendar defines, unless it cannot be read."""
    with suppress(ValueError, KeyError, IndexError, TypeError, AttributeError):
        icalendar.Timezone.from_ical(text)


def use_zones() -> None:
    """Let icalendar know these zones, and none that another calendar has defined."""
    tzp.use(_Zones())
