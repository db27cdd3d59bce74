"""A check-in about somebody else's appointment, as rows: taken away by the therapist whose it was.

The answers stay as they were given, sealed with their own pair's key; nothing here reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.timetable import Entry
from bot.store.database import Transaction
from bot.store.digest_rows import ANSWERED_IN_IT, AT_MOST_MS
from bot.store.timetable import ENTRY, read_entry

#: Why an appointment has no question: it was taken away, or is one that was, come back.
WRONG_CLIENT: Final = "wrong_client"
#: An acknowledgement falls with the check-in it was about, where its digest has no other one.
STANDS: Final = (
    "NOT EXISTS (SELECT 1 FROM digest JOIN checkin AS taken"  # noqa: S608 - fixed text
    " ON taken.pair_id = acknowledgement.pair_id AND taken.state = 'cancelled'"
    " AND coalesce(taken.completed_at, taken.closed_at) >= digest.from_at"
    " AND coalesce(taken.completed_at, taken.closed_at) < digest.cut_at"
    f" AND taken.due_at > digest.from_at - {AT_MOST_MS} AND taken.due_at < digest.cut_at"
    " JOIN appointment AS wrong ON wrong.id = taken.appointment_id"
    f" AND wrong.not_asked_reason = '{WRONG_CLIENT}'"
    " WHERE digest.id = acknowledgement.digest_id AND NOT EXISTS (SELECT 1 FROM checkin AS other"
    f"  WHERE other.pair_id = taken.pair_id AND other.state <> 'cancelled' AND {ANSWERED_IN_IT}))"
)


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
        "UPDATE appointment SET state = 'cancelled', state_at = :now, asked = 'not_asked',"
        " asked_at = coalesce(asked_at, :now), not_asked_reason = :reason WHERE id = :id"
        " AND state IN ('planned', 'did_not_meet') AND starts_at <= :now"
        " AND pair_id IN (SELECT id FROM pair WHERE therapist_id = :therapist_id) RETURNING id",
        id=appointment_id,
        therapist_id=therapist_id,
        reason=WRONG_CLIENT,
        now=now,
    )
    return row is not None


async def was_taken_away(tx: Transaction, pair_id: int, starts_at: int, ends_at: int) -> bool:
    """Say whether a check-in about a session at this time was taken away from this pair before."""
    row = await tx.one(
        "SELECT checkin.id FROM appointment JOIN checkin ON checkin.appointment_id = appointment.id"
        " WHERE appointment.pair_id = :pair_id AND not_asked_reason = :reason"
        " AND starts_at < :ends_at AND ends_at > :starts_at LIMIT 1",
        pair_id=pair_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=WRONG_CLIENT,
    )
    return row is not None


async def leave_unasked(tx: Transaction, appointment_id: int, now: int) -> None:
    """Let nobody be asked about an appointment: its client was, before it was taken away."""
    await tx.run(
        "UPDATE appointment SET asked = 'not_asked', asked_at = :now, not_asked_reason = :reason"
        " WHERE id = :id",
        id=appointment_id,
        reason=WRONG_CLIENT,
        now=now,
    )


async def take_away(
    tx: Transaction, appointment_id: int, therapist_id: int, now: int
) -> Taken | None:
    """Take an appointment's check-in away in whatever state; None where there was none.

    Its message is put right by and by.
    """
    row = await tx.one(
        "UPDATE checkin SET state = 'cancelled', closed_at = coalesce(closed_at, :now),"
        " folded_at = NULL, anew_at = NULL WHERE appointment_id = :id AND kind = 'session'"
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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pair stands in a digest that was sent. message: Telegram's number of its page."""

    digest_id: int
    page: int
    message: int


async def newest_place(tx: Transaction, therapist_id: int, pair_id: int) -> Place | None:
    """Find the newest page on a therapist's phone that a pair stands on."""
    row = await tx.one(
        "SELECT digest.id, digest_entry.page, message.telegram_message FROM digest_entry"
        " JOIN digest ON digest.id = digest_entry.digest_id"
        " JOIN message ON message.kind = 'digest' AND message.subject_id = digest.id"
        " AND message.part = CAST(digest_entry.page AS TEXT) AND message.state = 'sent'"
        " WHERE digest_entry.pair_id = :pair_id AND digest.therapist_id = :therapist_id"
        " AND message.telegram_message IS NOT NULL ORDER BY digest.cut_at DESC LIMIT 1",
        pair_id=pair_id,
        therapist_id=therapist_id,
    )
    return Place(row["id"], row["page"], row["telegram_message"]) if row else None
