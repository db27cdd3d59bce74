"""The check-in's buttons, and what is typed while it waits for an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from bot.core.conversation import Chip, Choose, Disclose, Event, Pass, Rate, Remove, Reopen
from bot.core.errors import Refused
from bot.room import Room
from bot.services.ports import Screen
from bot.services.talks import Talk
from handlers.guard import Ask, Handler, Reply, Route, refusal


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise Refused("stale_button")
    return int(text)


async def _take(room: Room, ask: Ask, event: Event) -> Reply:
    talk = await room.checkins.answer(ask.me, ask.tap.subject, event, ask.message_id)
    before = talk.checkin.telegram_message
    if before is not None and before < ask.message_id:
        # Nobody knew that this one had arrived; from now on it is the one that carries it.
        room.lanes.edit(ask.chat_id, before, room.checkin_views.moved(talk.person))
    return _in_newest(room, ask, talk, room.checkin_views.now(talk))


def _in_newest(room: Room, ask: Ask, talk: Talk, screen: Screen) -> Reply:
    """Show a check-in where it goes on, which is not where an old message was tapped."""
    carrier, then = talk.checkin.telegram_message, _carrying(room, ask, talk)
    if carrier is None or carrier <= ask.message_id:
        return Reply(screen, then=then)
    if not talk.is_open:
        return Reply(screen, place=carrier, also=(ask.message_id,), then=then)
    room.lanes.edit(ask.chat_id, ask.message_id, room.checkin_views.moved(talk.person))
    return Reply(screen, place=carrier, then=then)


async def show(room: Room, ask: Ask) -> Reply:
    """Show a check-in as it stands, still with what its message told of lost hours."""
    talk, loss = await room.checkins.show_again(ask.me, ask.tap.subject, ask.message_id)
    if loss is not None and talk.is_open:
        return _in_newest(room, ask, talk, room.checkin_views.after_loss(talk, loss))
    return _in_newest(room, ask, talk, room.checkin_views.now(talk))


async def rate(room: Room, ask: Ask) -> Reply:
    """A rating was tapped."""
    return await _take(room, ask, Rate(ask.tap.arg(0), _number(ask.tap.arg(1))))


async def skip(room: Room, ask: Ask) -> Reply:
    """Skip, Keep it or Done."""
    return await _take(room, ask, Pass(ask.tap.arg(0)))


async def _option(room: Room, ask: Ask) -> str:
    """Find the option a button means by its place in the check-in's own version."""
    talk = await room.checkins.show(ask.me, ask.tap.subject)
    item = talk.instrument.find_item(ask.tap.arg(0))
    place = _number(ask.tap.arg(1))
    if item is None or place >= len(item.options):
        raise Refused("stale_button")
    return item.options[place]


async def chip(room: Room, ask: Ask) -> Reply:
    """A chip is to be chosen, or not to be."""
    option = await _option(room, ask)
    return await _take(room, ask, Chip(ask.tap.arg(0), option, ask.tap.arg(2) == "1"))


async def choose(room: Room, ask: Ask) -> Reply:
    """One of several was chosen."""
    return await _take(room, ask, Choose(ask.tap.arg(0), await _option(room, ask)))


async def disclose(room: Room, ask: Ask) -> Reply:
    """What is to become of the text."""
    match ask.tap.arg(1):
        case "keep" | "show" | "raise" as wanted:
            return await _take(room, ask, Disclose(ask.tap.arg(0), wanted))
        case _:
            raise Refused("stale_button")


async def remove(room: Room, ask: Ask) -> Reply:
    """The text is taken back."""
    return await _take(room, ask, Remove(ask.tap.arg(0)))


async def reopen(room: Room, ask: Ask) -> Reply:
    """Change an answer, or add something."""
    return await _take(room, ask, Reopen(ask.tap.arg(0)))


async def back(room: Room, ask: Ask) -> Reply:
    """One question back."""
    talk = await room.checkins.back(ask.me, ask.tap.subject)
    return _in_newest(room, ask, talk, room.checkin_views.now(talk))


async def _ask_first(room: Room, ask: Ask, name: str) -> Reply:
    talk = await room.checkins.show(ask.me, ask.tap.subject)
    if not talk.is_open or not (talk.may_ask or name == "withhold"):
        return _in_newest(room, ask, talk, room.checkin_views.now(talk))
    if name == "snooze" and not talk.snoozes:
        reply = _in_newest(room, ask, talk, room.checkin_views.now(talk))
        return replace(reply, refused=None if talk.answers else Refused("reminded_before"))
    screens = {
        "snooze": room.checkin_views.later,
        "change": room.checkin_views.change,
        "withhold": room.checkin_views.withhold,
    }
    return _in_newest(room, ask, talk, screens[name](talk))


