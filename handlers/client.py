"""What is a client's own to decide and to see: pause, stop, erase, history; and plain help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.core.errors import Refused
from bot.core.pausing import read_button, read_until
from bot.core.people import Pair, may_hear
from bot.core.timetable import day_after, local_on
from bot.room import Room
from bot.services.exporting import Export
from bot.services.ports import Screen
from handlers.guard import Ask, Reply, Route


async def help(room: Room, ask: Ask) -> Reply:
    """/help, and the button Help now: works for anyone, always as a message of its own."""
    return Reply(say=(room.people_views.help(ask.who, ask.reader),))


async def privacy(room: Room, ask: Ask) -> Reply:
    """/privacy: the privacy text."""
    return Reply(room.people_views.privacy(ask.reader))


async def not_kept(room: Room, ask: Ask) -> Reply:
    """Voice, pictures, stickers: nothing of it is kept."""
    raise Refused("not_kept")


async def edited(room: Room, ask: Ask) -> Reply:
    """A message was edited after it was sent."""
    raise Refused("edited")


async def forwarded(room: Room, ask: Ask) -> Reply:
    """A message was forwarded: whose words it holds, nobody knows."""
    raise Refused("forwarded")


async def unknown_command(room: Room, ask: Ask) -> Reply:
    """A command that does not exist."""
    raise Refused("unknown_command")


async def _of(ask: Ask) -> Pair:
    for pair in ask.who.pairs:
        if pair.id == ask.tap.subject:
            return pair
    raise Refused("not_yours")


def about_one(
    act: str,
    states: tuple[str, ...],
    screen: Callable[[Room, Ask, Pair], Awaitable[Screen]],
    *,
    or_ended: bool = False,
) -> Callable[[Room, Ask], Awaitable[Reply]]:
    """Make a command that is about one pair: the only one, or the one that is chosen.

    or_ended: where there is none, it is about one that has ended and may still be written to.
    """

    async def command(room: Room, ask: Ask) -> Reply:
        fitting = [pair for pair in ask.who.pairs if pair.state in states]
        if not fitting and or_ended:
            fitting = [p for p in ask.who.pairs if p.is_over and may_hear(p.state, p.stopped_at)]
        if not fitting:
            raise Refused("nothing_here")
        if len(fitting) == 1:
            return Reply(await screen(room, ask, fitting[0]))
        return await _which(room, ask, act, fitting)

    return command


async def _which(room: Room, ask: Ask, act: str, fitting: list[Pair], *args: str) -> Reply:
    named = [
        (pair, (await room.enrolment.joining(ask.me, pair.id)).therapist_name) for pair in fitting
    ]
    return Reply(room.people_views.choose_pair(act, named, ask.reader, *args))


async def _pausing(room: Room, ask: Ask, pair: Pair) -> Screen:
    if pair.state == "paused":
        return room.people_views.paused(pair, ask.reader)
    example_on = day_after(_today(room, ask), 21)
    return room.people_views.pausing(pair, example_on, ask.reader)


async def _stopping(room: Room, ask: Ask, pair: Pair) -> Screen:
    return room.people_views.stopping(pair, ask.reader)


async def _erasing(room: Room, ask: Ask, pair: Pair) -> Screen:
    return room.people_views.erasing(pair, ask.reader)


async def _history(room: Room, ask: Ask, pair: Pair) -> Screen:
    return room.own_answer_views.history(await room.privacy.history(ask.me, pair.id), ask.reader)


async def pausing(room: Room, ask: Ask) -> Reply:
    """Offer how long to pause."""
    pair = await _of(ask)
    if not pair.may_pause:
        raise Refused("not_active")
    return Reply(await _pausing(room, ask, pair))


async def stopping(room: Room, ask: Ask) -> Reply:
    """Offer the three ways to stop."""
    return Reply(await _stopping(room, ask, await _of(ask)))


async def erasing(room: Room, ask: Ask) -> Reply:
    """Explain what erasing means and ask once more."""
    return Reply(await _erasing(room, ask, await _of(ask)))


async def history(room: Room, ask: Ask) -> Reply:
    """Show a page of the own history."""
    page = ask.tap.args[0] if ask.tap.args else "0"
    if not page.isascii() or not page.isdigit() or len(page) > 4:
        raise Refused("stale_button")
    found = await room.privacy.history(ask.me, ask.tap.subject, int(page))
    return Reply(room.own_answer_views.history(found, ask.reader))


async def chart(room: Room, ask: Ask) -> Reply:
    """Draw the own scores as a new message, which can be closed again."""
    panel = await room.privacy.chart(ask.me, ask.tap.subject)
    return Reply(say=(room.own_answer_views.chart(panel, ask.reader),))


async def close(room: Room, ask: Ask) -> Reply:
    """Take a message away that somebody has looked at."""
    return Reply(closes=True)


async def own_words(room: Room, ask: Ask) -> Reply:
    """Show one of the own texts whole."""
    found = await room.privacy.words(ask.me, ask.tap.subject)
    return Reply(room.own_answer_views.own_words(found, ask.reader))


def _exporting(
    give: Callable[[Room, int, int], Awaitable[Export]],
) -> Callable[[Room, Ask], Awaitable[Reply]]:
    """Make what answers /export and its choice of a therapist with two files."""

    async def export(room: Room, ask: Ask) -> Reply:
        pair_id = ask.tap.subject
        if not ask.tap.act:
            fitting = [pair for pair in ask.who.pairs if pair.state in _HERE]
            if not fitting:
                raise Refused("nothing_here")
            if len(fitting) > 1:
                return await _which(room, ask, "export", fitting)
            pair_id = fitting[0].id
        found = await give(room, ask.me, pair_id)
        return Reply(say=room.export_views.files(found, ask.reader))

    return export


export = _exporting(lambda room, me, pair_id: room.exporting.export(me, pair_id))
export_again = _exporting(lambda room, me, pair_id: room.exporting.export_again(me, pair_id))


async def pause(room: Room, ask: Ask) -> Reply:
    """Pause the questions."""
    until_on = read_button(ask.tap.arg(0), _today(room, ask))
    pair = await room.privacy.pause(ask.me, ask.tap.subject, until_on)
    return Reply(room.people_views.paused(pair, ask.reader))


async def pause_until(room: Room, ask: Ask) -> Reply:
    """/pause: for how long; /pause 24.12.: until that day."""
    if not ask.words.strip():
        return await _offer_pause(room, ask)
    until_on = read_until(ask.words, _today(room, ask))
    fitting = [pair for pair in ask.who.pairs if pair.may_pause]
    if not fitting:
        raise Refused("nothing_here")
    if len(fitting) > 1:
        return await _which(room, ask, "pause", fitting, until_on)
    pair = await room.privacy.pause(ask.me, fitting[0].id, until_on)
    return Reply(room.people_views.paused(pair, ask.reader))


def _today(room: Room, ask: Ask) -> str:
    return local_on(room.privacy.clock.now(), ask.reader.zone)


async def resume(room: Room, ask: Ask) -> Reply:
    """Let the questions go on."""
    await room.privacy.resume(ask.me, ask.tap.subject)
    return await resumed(room, ask)


async def resumed(room: Room, ask: Ask) -> Reply:
    """Show that the questions go on."""
    return Reply(room.people_views.words("client/resumed", ask.reader))


async def keep_on(room: Room, ask: Ask) -> Reply:
    """Ask after every session."""
    pair = await room.privacy.ask_less_often(ask.me, ask.tap.subject, less=False)
    return Reply(room.people_views.how_often(pair, ask.reader))


async def less_often(room: Room, ask: Ask) -> Reply:
    """Ask after every second session."""
    pair = await room.privacy.ask_less_often(ask.me, ask.tap.subject, less=True)
    return Reply(room.people_views.how_often(pair, ask.reader))


async def how_often(room: Room, ask: Ask) -> Reply:
    """Show after which sessions questions come."""
    return Reply(room.people_views.how_often(await _of(ask), ask.reader))


async def stop(room: Room, ask: Ask) -> Reply:
    """Stop the questions."""
    pair = await room.privacy.stop(ask.me, ask.tap.subject)
    return Reply(room.ending_views.stopped(pair, ask.reader))


async def stopped(room: Room, ask: Ask) -> Reply:
    """Show that the questions have stopped."""
    return Reply(room.ending_views.stopped(await _of(ask), ask.reader))


async def ending(room: Room, ask: Ask) -> Reply:
    """Thinking of ending or changing: shall the therapist be told?"""
    pair = await _of(ask)
    if pair.confirmed_at is None:
        raise Refused("not_confirmed")
    return Reply(room.people_views.ending(pair, ask.reader))


async def tell_ending(room: Room, ask: Ask) -> Reply:
    """Tell the therapist."""
    await room.privacy.tell_ending(ask.me, ask.tap.subject)
    return await told_ending(room, ask)


async def told_ending(room: Room, ask: Ask) -> Reply:
    """Show that the therapist is told."""
    return Reply(room.people_views.words("client/ending_told", ask.reader))


async def keep_ending(room: Room, ask: Ask) -> Reply:
    """Keep it to oneself."""
    await _of(ask)  # refuses a foreign pair
    return Reply(room.people_views.words("client/ending_kept", ask.reader))


async def erase(room: Room, ask: Ask) -> Reply:
    """Erase, or ask for it where the record must be kept."""
    for message in await room.privacy.erase(ask.me, ask.tap.subject):
        room.lanes.edit(ask.chat_id, message, room.checkin_views.gone(ask.reader))
    return await erased(room, ask)


async def erased(room: Room, ask: Ask) -> Reply:
    """Show what became of the wish to be erased."""
    by_request = room.desk.settings.privacy.feedback_in_clinical_record
    screen = room.people_views.words("client/erased", ask.reader, by_request=by_request)
    return Reply(screen)


_offer_pause = about_one("pausing", ("active", "paused"), _pausing)
_HERE = ("joined", "active", "paused", "stopped", "ended")
COMMANDS = {
    "help": Route(help, "anyone", on_hold=True),
    "privacy": Route(privacy, "anyone", on_hold=True),
    "pause": Route(pause_until, "client", _offer_pause, on_hold=True),
    "stop": Route(
        about_one("stopping", ("joined", "active", "paused"), _stopping, or_ended=True),
        "client",
        on_hold=True,
    ),
    "history": Route(about_one("history", _HERE, _history), "client"),
    "export": Route(export, "client", export_again),
    "erase": Route(about_one("erasing", _HERE, _erasing), "client", on_hold=True),
}
TAPS = {
    "help": Route(help, "anyone", on_hold=True),
    "pausing": Route(pausing, "client", on_hold=True),
    "pause": Route(pause, "client", pausing, on_hold=True),
    "resume": Route(resume, "client", resumed),
    "stopping": Route(stopping, "client", on_hold=True),
    "stop": Route(stop, "client", stopped, on_hold=True),
    "keepon": Route(keep_on, "client", how_often),
    "seldom": Route(less_often, "client", how_often),
    "ending": Route(ending, "client", on_hold=True),
    "tellend": Route(tell_ending, "client", told_ending, on_hold=True),
    "keepend": Route(keep_ending, "client", on_hold=True),
    "erasing": Route(erasing, "client", on_hold=True),
    "erase": Route(erase, "client", erased, on_hold=True),
    "history": Route(history, "client"),
    "export": Route(export, "client", export_again),
    "mywords": Route(own_words, "client"),
    "mychart": Route(chart, "client"),
    "close": Route(close, "anyone", close, on_hold=True),
}
