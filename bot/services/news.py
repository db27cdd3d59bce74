"""News for somebody that may wait for the end of the quiet hours, and soon is worth nothing."""

from __future__ import annotations

from typing import Final

from bot.config import Settings
from bot.services.ports import Ids
from bot.services.quiet import outside_quiet
from bot.store import outbox, people
from bot.store.database import Transaction

_TELL_WITHIN_MS: Final = 7 * 86_400_000


async def tell(
    tx: Transaction,
    person_id: int,
    notice: str,
    *,
    subject_id: int,
    pair_id: int | None = None,
    ids: Ids,
    settings: Settings,
    now: int,
) -> None:
    """Owe somebody a notice outside quiet hours, once for each subject and `notice`.

    notice: the name of a template, perhaps with `:` and what tells one from another.
    pair_id: what it is about, so that it goes when the pair is erased; None for no pair.
    """
    person = await people.load_person(tx, person_id)
    due_at = await outside_quiet(tx, settings, person, now)
    await outbox.queue(
        tx,
        id=ids.new(),
        kind="notice",
        subject_id=subject_id,
        part=notice,
        person_id=person_id,
        pair_id=pair_id,
        due_at=due_at,
        expires_at=due_at + _TELL_WITHIN_MS,
        now=now,
    )
