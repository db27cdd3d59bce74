"""The settings in force: config.toml's, with what was set at run time in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.config import Settings
from bot.config.overriding import overridden
from bot.core.absence import Away, Hours, Span
from bot.core.schedule import LEVELS, Held, Source, counting
from bot.core.timetable import local_on
from bot.store import absences
from bot.store import schedule as store
from bot.store.database import Transaction

_HERE: Final = Away()
_CONFIGURED: Final[Mapping[str, Source]] = dict.fromkeys(LEVELS, "config")
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class InForce:
    """Settings as they count for the practice or one therapist, and each value's source.

    digest_since_at: since when the hour of the digest is what it is, by somebody's act. away: what
    keeps the therapist away; within it there is no hour, and one on the evening before.
    """

    settings: Settings
    sources: Mapping[str, Source]
    digest_since_at: int
    away: Away = _HERE

    def latest_digest_at(self, now: int, zone: str) -> int:
        """Give the latest hour of the digest until now (UTC ms)."""
        return self.away.latest_digest(now, self.hours(zone))

    def due_digest_at(self, now: int, zone: str, cut_at: int) -> int | None:
        """Give the hour for which a digest is due, None where none is.

        cut_at: the newest digest's cut-off. An hour that lies before it was chosen is none: the
        first is the next one; but on the evening before an absence there is no next one.
        """
        hour, since_at = self.latest_digest_at(now, zone), self.digest_since_at
        span = self.leaving(hour, zone)
        is_last = span is not None and local_on(since_at, zone) < span.first_on
        return hour if hour > cut_at and (hour > since_at or is_last) else None

    def next_digest_at(self, now: int, zone: str) -> int:
        """Give the first hour of the digest after now (UTC ms)."""
        return self.away.next_digest(now, self.hours(zone))

    def leaving(self, cut_at: int, zone: str) -> Span | None:
        """Give the span before which the digest of this cut-off is the last one."""
        return self.away.leaving_at(cut_at, self.hours(zone))

    def hours(self, zone: str) -> Hours:
        """Give the digest's weekly hour in a zone."""
        digest = self.settings.digest
        return Hours(WEEKDAYS.index(digest.weekday), f"{digest.time:%H:%M}", zone)


async def settings_in_force(
    tx: Transaction, settings: Settings, therapist_id: int | None = None
) -> Settings:
    """Give the settings that count for the practice, or for a therapist."""
    return (await _without_absences(tx, settings, therapist_id)).settings


async def in_force(tx: Transaction, settings: Settings, therapist_id: int | None = None) -> InForce:
    """Give what counts for the practice, or for a therapist, and where it comes from."""
    force = await _without_absences(tx, settings, therapist_id)
    return force if therapist_id is None else replace(force, away=await away_of(tx, therapist_id))


async def _without_absences(
    tx: Transaction, settings: Settings, therapist_id: int | None
) -> InForce:
    owner = store.PRACTICE if therapist_id is None else therapist_id
    return _counted(settings, await store.values_for(tx, owner), therapist_id)


async def each_in_force(tx: Transaction, settings: Settings) -> Callable[[int], InForce]:
    """Give what counts for whichever therapist is asked about, having read it all at once."""
    held, days = await store.values_in_force(tx), await absences.days_by_owner(tx)
    practice = _counted(settings, held, None)

    def of(therapist_id: int) -> InForce:
        force = _counted(settings, held, therapist_id) if therapist_id in held else practice
        own = (*days.get(therapist_id, ()), *days.get(absences.PRACTICE, ()))
        return replace(force, away=Away(own)) if own else force

    return of


async def away_of(tx: Transaction, therapist_id: int) -> Away:
    """Give what keeps a therapist away, without who covers: own absences and closed days."""
    days = await absences.days_by_owner(tx, therapist_id)
    return Away(tuple(absence for own in days.values() for absence in own))


def _counted(
    settings: Settings, held: Mapping[int, Mapping[str, Held]], therapist_id: int | None
) -> InForce:
    ours = held.get(store.PRACTICE, {})
    own = None if therapist_id is None else held.get(therapist_id, {})
    if not ours and not own:
        # As in most practices, and asked several times with every tick.
        return InForce(settings, _CONFIGURED, 0)
    found = {name: counting(name, ours, own) for name in LEVELS}
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
