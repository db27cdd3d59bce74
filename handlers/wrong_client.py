"""Wrong client: which appointment, whose it was, and setting it right."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.room import Room
from handlers.guard import Ask, Reply, Route, refusal
from handlers.timetable import appointment_again, page_of


async def which(room: Room, ask: Ask) -> Reply:
    """Ask, from a client's details, which appointment was somebody else's."""
    pair, entries = await room.wrong_client.lately(ask.me, ask.tap.subject)
    return Reply(say=(room.wrong_client_views.which(pair, entries, ask.reader),), prolongs=True)


async def whose(room: Room, ask: Ask) -> Reply:
    """Ask whose appointment it was."""
    mistaken = await room.wrong_client.mistaken(ask.me, ask.tap.subject)
    return Reply(room.wrong_client_views.whose(mistaken, page_of(ask, 0), ask.reader))


async def proposal(room: Room, ask: Ask) -> Reply:
    """Say what it would mean."""
    righting = await room.wrong_client.proposal(ask.me, ask.tap.subject, ask.tap.id_arg(0))
    return Reply(room.wrong_client_views.proposal(righting, ask.reader))


async def set_right(room: Room, ask: Ask) -> Reply:
    """Set it right."""
    righting = await room.wrong_client.set_right(ask.me, ask.tap.subject, ask.tap.id_arg(0))
    await _draw_anew(room, ask, righting.entry.appointment.pair_id)
    return Reply(room.wrong_client_views.done(righting, ask.reader))


async def _draw_anew(room: Room, ask: Ask, pair_id: int) -> None:
    """Let the newest digest on the therapist's phone be without what was taken away.

    One that is not the newest of all says nothing of it but its line.
    """
    place = await room.wrong_client.shown_in(ask.me, pair_id)
    if place is None:
        return
    try:
        page = await room.digests.show(ask.me, place.digest_id, place.page)
        line = await room.digests.line(place.digest_id)
        screen = room.digest_views.page(page, ask.reader)
        if line.is_older:
            screen = room.digest_views.collapsed(line, place.page, ask.reader)
    except Refused as gone:
        screen = room.people_views.refused(ask.reader, refusal(room, ask.reader, gone))
    room.lanes.edit(ask.chat_id, place.message, screen)


TAPS = {
    "wrongs": Route(which, "therapist"),
    "wrong": Route(whose, "therapist"),
    "wrongto": Route(proposal, "therapist"),
    "wrongok": Route(set_right, "therapist", appointment_again),
}
