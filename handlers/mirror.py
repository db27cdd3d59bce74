"""The therapist's mirror: /mirror, its switch, and a guess at a time."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.room import Room
from handlers.guard import Ask, Reply, Route


async def mirror(room: Room, ask: Ask) -> Reply:
    """/mirror, and Back: what can be guessed about now."""
    return Reply(room.mirror_views.all(await room.mirrors.show(ask.me), ask.reader))


async def turn(room: Room, ask: Ask) -> Reply:
    """Turn it on or off."""
    if ask.tap.arg(0) not in ("on", "off"):
        raise Refused("stale_button")
    shown = await room.mirrors.turn(ask.me, on=ask.tap.arg(0) == "on")
    return Reply(room.mirror_views.all(shown, ask.reader))


async def item(room: Room, ask: Ask) -> Reply:
    """Show an item of a session."""
    shown = await room.mirrors.show(ask.me)
    session = shown.session(ask.tap.subject)
    return Reply(room.mirror_views.item(shown, session, ask.tap.arg(0), ask.reader))


async def _guess(room: Room, ask: Ask, value: int | None) -> Reply:
    shown = await room.mirrors.guess(ask.me, ask.tap.subject, ask.tap.arg(0), value)
    return Reply(room.mirror_views.next(shown, ask.tap.subject, ask.reader))


async def rate(room: Room, ask: Ask) -> Reply:
    """A guess was tapped."""
    number = ask.tap.arg(1)
    if not number.isascii() or not number.isdigit() or len(number) > 3:
        raise Refused("stale_button")
    return await _guess(room, ask, int(number))


async def skip(room: Room, ask: Ask) -> Reply:
    """An item is skipped."""
    return await _guess(room, ask, None)


async def guess_again(room: Room, ask: Ask) -> Reply:
    """Show what comes after a repeated tap."""
    shown = await room.mirrors.show(ask.me)
    return Reply(room.mirror_views.next(shown, ask.tap.subject, ask.reader))


COMMANDS = {"mirror": Route(mirror, "therapist")}
TAPS = {
    "mirror": Route(mirror, "therapist"),
    "mirset": Route(turn, "therapist", mirror),
    "mirask": Route(item, "therapist"),
    "mirrate": Route(rate, "therapist", guess_again),
    "mirskip": Route(skip, "therapist", guess_again),
}
