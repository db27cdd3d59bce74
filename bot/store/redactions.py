"""Messages in professionals' chats that show something of clients, and what they owe the erased.

A row names a message and holds nothing of what it says. It is written in the transaction that
erases, before the rows go that tell which messages these are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.store.database import Transaction

#: Notices for professionals that tell what a client said, and those that ask who joined, which name
#: somebody until there is an answer; the others name a code at most.
_TELLS: Final = (
    "(message.part LIKE 'before_first%' OR message.part LIKE 'watch:%'"
    " OR message.part LIKE 'thinks_of_ending%' OR (pair.confirmed_at IS NULL"
    " AND message.part IN ('joined', 'confirm_nudge', 'confirm_eve')))"
)
_AGAIN: Final = (
    " ON CONFLICT (id) DO UPDATE SET owed_at = excluded.owed_at, due_at = excluded.due_at,"
    " again = redaction.again + 1, why = excluded.why"
)

_OF_SHOWN: Final = (
    "INSERT INTO redaction (id, person_id, telegram_message, form, owed_at, due_at)"
    " SELECT id, person_id, telegram_message, form, :now, :now FROM shown"
)
#: A picture cannot become a text.
Form = Literal["text", "picture"]
#: Somebody was erased or has left; what was opened closes; a newer digest has arrived.
Why = Literal["erased", "open", "older"]


@dataclass(frozen=True, slots=True)
class Redaction:
    """One message that is owed another text. digest_id, page: it is a page of a digest.

    telegram_message: None where none can be named (yet). is_under_way: a page that is being sent.
    again: how often it was owed once more. pair_id: whose details open again where it closes.
    is_own: the digest and the pair are of whose chat it is in, and not of an account there before.
    """

    id: int
    person_id: int
    digest_id: int | None
    page: int | None
    telegram_message: int | None
    form: Form
    is_under_way: bool
    owed_at: int
    attempts: int
    again: int
    why: Why = "erased"
    pair_id: int | None = None
    is_own: bool = True


async def add_shown(
    tx: Transaction,
    person_id: int,
    shown: Sequence[tuple[int, int]],
    telegram_message: int,
    form: Form,
    now: int,
) -> None:
    """Note that a message in somebody's chat shows something of pairs; shown: (new id, pair)."""
    for new_id, pair_id in shown:
        await tx.run(
            "INSERT INTO shown (id, person_id, pair_id, telegram_message, form, shown_at)"
            " SELECT :id, :person_id, pair.id, :telegram_message, :form, :now FROM pair"
            " WHERE pair.id = :pair_id AND pair.state <> 'erased' ON CONFLICT DO NOTHING",
            id=new_id,
            person_id=person_id,
            pair_id=pair_id,
            telegram_message=telegram_message,
            form=form,
            now=now,
        )


async def owe_closing(tx: Transaction, person_id: int, now: int) -> None:
    """Owe another text to every message that shows something of clients to who has left."""
    await tx.run(
        "INSERT INTO redaction (id, person_id, digest_id, page, owed_at, due_at)"  # noqa: S608 - ours
        " SELECT id, person_id, subject_id, CAST(part AS BIGINT), :now, :now FROM message"
        " WHERE person_id = :person_id AND kind = 'digest' AND state IN ('sending', 'sent')"
        + _AGAIN,
        person_id=person_id,
        now=now,
    )
    await owe_notices(tx, person_id, now)
    await owe_shown(tx, person_id, now)


async def owe_notices(tx: Transaction, person_id: int, now: int) -> None:
    """Owe another text to each notice that told a therapist something of a client, however old."""
    await tx.run(
        "INSERT INTO redaction (id, person_id, telegram_message, owed_at, due_at)"  # noqa: S608 - ours
        " SELECT message.id, message.person_id, message.telegram_message, :now, :now FROM message"
        " JOIN pair ON pair.id = message.pair_id AND message.person_id = pair.therapist_id"
        " WHERE message.person_id = :person_id AND message.kind = 'notice'"
        f" AND message.telegram_message IS NOT NULL AND {_TELLS}{_AGAIN}",
        person_id=person_id,
        now=now,
    )


async def owe_shown(tx: Transaction, person_id: int, now: int) -> None:
    """Owe another text to what shows clients to somebody beside digests and notices."""
    await tx.run(f"{_OF_SHOWN} WHERE person_id = :person_id{_AGAIN}", person_id=person_id, now=now)
    await tx.run("DELETE FROM shown WHERE person_id = :person_id", person_id=person_id)


