"""A client's own check-ins as rows, page by page, and what became of the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.store.checkins import SELECT_CHECKIN, CheckIn, read_checkin
from bot.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of an earlier check-in, as far as it is known.

    on: the local day of its session. taken_at: when it was complete, or closed half-way. given_at:
    when the digest with it was sent; None while it waits for one, or where it is not known to have
    arrived. kind, said_at: the most that the therapist has said to it, and when, UTC milliseconds.
    """

    on: str
    taken_at: int
    given_at: int | None
    kind: Literal["read", "talk"] | None
    said_at: int | None


async def checkins_of_pair(tx: Transaction, pair_id: int, limit: int, skip: int) -> list[CheckIn]:
    """List a pair's check-ins that were begun or declined, newest first."""
    rows = await tx.all(
        f"{SELECT_CHECKIN} WHERE checkin.pair_id = :pair_id AND pair.state <> 'erased'"
        " AND checkin.state <> 'cancelled'"
        " AND (checkin.first_answer_at IS NOT NULL OR checkin.state IN"
        " ('did_not_meet', 'withheld', 'expired'))"
        " ORDER BY checkin.due_at DESC LIMIT :limit OFFSET :skip",
        pair_id=pair_id,
        limit=limit,
        skip=skip,
    )
    return [read_checkin(tx, row) for row in rows]


async def heard_of_last(tx: Transaction, checkin: CheckIn) -> Heard | None:
    """Give what became of the answers before this check-in's; None where there were none.

    A digest holds what was completed, or closed half-way, up to its cut-off; what is said on that
    one or a later one is said of these answers too.
    """
    last = await tx.one(
        "SELECT appointment.local_on, coalesce(past.completed_at, past.closed_at) AS taken_at"
        " FROM checkin AS past JOIN appointment ON appointment.id = past.appointment_id"
        " WHERE past.pair_id = :pair_id AND past.due_at < :due_at AND past.id <> :id"
        " AND past.state IN ('open', 'answered', 'partial')"
        " AND coalesce(past.completed_at, past.closed_at) IS NOT NULL"
        " ORDER BY past.due_at DESC LIMIT 1",
        pair_id=checkin.pair_id,
        due_at=checkin.due_at,
        id=checkin.id,
    )
    if last is None:
        return None
    digest = await tx.one(
        "SELECT digest.made_at, (SELECT message.ended_at FROM message"
        "  WHERE message.kind = 'digest' AND message.subject_id = digest.id"
        "  AND message.part = CAST(digest_entry.page AS TEXT) AND message.state = 'sent')"
        "  AS given_at FROM digest JOIN digest_entry ON digest_entry.digest_id = digest.id"
        # A pair is in the digests of its own therapist alone.
        " WHERE digest.therapist_id = (SELECT therapist_id FROM pair WHERE id = :pair_id)"
        " AND digest.cut_at > :taken_at AND digest_entry.pair_id = :pair_id"
        " ORDER BY digest.cut_at LIMIT 1",
        pair_id=checkin.pair_id,
        taken_at=last["taken_at"],
    )
    of_last = last["local_on"], last["taken_at"]
    if digest is None:
        return Heard(*of_last, None, None, None)
    said = await tx.one(
        # Of what the client would rather not talk about there is no more to say than this.
        "SELECT CASE WHEN reply = 'rather_not' THEN 'read' ELSE kind END AS kind,"
        " coalesce(raised_at, made_at) AS said_at FROM acknowledgement"
        " WHERE pair_id = :pair_id AND made_at >= :since_at ORDER BY kind DESC, made_at LIMIT 1",
        pair_id=checkin.pair_id,
        since_at=digest["made_at"],
    )
    if said is None:
        return Heard(*of_last, digest["given_at"], None, None)
    return Heard(*of_last, digest["given_at"], said["kind"], said["said_at"])
