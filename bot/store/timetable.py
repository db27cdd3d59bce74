"""Appointments as rows: owns what is planned, moved, cancelled and did not take place.

A UNIQUE key decides what would be twice: one appointment per rule and local date, one single
appointment per pair and instant. Every change that a therapist asks for carries the therapist in
its WHERE; what it does not hit it does not change, and says so by giving None.
"""

from __future__ import annotations

from typing import Final, Literal

from bot.core.timetable import LONGEST_MINUTES, Appointment, Entry, Occurrence
from bot.store.database import Row, Transaction

#: Why the successor of a moved appointment is not asked about: its check-in has answers already.
ANSWERED_BEFORE_MOVE: Final = "answered_before_move"
ENTRY: Final = (
    "SELECT appointment.*, pair.code, CASE WHEN pair.state = 'paused'"
    "  AND pair.paused_until_on <= appointment.local_on THEN 'active' ELSE pair.state END"
    " AS pair_state, client.unreachable_at,"
    " checkin.state AS checkin_state, checkin.first_answer_at"
    " FROM pair JOIN appointment ON appointment.pair_id = pair.id"
    " LEFT JOIN person AS client ON client.id = pair.client_id"
    " LEFT JOIN checkin ON checkin.appointment_id = appointment.id AND checkin.kind = 'session'"
)


