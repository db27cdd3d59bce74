"""The schedule as admins and therapists set it: what counts and why, what a change would do, undo.

Whoever may set a value sees its effects first; then it is one transaction that also owes everybody
else it concerns the news. What was asked, or is open, keeps the times that its client was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.config import Settings
from bot.config.overriding import written
from bot.core.errors import Refused
from bot.core.schedule import LEVELS, Source
from bot.services.acts import reads, writes
from bot.services.in_force import InForce, in_force
from bot.services.news import tell
from bot.services.overdue import is_waited_for
from bot.services.ports import Clock, Ids
from bot.services.schedule_changes import PRACTICE, Change, Changes, Values, filled, settable
from bot.services.schedule_effects import Concerned
from bot.store import audit, digests, people
from bot.store import schedule as store
from bot.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class By:
    """Who sets something. person_id: None for the command line, which may what admins may."""

    person_id: int | None
    is_admin: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A value as it counts, and where it comes from."""

    name: str
    value: str
    source: Source


@dataclass(frozen=True, slots=True)
class Shown:
    """The schedule of the practice, or of one therapist.

    owner_id: PRACTICE, or the therapist's. therapist: the name. undo: the newest change here, if
    it still holds. therapists: whose values an admin may look at, by name.
    """

    owner_id: int
    therapist: str | None
    lines: tuple[Line, ...]
    undo: int | None
    therapists: tuple[tuple[int, str], ...] = ()

    def line(self, name: str) -> Line:
        """Give the line of a value. Errors: Refused("stale_button") where there is none."""
        for one in self.lines:
            if one.name == name:
                return one
        raise Refused("stale_button")


