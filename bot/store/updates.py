"""Telegram updates: which were handled, and the ones that had to be set aside."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.store.database import Transaction
from bot.store.practice import practice_sealer
from bot.store.vault import Altered


async def record_seen(tx: Transaction, update_ids: Iterable[int], now: int) -> None:
    """Record updates that changed nothing (read-only or refused), so that they are not redone."""
    for update_id in update_ids:
        await tx.run(
            "INSERT INTO seen_update (update_id, seen_at) VALUES (:update_id, :now)"
            " ON CONFLICT (update_id) DO NOTHING",
            update_id=update_id,
            now=now,
        )


async def set_aside(
    tx: Transaction,
    new_id: int,
    update_id: int | None,
    body: bytes,
    reason: str,
    now: int,
    keep: int,
) -> None:
    """Keep an update that could not be handled, sealed, and count it as handled.

    reason: a class name, never content. keep: the newest so many are kept, older ones go.
    """
    sealer = await practice_sealer(tx)
    if update_id is not None:
        await record_seen(tx, [update_id], now)
    await tx.run(
        "INSERT INTO set_aside (id, update_id, body, reason, set_aside_at)"
        " VALUES (:id, :update_id, :body, :reason, :now)",
        id=new_id,
        update_id=update_id,
        body=sealer.seal(body, "set_aside", "body", new_id),
        reason=reason,
        now=now,
    )
    await tx.run(
        "DELETE FROM set_aside WHERE id IN"
        " (SELECT id FROM set_aside ORDER BY set_aside_at DESC, id DESC"
        " LIMIT 1000000 OFFSET :keep)",
        keep=keep,
    )


async def forget_updates(tx: Transaction, seen_before: int, set_aside_before: int) -> None:
    """Delete what is older than its retention (UTC milliseconds)."""
    await tx.run("DELETE FROM seen_update WHERE seen_at < :before", before=seen_before)
    await tx.run("DELETE FROM set_aside WHERE set_aside_at < :before", before=set_aside_before)


async def forget_set_aside_of(tx: Transaction, telegram_id: int) -> None:
    """Delete what was set aside and has this Telegram id in it, and what cannot be opened."""
    sealer = await practice_sealer(tx)
    named = re.compile(rb"(?<!\d)%d(?!\d)" % telegram_id)
    for row in await tx.all("SELECT id, body FROM set_aside"):
        try:
            body = sealer.open(row["body"], "set_aside", "body", row["id"])
            is_theirs = named.search(body) is not None
        except Altered:
            is_theirs = True  # whose it was, nobody can say
        if is_theirs:
            await tx.run("DELETE FROM set_aside WHERE id = :id", id=row["id"])


async def any_to_forget(tx: Transaction, seen_before: int, set_aside_before: int) -> bool:
    """Say whether anything is older than its retention (UTC milliseconds)."""
    seen = await tx.one(
        "SELECT update_id FROM seen_update WHERE seen_at < :before LIMIT 1", before=seen_before
    )
    if seen is not None:
        return True
    aside = await tx.one(
        "SELECT id FROM set_aside WHERE set_aside_at < :before LIMIT 1", before=set_aside_before
    )
    return aside is not None
