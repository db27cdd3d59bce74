"""The therapist ends a therapy here: what it means is said first; for a while it can be undone."""

from __future__ import annotations

from dataclasses import replace

from bot.core.errors import Refused
from bot.room import Room
from handlers.guard import Ask, Reply, Route


async def end(room: Room, ask: Ask) -> Reply:
    """/end A7: what it would mean; /end alone: with whom."""
    if not ask.words.strip():
        return Reply(room.ending_views.choose(await room.endings.running(ask.me), ask.reader))
    found = await room.endings.find(ask.me, ask.words)
    return Reply(room.ending_views.preview(found, ask.reader))


async def preview(room: Room, ask: Ask) -> Reply:
    """Say what it would mean to end a pair."""
    found = await room.endings.preview(ask.me, ask.tap.subject)
    return Reply(room.ending_views.preview(found, ask.reader))


async def end_it(room: Room, ask: Ask) -> Reply:
    """End a pair, with a goodbye check-in or without."""
    if ask.tap.arg(0) not in ("ask", "not"):
        raise Refused("stale_button")
    done = await room.endings.end(ask.me, ask.tap.subject, goodbye=ask.tap.arg(0) == "ask")
    return Reply(room.ending_views.ended(done, ask.reader))


async def undo(room: Room, ask: Ask) -> Reply:
    """Let it go on; where it has ended meanwhile, say so."""
    try:
        done = await room.endings.undo(ask.me, ask.tap.subject)
    except Refused as refused:
        if refused.reason != "ended_before":
            raise
        return replace(await ended(room, ask), refused=refused)
    return Reply(room.ending_views.ended(done, ask.reader))


async def ended(room: Room, ask: Ask) -> Reply:
    """Show again how a pair has ended, or is to."""
    done = await room.endings.ended(ask.me, ask.tap.subject)
    return Reply(room.ending_views.ended(done, ask.reader))


COMMANDS = {"end": Route(end, "therapist")}
TAPS = {
    "endpair": Route(preview, "therapist"),
    "endyes": Route(end_it, "therapist", ended),
    "endundo": Route(undo, "therapist", ended),
}
