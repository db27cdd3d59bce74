"""Invitations as rows: single use, expiring, known only by a keyed hash of their code."""

from __future__ import annotations

import secrets
from typing import Literal

from bot.core.people import Invitation
from bot.store.database import Row, Transaction
from bot.store.people import telegram_index


def _invitation(row: Row) -> Invitation:
    return Invitation(
        row["id"], row["kind"], row["pair_id"], row["invited_by"], row["expires_at"],
        row["used_at"], row["used_by"], row["revoked_at"],
    )  # fmt: skip


async def add_invitation(
    tx: Transaction,
    *,
    id: int,
    code: str,
    kind: Literal["therapist", "client"],
    pair_id: int | None,
    invited_by: int | None,
    now: int,
    expires_at: int,
) -> None:
    """Add an invitation; only a keyed hash of its code is kept."""
    await tx.run(
        "INSERT INTO invitation (id, kind, secret, pair_id, invited_by, made_at, expires_at)"
        " VALUES (:id, :kind, :secret, :pair_id, :invited_by, :now, :expires_at)",
        id=id,
        kind=kind,
        secret=tx.vault.blind_index("invitation", code),
        pair_id=pair_id,
        invited_by=invited_by,
        now=now,
        expires_at=expires_at,
    )


async def revoke_invitations(tx: Transaction, pair_id: int, now: int) -> None:
    """Make a pair's unused links worthless (a new one was made)."""
    await tx.run(
        "UPDATE invitation SET revoked_at = :now"
        " WHERE pair_id = :pair_id AND used_at IS NULL AND revoked_at IS NULL",
        pair_id=pair_id,
        now=now,
    )


async def find_invitation(tx: Transaction, code: str) -> Invitation | None:
    """Find an invitation by the code of its link."""
    secret = tx.vault.blind_index("invitation", code)
    row = await tx.one("SELECT * FROM invitation WHERE secret = :secret", secret=secret)
    # The index finds by equality; the comparison once more costs nothing and leaks no timing.
    return _invitation(row) if row and secrets.compare_digest(row["secret"], secret) else None


async def use_invitation(tx: Transaction, invitation_id: int, person_id: int, now: int) -> bool:
    """Use up an invitation; False when it was used, revoked or has expired."""
    row = await tx.one(
        "UPDATE invitation SET used_at = :now, used_by = :person_id WHERE id = :id"
        " AND used_at IS NULL AND revoked_at IS NULL AND expires_at > :now RETURNING id",
        id=invitation_id,
        person_id=person_id,
        now=now,
    )
    return row is not None


async def note_guess(tx: Transaction, new_id: int, telegram_id: int, now: int) -> None:
    """Note a wrong invitation code of a Telegram account."""
    await tx.run(
        "INSERT INTO guess (id, telegram_index, guessed_at) VALUES (:id, :ix, :now)",
        id=new_id,
        ix=telegram_index(tx, telegram_id),
        now=now,
    )


async def guesses_since(tx: Transaction, telegram_id: int, since: int) -> int:
    """Count the wrong codes of a Telegram account since an instant."""
    row = await tx.one(
        "SELECT count(*) AS n FROM guess WHERE telegram_index = :ix AND guessed_at > :since",
        ix=telegram_index(tx, telegram_id),
        since=since,
    )
    return int(row["n"]) if row else 0


async def forget_guesses(tx: Transaction, before: int) -> None:
    """Delete wrong codes older than an instant."""
    await tx.run("DELETE FROM guess WHERE guessed_at < :before", before=before)
