"""Hours that were lost with a server, and whether the bot is still on hold because of them.

A loss lasts from the newest time that the restored backup knows of to the moment it was restored.
What may have gone out in it counts as gone out: it is taken out of the outbox here, once, while the
restored file is in nobody's use.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.store.database import Row, Transaction
from bot.store.outbox import Message, read_message

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss, UTC milliseconds. resumed_at: None while the bot is on hold for it."""

    id: int
    from_at: int
    until_at: int
    resumed_at: int | None


def _loss(row: Row) -> Loss:
    return Loss(row["id"], row["from_at"], row["until_at"], row["resumed_at"])


async def add_loss(tx: Transaction, loss: Loss) -> None:
    """Record a loss."""
    await tx.run(
        "INSERT INTO loss (id, from_at, until_at, resumed_at)"
        " VALUES (:id, :from_at, :until_at, :resumed_at)",
        id=loss.id,
        from_at=loss.from_at,
        until_at=loss.until_at,
        resumed_at=loss.resumed_at,
    )


async def newest_loss(tx: Transaction) -> Loss | None:
    """Give the newest loss. The bot is on hold exactly while that one waits to be resumed."""
    row = await tx.one("SELECT * FROM loss ORDER BY until_at DESC LIMIT 1")
    return _loss(row) if row else None


async def find_loss(tx: Transaction, loss_id: int) -> Loss | None:
    """Find a loss by its id."""
    row = await tx.one("SELECT * FROM loss WHERE id = :id", id=loss_id)
    return _loss(row) if row else None


async def is_on_hold(tx: Transaction) -> bool:
    """Say whether nothing is to go out before somebody says so."""
    newest = await newest_loss(tx)
    return newest is not None and newest.resumed_at is None


async def waiting_losses(tx: Transaction) -> list[Loss]:
    """List what the bot is on hold for, oldest first: several, where a hold was restored."""
    rows = await tx.all("SELECT * FROM loss WHERE resumed_at IS NULL ORDER BY until_at")
    return [_loss(row) for row in rows]


async def losses_between(tx: Transaction, from_at: int, to_at: int) -> list[Loss]:
    """List the losses that have hours in a span of time, oldest first."""
    rows = await tx.all(
        "SELECT * FROM loss WHERE until_at > :from_at AND from_at < :to_at ORDER BY until_at",
        from_at=from_at,
        to_at=to_at,
    )
    return [_loss(row) for row in rows]


async def was_on_hold(tx: Transaction, from_at: int, to_at: int) -> bool:
    """Say whether the bot was on hold for some of a span of time."""
    row = await tx.one(
        "SELECT id FROM loss WHERE until_at < :to_at AND coalesce(resumed_at, :to_at) > :from_at"
        " LIMIT 1",
        from_at=from_at,
        to_at=to_at,
    )
    return row is not None


async def resume(tx: Transaction, now: int) -> None:
    """End the hold."""
    await tx.run("UPDATE loss SET resumed_at = :now WHERE resumed_at IS NULL", now=now)


async def count_losses(tx: Transaction) -> int:
    """Count the losses there ever were."""
    row = await tx.one("SELECT count(*) AS many FROM loss")
    return int(row["many"]) if row else 0


