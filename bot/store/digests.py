"""Digests, their frozen places, and acknowledgements as rows.

Every statement that a therapist's or a client's wish causes names its owner. An acknowledgement
is one row for a digest and a pair; "read" may rise to "talk" and never falls back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from bot.core.digest import Placed
from bot.core.entries import Mark
from bot.core.people import PairState
from bot.store.database import Row, Transaction
from bot.store.digest_rows import AT_MOST_MS
from bot.store.wrong_client import STANDS

CANDIDATES: Final = (
    "SELECT therapist.*, person.timezone, (SELECT begun_at FROM handover"
    "  WHERE handover.from_id = therapist.person_id AND undone_at IS NULL AND left_at IS NULL"
    " ) AS leaving_at FROM therapist"
    " JOIN person ON person.id = therapist.person_id"
    " JOIN role ON role.person_id = therapist.person_id AND role.role = 'therapist'"
    " AND role.ended_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Since when a therapist's next digest counts. timezone: None follows the practice.

    leaving_at: since when the therapist's pairs have ended by a handover: one last digest is due.
    """

    therapist_id: int
    timezone: str | None
    cut_at: int
    leaving_at: int | None = None


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One digest; timezone is the therapist's own, None follows the practice.

    away_until_on: the end of the absence before which it is the last one, if it is. erased: so
    many of its clients have been erased since.
    """

    id: int
    therapist_id: int
    number: int
    from_at: int
    cut_at: int
    opened_at: int | None
    timezone: str | None
    away_until_on: str | None
    erased: int = 0


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An acknowledgement with what telling the client needs; quiet hours None: the practice's.

    stands: the check-in it was about has not been taken away. leaves_open: one is open whose
    answers were not in that digest. has_others: the client has other therapists here.
    """

    id: int
    digest_id: int
    pair_id: int
    code: str
    therapist_id: int
    has_others: bool
    pair_state: PairState
    stopped_at: int | None
    client_id: int | None
    kind: Literal["read", "talk"]
    stands: bool
    leaves_open: bool
    told_at: int | None
    reply: Literal["ok", "rather_not"] | None
    quiet_from: str | None
    quiet_to: str | None
    timezone: str | None


async def weekly_hours(tx: Transaction, therapist_id: int | None = None) -> list[Weekly]:
    """List the therapists who get digests, or one of them."""
    rows = await tx.all(
        f"{CANDIDATES} WHERE CAST(:id AS BIGINT) IS NULL OR therapist.person_id = :id",
        id=therapist_id,
    )
    return [
        Weekly(row["person_id"], row["timezone"], row["cut_at"], row["leaving_at"]) for row in rows
    ]


async def advance(
    tx: Transaction, therapist_id: int, seen_cut_at: int, cut_at: int, *, made: bool
) -> int | None:
    """Move a therapist's cut-off and give the number of the digest made (or the newest).

    None when the cut-off is no longer the one that was seen: another one was quicker.
    """
    row = await tx.one(
        "UPDATE therapist SET cut_at = :cut_at, digests = digests + :made"
        " WHERE person_id = :id AND cut_at = :seen RETURNING digests",
        id=therapist_id,
        seen=seen_cut_at,
        cut_at=cut_at,
        made=int(made),
    )
    return int(row["digests"]) if row else None


async def add_digest(
    tx: Transaction,
    *,
    id: int,
    therapist_id: int,
    number: int,
    from_at: int,
    cut_at: int,
    now: int,
    places: Iterable[Placed],
    away_until_on: str | None = None,
) -> None:
    """Add a digest and the place of every pair in it that is this therapist's and not erased.

    away_until_on: it is the last one before an absence, which ends then.
    """
    await tx.run(
        "INSERT INTO digest (id, therapist_id, number, from_at, cut_at, made_at, away_until_on)"
        " VALUES (:id, :therapist_id, :number, :from_at, :cut_at, :now, :away_until_on)",
        id=id,
        therapist_id=therapist_id,
        number=number,
        from_at=from_at,
        cut_at=cut_at,
        now=now,
        away_until_on=away_until_on,
    )
    for place in places:
        await tx.run(
            "INSERT INTO digest_entry (digest_id, pair_id, page, place, standing)"
            " SELECT :id, pair.id, :page, :place, :standing FROM pair WHERE pair.id = :pair_id"
            " AND pair.therapist_id = :therapist_id AND pair.state <> 'erased'",
            id=id,
            therapist_id=therapist_id,
            pair_id=place.pair_id,
            page=place.page,
            place=place.place,
            standing=place.standing,
        )


