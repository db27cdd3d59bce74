"""Pairs and their consent as rows: the unit that codes, schedules and histories belong to.

Every change that a person asks for names its owner in the WHERE, and says what came of it by
what it returns: None where it hit nothing.
"""

from __future__ import annotations

from typing import Final, Literal

from bot.core.people import Pair
from bot.store.database import Row, Transaction


def read_pair(row: Row) -> Pair:
    """Read a row of `pair`."""
    return Pair(
        id=row["id"],
        therapist_id=row["therapist_id"],
        client_id=row["client_id"],
        code=row["code"],
        state=row["state"],
        joined_at=row["joined_at"],
        confirmed_at=row["confirmed_at"],
        consented_at=row["consented_at"],
        consent_version=row["consent_version"],
        paused_at=row["paused_at"],
        paused_until_on=row["paused_until_on"],
        stopped_at=row["stopped_at"],
        ended_at=row["ended_at"],
        erase_asked_at=row["erase_asked_at"],
        less_often_at=row["less_often_at"],
        to_end_at=row["to_end_at"],
        to_end_with=row["to_end_with"],
        relinked_at=row["relinked_at"],
        history_from_at=row["history_from_at"],
        objected_at=row["objected_at"],
    )


async def load_pair(tx: Transaction, pair_id: int) -> Pair:
    """Load a pair. Errors: KeyError."""
    row = await tx.one("SELECT * FROM pair WHERE id = :id", id=pair_id)
    if row is None:
        raise KeyError(f"no pair {pair_id}")
    return read_pair(row)


async def find_pair_of_therapist(tx: Transaction, pair_id: int, therapist_id: int) -> Pair | None:
    """Find a pair that belongs to this therapist."""
    row = await tx.one(
        "SELECT * FROM pair WHERE id = :id AND therapist_id = :therapist_id",
        id=pair_id,
        therapist_id=therapist_id,
    )
    return read_pair(row) if row else None


async def find_pair_of_client(tx: Transaction, pair_id: int, client_id: int) -> Pair | None:
    """Find a pair that belongs to this client."""
    row = await tx.one(
        "SELECT * FROM pair WHERE id = :id AND client_id = :client_id",
        id=pair_id,
        client_id=client_id,
    )
    return read_pair(row) if row else None


async def find_pair_by_code(tx: Transaction, therapist_id: int, code: str) -> Pair | None:
    """Find a therapist's pair by its code."""
    row = await tx.one(
        "SELECT * FROM pair WHERE therapist_id = :therapist_id AND code = :code",
        therapist_id=therapist_id,
        code=code,
    )
    return read_pair(row) if row else None


async def pairs_by_code(tx: Transaction, code: str) -> list[Pair]:
    """List the pairs of all therapists that have a code, erased ones left out."""
    rows = await tx.all("SELECT * FROM pair WHERE code = :code AND state <> 'erased'", code=code)
    return [read_pair(row) for row in rows]


async def pairs_of_therapist(tx: Transaction, therapist_id: int) -> list[Pair]:
    """List a therapist's pairs by code, erased ones left out."""
    rows = await tx.all(
        "SELECT * FROM pair WHERE therapist_id = :id AND state <> 'erased' ORDER BY code",
        id=therapist_id,
    )
    return [read_pair(row) for row in rows]


async def pairs_of_client(tx: Transaction, client_id: int) -> list[Pair]:
    """List the pairs a client is in, oldest first, erased ones left out."""
    rows = await tx.all(
        "SELECT * FROM pair WHERE client_id = :id AND state <> 'erased' ORDER BY joined_at, id",
        id=client_id,
    )
    return [read_pair(row) for row in rows]


async def unreachable_pairs(tx: Transaction, therapist_id: int) -> frozenset[int]:
    """List which of a therapist's pairs have a client who cannot be written to."""
    rows = await tx.all(
        "SELECT pair.id FROM pair JOIN person ON person.id = pair.client_id"
        " WHERE pair.therapist_id = :id AND person.unreachable_at IS NOT NULL",
        id=therapist_id,
    )
    return frozenset(row["id"] for row in rows)


async def codes_of(tx: Transaction, therapist_id: int) -> frozenset[str]:
    """List every code a therapist ever used: codes are never given twice."""
    rows = await tx.all("SELECT code FROM pair WHERE therapist_id = :id", id=therapist_id)
    return frozenset(row["code"] for row in rows)


async def add_pair(tx: Transaction, pair_id: int, therapist_id: int, code: str, now: int) -> bool:
    """Add an invited pair; False when the therapist has used this code before."""
    row = await tx.one(
        "INSERT INTO pair (id, therapist_id, code, data_key, state, invited_at)"
        " VALUES (:id, :therapist_id, :code, :data_key, 'invited', :now)"
        " ON CONFLICT (therapist_id, code) DO NOTHING RETURNING id",
        id=pair_id,
        therapist_id=therapist_id,
        code=code,
        data_key=tx.vault.new_data_key("pair", pair_id),
        now=now,
    )
    return row is not None


