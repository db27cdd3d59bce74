"""The schedule from the command line, beside a bot that may be running."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from bot.config import Settings
from bot.core.errors import Refused
from bot.opening import RandomIds, SystemClock, open_database
from bot.services.schedule import By, Schedule, Shown
from bot.services.schedule_changes import PRACTICE, Change, Values

_BY: Final = By(None, is_admin=True)
T = TypeVar("T")


async def shown(settings: Settings, therapist: int | None) -> Shown:
    """Give the practice's schedule, or that of a therapist by Telegram id. Errors: `Refused`."""
    return await _with(settings, therapist, lambda book, owner: book.show(_BY, owner))


async def previewed(settings: Settings, therapist: int | None, wanted: Values) -> Change:
    """Say what setting values would do. Errors: `Refused`."""
    return await _with(settings, therapist, lambda book, owner: book.preview(_BY, owner, wanted))


async def applied(settings: Settings, therapist: int | None, wanted: Values) -> Change:
    """Set values. Errors: `Refused`."""
    return await _with(settings, therapist, lambda book, owner: book.apply(_BY, owner, wanted))


async def last_of(settings: Settings, therapist: int | None) -> Change:
    """Give the newest change of the practice's or a therapist's schedule. Errors: `Refused`."""

    async def find(book: Schedule, owner: int) -> Change:
        found = await book.find(await book.newest(_BY, owner))
        assert found is not None  # noqa: S101 - changes are never deleted
        return found

    return await _with(settings, therapist, find)


async def previewed_undo(settings: Settings, change_id: int) -> Change:
    """Say what taking a change back would do. Errors: `Refused`."""
    return await _with(settings, None, lambda book, _: book.preview_undo(_BY, change_id))


async def undone(settings: Settings, change_id: int) -> Change:
    """Take a change back. Errors: `Refused`."""
    return await _with(settings, None, lambda book, _: book.undo(_BY, change_id))


async def _with(
    settings: Settings, therapist: int | None, act: Callable[[Schedule, int], Awaitable[T]]
) -> T:
    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        book = Schedule(db, clock, RandomIds(), settings)
        owner = PRACTICE if therapist is None else await book.person_of(therapist)
        if owner is None:
            raise Refused("not_yours")
        return await act(book, owner)
    finally:
        await db.close()
