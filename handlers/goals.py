"""A client's own goals: seeing them, noting one, wording it anew, closing it."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.core.people import Pair
from bot.room import Room
from bot.services.ports import Screen
from handlers.client import about_one
from handlers.guard import Ask, Reply, Route


async def _all(room: Room, ask: Ask, pair: Pair) -> Screen:
    return room.goal_views.all(await room.goals.show(ask.me, pair.id), ask.reader)


async def goals(room: Room, ask: Ask) -> Reply:
    """Show all goals with one therapist."""
    return Reply(room.goal_views.all(await room.goals.show(ask.me, ask.tap.subject), ask.reader))


async def goal(room: Room, ask: Ask) -> Reply:
    """Show one goal and what can become of it."""
    own, found = await room.goals.show_one(ask.me, ask.tap.subject)
    return Reply(room.goal_views.one(own, found, ask.reader))


async def add(room: Room, ask: Ask) -> Reply:
    """Ask for the words of a new goal."""
    own = await room.goals.ask_words(ask.me, ask.tap.subject, None, ask.message_id)
    return Reply(room.goal_views.prompt(own, None, ask.reader))


async def add_again(room: Room, ask: Ask) -> Reply:
    """Show the prompt of a repeated tap, or the goals where the words have come."""
    own = await room.goals.show(ask.me, ask.tap.subject)
    wanted = await room.goals.find_wanted(ask.me)
    if wanted is None or wanted.noted_at is not None:
        return Reply(room.goal_views.all(own, ask.reader))
    return Reply(room.goal_views.prompt(own, None, ask.reader))


async def word_anew(room: Room, ask: Ask) -> Reply:
    """Ask for other words for a goal."""
    own, found = await room.goals.show_one(ask.me, ask.tap.subject)
    await room.goals.ask_words(ask.me, own.pair.id, found.id, ask.message_id)
    return Reply(room.goal_views.prompt(own, found, ask.reader))


async def word_anew_again(room: Room, ask: Ask) -> Reply:
    """Show the prompt of a repeated tap."""
    own, found = await room.goals.show_one(ask.me, ask.tap.subject)
    return Reply(room.goal_views.prompt(own, found, ask.reader))


async def stop_asking(room: Room, ask: Ask) -> Reply:
    """Back from the prompt: no words are waited for any more."""
    own = await room.goals.forget_wanted(ask.me, ask.tap.subject)
    return Reply(room.goal_views.all(own, ask.reader))


async def close(room: Room, ask: Ask) -> Reply:
    """A goal is reached, or set aside."""
    match ask.tap.arg(0):
        case "reached" | "set_aside" as how:
            own = await room.goals.close(ask.me, ask.tap.subject, how)
            return Reply(room.goal_views.all(own, ask.reader))
        case _:
            raise Refused("stale_button")


async def close_again(room: Room, ask: Ask) -> Reply:
    """Show the goals after a repeated tap."""
    own = await room.goals.show_of(ask.me, ask.tap.subject)
    return Reply(room.goal_views.all(own, ask.reader))


_HERE = ("active", "paused", "stopped", "ended")
COMMANDS = {"goals": Route(about_one("goals", _HERE, _all), "client")}
TAPS = {
    "goals": Route(goals, "client"),
    "goal": Route(goal, "client"),
    "goaladd": Route(add, "client", add_again),
    "goalword": Route(word_anew, "client", word_anew_again),
    "goalstop": Route(stop_asking, "client", goals),
    "goalend": Route(close, "client", close_again),
}
