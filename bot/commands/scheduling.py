"""The schedule from the command line, beside a bot that may be running."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.config import Settings
from bot.config.mistakes import Mistake
from bot.config.overriding import clashes, written
from bot.core.errors import Refused
from bot.opening import RandomIds, SystemClock, fit, open_database
from bot.services.in_force import in_force
from bot.services.schedule import By, Schedule, Shown
from bot.services.schedule_changes import PRACTICE, Change, Values
from bot.store.database import Database, Transaction
from bot.store.digests import weekly_hours
from bot.store.migrate import has_this_shape
from bot.store.people import load_person
from bot.store.vault import load_vaults

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


@dataclass(frozen=True, slots=True)
class Standing:
    """A value that was set at run time, and counts in the place of config.toml's.

    whose: the therapist's name, None for the practice. wrong: what does not fit beside it.
    """

    name: str
    value: str
    in_file: str
    whose: str | None
    wrong: tuple[Mistake, ...]


async def standing(settings: Settings) -> list[Standing] | None:
    """List what was set at run time; None for a database of another version, which stays as it is.

    Errors: `KeyProblem`, also where the key is not this database's; `Unavailable`.
    """
    clock, vaults = SystemClock(), load_vaults(settings.keys.master_key_file)
    db = await Database.open(settings.database.path, vaults[0], clock.now, alone=False)
    try:
        await fit(db, vaults)
        if not await db.read(has_this_shape):
            return None
        return await db.read(lambda tx: _standing(tx, settings))
    finally:
        await db.close()


async def _standing(tx: Transaction, settings: Settings) -> list[Standing]:
    owners: list[tuple[int | None, str | None]] = [(None, None)]
    for weekly in await weekly_hours(tx):
        owners.append((weekly.therapist_id, (await load_person(tx, weekly.therapist_id)).name))
    found = []
    for owner_id, whose in owners:
        force = await in_force(tx, settings, owner_id)
        level = "practice" if owner_id is None else "therapist"
        for name, source in force.sources.items():
            if source == level:
                value, in_file = written(force.settings, name), written(settings, name)
                wrong = clashes(force.settings, [name])
                found.append(Standing(name, value, in_file, whose, wrong))
    return found


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