def _appointment(row: Row) -> Appointment:
    return Appointment(
        id=row["id"],
        pair_id=row["pair_id"],
        rule_id=row["rule_id"],
        local_on=row["local_on"],
        local_time=row["local_time"],
        timezone=row["timezone"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        state=row["state"],
        moved_to=row["moved_to"],
    )


def read_entry(row: Row) -> Entry:
    return Entry(
        appointment=_appointment(row),
        code=row["code"],
        checkin_state=row["checkin_state"],
        answered=row["first_answer_at"] is not None,
        pair_state=row["pair_state"],
        unreachable=row["unreachable_at"] is not None,
    )


async def insert_appointment(
    tx: Transaction,
    *,
    id: int,
    pair_id: int,
    rule_id: int | None,
    occurrence: Occurrence,
    timezone: str,
    now: int,
) -> bool:
    """Add a planned appointment; False when its rule and date, or pair and instant, have one."""
    row = await tx.one(
        "INSERT INTO appointment (id, pair_id, rule_id, local_on, local_time, timezone,"
        " starts_at, ends_at, state, state_at) VALUES (:id, :pair_id, :rule_id, :local_on,"
        " :local_time, :timezone, :starts_at, :ends_at, 'planned', :now)"
        " ON CONFLICT DO NOTHING RETURNING id",
        id=id,
        pair_id=pair_id,
        rule_id=rule_id,
        local_on=occurrence.local_on,
        local_time=occurrence.local_time,
        timezone=timezone,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        now=now,
    )
    return row is not None


async def end_appointment(
    tx: Transaction,
    appointment_id: int,
    therapist_id: int,
    state: Literal["cancelled", "did_not_meet", "moved"],
    now: int,
    *,
    not_before_at: int = 0,
) -> Appointment | None:
    """Take a therapist's planned appointment off the calendar and withdraw its check-in.

    One that an absence has cancelled does not come back with it then. not_before_at: only one that
    starts at or after this instant.
    """
    row = await tx.one(
        "UPDATE appointment SET state = :state, state_at = :now, absence_id = NULL WHERE id = :id"
        " AND (state = 'planned' OR absence_id IS NOT NULL) AND starts_at >= :not_before_at"
        " AND pair_id IN (SELECT id FROM pair WHERE therapist_id = :therapist_id) RETURNING *",
        id=appointment_id,
        therapist_id=therapist_id,
        state=state,
        now=now,
        not_before_at=not_before_at,
    )
    if row is None:
        return None
    await withdraw_checkin(tx, appointment_id, now)
    return _appointment(row)


async def withdraw_checkin(tx: Transaction, appointment_id: int, now: int) -> None:
    """Cancel an appointment's check-in unless it has answers, and drop what is queued of it."""
    await tx.run(
        "UPDATE checkin SET state = 'cancelled', closed_at = :now"
        " WHERE appointment_id = :id AND kind = 'session' AND state = 'open'"
        " AND first_answer_at IS NULL",
        id=appointment_id,
        now=now,
    )
    await tx.run(
        "UPDATE message SET state = 'dropped', reason = 'cancelled', ended_at = :now"
        " WHERE state = 'queued' AND kind IN ('prompt', 'reminder') AND subject_id IN"
        " (SELECT id FROM checkin WHERE appointment_id = :id AND kind = 'session')",
        id=appointment_id,
        now=now,
    )


async def succeed_appointment(tx: Transaction, moved_id: int, new_id: int, now: int) -> None:
    """Name the successor of a moved appointment; answers given once are not asked for again."""
    await tx.run(
        "UPDATE appointment SET moved_to = :new_id WHERE id = :moved_id",
        moved_id=moved_id,
        new_id=new_id,
    )
    await tx.run(
        "UPDATE appointment SET asked = 'not_asked', asked_at = :now, not_asked_reason = :reason"
        " WHERE id = :new_id AND (EXISTS (SELECT 1 FROM checkin WHERE kind = 'session'"
        " AND appointment_id = :moved_id AND first_answer_at IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM appointment AS earlier WHERE earlier.id = :moved_id"
        " AND earlier.not_asked_reason = :reason))",
        moved_id=moved_id,
        new_id=new_id,
        reason=ANSWERED_BEFORE_MOVE,
        now=now,
    )


async def cancel_future_of_rule(
    tx: Transaction, rule_id: int, from_on: str, now: int
) -> list[Appointment]:
    """Cancel a rule's planned appointments after `now` on local dates from `from_on` on.

    Those that an absence has cancelled do not come back with it then.
    """
    rows = await tx.all(
        "UPDATE appointment SET state = 'cancelled', state_at = :now WHERE rule_id = :rule_id"
        " AND state = 'planned' AND starts_at > :now AND local_on >= :from_on RETURNING *",
        rule_id=rule_id,
        from_on=from_on,
        now=now,
    )
    for row in rows:
        await withdraw_checkin(tx, row["id"], now)
    await tx.run(
        "UPDATE appointment SET absence_id = NULL WHERE rule_id = :rule_id"
        " AND absence_id IS NOT NULL AND starts_at > :now AND local_on >= :from_on",
        rule_id=rule_id,
        from_on=from_on,
        now=now,
    )
    return sorted(map(_appointment, rows), key=lambda cancelled: cancelled.starts_at)


async def count_future(tx: Transaction, pair_id: int, now: int) -> int:
    """Count a pair's planned appointments after `now`."""
    row = await tx.one(
        "SELECT count(*) AS n FROM appointment WHERE pair_id = :pair_id AND state = 'planned'"
        " AND starts_at > :now",
        pair_id=pair_id,
        now=now,
    )
    return int(row["n"]) if row else 0


async def clear_timetable(tx: Transaction, pair_id: int, now: int) -> None:
    """Close a pair's rules and cancel its appointments to come (the pair is over)."""
    await tx.run(
        "UPDATE rule SET closed_at = :now WHERE pair_id = :pair_id AND closed_at IS NULL",
        pair_id=pair_id,
        now=now,
    )
    rows = await tx.all(
        "UPDATE appointment SET state = 'cancelled', state_at = :now WHERE pair_id = :pair_id"
        " AND state = 'planned' AND starts_at > :now RETURNING id",
        pair_id=pair_id,
        now=now,
    )
    for row in rows:
        await withdraw_checkin(tx, row["id"], now)
    await tx.run(
        "UPDATE appointment SET absence_id = NULL"
        " WHERE pair_id = :pair_id AND absence_id IS NOT NULL",
        pair_id=pair_id,
    )


async def find_appointment_of_therapist(
    tx: Transaction, appointment_id: int, therapist_id: int
) -> Entry | None:
    """Find an appointment, in whatever state, that belongs to this therapist."""
    row = await tx.one(
        f"{ENTRY} WHERE pair.therapist_id = :therapist_id AND appointment.id = :id",
        id=appointment_id,
        therapist_id=therapist_id,
    )
    return read_entry(row) if row else None


async def appointments_of_therapist(
    tx: Transaction, therapist_id: int, from_at: int, until_at: int
) -> list[Entry]:
    """List a therapist's appointments, of every state, that touch [from_at, until_at)."""
    rows = await tx.all(
        f"{ENTRY} WHERE pair.therapist_id = :therapist_id AND appointment.ends_at > :from_at"
        " AND appointment.starts_at >= :earliest_at AND appointment.starts_at < :until_at"
        " ORDER BY appointment.starts_at, pair.code",
        therapist_id=therapist_id,
        from_at=from_at,
        # None lasts longer than three hours: the index can start there.
        earliest_at=from_at - LONGEST_MINUTES * 60_000,
        until_at=until_at,
    )
    return [read_entry(row) for row in rows]


async def future_appointments_of_rule(
    tx: Transaction, rule_id: int, from_on: str, now: int
) -> list[Appointment]:
    """List a rule's planned appointments after `now` on local dates from `from_on` on."""
    rows = await tx.all(
        "SELECT * FROM appointment WHERE rule_id = :rule_id AND state = 'planned'"
        " AND starts_at > :now AND local_on >= :from_on ORDER BY starts_at",
        rule_id=rule_id,
        from_on=from_on,
        now=now,
    )
    return [_appointment(row) for row in rows]


async def find_next_appointment(tx: Transaction, pair_id: int, after_at: int) -> Appointment | None:
    """Find a pair's first planned appointment that starts after an instant."""
    row = await tx.one(
        "SELECT * FROM appointment WHERE pair_id = :pair_id AND state = 'planned'"
        " AND starts_at > :after_at ORDER BY starts_at LIMIT 1",
        pair_id=pair_id,
        after_at=after_at,
    )
    return _appointment(row) if row else None


async def find_previous_appointment(
    tx: Transaction, pair_id: int, before_at: int
) -> Appointment | None:
    """Find a pair's last planned appointment that started before an instant."""
    row = await tx.one(
        "SELECT * FROM appointment WHERE pair_id = :pair_id AND state = 'planned'"
        " AND starts_at < :before_at ORDER BY starts_at DESC LIMIT 1",
        pair_id=pair_id,
        before_at=before_at,
    )
    return _appointment(row) if row else None
