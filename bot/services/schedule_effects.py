"""What a change of the schedule does besides itself, worked out before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bot.config import Settings
from bot.core.schedule import PLANNED_DAYS, asked_under
from bot.core.timetable import after_quiet, local_on
from bot.services.asking import open_from_to
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
    after, None where that stays; unasked: so many are not, because their check-ins would close
    before the client's quiet hours end. reminders: so many wait and may move. open: so many
    check-ins are open and keep the times their clients were told. followers: so many clients have
    no quiet hours of their own. others: so many therapists have own values and are not concerned.
    """

    digests: tuple[NextDigest, ...] = ()
    sessions: int | None = None
    asked: tuple[int, int] | None = None
    unasked: tuple[int, int] | None = None
    reminders: int | None = None
    open: int | None = None
    followers: int | None = None
    others: int = 0


@dataclass(frozen=True, slots=True)
class Concerned:
    """A therapist whom a change concerns: what counts there before it and after it.

    cut_at: the cut-off of the newest digest.
    """

    id: int
    name: str
    zone: str
    cut_at: int
    before: InForce
    after: InForce


async def effects_of(
    tx: Transaction,
    settings: Settings,
    changed: Mapping[str, str | None],
    concerned: list[Concerned],
    others: int,
    now: int,
) -> Effects:
    """Work out what setting values does. others: therapists whom it does not concern."""
    moved = {
        one.id
        for one in concerned
        if one.before.settings.checkin.delay_minutes != one.after.settings.checkin.delay_minutes
    }
    planned = await store.planned_sessions(tx, now + PLANNED_DAYS * _DAY_MS)
    caps = {"checkin.per_day", "checkin.per_week"} & set(changed)
    asked = await _asked(tx, concerned[0], planned, now) if caps and concerned else None
    quiet = {"checkin.quiet_from", "checkin.quiet_to"} & set(changed)
    reminders = "checkin.reminder_after_hours" in changed
    return Effects(
        digests=tuple(_next_digests(concerned, now)),
        sessions=sum(one.therapist_id in moved for one in planned) if moved else None,
        asked=asked,
        unasked=_unasked(settings, concerned, planned),
        reminders=await store.waiting_reminders(tx) if reminders else None,
        open=await store.open_checkins(tx) if "checkin.expiry_hours" in changed else None,
        followers=await store.quiet_followers(tx) if quiet else None,
        others=others,
    )


def _next_digests(concerned: list[Concerned], now: int) -> list[NextDigest]:
    both = [(one, _coming(one.before, one, now), _coming(one.after, one, now)) for one in concerned]
    return [NextDigest(one.name, was, will, one.zone) for one, was, will in both if was != will]


def _coming(force: InForce, one: Concerned, now: int) -> int:
    """Give the hour of the digest that comes next; one that is due comes at once."""
    due_at = force.due_digest_at(now, one.zone, one.cut_at)
    return force.next_digest_at(now, one.zone) if due_at is None else due_at


async def _asked(
    tx: Transaction, one: Concerned, planned: list[store.Planned], now: int
) -> tuple[int, int] | None:
    """Count what is asked about under the caps before and after, if that is not the same."""
    today = date.fromisoformat(local_on(now, one.zone))
    monday = (today - timedelta(days=today.weekday())).isoformat()
    before = await store.asked_since(tx, monday)
    sessions = [(session.pair_id, session.local_on) for session in planned]
    was, will = (
        asked_under(sessions, caps.checkin.per_day, caps.checkin.per_week, before)
        for caps in (one.before.settings, one.after.settings)
    )
    return None if was == will else (was, will)


def _unasked(
    settings: Settings, concerned: list[Concerned], planned: list[store.Planned]
) -> tuple[int, int] | None:
    """Count what is asked about too late, before and after, if that is not the same."""
    counts = [0, 0]
    for one in concerned:
        own = [session for session in planned if session.therapist_id == one.id]
        for which, force in enumerate((one.before, one.after)):
            counts[which] += sum(_is_too_late(settings, force.settings, each) for each in own)
    was, will = counts
    return None if was == will else (was, will)


def _is_too_late(settings: Settings, then: Settings, session: store.Planned) -> bool:
    """Say whether a session's check-in would close before it may be sent."""
    checkin = then.checkin
    due_at, closes_at = open_from_to(then, session.ends_at, session.next_at)
    loud_at = after_quiet(
        due_at,
        session.quiet_from or f"{checkin.quiet_from:%H:%M}",
        session.quiet_to or f"{checkin.quiet_to:%H:%M}",
        session.timezone or settings.practice.timezone,
    )
    return closes_at <= loud_at
