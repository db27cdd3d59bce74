"""Absences as rows, and the appointments that they have cancelled.

An absence is previewed as a row that does not count, and stands once it is agreed to. A change is
a new row in the place of others, so that it can be taken back. Who covers is sealed with the key of
the therapist whose absence it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.absence import Absence
from bot.store.database import Row, Transaction

#: The owner of the days on which the whole practice is closed.
PRACTICE: Final = 0
#: Why a session is not asked about that an absence has cancelled.
REASON: Final = "absence"

_STANDING: Final = "agreed_at IS NOT NULL AND over_at IS NULL"
_DAYS: Final = (
    "SELECT id, owner_id, first_on, last_on, since_at FROM absence"  # noqa: S608 - fixed text
    f" WHERE {_STANDING}"
)
_ROWS: Final = (
    "SELECT absence.*, person.data_key FROM absence LEFT JOIN person ON person.id = owner_id"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """An absence and how it stands. changes_id: the one that it is to take the place of."""

    absence: Absence
    changes_id: int | None
    agreed_at: int | None
    over_at: int | None

    @property
    def stands(self) -> bool:
        """Whether it counts."""
        return self.agreed_at is not None and self.over_at is None


@dataclass(frozen=True, slots=True)
class Session:
    """An appointment that an absence may cancel or has cancelled."""

    id: int
    code: str
    starts_at: int


def _kept(tx: Transaction, row: Row) -> Kept:
    cover = row["cover"]
    if cover is not None:
        sealer = tx.vault.sealer(row["data_key"], "person", row["owner_id"])
        cover = sealer.open_text(cover, "absence", "cover", row["id"])
    absence = Absence(
        row["id"], row["owner_id"], row["first_on"], row["last_on"], row["since_at"], cover
    )
    return Kept(absence, row["changes_id"], row["agreed_at"], row["over_at"])


async def draft(
    tx: Transaction, absence: Absence, *, made_by: int | None, changes_id: int | None, now: int
) -> None:
    """Keep an absence that was shown, in the place of the last one that the same person was shown.

    Errors: KeyError for a cover of somebody who is no person.
    """
    await tx.run(
        "DELETE FROM absence WHERE owner_id = :owner_id AND agreed_at IS NULL"
        " AND coalesce(made_by, 0) = :made_by",
        owner_id=absence.owner_id,
        made_by=made_by or 0,
    )
    cover = None
    if absence.cover is not None:
        row = await tx.one("SELECT data_key FROM person WHERE id = :id", id=absence.owner_id)
        if row is None:
            raise KeyError(f"no person {absence.owner_id}")
        sealer = tx.vault.sealer(row["data_key"], "person", absence.owner_id)
        cover = sealer.seal_text(absence.cover, "absence", "cover", absence.id)
    await tx.run(
        "INSERT INTO absence (id, owner_id, first_on, last_on, cover, made_by, made_at, since_at,"
        " changes_id) VALUES (:id, :owner_id, :first_on, :last_on, :cover, :made_by, :now,"
        " :since_at, :changes_id)",
        id=absence.id,
        owner_id=absence.owner_id,
        first_on=absence.first_on,
        last_on=absence.last_on,
        cover=cover,
        made_by=made_by,
        now=now,
        since_at=absence.since_at,
        changes_id=changes_id,
    )


async def find(tx: Transaction, absence_id: int, owner_ids: Sequence[int]) -> Kept | None:
    """Find an absence of one of these owners, however it stands."""
    row = await tx.one(f"{_ROWS} WHERE absence.id = :id", id=absence_id)
    return _kept(tx, row) if row is not None and row["owner_id"] in owner_ids else None


async def standing(tx: Transaction, owner_ids: Sequence[int]) -> tuple[Absence, ...]:
    """List the absences of owners that count, whenever they are, by their days."""
    found = [
        _kept(tx, row).absence
        for owner_id in owner_ids
        for row in await tx.all(f"{_ROWS} WHERE owner_id = :id AND {_STANDING}", id=owner_id)
    ]
    return tuple(sorted(found, key=lambda one: (one.first_on, one.last_on, one.id)))


async def was_said(tx: Transaction, owner_id: int, first_on: str, last_on: str) -> bool:
    """Say whether days of an owner ever counted, whatever became of that."""
    row = await tx.one(
        "SELECT id FROM absence WHERE owner_id = :owner_id AND agreed_at IS NOT NULL"
        " AND first_on <= :first_on AND last_on >= :last_on LIMIT 1",
        owner_id=owner_id,
        first_on=first_on,
        last_on=last_on,
    )
    return row is not None


async def days_by_owner(tx: Transaction, owner_id: int | None = None) -> dict[int, list[Absence]]:
    """Give the days of all absences that count, by owner, without who covers.

    owner_id: of this one and the practice alone.
    """
    if owner_id is None:
        rows = await tx.all(f"{_DAYS} AND owner_id >= 0")
    else:
        rows = await tx.all(f"{_DAYS} AND owner_id IN (0, :owner_id)", owner_id=owner_id)
    found: dict[int, list[Absence]] = {}
    for row in rows:
        found.setdefault(row["owner_id"], []).append(Absence(**dict(row)))
    return found


async def agree(
    tx: Transaction, absence_id: int, since_at: int, replaced: Iterable[int], now: int
) -> None:
    """Let an absence count, in the place of others."""
    for one in replaced:
        await tx.run(
            "UPDATE absence SET over_at = :now, replaced_by = :by WHERE id = :id",
            id=one,
            by=absence_id,
            now=now,
        )
    await tx.run(
        "UPDATE absence SET agreed_at = :now, since_at = :since_at WHERE id = :id",
        id=absence_id,
        since_at=since_at,
        now=now,
    )


async def end(tx: Transaction, absence_id: int, now: int) -> None:
    """Let an absence count no more."""
    await tx.run(
        "UPDATE absence SET over_at = :now WHERE id = :id AND over_at IS NULL",
        id=absence_id,
        now=now,
    )


async def stand_again(tx: Transaction, absence_id: int, now: int) -> None:
    """Let an absence that was ended count again, from now on: what began meanwhile took place."""
    await tx.run(
        "UPDATE absence SET over_at = NULL, replaced_by = NULL, since_at = :now WHERE id = :id",
        id=absence_id,
        now=now,
    )


async def replaced_by(tx: Transaction, absence_id: int) -> list[Absence]:
    """List what an absence stands in the place of."""
    rows = await tx.all(f"{_ROWS} WHERE replaced_by = :id ORDER BY first_on", id=absence_id)
    return [_kept(tx, row).absence for row in rows]


async def sessions_to_come(
    tx: Transaction, therapist_id: int, from_at: int, until_at: int
) -> list[Session]:
    """List what an absence would cancel in [from_at, until_at), by time.

    Nothing that is decided about, unless it was when it was moved and has not begun.
    """
    rows = await tx.all(
        "SELECT appointment.id, pair.code, starts_at FROM pair"
        " JOIN appointment ON appointment.pair_id = pair.id"
        " WHERE pair.therapist_id = :therapist_id AND appointment.state = 'planned'"
        " AND (asked IS NULL OR asked = 'not_asked')"
        " AND starts_at >= :from_at AND starts_at < :until_at ORDER BY starts_at, pair.code",
        therapist_id=therapist_id,
        from_at=from_at,
        until_at=until_at,
    )
    return [Session(**dict(row)) for row in rows]


async def sessions_cancelled(tx: Transaction, therapist_id: int, from_at: int) -> list[Session]:
    """List what absences have cancelled that starts from an instant on, by time."""
    rows = await tx.all(
        "SELECT appointment.id, pair.code, starts_at FROM pair"
        " JOIN appointment ON appointment.pair_id = pair.id"
        " WHERE pair.therapist_id = :therapist_id AND absence_id IS NOT NULL"
        " AND starts_at >= :from_at ORDER BY starts_at, pair.code",
        therapist_id=therapist_id,
        from_at=from_at,
    )
    return [Session(**dict(row)) for row in rows]


async def cancel(tx: Transaction, appointment_id: int, absence_id: int, now: int) -> None:
    """Let a planned appointment be cancelled by an absence, and not be asked about for that."""
    await tx.run(
        "UPDATE appointment SET state = 'cancelled', state_at = :now, absence_id = :absence_id,"
        " asked_at = CASE WHEN asked IS NULL THEN :now ELSE asked_at END,"
        " not_asked_reason = CASE WHEN asked IS NULL THEN :reason ELSE not_asked_reason END,"
        " asked = 'not_asked' WHERE id = :id AND state = 'planned'"
        " AND (asked IS NULL OR asked = 'not_asked')",
        id=appointment_id,
        absence_id=absence_id,
        reason=REASON,
        now=now,
    )


async def bring_back(tx: Transaction, appointment_id: int, now: int) -> None:
    """Let an appointment be planned again that an absence had cancelled.

    Where another one of the pair is at that time meanwhile, it stays cancelled.
    """
    await tx.run(
        "UPDATE appointment SET absence_id = NULL, state_at = :now, state = CASE WHEN EXISTS"
        " (SELECT 1 FROM appointment AS other WHERE other.pair_id = appointment.pair_id"
        "  AND other.state = 'planned' AND other.starts_at < appointment.ends_at"
        "  AND other.ends_at > appointment.starts_at) THEN 'cancelled' ELSE 'planned' END,"
        " asked = CASE WHEN not_asked_reason = :reason THEN NULL ELSE asked END,"
        " asked_at = CASE WHEN not_asked_reason = :reason THEN NULL ELSE asked_at END,"
        " not_asked_reason = CASE WHEN not_asked_reason = :reason THEN NULL"
        "  ELSE not_asked_reason END"
        " WHERE id = :id AND absence_id IS NOT NULL AND state = 'cancelled'",
        id=appointment_id,
        reason=REASON,
        now=now,
    )


async def open_checkins(tx: Transaction, therapist_id: int) -> int:
    """Count the check-ins about a therapist's sessions that are open."""
    row = await tx.one(
        "SELECT count(*) AS n FROM checkin JOIN pair ON pair.id = checkin.pair_id"
        " WHERE pair.therapist_id = :therapist_id AND checkin.state = 'open'"
        " AND checkin.kind = 'session' AND checkin.completed_at IS NULL",
        therapist_id=therapist_id,
    )
    return int(row["n"]) if row else 0


async def session_of(tx: Transaction, checkin_id: int) -> tuple[int, int] | None:
    """Give the therapist whose session a check-in is about, and when that started."""
    row = await tx.one(
        "SELECT pair.therapist_id, appointment.starts_at FROM checkin"
        " JOIN appointment ON appointment.id = checkin.appointment_id"
        " JOIN pair ON pair.id = checkin.pair_id WHERE checkin.id = :id",
        id=checkin_id,
    )
    return (row["therapist_id"], row["starts_at"]) if row else None
