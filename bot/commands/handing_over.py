"""Handing over from the command line, beside a bot that may be running."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.config import Settings
from bot.opening import RandomIds, SystemClock, open_database
from bot.services.handing import Handing, Plan, Telling

T = TypeVar("T")


async def previewed(settings: Settings, from_name: str, to_name: str) -> Plan:
    """Say what a handover would mean. Errors: `Refused`."""
    return await _with(settings, lambda handing: handing.preview(from_name, to_name))


async def started(settings: Settings, from_name: str, to_name: str) -> Plan:
    """Let a handover begin in a day. Errors: `Refused`."""
    return await _with(settings, lambda handing: handing.start(from_name, to_name))


async def undone(settings: Settings, from_name: str) -> Telling:
    """Take a handover back that has not begun. Errors: `Refused`."""
    return await _with(settings, lambda handing: handing.undo(from_name))


async def _with(settings: Settings, act: Callable[[Handing], Awaitable[T]]) -> T:
    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        return await act(Handing(db, clock, RandomIds(), settings))
    finally:
        await db.close()