snooze = partial(_ask_first, name="snooze")
change = partial(_ask_first, name="change")
withhold = partial(_ask_first, name="withhold")


async def later(room: Room, ask: Ask) -> Reply:
    """Ask again later."""
    match ask.tap.arg(0):
        case "hour" | "evening" | "tomorrow" as when:
            talk = await room.checkins.later(ask.me, ask.tap.subject, when)
            return _in_newest(room, ask, talk, room.checkin_views.snoozed(talk))
        case _:
            raise Refused("stale_button")


async def did_not_meet(room: Room, ask: Ask) -> Reply:
    """There was no session."""
    talk = await room.checkins.did_not_meet(ask.me, ask.tap.subject)
    return _in_newest(room, ask, talk, room.checkin_views.ended(talk))


async def no_thanks(room: Room, ask: Ask) -> Reply:
    """A goodbye is let be."""
    talk = await room.checkins.decline(ask.me, ask.tap.subject)
    return _in_newest(room, ask, talk, room.checkin_views.now(talk))


async def withheld(room: Room, ask: Ask) -> Reply:
    """The answers are not to be sent."""
    talk = await room.checkins.withhold(ask.me, ask.tap.subject)
    return _in_newest(room, ask, talk, room.checkin_views.ended(talk))


async def typed(room: Room, ask: Ask) -> Reply:
    """Take a typed message as an answer where one is waited for; else it is not kept."""
    if not ask.who.is_client:
        raise Refused("not_kept")
    wanted = await room.goals.find_wanted(ask.me)
    if wanted is not None and wanted.noted_at is None:
        own = await room.goals.note(ask.me, ask.words)
        return Reply(room.goal_views.all(own, ask.reader), place=wanted.telegram_message)
    try:
        return _in_place(room, ask, await room.checkins.type(ask.me, ask.words))
    except Refused as refused:
        behind = refused.facts.get("checkin")
        if not isinstance(behind, int):
            raise
        talk = await room.checkins.show(ask.me, behind)
        said = room.people_views.refused(ask.reader, refusal(room, ask.reader, refused))
        return replace(_in_place(room, ask, talk), say=(said,))


async def typed_again(room: Room, ask: Ask) -> Reply:
    """Show the check-in, or the goals, that a repeated message belonged to."""
    wanted = await room.goals.find_wanted(ask.me)
    if wanted is not None and wanted.noted_at is not None:
        own = await room.goals.show(ask.me, wanted.pair_id)
        return Reply(room.goal_views.all(own, ask.reader), place=wanted.telegram_message)
    talk = await room.checkins.waiting(ask.me)
    return _in_place(room, ask, talk) if talk else Reply()


def _in_place(room: Room, ask: Ask, talk: Talk) -> Reply:
    carry, place = _carrying(room, ask, talk), talk.checkin.telegram_message
    return Reply(room.checkin_views.now(talk), place=place, then=carry)


def _carrying(room: Room, ask: Ask, talk: Talk) -> Callable[[int], Awaitable[None]]:
    """Give what notes which message carries a check-in, where it had to be sent anew."""

    async def carry(message: int) -> None:
        if not await room.checkins.carry(ask.me, talk.checkin.id, message):
            # Erased, or gone to another account, while this was under way: nothing of it stays.
            room.lanes.edit(ask.chat_id, message, room.checkin_views.gone(ask.reader))

    return carry


def _while_open(act: Handler) -> Route:
    """Let a tap on a check-in that has closed meanwhile fold its message up."""

    async def handler(room: Room, ask: Ask) -> Reply:
        try:
            return await act(room, ask)
        except Refused as refused:
            if refused.reason != "closed":
                raise
            talk = await room.checkins.show(ask.me, ask.tap.subject)
            reply = _in_newest(room, ask, talk, room.checkin_views.now(talk))
            return replace(reply, refused=refused)

    return Route(handler, "client", show, on_hold=True, folds=True)


TAPS = {
    "show": Route(show, "client", on_hold=True, folds=True),
    "snooze": Route(snooze, "client", folds=True),
    "change": Route(change, "client", on_hold=True, folds=True),
    "withhold": Route(withhold, "client", on_hold=True, folds=True),
    "rate": _while_open(rate),
    "pass": _while_open(skip),
    "chip": _while_open(chip),
    "choose": _while_open(choose),
    "disclose": _while_open(disclose),
    "remove": _while_open(remove),
    "reopen": _while_open(reopen),
    "back": _while_open(back),
    "later": _while_open(later),
    "unmet": _while_open(did_not_meet),
    "nothanks": _while_open(no_thanks),
    "withheld": _while_open(withheld),
}
