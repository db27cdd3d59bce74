"""What was set of the schedule at run time: values in force, and the changes that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.schedule import Held
from bot.store.database import Row, Transaction

#: The owner of what holds for the whole practice.
PRACTICE: Final = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """What was set together, from what to what.

    in_force: the names for which the same is in force now.
    """

    id: int
    owner_id: int
    values: Mapping[str, str | None]
    before: Mapping[str, str | None]
    in_force: frozenset[str]


_HELD: Final = "SELECT owner_id, name, value, since_at FROM schedule_value WHERE over_at IS NULL"


async def values_in_force(tx: Transaction) -> dict[int, dict[str, Held]]:
    """Give the newest of what anybody has ever set: `{owner: {name: held}}`."""
    return _by_owner(await tx.all(f"{_HELD} AND owner_id >= 0"))


async def values_for(tx: Transaction, owner_id: int) -> dict[int, dict[str, Held]]:
    """Give the newest of what the practice and one owner have ever set."""
    return _by_owner(await tx.all(f"{_HELD} AND owner_id IN (0, :owner_id)", owner_id=owner_id))


def _by_owner(rows: list[Row]) -> dict[int, dict[str, Held]]:
    found: dict[int, dict[str, Held]] = {}
    for row in rows:
        held = Held(row["value"], row["since_at"])
        found.setdefault(row["owner_id"], {})[row["name"]] = held
    return found


async def set_value(
    tx: Transaction,
    *,
    id: int,
    change_id: int,
    owner_id: int,
    name: str,
    value: str | None,
    set_by: int | None,
    since_at: int,
    now: int,
) -> None:
    """Put a value in force, within a change; None lets the name follow again."""
    row = await tx.one(
        "UPDATE schedule_value SET over_at = :now"
        " WHERE owner_id = :owner_id AND name = :name AND over_at IS NULL RETURNING value",
        owner_id=owner_id,
        name=name,
        now=now,
    )
    await tx.run(
        "INSERT INTO schedule_value"
        " (id, change_id, owner_id, name, value, before, set_by, set_at, since_at)"
        " VALUES (:id, :change_id, :owner_id, :name, :value, :before, :set_by, :now, :since_at)",
        id=id,
        change_id=change_id,
        owner_id=owner_id,
        name=name,
        value=value,
        before=row["value"] if row else None,
        set_by=set_by,
        now=now,
        since_at=since_at,
    )


async def find_change(tx: Transaction, change_id: int) -> Changed | None:
    """Give a change, whether it still holds or not."""
    rows = await tx.all(
        "SELECT made.*, now.value AS held FROM schedule_value AS made"
        " JOIN schedule_value AS now ON now.owner_id = made.owner_id AND now.name = made.name"
        " AND now.over_at IS NULL WHERE made.change_id = :id",
        id=change_id,
    )
    if not rows:
        return None
    return Changed(
        id=change_id,
        owner_id=rows[0]["owner_id"],
        values={row["name"]: row["value"] for row in rows},
        before={row["name"]: row["before"] for row in rows},
        in_force=frozenset(row["name"] for row in rows if row["held"] == row["value"]),
    )


async def since_before(tx: Transaction, change_id: int, name: str) -> int:
    """Give since when what a change replaced had counted, 0 where that was nothing."""
    row = await tx.one(
        "SELECT earlier.since_at FROM schedule_value AS made"
        " JOIN schedule_value AS earlier ON earlier.owner_id = made.owner_id"
        " AND earlier.name = made.name AND earlier.over_at = made.set_at"
        " AND earlier.id <> made.id"
        " WHERE made.change_id = :change_id AND made.name = :name",
        change_id=change_id,
        name=name,
    )
    return int(row["since_at"]) if row else 0


async def newest_change(tx: Transaction, owner_id: int) -> int | None:
    """Give the id of an owner's newest change."""
    row = await tx.one(
        "SELECT change_id FROM schedule_value WHERE owner_id = :owner_id"
        " ORDER BY set_at DESC, change_id LIMIT 1",
        owner_id=owner_id,
    )
    return row["change_id"] if row else None


