"""Absences: what one would do, letting it count, changing it, taking it back.

A therapist has the own, the admins have the days on which the whole practice is closed (owner 0).
What is shown first is a row that does not count yet; letting it count is one transaction with all
that it cancels, the news to others, and the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.config import Settings
from bot.config.values import first_and_last
from bot.core.absence import Absence
from bot.core.away import Wanted, check_days, read_away
from bot.core.errors import Refused
from bot.core.timetable import day_after, local_on
from bot.services.absence_plans import PRACTICE, Plan, Plans, joined, overlap, refuse_due
from bot.services.acts import reads, writes
from bot.services.away_keeping import keep, planned_again, zone_of
from bot.services.news import tell
from bot.services.ports import Clock, Ids
from bot.services.schedule import By
from bot.store import absences as store
from bot.store import audit, digests, outbox
from bot.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Listed:
    """The absences to come of one owner. closed: the practice's, for a therapist to see."""

    owner_id: int
    today: str
    own: tuple[Absence, ...]
    closed: tuple[Absence, ...]


@dataclass(frozen=True, slots=True)
class Absences:
    """The use cases of being away. by: who acts; owner_id: whose absence it is."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @property
    def _plans(self) -> Plans:
        return Plans(self.clock, self.settings)

    @reads
    async def listed(self, tx: Transaction, by: By, owner_id: int) -> Listed:
        """List what is still to come, or lasts. Errors: Refused("not_yours")."""
        today = await self._today(tx, by, owner_id)
        own = await store.standing(tx, [owner_id])
        closed = () if owner_id == PRACTICE else await store.standing(tx, [PRACTICE])
        return Listed(
            owner_id,
            today,
            tuple(one for one in own if one.last_on >= today),
            tuple(one for one in closed if one.last_on >= today),
        )

    @writes
    async def draft(self, tx: Transaction, by: By, owner_id: int, typed: str) -> Plan:
        """Read when somebody will be away and show what that does; nothing counts yet.

        Errors: Refused("not_yours"), Refused("away_there") for what stands like that,
        Refused("closed_cover"), and those of `read_away`.
        """
        today = await self._today(tx, by, owner_id)
        wanted = read_away(typed, today)
        if owner_id == PRACTICE and wanted.cover is not None:
            raise Refused("closed_cover")
        return await self._draft(tx, by, owner_id, wanted, today)

    @writes
    async def draft_days(
        self,
        tx: Transaction,
        by: By,
        owner_id: int,
        first_on: str,
        last_on: str,
        changes_id: int | None = None,
    ) -> Plan:
        """Show what days would do, in the place of another absence if that is named.

        Errors: as `draft`, and Refused("stale_button") for one that does not stand any more.
        """
        today = await self._today(tx, by, owner_id)
        changes = None if changes_id is None else await self._standing(tx, owner_id, changes_id)
        if changes is not None and changes.first_on < today:
            # What has begun keeps its beginning.
            check_days(today, last_on, today)
            wanted = Wanted(changes.first_on, last_on)
        else:
            wanted = Wanted(*check_days(first_on, last_on, today))
        return await self._draft(tx, by, owner_id, wanted, today, changes)

    @reads
    async def show(self, tx: Transaction, by: By, absence_id: int) -> Plan:
        """Show an absence however it stands. Errors: Refused("not_yours")."""
        kept = await self._load(tx, by, absence_id)
        return await self._plans.of(tx, kept, ends=kept.over_at is not None)

    @writes
    async def agree(self, tx: Transaction, by: By, absence_id: int) -> Plan:
        """Let what was shown count. What counts already changes nothing.

        Errors: Refused("not_yours"), Refused("stale_button") where something else was said since.
        """
        kept = await self._load(tx, by, absence_id)
        if kept.agreed_at is not None:
            return await self._plans.of(tx, kept, ends=not kept.stands)
        plan, now = await self._plans.of(tx, kept), self.clock.now()
        absence, ours = plan.absence, {one.id for one in plan.replaced}
        is_stale = kept.changes_id is not None and kept.changes_id not in ours
        beyond = any(
            one.id != kept.changes_id
            and not absence.first_on <= one.first_on <= one.last_on <= absence.last_on
            for one in plan.replaced
        )
        begins_anew = all(one.first_on != absence.first_on for one in plan.replaced)
        is_late = begins_anew and absence.first_on < await self._today(tx, by, absence.owner_id)
        if is_stale or beyond or is_late:
            raise Refused("stale_button")
        refuse_due(plan)
        await store.agree(tx, absence_id, absence.since_at, sorted(ours), now)
        await self._carry_out(tx, by, plan, "absence changed" if ours else "absence set")
        return replace(plan, stands=True)

    @reads
    async def removing(self, tx: Transaction, by: By, absence_id: int) -> Plan:
        """Show what `remove` would do; nothing changes yet. Errors: as `remove`."""
        kept = await self._load(tx, by, absence_id)
        today = await self._today(tx, by, kept.absence.owner_id)
        if not kept.stands or kept.absence.last_on < today:
            raise Refused("stale_button")
        if kept.absence.first_on < today:
            shorter = self._until_yesterday(kept.absence, today)
            return await self._plans.of(tx, store.Kept(shorter, kept.absence.id, None, None))
        return await self._plans.of(tx, kept, ends=True)

    @writes
    async def remove(self, tx: Transaction, by: By, absence_id: int) -> Plan:
        """Take an absence back that has not begun; from one that lasts, be back from today on.

        Errors: Refused("not_yours"), Refused("stale_button") for one that counts no more.
        """
        kept = await self._load(tx, by, absence_id)
        if not kept.stands:
            return await self._plans.of(tx, kept, ends=kept.agreed_at is not None)
        now, today = self.clock.now(), await self._today(tx, by, kept.absence.owner_id)
        if kept.absence.last_on < today:
            raise Refused("stale_button")
        if kept.absence.first_on < today:
            return await self._back(tx, by, kept.absence, today)
        plan = await self._plans.of(tx, kept, ends=True)
        refuse_due(plan)
        await store.end(tx, absence_id, now)
        await self._carry_out(tx, by, plan, "absence taken back")
        return plan

    @writes
    async def undo(self, tx: Transaction, by: By, absence_id: int) -> Plan:
        """Take the last act on an absence back: what it replaced stands again, or it does itself.

        Errors: Refused("not_yours"), Refused("stale_button") where it is too late for that.
        """
        kept = await self._load(tx, by, absence_id)
        now, absence = self.clock.now(), kept.absence
        today = await self._today(tx, by, absence.owner_id)
        replaced = await store.replaced_by(tx, absence_id)
        has_begun = absence.first_on < today
        if kept.agreed_at is None or all(one.last_on < today for one in (absence, *replaced)):
            raise Refused("stale_button")
        if kept.stands and has_begun and not replaced:
            raise Refused("stale_button")
        if not kept.stands and (has_begun or await self._overlapping(tx, absence)):
            raise Refused("stale_button")
        # Said on this day it was a slip, and what has begun since took place.
        zone = await self._zone(tx, absence.owner_id)
        was_today = not has_begun and local_on(absence.since_at, zone) == today
        back_from_at = absence.since_at if was_today else None
        ends = kept.stands
        plan = await self._plans.of(tx, kept, ends=ends, revives=ends, back_from_at=back_from_at)
        refuse_due(plan)
        if kept.stands:
            await store.end(tx, absence_id, now)
            for one in replaced:
                await store.stand_again(tx, one.id, now)
        else:
            await store.stand_again(tx, absence_id, now)
        await self._carry_out(tx, by, plan, "absence undone", back_from_at)
        return replace(plan, stands=not ends)

    @writes
    async def bring_in(self, tx: Transaction) -> None:
        """Let the closed days of config.toml count that were never said before.

        What was taken back at run time stays so, and what left the file stands until it is.
        """
        today, now = local_on(self.clock.now(), self.settings.practice.timezone), self.clock.now()
        by = By(None, is_admin=True)
        for first_on, last_on in map(first_and_last, self.settings.practice.closed_days):
            if last_on < today or await store.was_said(tx, PRACTICE, first_on, last_on):
                continue
            days = Absence(self.ids.new(), PRACTICE, first_on, last_on, now)
            days = joined(days, await self._overlapping(tx, days))
            await store.draft(tx, days, made_by=None, changes_id=None, now=now)
            plan = await self._plans.of(tx, store.Kept(days, None, None, None))
            replaced = sorted(one.id for one in plan.replaced)
            await store.agree(tx, days.id, plan.absence.since_at, replaced, now)
            await self._carry_out(tx, by, plan, "absence set")

    @reads
    async def telling(self, tx: Transaction, absence_id: int, therapist_id: int) -> Plan | None:
        """Give a closing of the practice as a therapist is told of it, None where it is gone."""
        kept = await store.find(tx, absence_id, [PRACTICE])
        if kept is None or kept.agreed_at is None:
            return None
        plan, now = await self._plans.of(tx, kept, ends=not kept.stands), self.clock.now()
        gone = plan.replaced if kept.stands else (kept.absence,)
        own = [
            replace(one, back=await planned_again(tx, gone, therapist_id, one.zone, now))
            for one in plan.effects
            if one.therapist_id == therapist_id
        ]
        return replace(plan, effects=tuple(own))

    # Steps of these acts

    async def _draft(
        self,
        tx: Transaction,
        by: By,
        owner_id: int,
        wanted: Wanted,
        today: str,
        changes: Absence | None = None,
    ) -> Plan:
        now = self.clock.now()
        cover = wanted.cover or (changes.cover if changes is not None else None)
        absence = Absence(self.ids.new(), owner_id, wanted.first_on, wanted.last_on, now, cover)
        overlapping = [
            one
            for one in await self._overlapping(tx, absence)
            if changes is None or one.id != changes.id
        ]
        around = overlapping[0] if len(overlapping) == 1 else None
        within = (
            changes is None
            and around is not None
            and around.first_on <= absence.first_on
            and absence.last_on <= around.last_on
        )
        if within and around is not None:
            # Named again: perhaps it is to be shorter, or somebody else covers.
            first_on = around.first_on if around.first_on < today else absence.first_on
            absence = replace(absence, first_on=first_on, cover=wanted.cover or around.cover)
            same = (absence.first_on, absence.last_on, absence.cover)
            if same == (around.first_on, around.last_on, around.cover):
                raise Refused("away_there", first_on=around.first_on, last_on=around.last_on)
            changes = around
        else:
            absence = joined(absence, overlapping)
        await store.draft(
            tx,
            absence,
            made_by=by.person_id,
            changes_id=None if changes is None else changes.id,
            now=now,
        )
        kept = store.Kept(absence, None if changes is None else changes.id, None, None)
        return replace(await self._plans.of(tx, kept), is_within=within)

    async def _back(self, tx: Transaction, by: By, lasts: Absence, today: str) -> Plan:
        """Let an absence that lasts end yesterday."""
        now = self.clock.now()
        shorter = self._until_yesterday(lasts, today)
        await store.draft(tx, shorter, made_by=by.person_id, changes_id=lasts.id, now=now)
        plan = await self._plans.of(tx, store.Kept(shorter, lasts.id, None, None))
        refuse_due(plan)
        await store.agree(tx, shorter.id, lasts.since_at, [lasts.id], now)
        await self._carry_out(tx, by, plan, "absence changed")
        return replace(plan, stands=True)

    def _until_yesterday(self, lasts: Absence, today: str) -> Absence:
        return replace(lasts, id=self.ids.new(), last_on=day_after(today, -1))

    async def _carry_out(
        self, tx: Transaction, by: By, plan: Plan, act: str, back_from_at: int | None = None
    ) -> None:
        """Bring the timetable in accord, note who did it, and owe others the news."""
        now, owner_id = self.clock.now(), plan.absence.owner_id
        # News that waits for the morning would say how it stands then: once is enough.
        for one in (plan.absence, *plan.replaced):
            await outbox.drop_queued(tx, now, "settled", kind="notice", subject_id=one.id)
        standing_again = plan.replaced if plan.was else ()
        for effect in plan.effects:
            await keep(tx, self.settings, effect.therapist_id, now, back_from_at)
            if owner_id == PRACTICE and effect.therapist_id != by.person_id:
                for one in (plan.absence, *standing_again):
                    await tell(
                        tx, effect.therapist_id, f"closed:{self.ids.new()}", subject_id=one.id,
                        ids=self.ids, settings=self.settings, now=now,
                    )  # fmt: skip
        await audit.note(tx, self.ids.new(), now, by.person_id, act, "absence", plan.absence.id)

    async def _load(self, tx: Transaction, by: By, absence_id: int) -> store.Kept:
        owners: Sequence[int] = [
            *([by.person_id] if by.person_id is not None else []),
            *([PRACTICE] if by.is_admin else []),
        ]
        kept = await store.find(tx, absence_id, owners)
        if kept is None:
            raise Refused("not_yours")
        await self._today(tx, by, kept.absence.owner_id)
        return kept

    async def _standing(self, tx: Transaction, owner_id: int, absence_id: int) -> Absence:
        kept = await store.find(tx, absence_id, [owner_id])
        if kept is None:
            raise Refused("not_yours")
        if not kept.stands:
            raise Refused("stale_button")
        return kept.absence

    async def _overlapping(self, tx: Transaction, absence: Absence) -> list[Absence]:
        standing = await store.standing(tx, [absence.owner_id])
        return [one for one in standing if overlap(one, absence)]

    async def _today(self, tx: Transaction, by: By, owner_id: int) -> str:
        """Give an owner's local date, where this one may act for the owner.

        Errors: Refused("not_yours").
        """
        may = by.is_admin if owner_id == PRACTICE else by.person_id == owner_id
        if not may or (owner_id != PRACTICE and not await digests.weekly_hours(tx, owner_id)):
            raise Refused("not_yours")
        return local_on(self.clock.now(), await self._zone(tx, owner_id))

    async def _zone(self, tx: Transaction, owner_id: int) -> str:
        if owner_id == PRACTICE:
            return self.settings.practice.timezone
        return await zone_of(tx, owner_id, self.settings)
