"""Messages in professionals' chats that close by themselves: what was opened, and older digests.

They are owed another text as those of the erased are (`redactions`), which go before them. Refuses
to say what a message shows then; that is made when its turn comes.
"""

from __future__ import annotations

from typing import Final

from bot.store.database import Transaction
from bot.store.redactions import Form, Redaction

#: A newer one has arrived: the newest that is there never collapses.
_IS_OLDER: Final = (
    "EXISTS (SELECT 1 FROM digest AS newer JOIN message AS arrived ON arrived.kind = 'digest'"
    " AND arrived.subject_id = newer.id AND arrived.state = 'sent'"
    " WHERE newer.therapist_id = digest.therapist_id AND newer.number > digest.number)"
)
_TAPPED_AGAIN: Final = (
    " ON CONFLICT (person_id, telegram_message) WHERE why = 'open' DO UPDATE SET"
    " digest_id = excluded.digest_id, page = excluded.page, pair_id = excluded.pair_id,"
    " form = excluded.form, owed_at = excluded.owed_at, due_at = excluded.due_at, attempts = 0,"
    " again = redaction.again + 1"
)


async def close_digest_later(
    tx: Transaction,
    *,
    id: int,
    person_id: int,
    digest_id: int,
    page: int | None,
    pair_id: int | None,
    telegram_message: int,
    now: int,
    due_at: int,
) -> None:
    """Owe a message of a therapist's own digest its page again, or its line, from `due_at` on.

    pair_id: whose details stand in it now. page: where it is None, the page on which that pair
    stands. A page alone of the newest digest stays and is owed nothing.
    """
    await tx.run(
        "INSERT INTO redaction"  # noqa: S608 - ours
        " (id, person_id, digest_id, page, telegram_message, why, owed_at, due_at)"
        " SELECT :id, :person_id, digest.id, coalesce(:page, (SELECT page FROM digest_entry"
        "  WHERE digest_id = digest.id AND pair_id = :pair_id), 1),"
        " :telegram_message, 'open', :now, :due_at FROM digest WHERE digest.id = :digest_id"
        " AND digest.therapist_id = :person_id AND (CAST(:pair_id AS BIGINT) IS NOT NULL"
        f" OR {_IS_OLDER}){_TAPPED_AGAIN}",
        id=id,
        person_id=person_id,
        digest_id=digest_id,
        page=page,
        pair_id=pair_id,
        telegram_message=telegram_message,
        now=now,
        due_at=due_at,
    )


async def close_later(
    tx: Transaction,
    *,
    id: int,
    person_id: int,
    pair_id: int | None,
    telegram_message: int,
    form: Form,
    now: int,
    due_at: int,
) -> None:
    """Owe a message beside digests that it closes, from `due_at` on.

    pair_id: whose details may be opened there again; None for nobody's.
    """
    await tx.run(
        "INSERT INTO redaction"  # noqa: S608 - ours
        " (id, person_id, pair_id, telegram_message, form, why, owed_at, due_at)"
        f" VALUES (:id, :person_id, :pair_id, :telegram_message, :form, 'open', :now, :due_at)"
        f"{_TAPPED_AGAIN}",
        id=id,
        person_id=person_id,
        pair_id=pair_id,
        telegram_message=telegram_message,
        form=form,
        now=now,
        due_at=due_at,
    )


async def prolong(tx: Transaction, person_id: int, telegram_message: int, due_at: int) -> None:
    """Let what is open in somebody's message stay until later, if anything is."""
    await tx.run(
        "UPDATE redaction SET due_at = :due_at, again = again + 1 WHERE why = 'open'"
        " AND person_id = :person_id AND telegram_message = :telegram_message",
        person_id=person_id,
        telegram_message=telegram_message,
        due_at=due_at,
    )


async def forget_open(tx: Transaction, person_id: int, telegram_message: int) -> None:
    """Owe a message that its reader takes away no closing any more."""
    await tx.run(
        "DELETE FROM redaction WHERE why = 'open'"
        " AND person_id = :person_id AND telegram_message = :telegram_message",
        person_id=person_id,
        telegram_message=telegram_message,
    )


async def is_open(tx: Transaction, redaction: Redaction) -> bool:
    """Say whether somebody has something open in a message, which closes in its own time."""
    row = await tx.one(
        "SELECT id FROM redaction WHERE why = 'open' AND id <> :id"
        " AND person_id = :person_id AND telegram_message = :telegram_message",
        id=redaction.id,
        person_id=redaction.person_id,
        telegram_message=redaction.telegram_message,
    )
    return row is not None


async def is_older(tx: Transaction, digest_id: int) -> bool:
    """Say whether a newer digest has arrived at the same therapist's."""
    row = await tx.one(
        f"SELECT id FROM digest WHERE id = :id AND {_IS_OLDER}",  # noqa: S608 - ours
        id=digest_id,
    )
    return row is not None


async def owe_collapses(
    tx: Transaction, therapist_id: int, message_id: int, now: int, due_at: int
) -> None:
    """Owe its line to every message of an older digest; message_id: which has just arrived.

    That one may itself be older than what arrived before it.
    """
    await tx.run(
        "INSERT INTO redaction (id, person_id, digest_id, page, why, owed_at, due_at)"  # noqa: S608 - ours
        " SELECT message.id, message.person_id, digest.id, CAST(message.part AS BIGINT), 'older',"
        # Crossed: the few digests first, and not all that were ever sent.
        " :now, :due_at FROM digest CROSS JOIN message WHERE digest.therapist_id = :therapist_id"
        " AND message.kind = 'digest' AND message.subject_id = digest.id"
        " AND message.state = 'sent' AND message.telegram_message IS NOT NULL"
        f" AND (digest.collapsed_at IS NULL OR message.id = :message_id) AND {_IS_OLDER}"
        " ON CONFLICT (id) DO UPDATE SET again = redaction.again + 1",
        therapist_id=therapist_id,
        message_id=message_id,
        now=now,
        due_at=due_at,
    )
    await tx.run(
        "UPDATE digest SET collapsed_at = :now"  # noqa: S608 - ours
        f" WHERE therapist_id = :therapist_id AND collapsed_at IS NULL AND {_IS_OLDER}",
        therapist_id=therapist_id,
        now=now,
    )


async def carry_page(
    tx: Transaction,
    person_id: int,
    digest_id: int,
    page: int | None,
    pair_id: int | None,
    telegram_message: int,
) -> None:
    """Note that another message in a therapist's chat carries a page of a digest now.

    page: where it is None, the page on which the pair stands.
    """
    await tx.run(
        "UPDATE message SET telegram_message = :telegram_message WHERE person_id = :person_id"
        " AND kind = 'digest' AND subject_id = :digest_id AND state = 'sent' AND part ="
        " CAST(coalesce(:page, (SELECT page FROM digest_entry WHERE digest_id = :digest_id"
        "  AND pair_id = :pair_id), 1) AS TEXT)",
        person_id=person_id,
        digest_id=digest_id,
        page=page,
        pair_id=pair_id,
        telegram_message=telegram_message,
    )


async def forget_picture(tx: Transaction, person_id: int, telegram_message: int) -> None:
    """Forget of whom a picture told that stands nowhere any more."""
    await tx.run(
        "DELETE FROM shown WHERE person_id = :person_id AND telegram_message = :telegram_message",
        person_id=person_id,
        telegram_message=telegram_message,
    )
