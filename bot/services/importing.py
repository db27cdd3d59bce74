"""Appointments that are brought in at once, from a table: all of them or none.

A line that is there already is passed over, so that a table may be brought in again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.config import Settings
from bot.core.people import Pair
from bot.core.timetable import Occurrence, occurrence
from bot.services.acts import writes
from bot.services.away_keeping import keep
from bot.services.ports import Clock, Ids
from bot.store import audit, feed_events, pairs, people
from bot.store import timetable as store
from bot.store.database import Database, Transaction

Outcome = Literal["made", "there", "past", "unknown", "over"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One appointment as a table has it; local date and time are the therapist's."""

    code: str
    local_on: str
    local_time: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Importing:
    """The use cases of bringing appointments in."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def bring_in(
        self, tx: Transaction, therapist_id: int, wanted: Sequence[Wanted], *, is_dry: bool
    ) -> tuple[Outcome, ...]:
        """Make the appointments of a table; give what becomes of each.

        `there`: one of this client overlaps. `past`: it has begun. `unknown`: no such code.
        `over`: the client has stopped, or it is over. Where one is unknown or over, or when
        is_dry, nothing is made.
        """
        zone = (await people.load_person(tx, therapist_id)).timezone
        zone = zone or self.settings.practice.timezone
        outcomes: list[Outcome] = []
        coming: list[tuple[str, Occurrence]] = []
        for one in wanted:
            outcome = await self._look(tx, therapist_id, one, zone)
            at = occurrence(one.local_on, one.local_time, one.minutes, zone)
            if outcome == "made" and any(
                code == one.code and at.starts_at < other.ends_at and other.starts_at < at.ends_at
                for code, other in coming
            ):
                outcome = "there"  # two lines of one table may be the same session
            elif outcome == "made":
                coming.append((one.code, at))
            outcomes.append(outcome)
        if is_dry or not {"unknown", "over"}.isdisjoint(outcomes):
            return tuple(outcomes)
        for one, outcome in zip(wanted, outcomes, strict=True):
            if outcome == "made":
                await self._make(tx, therapist_id, one, zone)
        await keep(tx, self.settings, therapist_id, self.clock.now())
        return tuple(outcomes)

    async def _look(self, tx: Transaction, therapist_id: int, one: Wanted, zone: str) -> Outcome:
        pair = await pairs.find_pair_by_code(tx, therapist_id, one.code)
        if pair is None or pair.state == "erased":
            return "unknown"
        if pair.state in ("stopped", "ended"):
            return "over"
        at = occurrence(one.local_on, one.local_time, one.minutes, zone)
        if at.starts_at <= self.clock.now():
            return "past"
        there = await feed_events.find_overlapping(tx, pair.id, at.starts_at, at.ends_at)
        return "made" if there is None else "there"

    async def _make(self, tx: Transaction, therapist_id: int, one: Wanted, zone: str) -> None:
        pair: Pair | None = await pairs.find_pair_by_code(tx, therapist_id, one.code)
        assert pair is not None  # noqa: S101 - it was looked at in this transaction
        new_id, now = self.ids.new(), self.clock.now()
        await store.insert_appointment(
            tx,
            id=new_id,
            pair_id=pair.id,
            rule_id=None,
            occurrence=occurrence(one.local_on, one.local_time, one.minutes, zone),
            timezone=zone,
            now=now,
        )
        await audit.note(
            tx, self.ids.new(), now, None, "appointment brought in", "appointment", new_id
        )
