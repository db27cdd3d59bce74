"""The timetable as a therapist uses it: preview, confirm, cancel, move, close; and planning ahead.

A draft is shown before it counts, and confirming it is one transaction. Every act may be repeated:
a second tap finds the state it wanted and changes nothing. Appointments are made 14 days ahead,
also those that passed while the program was down, so that the record has no hole; whether a
client is asked about one is not decided here. Nothing here ever touches a check-in with answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from bot.config import Settings
from bot.core.draft import (
    FARTHEST_DAYS,
    Draft,
    check_start,
    parse_line,
    parse_move,
)
from bot.core.errors import Refused
from bot.core.people import Pair
from bot.core.plans import Change, Closed, Confirmed, Off, Preview, Today
from bot.core.timetable import (
    Appointment,
    Entry,
    KeptRule,
    Occurrence,
    covers,
    day_after,
    local_day_bounds,
    local_on,
    planning_horizon_on,
)
from bot.services.acts import reads, writes
from bot.services.away_keeping import keep
from bot.services.in_force import away_of
from bot.services.planning import (
    clashes_with,
    insert_single,
    make_rule,
    make_single,
    materialise,
    replaceable,
)
from bot.services.ports import Clock, Ids
from bot.store import audit, rules
from bot.store import timetable as store
from bot.store.absences import PRACTICE
from bot.store.database import Database, Transaction
from bot.store.pairs import find_pair_by_code, find_pair_of_therapist, load_pair
from bot.store.people import load_person

_DAY_MS: Final = 86_400_000
#: How far back a therapist is shown what took place, to correct it.
RECENT_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Timetable:
    """Rules and appointments of a therapist's pairs."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @reads
    async def draft(self, tx: Transaction, therapist_id: int, line: str) -> Preview:
        """Read a typed line and preview it. Errors: `Refused` (`parse_line`, `preview`)."""
        now = self.clock.now()
        zone = await self._zone(tx, therapist_id)
        code, draft = parse_line(line, now, zone)
        pair = await find_pair_by_code(tx, therapist_id, code)
        if pair is None:
            raise Refused("code_unknown", code=code)
        return await self._preview(tx, _schedulable(pair), draft, zone)

    @reads
    async def preview(
        self, tx: Transaction, therapist_id: int, pair_id: int, draft: Draft
    ) -> Preview:
        """Preview a draft for a pair.

        Errors: `Refused` with `pair_unknown`, `pair_stopped`, `pair_over`, `schedule_past`,
        `schedule_far`, `appointment_away` for one appointment within an absence.
        """
        zone = await self._zone(tx, therapist_id)
        check_start(draft, self.clock.now(), zone)
        pair = await _load_pair(tx, pair_id, therapist_id)
        return await self._preview(tx, pair, draft, zone)

    @reads
    async def draft_move(
        self, tx: Transaction, therapist_id: int, appointment_id: int, text: str
    ) -> Preview:
        """Read where an appointment is to move and preview it. Errors: as for `move`."""
        zone = await self._zone(tx, therapist_id)
        entry = await _load_entry(tx, appointment_id, therapist_id)
        moves = entry.appointment
        if moves.state != "planned":
            raise _already(entry)
        draft = parse_move(text, self.clock.now(), zone, moves.minutes)
        pair = await _load_pair(tx, moves.pair_id, therapist_id)
        return await self._preview(tx, pair, draft, zone, moves)

    @writes
    async def confirm(
        self,
        tx: Transaction,
        therapist_id: int,
        pair_id: int,
        draft: Draft,
        *,
        replaces: int | None = None,
    ) -> Confirmed:
        """Make a draft count: a rule and its appointments 14 days ahead, or one appointment.

        replaces: the open rule of the pair that a pattern follows. Its appointments before the
        new pattern starts stay; the later ones are cancelled.
        What of a pattern lies in an absence is cancelled by that.
        Errors: `Refused` with those of `preview`, `rule_there`, `appointment_there`,
        `stale_button`.
        """
        now = self.clock.now()
        zone = await self._zone(tx, therapist_id)
        check_start(draft, now, zone)
        pair = await _load_pair(tx, pair_id, therapist_id)
        if draft.repeats == "once":
            await _refuse_away(tx, therapist_id, draft.local_on)
            return await make_single(tx, self.ids, pair, draft, zone, now)
        made = await make_rule(tx, self.ids, pair, draft, zone, now, replaces)
        await keep(tx, self.settings, therapist_id, now)
        return replace(made, off=await _off(tx, therapist_id, made.occurrences))

    @writes
    async def cancel(self, tx: Transaction, therapist_id: int, appointment_id: int) -> Change:
        """Cancel an appointment that has not begun.

        Errors: `Refused` with `appointment_unknown`, `appointment_begun`, `appointment_changed`.
        """
        now = self.clock.now()
        return await self._end(tx, therapist_id, appointment_id, "cancelled", now, now + 1)

    @writes
    async def did_not_meet(self, tx: Transaction, therapist_id: int, appointment_id: int) -> Change:
        """Note that an appointment did not take place, also a past one; answers given stay.

        Errors: `Refused` with `appointment_unknown`, `appointment_changed`.
        """
        now = self.clock.now()
        return await self._end(tx, therapist_id, appointment_id, "did_not_meet", now, 0)

    @writes
    async def move(
        self, tx: Transaction, therapist_id: int, appointment_id: int, draft: Draft
    ) -> Change:
        """Move an appointment to a draft's date, time and length.

        Its client is asked about the new one only if no answer was given about the old one.
        Errors: `Refused` with `appointment_unknown`, `appointment_changed`, `appointment_there`,
        `pair_stopped`, `pair_over`, `schedule_past`, `schedule_far`, `appointment_away`.
        """
        now = self.clock.now()
        zone = await self._zone(tx, therapist_id)
        entry = await _load_entry(tx, appointment_id, therapist_id)
        to = draft.occurrence(zone)
        if entry.appointment.moved_to is not None:
            return await _moved_before(tx, entry, to, therapist_id)
        check_start(draft, now, zone)
        await _refuse_away(tx, therapist_id, draft.local_on)
        pair = await _load_pair(tx, entry.appointment.pair_id, therapist_id)
        if not await store.end_appointment(tx, appointment_id, therapist_id, "moved", now):
            raise _already(entry)
        new_id = await insert_single(tx, self.ids, pair, to, zone, now)
        await store.succeed_appointment(tx, appointment_id, new_id, now)
        await self._note(tx, therapist_id, "appointment moved", "appointment", appointment_id)
        entry = await _load_entry(tx, appointment_id, therapist_id)
        new = await _load_entry(tx, new_id, therapist_id)
        return Change(entry, new.appointment, True)

    @writes
    async def close_rule(self, tx: Transaction, therapist_id: int, rule_id: int) -> Closed:
        """Close a rule and cancel its appointments to come. Errors: `Refused("rule_unknown")`."""
        now = self.clock.now()
        rule = await rules.close_rule(tx, rule_id, therapist_id, now)
        if rule is None:
            rule = await rules.find_rule_of_therapist(tx, rule_id, therapist_id)
            if rule is None:
                raise Refused("rule_unknown")
            return Closed(rule, (), False)
        cancelled = await store.cancel_future_of_rule(tx, rule_id, rule.rule.starts_on, now)
        await self._note(tx, therapist_id, "rule closed", "rule", rule_id)
        return Closed(rule, tuple(cancelled), True)

    @reads
    async def open_rules(
        self, tx: Transaction, therapist_id: int, pair_id: int
    ) -> tuple[KeptRule, ...]:
        """List a pair's open rules. Errors: `Refused("pair_unknown")`."""
        if await find_pair_of_therapist(tx, pair_id, therapist_id) is None:
            raise Refused("pair_unknown")
        return tuple(await rules.open_rules_of_pair(tx, pair_id))

    @reads
    async def appointment(self, tx: Transaction, therapist_id: int, appointment_id: int) -> Entry:
        """Give one appointment. Errors: `Refused("appointment_unknown")`."""
        return await _load_entry(tx, appointment_id, therapist_id)

    @reads
    async def upcoming(
        self, tx: Transaction, therapist_id: int, pair_id: int | None = None, limit: int = 30
    ) -> tuple[Entry, ...]:
        """List planned appointments not yet over, soonest first; of one pair when given."""
        now = self.clock.now()
        until_at = now + (FARTHEST_DAYS + 1) * _DAY_MS
        found = await store.appointments_of_therapist(tx, therapist_id, now, until_at)
        planned = (entry for entry in found if entry.appointment.state == "planned")
        return tuple(e for e in planned if pair_id in (None, e.appointment.pair_id))[:limit]

    @reads
    async def today(self, tx: Transaction, therapist_id: int) -> Today:
        """List the appointments that begin on the therapist's local date of now."""
        zone = await self._zone(tx, therapist_id)
        on = local_on(self.clock.now(), zone)
        return Today(on, zone, await _begun_on(tx, therapist_id, on, on, zone))

    @reads
    async def recent(self, tx: Transaction, therapist_id: int) -> tuple[Entry, ...]:
        """List the appointments of the 14 local dates before today, newest last."""
        zone = await self._zone(tx, therapist_id)
        today = local_on(self.clock.now(), zone)
        from_on, until_on = day_after(today, -RECENT_DAYS), day_after(today, -1)
        return await _begun_on(tx, therapist_id, from_on, until_on, zone)

    async def plan(self, limit: int = 100) -> bool:
        """Make the appointments of the next 14 days, one rule per transaction.

        Rules of pairs that stopped or are over wait. limit: rules per call, the longest waiting
        first. Returns whether there was work.
        """
        horizon_on = planning_horizon_on(self.clock.now())
        waiting = await self.db.read(lambda tx: rules.rules_to_plan(tx, horizon_on, limit))
        worked = False
        for kept in waiting:
            worked |= await self._plan(kept, horizon_on)
        return worked

    async def any_to_plan(self, tx: Transaction) -> bool:
        """Tell whether `plan` would find work."""
        return bool(await rules.rules_to_plan(tx, planning_horizon_on(self.clock.now()), 1))

    @writes
    async def _plan(self, tx: Transaction, kept: KeptRule, horizon_on: str) -> bool:
        now = self.clock.now()
        if not await materialise(tx, self.ids, kept, horizon_on, now):
            return False
        pair = await load_pair(tx, kept.pair_id)
        await keep(tx, self.settings, pair.therapist_id, now)
        return True

    async def _preview(
        self,
        tx: Transaction,
        pair: Pair,
        draft: Draft,
        zone: str,
        moves: Appointment | None = None,
    ) -> Preview:
        if draft.repeats == "once":
            await _refuse_away(tx, pair.therapist_id, draft.local_on)
        ahead = draft.preview(zone)
        clashing = await clashes_with(tx, pair.therapist_id, ahead, moves.id if moves else None)
        kept = await replaceable(tx, pair, draft, clashing, self.clock.now())
        # What a pattern may replace does not stand in its way.
        own = {old.kept.id for old in kept}
        return Preview(
            pair_id=pair.id,
            code=pair.code,
            draft=draft,
            timezone=zone,
            occurrences=ahead,
            clashes=tuple(clash for clash in clashing if clash.rule_id not in own),
            replaceable=kept,
            is_there=any(covers(old.kept.rule, draft.rule(zone)) for old in kept),
            moves=moves,
            off=await _off(tx, pair.therapist_id, ahead),
        )

    async def _end(
        self,
        tx: Transaction,
        therapist_id: int,
        appointment_id: int,
        state: Literal["cancelled", "did_not_meet"],
        now: int,
        not_before_at: int,
    ) -> Change:
        ended = await store.end_appointment(
            tx, appointment_id, therapist_id, state, now, not_before_at=not_before_at
        )
        entry = await _load_entry(tx, appointment_id, therapist_id)
        if ended is not None:
            act = "appointment cancelled" if state == "cancelled" else "appointment not held"
            await self._note(tx, therapist_id, act, "appointment", appointment_id)
        elif entry.appointment.state == "planned":
            raise Refused("appointment_begun", **_facts(entry))
        elif entry.appointment.state != state:
            raise _already(entry)
        return Change(entry, None, ended is not None)

    async def _zone(self, tx: Transaction, therapist_id: int) -> str:
        therapist = await load_person(tx, therapist_id)
        return therapist.timezone or self.settings.practice.timezone

    async def _note(
        self, tx: Transaction, actor_id: int, act: str, kind: str, object_id: int
    ) -> None:
        await audit.note(tx, self.ids.new(), self.clock.now(), actor_id, act, kind, object_id)


