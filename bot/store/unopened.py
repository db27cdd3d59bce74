"""Digests that nobody has opened since the therapist last did anything with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.store.database import Transaction
from bot.store.digest_rows import ANSWERED_IN_IT

# A digest of silence alone, be it one that stands out, has nothing to read. The last word on any
# digest counts: whoever opens the newest has come back, whatever lies below. One from before a loss
# may have been opened in it.
_LYING: Final = (
    " FROM digest WHERE digest.therapist_id = :therapist_id AND digest.opened_at IS NULL"  # noqa: S608 - fixed text
    " AND digest.made_at > (SELECT coalesce(max(other.opened_at), 0) FROM digest AS other"
    "  WHERE other.therapist_id = :therapist_id)"
    " AND digest.made_at > (SELECT coalesce(max(loss.until_at), 0) FROM loss)"
    " AND EXISTS (SELECT 1 FROM digest_entry WHERE digest_entry.digest_id = digest.id"
    "  AND (digest_entry.standing = 'calm' OR EXISTS (SELECT 1 FROM checkin AS other"
    "   WHERE other.pair_id = digest_entry.pair_id"
    f"   AND other.state IN ('open', 'answered', 'partial') AND {ANSWERED_IN_IT})))"
)


@dataclass(frozen=True, slots=True)
class Lying:
    """Digests that lie unopened: how many of them arrived, and the newest of those."""

    therapist_id: int
    count: int
    newest_id: int


async def lying_digests(tx: Transaction, therapist_id: int, at_most: int) -> list[int]:
    """List a therapist's unopened digests with something to open: the oldest, at most so many."""
    rows = await tx.all(
        f"SELECT digest.id{_LYING} ORDER BY digest.made_at LIMIT :at_most",
        therapist_id=therapist_id,
        at_most=at_most,
    )
    return [row["id"] for row in rows]


async def find_lying(tx: Transaction, digest_id: int) -> Lying | None:
    """Say what lies unopened with a digest, as far as it arrived; None when it was opened."""
    owner = await tx.one("SELECT therapist_id FROM digest WHERE id = :id", id=digest_id)
    if owner is None:
        return None
    rows = await tx.all(
        f"SELECT digest.id{_LYING} AND EXISTS (SELECT 1 FROM message WHERE message.kind = 'digest'"  # noqa: S608 - fixed text
        " AND message.subject_id = digest.id AND message.state = 'sent') ORDER BY digest.made_at",
        therapist_id=owner["therapist_id"],
    )
    ids = [row["id"] for row in rows]
    return Lying(owner["therapist_id"], len(ids), ids[-1]) if digest_id in ids else None
