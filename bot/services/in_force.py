"""The settings in force: config.toml's, with what was set at run time in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.config.overriding import overridden
from bot.core.schedule import LEVELS, Held, Source, counting
from bot.core.timetable import latest_weekly, next_weekly
from bot.store import schedule as store
from bot.store.database import Transaction

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class InForce:
    """Settings as they count for the practice or one therapist, and each value's source.

    digest_since_at: when the hour of the digest last became another one by somebody's act.
    """

    settings: Settings
    sources: dict[str, Source]
    digest_since_at: int

    def latest_digest_at(self, now: int, zone: str) -> int:
        """Give the latest hour of the digest until now (UTC ms)."""
        digest = self.settings.digest
        weekday = WEEKDAYS.index(digest.weekday)
        return latest_weekly(now, weekday, f"{digest.time:%H:%M}", zone)

    def next_digest_at(self, now: int, zone: str) -> int:
        """Give the first hour of the digest after now (UTC ms)."""
        digest = self.settings.digest
        weekday = WEEKDAYS.index(digest.weekday)
        return next_weekly(now, weekday, f"{digest.time:%H:%M}", zone)


async def settings_in_force(
    tx: Transaction, settings: Settings, therapist_id: int | None = None
) -> Settings:
    """Give the settings that count for the practice, or for a therapist."""
    return (await in_force(tx, settings, therapist_id)).settings


async def in_force(tx: Transaction, settings: Settings, therapist_id: int | None = None) -> InForce:
    """Give what counts for the practice, or for a therapist, and where it comes from."""
    owner = store.PRACTICE if therapist_id is None else therapist_id
    return _counted(settings, await store.values_for(tx, owner), therapist_id)


async def each_in_force(tx: Transaction, settings: Settings) -> Callable[[int], InForce]:
    """Give what counts for whichever therapist is asked about, having read it all at once."""
    held = await store.values_in_force(tx)
    practice = _counted(settings, held, None)
    return lambda one: _counted(settings, held, one) if one in held else practice


def _counted(
    settings: Settings, held: Mapping[int, Mapping[str, Held]], therapist_id: int | None
) -> InForce:
    own = None if therapist_id is None else held.get(therapist_id, {})
    found = {name: counting(name, held.get(store.PRACTICE, {}), own) for name in LEVELS}
    values = {name: one.value for name, one in found.items() if one.value is not None}
    return InForce(
        overridden(settings, values) if values else settings,
        {name: one.source for name, one in found.items()},
        max(found[name].since_at for name in ("digest.weekday", "digest.time")),
    )


async def most_per_week(tx: Transaction, settings: Settings) -> int:
    """Give how many check-ins a week a pair can have had: the highest cap there ever was."""
    ever = await store.highest(tx, "checkin.per_week")
    return max(settings.checkin.per_week, ever)