async def _load_pair(tx: Transaction, pair_id: int, therapist_id: int) -> Pair:
    pair = await find_pair_of_therapist(tx, pair_id, therapist_id)
    if pair is None:
        raise Refused("pair_unknown")
    return _schedulable(pair)


async def _off(tx: Transaction, therapist_id: int, ahead: Sequence[Occurrence]) -> dict[str, Off]:
    """Say on which of these dates nobody is asked, and why."""
    away, found = await away_of(tx, therapist_id), dict[str, Off]()
    for one in ahead:
        absence = away.on(one.local_on)
        if absence is not None:
            found[one.local_on] = "closed" if absence.owner_id == PRACTICE else "away"
    return found


async def _refuse_away(tx: Transaction, therapist_id: int, on: str) -> None:
    """Errors: Refused("appointment_away") for a day on which the therapist is away."""
    absence = (await away_of(tx, therapist_id)).on(on)
    if absence is not None:
        raise Refused(
            "appointment_away",
            on=on,
            first_on=absence.first_on,
            last_on=absence.last_on,
            closed=absence.owner_id == PRACTICE,
        )


def _schedulable(pair: Pair) -> Pair:
    if pair.state == "stopped":
        raise Refused("pair_stopped", code=pair.code)
    if pair.state in ("ended", "erased"):
        raise Refused("pair_over", code=pair.code)
    return pair


