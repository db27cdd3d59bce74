"""The practice's closed days from the command line, beside a bot that may be running."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from bot.config import Settings
from bot.core.absence import Absence
from bot.opening import RandomIds, SystemClock, open_database
from bot.services.absence_plans import PRACTICE, Plan
from bot.services.absences import Absences, Listed
from bot.services.schedule import By

_BY: Final = By(None, is_admin=True)
T = TypeVar("T")


async def listed(settings: Settings) -> Listed:
    """List the closed days to come."""
    return await _with(settings, lambda book: book.listed(_BY, PRACTICE))


async def drafted(settings: Settings, typed: str) -> Plan:
    """Say what closing would do; nothing counts yet. Errors: `Refused`."""
    return await _with(settings, lambda book: book.draft(_BY, PRACTICE, typed))


async def agreed(settings: Settings, absence_id: int) -> Plan:
    """Let closed days count that were shown. Errors: `Refused`."""
    return await _with(settings, lambda book: book.agree(_BY, absence_id))


async def removing(settings: Settings, absence_id: int) -> Plan:
    """Say what taking closed days back would do; nothing changes yet. Errors: `Refused`."""
    return await _with(settings, lambda book: book.removing(_BY, absence_id))


async def removed(settings: Settings, absence_id: int) -> Plan:
    """Take closed days back. Errors: `Refused`."""
    return await _with(settings, lambda book: book.remove(_BY, absence_id))


async def found(settings: Settings, on: str) -> Absence | None:
    """Find the closed days to come that a date is one of."""
    standing = await listed(settings)
    return next((one for one in standing.own if one.has(on)), None)


async def _with(settings: Settings, act: Callable[[Absences], Awaitable[T]]) -> T:
    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        return await act(Absences(db, clock, RandomIds(), settings))
    finally:
        await db.close()