async def highest(tx: Transaction, name: str) -> int:
    """Give the highest number that was ever set for a name, 0 where none was."""
    row = await tx.one(
        "SELECT coalesce(max(CAST(value AS BIGINT)), 0) AS n FROM schedule_value"
        " WHERE name = :name",
        name=name,
    )
    return int(row["n"]) if row else 0


@dataclass(frozen=True, slots=True)
class Planned:
    """A session that is still to be decided about, and what its check-in would depend on.

    next_at: when the pair's next one starts. Quiet hours and zone: the client's own, if any.
    """

    therapist_id: int
    pair_id: int
    local_on: str
    ends_at: int
    next_at: int | None
    quiet_from: str | None
    quiet_to: str | None
    timezone: str | None


async def planned_sessions(tx: Transaction, until_at: int) -> list[Planned]:
    """List what is still to be decided about until an instant, by time."""
    rows = await tx.all(
        "SELECT pair.therapist_id, pair.id AS pair_id, local_on, ends_at,"
        " (SELECT min(later.starts_at) FROM appointment AS later WHERE later.pair_id = pair.id"
        "  AND later.state = 'planned' AND later.starts_at > appointment.starts_at) AS next_at,"
        " quiet_from, quiet_to, person.timezone FROM appointment"
        " JOIN pair ON pair.id = appointment.pair_id JOIN person ON person.id = pair.client_id"
        " WHERE asked IS NULL AND appointment.state = 'planned' AND ends_at <= :until_at"
        " AND pair.state = 'active' ORDER BY starts_at",
        until_at=until_at,
    )
    return [Planned(**dict(row)) for row in rows]


async def asked_since(tx: Transaction, from_on: str) -> list[tuple[int, str]]:
    """List the sessions that were asked about from a local date on: (pair, local date)."""
    rows = await tx.all(
        "SELECT pair_id, local_on FROM appointment WHERE asked = 'asked' AND local_on >= :from_on"
        " ORDER BY starts_at",
        from_on=from_on,
    )
    return [(row["pair_id"], row["local_on"]) for row in rows]


async def open_checkins(tx: Transaction) -> int:
    """Count the check-ins about sessions that are open."""
    row = await tx.one(
        "SELECT count(*) AS n FROM checkin WHERE state = 'open' AND kind = 'session'"
    )
    return int(row["n"]) if row else 0


_REMINDED_AT: Final = (
    "(SELECT coalesce(sent_at, checkin.due_at) + :after_ms FROM checkin"
    " WHERE checkin.id = subject_id)"
)
_REMINDERS: Final = (
    " kind = 'reminder' AND state = 'queued' AND subject_id IN (SELECT id FROM checkin"
    " WHERE state = 'open' AND completed_at IS NULL AND snoozed_until_at IS NULL)"
)


async def waiting_reminders(tx: Transaction) -> int:
    """Count the reminders that wait for so many hours to be over."""
    row = await tx.one(f"SELECT count(*) AS n FROM message WHERE {_REMINDERS}")  # noqa: S608
    return int(row["n"]) if row else 0


async def bring_reminders_forward(tx: Transaction, after_ms: int) -> None:
    """Let waiting reminders come no later than so long after their questions."""
    await tx.run(
        f"UPDATE message SET due_at = {_REMINDED_AT}"  # noqa: S608
        f" WHERE {_REMINDERS} AND due_at > {_REMINDED_AT}",
        after_ms=after_ms,
    )


async def quiet_followers(tx: Transaction) -> int:
    """Count the clients of running pairs who have no quiet hours of their own."""
    row = await tx.one(
        "SELECT count(*) AS n FROM person WHERE quiet_from IS NULL AND id IN"
        " (SELECT client_id FROM pair WHERE state IN ('joined', 'active', 'paused'))"
    )
    return int(row["n"]) if row else 0
