"""The therapist's calendars: adding one by its address, its preview, questions, removing."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.core.feeds import NAME_LENGTH, Source
from bot.core.shown import on_one_line
from bot.feeds.addresses import NotFetched, read_address
from bot.room import Room
from handlers.guard import Ask, Reply, Route


async def calendar(room: Room, ask: Ask) -> Reply:
    """/calendar: the therapist's calendars; /calendar https://…: one more."""
    if not ask.words.strip():
        return await listed(room, ask)
    url, _, name = ask.words.strip().partition(" ")
    try:
        found = read_address(url)
    except NotFetched:
        raise Refused("feed_address") from None
    name = on_one_line(name, NAME_LENGTH) or on_one_line(found.host, NAME_LENGTH)
    source = Source(name, found.url, found.user, found.password)
    feed_id = await room.feeds.add(ask.me, source)
    return Reply(room.feed_views.one(await room.feeds.show(feed_id, ask.me), ask.reader))


async def listed(room: Room, ask: Ask) -> Reply:
    """List the therapist's calendars."""
    question = await room.feeds.question(ask.me)
    return Reply(room.feed_views.all(await room.feeds.own(ask.me), question, ask.reader))


async def one(room: Room, ask: Ask) -> Reply:
    """Show one calendar."""
    return Reply(room.feed_views.one(await room.feeds.show(ask.tap.subject, ask.me), ask.reader))


async def accept(room: Room, ask: Ask) -> Reply:
    """Follow a calendar."""
    accepted = await room.feeds.accept(ask.tap.subject, ask.me)
    return Reply(room.feed_views.one(accepted, ask.reader))


async def read_now(room: Room, ask: Ask) -> Reply:
    """Let a calendar be read at once."""
    return Reply(
        room.feed_views.one(await room.feeds.read_now(ask.me, ask.tap.subject), ask.reader)
    )


async def removing(room: Room, ask: Ask) -> Reply:
    """Ask once more before a calendar is removed."""
    overview = await room.feeds.show(ask.tap.subject, ask.me)
    return Reply(room.feed_views.removing(overview, ask.reader))


async def remove(room: Room, ask: Ask) -> Reply:
    """Remove a calendar."""
    feed = await room.feeds.remove(ask.tap.subject, ask.me)
    return Reply(room.feed_views.removed(feed, ask.reader))


async def allow(room: Room, ask: Ask) -> Reply:
    """Most of a calendar's appointments are cancelled indeed."""
    await room.feeds.allow(ask.tap.subject, ask.me)
    return await one(room, ask)


async def question(room: Room, ask: Ask) -> Reply:
    """Ask whose the first unknown event is."""
    return Reply(room.feed_views.question(await room.feeds.question(ask.me), ask.reader))


async def whose(room: Room, ask: Ask) -> Reply:
    """An event is a client's."""
    asked = await room.feeds.answer(ask.me, ask.tap.subject, ask.tap.id_arg(0))
    return Reply(room.feed_views.question(asked, ask.reader))


async def nobodys(room: Room, ask: Ask) -> Reply:
    """An event is no client's."""
    asked = await room.feeds.answer(ask.me, ask.tap.subject, None)
    return Reply(room.feed_views.question(asked, ask.reader))


async def later(room: Room, ask: Ask) -> Reply:
    """Ask about an event another time."""
    asked = await room.feeds.ask_later(ask.me, ask.tap.subject)
    return Reply(room.feed_views.question(asked, ask.reader))


COMMANDS = {"calendar": Route(calendar, "therapist", listed, secret=True)}
TAPS = {
    "calall": Route(listed, "therapist"),
    "calone": Route(one, "therapist"),
    "calok": Route(accept, "therapist", one),
    "calnow": Route(read_now, "therapist", one),
    "caldel": Route(removing, "therapist"),
    "caldelok": Route(remove, "therapist", listed),
    "calallow": Route(allow, "therapist", one),
    "calask": Route(question, "therapist"),
    "calwho": Route(whose, "therapist", question),
    "calnot": Route(nobodys, "therapist", question),
    "callater": Route(later, "therapist", question),
}
