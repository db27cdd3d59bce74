"""Rules as rows: weekly and fortnightly patterns, and how far each has been planned.

A pair has at most one open rule per weekday and time; a UNIQUE key decides. A rule is closed,
never changed, and a closed one stays closed. Planning is claimed by a conditional update, so that
two planners cannot both have done it.
"""

from __future__ import annotations

from bot.core.timetable import KeptRule, Rule
from bot.store.database import Row, Transaction


def _rule(row: Row) -> KeptRule:
    return KeptRule(
        id=row["id"],
        pair_id=row["pair_id"],
        code=row["code"],
        rule=Rule(
            weekday=row["weekday"],
            local_time=row["local_time"],
            minutes=row["minutes"],
            every_weeks=row["every_weeks"],
            starts_on=row["starts_on"],
            timezone=row["timezone"],
        ),
        planned_until_on=row["planned_until_on"],
        closed_at=row["closed_at"],
    )


async def insert_rule(
    tx: Transaction, *, id: int, pair_id: int, rule: Rule, planned_until_on: str, now: int
) -> bool:
    """Add an open rule; False when the pair has an open one on this weekday and time."""
    row = await tx.one(
        "INSERT INTO rule (id, pair_id, weekday, local_time, minutes, every_weeks, starts_on,"
        " timezone, made_at, planned_until_on) VALUES (:id, :pair_id, :weekday, :local_time,"
        " :minutes, :every_weeks, :starts_on, :timezone, :now, :planned_until_on)"
        " ON CONFLICT DO NOTHING RETURNING id",
        id=id,
        pair_id=pair_id,
        weekday=rule.weekday,
        local_time=rule.local_time,
        minutes=rule.minutes,
        every_weeks=rule.every_weeks,
        starts_on=rule.starts_on,
        timezone=rule.timezone,
        planned_until_on=planned_until_on,
        now=now,
    )
    return row is not None


async def close_rule(tx: Transaction, rule_id: int, therapist_id: int, now: int) -> KeptRule | None:
    """Close a therapist's open rule; its appointments stay as they are."""
    row = await tx.one(
        "UPDATE rule SET closed_at = :now WHERE id = :id AND closed_at IS NULL"
        " AND pair_id IN (SELECT id FROM pair WHERE therapist_id = :therapist_id)"
        " RETURNING *, (SELECT code FROM pair WHERE pair.id = rule.pair_id) AS code",
        id=rule_id,
        therapist_id=therapist_id,
        now=now,
    )
    return _rule(row) if row else None


async def find_rule_of_therapist(
    tx: Transaction, rule_id: int, therapist_id: int
) -> KeptRule | None:
    """Find a rule, open or closed, that belongs to this therapist."""
    row = await tx.one(
        "SELECT rule.*, pair.code FROM rule JOIN pair ON pair.id = rule.pair_id"
        " WHERE rule.id = :id AND pair.therapist_id = :therapist_id",
        id=rule_id,
        therapist_id=therapist_id,
    )
    return _rule(row) if row else None


async def open_rules_of_pair(tx: Transaction, pair_id: int) -> list[KeptRule]:
    """List a pair's open rules in the order of the week."""
    rows = await tx.all(
        "SELECT rule.*, pair.code FROM rule JOIN pair ON pair.id = rule.pair_id"
        " WHERE rule.pair_id = :pair_id AND rule.closed_at IS NULL"
        " ORDER BY rule.weekday, rule.local_time",
        pair_id=pair_id,
    )
    return [_rule(row) for row in rows]


async def open_rules_of_therapist(tx: Transaction, therapist_id: int) -> list[KeptRule]:
    """List the open rules of all of a therapist's pairs that are planned for."""
    rows = await tx.all(
        "SELECT rule.*, pair.code FROM pair JOIN rule ON rule.pair_id = pair.id"
        " WHERE pair.therapist_id = :therapist_id AND rule.closed_at IS NULL"
        " AND pair.state IN ('invited', 'joined', 'active', 'paused')"
        " ORDER BY rule.weekday, rule.local_time",
        therapist_id=therapist_id,
    )
    return [_rule(row) for row in rows]


async def rules_to_plan(tx: Transaction, horizon_on: str, limit: int) -> list[KeptRule]:
    """List open rules not planned up to a date, of pairs that are neither stopped nor over."""
    rows = await tx.all(
        "SELECT rule.*, pair.code FROM rule JOIN pair ON pair.id = rule.pair_id"
        " WHERE rule.closed_at IS NULL AND rule.planned_until_on < :horizon_on"
        " AND pair.state IN ('invited', 'joined', 'active', 'paused')"
        " ORDER BY rule.planned_until_on LIMIT :limit",
        horizon_on=horizon_on,
        limit=limit,
    )
    return [_rule(row) for row in rows]


async def claim_planning(tx: Transaction, kept: KeptRule, until_on: str) -> bool:
    """Note that a rule is planned up to a date; False when it changed since it was read."""
    row = await tx.one(
        "UPDATE rule SET planned_until_on = :until_on WHERE id = :id AND closed_at IS NULL"
        " AND planned_until_on = :was_on AND EXISTS (SELECT 1 FROM pair"
        " WHERE pair.id = rule.pair_id"
        " AND pair.state IN ('invited', 'joined', 'active', 'paused')) RETURNING id",
        id=kept.id,
        was_on=kept.planned_until_on,
        until_on=until_on,
    )
    return row is not None
