"""Where a client's usual begins anew, as rows: a mark on a check-in, set and taken back by its own
therapist. No answer is read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Beginning:
    """A check-in with which the usual could begin. on: local date. is_begun: it does already."""

    checkin_id: int
    pair_id: int
    on: str
    is_begun: bool


async def find_code(tx: Transaction, therapist_id: int, pair_id: int) -> str | None:
    """Give the code of a pair of this therapist; None for another's, or an erased one."""
    row = await tx.one(
        "SELECT code FROM pair WHERE id = :pair_id AND therapist_id = :therapist_id"
        " AND state NOT IN ('invited', 'erased')",
        pair_id=pair_id,
        therapist_id=therapist_id,
    )
    return row["code"] if row else None


async def newest_beginnings(
    tx: Transaction, therapist_id: int, pair_id: int, limit: int
) -> tuple[Beginning, ...]:
    """List the newest check-ins that were answered, newest first."""
    return _read(
        await tx.all(
            "SELECT checkin.id, checkin.pair_id, checkin.anew_at, appointment.local_on FROM pair"
            " JOIN checkin ON checkin.pair_id = pair.id"
            " JOIN appointment ON appointment.id = checkin.appointment_id"
            " WHERE pair.id = :pair_id AND pair.therapist_id = :therapist_id"
            " AND pair.state NOT IN ('invited', 'erased') AND checkin.kind = 'session'"
            " AND checkin.state IN ('answered', 'partial')"
            " ORDER BY checkin.due_at DESC LIMIT :limit",
            therapist_id=therapist_id,
            pair_id=pair_id,
            limit=limit,
        )
    )


async def begun(tx: Transaction, therapist_id: int, pair_id: int) -> tuple[Beginning, ...]:
    """List the check-ins with which a pair's usual began anew, newest first."""
    return _read(
        await tx.all(
            "SELECT checkin.id, checkin.pair_id, checkin.anew_at, appointment.local_on FROM pair"
            " JOIN checkin ON checkin.pair_id = pair.id AND checkin.anew_at IS NOT NULL"
            " JOIN appointment ON appointment.id = checkin.appointment_id"
            " WHERE pair.id = :pair_id AND pair.therapist_id = :therapist_id"
            " AND pair.state NOT IN ('invited', 'erased') ORDER BY checkin.due_at DESC",
            therapist_id=therapist_id,
            pair_id=pair_id,
        )
    )


def _read(rows: Sequence[Row]) -> tuple[Beginning, ...]:
    return tuple(
        Beginning(row["id"], row["pair_id"], row["local_on"], row["anew_at"] is not None)
        for row in rows
    )


async def begin_anew(tx: Transaction, therapist_id: int, checkin_id: int, now: int) -> int | None:
    """Let the usual begin with an answered check-in; give its pair, None where nothing changed."""
    row = await tx.one(
        "UPDATE checkin SET anew_at = :now WHERE id = :checkin_id AND kind = 'session'"
        " AND state IN ('answered', 'partial') AND anew_at IS NULL AND pair_id IN"
        " (SELECT id FROM pair WHERE therapist_id = :therapist_id"
        "  AND state NOT IN ('invited', 'erased')) RETURNING pair_id",
        checkin_id=checkin_id,
        therapist_id=therapist_id,
        now=now,
    )
    return row["pair_id"] if row else None


async def take_back(tx: Transaction, therapist_id: int, checkin_id: int) -> int | None:
    """Take such a beginning back; give its pair, None where nothing changed."""
    row = await tx.one(
        "UPDATE checkin SET anew_at = NULL WHERE id = :checkin_id AND anew_at IS NOT NULL"
        " AND pair_id IN (SELECT id FROM pair WHERE therapist_id = :therapist_id"
        "  AND state NOT IN ('invited', 'erased')) RETURNING pair_id",
        checkin_id=checkin_id,
        therapist_id=therapist_id,
    )
    return row["pair_id"] if row else None
