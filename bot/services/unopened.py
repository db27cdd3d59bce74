"""Digests that lie unopened: the therapist is reminded once, then the admins are told of it.

They are told that and whose, never what is in them. What the client is told stands in the
thank-you (`bot.store.history`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bot.config import Settings
from bot.services.acts import reads
from bot.services.admins import tell_admins
from bot.services.ports import Ids
from bot.store import outbox, people
from bot.store import unopened as store
from bot.store.database import Database, Transaction

DAY_MS: Final = 86_400_000
#: A digest may be read on the Monday after; it is asked about at its own hour, three days on.
RESTS_MS: Final = 3 * DAY_MS
#: So many in a row, and the therapist is reminded; so many, and the admins are told.
REMINDED_AFTER: Final = 2
TOLD_AFTER: Final = 3


@dataclass(frozen=True, slots=True)
class Unopened:
    """What lies unopened with a therapist, and the newest digest of it."""

    therapist_name: str = field(repr=False)
    count: int
    newest_id: int


async def owe_reminders(
    tx: Transaction, therapist_id: int, *, ids: Ids, settings: Settings, now: int
) -> None:
    """Owe the reminders that the digest just made would give cause for, if it is left alone.

    Each is owed once for digests in a row, and does not go out when one of them is opened first.
    """
    lying = await store.lying_digests(tx, therapist_id, TOLD_AFTER)
    if len(lying) >= REMINDED_AFTER:
        await outbox.queue(
            tx,
            id=ids.new(),
            kind="notice",
            subject_id=lying[0],
            part="unopened",
            person_id=therapist_id,
            due_at=now + RESTS_MS,
            expires_at=now + 2 * RESTS_MS,
            now=now,
        )
    if len(lying) >= TOLD_AFTER:
        await tell_admins(
            tx, "unopened_admin", subject_id=lying[0], pair_id=None,
            ids=ids, settings=settings, now=now, due_at=now + RESTS_MS,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnopenedDigests:
    """Reads what a reminder says at the moment it goes out."""

    db: Database

    @reads
    async def find(self, tx: Transaction, digest_id: int, at_least: int) -> Unopened | None:
        """Give what lies unopened with a digest; None when it was opened, or too few arrived."""
        lying = await store.find_lying(tx, digest_id)
        if lying is None or lying.count < at_least:
            return None
        therapist = await people.load_person(tx, lying.therapist_id)
        return Unopened(therapist.name, lying.count, lying.newest_id)
