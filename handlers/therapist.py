"""Therapists and admins: inviting, confirming who joined, and the list of clients."""

from __future__ import annotations

from handlers.guard import Ask, Reply, Room, Route


async def invite(room: Room, ask: Ask) -> Reply:
    """/invite or /invite A7: a new pair with its link and QR picture."""
    made = await room.inviting.invite_client(ask.me, ask.words.strip() or None)
    return Reply(room.people_views.invitation(made, ask.reader))


async def invite_therapist(room: Room, ask: Ask) -> Reply:
    """/invite_therapist: an admin's link for a therapist."""
    person = ask.who.person
    made = await room.inviting.invite_therapist(person.id if person else None)
    return Reply(room.people_views.invitation(made, ask.reader))


async def clients(room: Room, ask: Ask) -> Reply:
    """/clients: the therapist's pairs."""
    found = await room.enrolment.pairs_of(ask.me)
    return Reply(room.people_views.clients(found, ask.reader))


async def pair(room: Room, ask: Ask) -> Reply:
    """Show one pair."""
    found, client = await room.enrolment.pair_of(ask.me, ask.tap.subject)
    return Reply(room.people_views.pair(found, client, ask.reader))


async def confirm(room: Room, ask: Ask) -> Reply:
    """The person who joined is the right one."""
    await room.enrolment.confirm(ask.me, ask.tap.subject)
    return await pair(room, ask)


async def turn_away(room: Room, ask: Ask) -> Reply:
    """The person who joined is somebody else: a new link is made."""
    made = await room.inviting.turn_away(ask.me, ask.tap.subject)
    return Reply(say=(room.people_views.invitation(made, ask.reader),))


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
    "confirm": Route(confirm, "therapist", pair),
    "away": Route(turn_away, "therapist", pair),
    "reinvite": Route(invite_again, "therapist", pair),
}
