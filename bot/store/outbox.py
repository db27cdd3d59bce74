"""The outbox: messages the program owes, from queued to an end that time never undoes.

`queued → sending` is committed before the request leaves. What became of it is recorded after;
a process that died in between leaves `sending`, which the next start turns into `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bot.store.database import Row, Transaction

Kind = Literal["prompt", "reminder", "ack", "digest", "notice", "mirror"]
Ending = Literal["sent", "unknown", "failed", "dropped"]


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the outbox, claimed or to be claimed.

    attempts: how often it was to be sent. unclear: how often it perhaps arrived and was owed again.
    """

    id: int
    kind: Kind
    subject_id: int
    part: str
    person_id: int
    pair_id: int | None
    state: str
    due_at: int
    expires_at: int
    attempts: int
    unclear: int


def read_message(row: Row) -> Message:
    """Read a row of the outbox."""
    return Message(
        row["id"], row["kind"], row["subject_id"], row["part"], row["person_id"], row["pair_id"],
        row["state"], row["due_at"], row["expires_at"], row["attempts"],
        row["unclear"],
    )  # fmt: skip


async def queue(
    tx: Transaction,
    *,
    id: int,
    kind: Kind,
    subject_id: int,
    person_id: int,
    due_at: int,
    expires_at: int,
    now: int,
    part: str = "",
    pair_id: int | None = None,
) -> bool:
    """Owe somebody a message; False when this very one is owed or was sent already."""
    row = await tx.one(
        "INSERT INTO message (id, kind, subject_id, part, person_id, pair_id, state, made_at,"
        " planned_at, due_at, expires_at) VALUES (:id, :kind, :subject_id, :part, :person_id,"
        " :pair_id, 'queued', :now, :due_at, :due_at, :expires_at)"
        " ON CONFLICT (kind, subject_id, part) DO NOTHING RETURNING id",
        id=id,
        kind=kind,
        subject_id=subject_id,
        part=part,
        person_id=person_id,
        pair_id=pair_id,
        now=now,
        due_at=due_at,
        expires_at=expires_at,
    )
    return row is not None


async def was_owed(tx: Transaction, kind: Kind, subject_id: int, part: str) -> bool:
    """Say whether this very message is or was owed, whatever became of it."""
    row = await tx.one(
        "SELECT id FROM message WHERE kind = :kind AND subject_id = :subject_id AND part = :part",
        kind=kind,
        subject_id=subject_id,
        part=part,
    )
    return row is not None


#: Whether a message may go out: on hold, what is about safety, and news for admins.
_MAY_GO: Final = (
    "(:on_hold = 0 OR (kind = 'notice' AND (part LIKE 'watch%' OR part LIKE 'hold:%'"
    " OR part LIKE 'no_backup:%' OR part LIKE 'backup_again:%')))"
)


#: A page of a digest waits for those before it, as long as they are on their way: being sent, or
#: soon tried again. One that was tried in vain three times holds up no other any more.
_IN_ORDER: Final = (
    "(due.kind <> 'digest' OR NOT EXISTS (SELECT 1 FROM message AS page WHERE page.kind = 'digest'"
    " AND page.subject_id = due.subject_id"
    " AND CAST(page.part AS BIGINT) < CAST(due.part AS BIGINT) AND (page.state = 'sending'"
    " OR page.state = 'queued' AND page.attempts < 3 AND page.due_at <= :now + 60000)))"
)


async def is_any_due(tx: Transaction, now: int, *, on_hold: bool = False) -> bool:
    """Say whether a message is due. on_hold: of those that go out also then."""
    row = await tx.one(
        "SELECT id FROM message AS due WHERE state = 'queued' AND due_at <= :now"  # noqa: S608 - fixed text
        f" AND {_MAY_GO} AND {_IN_ORDER} LIMIT 1",
        now=now,
        on_hold=int(on_hold),
    )
    return row is not None


@dataclass(frozen=True, slots=True)
class Due:
    """So many messages of a kind that are due, to clients or to the practice's own people."""

    to_clients: bool
    kind: Kind
    many: int


