"""A therapist leaves: what a client says to going on, and what the colleague may look at."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.core.people import Pair
from bot.room import Room
from bot.services.redacting import Opened
from handlers.guard import Ask, Reply, Route


async def say(room: Room, ask: Ask) -> Reply:
    """A client goes on, with the earlier answers or without, or does not."""
    match ask.tap.arg(0):
        case "share" | "fresh" | "no" as said:
            pair = await room.continuing.answer(ask.me, ask.tap.subject, said)
            return await _shown(room, ask, pair)
        case _:
            raise Refused("stale_button")


async def said(room: Room, ask: Ask) -> Reply:
    """Show again what came of it."""
    return await _shown(room, ask, await room.continuing.answered(ask.me, ask.tap.subject))


async def _shown(room: Room, ask: Ask, pair: Pair) -> Reply:
    if pair.id == ask.tap.subject:
        return Reply(room.handover_views.declined(pair, ask.reader))
    joining = await room.enrolment.joining(ask.me, pair.id)
    return Reply(room.people_views.joining(joining, ask.reader))


async def earlier(room: Room, ask: Ask) -> Reply:
    """Show what was before a pair, as a new message: its client shares it."""
    shown = await room.lookup.earlier(ask.me, ask.tap.subject)
    screen = room.digest_views.earlier(shown, ask.reader)
    return Reply(say=(screen,), shows=(shown.pair_id,), opened=Opened())


TAPS = {
    "hand": Route(say, "client", said),
    "earlier": Route(earlier, "therapist"),
}