async def join_pair(tx: Transaction, pair_id: int, client_id: int, now: int) -> Pair | None:
    """Put a client into an invited pair; None when somebody is in it already."""
    row = await tx.one(
        "UPDATE pair SET client_id = :client_id, state = 'joined', joined_at = :now"
        " WHERE id = :id AND state = 'invited' AND client_id IS NULL RETURNING *",
        id=pair_id,
        client_id=client_id,
        now=now,
    )
    return read_pair(row) if row else None


async def confirm_pair(
    tx: Transaction, pair_id: int, therapist_id: int, client_id: int, now: int
) -> Pair | None:
    """Let a therapist confirm this person, once; the pair is active once it consents as well."""
    row = await tx.one(
        "UPDATE pair SET confirmed_at = :now, state = CASE"
        " WHEN state = 'joined' AND consented_at IS NOT NULL THEN 'active' ELSE state END"
        " WHERE id = :id AND therapist_id = :therapist_id AND client_id = :client_id"
        " AND confirmed_at IS NULL AND state NOT IN ('ended', 'erased') RETURNING *",
        id=pair_id,
        therapist_id=therapist_id,
        client_id=client_id,
        now=now,
    )
    return read_pair(row) if row else None


async def turn_away(
    tx: Transaction, pair_id: int, therapist_id: int, client_id: int
) -> Pair | None:
    """Undo a joining by this person, who is the wrong one; None when nothing waits for a word."""
    row = await tx.one(
        "UPDATE pair SET client_id = NULL, state = 'invited', joined_at = NULL,"
        " consented_at = NULL, consent_version = NULL"
        " WHERE id = :id AND therapist_id = :therapist_id AND client_id = :client_id"
        " AND state IN ('joined', 'stopped') AND confirmed_at IS NULL RETURNING *",
        id=pair_id,
        therapist_id=therapist_id,
        client_id=client_id,
    )
    return read_pair(row) if row else None


async def consent(
    tx: Transaction, pair_id: int, client_id: int, version: str, now: int
) -> Pair | None:
    """Note a client's consent; the pair is active once it is confirmed as well.

    A pause ends by it, unless it is only a new account that agrees. One may agree to what has
    ended as well, and nothing begins by that.
    """
    row = await tx.one(
        "UPDATE pair SET consented_at = :now, consent_version = :version,"
        " stopped_at = CASE WHEN state = 'ended' THEN stopped_at END,"
        " paused_at = CASE WHEN relinked_at IS NULL THEN NULL ELSE paused_at END,"
        " paused_until_on = CASE WHEN relinked_at IS NULL THEN NULL ELSE paused_until_on END,"
        " relinked_at = NULL, state = CASE"
        " WHEN state = 'paused' AND relinked_at IS NOT NULL THEN 'paused'"
        " WHEN state IN ('joined', 'stopped', 'paused', 'active') AND confirmed_at IS NOT NULL"
        " THEN 'active' WHEN state = 'stopped' THEN 'joined' ELSE state END"
        " WHERE id = :id AND client_id = :client_id"
        " AND (state IN ('joined', 'active', 'paused', 'stopped')"
        "  OR state = 'ended' AND relinked_at IS NOT NULL) RETURNING *",
        id=pair_id,
        client_id=client_id,
        version=version,
        now=now,
    )
    return read_pair(row) if row else None


async def note_consent(
    tx: Transaction,
    new_id: int,
    pair_id: int,
    version: str,
    decision: Literal["given", "declined", "withdrawn"],
    now: int,
) -> None:
    """Keep a decision about consent; decisions are never changed."""
    await tx.run(
        "INSERT INTO consent (id, pair_id, version, decision, decided_at)"
        " VALUES (:id, :pair_id, :version, :decision, :now)",
        id=new_id,
        pair_id=pair_id,
        version=version,
        decision=decision,
        now=now,
    )


async def pause(
    tx: Transaction, pair_id: int, client_id: int, until_on: str | None, now: int
) -> Pair | None:
    """Pause a pair's questions, until a local date or until the client resumes."""
    row = await tx.one(
        "UPDATE pair SET state = 'paused', paused_at = :now, paused_until_on = :until_on"
        " WHERE id = :id AND client_id = :client_id AND state IN ('active', 'paused')"
        " RETURNING *",
        id=pair_id,
        client_id=client_id,
        until_on=until_on,
        now=now,
    )
    return read_pair(row) if row else None


async def resume(tx: Transaction, pair_id: int, client_id: int) -> Pair | None:
    """Let a paused pair's questions go on."""
    row = await tx.one(
        "UPDATE pair SET state = 'active', paused_at = NULL, paused_until_on = NULL"
        " WHERE id = :id AND client_id = :client_id AND state = 'paused' RETURNING *",
        id=pair_id,
        client_id=client_id,
    )
    return read_pair(row) if row else None


