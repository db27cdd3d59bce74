"""News for the admins: that something waits for them, and never what somebody said or who it was.

An admin stands in the settings alone until there is something to tell; then they become a person
like everybody who is written to.
"""

from __future__ import annotations

from typing import Final

from bot.config import Settings
from bot.services.ports import Ids
from bot.store import outbox, people
from bot.store.database import Transaction

_TELL_WITHIN_MS: Final = 7 * 86_400_000


async def tell_admins(
    tx: Transaction,
    notice: str,
    *,
    subject_id: int,
    pair_id: int | None,
    ids: Ids,
    settings: Settings,
    now: int,
    due_at: int | None = None,
) -> None:
    """Owe every admin a notice, once for each subject and `notice`.

    notice: the name of a template, perhaps with `:` and what tells one from another.
    pair_id: what it is about, so that it goes when the pair is erased; None for no pair. due_at:
    None for now.
    """
    due_at = now if due_at is None else due_at
    for number, telegram_id in enumerate(settings.practice.admins):
        admin = await people.add_person(tx, ids.new(), telegram_id, "", None, now)
        await outbox.queue(
            tx,
            id=ids.new(),
            kind="notice",
            subject_id=subject_id,
            part=f"{notice}:{number}",
            person_id=admin.id,
            pair_id=pair_id,
            due_at=due_at,
            expires_at=due_at + _TELL_WITHIN_MS,
            now=now,
        )