@dataclass(frozen=True, slots=True)
class Schedule:
    """The use cases of setting the schedule."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @property
    def _changes(self) -> Changes:
        return Changes(self.clock, self.settings)

    @reads
    async def show(self, tx: Transaction, by: By, owner_id: int) -> Shown:
        """Show what counts. Errors: Refused("not_yours")."""
        name = await self._owner(tx, by, owner_id)
        force = await in_force(tx, self.settings, owner_id or None)
        newest = await store.newest_change(tx, owner_id)
        made = await store.find_change(tx, newest) if newest is not None else None
        undo = newest if made is not None and made.in_force == made.values.keys() else None
        return Shown(
            owner_id,
            name,
            tuple(
                Line(one, written(force.settings, one), force.sources[one])
                for one in settable(owner_id)
            ),
            undo,
            tuple(await self._therapists(tx)) if by.is_admin and owner_id == PRACTICE else (),
        )

    @reads
    async def preview(self, tx: Transaction, by: By, owner_id: int, wanted: Values) -> Change:
        """Say what setting values would do; None lets a name follow again.

        Errors: Refused("not_yours"), Refused("schedule_value") with `name`, `value` and the
        whole mistake as `wrong`.
        """
        return await self._changes.of(tx, owner_id, await self._owner(tx, by, owner_id), wanted)

    @writes
    async def apply(self, tx: Transaction, by: By, owner_id: int, wanted: Values) -> Change:
        """Set values, and owe those it concerns the news. Errors: as `preview`.

        What is as wanted already changes nothing.
        """
        name = await self._owner(tx, by, owner_id)
        return await self._apply(tx, by, await self._changes.of(tx, owner_id, name, wanted))

    @writes
    async def undo(self, tx: Transaction, by: By, change_id: int) -> Change:
        """Take a change back, as a new one. Errors: Refused("not_yours"), Refused("set_again")."""
        return await self._apply(tx, by, *await self._undoing(tx, by, change_id))

    @reads
    async def preview_undo(self, tx: Transaction, by: By, change_id: int) -> Change:
        """Say what taking a change back would do. Errors: as `undo`."""
        change, _ = await self._undoing(tx, by, change_id)
        return change

    async def _undoing(
        self, tx: Transaction, by: By, change_id: int
    ) -> tuple[Change, dict[str, int]]:
        """Give what would take a change back, and since when its values count."""
        made = await store.find_change(tx, change_id)
        if made is None:
            raise Refused("not_yours")
        name = await self._owner(tx, by, made.owner_id)
        if made.in_force != made.values.keys():
            raise Refused("set_again")
        since = {name: await store.since_before(tx, change_id, name) for name in made.values}
        return await self._changes.of(tx, made.owner_id, name, made.before, since), since

    @reads
    async def newest(self, tx: Transaction, by: By, owner_id: int) -> int:
        """Give an owner's newest change. Errors: Refused("not_yours"), Refused("nothing_set")."""
        await self._owner(tx, by, owner_id)
        newest = await store.newest_change(tx, owner_id)
        if newest is None:
            raise Refused("nothing_set")
        return newest

    @reads
    async def person_of(self, tx: Transaction, telegram_id: int) -> int | None:
        """Give the person behind a Telegram id."""
        person = await people.find_person_by_telegram(tx, telegram_id)
        return person.id if person else None

    @reads
    async def find(self, tx: Transaction, change_id: int) -> Change | None:
        """Give a change that was made."""
        made = await store.find_change(tx, change_id)
        return await self._made(tx, made) if made is not None else None

    @reads
    async def telling(
        self, tx: Transaction, change_id: int, therapist_id: int
    ) -> tuple[Change, int] | None:
        """Give a change that a therapist is to be told of, and when the next digest comes.

        None where it was taken back or set again meanwhile: of that there is other news.
        """
        made = await store.find_change(tx, change_id)
        if made is None or not made.in_force:
            return None
        change = await self._made(tx, made)
        after = {name: value for name, value in change.after.items() if name in made.in_force}
        change = replace(change, after=after)
        person = await people.load_person(tx, therapist_id)
        force = await in_force(tx, self.settings, therapist_id)
        zone = person.timezone or self.settings.practice.timezone
        return change, force.next_digest_at(self.clock.now(), zone)

    async def _made(self, tx: Transaction, made: store.Changed) -> Change:
        name = None
        if made.owner_id != PRACTICE:
            name = (await people.load_person(tx, made.owner_id)).name
        follows = await self._changes.follows(tx, made.owner_id)
        wanted = {name: made.values[name] for name in LEVELS if name in made.values}
        after = filled(follows, wanted)
        return Change(made.owner_id, name, wanted, after, before=made.before, id=made.id)

    async def _therapists(self, tx: Transaction) -> list[tuple[int, str]]:
        found = [
            (weekly.therapist_id, (await people.load_person(tx, weekly.therapist_id)).name)
            for weekly in await digests.weekly_hours(tx)
        ]
        return sorted(found, key=lambda one: (one[1], one[0]))

    async def _owner(self, tx: Transaction, by: By, owner_id: int) -> str | None:
        """Give the name of whose schedule it is, None for the practice, if this one may set it."""
        if owner_id == PRACTICE:
            if not by.is_admin:
                raise Refused("not_yours")
            return None
        may = by.is_admin or by.person_id == owner_id
        if not may or not await digests.weekly_hours(tx, owner_id):
            raise Refused("not_yours")
        return (await people.load_person(tx, owner_id)).name

    async def _apply(
        self, tx: Transaction, by: By, change: Change, since: Mapping[str, int] | None = None
    ) -> Change:
        """Carry a change out. since: since when each value counts; None for now."""
        if change.is_none:
            return change
        now, change_id = self.clock.now(), self.ids.new()
        concerned, _ = await self._changes.concerned(tx, change.owner_id, change.wanted, since)
        moves = any(one.before.settings.digest != one.after.settings.digest for one in concerned)
        if moves:
            await self._refuse_due(tx, concerned)
        force = await in_force(tx, self.settings, change.owner_id or None)
        for name, value in change.wanted.items():
            await store.set_value(
                tx,
                id=self.ids.new(),
                change_id=change_id,
                owner_id=change.owner_id,
                name=name,
                value=value,
                set_by=by.person_id,
                since_at=self._since(name, change, force, since),
                now=now,
            )
        if "checkin.reminder_after_hours" in change.after:
            hours = int(change.after["checkin.reminder_after_hours"])
            await store.bring_reminders_forward(tx, hours * 3_600_000)
        for one in concerned:
            if one.id != by.person_id and one.before.settings != one.after.settings:
                await tell(
                    tx, one.id, f"schedule:{one.id}", subject_id=change_id,
                    ids=self.ids, settings=self.settings, now=now,
                )  # fmt: skip
        subject = "practice" if change.owner_id == PRACTICE else "person"
        await audit.note(
            tx, self.ids.new(), now, by.person_id, "schedule set", subject, change.owner_id
        )
        return replace(change, id=change_id)

    async def _refuse_due(self, tx: Transaction, concerned: Sequence[Concerned]) -> None:
        """Refuse to move a digest that is about to be made.

        Errors: Refused("digest_due"): it would be put off, or cut at another hour than was said.
        """
        now, whose = self.clock.now(), []
        for one in concerned:
            due_at = one.before.due_digest_at(now, one.zone, one.cut_at)
            if due_at is not None and await is_waited_for(tx, due_at):
                whose.append(one.name)
        if whose:
            raise Refused("digest_due", whose=", ".join(whose))

    def _since(
        self, name: str, change: Change, force: InForce, since: Mapping[str, int] | None
    ) -> int:
        """Give since when a value counts: where it changes nothing, since it did before."""
        if change.was[name] == change.after[name]:
            return force.digest_since_at
        return self.clock.now() if since is None else since[name]
