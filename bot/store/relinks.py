"""Changes of a Telegram account as rows: a link, who opened it, and what came of it.

A link is known only by a keyed hash of its code. The number that is read aloud is stored nowhere:
it follows from the row and from the account that opened it. That account is nobody here before
the number is typed; it is forgotten again with the row.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Final, Literal

from bot.core.people import Pair
from bot.store.database import Row, Transaction
from bot.store.pairs import read_pair
from bot.store.practice import practice_sealer

Ending = Literal["done", "replaced", "wrong"]
_NUMBERS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Opener:
    """The account that opened a link, as Telegram showed it."""

    telegram_id: int = field(repr=False)
    name: str = field(repr=False)
    hint: str | None


@dataclass(frozen=True, slots=True)
class Relink:
    """One change of account. pair_id: None for a therapist's own. ended: None while it is open.

    gone: messages of the former chat (Telegram's numbers) that are closed there.
    """

    id: int
    pair_id: int | None
    person_id: int
    expires_at: int
    opener: Opener | None
    ended: Ending | None
    former_id: int | None
    gone: tuple[int, ...]


async def _relink(tx: Transaction, row: Row) -> Relink:
    opener = None
    if row["opener"] is not None:
        sealer = await practice_sealer(tx)
        opener = Opener(*json.loads(sealer.open_text(row["opener"], "relink", "opener", row["id"])))
    return Relink(
        row["id"], row["pair_id"], row["person_id"], row["expires_at"], opener, row["ended"],
        row["former_id"], tuple(int(one) for one in (row["gone"] or "").split()),
    )  # fmt: skip


async def add_relink(
    tx: Transaction,
    *,
    id: int,
    code: str,
    pair_id: int | None,
    person_id: int,
    now: int,
    expires_at: int,
) -> None:
    """Add a link for a client of a pair, or for a therapist; an earlier one is worthless then."""
    await tx.run(
        "UPDATE relink SET ended = 'replaced', ended_at = :now, opener = NULL"
        " WHERE person_id = :person_id AND ended IS NULL"
        " AND (pair_id = :pair_id OR pair_id IS NULL AND CAST(:pair_id AS BIGINT) IS NULL)",
        person_id=person_id,
        pair_id=pair_id,
        now=now,
    )
    await tx.run(
        "INSERT INTO relink (id, pair_id, person_id, secret, made_at, expires_at)"
        " VALUES (:id, :pair_id, :person_id, :secret, :now, :expires_at)",
        id=id,
        pair_id=pair_id,
        person_id=person_id,
        secret=tx.vault.blind_index("invitation", code),
        now=now,
        expires_at=expires_at,
    )


async def find_relink(tx: Transaction, code: str) -> Relink | None:
    """Find a change of account by the code of its link."""
    secret = tx.vault.blind_index("invitation", code)
    row = await tx.one("SELECT * FROM relink WHERE secret = :secret", secret=secret)
    # The index finds by equality; the comparison once more costs nothing and leaks no timing.
    if row is None or not secrets.compare_digest(row["secret"], secret):
        return None
    return await _relink(tx, row)


async def newest_of_pair(tx: Transaction, pair_id: int, therapist_id: int) -> Relink | None:
    """Find the open change of account in a therapist's pair, or else the newest."""
    row = await tx.one(
        "SELECT relink.* FROM relink JOIN pair ON pair.id = pair_id"
        " WHERE pair_id = :pair_id AND therapist_id = :therapist_id"
        " ORDER BY ended IS NULL DESC, made_at DESC LIMIT 1",
        pair_id=pair_id,
        therapist_id=therapist_id,
    )
    return await _relink(tx, row) if row else None


async def newest_of_person(tx: Transaction, person_id: int) -> Relink | None:
    """Find the open change of a therapist's own account, or else the newest."""
    row = await tx.one(
        "SELECT * FROM relink WHERE person_id = :person_id AND pair_id IS NULL"
        " ORDER BY ended IS NULL DESC, made_at DESC LIMIT 1",
        person_id=person_id,
    )
    return await _relink(tx, row) if row else None


@dataclass(frozen=True, slots=True)
class Left:
    """What was moved away from an account. pair_id: None where it was a therapist's own."""

    pair_id: int | None
    person_id: int


async def left_by(tx: Transaction, person_id: int) -> list[Left]:
    """List what was moved away from somebody's account, as long as that is known."""
    rows = await tx.all(
        "SELECT pair_id, person_id FROM relink WHERE former_id = :person_id", person_id=person_id
    )
    return [Left(row["pair_id"], row["person_id"]) for row in rows]


async def open_relink(tx: Transaction, relink_id: int, opener: Opener, now: int) -> bool:
    """Note who opened a link first; False when somebody did before, or it is over."""
    sealer = await practice_sealer(tx)
    words = json.dumps([opener.telegram_id, opener.name, opener.hint])
    row = await tx.one(
        "UPDATE relink SET opener = :opener, opened_at = :now"
        " WHERE id = :id AND opened_at IS NULL AND ended IS NULL AND expires_at > :now"
        " RETURNING id",
        id=relink_id,
        opener=sealer.seal_text(words, "relink", "opener", relink_id),
        now=now,
    )
    return row is not None


async def note_try(tx: Transaction, relink_id: int, at_most: int, now: int) -> int:
    """Count a wrong number; the last one allowed ends the link. Gives how many are left."""
    row = await tx.one(
        "UPDATE relink SET tries = tries + 1,"
        " opener = CASE WHEN tries + 1 >= :at_most THEN NULL ELSE opener END,"
        " ended = CASE WHEN tries + 1 >= :at_most THEN 'wrong' END,"
        " ended_at = CASE WHEN tries + 1 >= :at_most THEN CAST(:now AS BIGINT) END"
        " WHERE id = :id AND ended IS NULL RETURNING tries",
        id=relink_id,
        at_most=at_most,
        now=now,
    )
    return at_most - int(row["tries"]) if row else 0


async def end_relink(
    tx: Transaction, relink_id: int, former_id: int, gone: list[int], now: int
) -> bool:
    """Note that a change is carried out; False when it had ended, or expired."""
    row = await tx.one(
        "UPDATE relink SET ended = 'done', ended_at = :now, opener = NULL,"
        " former_id = :former_id, gone = :gone"
        " WHERE id = :id AND ended IS NULL AND expires_at > :now RETURNING id",
        id=relink_id,
        former_id=former_id,
        gone=" ".join(map(str, gone)),
        now=now,
    )
    return row is not None


def number_of(tx: Transaction, relink: Relink) -> str:
    """Give the six digits that whoever opened a link reads aloud. Errors: ValueError: nobody did.

    Drawn by the key that finds invitations, which a new master key keeps: a number that is being
    read aloud stays what it is.
    """
    if relink.opener is None:
        raise ValueError(f"nobody has opened link {relink.id}")
    said = f"number|{relink.id}|{relink.opener.telegram_id}"
    digest = tx.vault.blind_index("invitation", said)
    return f"{int.from_bytes(digest[:8], 'big') % _NUMBERS:06}"


async def gone_of(tx: Transaction, relink_id: int, former_id: int) -> tuple[int, ...]:
    """List the messages that are closed in the chat of the account of before."""
    row = await tx.one(
        "SELECT gone FROM relink JOIN person ON person.id = former_id"
        " WHERE relink.id = :id AND former_id = :former_id",
        id=relink_id,
        former_id=former_id,
    )
    return tuple(int(one) for one in (row["gone"] or "").split()) if row else ()


async def move_pair(
    tx: Transaction,
    pair_id: int,
    therapist_id: int,
    client_id: int,
    new_id: int,
    now: int,
    history_from_at: int,
) -> bool:
    """Give a therapist's pair to its client's new account; False when it is not there.

    While questions run, that account has to agree first. What waits or is on its way to be sent
    follows, and no message of the former chat is this pair's any more. history_from_at: when that
    account may see what was before.
    """
    row = await tx.one(
        "UPDATE pair SET client_id = :new_id, history_from_at = :history_from_at,"
        " objected_at = NULL,"
        " relinked_at = CASE WHEN state IN ('joined', 'active', 'paused')"
        "  THEN CAST(:now AS BIGINT) END,"
        " consent_version = CASE WHEN state IN ('joined', 'active', 'paused') THEN NULL"
        "  ELSE consent_version END,"
        " consented_at = CASE WHEN state IN ('joined', 'active', 'paused') THEN NULL"
        "  ELSE consented_at END"
        " WHERE id = :id AND therapist_id = :therapist_id AND client_id = :client_id"
        " AND confirmed_at IS NOT NULL AND state NOT IN ('invited', 'erased') RETURNING id",
        id=pair_id,
        therapist_id=therapist_id,
        client_id=client_id,
        new_id=new_id,
        now=now,
        history_from_at=history_from_at,
    )
    if row is None:
        return False
    await tx.run(
        "UPDATE message SET person_id = :new_id"
        " WHERE pair_id = :id AND person_id = :client_id AND state IN ('queued', 'sending')",
        id=pair_id,
        client_id=client_id,
        new_id=new_id,
    )
    await tx.run(
        "UPDATE checkin SET telegram_message = NULL WHERE pair_id IN"
        " (SELECT id FROM pair WHERE id = :id AND client_id = :new_id)",
        id=pair_id,
        new_id=new_id,
    )
    await tx.run(
        "DELETE FROM goal_wanted WHERE pair_id = :id AND client_id = :client_id",
        id=pair_id,
        client_id=client_id,
    )
    return True


async def find_moved_pair(tx: Transaction, relink_id: int, former_id: int, now: int) -> Pair | None:
    """Find the pair that was moved away from an account, where history waits for its objection."""
    row = await tx.one(
        "SELECT pair.* FROM relink JOIN pair ON pair.id = relink.pair_id WHERE relink.id = :id"
        " AND former_id = :former_id AND ended = 'done' AND history_from_at > :now"
        " AND pair.client_id <> :former_id AND pair.state <> 'erased'",
        id=relink_id,
        former_id=former_id,
        now=now,
    )
    return read_pair(row) if row else None


async def find_moved_person(
    tx: Transaction, relink_id: int, former_id: int, since: int
) -> int | None:
    """Find the therapist who was moved away from an account since then."""
    row = await tx.one(
        "SELECT person_id FROM relink WHERE id = :id AND former_id = :former_id"
        " AND pair_id IS NULL AND ended = 'done' AND ended_at > :since",
        id=relink_id,
        former_id=former_id,
        since=since,
    )
    return row["person_id"] if row else None


async def note_objection(tx: Transaction, pair_id: int, client_id: int, now: int) -> bool:
    """Keep what was before closed to a client's new account; False where it was before."""
    row = await tx.one(
        "UPDATE pair SET objected_at = :now WHERE id = :id AND client_id = :client_id"
        " AND objected_at IS NULL RETURNING id",
        id=pair_id,
        client_id=client_id,
        now=now,
    )
    return row is not None


async def settle_objection(tx: Transaction, pair_id: int) -> bool:
    """Open what was before to a client's new account after all; False where nobody objected."""
    row = await tx.one(
        "UPDATE pair SET objected_at = NULL, history_from_at = NULL"
        " WHERE id = :id AND objected_at IS NOT NULL RETURNING id",
        id=pair_id,
    )
    return row is not None


async def linked_pairs(tx: Transaction, pair_id: int, client_id: int) -> list[Pair]:
    """List a client's pairs that a handover connects with a pair: what was before, and after."""
    rows = await tx.all(
        "WITH RECURSIVE linked (id) AS (SELECT id FROM pair WHERE id = :pair_id UNION"
        " SELECT CASE WHEN pair_id = linked.id THEN new_pair_id ELSE pair_id END"
        " FROM handover_pair JOIN linked ON linked.id IN (pair_id, new_pair_id)"
        " WHERE new_pair_id IS NOT NULL)"
        " SELECT pair.* FROM pair JOIN linked ON linked.id = pair.id"
        " WHERE pair.client_id = :client_id AND pair.id <> :pair_id AND state <> 'erased'"
        " ORDER BY pair.id",
        pair_id=pair_id,
        client_id=client_id,
    )
    return [read_pair(row) for row in rows]


async def hand_on_settings(tx: Transaction, client_id: int, new_id: int) -> None:
    """Let a new account begin with what somebody chose for themselves, where it has nothing own."""
    await tx.run(
        "UPDATE person SET"
        " language = coalesce(language, (SELECT language FROM person WHERE id = :client_id)),"
        " timezone = coalesce(timezone, (SELECT timezone FROM person WHERE id = :client_id)),"
        " quiet_from = coalesce(quiet_from, (SELECT quiet_from FROM person WHERE id = :client_id)),"
        " quiet_to = coalesce(quiet_to, (SELECT quiet_to FROM person WHERE id = :client_id))"
        " WHERE id = :new_id",
        new_id=new_id,
        client_id=client_id,
    )


#: Links that expired before an instant, and of which nobody is to be told any more.
_OVER: Final = (
    "expires_at < :before AND NOT EXISTS (SELECT 1 FROM message WHERE kind = 'notice'"
    " AND subject_id = relink.id AND part LIKE 'relinked:%' AND state IN ('queued', 'sending'))"
)


async def any_over(tx: Transaction, before: int) -> bool:
    """Say whether a link expired before an instant; not while the account of before is told."""
    row = await tx.one(f"SELECT id FROM relink WHERE {_OVER} LIMIT 1", before=before)  # noqa: S608
    return row is not None


async def forget_over(tx: Transaction, before: int) -> list[int]:
    """Delete the links that expired before an instant; give whose the accounts of before were."""
    rows = await tx.all(
        f"DELETE FROM relink WHERE {_OVER} RETURNING former_id",  # noqa: S608 - ours
        before=before,
    )
    return [row["former_id"] for row in rows if row["former_id"] is not None]
