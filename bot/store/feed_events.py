"""Events of feeds as rows: which appointment each is, and whose it can be.

An event is a hash with times. What a calendar says changes an appointment only while nobody has
been asked about it: what was sent stays sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bot.core.feeds import Found, Kept
from bot.core.timetable import LONGEST_MINUTES
from bot.store.database import Transaction

#: Why the successor of a moved appointment is not asked about: its client has been asked already.
ASKED_BEFORE_MOVE: Final = "asked_before_move"

_SENT: Final = (
    "EXISTS (SELECT 1 FROM checkin LEFT JOIN message ON message.subject_id = checkin.id"
    " AND message.kind = 'prompt' WHERE checkin.appointment_id = :id AND checkin.kind = 'session'"
    " AND (checkin.sent_at IS NOT NULL OR message.state NOT IN ('queued', 'dropped')))"
)


@dataclass(frozen=True, slots=True)
class Whose:
    """A pair that an event can be of. may_plan: its client is neither gone nor stopped."""

    pair_id: int
    therapist_id: int
    code: str
    may_plan: bool


async def pairs_known(tx: Transaction, feed_id: int) -> list[Whose]:
    """List the pairs that events of a feed can be of: the therapist's, or all of the practice."""
    rows = await tx.all(
        "SELECT pair.id, pair.therapist_id, pair.code,"
        " pair.state IN ('invited', 'joined', 'active', 'paused') AS may_plan"
        " FROM pair JOIN feed ON feed.id = :feed_id"
        " AND (feed.therapist_id IS NULL OR feed.therapist_id = pair.therapist_id)"
        " WHERE pair.state <> 'erased' ORDER BY pair.code, pair.id",
        feed_id=feed_id,
    )
    return [Whose(r["id"], r["therapist_id"], r["code"], bool(r["may_plan"])) for r in rows]


async def kept_events(tx: Transaction, feed_id: int) -> list[Kept]:
    """List what is kept of a feed's events."""
    rows = await tx.all(
        "SELECT feed_event.*, appointment.absence_id, appointment.state FROM feed_event"
        " LEFT JOIN appointment ON appointment.id = feed_event.appointment_id"
        " WHERE feed_id = :feed_id ORDER BY feed_event.starts_at",
        feed_id=feed_id,
    )
    return [
        Kept(
            row["stem"], row["series"], row["starts_at"], row["ends_at"], row["pair_id"],
            row["appointment_id"], row["state"] == "planned" or row["absence_id"] is not None,
            row["found_at"] is not None,
        )
        for row in rows
    ]  # fmt: skip


async def keep_event(
    tx: Transaction,
    feed_id: int,
    event: Found,
    pair_id: int,
    appointment_id: int | None,
    found_at: int | None,
) -> None:
    """Keep an event with its appointment. found_at: when that had been there before.

    One that is kept already, such as somebody else's until its code was corrected, is this now.
    """
    await tx.run(
        "INSERT INTO feed_event (feed_id, stem, series, starts_at, ends_at, pair_id,"
        " appointment_id, found_at) VALUES (:feed_id, :stem, :series, :starts_at, :ends_at,"
        " :pair_id, :appointment_id, :found_at) ON CONFLICT (feed_id, stem, starts_at)"
        " DO UPDATE SET series = excluded.series, ends_at = excluded.ends_at,"
        " pair_id = excluded.pair_id, appointment_id = excluded.appointment_id,"
        " found_at = excluded.found_at",
        feed_id=feed_id,
        stem=event.stem,
        series=event.series,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        pair_id=pair_id,
        appointment_id=appointment_id,
        found_at=found_at,
    )


async def forget_event(tx: Transaction, feed_id: int, event: Kept) -> None:
    """Forget an event; should it come back, it is new."""
    await tx.run(
        "DELETE FROM feed_event WHERE feed_id = :feed_id AND stem = :stem"
        " AND starts_at = :starts_at",
        feed_id=feed_id,
        stem=event.stem,
        starts_at=event.starts_at,
    )


async def leave_to_another(
    tx: Transaction, feed_id: int, event: Kept, *, of_another_feed: bool
) -> tuple[int, int] | None:
    """Leave an event's appointment to another event that has it, as its maker if this one was.

    of_another_feed: events of the same feed do not count. One of a feed that rests never does.
    Gives from when until when the other is, best one where the appointment is; None for no other.
    """
    row = await tx.one(
        "UPDATE feed_event SET found_at = CASE WHEN EXISTS (SELECT 1 FROM feed_event AS own"
        "  WHERE own.feed_id = :feed_id AND own.stem = :stem AND own.starts_at = :starts_at"
        "  AND own.found_at IS NULL) THEN NULL ELSE found_at END"
        " WHERE (feed_id, stem, starts_at) IN (SELECT other.feed_id, other.stem, other.starts_at"
        "  FROM feed_event AS other JOIN feed ON feed.id = other.feed_id"
        "  JOIN appointment ON appointment.id = other.appointment_id"
        "  WHERE other.appointment_id = :appointment_id AND feed.rests IS NULL"
        "  AND (other.feed_id <> :feed_id OR (NOT :of_another_feed"
        "   AND (other.stem <> :stem OR other.starts_at <> :starts_at)))"
        "  ORDER BY CASE WHEN other.starts_at < appointment.ends_at"
        "   AND other.ends_at > appointment.starts_at THEN 0 ELSE 1 END,"
        "   other.found_at, other.feed_id, other.stem, other.starts_at LIMIT 1)"
        " RETURNING starts_at, ends_at",
        feed_id=feed_id,
        stem=event.stem,
        starts_at=event.starts_at,
        appointment_id=event.appointment_id,
        of_another_feed=of_another_feed,
    )
    return (row["starts_at"], row["ends_at"]) if row else None


