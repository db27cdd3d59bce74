"""News of a calendar, to whoever can do something about it: its therapist, or the admins."""

from __future__ import annotations

from typing import Final

from bot.config import Settings
from bot.core.feeds import Feed
from bot.services.admins import tell_admins
from bot.services.ports import Ids
from bot.services.quiet import outside_quiet
from bot.store import outbox, people
from bot.store.database import Transaction

_TELL_WITHIN_MS: Final = 7 * 86_400_000


async def tell_owner(
    tx: Transaction, feed: Feed, part: str, *, ids: Ids, settings: Settings, now: int
) -> None:
    """Owe a notice about a feed to its therapist, or to the admins where it is the practice's.

    part: which notice, perhaps with `:` and what tells one from another.
    """
    if feed.therapist_id is None:
        await tell_admins(
            tx, part, subject_id=feed.id, pair_id=None, ids=ids, settings=settings, now=now
        )
    else:
        await tell_therapist(tx, feed, feed.therapist_id, part, ids=ids, settings=settings, now=now)


async def tell_therapist(
    tx: Transaction,
    feed: Feed,
    therapist_id: int,
    part: str,
    *,
    ids: Ids,
    settings: Settings,
    now: int,
) -> None:
    """Owe a therapist a notice about a feed, outside the quiet hours."""
    person = await people.load_person(tx, therapist_id)
    await outbox.queue(
        tx,
        id=ids.new(),
        kind="notice",
        subject_id=feed.id,
        part=part,
        person_id=therapist_id,
        due_at=await outside_quiet(tx, settings, person, now),
        expires_at=now + _TELL_WITHIN_MS,
        now=now,
    )
