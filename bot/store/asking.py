"""What the decision to ask needs of the rows: ended appointments, caps, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.reasons import LOOP_MS
from bot.store.database import Transaction
from bot.store.feed_events import ASKED_BEFORE_MOVE
from bot.store.timetable import ANSWERED_BEFORE_MOVE
from bot.store.wrong_client import STANDS


@dataclass(frozen=True, slots=True)
class Ended:
    """An appointment that is over and about which nothing has been decided yet."""

    id: int
    pair_id: int
    local_on: str
    starts_at: int
    ends_at: int


#: When appointments are decided about: so long after their end, by their therapist or the practice.
_UNDECIDED: Final = (
    " FROM appointment JOIN pair ON pair.id = appointment.pair_id"
    " LEFT JOIN schedule_value AS own ON own.owner_id = pair.therapist_id"
    " AND own.name = 'checkin.delay_minutes' AND own.over_at IS NULL"
    " WHERE asked IS NULL AND appointment.state = 'planned'"
)
_DECIDED_AT: Final = "ends_at + 60000 * coalesce(CAST(own.value AS BIGINT), :delay_minutes)"


async def find_undecided(tx: Transaction, now: int, delay_minutes: int) -> Ended | None:
    """Give the appointment that ended longest ago and awaits the decision to ask or not.

    delay_minutes: how long after its end, where its therapist has no time of the own.
    """
    row = await tx.one(
        f"SELECT appointment.id, pair_id, local_on, starts_at, ends_at {_UNDECIDED}"
        f" AND ends_at <= :now AND {_DECIDED_AT} <= :now ORDER BY ends_at LIMIT 1",
        now=now,
        delay_minutes=delay_minutes,
    )
    return Ended(**dict(row)) if row else None


async def undecided_by(tx: Transaction, at: int) -> list[Ended]:
    """List the appointments that were over by a moment, and nothing is decided about."""
    rows = await tx.all(
        "SELECT id, pair_id, local_on, starts_at, ends_at FROM appointment"
        " WHERE asked IS NULL AND state = 'planned' AND ends_at <= :at ORDER BY ends_at",
        at=at,
    )
    return [Ended(**dict(row)) for row in rows]


async def next_decision_at(tx: Transaction, delay_minutes: int) -> int | None:
    """Give when the next appointment is decided about."""
    row = await tx.one(
        f"SELECT min({_DECIDED_AT}) AS at {_UNDECIDED}",
        delay_minutes=delay_minutes,
    )
    return row["at"] if row else None


async def is_undecided(tx: Transaction, ended: Ended) -> bool:
    """Say whether an appointment is as it was: planned for then, and nothing decided about it."""
    row = await tx.one(
        "SELECT id FROM appointment WHERE id = :id AND asked IS NULL AND state = 'planned'"
        " AND ends_at = :ends_at",
        id=ended.id,
        ends_at=ended.ends_at,
    )
    return row is not None


async def note_decision(tx: Transaction, appointment_id: int, now: int, reason: str | None) -> None:
    """Note that an appointment is asked about, or why it is not."""
    await tx.run(
        "UPDATE appointment SET asked = :asked, asked_at = :now, not_asked_reason = :reason"
        " WHERE id = :id AND asked IS NULL",
        asked="asked" if reason is None else "not_asked",
        now=now,
        reason=reason,
        id=appointment_id,
    )


async def decide_anew(tx: Transaction, pair_id: int, reason: str, ended_after: int) -> None:
    """Let what was not asked for a reason be decided about once more, where it is not long ago."""
    await tx.run(
        "UPDATE appointment SET asked = NULL, asked_at = NULL, not_asked_reason = NULL"
        " WHERE pair_id = :pair_id AND not_asked_reason = :reason AND ends_at > :ended_after",
        pair_id=pair_id,
        reason=reason,
        ended_after=ended_after,
    )


async def find_undecided_start(tx: Transaction, pair_id: int, started_by: int) -> int | None:
    """Give when a pair's oldest session started about which nothing has been decided yet."""
    row = await tx.one(
        "SELECT min(starts_at) AS starts_at FROM appointment WHERE pair_id = :pair_id"
        " AND asked IS NULL AND state = 'planned' AND starts_at <= :started_by",
        pair_id=pair_id,
        started_by=started_by,
    )
    return row["starts_at"] if row else None


async def find_next_start(tx: Transaction, pair_id: int, after_at: int) -> int | None:
    """Give when a pair's next planned appointment starts."""
    row = await tx.one(
        "SELECT min(starts_at) AS starts_at FROM appointment"
        " WHERE pair_id = :pair_id AND state = 'planned' AND starts_at > :after_at",
        pair_id=pair_id,
        after_at=after_at,
    )
    return row["starts_at"] if row else None


async def find_first_start(tx: Transaction, pair_id: int) -> int | None:
    """Give when a pair's first appointment starts or started."""
    return await find_next_start(tx, pair_id, 0)