_DIGEST = (
    "SELECT digest.*, person.timezone FROM digest JOIN person ON person.id = digest.therapist_id"
    " WHERE digest.id = :id"
)


def _digest(row: Row) -> DigestRow:
    return DigestRow(
        row["id"], row["therapist_id"], row["number"], row["from_at"], row["cut_at"],
        row["opened_at"], row["timezone"], row["away_until_on"], row["erased"],
    )  # fmt: skip


async def load_digest(tx: Transaction, digest_id: int) -> DigestRow:
    """Load a digest for the program itself. Errors: KeyError."""
    row = await tx.one(_DIGEST, id=digest_id)
    if row is None:
        raise KeyError(f"no digest {digest_id}")
    return _digest(row)


async def find_digest_of_therapist(
    tx: Transaction, digest_id: int, therapist_id: int
) -> DigestRow | None:
    """Find a digest that belongs to this therapist."""
    row = await tx.one(
        f"{_DIGEST} AND digest.therapist_id = :therapist_id",
        id=digest_id,
        therapist_id=therapist_id,
    )
    return _digest(row) if row else None


async def note_opened(tx: Transaction, digest_id: int, therapist_id: int, now: int) -> bool:
    """Note that a therapist did something with a digest; False when it is not theirs."""
    row = await tx.one(
        "UPDATE digest SET opened_at = coalesce(opened_at, :now)"
        " WHERE id = :id AND therapist_id = :therapist_id RETURNING id",
        id=digest_id,
        therapist_id=therapist_id,
        now=now,
    )
    return row is not None


async def places_of(tx: Transaction, digest_id: int) -> tuple[Placed, ...]:
    """Give the places of a digest in order; pairs erased since are left in."""
    rows = await tx.all(
        "SELECT pair_id, page, place, standing FROM digest_entry WHERE digest_id = :id"
        " ORDER BY place",
        id=digest_id,
    )
    return tuple(Placed(r["pair_id"], r["page"], r["place"], r["standing"]) for r in rows)


async def marks_of(tx: Transaction, digest_id: int) -> dict[int, Mark]:
    """Give what has been acknowledged on a digest, by pair."""
    rows = await tx.all(
        "SELECT pair_id, kind, reply FROM acknowledgement WHERE digest_id = :id", id=digest_id
    )
    return {row["pair_id"]: Mark(row["kind"], row["reply"]) for row in rows}


async def acknowledge(
    tx: Transaction,
    *,
    id: int,
    digest_id: int,
    pair_id: int,
    therapist_id: int,
    kind: Literal["read", "talk"],
    now: int,
) -> int | None:
    """Acknowledge a pair on a digest of this therapist; give the id when this changed anything.

    None: it was so already (or more), or the pair is not on a digest of this therapist.
    """
    row = await tx.one(
        "INSERT INTO acknowledgement (id, digest_id, pair_id, kind, made_at)"
        " SELECT :id, digest.id, digest_entry.pair_id, :kind, :now FROM digest"
        " JOIN digest_entry ON digest_entry.digest_id = digest.id"
        " AND digest_entry.pair_id = :pair_id"
        " WHERE digest.id = :digest_id AND digest.therapist_id = :therapist_id"
        " ON CONFLICT (digest_id, pair_id) DO UPDATE SET kind = 'talk', raised_at = :now"
        " WHERE acknowledgement.kind = 'read' AND excluded.kind = 'talk' RETURNING id",
        id=id,
        digest_id=digest_id,
        pair_id=pair_id,
        therapist_id=therapist_id,
        kind=kind,
        now=now,
    )
    return int(row["id"]) if row else None


