"""What in a feed cannot be taken as it stands, as rows: told once, and forgotten a day after."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.feeds import Flaw
from bot.store.database import Transaction


async def keep_flaws(
    tx: Transaction, feed_id: int, flaws: Sequence[Flaw], now: int, forget_before: int
) -> None:
    """Keep what a reading has found; what it has not is gone, and forgotten after a while.

    forget_before: what has been gone since before then is forgotten, so that something that comes
    and goes is not news each time.
    """
    there = {flaw.knows for flaw in flaws}
    for row in await tx.all("SELECT knows FROM feed_flaw WHERE feed_id = :id", id=feed_id):
        if row["knows"] not in there:
            await tx.run(
                "UPDATE feed_flaw SET gone_at = coalesce(gone_at, :now)"
                " WHERE feed_id = :id AND knows = :knows",
                id=feed_id,
                knows=row["knows"],
                now=now,
            )
    for flaw in flaws:
        await tx.run(
            "INSERT INTO feed_flaw (feed_id, knows, kind, starts, line)"
            " VALUES (:id, :knows, :kind, :starts, :line) ON CONFLICT (feed_id, knows) DO UPDATE"
            " SET starts = excluded.starts, line = excluded.line, gone_at = NULL",
            id=feed_id,
            knows=flaw.knows,
            kind=flaw.kind,
            starts=flaw.starts,
            line=flaw.line,
        )
    await tx.run(
        "DELETE FROM feed_flaw WHERE feed_id = :id AND gone_at IS NOT NULL"
        " AND (told_at IS NULL OR gone_at < :forget_before)",
        id=feed_id,
        forget_before=forget_before,
    )


async def flaws_of_feed(tx: Transaction, feed_id: int) -> list[Flaw]:
    """List what is there now, in the order of the file."""
    rows = await tx.all(
        "SELECT * FROM feed_flaw WHERE feed_id = :id AND gone_at IS NULL ORDER BY line, starts",
        id=feed_id,
    )
    return [Flaw(row["knows"], row["kind"], row["starts"], row["line"]) for row in rows]


async def note_told(tx: Transaction, feed_id: int, told_before: int, now: int) -> bool:
    """Note that the owner is told of what is new; False where there is nothing to tell yet.

    told_before: not if anything was told since then.
    """
    row = await tx.one(
        "UPDATE feed_flaw SET told_at = :now WHERE feed_id = :id AND told_at IS NULL"
        " AND gone_at IS NULL AND NOT EXISTS (SELECT 1 FROM feed_flaw AS other"
        "  WHERE other.feed_id = :id AND other.told_at > :told_before) RETURNING feed_id",
        id=feed_id,
        told_before=told_before,
        now=now,
    )
    return row is not None