async def sessions_until(tx: Transaction, pair_id: int, ended_by: int) -> int:
    """Count a pair's sessions that took place, as far as calendar and client agree on it."""
    row = await tx.one(
        "SELECT count(*) AS n FROM appointment WHERE pair_id = :pair_id AND state = 'planned'"
        " AND ends_at <= :ended_by AND NOT EXISTS (SELECT 1 FROM checkin"
        "  WHERE checkin.appointment_id = appointment.id AND checkin.state = 'did_not_meet')",
        pair_id=pair_id,
        ended_by=ended_by,
    )
    return int(row["n"]) if row else 0


async def was_asked(tx: Transaction, pair_id: int, item: str) -> bool:
    """Say whether a pair's client has answered or skipped an item after any session."""
    row = await tx.one(
        "SELECT checkin.id FROM checkin JOIN answer ON answer.checkin_id = checkin.id"
        " WHERE checkin.pair_id = :pair_id AND checkin.kind = 'session' AND answer.item = :item"
        " AND checkin.state <> 'cancelled'"
        " LIMIT 1",
        pair_id=pair_id,
        item=item,
    )
    return row is not None


async def asked_between(
    tx: Transaction, pair_id: int, from_on: str, until_on: str
) -> list[tuple[str, bool]]:
    """List the local dates (inclusive bounds) of appointments that a pair was asked about, or may
    have been in hours that were lost, each with whether that is certain.
    """
    rows = await tx.all(
        "SELECT local_on, asked FROM appointment WHERE pair_id = :pair_id"
        " AND (asked = 'asked' OR not_asked_reason = 'lost')"
        " AND local_on BETWEEN :from_on AND :until_on",
        pair_id=pair_id,
        from_on=from_on,
        until_on=until_on,
    )
    return [(row["local_on"], row["asked"] == "asked") for row in rows]


async def was_asked_last(tx: Transaction, pair_id: int, before_at: int) -> bool:
    """Say whether a pair was asked about the session before the one that starts at an instant.

    A question that turned out to be about no session, or never got through, does not count; one
    that came before its session was moved does, and so does one of hours that were lost.
    """
    row = await tx.one(
        "SELECT asked, not_asked_reason FROM appointment"
        " WHERE pair_id = :pair_id AND state = 'planned' AND starts_at < :before_at"
        " AND asked IS NOT NULL AND NOT EXISTS (SELECT 1 FROM checkin"
        "  WHERE checkin.appointment_id = appointment.id"
        "  AND checkin.state IN ('did_not_meet', 'cancelled', 'undeliverable')"
        "  AND (checkin.state <> 'undeliverable' OR checkin.lost_at IS NULL))"
        " ORDER BY starts_at DESC LIMIT 1",
        pair_id=pair_id,
        before_at=before_at,
    )
    return row is not None and (
        row["asked"] == "asked"
        or row["not_asked_reason"] in (ANSWERED_BEFORE_MOVE, ASKED_BEFORE_MOVE, "lost")
    )


async def is_silent_running(tx: Transaction, pair_id: int, times: int) -> bool:
    """Say whether a pair's client has left the newest check-ins after sessions unanswered.

    times: so many in a row, all of which went out after the client was last asked how to go on.
    What never went out, or was called off, does not count, also where the calendar said so only
    later. Who has skipped something has been heard of.
    """
    rows = await tx.all(
        "SELECT checkin.state, first_answer_at FROM checkin"
        " JOIN appointment ON appointment.id = appointment_id"
        " WHERE checkin.pair_id = :pair_id AND kind = 'session' AND appointment.state = 'planned'"
        " AND sent_at > coalesce((SELECT max(made_at) FROM message WHERE kind = 'notice'"
        "  AND subject_id IN (SELECT id FROM checkin WHERE pair_id = :pair_id AND kind = 'session')"
        "  AND part = 'keep_asking' AND reason IS NOT 'away'), 0)"
        " AND checkin.state NOT IN ('open', 'cancelled', 'undeliverable')"
        " ORDER BY due_at DESC LIMIT :times",
        pair_id=pair_id,
        times=times,
    )
    return len(rows) == times and all(
        row["state"] == "expired" and row["first_answer_at"] is None for row in rows
    )


async def was_asked_how_to_go_on(tx: Transaction, pair_id: int) -> bool:
    """Say whether a pair's client was asked how to go on since the last answer."""
    row = await tx.one(
        "SELECT id FROM message WHERE kind = 'notice' AND subject_id IN"
        " (SELECT id FROM checkin WHERE pair_id = :pair_id AND kind = 'session')"
        " AND part = 'keep_asking' AND reason IS NOT 'away'"
        " AND made_at > coalesce((SELECT max(last_answer_at) FROM checkin"
        "  WHERE checkin.pair_id = :pair_id AND kind = 'session'), 0) LIMIT 1",
        pair_id=pair_id,
    )
    return row is not None


