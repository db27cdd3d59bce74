"""How check-ins end: by what was said, by time, or with their pair. The first end wins, for good.

Whatever is still queued about one goes with it, and its message is put right afterwards.
"""

from __future__ import annotations

from bot.store.checkins import CheckIn, State
from bot.store.database import Transaction


async def close(
    tx: Transaction, checkin_id: int, state: State, now: int, *, seen: bool = False
) -> bool:
    """Close an open check-in and drop what is queued about it; the first closing wins.

    seen: its message shows this already, as the answer to a tap.
    """
    row = await tx.one(
        "UPDATE checkin SET state = :state, closed_at = :now, folded_at = :folded_at"
        " WHERE id = :id AND state = 'open' RETURNING id",
        id=checkin_id,
        state=state,
        now=now,
        folded_at=now if seen else None,
    )
    if row is None:
        return False
    await tx.run(
        "UPDATE message SET state = 'dropped', reason = 'closed', ended_at = :now"
        " WHERE subject_id = :id AND kind IN ('prompt', 'reminder') AND state = 'queued'",
        id=checkin_id,
        now=now,
    )
    return True


async def withdraw(tx: Transaction, checkin: CheckIn, reason: str, now: int) -> None:
    """Take back a check-in that never went out, and note why its session is not asked about."""
    if not await close(tx, checkin.id, "cancelled", now):
        return
    await tx.run(
        "UPDATE appointment SET asked = 'not_asked', asked_at = :now, not_asked_reason = :reason"
        " WHERE id = :id",
        id=checkin.appointment_id,
        now=now,
        reason=reason,
    )


async def end_unfinished(tx: Transaction, pair_id: int, now: int, *, begun: bool) -> None:
    """Cancel a pair's open check-ins that nobody began.

    begun: let those that were begun end with what they have as well.
    """
    rows = await tx.all(
        "SELECT id, first_answer_at FROM checkin WHERE pair_id = :pair_id AND state = 'open'"
        " AND completed_at IS NULL",
        pair_id=pair_id,
    )
    for row in rows:
        if row["first_answer_at"] is None:
            await close(tx, row["id"], "cancelled", now)
        elif begun:
            await close(tx, row["id"], "partial", now)


async def end_all(tx: Transaction, pair_id: int, now: int) -> None:
    """Close every open check-in of a pair with what it has; nobody is asked any more."""
    rows = await tx.all(
        "SELECT id, CASE WHEN completed_at IS NOT NULL THEN 'answered'"
        " WHEN first_answer_at IS NOT NULL THEN 'partial' ELSE 'cancelled' END AS ending"
        " FROM checkin WHERE pair_id = :pair_id AND state = 'open'",
        pair_id=pair_id,
    )
    for row in rows:
        await close(tx, row["id"], row["ending"], now)


async def next_unfolded(tx: Transaction) -> int | None:
    """Give a closed check-in whose message still looks open."""
    row = await tx.one(
        "SELECT id FROM checkin WHERE folded_at IS NULL AND closed_at IS NOT NULL"
        " AND telegram_message IS NOT NULL ORDER BY closed_at LIMIT 1"
    )
    return row["id"] if row else None


async def note_folded(tx: Transaction, checkin_id: int, now: int) -> None:
    """Note that a closed check-in's message is being put right."""
    await tx.run("UPDATE checkin SET folded_at = :now WHERE id = :id", id=checkin_id, now=now)


async def over(tx: Transaction, now: int, *, limit: int) -> list[int]:
    """List open check-ins whose time is over, the longest over first, at most `limit`; -1: all."""
    rows = await tx.all(
        "SELECT id FROM checkin WHERE state = 'open' AND closes_at <= :now"
        " ORDER BY closes_at LIMIT :limit",
        now=now,
        limit=limit,
    )
    return [row["id"] for row in rows]
