"""Quiet hours: a person's own, else the practice's, in the person's time zone."""

from __future__ import annotations

from bot.config import Settings
from bot.core.people import Person
from bot.core.timetable import after_quiet


def outside_quiet(settings: Settings, person: Person, at: int) -> int:
    """Give the first instant at or after `at` at which a person may be written to."""
    return after_quiet(
        at,
        person.quiet_from or f"{settings.checkin.quiet_from:%H:%M}",
        person.quiet_to or f"{settings.checkin.quiet_to:%H:%M}",
        person.timezone or settings.practice.timezone,
    )