async def latest_acknowledgement(
    tx: Transaction, pair_id: int, told_before: int, told_from: int = 0
) -> tuple[int, str] | None:
    """Give a pair's newest acknowledgement as (id, kind), unless it was asked about or declined.

    A check-in that was left alone, or was about no session, has asked nothing; the next one does
    then, as long as the therapist reads that this is open. told_before: nor where the client had
    not been told the most of it by then, UTC milliseconds. told_from: nor where that was told
    before.
    """
    row = await tx.one(
        "SELECT id, kind, reply, told_at,"  # noqa: S608 - fixed text
        # "Let's talk about it" after "read" had been told went out in a message of its own.
        " (SELECT coalesce(CASE WHEN state IN ('sent', 'unknown') THEN ended_at END, :told_before)"
        "  FROM message WHERE message.kind = 'ack' AND subject_id = acknowledgement.id"
        "  AND part = 'talk') AS raised_told_at, (SELECT count(*) FROM checkin"
        " WHERE checkin.pair_id = :pair_id AND checkin.follows_id = acknowledgement.id"
        " AND checkin.state <> 'cancelled' AND (checkin.state = 'open'"
        "  OR (checkin.first_answer_at IS NOT NULL AND checkin.state <> 'did_not_meet')"
        "  OR coalesce(acknowledgement.raised_at, acknowledgement.made_at)"
        "   < :told_before - :loop_ms)) AS asked"
        f" FROM acknowledgement WHERE pair_id = :pair_id AND {STANDS}"
        " ORDER BY coalesce(raised_at, made_at) DESC, made_at DESC LIMIT 1",
        pair_id=pair_id,
        told_before=told_before,
        loop_ms=LOOP_MS,
    )
    if row is None or row["asked"] or row["reply"] == "rather_not":
        return None
    told_at = row["told_at"] if row["raised_told_at"] is None else row["raised_told_at"]
    if told_at is None or not told_from <= told_at < told_before:
        return None
    return row["id"], row["kind"]


_MISALIGNED = (
    "state = 'open' AND kind = 'before_first' AND closes_at <>"
    " (SELECT min(starts_at) FROM appointment"
    "  WHERE appointment.pair_id = checkin.pair_id AND appointment.state = 'planned')"
)


async def close_sessions_before_next(tx: Transaction, before_ms: int) -> bool:
    """Let open check-ins close `before_ms` before the next planned session; did any move?

    An appointment may be added or moved after the check-in was made.
    """
    following = (
        "(SELECT min(later.starts_at) FROM appointment AS later"
        " WHERE later.pair_id = checkin.pair_id AND later.state = 'planned'"
        " AND later.starts_at > (SELECT own.starts_at FROM appointment AS own"
        "  WHERE own.id = checkin.appointment_id))"
    )
    rows = await tx.all(
        f"UPDATE checkin SET closes_at = {following} - :before"  # noqa: S608
        f" WHERE state = 'open' AND kind = 'session' AND closes_at > {following} - :before"
        " RETURNING id",
        before=before_ms,
    )
    return bool(rows)


async def any_session_past_next(tx: Transaction, before_ms: int) -> bool:
    """Say whether an open check-in would stay open into the pair's next session."""
    row = await tx.one(
        "SELECT checkin.id FROM checkin"
        " JOIN appointment AS own ON own.id = checkin.appointment_id"
        " JOIN appointment AS later ON later.pair_id = checkin.pair_id"
        " AND later.state = 'planned' AND later.starts_at > own.starts_at"
        " AND later.starts_at < checkin.closes_at + :before"
        " WHERE checkin.state = 'open' AND checkin.kind = 'session' LIMIT 1",
        before=before_ms,
    )
    return row is not None


async def any_before_first_to_align(tx: Transaction) -> bool:
    """Say whether a check-in before a first session closes at another time than that session."""
    found = await tx.one(f"SELECT id FROM checkin WHERE {_MISALIGNED} LIMIT 1")  # noqa: S608
    return found is not None


async def end_before_first_sessions(tx: Transaction) -> None:
    """Let each check-in before the first session close when that session starts."""
    first = (
        "(SELECT min(starts_at) FROM appointment"
        " WHERE appointment.pair_id = checkin.pair_id AND appointment.state = 'planned')"
    )
    await tx.run(f"UPDATE checkin SET closes_at = {first} WHERE {_MISALIGNED}")  # noqa: S608


async def bring_closing_forward(tx: Transaction, pair_id: int, kind: str, closes_at: int) -> None:
    """Let a pair's open check-ins of a kind close no later than an instant."""
    await tx.run(
        "UPDATE checkin SET closes_at = :closes_at WHERE pair_id = :pair_id AND kind = :kind"
        " AND state = 'open' AND closes_at > :closes_at",
        pair_id=pair_id,
        kind=kind,
        closes_at=closes_at,
    )


async def find_before_first(tx: Transaction, pair_id: int, client_id: int) -> int | None:
    """Give the id of a pair's check-in before the first session."""
    row = await tx.one(
        "SELECT checkin.id FROM checkin JOIN pair ON pair.id = checkin.pair_id"
        " WHERE checkin.pair_id = :pair_id AND pair.client_id = :client_id"
        " AND checkin.kind = 'before_first'",
        pair_id=pair_id,
        client_id=client_id,
    )
    return row["id"] if row else None
