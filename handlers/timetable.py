"""The therapist's timetable: adding by buttons or one typed line, the list, changing, ending."""

from __future__ import annotations

from typing import Final, cast, get_args

from bot.core.draft import Draft, unpack
from bot.core.errors import Refused
from bot.core.timetable import KeptRule, local_on
from bot.room import Room
from bot.views.timetable import Drafting, Mode, Part
from handlers.guard import Ask, Reply, Route

#: Where a new draft begins; each part is asked for before anything is shown as planned.
_TIME: Final = "15:00"
_MINUTES: Final = 50
#: More than anybody has in two weeks; without it the service gives the first thirty.
_LISTED: Final = 500


async def add(room: Room, ask: Ask) -> Reply:
    """/add: choose whose; /add A7 2026-12-01 15:00 50m weekly: straight to the preview."""
    if ask.words.strip():
        preview = await room.timetable.draft(ask.me, ask.words)
        return Reply(room.timetable_views.preview(preview, ask.reader))
    return await choose(room, ask)


async def choose(room: Room, ask: Ask) -> Reply:
    """Ask whose appointment it is: those that may be planned for."""
    pairs = await room.enrolment.pairs_of(ask.me)
    fitting = [pair for pair in pairs if pair.state not in ("stopped", "ended")]
    screen = room.timetable_views.choose_pair(
        fitting, page_of(ask, 0), ask.reader, has_clients=bool(pairs)
    )
    return Reply(screen)


def page_of(ask: Ask, place: int) -> int:
    """Give the page that a button names; the first one for a command and a button without."""
    text = ask.tap.args[place] if place < len(ask.tap.args) else "0"
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise Refused("stale_button")
    return int(text)


def _today(room: Room, ask: Ask) -> str:
    return local_on(room.timetable.clock.now(), ask.reader.zone)


async def new(room: Room, ask: Ask) -> Reply:
    """Begin a draft for a pair: the day first."""
    pair, _client = await room.enrolment.pair_of(ask.me, ask.tap.subject)
    today = _today(room, ask)
    drafting = Drafting(pair.id, pair.code, Draft(today, _TIME, _MINUTES, "weekly"), "w")
    return Reply(room.timetable_views.pick(drafting, "day", today, ask.reader))


async def _drafting(room: Room, ask: Ask, packed: str, mode: str) -> Drafting:
    """Read what is drafted, and for whom. Errors: `Refused`, also for another's pair."""
    draft, at = unpack(packed), ask.tap.subject
    if mode not in get_args(Mode):
        raise Refused("stale_button")
    if mode in ("v", "m"):
        code = (await room.timetable.appointment(ask.me, at)).code
    else:
        code = (await room.enrolment.pair_of(ask.me, at))[0].code
    return Drafting(at, code, draft, cast(Mode, mode))


async def form(room: Room, ask: Ask) -> Reply:
    """Show a draft with a button for each part."""
    drafting = await _drafting(room, ask, ask.tap.arg(0), ask.tap.arg(1))
    return Reply(room.timetable_views.form(drafting, ask.reader))


async def pick(room: Room, ask: Ask) -> Reply:
    """Offer the values of one part."""
    drafting = await _drafting(room, ask, ask.tap.arg(1), ask.tap.arg(2))
    part = cast(Part, ask.tap.arg(0))
    if part not in drafting.parts:
        raise Refused("stale_button")
    return Reply(room.timetable_views.pick(drafting, part, _today(room, ask), ask.reader))


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


def _page_or_none(ask: Ask) -> int | None:
    return page_of(ask, 0) if ask.tap.args else None


async def listed(room: Room, ask: Ask) -> Reply:
    """/appointments: today's and the coming appointments, and what was lately."""
    return await _listed(room, ask, _page_or_none(ask))


async def first_page(room: Room, ask: Ask) -> Reply:
    """Show the list from today on, whatever the repeated button carried."""
    return await _listed(room, ask, None)


