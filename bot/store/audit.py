"""Who did what, without content: rows are added, kept for their time, and never changed."""

from __future__ import annotations

from bot.store.database import Transaction


async def note(
    tx: Transaction,
    new_id: int,
    at: int,
    actor_id: int | None,
    act: str,
    object_kind: str,
    object_id: int,
) -> None:
    """Note an act (a verb phrase such as "digest acknowledged") on an object.

    actor_id: the person, or None for the program and the command line.
    """
    await tx.run(
        "INSERT INTO audit (id, at, actor_id, act, object_kind, object_id)"
        " VALUES (:id, :at, :actor_id, :act, :object_kind, :object_id)",
        id=new_id,
        at=at,
        actor_id=actor_id,
        act=act,
        object_kind=object_kind,
        object_id=object_id,
    )


async def forget(tx: Transaction, before: int) -> None:
    """Delete what is older than the audit's own retention (UTC milliseconds)."""
    await tx.run("DELETE FROM audit WHERE at < :before", before=before)
