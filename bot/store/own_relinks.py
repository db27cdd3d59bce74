"""What goes along when a therapist's Telegram account changes, and what stays where it was."""

from __future__ import annotations

from typing import Final

from bot.store.database import Transaction
from bot.store.redactions import owe_notices, owe_shown

#: So many of the newest messages in a former chat are closed.
_CLOSED_AT_MOST: Final = 60
#: So many of the newest digests may come once more.
_DIGESTS_AGAIN: Final = 4
#: Of a therapist's messages, those that they were not sent as somebody else's client.
_AS_THERAPIST: Final = (
    "person_id = :person_id AND telegram_message IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM pair WHERE pair.id = message.pair_id AND pair.client_id = :person_id)"
)


async def leave_messages(tx: Transaction, person_id: int, now: int) -> list[int]:
    """Let no message in a therapist's chat be theirs any more; give the newest, to be closed.

    Older notices that tell something of a client owe another text: where they lie is not known
    after this. What was sent to them as a client of somebody else is left alone.
    """
    await owe_notices(tx, person_id, now)
    rows = await tx.all(
        f"SELECT telegram_message FROM message WHERE {_AS_THERAPIST}"  # noqa: S608 - ours
        " ORDER BY ended_at DESC LIMIT :most",
        person_id=person_id,
        most=_CLOSED_AT_MOST,
    )
    await tx.run(
        f"UPDATE message SET telegram_message = NULL WHERE {_AS_THERAPIST}",  # noqa: S608 - ours
        person_id=person_id,
    )
    return [row["telegram_message"] for row in rows]


async def leave_redactions(tx: Transaction, person_id: int, former_id: int, now: int) -> None:
    """Let what messages in a therapist's former chat owe the erased be carried out there.

    Whatever else shows clients there owes that now.
    """
    await owe_shown(tx, person_id, now)
    await tx.run(
        "UPDATE redaction SET person_id = :former_id"
        " WHERE person_id = :person_id AND telegram_message IS NOT NULL",
        person_id=person_id,
        former_id=former_id,
    )


async def leave_as_client(tx: Transaction, person_id: int, former_id: int) -> None:
    """Leave what somebody has as a client in the account of before, with what is to be sent."""
    both = {"person_id": person_id, "former_id": former_id}
    await tx.run(
        "UPDATE message SET person_id = :former_id WHERE person_id = :person_id AND pair_id IN"
        " (SELECT id FROM pair WHERE client_id = :person_id)",
        **both,
    )
    await tx.run(
        "UPDATE invitation SET used_by = :former_id WHERE pair_id IN"
        " (SELECT id FROM pair WHERE client_id = :person_id) AND used_by = :person_id",
        **both,
    )
    await tx.run(
        "UPDATE relink SET person_id = :former_id WHERE pair_id IN"
        " (SELECT id FROM pair WHERE client_id = :person_id) AND person_id = :person_id",
        **both,
    )
    # Whoever can object to a change is who has the account of before it.
    await tx.run(
        "UPDATE message SET person_id = :former_id WHERE person_id = :person_id"
        " AND kind = 'notice' AND part LIKE 'relinked:%' AND state IN ('queued', 'sending')"
        " AND subject_id IN (SELECT id FROM relink WHERE former_id = :person_id)",
        **both,
    )
    await tx.run("UPDATE relink SET former_id = :former_id WHERE former_id = :person_id", **both)
    await tx.run(
        "UPDATE goal_wanted SET client_id = :former_id WHERE client_id = :person_id", **both
    )
    await tx.run("UPDATE pair SET client_id = :former_id WHERE client_id = :person_id", **both)


async def take_over(tx: Transaction, idle_id: int, person_id: int) -> None:
    """Let what is to be sent to an account that is nobody's follow to whom it belongs to now."""
    await tx.run(
        "UPDATE message SET person_id = :person_id"
        " WHERE person_id = :idle_id AND state IN ('queued', 'sending')",
        person_id=person_id,
        idle_id=idle_id,
    )
    # Whoever has come back objects to nothing.
    await tx.run("UPDATE relink SET former_id = NULL WHERE former_id = :idle_id", idle_id=idle_id)


async def bring_redactions(tx: Transaction, idle_id: int, person_id: int) -> None:
    """Let what messages in an account's chat owe be carried out by whose it is now."""
    await tx.run(
        "UPDATE redaction SET person_id = :person_id WHERE person_id = :idle_id",
        person_id=person_id,
        idle_id=idle_id,
    )


async def owe_digests_again(tx: Transaction, therapist_id: int, now: int, expires_at: int) -> None:
    """Owe a therapist's newest digest once more, and of the three before it those not opened.

    They lie elsewhere. What has lain unopened for longer would come as a flood, months old: it
    stands in the clients' details.
    """
    await tx.run(
        "UPDATE message SET state = 'queued', due_at = :now, expires_at = :expires_at,"
        " claimed_at = NULL, ended_at = NULL, reason = NULL, attempts = 0, unclear = 0"
        " WHERE kind = 'digest' AND person_id = :therapist_id AND state IN ('sent', 'unknown')"
        " AND subject_id IN (SELECT id FROM"
        "  (SELECT id, number, opened_at FROM digest WHERE therapist_id = :therapist_id"
        "   ORDER BY number DESC LIMIT :most) AS newest"
        "  WHERE opened_at IS NULL OR number ="
        "   (SELECT max(number) FROM digest WHERE therapist_id = :therapist_id))",
        therapist_id=therapist_id,
        most=_DIGESTS_AGAIN,
        now=now,
        expires_at=expires_at,
    )
    # Those that lie elsewhere have nothing to collapse; these will have.
    await tx.run(
        "UPDATE digest SET collapsed_at = NULL WHERE therapist_id = :therapist_id",
        therapist_id=therapist_id,
    )
