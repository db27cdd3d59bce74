"""A client's own check-ins as rows, page by page."""

from __future__ import annotations

from bot.store.checkins import SELECT_CHECKIN, CheckIn, read_checkin
from bot.store.database import Transaction


async def checkins_of_pair(tx: Transaction, pair_id: int, limit: int, skip: int) -> list[CheckIn]:
    """List a pair's check-ins that were begun or declined, newest first."""
    rows = await tx.all(
        f"{SELECT_CHECKIN} WHERE checkin.pair_id = :pair_id AND pair.state <> 'erased'"
        " AND (checkin.first_answer_at IS NOT NULL OR checkin.state IN"
        " ('did_not_meet', 'withheld', 'expired'))"
        " ORDER BY checkin.due_at DESC LIMIT :limit OFFSET :skip",
        pair_id=pair_id,
        limit=limit,
        skip=skip,
    )
    return [read_checkin(tx, row) for row in rows]