async def due_by_kind(tx: Transaction, now: int) -> list[Due]:
    """Count the messages that are due and not out of date, those to clients first."""
    rows = await tx.all(
        "SELECT message.kind, pair.id IS NOT NULL AS to_clients, count(*) AS many FROM message"
        " LEFT JOIN pair ON pair.id = message.pair_id AND pair.client_id = message.person_id"
        " WHERE message.state = 'queued' AND message.due_at <= :now AND message.expires_at > :now"
        " GROUP BY to_clients, message.kind ORDER BY to_clients DESC, message.kind",
        now=now,
    )
    return [Due(bool(row["to_clients"]), row["kind"], int(row["many"])) for row in rows]


async def claim_due(tx: Transaction, now: int, *, on_hold: bool = False) -> Message | None:
    """Take the message that has been due longest; it is `sending` when this commits.

    on_hold: of those that go out also then.
    """
    row = await tx.one(
        "UPDATE message SET state = 'sending', claimed_at = :now, attempts = attempts + 1"  # noqa: S608 - fixed text
        " WHERE state = 'queued' AND id ="
        " (SELECT id FROM message AS due WHERE state = 'queued' AND due_at <= :now"
        f" AND {_MAY_GO} AND {_IN_ORDER} ORDER BY due_at LIMIT 1) RETURNING *",
        now=now,
        on_hold=int(on_hold),
    )
    return read_message(row) if row else None


async def put_back(tx: Transaction, message_id: int, due_at: int, *, tried: bool) -> None:
    """Queue a claimed message again for later: certainly nothing was delivered.

    tried: False when it was never sent (quiet hours), so that it does not count as an attempt.
    """
    await tx.run(
        "UPDATE message SET state = 'queued', due_at = :due_at, claimed_at = NULL,"
        " attempts = attempts - :untried WHERE id = :id AND state = 'sending'",
        id=message_id,
        due_at=due_at,
        untried=0 if tried else 1,
    )


async def put_off(tx: Transaction, message_id: int, due_at: int, expires_at: int) -> None:
    """Queue a claimed message again for much later; it was never sent."""
    await tx.run(
        "UPDATE message SET expires_at = :expires_at WHERE id = :id",
        id=message_id,
        expires_at=expires_at,
    )
    await put_back(tx, message_id, due_at, tried=False)


async def end(
    tx: Transaction,
    message_id: int,
    state: Ending,
    now: int,
    *,
    reason: str | None = None,
    telegram_message: int | None = None,
) -> bool:
    """Record what became of a claimed message; False when it had ended already."""
    row = await tx.one(
        "UPDATE message SET state = :state, ended_at = :now, reason = :reason,"
        " telegram_message = :telegram_message WHERE id = :id AND state = 'sending' RETURNING id",
        id=message_id,
        state=state,
        now=now,
        reason=reason,
        telegram_message=telegram_message,
    )
    return row is not None


async def abandon_sending(tx: Transaction, now: int) -> list[Message]:
    """Turn every `sending` of a process that is gone into `unknown`; give them."""
    rows = await tx.all(
        "UPDATE message SET state = 'unknown', ended_at = :now, reason = 'restart'"
        " WHERE state = 'sending' RETURNING *",
        now=now,
    )
    return [read_message(row) for row in rows]


async def owe_again(tx: Transaction, message_id: int, due_at: int) -> None:
    """Queue a message again although it may have arrived: only for what is at-least-once."""
    await tx.run(
        "UPDATE message SET state = 'queued', due_at = :due_at, ended_at = NULL, claimed_at = NULL,"
        " unclear = unclear + 1 WHERE id = :id AND state IN ('sending', 'unknown')",
        id=message_id,
        due_at=due_at,
    )


async def drop_queued(
    tx: Transaction, now: int, reason: str, *, kind: Kind, subject_id: int
) -> None:
    """Drop what is queued about a subject and must not be sent any more."""
    await tx.run(
        "UPDATE message SET state = 'dropped', reason = :reason, ended_at = :now"
        " WHERE kind = :kind AND subject_id = :subject_id AND state = 'queued'",
        reason=reason,
        now=now,
        kind=kind,
        subject_id=subject_id,
    )


