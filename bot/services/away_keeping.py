"""Keeping the timetable true to absences, within whatever act changes either of the two.

What an absence has cancelled comes back when the absence does not hold any more, unless it was
cancelled otherwise as well. Refuses to touch what a client has been asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.config import Settings
from bot.core.absence import Absence, Away
from bot.core.timetable import day_after, local_on, to_utc
from bot.services.in_force import away_of
from bot.store import absences as store
from bot.store import people
from bot.store.database import Transaction

#: What is over so long is not looked at any more.
_LOOKED_AT_DAYS: Final = 40


async def zone_of(tx: Transaction, therapist_id: int, settings: Settings) -> str:
    """Give the time zone in which a therapist's days begin."""
    return (await people.load_person(tx, therapist_id)).timezone or settings.practice.timezone


async def absence_of(
    tx: Transaction, settings: Settings, therapist_id: int, starts_at: int
) -> Absence | None:
    """Give the absence that a therapist's session which starts at an instant falls into."""
    away = await away_of(tx, therapist_id)
    if not away.absences:
        return None
    return away.taking(starts_at, await zone_of(tx, therapist_id, settings))


async def keep(
    tx: Transaction,
    settings: Settings,
    therapist_id: int,
    now: int,
    back_from_at: int | None = None,
) -> None:
    """Cancel what lies in a therapist's absences, and bring back what no longer does.

    back_from_at: also what has begun since then; None for what is still to begin. Whoever comes
    back earlier has missed what would have been until then.
    """
    away = await away_of(tx, therapist_id)
    zone = await zone_of(tx, therapist_id, settings)
    today = local_on(now, zone)
    since_at = now + 1 if back_from_at is None else back_from_at
    for session in await store.sessions_cancelled(tx, therapist_id, since_at):
        if away.on(local_on(session.starts_at, zone)) is None:
            await store.bring_back(tx, session.id, now)
    for session in await sessions_in(tx, away, therapist_id, zone, today):
        absence = away.taking(session.starts_at, zone)
        if absence is not None:
            await store.cancel(tx, session.id, absence.id, now)


async def planned_again(
    tx: Transaction, gone: Sequence[Absence], therapist_id: int, zone: str, now: int
) -> tuple[str, ...]:
    """List the codes of what is planned from now on in days that are not off any more."""
    found = {
        session.id: session.code
        for days in gone
        for session in await store.sessions_to_come(
            tx,
            therapist_id,
            max(now + 1, to_utc(days.first_on, "00:00", zone)),
            to_utc(day_after(days.last_on), "00:00", zone),
        )
    }
    return tuple(found.values())


async def sessions_in(
    tx: Transaction, away: Away, therapist_id: int, zone: str, today: str
) -> list[store.Session]:
    """List what lies in absences and is planned still, by time."""
    from_on = day_after(today, -_LOOKED_AT_DAYS)
    lasting = [one for one in away.absences if one.last_on >= from_on]
    if not lasting:
        return []
    first_on = max(from_on, min(one.first_on for one in lasting))
    last_on = max(one.last_on for one in lasting)
    found = await store.sessions_to_come(
        tx,
        therapist_id,
        to_utc(first_on, "00:00", zone),
        to_utc(day_after(last_on), "00:00", zone),
    )
    return [one for one in found if away.taking(one.starts_at, zone) is not None]
