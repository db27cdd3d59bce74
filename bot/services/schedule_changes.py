"""Working out a change of the schedule: what is set, whom it concerns, what counts then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.config import ConfigError, Settings
from bot.config.overriding import checked, overridden, written
from bot.core.errors import Refused
from bot.core.schedule import LEVELS, WORDS, Level
from bot.services.in_force import InForce, each_in_force, in_force
from bot.services.ports import Clock
from bot.services.schedule_effects import Concerned, Effects, effects_of
from bot.store import digests, people
from bot.store import schedule as store
from bot.store.database import Transaction

PRACTICE: Final = store.PRACTICE

Values = Mapping[str, str | None]


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
class Changes:
    """Works changes out, within whoever's transaction."""

    clock: Clock
    settings: Settings

    async def of(
        self,
        tx: Transaction,
        owner_id: int,
        therapist: str | None,
        wanted: Values,
        since: Mapping[str, int] | None = None,
    ) -> Change:
        """Work out a change of one owner's values.

        therapist: the owner's name, None for the practice. since: since when the values count; None
        for now. Errors: Refused("schedule_value"), Refused("schedule_beside"),
        Refused("schedule_own"), Refused("schedule_name").
        """
        now = await in_force(tx, self.settings, owner_id or None)
        level: Level = "practice" if owner_id == PRACTICE else "therapist"
        follows = await self.follows(tx, owner_id)
        kept = _checked(now.settings, follows, owner_id, wanted)
        changed = {
            name: value
            for name, value in kept.items()
            if (value, level) != (written(now.settings, name), now.sources[name])
            and not (value is None and now.sources[name] != level)
        }
        concerned, others = await self.concerned(tx, owner_id, changed, since)
        then = _then(now, follows, changed)
        return Change(
            owner_id,
            therapist,
            wanted=changed,
            after={name: written(then, name) for name in changed},
            was={name: written(now.settings, name) for name in changed},
            effects=await effects_of(
                tx, self.settings, changed, concerned, others, self.clock.now()
            ),
        )

    async def follows(self, tx: Transaction, owner_id: int) -> Settings:
        """Give what an owner follows where nothing own is set."""
        if owner_id == PRACTICE:
            return self.settings
        return (await in_force(tx, self.settings)).settings

    async def concerned(
        self,
        tx: Transaction,
        owner_id: int,
        changed: Values,
        since: Mapping[str, int] | None = None,
    ) -> tuple[list[Concerned], int]:
        """List whom a change concerns, and count those who have own values instead."""
        follows, force_of = await self.follows(tx, owner_id), await each_in_force(tx, self.settings)
        found, others = [], 0
        for weekly in await digests.weekly_hours(tx, owner_id or None):
            before = force_of(weekly.therapist_id)
            own = {name for name, source in before.sources.items() if source == "therapist"}
            reaching = {
                name: value
                for name, value in changed.items()
                if owner_id != PRACTICE or name not in own
            }
            if not reaching:
                others += 1
                continue
            then = _then(before, follows, reaching)
            after = replace(before, settings=then, digest_since_at=self.clock.now())
            if after.settings.digest == before.settings.digest:
                after = replace(after, digest_since_at=before.digest_since_at)
            elif since is not None:
                counts = [at for name, at in since.items() if name.startswith("digest.")]
                after = replace(after, digest_since_at=max(counts))
            found.append(
                Concerned(
                    weekly.therapist_id,
                    (await people.load_person(tx, weekly.therapist_id)).name,
                    weekly.timezone or self.settings.practice.timezone,
                    weekly.cut_at,
                    before,
                    after,
                )
            )
        return found, others if changed else 0


def settable(owner_id: int) -> list[str]:
    """List what can be set for the practice, or for a therapist."""
    level: Level = "practice" if owner_id == PRACTICE else "therapist"
    return [name for name, levels in LEVELS.items() if level in levels]


def _checked(
    settings: Settings, follows: Settings, owner_id: int, wanted: Values
) -> dict[str, str | None]:
    """Bring values into the form that is kept. Errors: Refused("schedule_value")."""
    for name, value in wanted.items():
        if name not in settable(owner_id):
            reason = "schedule_own" if name in LEVELS else "schedule_name"
            raise Refused(reason, name=name, value=value or "")
    given = filled(follows, wanted)
    try:
        kept = checked(settings, given)
    except ConfigError as error:
        mistake = error.mistakes[0]
        if mistake.key in wanted:
            raise Refused(
                "schedule_value",
                name=mistake.key,
                value=given[mistake.key],
                wrong=str(error),
            ) from None
        # It is the other value that does not stand beside this one.
        group = next(word for word, names in WORDS.items() if mistake.key in names)
        raise Refused(
            "schedule_beside",
            value=" ".join(given.values()),
            beside=f"/schedule {group} {written(settings, mistake.key)}",
            wrong=str(error),
        ) from None
    return {name: None if value is None else kept[name] for name, value in wanted.items()}


def _then(now: InForce, follows: Settings, changed: Values) -> Settings:
    """Give the settings after a change."""
    return overridden(now.settings, filled(follows, changed)) if changed else now.settings


def filled(follows: Settings, values: Values) -> dict[str, str]:
    """Put in the place of each None what the name follows then."""
    return {name: value or written(follows, name) for name, value in values.items()}