async def drop_queued_of_pair(tx: Transaction, now: int, reason: str, pair_id: int) -> None:
    """Drop every notice that is queued about a pair."""
    await tx.run(
        "UPDATE message SET state = 'dropped', reason = :reason, ended_at = :now"
        " WHERE pair_id = :pair_id AND kind = 'notice' AND state = 'queued'",
        reason=reason,
        now=now,
        pair_id=pair_id,
    )


async def is_on_its_way(tx: Transaction, pair_id: int, part: str) -> bool:
    """Say whether a notice about a pair is owed still, or is being sent."""
    row = await tx.one(
        "SELECT id FROM message WHERE kind = 'notice' AND subject_id = :pair_id AND part = :part"
        " AND state IN ('queued', 'sending')",
        pair_id=pair_id,
        part=part,
    )
    return row is not None


async def move_queued(tx: Transaction, kind: Kind, subject_id: int, due_at: int) -> bool:
    """Move what is queued about a subject to another time; False when nothing is."""
    row = await tx.one(
        "UPDATE message SET due_at = :due_at"
        " WHERE kind = :kind AND subject_id = :subject_id AND state = 'queued' RETURNING id",
        kind=kind,
        subject_id=subject_id,
        due_at=due_at,
    )
    return row is not None


async def why_unsent(tx: Transaction, kind: Kind, subject_id: int) -> str | None:
    """Say why a message could not arrive: "unreachable" for whom it was for, "failed" by a fault.

    None where it went out, still waits, or was not wanted any more when its turn came.
    """
    row = await tx.one(
        "SELECT CASE WHEN reason IN ('unreachable', 'cut_off') THEN 'unreachable' ELSE 'failed' END"
        " AS why FROM message WHERE kind = :kind AND subject_id = :subject_id"
        " AND (state = 'failed' OR reason IN ('unreachable', 'cut_off')) LIMIT 1",
        kind=kind,
        subject_id=subject_id,
    )
    return row["why"] if row else None


async def hold_back(tx: Transaction, kind: Kind, subject_id: int, not_before: int) -> None:
    """Let what is queued about a subject be due no sooner than at an instant."""
    await tx.run(
        "UPDATE message SET due_at = :not_before WHERE kind = :kind AND subject_id = :subject_id"
        " AND state = 'queued' AND due_at < :not_before",
        kind=kind,
        subject_id=subject_id,
        not_before=not_before,
    )


async def find_owner(tx: Transaction, message_id: int) -> int | None:
    """Give whose a message is now; None when it was erased."""
    row = await tx.one("SELECT person_id FROM message WHERE id = :id", id=message_id)
    return row["person_id"] if row else None


async def sent_before(tx: Transaction, message: Message) -> list[int]:
    """List the Telegram messages that carried the same kind about the same subject before."""
    rows = await tx.all(
        "SELECT telegram_message FROM message WHERE kind = :kind AND subject_id = :subject_id"
        " AND person_id = :person_id AND id <> :id AND state = 'sent'"
        " AND telegram_message IS NOT NULL",
        kind=message.kind,
        subject_id=message.subject_id,
        person_id=message.person_id,
        id=message.id,
    )
    return [row["telegram_message"] for row in rows]


async def newest_subject(tx: Transaction, part: str) -> int | None:
    """Give what the newest notice of this name was about, of those about no pair."""
    row = await tx.one(
        "SELECT subject_id FROM message WHERE kind = 'notice' AND part = :part"
        " AND pair_id IS NULL ORDER BY made_at DESC LIMIT 1",
        part=part,
    )
    return row["subject_id"] if row else None


async def wake(tx: Transaction, person_id: int, now: int) -> None:
    """Let what waits for a person who can be written to again be due now."""
    await tx.run(
        "UPDATE message SET due_at = :now"
        " WHERE person_id = :person_id AND state = 'queued' AND kind IN ('digest', 'notice')"
        " AND due_at > :now AND attempts > 0",
        person_id=person_id,
        now=now,
    )


async def fail_queued(tx: Transaction, message_id: int, now: int) -> None:
    """End a message that cannot even be claimed, so that it does not hold up the others."""
    await tx.run(
        "UPDATE message SET state = 'failed', reason = 'bug', ended_at = :now"
        " WHERE id = :id AND state = 'queued'",
        id=message_id,
        now=now,
    )
