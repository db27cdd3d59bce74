"""The therapist's timetable: adding by buttons or one typed line, the list, changing, ending."""

from __future__ import annotations

from typing import Literal, cast, get_args

from bot.core.draft import Draft, unpack
from bot.core.errors import Refused
from bot.core.timetable import day_after, local_on
from bot.views.timetable import Part
from handlers.guard import Ask, Reply, Room, Route

_MODES = ("n", "m")


async def add(room: Room, ask: Ask) -> Reply:
    """/add: choose whose; /add A7 2026-12-01 15:00 50m weekly: straight to the preview."""
    if ask.words.strip():
        preview = await room.timetable.draft(ask.me, ask.words)
        return Reply(room.timetable_views.preview(preview, ask.reader))
    pairs = await room.enrolment.pairs_of(ask.me)
    fitting = [pair for pair in pairs if pair.state not in ("stopped", "ended")]
    return Reply(room.timetable_views.choose_pair(fitting, ask.reader))


def _today(room: Room, ask: Ask) -> str:
    return local_on(room.timetable.clock.now(), ask.reader.zone)


async def new(room: Room, ask: Ask) -> Reply:
    """Begin a draft for a pair."""
    draft = Draft(day_after(_today(room, ask)), "15:00", 50, "weekly")
    return Reply(room.timetable_views.form(ask.tap.subject, draft, ask.reader, moves=False))


def _mode(ask: Ask, place: int) -> Literal["n", "m"]:
    mode = ask.tap.arg(place)
    if mode not in _MODES:
        raise Refused("stale_button")
    return cast(Literal["n", "m"], mode)


async def form(room: Room, ask: Ask) -> Reply:
    """Show a draft."""
    draft, moves = unpack(ask.tap.arg(0)), _mode(ask, 1) == "m"
    return Reply(room.timetable_views.form(ask.tap.subject, draft, ask.reader, moves=moves))


async def pick(room: Room, ask: Ask) -> Reply:
    """Offer the values of one part."""
    part, draft, mode = ask.tap.arg(0), unpack(ask.tap.arg(1)), _mode(ask, 2)
    if part not in get_args(Part):
        raise Refused("stale_button")
    screen = room.timetable_views.pick(
        ask.tap.subject, cast(Part, part), draft, _today(room, ask), ask.reader, mode
    )
    return Reply(screen)


async def preview(room: Room, ask: Ask) -> Reply:
    """Show what a draft would mean."""
    found = await room.timetable.preview(ask.me, ask.tap.subject, unpack(ask.tap.arg(0)))
    return Reply(room.timetable_views.preview(found, ask.reader))


async def confirm(room: Room, ask: Ask) -> Reply:
    """Confirm a draft, perhaps in place of a rule."""
    draft = unpack(ask.tap.arg(0))
    replaces = ask.tap.id_arg(1) if len(ask.tap.args) > 1 else None
    done = await room.timetable.confirm(ask.me, ask.tap.subject, draft, replaces=replaces)
    return Reply(room.timetable_views.confirmed(done, ask.reader))


async def listed(room: Room, ask: Ask) -> Reply:
    """/appointments: today's and the coming appointments, and the rules."""
    today = await room.timetable.today(ask.me)
    coming = await room.timetable.upcoming(ask.me)
    kept = [
        rule
        for pair in await room.enrolment.pairs_of(ask.me)
        for rule in await room.timetable.open_rules(ask.me, pair.id)
    ]
    return Reply(room.timetable_views.listed(today.entries, coming, kept, ask.reader))


async def appointment(room: Room, ask: Ask) -> Reply:
    """Show one appointment."""
    entry = await room.timetable.appointment(ask.me, ask.tap.subject)
    is_over = entry.appointment.starts_at <= room.timetable.clock.now()
    return Reply(room.timetable_views.appointment(entry, ask.reader, is_over=is_over))


async def cancelling(room: Room, ask: Ask) -> Reply:
    """Ask once more before cancelling."""
    entry = await room.timetable.appointment(ask.me, ask.tap.subject)
    return Reply(room.timetable_views.cancelling(entry, ask.reader))


async def cancel(room: Room, ask: Ask) -> Reply:
    """Cancel an appointment."""
    change = await room.timetable.cancel(ask.me, ask.tap.subject)
    return Reply(room.timetable_views.changed(change, ask.reader))


async def did_not_meet(room: Room, ask: Ask) -> Reply:
    """The session did not take place."""
    change = await room.timetable.did_not_meet(ask.me, ask.tap.subject)
    return Reply(room.timetable_views.changed(change, ask.reader))


async def moving(room: Room, ask: Ask) -> Reply:
    """Begin to move an appointment."""
    old = (await room.timetable.appointment(ask.me, ask.tap.subject)).appointment
    draft = Draft(old.local_on, old.local_time, old.minutes, "once")
    return Reply(room.timetable_views.form(ask.tap.subject, draft, ask.reader, moves=True))


async def move(room: Room, ask: Ask) -> Reply:
    """Move an appointment."""
    draft = unpack(ask.tap.arg(0))
    change = await room.timetable.move(ask.me, ask.tap.subject, draft)
    return Reply(room.timetable_views.changed(change, ask.reader))


async def ending(room: Room, ask: Ask) -> Reply:
    """Ask once more before a rule ends."""
    for pair in await room.enrolment.pairs_of(ask.me):
        for rule in await room.timetable.open_rules(ask.me, pair.id):
            if rule.id == ask.tap.subject:
                return Reply(room.timetable_views.ending(rule, ask.reader))
    raise Refused("rule_unknown")


async def end(room: Room, ask: Ask) -> Reply:
    """End a rule."""
    closed = await room.timetable.close_rule(ask.me, ask.tap.subject)
    return Reply(room.timetable_views.closed(closed, ask.reader))


COMMANDS = {
    "add": Route(add, "therapist"),
    "appointments": Route(listed, "therapist"),
}
TAPS = {
    "tnew": Route(new, "therapist"),
    "tform": Route(form, "therapist"),
    "tpick": Route(pick, "therapist"),
    "tprev": Route(preview, "therapist"),
    "tconf": Route(confirm, "therapist", listed),
    "tlist": Route(listed, "therapist"),
    "tappt": Route(appointment, "therapist"),
    "tcanc": Route(cancelling, "therapist"),
    "tcancok": Route(cancel, "therapist", appointment),
    "tunmet": Route(did_not_meet, "therapist", appointment),
    "tmove": Route(moving, "therapist"),
    "tmoved": Route(move, "therapist", listed),
    "trule": Route(ending, "therapist"),
    "trulok": Route(end, "therapist", listed),
}