async def find_untold(tx: Transaction, pair_id: int, beside: int = 0) -> Loss | None:
    """Give the newest loss of which a pair's client has not been told since.

    Whichever of their therapists it was told with; a reminder does not say it again. beside: a
    check-in that is shown once more, so that it does not count as the one that told.
    """
    row = await tx.one(
        "SELECT loss.* FROM loss JOIN pair ON pair.id = :pair_id"
        " WHERE pair.joined_at < loss.until_at AND loss.resumed_at IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM pair AS own JOIN checkin ON checkin.pair_id = own.id"
        "  WHERE own.client_id = pair.client_id AND own.joined_at < loss.until_at"
        "  AND checkin.id <> :beside AND checkin.sent_at >= loss.until_at)"
        " AND NOT EXISTS (SELECT 1 FROM message WHERE message.kind = 'notice'"
        "  AND message.subject_id IN (SELECT checkin.id FROM pair AS own"
        "   JOIN checkin ON checkin.pair_id = own.id WHERE own.client_id = pair.client_id"
        "   AND checkin.closes_at > loss.until_at)"
        "  AND message.part LIKE 'lost_open:%' AND message.state IN ('sent', 'unknown')"
        "  AND message.made_at >= loss.until_at)"
        " AND NOT EXISTS (SELECT 1 FROM message WHERE message.kind = 'notice'"
        "  AND message.person_id = pair.client_id AND message.part LIKE 'handover_ask%'"
        "  AND message.state IN ('sent', 'unknown') AND message.ended_at > loss.until_at)"
        " ORDER BY loss.until_at DESC LIMIT 1",
        pair_id=pair_id,
        beside=beside,
    )
    return _loss(row) if row else None


async def find_told_in(
    tx: Transaction, checkin_id: int, client_id: int, telegram_message: int
) -> Loss | None:
    """Find the loss that a client was told of in a message, with a check-in of theirs."""
    row = await tx.one(
        "SELECT loss.* FROM message"
        " JOIN loss ON message.part = 'lost_open:' || CAST(loss.id AS TEXT)"
        " WHERE message.kind = 'notice' AND message.subject_id = :checkin_id"
        " AND message.person_id = :client_id AND message.telegram_message = :telegram_message"
        " ORDER BY loss.until_at DESC LIMIT 1",
        checkin_id=checkin_id,
        client_id=client_id,
        telegram_message=telegram_message,
    )
    return _loss(row) if row else None


async def due_by(tx: Transaction, until_at: int) -> list[Message]:
    """List what was queued and due by a moment, so that it may have gone out."""
    rows = await tx.all(
        "SELECT * FROM message WHERE state = 'queued' AND due_at <= :until_at ORDER BY due_at",
        until_at=until_at,
    )
    return [read_message(row) for row in rows]


async def presume_sent(tx: Transaction, message_id: int, now: int) -> None:
    """Let a message that was queued count as perhaps sent."""
    await tx.run(
        "UPDATE message SET state = 'unknown', reason = 'lost', ended_at = :now"
        " WHERE id = :id AND state = 'queued'",
        id=message_id,
        now=now,
    )


async def mark_checkins(tx: Transaction, until_at: int, now: int) -> None:
    """Mark the check-ins that may have been answered in a loss, and remind of them no more."""
    await tx.run(
        "UPDATE checkin SET lost_at = :until_at"
        " WHERE state = 'open' AND sent_at IS NOT NULL AND completed_at IS NULL",
        until_at=until_at,
    )
    await tx.run(
        "UPDATE message SET state = 'dropped', reason = 'lost', ended_at = :now"
        " WHERE kind = 'reminder' AND state = 'queued'"
        " AND subject_id IN (SELECT id FROM checkin WHERE lost_at = :until_at)",
        until_at=until_at,
        now=now,
    )


async def keep_texts(tx: Transaction, from_at: int) -> None:
    """Let nobody but its client see a text whose showing may have been taken back in a loss."""
    await tx.run(
        "UPDATE answer SET disclosure = 'keep' WHERE disclosure IN ('show', 'raise')"
        " AND checkin_id IN (SELECT id FROM checkin WHERE state = 'open' AND closes_at > :from_at)",
        from_at=from_at,
    )


