"""Working out an absence: what it would do, or has done, for each therapist whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

from bot.config import Settings
from bot.core.absence import Absence, Away
from bot.core.errors import Refused
from bot.core.timetable import day_after, local_on, occurrences, to_utc
from bot.services.away_keeping import sessions_in
from bot.services.in_force import in_force
from bot.services.overdue import is_waited_for
from bot.services.ports import Clock
from bot.store import absences as store
from bot.store import digests, people, rules
from bot.store.database import Transaction

PRACTICE: Final = store.PRACTICE


@dataclass(frozen=True, slots=True)
class Effect:
    """What an absence does for one therapist.

    cancelled, back: codes of the sessions that it cancels, and of those that come back. eve_at:
    when the digest comes instead of those within it, None where none lies within; is_now: at once.
    next_at: when the first one after it comes. open: check-ins that stay open, unanswered. zone:
    the therapist's. moves_due: a digest that is due now would be put off, or cut anew.
    """

    therapist_id: int
    therapist: str = field(repr=False)
    zone: str
    cancelled: tuple[str, ...]
    back: tuple[str, ...]
    eve_at: int | None
    is_now: bool
    next_at: int
    open: int
    moves_due: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """An absence that is thought of, or stands, or does not any more.

    replaced: what it is or was put in the place of. is_within: what was asked for lies in one that
    stands. effects: of each therapist whom it concerns. stands: it counts. was: it counted once.
    """

    absence: Absence
    replaced: tuple[Absence, ...] = ()
    is_within: bool = False
    effects: tuple[Effect, ...] = ()
    stands: bool = False
    was: bool = False

    @property
    def is_new(self) -> bool:
        """Whether it has not counted yet."""
        return not self.stands and not self.was

    @property
    def is_practice(self) -> bool:
        """Whether it is the whole practice's."""
        return self.absence.owner_id == PRACTICE


@dataclass(frozen=True, slots=True)
class Plans:
    """Works absences out, within whoever's transaction."""

    clock: Clock
    settings: Settings

    async def of(
        self,
        tx: Transaction,
        kept: store.Kept,
        *,
        ends: bool = False,
        revives: bool = False,
        back_from_at: int | None = None,
    ) -> Plan:
        """Say how an absence stands after an act, and what is so then.

        Of one that does not stand the act is to let it; of one that does there is none, or that it
        ends. revives: and that what it replaced stands again.
        """
        absence, comes, goes = kept.absence, list[Absence](), set[int]()
        now = self.clock.now()
        if kept.agreed_at is not None:
            replaced = await store.replaced_by(tx, absence.id) if revives or not ends else []
        else:
            standing = await store.standing(tx, [absence.owner_id])
            replaced = [
                one for one in standing if one.id == kept.changes_id or overlap(one, absence)
            ]
        if ends:
            comes, goes = [replace(one, since_at=now) for one in replaced], {absence.id}
        elif not kept.stands:
            since_at = now if kept.agreed_at is not None else _since_at(absence, replaced, now)
            absence = replace(absence, since_at=since_at)
            comes, goes = [absence], {one.id for one in replaced}
        plan = Plan(absence, tuple(replaced), stands=kept.stands and not ends, was=ends)
        effects = [
            await self._effect(tx, plan, weekly, comes, goes, back_from_at)
            for weekly in await digests.weekly_hours(tx, absence.owner_id or None)
        ]
        return replace(plan, effects=tuple(effects))

    async def _effect(
        self,
        tx: Transaction,
        plan: Plan,
        weekly: digests.Weekly,
        comes: Sequence[Absence],
        goes: Set[int],
        back_from_at: int | None,
    ) -> Effect:
        therapist_id, now, absence = weekly.therapist_id, self.clock.now(), plan.absence
        zone = weekly.timezone or self.settings.practice.timezone
        before = await in_force(tx, self.settings, therapist_id)
        hours = before.hours(zone)
        away = Away((*(one for one in before.away.absences if one.id not in goes), *comes))
        due_at = before.due_digest_at(now, zone, weekly.cut_at)
        then_at = replace(before, away=away).due_digest_at(now, zone, weekly.cut_at)
        today = local_on(now, zone)
        off = await store.sessions_cancelled(tx, therapist_id, to_utc(today, "00:00", zone))
        back_at = now + 1 if back_from_at is None else back_from_at
        stays = [one for one in off if away.on(local_on(one.starts_at, zone)) is not None]
        new = await sessions_in(tx, away, therapist_id, zone, today)
        here = [one.code for one in (*stays, *new) if absence.has(local_on(one.starts_at, zone))]
        here += await _to_be_planned(tx, absence, therapist_id)
        span = away.span_of(absence.first_on)
        eve_at = next((at for at, eve in away.eves(hours) if eve == span and at >= now), None)
        ends_at = to_utc(day_after(span.last_on if span else absence.last_on), "00:00", zone)
        return Effect(
            therapist_id=therapist_id,
            therapist=(await people.load_person(tx, therapist_id)).name,
            zone=zone,
            cancelled=() if plan.was else tuple(here),
            back=tuple(one.code for one in off if one not in stays and one.starts_at >= back_at),
            eve_at=eve_at,
            is_now=eve_at == now,
            next_at=away.next_digest(max(now, ends_at - 1), hours),
            open=await store.open_checkins(tx, therapist_id),
            moves_due=due_at is not None and due_at != then_at and await is_waited_for(tx, due_at),
        )


def refuse_due(plan: Plan) -> None:
    """Refuse what would move a digest that is about to be made.

    Errors: Refused("digest_due"): it would be put off, or cut anew.
    """
    whose = [one.therapist for one in plan.effects if one.moves_due]
    if whose:
        raise Refused("digest_due", whose=", ".join(whose))


async def _to_be_planned(tx: Transaction, absence: Absence, therapist_id: int) -> list[str]:
    """List the codes of what patterns will have within an absence and was not planned yet."""
    return [
        kept.code
        for kept in await rules.open_rules_of_therapist(tx, therapist_id)
        for _ in occurrences(
            kept.rule,
            max(day_after(kept.planned_until_on), absence.first_on),
            absence.last_on,
        )
    ]


def overlap(one: Absence, other: Absence) -> bool:
    """Say whether two absences have a day in common."""
    return one.first_on <= other.last_on and other.first_on <= one.last_on


def joined(absence: Absence, others: Sequence[Absence]) -> Absence:
    """Give one absence for several that overlap."""
    every = [absence, *others]
    covers = [one.cover for one in every if one.cover is not None]
    return replace(
        absence,
        first_on=min(one.first_on for one in every),
        last_on=max(one.last_on for one in every),
        cover=covers[0] if covers else None,
    )


def _since_at(absence: Absence, replaced: Sequence[Absence], now: int) -> int:
    """Give since when its days count: where they begin as before and none is new, since then."""
    same = [one for one in replaced if one.first_on == absence.first_on]
    return next((one.since_at for one in same if absence.last_on <= one.last_on), now)