async def ask_less_often(
    tx: Transaction, pair_id: int, client_id: int, since_at: int | None
) -> Pair | None:
    """Ask about every second session from an instant on, or (None) about each."""
    row = await tx.one(
        "UPDATE pair SET less_often_at = :since_at"
        " WHERE id = :id AND client_id = :client_id AND state IN ('active', 'paused')"
        " RETURNING *",
        id=pair_id,
        client_id=client_id,
        since_at=since_at,
    )
    return read_pair(row) if row else None


RESUMING: Final = "SELECT * FROM pair WHERE state = 'paused' AND paused_until_on <= :on"


async def resuming_by(tx: Transaction, on: str) -> list[Pair]:
    """List the pairs whose pause ends on or before a local date."""
    return [read_pair(row) for row in await tx.all(RESUMING, on=on)]


async def stop(tx: Transaction, pair_id: int, client_id: int, now: int) -> Pair | None:
    """Stop a pair's questions, also what comes after its end; what was said stays."""
    row = await tx.one(
        "UPDATE pair SET state = CASE state WHEN 'ended' THEN 'ended' ELSE 'stopped' END,"
        " stopped_at = :now, consented_at = NULL"
        " WHERE id = :id AND client_id = :client_id"
        " AND (state IN ('joined', 'active', 'paused') OR state = 'ended' AND stopped_at IS NULL)"
        " RETURNING *",
        id=pair_id,
        client_id=client_id,
        now=now,
    )
    return read_pair(row) if row else None


async def plan_end(
    tx: Transaction,
    pair_id: int,
    therapist_id: int,
    to_end_at: int,
    to_end_with: Literal["goodbye", "word"],
) -> Pair | None:
    """Let a therapist's pair end at an instant; None where that is said already, or it is over."""
    row = await tx.one(
        "UPDATE pair SET to_end_at = :to_end_at, to_end_with = :to_end_with"
        " WHERE id = :id AND therapist_id = :therapist_id AND to_end_at IS NULL"
        " AND state NOT IN ('ended', 'erased') RETURNING *",
        id=pair_id,
        therapist_id=therapist_id,
        to_end_at=to_end_at,
        to_end_with=to_end_with,
    )
    return read_pair(row) if row else None


async def undo_end(tx: Transaction, pair_id: int, therapist_id: int) -> Pair | None:
    """Let a therapist's pair go on; None where nothing is to end, or it has ended."""
    row = await tx.one(
        "UPDATE pair SET to_end_at = NULL, to_end_with = NULL"
        " WHERE id = :id AND therapist_id = :therapist_id AND to_end_at IS NOT NULL"
        " AND state NOT IN ('ended', 'erased') RETURNING *",
        id=pair_id,
        therapist_id=therapist_id,
    )
    return read_pair(row) if row else None


ENDING: Final = (
    "SELECT * FROM pair WHERE to_end_at IS NOT NULL AND to_end_at <= :now"
    " AND state NOT IN ('ended', 'erased') ORDER BY to_end_at LIMIT :limit"
)


async def pairs_to_end(tx: Transaction, now: int, *, limit: int) -> list[Pair]:
    """List pairs whose time to end has come, the earliest first, at most `limit`."""
    return [read_pair(row) for row in await tx.all(ENDING, now=now, limit=limit)]


async def end_pair(tx: Transaction, pair_id: int, therapist_id: int, now: int) -> Pair | None:
    """End a therapist's pair, whatever its state; None where it had ended, or is not theirs."""
    row = await tx.one(
        "UPDATE pair SET state = 'ended', ended_at = :now, to_end_at = NULL, to_end_with = NULL"
        " WHERE id = :id AND therapist_id = :therapist_id AND state NOT IN ('ended', 'erased')"
        " RETURNING *",
        id=pair_id,
        therapist_id=therapist_id,
        now=now,
    )
    return read_pair(row) if row else None


async def ask_erasure(tx: Transaction, pair_id: int, client_id: int, now: int) -> Pair | None:
    """Note a client's wish to be erased (where the record must be kept, it is a request)."""
    row = await tx.one(
        "UPDATE pair SET erase_asked_at = coalesce(erase_asked_at, :now)"
        " WHERE id = :id AND client_id = :client_id AND state <> 'erased' RETURNING *",
        id=pair_id,
        client_id=client_id,
        now=now,
    )
    return read_pair(row) if row else None


async def asked_to_be_erased(tx: Transaction) -> list[Pair]:
    """List the pairs whose client waits for a decision about being erased, oldest wish first."""
    rows = await tx.all(
        "SELECT * FROM pair WHERE erase_asked_at IS NOT NULL AND state <> 'erased'"
        " ORDER BY erase_asked_at, id"
    )
    return [read_pair(row) for row in rows]


async def decline_erasure(tx: Transaction, pair_id: int, asked_at: int) -> Pair | None:
    """Settle a wish to be erased without erasing; None when that wish is not open any more."""
    row = await tx.one(
        "UPDATE pair SET erase_asked_at = NULL WHERE id = :id AND erase_asked_at = :asked_at"
        " AND state <> 'erased' RETURNING *",
        id=pair_id,
        asked_at=asked_at,
    )
    return read_pair(row) if row else None
