"""A check-in about somebody else's appointment, as rows: taken away by the therapist whose it was.

The answers stay as they were given, sealed with their own pair's key; nothing here reads them.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.timetable import Entry
from bot.store.database import Transaction
from bot.store.timetable import ENTRY, read_entry


@dataclass(frozen=True, slots=True)
class Taken:
    """A check-in that was taken away. was_sent: its client has seen it, or may have."""

    checkin_id: int
    was_sent: bool


async def begun_of_pair(
    tx: Transaction, therapist_id: int, pair_id: int, now: int, limit: int
) -> list[Entry]:
    """List the newest appointments of a therapist's pair that have begun and stand.

    The newest comes first.
    """
    rows = await tx.all(
        f"{ENTRY} WHERE pair.id = :pair_id AND pair.therapist_id = :therapist_id"
        " AND appointment.starts_at <= :now AND appointment.state IN ('planned', 'did_not_meet')"
        " ORDER BY appointment.starts_at DESC LIMIT :limit",
        pair_id=pair_id,
        therapist_id=therapist_id,
        now=now,
        limit=limit,
    )
    return [read_entry(row) for row in rows]


async def call_off(tx: Transaction, appointment_id: int, therapist_id: int, now: int) -> bool:
    """Take a begun appointment off a therapist's calendar; False where it does not stand."""
    row = await tx.one(
        "UPDATE appointment SET state = 'cancelled', state_at = :now WHERE id = :id"
        " AND state IN ('planned', 'did_not_meet') AND starts_at <= :now"
        " AND pair_id IN (SELECT id FROM pair WHERE therapist_id = :therapist_id) RETURNING id",
        id=appointment_id,
        therapist_id=therapist_id,
        now=now,
    )
    return row is not None


async def take_away(
    tx: Transaction, appointment_id: int, therapist_id: int, now: int
) -> Taken | None:
    """Take an appointment's check-in away in whatever state; None where there was none.

    Its message is put right by and by.
    """
    row = await tx.one(
        "UPDATE checkin SET state = 'cancelled', closed_at = coalesce(closed_at, :now),"
        " folded_at = NULL WHERE appointment_id = :id AND kind = 'session'"
        " AND state <> 'cancelled' AND pair_id IN"
        " (SELECT id FROM pair WHERE therapist_id = :therapist_id)"
        " RETURNING id, sent_at, (SELECT count(*) FROM message WHERE kind = 'prompt'"
        "  AND subject_id = checkin.id AND state IN ('sending', 'unknown')) AS perhaps",
        id=appointment_id,
        therapist_id=therapist_id,
        now=now,
    )
    if row is None:
        return None
    return Taken(row["id"], row["sent_at"] is not None or row["perhaps"] > 0)