async def load_acknowledgement(tx: Transaction, acknowledgement_id: int) -> Acknowledged:
    """Load an acknowledgement for the program itself. Errors: KeyError."""
    row = await tx.one(
        f"SELECT acknowledgement.*, {STANDS} AS stands,"  # noqa: S608 - fixed text
        " pair.code, pair.therapist_id, pair.state AS pair_state, pair.stopped_at,"
        " EXISTS (SELECT 1 FROM pair AS other WHERE other.client_id = pair.client_id"
        "  AND other.id <> pair.id AND other.state NOT IN ('ended', 'erased')) AS has_others,"
        " EXISTS (SELECT 1 FROM checkin JOIN digest ON digest.id = acknowledgement.digest_id"
        "  WHERE checkin.pair_id = pair.id AND checkin.state = 'open' AND checkin.kind = 'session'"
        f"  AND checkin.due_at > digest.from_at - {AT_MOST_MS} AND checkin.sent_at IS NOT NULL"
        "  AND coalesce(checkin.completed_at, digest.cut_at) >= digest.cut_at) AS leaves_open,"
        " pair.client_id, person.quiet_from, person.quiet_to, person.timezone FROM acknowledgement"
        " JOIN pair ON pair.id = acknowledgement.pair_id"
        " LEFT JOIN person ON person.id = pair.client_id WHERE acknowledgement.id = :id",
        id=acknowledgement_id,
    )
    if row is None:
        raise KeyError(f"no acknowledgement {acknowledgement_id}")
    return Acknowledged(
        id=row["id"],
        digest_id=row["digest_id"],
        pair_id=row["pair_id"],
        code=row["code"],
        therapist_id=row["therapist_id"],
        has_others=bool(row["has_others"]),
        pair_state=row["pair_state"],
        stopped_at=row["stopped_at"],
        client_id=row["client_id"],
        kind=row["kind"],
        stands=bool(row["stands"]),
        leaves_open=bool(row["leaves_open"]),
        told_at=row["told_at"],
        reply=row["reply"],
        quiet_from=row["quiet_from"],
        quiet_to=row["quiet_to"],
        timezone=row["timezone"],
    )


async def telling_is_queued(tx: Transaction, acknowledgement_id: int) -> bool:
    """Say whether the client's first message about it is still to be rendered."""
    row = await tx.one(
        "SELECT id FROM message WHERE kind = 'ack' AND subject_id = :id AND part = ''"
        " AND state = 'queued'",
        id=acknowledgement_id,
    )
    return row is not None


async def telling_has_part(
    tx: Transaction, acknowledgement_id: int, part: Literal["talk", "words"]
) -> bool:
    """Say whether "let's talk about it", or a sentence, has or had a message of its own."""
    row = await tx.one(
        "SELECT id FROM message WHERE kind = 'ack' AND subject_id = :id AND part = :part",
        id=acknowledgement_id,
        part=part,
    )
    return row is not None


async def note_told(tx: Transaction, acknowledgement_id: int, now: int) -> None:
    """Note that the client was told (first time)."""
    await tx.run(
        "UPDATE acknowledgement SET told_at = coalesce(told_at, :now) WHERE id = :id",
        id=acknowledgement_id,
        now=now,
    )


async def reply(
    tx: Transaction,
    acknowledgement_id: int,
    client_id: int,
    answer: Literal["ok", "rather_not"],
    now: int,
) -> bool:
    """Keep a client's reply to "let's talk about it", the latest counts; False: not theirs."""
    row = await tx.one(
        "UPDATE acknowledgement SET reply = :reply, replied_at = :now"
        " WHERE id = :id AND kind = 'talk' AND pair_id IN"
        " (SELECT id FROM pair WHERE client_id = :client_id AND state <> 'erased'"
        "  AND relinked_at IS NULL) RETURNING id",
        id=acknowledgement_id,
        client_id=client_id,
        reply=answer,
        now=now,
    )
    return row is not None


async def appointments_between(
    tx: Transaction, therapist_id: int, from_at: int, until_at: int
) -> list[tuple[int, str, str]]:
    """List a therapist's appointments that start in [from_at, until_at): (pair id, on, time)."""
    rows = await tx.all(
        "SELECT pair.id, appointment.local_on, appointment.local_time FROM pair"
        " JOIN appointment ON appointment.pair_id = pair.id"
        " AND appointment.starts_at >= :from_at AND appointment.starts_at < :until_at"
        " WHERE pair.therapist_id = :therapist_id AND appointment.state = 'planned'"
        " AND pair.state <> 'erased' ORDER BY appointment.starts_at, pair.code",
        therapist_id=therapist_id,
        from_at=from_at,
        until_at=until_at,
    )
    return [(row["id"], row["local_on"], row["local_time"]) for row in rows]
