"""Being away, for therapists, and the practice's closed days, for admins: see what it does, apply
it, take it back."""

from __future__ import annotations

from typing import Final

from bot.core.errors import Refused
from bot.room import Room
from bot.services.absence_plans import PRACTICE, Plan
from bot.services.schedule import By
from handlers.guard import Ask, Reply, Route, may

CLOSED: Final = ("closed", "geschlossen", "zu")


async def away(room: Room, ask: Ask) -> Reply:
    """/away 20 Dec–6 Jan: what it would do; /away alone: what is to come."""
    if not ask.words.strip():
        return await _list(room, ask, ask.me)
    return await _draft(room, ask, ask.me, ask.words)


async def away_again(room: Room, ask: Ask) -> Reply:
    """Show what is to come for a repeated message."""
    return await _list(room, ask, ask.me)


async def closed(room: Room, ask: Ask, words: str) -> Reply:
    """/schedule closed 24 Dec–2 Jan: what it would do; without days: what is to come."""
    if not words.strip():
        return await _list(room, ask, PRACTICE)
    try:
        return await _draft(room, ask, PRACTICE, words)
    except Refused as refused:
        raise Refused(
            refused.reason, **refused.facts | {"command": "/schedule closed"}
        ) from refused


async def show_list(room: Room, ask: Ask) -> Reply:
    """Show an owner's absences to come."""
    return await _list(room, ask, ask.tap.subject)


async def first_day(room: Room, ask: Ask) -> Reply:
    """Ask for the first day, in a month; of an absence to change where that is named."""
    return await _choose(room, ask, ask.tap.subject, None, *_place(ask, 0))


async def last_day(room: Room, ask: Ask) -> Reply:
    """Ask for the last day."""
    return await _choose(room, ask, ask.tap.subject, ask.tap.arg(0), *_place(ask, 1))


async def preview(room: Room, ask: Ask) -> Reply:
    """Show what chosen days would do."""
    first_on, last_on, changes = ask.tap.arg(0), ask.tap.arg(1), ask.tap.id_arg(2)
    owner = ask.tap.subject
    plan = await room.absences.draft_days(_by(ask), owner, first_on, last_on, changes or None)
    today = (await room.absences.listed(_by(ask), owner)).today
    return _shown(room, ask, plan, today)


async def show(room: Room, ask: Ask) -> Reply:
    """Look at one absence."""
    plan = await room.absences.show(_by(ask), ask.tap.subject)
    today = (await room.absences.listed(_by(ask), plan.absence.owner_id)).today
    return _shown(room, ask, plan, today, is_looked_at=plan.stands)


async def change(room: Room, ask: Ask) -> Reply:
    """Ask for other days; of an absence that lasts for the last one alone."""
    plan = await room.absences.show(_by(ask), ask.tap.subject)
    if not plan.stands:
        raise Refused("stale_button")
    owner, at = plan.absence.owner_id, plan.absence.id
    today = (await room.absences.listed(_by(ask), owner)).today
    first_on = plan.absence.first_on if plan.absence.first_on < today else None
    return await _choose(room, ask, owner, first_on, "", at)


async def apply(room: Room, ask: Ask) -> Reply:
    """Let what was previewed count."""
    plan = await room.absences.agree(_by(ask), ask.tap.subject)
    return _shown(room, ask, plan, plan.absence.first_on)


async def remove(room: Room, ask: Ask) -> Reply:
    """Take an absence back, or be back from today on."""
    plan = await room.absences.remove(_by(ask), ask.tap.subject)
    return _shown(room, ask, plan, plan.absence.first_on)


async def undo(room: Room, ask: Ask) -> Reply:
    """Take the last act on an absence back."""
    plan = await room.absences.undo(_by(ask), ask.tap.subject)
    return _shown(room, ask, plan, plan.absence.first_on)


async def _list(room: Room, ask: Ask, owner: int) -> Reply:
    listed = await room.absences.listed(_by(ask), owner)
    return Reply(room.absence_views.listed(listed, ask.reader))


async def _draft(room: Room, ask: Ask, owner: int, words: str) -> Reply:
    plan = await room.absences.draft(_by(ask), owner, words)
    return _shown(room, ask, plan, plan.absence.first_on)


def _shown(room: Room, ask: Ask, plan: Plan, today: str, *, is_looked_at: bool = False) -> Reply:
    person_id = _by(ask).person_id
    views = room.absence_views
    return Reply(views.plan(plan, today, ask.reader, person_id, is_looked_at=is_looked_at))


async def _choose(
    room: Room, ask: Ask, owner: int, first_on: str | None, shown: str, changes_id: int
) -> Reply:
    listed = await room.absences.listed(_by(ask), owner)
    changes = None
    if changes_id:
        changes = (await room.absences.show(_by(ask), changes_id)).absence
    screen = room.absence_views.choose(
        owner, listed.today, ask.reader, first_on=first_on, shown=shown, changes=changes
    )
    return Reply(screen)


def _place(ask: Ask, at: int) -> tuple[str, int]:
    """Give the month to show and the absence to change, where a button names them."""
    args = ask.tap.args
    return (
        args[at] if at < len(args) else "",
        ask.tap.id_arg(at + 1) if at + 1 < len(args) else 0,
    )


def _by(ask: Ask) -> By:
    return By(ask.who.person.id if ask.who.person else None, may(ask.who, "admin"))


COMMANDS = {"away": Route(away, "therapist", away_again)}
TAPS = {
    "abslist": Route(show_list, "professional"),
    "absnew": Route(first_day, "professional"),
    "absend": Route(last_day, "professional"),
    "absday": Route(preview, "professional", show_list),
    "absone": Route(show, "professional"),
    "abschg": Route(change, "professional"),
    "absset": Route(apply, "professional", show),
    "absdel": Route(remove, "professional", show),
    "absundo": Route(undo, "professional", show),
}
