"""Counts and ages that say whether the program does its work; never whose or what."""

from __future__ import annotations

from bot.core.health import Kept
from bot.store.database import Transaction
from bot.store.losses import newest_loss
from bot.store.practice import last_seen_at


async def count_what_waits(tx: Transaction, now: int, overdue_before: int, wall: int) -> Kept:
    """Count what waits too long.

    now, wall: the program's time and the machine's, UTC milliseconds. overdue_before: what should
    have gone out before then is overdue.
    """
    newest = await newest_loss(tx)
    is_on_hold = newest is not None and newest.resumed_at is None
    overdue, since = await _oldest(
        tx,
        "SELECT count(*) AS many, min(at) AS oldest FROM"
        " (SELECT due_at AS at FROM message WHERE state = 'queued' AND due_at < :before"
        "  UNION ALL SELECT claimed_at FROM message WHERE state = 'sending'"
        "  AND claimed_at < :before) AS late",
        before=overdue_before,
    )
    erasures, asked = await _oldest(
        tx,
        "SELECT count(*) AS many, min(erase_asked_at) AS oldest FROM pair"
        " WHERE erase_asked_at IS NOT NULL AND state <> 'erased'",
    )
    set_aside, _ = await _oldest(
        tx, "SELECT count(*) AS many, min(set_aside_at) AS oldest FROM set_aside"
    )
    return Kept(
        # On hold, nothing is to go out.
        overdue=0 if is_on_hold else overdue,
        overdue_for=0.0 if is_on_hold else _seconds(now, since),
        erasures=erasures,
        erasures_for=_seconds(now, asked),
        behind=max(0.0, (await last_seen_at(tx) - wall) / 1000),
        set_aside=set_aside,
        held_for=_seconds(now, newest.until_at) if newest and is_on_hold else None,
    )


async def _oldest(tx: Transaction, sql: str, **values: object) -> tuple[int, int | None]:
    row = await tx.one(sql, **values)
    return (row["many"], row["oldest"]) if row else (0, None)


def _seconds(now: int, since: int | None) -> float:
    return 0.0 if since is None else max(0.0, (now - since) / 1000)
