"""The schedule as admins and therapists set it: what counts and why, what a change would do, undo.

Whoever may set a value sees its effects first; then it is one transaction that also owes everybody
else it concerns the news. What was asked, or is open, keeps the times that its client was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.config import ConfigError, Settings
from bot.config.overriding import checked, overridden, written
from bot.core.errors import Refused
from bot.core.schedule import LEVELS, Level, Source
from bot.services.acts import reads, writes
from bot.services.in_force import InForce, in_force
from bot.services.ports import Clock, Ids
from bot.services.quiet import outside_quiet
from bot.services.schedule_effects import Concerned, Effects, effects_of
from bot.store import audit, digests, outbox, people
from bot.store import schedule as store
from bot.store.database import Database, Transaction

_DAY_MS: Final = 86_400_000
_TELL_WITHIN_MS: Final = 7 * _DAY_MS
PRACTICE: Final = store.PRACTICE

Values = Mapping[str, str | None]


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
class Change:
    """A change of values, thought of or made (id).

    wanted: what is set, None where a name follows again. was and after: what counted, and what
    counts then; before: what was set here, None where that was nothing. Of a change that was made
    long ago only these are known: wanted, after, before.
    """

    owner_id: int
    therapist: str | None
    wanted: Values
    after: Mapping[str, str]
    was: Mapping[str, str] = field(default_factory=dict)
    before: Values = field(default_factory=dict)
    effects: Effects = field(default_factory=Effects)
    id: int | None = None

    @property
    def is_none(self) -> bool:
        """Whether everything is as wanted already."""
        return not self.wanted


@dataclass(frozen=True, slots=True)
class Schedule:
    """The use cases of setting the schedule."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @reads
    async def show(self, tx: Transaction, by: By, owner_id: int) -> Shown:
        """Show what counts. Errors: Refused("not_yours")."""
        name = await self._owner(tx, by, owner_id)
        force = await in_force(tx, self.settings, owner_id or None)
        newest = await store.newest_change(tx, owner_id)
        undo = newest if newest is not None and await store.is_in_force(tx, newest) else None
        return Shown(
            owner_id,
            name,
            tuple(
                Line(one, written(force.settings, one), force.sources[one])
                for one in _settable(owner_id)
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
        return await self._change(tx, by, owner_id, wanted)

    @writes
    async def apply(self, tx: Transaction, by: By, owner_id: int, wanted: Values) -> Change:
        """Set values, and owe those it concerns the news. Errors: as `preview`.

        What is as wanted already changes nothing.
        """
        return await self._apply(tx, by, await self._change(tx, by, owner_id, wanted))

    @writes
    async def undo(self, tx: Transaction, by: By, change_id: int) -> Change:
        """Take a change back, as a new one. Errors: Refused("not_yours"), Refused("set_again")."""
        made = await store.find_change(tx, change_id)
        if made is None:
            raise Refused("not_yours")
        await self._owner(tx, by, made.owner_id)
        if not await store.is_in_force(tx, change_id):
            raise Refused("set_again")
        return await self._apply(tx, by, await self._change(tx, by, made.owner_id, made.before))

    @reads
    async def newest(self, tx: Transaction, by: By, owner_id: int | None) -> int:
        """Give the newest change, of one owner or of any. Errors: Refused("nothing_set")."""
        if owner_id is not None:
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
        return await self._find(tx, change_id)

    @reads
    async def telling(
        self, tx: Transaction, change_id: int, therapist_id: int
    ) -> tuple[Change, int] | None:
        """Give a change that a therapist is to be told of, and when the next digest comes.

        None where it was taken back or set again meanwhile: of that there is other news.
        """
        change = await self._find(tx, change_id)
        if change is None or not await store.is_in_force(tx, change_id):
            return None
        person = await people.load_person(tx, therapist_id)
        force = await in_force(tx, self.settings, therapist_id)
        zone = person.timezone or self.settings.practice.timezone
        return change, force.next_digest_at(self.clock.now(), zone)

    async def _find(self, tx: Transaction, change_id: int) -> Change | None:
        made = await store.find_change(tx, change_id)
        if made is None:
            return None
        name = None
        if made.owner_id != PRACTICE:
            name = (await people.load_person(tx, made.owner_id)).name
        follows = await self._follows(tx, made.owner_id)
        wanted = {name: made.values[name] for name in LEVELS if name in made.values}
        after = _filled(follows, wanted)
        return Change(made.owner_id, name, wanted, after, before=made.before, id=change_id)

    @reads
    async def therapists(self, tx: Transaction) -> list[tuple[int, str]]:
        """List the therapists by name, as (person id, name)."""
        return await self._therapists(tx)

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

    async def _change(self, tx: Transaction, by: By, owner_id: int, wanted: Values) -> Change:
        therapist = await self._owner(tx, by, owner_id)
        now = await in_force(tx, self.settings, owner_id or None)
        level: Level = "practice" if owner_id == PRACTICE else "therapist"
        kept = _checked(now.settings, await self._follows(tx, owner_id), owner_id, wanted)
        changed = {
            name: value
            for name, value in kept.items()
            if (value, level) != (written(now.settings, name), now.sources[name])
            and not (value is None and now.sources[name] != level)
        }
        concerned, others = await self._concerned(tx, owner_id, changed)
        then = _then(now, await self._follows(tx, owner_id), changed)
        return Change(
            owner_id,
            therapist,
            wanted=changed,
            after={name: written(then, name) for name in changed},
            was={name: written(now.settings, name) for name in changed},
            effects=await effects_of(tx, changed, concerned, others, self.clock.now()),
        )

    async def _follows(self, tx: Transaction, owner_id: int) -> Settings:
        """Give what an owner follows where nothing own is set."""
        if owner_id == PRACTICE:
            return self.settings
        return (await in_force(tx, self.settings)).settings

    async def _concerned(
        self, tx: Transaction, owner_id: int, changed: Values
    ) -> tuple[list[Concerned], int]:
        """List whom a change concerns, and count those who have own values instead."""
        follows = await self._follows(tx, owner_id)
        found, others = [], 0
        for weekly in await digests.weekly_hours(tx, owner_id or None):
            before = await in_force(tx, self.settings, weekly.therapist_id)
            own = {name for name, source in before.sources.items() if source == "therapist"}
            reaching = {
                name: value
                for name, value in changed.items()
                if owner_id != PRACTICE or name not in own
            }
            if not reaching:
                others += 1
                continue
            found.append(
                Concerned(
                    weekly.therapist_id,
                    (await people.load_person(tx, weekly.therapist_id)).name,
                    weekly.timezone or self.settings.practice.timezone,
                    before,
                    InForce(
                        _then(before, follows, reaching),
                        before.sources,
                        before.digest_since_at,
                    ),
                )
            )
        return found, others if changed else 0

    async def _apply(self, tx: Transaction, by: By, change: Change) -> Change:
        if change.is_none:
            return change
        now, change_id = self.clock.now(), self.ids.new()
        for name, value in change.wanted.items():
            await store.set_value(
                tx,
                id=self.ids.new(),
                change_id=change_id,
                owner_id=change.owner_id,
                name=name,
                value=value,
                set_by=by.person_id,
                now=now,
            )
        if "checkin.reminder_after_hours" in change.after:
            hours = int(change.after["checkin.reminder_after_hours"])
            await store.bring_reminders_forward(tx, hours * 3_600_000)
        concerned, _ = await self._concerned(tx, change.owner_id, change.wanted)
        for one in concerned:
            if one.id != by.person_id:
                await self._tell(tx, change_id, one.id, now)
        subject = "practice" if change.owner_id == PRACTICE else "person"
        await audit.note(
            tx, self.ids.new(), now, by.person_id, "schedule set", subject, change.owner_id
        )
        return replace(change, id=change_id)

    async def _tell(self, tx: Transaction, change_id: int, therapist_id: int, now: int) -> None:
        person = await people.load_person(tx, therapist_id)
        due_at = await outside_quiet(tx, self.settings, person, now)
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=change_id,
            part=f"schedule:{therapist_id}",
            person_id=therapist_id,
            due_at=due_at,
            expires_at=due_at + _TELL_WITHIN_MS,
            now=now,
        )


def _settable(owner_id: int) -> list[str]:
    level: Level = "practice" if owner_id == PRACTICE else "therapist"
    return [name for name, levels in LEVELS.items() if level in levels]


def _checked(
    settings: Settings, follows: Settings, owner_id: int, wanted: Values
) -> dict[str, str | None]:
    """Bring values into the form that is kept. Errors: Refused("schedule_value")."""
    for name, value in wanted.items():
        if name not in _settable(owner_id):
            reason = "schedule_own" if name in LEVELS else "schedule_name"
            raise Refused(reason, name=name, value=value or "")
    given = _filled(follows, wanted)
    try:
        kept = checked(settings, given)
    except ConfigError as error:
        mistake = error.mistakes[0]
        raise Refused(
            "schedule_value",
            name=mistake.key,
            value=given.get(mistake.key, ""),
            wrong=str(error),
        ) from None
    return {name: None if value is None else kept[name] for name, value in wanted.items()}


def _then(now: InForce, follows: Settings, changed: Values) -> Settings:
    """Give the settings after a change."""
    return overridden(now.settings, _filled(follows, changed)) if changed else now.settings


def _filled(follows: Settings, values: Values) -> dict[str, str]:
    """Put in the place of each None what the name follows then."""
    return {name: value or written(follows, name) for name, value in values.items()}