async def place_of(tx: Transaction, appointment_id: int) -> tuple[int, int]:
    """Give from when until when an event's appointment is."""
    row = await tx.one(
        "SELECT starts_at, ends_at FROM appointment WHERE id = :id", id=appointment_id
    )
    assert row is not None  # noqa: S101 - an event names one that is there
    return row["starts_at"], row["ends_at"]


async def follow_move(tx: Transaction, moved_id: int, new_id: int) -> None:
    """Let the other events of a moved appointment have the one it has become."""
    await tx.run(
        "UPDATE feed_event SET appointment_id = :new_id WHERE appointment_id = :moved_id",
        moved_id=moved_id,
        new_id=new_id,
    )


async def forget_events(tx: Transaction, feed_id: int, ended_before: int | None = None) -> None:
    """Forget a feed's events, or those that ended before an instant."""
    await tx.run(
        "DELETE FROM feed_event WHERE feed_id = :feed_id"
        " AND (:ended_before IS NULL OR ends_at < :ended_before)",
        feed_id=feed_id,
        ended_before=ended_before,
    )


async def find_overlapping(
    tx: Transaction, pair_id: int, starts_at: int, ends_at: int
) -> int | None:
    """Give a pair's planned appointment at the time of another one: it is the same session.

    One that an absence has cancelled may come back.
    """
    row = await tx.one(
        "SELECT id FROM appointment WHERE pair_id = :pair_id"
        " AND (state = 'planned' OR absence_id IS NOT NULL)"
        " AND starts_at < :ends_at AND ends_at > :starts_at AND starts_at > :earliest_at"
        " ORDER BY absence_id IS NOT NULL, starts_at LIMIT 1",
        pair_id=pair_id,
        starts_at=starts_at,
        ends_at=ends_at,
        earliest_at=starts_at - LONGEST_MINUTES * 60_000,
    )
    return row["id"] if row else None


async def is_taken(tx: Transaction, pair_id: int, starts_at: int, ends_at: int) -> bool:
    """Say whether a calendar has an event of a pair at a time, whatever became of it there."""
    row = await tx.one(
        "SELECT 1 AS taken FROM feed_event WHERE pair_id = :pair_id"
        " AND appointment_id IS NOT NULL AND starts_at < :ends_at AND ends_at > :starts_at LIMIT 1",
        pair_id=pair_id,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    return row is not None


async def is_sent(tx: Transaction, appointment_id: int) -> bool:
    """Say whether an appointment's client has been asked, or perhaps has."""
    row = await tx.one(f"SELECT {_SENT} AS sent", id=appointment_id)
    return bool(row and row["sent"])


async def call_off(
    tx: Transaction, appointment_id: int, state: Literal["did_not_meet", "moved"], now: int
) -> None:
    """Take an appointment off the calendar about which its client has been asked.

    The question stays, with its answers; only a reminder that waits does not go out any more.
    """
    await tx.run(
        "UPDATE appointment SET state = :state, state_at = :now"
        " WHERE id = :id AND state = 'planned'",
        id=appointment_id,
        state=state,
        now=now,
    )
    await tx.run(
        "UPDATE message SET state = 'dropped', reason = 'cancelled', ended_at = :now"
        " WHERE state = 'queued' AND kind = 'reminder' AND subject_id IN"
        " (SELECT id FROM checkin WHERE appointment_id = :id AND kind = 'session')",
        id=appointment_id,
        now=now,
    )


async def ask_no_more(
    tx: Transaction, moved_id: int, new_id: int, *, was_sent: bool, now: int
) -> None:
    """Let what an appointment was moved to not be asked about, where it was before it moved.

    was_sent: its client was asked about it itself, not about what it had been moved from.
    """
    await tx.run(
        "UPDATE appointment SET asked = 'not_asked', asked_at = :now, not_asked_reason = :reason"
        " WHERE id = :new_id AND asked IS NULL AND (:was_sent OR EXISTS (SELECT 1"
        " FROM appointment AS earlier WHERE earlier.id = :moved_id"
        " AND earlier.not_asked_reason = :reason))",
        moved_id=moved_id,
        new_id=new_id,
        was_sent=was_sent,
        reason=ASKED_BEFORE_MOVE,
        now=now,
    )


# Whose they are where no rule knows