async def keeps_text(tx: Transaction, pair_id: int, loss: Loss, now: int) -> bool:
    """Say whether a loss made a text of a pair's client, to whichever therapist, theirs alone.

    It may have been so before; nobody knows. Not of texts that a new account may not know of yet.
    """
    row = await tx.one(
        "SELECT 1 AS one FROM pair JOIN pair AS own ON own.client_id = pair.client_id"
        " JOIN checkin ON checkin.pair_id = own.id JOIN answer ON answer.checkin_id = checkin.id"
        " WHERE pair.id = :pair_id AND answer.disclosure = 'keep' AND answer.value IS NOT NULL"
        " AND answer.changed_at <= :from_at AND checkin.closes_at > :from_at"
        " AND coalesce(checkin.closed_at, checkin.closes_at) > :from_at"
        " AND own.objected_at IS NULL AND coalesce(own.history_from_at, 0) <= :now LIMIT 1",
        pair_id=pair_id,
        from_at=loss.from_at,
        now=now,
    )
    return row is not None


async def still_withdrawable(tx: Transaction, now: int) -> list[Row]:
    """List the finished check-ins that can still be withheld or changed, and whose they are."""
    return await tx.all(
        "SELECT checkin.id, checkin.pair_id, checkin.closes_at, pair.client_id, pair.code"
        " FROM checkin"
        " JOIN pair ON pair.id = checkin.pair_id WHERE checkin.state = 'open'"
        " AND checkin.completed_at IS NOT NULL AND checkin.closes_at > :now"
        " AND pair.state <> 'erased' ORDER BY checkin.completed_at",
        now=now,
    )


async def forget_questions(tx: Transaction) -> None:
    """Wait for nobody's words any more: what is typed from now on may answer something later."""
    await tx.run("DELETE FROM goal_wanted")


async def take_back_ends(tx: Transaction, until_at: int) -> None:
    """Let no therapy end that was to: it may have been undone in a loss, or ended, and was told."""
    await tx.run(
        "UPDATE pair SET to_end_at = NULL, to_end_with = NULL, end_lost_at = :until_at"
        " WHERE to_end_at IS NOT NULL AND state NOT IN ('ended', 'erased')",
        until_at=until_at,
    )


async def skip_digest_numbers(tx: Transaction, loss: Loss) -> None:
    """Leave out every number that a digest made in a loss may bear: one for each day begun."""
    days = -((loss.from_at - loss.until_at) // _DAY_MS)
    await tx.run("UPDATE therapist SET digests = digests + :days", days=days)


_TOUCHED: Final = (
    "SELECT DISTINCT pair.therapist_id, pair.code FROM pair WHERE pair.state <> 'erased' AND ("
    "EXISTS (SELECT 1 FROM checkin WHERE checkin.pair_id = pair.id"
    " AND checkin.lost_at = :until_at)"
    " OR EXISTS (SELECT 1 FROM appointment WHERE appointment.pair_id = pair.id"
    " AND appointment.not_asked_reason = 'lost' AND appointment.asked_at >= :until_at"
    " AND appointment.ends_at <= :until_at))"
    " ORDER BY pair.code"
)


async def codes_touched(tx: Transaction, loss: Loss, more: Iterable[int]) -> dict[int, list[str]]:
    """Give the codes of whom nobody asks again about hours of a loss, by therapist.

    more: pairs with a session that is still to be decided about.
    """
    found: dict[int, set[str]] = {}
    for row in await tx.all(_TOUCHED, until_at=loss.until_at):
        found.setdefault(row["therapist_id"], set()).add(row["code"])
    for pair_id in more:
        pair = await tx.one("SELECT therapist_id, code FROM pair WHERE id = :id", id=pair_id)
        if pair is not None:
            found.setdefault(pair["therapist_id"], set()).add(pair["code"])
    return {therapist_id: sorted(codes) for therapist_id, codes in found.items()}


async def codes_to_end(tx: Transaction, loss: Loss) -> dict[int, list[str]]:
    """Give the codes whose planned end a loss has taken back, and stands so, by therapist."""
    found: dict[int, list[str]] = {}
    for row in await tx.all(
        "SELECT therapist_id, code FROM pair WHERE end_lost_at = :until_at AND to_end_at IS NULL"
        " AND state NOT IN ('ended', 'erased') ORDER BY code",
        until_at=loss.until_at,
    ):
        found.setdefault(row["therapist_id"], []).append(row["code"])
    return found
