"""What a change of the schedule does besides itself, worked out before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.schedule import PLANNED_DAYS, asked_under
from bot.services.in_force import InForce
from bot.store import schedule as store
from bot.store.database import Transaction

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class NextDigest:
    """When a therapist's next digest comes, as it is and as it would be (UTC ms)."""

    therapist: str
    before_at: int
    after_at: int
    zone: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What a change does besides itself.

    digests: of whose next digest the hour changes. sessions: so many planned ones within the next
    two weeks are asked about at another time; asked: so many are asked about at all, before and
    after, None where that stays. reminders: so many wait and may move. open: so many check-ins
    are open and keep the times their clients were told. followers: so many clients have no quiet
    hours of their own. others: so many therapists have own values and are not concerned.
    """

    digests: tuple[NextDigest, ...] = ()
    sessions: int | None = None
    asked: tuple[int, int] | None = None
    reminders: int | None = None
    open: int | None = None
    followers: int | None = None
    others: int = 0


@dataclass(frozen=True, slots=True)
class Concerned:
    """A therapist whom a change concerns: what counts there before it and after it."""

    id: int
    name: str
    zone: str
    before: InForce
    after: InForce


async def effects_of(
    tx: Transaction,
    changed: Mapping[str, str | None],
    concerned: list[Concerned],
    others: int,
    now: int,
) -> Effects:
    """Work out what setting values does. others: therapists whom it does not concern."""
    moved = {one.id for one in concerned if _differs(one, "checkin", "delay_minutes")}
    planned = await store.planned_sessions(tx, now + PLANNED_DAYS * _DAY_MS)
    caps = {"checkin.per_day", "checkin.per_week"} & set(changed)
    asked = None
    if caps and concerned:
        sessions = [(pair_id, on) for _, pair_id, on in planned]
        was, will = concerned[0].before.settings, concerned[0].after.settings
        asked = (
            asked_under(sessions, was.checkin.per_day, was.checkin.per_week),
            asked_under(sessions, will.checkin.per_day, will.checkin.per_week),
        )
    times = {"checkin.expiry_hours", "checkin.closes_before_next_minutes"} & set(changed)
    quiet = {"checkin.quiet_from", "checkin.quiet_to"} & set(changed)
    reminders = "checkin.reminder_after_hours" in changed
    return Effects(
        digests=tuple(_next_digests(concerned, now)),
        sessions=sum(one[0] in moved for one in planned) if moved else None,
        asked=asked,
        reminders=await store.waiting_reminders(tx) if reminders else None,
        open=await store.open_checkins(tx) if times else None,
        followers=await store.quiet_followers(tx) if quiet else None,
        others=others,
    )


def _differs(one: Concerned, section: str, name: str) -> bool:
    before, after = (
        getattr(getattr(force.settings, section), name) for force in (one.before, one.after)
    )
    return bool(before != after)


def _next_digests(concerned: list[Concerned], now: int) -> list[NextDigest]:
    return [
        NextDigest(one.name, before_at, after_at, one.zone)
        for one in concerned
        if (before_at := one.before.next_digest_at(now, one.zone))
        != (after_at := one.after.next_digest_at(now, one.zone))
    ]
