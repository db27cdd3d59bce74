"""Steps of planning inside somebody else's transaction: start and end a rule, make appointments.

Whoever calls has checked that the pair is the therapist's and may be planned for.
"""

from __future__ import annotations

from bot.core.draft import Draft
from bot.core.errors import Refused
from bot.core.people import Pair
from bot.core.plans import Clash, Confirmed, Replaceable, clashes
from bot.core.timetable import (
    Appointment,
    KeptRule,
    Occurrence,
    Rule,
    covered_until_on,
    covers,
    day_after,
    occurrences,
    planning_horizon_on,
)
from bot.services.ports import Ids
from bot.store import audit, feed_events, rules
from bot.store import timetable as store
from bot.store.database import Transaction


async def clashes_with(
    tx: Transaction,
    therapist_id: int,
    wanted: tuple[Occurrence, ...],
    leave_out: int | None = None,
) -> tuple[Clash, ...]:
    """Find what stands in the way; `leave_out` is an appointment that is about to move."""
    entries = await store.appointments_of_therapist(
        tx, therapist_id, wanted[0].starts_at, wanted[-1].ends_at
    )
    others = [entry for entry in entries if entry.appointment.id != leave_out]
    return clashes(wanted, others, await rules.open_rules_of_therapist(tx, therapist_id))


async def replaceable(
    tx: Transaction, pair: Pair, draft: Draft, clashing: tuple[Clash, ...], now: int
) -> tuple[Replaceable, ...]:
    """List the rules that a drafted pattern may replace, and what would fall with each."""
    overlapping = {clash.rule_id for clash in clashing}
    if draft.repeats == "once":
        return ()
    found = []
    for kept in await rules.open_rules_of_pair(tx, pair.id):
        falling = await store.future_appointments_of_rule(tx, kept.id, draft.local_on, now)
        found.append(Replaceable(kept, tuple(falling), kept.id in overlapping))
    return tuple(found)


async def make_single(
    tx: Transaction, ids: Ids, pair: Pair, draft: Draft, zone: str, now: int
) -> Confirmed:
    """Make the one appointment of a draft, unless it is there. Errors: `appointment_there`."""
    (single,) = draft.preview(zone)
    at = (single.starts_at, single.ends_at)
    done = any(
        clash.pair_id == pair.id
        and clash.rule_id is None
        and (clash.starts_at, clash.ends_at) == at
        for clash in await clashes_with(tx, pair.therapist_id, (single,))
    )
    if not done:
        new_id = await insert_single(tx, ids, pair, single, zone, now)
        await audit.note(
            tx, ids.new(), now, pair.therapist_id, "appointment made", "appointment", new_id
        )
    return Confirmed(pair.id, pair.code, draft, zone, (single,), None, (), not done)


async def make_rule(
    tx: Transaction,
    ids: Ids,
    pair: Pair,
    draft: Draft,
    zone: str,
    now: int,
    replaces: int | None,
) -> Confirmed:
    """Make the rule of a draft, unless it is there, in the place of another one when given.

    Errors: `Refused` with `rule_there`, `stale_button`.
    """
    rule = draft.rule(zone)
    open_rules = await rules.open_rules_of_pair(tx, pair.id)
    same = next((kept for kept in open_rules if covers(kept.rule, rule)), None)
    old = next((kept for kept in open_rules if kept.id == replaces and kept != same), None)
    if replaces is not None and old is None and same is None:
        raise Refused("stale_button")
    cancelled: tuple[Appointment, ...] = ()
    if old is not None:
        cancelled = await _end_rule(tx, ids, pair, old, draft.local_on, now)
    if same is None:
        await _start_rule(tx, ids, pair, rule, now)
    changed = same is None or old is not None
    return Confirmed(pair.id, pair.code, draft, zone, draft.preview(zone), old, cancelled, changed)


async def _end_rule(
    tx: Transaction, ids: Ids, pair: Pair, old: KeptRule, from_on: str, now: int
) -> tuple[Appointment, ...]:
    """Let a rule run until another takes over on `from_on`, and close it."""
    await materialise(tx, ids, old, day_after(from_on, -1), now)
    await rules.close_rule(tx, old.id, pair.therapist_id, now)
    await audit.note(tx, ids.new(), now, pair.therapist_id, "rule closed", "rule", old.id)
    return tuple(await store.cancel_future_of_rule(tx, old.id, from_on, now))


async def _start_rule(tx: Transaction, ids: Ids, pair: Pair, rule: Rule, now: int) -> None:
    new_id, until_on = ids.new(), day_after(rule.starts_on, -1)
    if not await rules.insert_rule(
        tx, id=new_id, pair_id=pair.id, rule=rule, planned_until_on=until_on, now=now
    ):
        raise Refused("rule_there", code=pair.code, weekday=rule.weekday, time=rule.local_time)
    kept = KeptRule(new_id, pair.id, pair.code, rule, until_on, None)
    await materialise(tx, ids, kept, planning_horizon_on(now), now)
    await audit.note(tx, ids.new(), now, pair.therapist_id, "rule made", "rule", new_id)


async def materialise(tx: Transaction, ids: Ids, kept: KeptRule, until_on: str, now: int) -> bool:
    """Make a rule's appointments up to a date; False when there is nothing left to make."""
    if kept.planned_until_on >= until_on or not await rules.claim_planning(
        tx, kept, covered_until_on(kept.rule, until_on)
    ):
        return False
    for ahead in occurrences(kept.rule, day_after(kept.planned_until_on), until_on):
        if await feed_events.is_taken(tx, kept.pair_id, ahead.starts_at, ahead.ends_at):
            continue  # a calendar has this session already
        await store.insert_appointment(
            tx,
            id=ids.new(),
            pair_id=kept.pair_id,
            rule_id=kept.id,
            occurrence=ahead,
            timezone=kept.rule.timezone,
            now=now,
        )
    return True


async def insert_single(
    tx: Transaction, ids: Ids, pair: Pair, single: Occurrence, zone: str, now: int
) -> int:
    """Make a single appointment and give its id. Errors: `Refused("appointment_there")`."""
    new_id = ids.new()
    there = await clashes_with(tx, pair.therapist_id, (single,))
    if any(c.pair_id == pair.id for c in there) or not await store.insert_appointment(
        tx,
        id=new_id,
        pair_id=pair.id,
        rule_id=None,
        occurrence=single,
        timezone=zone,
        now=now,
    ):
        facts = {"code": pair.code, "on": single.local_on, "time": single.local_time}
        raise Refused("appointment_there", **facts)
    return new_id