async def _load_entry(tx: Transaction, appointment_id: int, therapist_id: int) -> Entry:
    entry = await store.find_appointment_of_therapist(tx, appointment_id, therapist_id)
    if entry is None:
        raise Refused("appointment_unknown")
    return entry


async def _begun_on(
    tx: Transaction, therapist_id: int, from_on: str, until_on: str, zone: str
) -> tuple[Entry, ...]:
    """List what begins on these local dates, those that did not take place included."""
    from_at, until_at = local_day_bounds(from_on, zone)[0], local_day_bounds(until_on, zone)[1]
    return tuple(
        entry
        for entry in await store.appointments_of_therapist(tx, therapist_id, from_at, until_at)
        if entry.appointment.starts_at >= from_at
        and entry.appointment.state in ("planned", "did_not_meet")
    )


async def _moved_before(tx: Transaction, entry: Entry, to: Occurrence, therapist_id: int) -> Change:
    """Recognise a move that was made before; a different one is refused."""
    moved_to = entry.appointment.moved_to
    new = await _load_entry(tx, moved_to, therapist_id) if moved_to is not None else entry
    if (new.appointment.starts_at, new.appointment.ends_at) != (to.starts_at, to.ends_at):
        raise _already(entry)
    return Change(entry, new.appointment, False)


def _already(entry: Entry) -> Refused:
    return Refused("appointment_changed", state=entry.appointment.state, **_facts(entry))


def _facts(entry: Entry) -> dict[str, str]:
    return {
        "code": entry.code,
        "on": entry.appointment.local_on,
        "time": entry.appointment.local_time,
    }
