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
    """What was set together: by whom (None: from the command line), from what to what."""

    id: int
    owner_id: int
    set_by: int | None
    set_at: int
    values: Mapping[str, str | None]
    before: Mapping[str, str | None]


_HELD: Final = "SELECT owner_id, name, value, set_at FROM schedule_value WHERE over_at IS NULL"


async def values_in_force(tx: Transaction) -> dict[int, dict[str, Held]]:
    """Give the newest of what anybody has ever set: `{owner: {name: held}}`."""
    return _by_owner(await tx.all(f"{_HELD} AND owner_id >= 0"))


async def values_for(tx: Transaction, owner_id: int) -> dict[int, dict[str, Held]]:
    """Give the newest of what the practice and one owner have ever set."""
    return _by_owner(await tx.all(f"{_HELD} AND owner_id IN (0, :owner_id)", owner_id=owner_id))


def _by_owner(rows: list[Row]) -> dict[int, dict[str, Held]]:
    found: dict[int, dict[str, Held]] = {}
    for row in rows:
        held = Held(row["value"], row["set_at"])
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
        " (id, change_id, owner_id, name, value, before, set_by, set_at)"
        " VALUES (:id, :change_id, :owner_id, :name, :value, :before, :set_by, :now)",
        id=id,
        change_id=change_id,
        owner_id=owner_id,
        name=name,
        value=value,
        before=row["value"] if row else None,
        set_by=set_by,
        now=now,
    )


async def find_change(tx: Transaction, change_id: int) -> Changed | None:
    """Give a change, whether it still holds or not."""
    rows = await tx.all(
        "SELECT * FROM schedule_value WHERE change_id = :id ORDER BY name", id=change_id
    )
    if not rows:
        return None
    return Changed(
        id=change_id,
        owner_id=rows[0]["owner_id"],
        set_by=rows[0]["set_by"],
        set_at=rows[0]["set_at"],
        values={row["name"]: row["value"] for row in rows},
        before={row["name"]: row["before"] for row in rows},
    )


async def is_in_force(tx: Transaction, change_id: int) -> bool:
    """Say whether nothing of a change has been set again since."""
    row = await tx.one(
        "SELECT count(*) AS n, count(over_at) AS over FROM schedule_value WHERE change_id = :id",
        id=change_id,
    )
    return row is not None and row["n"] > 0 and row["over"] == 0


async def newest_change(tx: Transaction, owner_id: int | None) -> int | None:
    """Give the id of the newest change of one owner, None for any of them."""
    row = await tx.one(
        "SELECT change_id FROM schedule_value"
        " WHERE CAST(:owner_id AS BIGINT) IS NULL OR owner_id = :owner_id"
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


async def planned_sessions(tx: Transaction, until_at: int) -> list[tuple[int, int, str]]:
    """List what is still to be decided about until an instant: (therapist, pair, local date)."""
    rows = await tx.all(
        "SELECT pair.therapist_id, pair.id, local_on FROM appointment"
        " JOIN pair ON pair.id = appointment.pair_id"
        " WHERE asked IS NULL AND appointment.state = 'planned' AND ends_at <= :until_at"
        " AND pair.state = 'active' ORDER BY starts_at",
        until_at=until_at,
    )
    return [(row["therapist_id"], row["id"], row["local_on"]) for row in rows]


async def open_checkins(tx: Transaction) -> int:
    """Count the check-ins about sessions that are open."""
    row = await tx.one(
        "SELECT count(*) AS n FROM checkin WHERE state = 'open' AND kind = 'session'"
    )
    return int(row["n"]) if row else 0


_REMINDERS: Final = (
    " kind = 'reminder' AND state = 'queued' AND subject_id IN (SELECT id FROM checkin"
    " WHERE sent_at IS NOT NULL AND snoozed_until_at IS NULL)"
)


async def waiting_reminders(tx: Transaction) -> int:
    """Count the reminders that wait for so many hours to be over."""
    row = await tx.one(f"SELECT count(*) AS n FROM message WHERE {_REMINDERS}")  # noqa: S608
    return int(row["n"]) if row else 0


async def bring_reminders_forward(tx: Transaction, after_ms: int) -> None:
    """Let waiting reminders come no later than so long after their questions."""
    await tx.run(
        "UPDATE message SET due_at = (SELECT sent_at + :after_ms FROM checkin"  # noqa: S608
        f" WHERE checkin.id = subject_id) WHERE {_REMINDERS} AND due_at >"
        " (SELECT sent_at + :after_ms FROM checkin WHERE checkin.id = subject_id)",
        after_ms=after_ms,
    )


async def quiet_followers(tx: Transaction) -> int:
    """Count the clients of running pairs who have no quiet hours of their own."""
    row = await tx.one(
        "SELECT count(*) AS n FROM person WHERE quiet_from IS NULL AND id IN"
        " (SELECT client_id FROM pair WHERE state IN ('joined', 'active', 'paused'))"
    )
    return int(row["n"]) if row else 0
