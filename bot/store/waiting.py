"""Who has joined and waits for the therapist's word: the rows behind asking for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Unsure:
    """A joining that nobody has confirmed, with a first session ahead.

    asks_at: when the question of that name is due, if it waits untried; was_asked: it is or was
    owed. timezone: the therapist's own.
    """

    pair_id: int
    invitation_id: int
    therapist_id: int
    timezone: str | None
    joined_at: int
    first_starts_at: int
    asks_at: int | None
    was_asked: bool


#: Asked at every plan tick: the few pairs that wait lead, by an index of their own, and each
#: looks up its first session and its question.
UNSURE: Final = (
    "SELECT * FROM (SELECT pair.id AS pair_id, invitation.id AS invitation_id,"
    " pair.therapist_id, person.timezone, pair.joined_at,"
    " (SELECT min(appointment.starts_at) FROM appointment"
    "  WHERE appointment.pair_id = pair.id AND appointment.state = 'planned') AS first_starts_at,"
    " (SELECT message.due_at FROM message WHERE message.kind = 'notice'"
    "  AND message.subject_id = invitation.id AND message.part = :part"
    "  AND message.state = 'queued' AND message.attempts = 0) AS asks_at,"
    " (SELECT count(*) FROM message WHERE message.kind = 'notice'"
    "  AND message.subject_id = invitation.id AND message.part = :part) AS asked"
    " FROM pair JOIN person ON person.id = pair.therapist_id"
    " JOIN invitation ON invitation.pair_id = pair.id AND invitation.used_by = pair.client_id"
    " AND invitation.used_at = pair.joined_at"
    " WHERE pair.state = 'joined' AND pair.confirmed_at IS NULL) AS unsure"
    " WHERE first_starts_at > :now"
)


async def unsure_pairs(tx: Transaction, part: str, now: int) -> list[Unsure]:
    """List the unconfirmed joinings whose first session is still ahead. part: a question's name."""
    rows = await tx.all(UNSURE, part=part, now=now)
    return [
        Unsure(
            row["pair_id"], row["invitation_id"], row["therapist_id"], row["timezone"],
            row["joined_at"], row["first_starts_at"], row["asks_at"], row["asked"] > 0,
        )
        for row in rows
    ]  # fmt: skip


async def bring_forward(tx: Transaction, invitation_id: int, part: str, due_at: int) -> None:
    """Let a question that waits for later be due sooner; one that was tried keeps its time."""
    await tx.run(
        "UPDATE message SET due_at = :due_at WHERE kind = 'notice' AND subject_id = :id"
        " AND part = :part AND state = 'queued' AND attempts = 0 AND due_at > :due_at",
        id=invitation_id,
        part=part,
        due_at=due_at,
    )


async def messages_that_asked(
    tx: Transaction, pair_id: int, therapist_id: int, client_id: int
) -> tuple[int, ...]:
    """List the Telegram messages in which the therapist was asked about this person."""
    rows = await tx.all(
        "SELECT message.telegram_message FROM message"
        " JOIN invitation ON invitation.id = message.subject_id"
        " WHERE message.kind = 'notice' AND message.person_id = :therapist_id"
        " AND message.part IN ('joined', 'confirm_nudge', 'confirm_eve')"
        " AND message.telegram_message IS NOT NULL"
        " AND invitation.pair_id = :pair_id AND invitation.used_by = :client_id"
        " ORDER BY message.ended_at",
        pair_id=pair_id,
        therapist_id=therapist_id,
        client_id=client_id,
    )
    return tuple(row["telegram_message"] for row in rows)
