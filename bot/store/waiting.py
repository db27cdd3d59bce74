"""Who has joined and waits for the therapist's word: the rows behind asking for it."""

from __future__ import annotations

from dataclasses import dataclass

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


async def unsure_pairs(tx: Transaction, part: str, now: int) -> list[Unsure]:
    """List the unconfirmed joinings whose first session is still ahead. part: a question's name."""
    # Asked at every tick: nearly always there is none, and that is told by one small index.
    if not await tx.one(
        "SELECT id FROM pair WHERE state = 'joined' AND confirmed_at IS NULL LIMIT 1"
    ):
        return []
    rows = await tx.all(
        "SELECT pair.id AS pair_id, invitation.id AS invitation_id, pair.therapist_id,"
        " person.timezone, pair.joined_at, min(appointment.starts_at) AS first_starts_at,"
        " min(CASE WHEN message.state = 'queued' AND message.attempts = 0"
        "  THEN message.due_at END) AS asks_at, count(message.id) AS asked"
        " FROM pair JOIN person ON person.id = pair.therapist_id"
        " JOIN invitation ON invitation.pair_id = pair.id AND invitation.used_by = pair.client_id"
        " AND invitation.used_at = pair.joined_at"
        " JOIN appointment ON appointment.pair_id = pair.id AND appointment.state = 'planned'"
        " LEFT JOIN message ON message.kind = 'notice' AND message.subject_id = invitation.id"
        " AND message.part = :part"
        " WHERE pair.state = 'joined' AND pair.confirmed_at IS NULL"
        " GROUP BY pair.id, invitation.id, pair.therapist_id, person.timezone, pair.joined_at"
        " HAVING min(appointment.starts_at) > :now",
        part=part,
        now=now,
    )
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