async def _listed(room: Room, ask: Ask, page: int | None) -> Reply:
    past = await room.timetable.recent(ask.me)
    today = await room.timetable.today(ask.me)
    coming = await room.timetable.upcoming(ask.me, limit=_LISTED)
    lately = {entry.appointment.id for entry in past}
    entries = {entry.appointment.id: entry for entry in (*today.entries, *coming)}
    in_order = sorted(
        (entry for at, entry in entries.items() if at not in lately),
        key=lambda entry: entry.appointment.starts_at,
    )
    return Reply(room.timetable_views.listed(past, in_order, page, ask.reader))


async def _open_rules(room: Room, ask: Ask) -> list[KeptRule]:
    return [
        rule
        for pair in await room.enrolment.pairs_of(ask.me)
        if pair.state != "ended"
        for rule in await room.timetable.open_rules(ask.me, pair.id)
    ]


async def rules(room: Room, ask: Ask) -> Reply:
    """List the patterns that appointments come from."""
    kept = await _open_rules(room, ask)
    return Reply(room.timetable_views.rules(kept, page_of(ask, 0), ask.reader))


async def appointment(room: Room, ask: Ask) -> Reply:
    """Show one appointment."""
    return await _appointment(room, ask, _page_or_none(ask))


async def appointment_again(room: Room, ask: Ask) -> Reply:
    """Show the appointment that a repeated button changed."""
    return await _appointment(room, ask, None)


async def _appointment(room: Room, ask: Ask, page: int | None) -> Reply:
    entry = await room.timetable.appointment(ask.me, ask.tap.subject)
    has_begun = entry.appointment.starts_at <= room.timetable.clock.now()
    screen = room.timetable_views.appointment(entry, page, ask.reader, has_begun=has_begun)
    return Reply(screen)


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
    """Begin to move an appointment: the day first."""
    entry = await room.timetable.appointment(ask.me, ask.tap.subject)
    old = entry.appointment
    draft = Draft(old.local_on, old.local_time, old.minutes, "once")
    drafting = Drafting(old.id, entry.code, draft, "v")
    return Reply(room.timetable_views.pick(drafting, "day", _today(room, ask), ask.reader))


async def move_preview(room: Room, ask: Ask) -> Reply:
    """Show what a move would mean."""
    draft = unpack(ask.tap.arg(0))
    line = f"{draft.local_on} {draft.local_time} {draft.minutes}m"
    found = await room.timetable.draft_move(ask.me, ask.tap.subject, line)
    return Reply(room.timetable_views.preview(found, ask.reader))


async def move(room: Room, ask: Ask) -> Reply:
    """Move an appointment."""
    draft = unpack(ask.tap.arg(0))
    change = await room.timetable.move(ask.me, ask.tap.subject, draft)
    return Reply(room.timetable_views.changed(change, ask.reader))


async def ending(room: Room, ask: Ask) -> Reply:
    """Ask once more before a rule ends."""
    for rule in await _open_rules(room, ask):
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
    "tadd": Route(choose, "therapist"),
    "tnew": Route(new, "therapist"),
    "tform": Route(form, "therapist"),
    "tpick": Route(pick, "therapist"),
    "tprev": Route(preview, "therapist"),
    "tconf": Route(confirm, "therapist", first_page),
    "tlist": Route(listed, "therapist"),
    "tappt": Route(appointment, "therapist"),
    "tcanc": Route(cancelling, "therapist"),
    "tcancok": Route(cancel, "therapist", appointment_again),
    "tunmet": Route(did_not_meet, "therapist", appointment_again),
    "tmove": Route(moving, "therapist"),
    "tmprev": Route(move_preview, "therapist"),
    "tmoved": Route(move, "therapist", appointment_again),
    "trules": Route(rules, "therapist"),
    "trule": Route(ending, "therapist"),
    "trulok": Route(end, "therapist", rules),
}
