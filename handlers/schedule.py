"""The schedule, for admins and therapists: look, choose, see what it does, apply, take back."""

from __future__ import annotations

from typing import Final

from bot.core.errors import Refused
from bot.core.schedule import wanted_of
from bot.room import Room
from bot.services.schedule import By
from bot.services.schedule_changes import PRACTICE, Values
from bot.views.schedule import wanted_from
from handlers import absences
from handlers.guard import Ask, Reply, Route, may

_MY: Final = ("my", "mein", "meine")


async def schedule(room: Room, ask: Ask) -> Reply:
    """/schedule: what counts; /schedule delay 45: what it would do; my: an admin's own."""
    first, _, rest = ask.words.strip().partition(" ")
    is_mine = first.lower() in _MY and may(ask.who, "therapist")
    owner = PRACTICE if may(ask.who, "admin") and not is_mine else ask.me
    words = rest if is_mine else ask.words
    if first.lower() in absences.CLOSED:
        if owner != PRACTICE:
            raise Refused("closed_not_yours")
        return await absences.closed(room, ask, rest)
    if not words.strip():
        return await _show(room, ask, owner)
    return await _preview(room, ask, owner, wanted_of(words))


async def show(room: Room, ask: Ask) -> Reply:
    """Show the practice's schedule, or a therapist's."""
    return await _show(room, ask, ask.tap.subject)


async def choose(room: Room, ask: Ask) -> Reply:
    """Offer values for one line of it."""
    shown = await room.schedule.show(_by(ask), ask.tap.subject)
    group, is_admin = ask.tap.arg(0), may(ask.who, "admin")
    screen = room.schedule_views.value(shown, group, ask.reader, _me(ask), is_admin=is_admin)
    return Reply(screen)


async def preview(room: Room, ask: Ask) -> Reply:
    """Show what a value would do."""
    return await _preview(room, ask, ask.tap.subject, _wanted(ask))


async def apply(room: Room, ask: Ask) -> Reply:
    """Set what was previewed."""
    change = await room.schedule.apply(_by(ask), ask.tap.subject, _wanted(ask))
    return Reply(room.schedule_views.change(change, ask.reader, _me(ask)))


async def last(room: Room, ask: Ask) -> Reply:
    """Show what taking the newest change back would do."""
    undoes = ask.tap.subject
    change = await room.schedule.preview_undo(_by(ask), undoes)
    return Reply(room.schedule_views.change(change, ask.reader, _me(ask), undoes=undoes))


async def undo(room: Room, ask: Ask) -> Reply:
    """Take a change back."""
    change = await room.schedule.undo(_by(ask), ask.tap.subject)
    return Reply(room.schedule_views.change(change, ask.reader, _me(ask)))


async def undone(room: Room, ask: Ask) -> Reply:
    """Show what counts after a change was taken back."""
    change = await room.schedule.find(ask.tap.subject)
    return await _show(room, ask, change.owner_id if change else PRACTICE)


async def _show(room: Room, ask: Ask, owner: int) -> Reply:
    shown = await room.schedule.show(_by(ask), owner)
    is_admin = may(ask.who, "admin")
    return Reply(room.schedule_views.show(shown, ask.reader, _me(ask), is_admin=is_admin))


async def _preview(room: Room, ask: Ask, owner: int, wanted: Values) -> Reply:
    change = await room.schedule.preview(_by(ask), owner, wanted)
    return Reply(room.schedule_views.change(change, ask.reader, _me(ask)))


def _wanted(ask: Ask) -> dict[str, str | None]:
    try:
        return wanted_from(ask.tap.args)
    except (LookupError, ValueError):
        raise Refused("stale_button") from None


def _by(ask: Ask) -> By:
    return By(_me(ask), may(ask.who, "admin"))


def _me(ask: Ask) -> int | None:
    """Give the person's id; an admin may be none."""
    return ask.who.person.id if ask.who.person else None


COMMANDS = {"schedule": Route(schedule, "professional")}
TAPS = {
    "sched": Route(show, "professional"),
    "schname": Route(choose, "professional"),
    "schprev": Route(preview, "professional"),
    "schset": Route(apply, "professional", show),
    "schlast": Route(last, "professional"),
    "schundo": Route(undo, "professional", undone),
}