async def owe_redactions(tx: Transaction, pair_id: int, now: int) -> None:
    """Owe another text to every message that shows something of a pair, which goes after this."""
    await tx.run(
        "INSERT INTO redaction (id, person_id, digest_id, page, owed_at, due_at)"  # noqa: S608 - ours
        " SELECT message.id, message.person_id, digest_entry.digest_id, digest_entry.page, :now,"
        " :now FROM digest_entry JOIN message ON message.kind = 'digest'"
        " AND message.subject_id = digest_entry.digest_id"
        " AND message.part = CAST(digest_entry.page AS TEXT)"
        " AND message.state IN ('sending', 'sent') WHERE digest_entry.pair_id = :pair_id" + _AGAIN,
        pair_id=pair_id,
        now=now,
    )
    await tx.run(
        "UPDATE digest SET erased = erased + 1"
        " WHERE id IN (SELECT digest_id FROM digest_entry WHERE pair_id = :pair_id)",
        pair_id=pair_id,
    )
    await _owe_eves(tx, pair_id, now)
    await tx.run(
        "INSERT INTO redaction (id, person_id, telegram_message, owed_at, due_at)"  # noqa: S608 - ours
        " SELECT message.id, message.person_id, message.telegram_message, :now, :now FROM message"
        " JOIN pair ON pair.id = message.pair_id AND message.person_id = pair.therapist_id"
        " WHERE message.pair_id = :pair_id AND message.kind = 'notice'"
        f" AND message.telegram_message IS NOT NULL AND {_TELLS}{_AGAIN}",
        pair_id=pair_id,
        now=now,
    )
    await tx.run(f"{_OF_SHOWN} WHERE pair_id = :pair_id{_AGAIN}", pair_id=pair_id, now=now)
    # What stands open closes all the same; nobody's details open there again.
    await tx.run("UPDATE redaction SET pair_id = NULL WHERE pair_id = :pair_id", pair_id=pair_id)


async def _owe_eves(tx: Transaction, pair_id: int, now: int) -> None:
    """Owe another text to each first page that may name a pair without giving it a place.

    On the evening before an absence that is whoever has something open and nothing new.
    """
    await tx.run(
        "INSERT INTO redaction (id, person_id, digest_id, page, owed_at, due_at)"  # noqa: S608 - ours
        " SELECT message.id, message.person_id, digest.id, 1, :now, :now FROM pair"
        " JOIN digest ON digest.therapist_id = pair.therapist_id"
        " AND digest.away_until_on IS NOT NULL AND digest.cut_at >= pair.joined_at"
        " JOIN message ON message.kind = 'digest' AND message.subject_id = digest.id"
        " AND message.part = '1' AND message.state IN ('sending', 'sent')"
        " WHERE pair.id = :pair_id" + _AGAIN,
        pair_id=pair_id,
        now=now,
    )


async def owe_redaction(
    tx: Transaction,
    message_id: int,
    person_id: int,
    telegram_message: int,
    now: int,
    form: Form = "text",
) -> None:
    """Owe another text to one message that was being sent while somebody was erased."""
    await tx.run(
        "INSERT INTO redaction (id, person_id, telegram_message, form, owed_at, due_at)"  # noqa: S608 - ours
        f" VALUES (:id, :person_id, :telegram_message, :form, :now, :now){_AGAIN}",
        id=message_id,
        form=form,
        person_id=person_id,
        telegram_message=telegram_message,
        now=now,
    )


async def is_any_redaction_due(tx: Transaction, now: int) -> bool:
    """Say whether a message is to be given another text now."""
    row = await tx.one("SELECT id FROM redaction WHERE due_at <= :now LIMIT 1", now=now)
    return row is not None


async def find_redaction(tx: Transaction, now: int) -> Redaction | None:
    """Give the message that has been owed another text longest; the erased go first."""
    row = await tx.one(
        "SELECT redaction.*, message.state,"
        " coalesce(redaction.telegram_message, message.telegram_message) AS place,"
        " coalesce(digest.therapist_id, redaction.person_id) = redaction.person_id"
        " AND coalesce(pair.therapist_id, redaction.person_id) = redaction.person_id AS is_own"
        " FROM redaction"
        " LEFT JOIN message ON message.id = redaction.id AND redaction.digest_id IS NOT NULL"
        " LEFT JOIN digest ON digest.id = redaction.digest_id"
        " LEFT JOIN pair ON pair.id = redaction.pair_id"
        " WHERE redaction.due_at <= :now"
        " ORDER BY redaction.why <> 'erased', redaction.due_at LIMIT 1",
        now=now,
    )
    if row is None:
        return None
    return Redaction(
        row["id"], row["person_id"], row["digest_id"], row["page"], row["place"], row["form"],
        row["state"] == "sending", row["owed_at"], row["attempts"], row["again"],
        row["why"], row["pair_id"], bool(row["is_own"]),
    )  # fmt: skip


async def settle_redaction(tx: Transaction, redaction: Redaction) -> None:
    """Owe a message nothing more, unless it has been owed something once more meanwhile."""
    await tx.run(
        "DELETE FROM redaction WHERE id = :id AND again = :again",
        id=redaction.id,
        again=redaction.again,
    )
    if redaction.digest_id is None and redaction.why == "erased":
        # It showed several clients, and now shows none.
        await tx.run(
            "DELETE FROM redaction WHERE person_id = :person_id AND digest_id IS NULL"
            " AND telegram_message = :telegram_message",
            person_id=redaction.person_id,
            telegram_message=redaction.telegram_message,
        )


async def put_redaction_off(tx: Transaction, redaction: Redaction, due_at: int) -> None:
    """Try a message again later."""
    await tx.run(
        "UPDATE redaction SET due_at = :due_at, attempts = attempts + 1 WHERE id = :id",
        id=redaction.id,
        due_at=due_at,
    )
