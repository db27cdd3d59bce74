"""Erasing a pair: its key first, then its rows. What stays is a code that is never used again."""

from __future__ import annotations

from typing import Final

from bot.store.database import Transaction

_OF_CHECKINS: Final = ("answer", "answer_earlier", "mirror_rating")
_OF_PAIR: Final = (
    "checkin", "digest_entry", "acknowledgement", "message", "invitation", "consent",
    "goal_wanted", "goal",
)  # fmt: skip


async def erase_pair(tx: Transaction, pair_id: int, now: int) -> int | None:
    """Erase a pair; give who the client was, None when it had been erased before.

    The data key goes first: even a copy of the rows cannot be read without it.
    """
    was = await tx.one("SELECT client_id FROM pair WHERE id = :id", id=pair_id)
    row = await tx.one(
        "UPDATE pair SET data_key = NULL, client_id = NULL, state = 'erased', erased_at = :now"
        " WHERE id = :id AND state <> 'erased' RETURNING id",
        id=pair_id,
        now=now,
    )
    if was is None or row is None:
        return None
    for table in _OF_CHECKINS:
        await tx.run(
            f"DELETE FROM {table} WHERE checkin_id IN"  # noqa: S608 - names of ours
            " (SELECT id FROM checkin WHERE pair_id = :id)",
            id=pair_id,
        )
    for table in _OF_PAIR:
        await tx.run(f"DELETE FROM {table} WHERE pair_id = :id", id=pair_id)  # noqa: S608
    await tx.run("UPDATE appointment SET moved_to = NULL WHERE pair_id = :id", id=pair_id)
    await tx.run("DELETE FROM appointment WHERE pair_id = :id", id=pair_id)
    await tx.run("DELETE FROM rule WHERE pair_id = :id", id=pair_id)
    client_id: int | None = was["client_id"]
    if client_id is not None:
        await _forget_person(tx, client_id)
    return client_id


async def _forget_person(tx: Transaction, person_id: int) -> None:
    """Cut off a person whom nothing else connects with the practice."""
    await tx.run(
        "UPDATE person SET telegram = NULL, telegram_index = NULL, name = NULL, language = NULL,"
        " language_hint = NULL, timezone = NULL, quiet_from = NULL, quiet_to = NULL"
        " WHERE id = :id"
        " AND NOT EXISTS (SELECT 1 FROM pair WHERE pair.client_id = :id)"
        " AND NOT EXISTS (SELECT 1 FROM role WHERE role.person_id = :id AND ended_at IS NULL)",
        id=person_id,
    )


async def find_expired_pair(tx: Transaction, ended_before: int) -> int | None:
    """Give a pair that ended so long ago that its retention is over."""
    row = await tx.one(
        "SELECT id FROM pair WHERE state = 'ended' AND ended_at < :before LIMIT 1",
        before=ended_before,
    )
    return row["id"] if row else None
