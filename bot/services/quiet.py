"""Quiet hours: a person's own, else the practice's, in the person's time zone."""

from __future__ import annotations

from bot.config import Settings
from bot.core.people import Person
from bot.core.timetable import after_quiet
from bot.services.in_force import settings_in_force
from bot.store.database import Transaction


async def quiet_of(
    tx: Transaction, settings: Settings, quiet_from: str | None, quiet_to: str | None
) -> tuple[str, str]:
    """Give somebody's quiet hours (HH:MM, local): the own, or the practice's where that is None."""
    checkin = (await settings_in_force(tx, settings)).checkin
    return quiet_from or f"{checkin.quiet_from:%H:%M}", quiet_to or f"{checkin.quiet_to:%H:%M}"


async def outside_quiet(tx: Transaction, settings: Settings, person: Person, at: int) -> int:
    """Give the first instant at or after `at` at which a person may be written to."""
    quiet = await quiet_of(tx, settings, person.quiet_from, person.quiet_to)
    return after_quiet(at, *quiet, person.timezone or settings.practice.timezone)
