"""Therapists and admins: inviting, confirming who joined, and the list of clients."""

from __future__ import annotations

from dataclasses import replace

from bot.core.errors import Refused
from bot.room import Room
from bot.services.inviting import Account
from handlers.guard import Ask, Reply, Route, plain


async def invite(room: Room, ask: Ask) -> Reply:
    """/invite or /invite A7: a new pair with its link and QR picture."""
    made = await room.inviting.invite_client(ask.me, ask.words.strip() or None)
    return Reply(room.people_views.invitation(made, ask.reader))


async def invite_therapist(room: Room, ask: Ask) -> Reply:
    """/invite_therapist: an admin's link for a therapist."""
    made = await room.inviting.invite_therapist(Account(ask.who.telegram_id, ask.name, ask.hint))
    return Reply(room.people_views.invitation(made, ask.reader))


async def clients(room: Room, ask: Ask) -> Reply:
    """/clients: the therapist's pairs."""
    found, unreachable = await room.enrolment.clients_of(ask.me)
    return Reply(room.people_views.clients(found, unreachable, ask.reader))


async def pair(room: Room, ask: Ask) -> Reply:
    """Show one pair."""
    found, client = await room.enrolment.pair_of(ask.me, ask.tap.subject)
    earlier = await room.continuing.has_earlier(ask.me, found.id)
    return Reply(room.people_views.pair(found, client, ask.reader, has_earlier=earlier))


async def who_joined(room: Room, ask: Ask) -> Reply:
    """Say who joined, in a pop-up: the chat keeps no name beside a code."""
    found, client = await room.enrolment.pair_of(ask.me, ask.tap.subject)
    if client is None or found.confirmed_at is not None:
        raise Refused("joining_over", code=found.code)
    name = room.people_views.joined(found, client, ask.reader).text
    return Reply(toast=plain(name), alert=True)


async def confirm(room: Room, ask: Ask) -> Reply:
    """The person who joined is the right one."""
    at, client_id = ask.tap.subject, ask.tap.id_arg(0)
    try:
        word = await room.confirming.confirm(ask.me, at, client_id)
    except Refused as refused:
        return await _too_late(room, ask, refused)
    return Reply(room.people_views.settled(word, ask.reader), also=word.asked)


async def turn_away(room: Room, ask: Ask) -> Reply:
    """The person who joined is somebody else: a new link is made."""
    at, client_id = ask.tap.subject, ask.tap.id_arg(0)
    try:
        word = await room.confirming.turn_away(ask.me, at, client_id)
    except Refused as refused:
        return await _too_late(room, ask, refused)
    screen = room.people_views.settled(word, ask.reader)
    say = (room.people_views.invitation(word.invite, ask.reader),) if word.invite else ()
    return Reply(screen, also=word.asked, say=say)


async def _too_late(room: Room, ask: Ask, refused: Refused) -> Reply:
    """Say why a word changes nothing, and let what asked for it say how things stand."""
    if refused.reason not in ("joining_over", "confirmed_before"):
        raise refused
    return replace(await settled(room, ask), refused=refused)


async def settled(room: Room, ask: Ask) -> Reply:
    """Show how a joining stands, in every message that asked about it."""
    word = await room.confirming.word(ask.me, ask.tap.subject, ask.tap.id_arg(0))
    return Reply(room.people_views.settled(word, ask.reader), also=word.asked)


async def invite_again(room: Room, ask: Ask) -> Reply:
    """A new link for an invitation that was not used."""
    made = await room.inviting.invite_again(ask.me, ask.tap.subject)
    return Reply(say=(room.people_views.invitation(made, ask.reader),))


COMMANDS = {
    "invite": Route(invite, "therapist", clients),
    "clients": Route(clients, "therapist"),
    "invite_therapist": Route(invite_therapist, "admin"),
}
TAPS = {
    "pairinfo": Route(pair, "therapist"),
    "whois": Route(who_joined, "therapist"),
    "confirm": Route(confirm, "therapist", settled),
    "away": Route(turn_away, "therapist", settled),
    "reinvite": Route(invite_again, "therapist", pair),
}
