"""Joining and settings: /start with an invitation, language, time zone, consent."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.room import Room
from bot.services.ports import Screen
from bot.views.people import ZONES
from handlers import relinking
from handlers.guard import Ask, Reply, Route, refuse_on_hold


async def start(room: Room, ask: Ask) -> Reply:
    """/start: use an invitation or a link for a new account, go on with joining, or greet.

    Of these, a therapist's new account alone does not wait for the end of a hold: whom a restored
    backup has in the former one, on a phone that may be anybody's, shall be gone from there before
    anything is sent.
    """
    if relinking.is_link(ask):
        return await relinking.open_link(room, ask)
    refuse_on_hold(ask)
    if not ask.words:
        return await _go_on(room, ask)
    arrival = await room.inviting.arrive(ask.who.telegram_id, ask.name, ask.hint, ask.words.strip())
    match arrival.outcome:
        case "silence":
            return Reply()
        case "welcome" if arrival.kind == "client" and arrival.pair_id and arrival.person_id:
            joining = await room.enrolment.joining(arrival.person_id, arrival.pair_id)
            return Reply(room.people_views.joining(joining, room.desk.reader(joining.person)))
        case "welcome":
            return Reply(room.people_views.words("therapist/welcome", ask.reader))
        case outcome:
            raise Refused(f"invitation_{outcome}", kind=arrival.kind)


async def _go_on(room: Room, ask: Ask) -> Reply:
    if ask.who.person is not None:
        await room.enrolment.reachable(ask.who.telegram_id)
        for pair in ask.who.pairs:
            if pair.state in ("joined", "active", "stopped") or pair.relinked_at is not None:
                joining = await room.enrolment.joining(ask.me, pair.id)
                if joining.missing not in ("therapist", "nothing"):
                    return Reply(room.people_views.joining(joining, ask.reader))
    return Reply(room.people_views.home(ask.who, ask.reader))


async def start_again(room: Room, ask: Ask) -> Reply:
    """Show where joining stands after a repeated /start."""
    if relinking.is_link(ask):
        return await relinking.open_link_again(room, ask)
    refuse_on_hold(ask)
    who = await room.enrolment.who(ask.who.telegram_id)
    again = Ask(who, ask.reader, ask.chat_id, ask.message_id, ask.name, ask.hint)
    for pair in who.pairs:
        if pair.is_over and pair.relinked_at is None:
            continue
        joining = await room.enrolment.joining(again.me, pair.id)
        if joining.missing != "nothing":
            return Reply(room.people_views.joining(joining, room.desk.reader(who.person)))
    return Reply(room.people_views.home(who, room.desk.reader(who.person, ask.hint)))


async def show(room: Room, ask: Ask) -> Reply:
    """Show where joining a pair stands."""
    joining = await room.enrolment.joining(ask.me, ask.tap.subject)
    return Reply(room.people_views.joining(joining, room.desk.reader(joining.person)))


async def language(room: Room, ask: Ask) -> Reply:
    """A language was chosen while joining."""
    await room.enrolment.joining(ask.me, ask.tap.subject)  # refuses a foreign pair
    await room.enrolment.set_language(ask.me, ask.tap.arg(0))
    return await show(room, ask)


def _zone(ask: Ask) -> str:
    number = ask.tap.arg(0)
    if not number.isascii() or not number.isdigit() or int(number) >= len(ZONES):
        raise Refused("stale_button")
    return ZONES[int(number)]


async def zone(room: Room, ask: Ask) -> Reply:
    """A time zone was chosen while joining."""
    await room.enrolment.joining(ask.me, ask.tap.subject)  # refuses a foreign pair
    if ask.tap.arg(0) == "more":
        return Reply(room.people_views.zones("jzone", ask.tap.subject, ask.reader))
    own = ask.tap.arg(0) == "own"
    wanted = room.desk.settings.practice.timezone if own else _zone(ask)
    await room.enrolment.set_timezone(ask.me, wanted)
    return await show(room, ask)


async def agree(room: Room, ask: Ask) -> Reply:
    """The client consents."""
    joining = await room.enrolment.consent(ask.me, ask.tap.subject)
    return Reply(room.people_views.joining(joining, ask.reader))


async def watch(room: Room, ask: Ask) -> Reply:
    """A yes or no about the phrase watch, while joining."""
    await _choose(room, ask)
    return await show(room, ask)


async def _choose(room: Room, ask: Ask) -> None:
    match ask.tap.arg(0), ask.tap.arg(1):
        case "notice" | "kept" as about, "yes" | "no" as choice:
            await room.watching.choose(ask.me, ask.tap.subject, about, choice)
        case _:
            raise Refused("stale_button")


async def decline(room: Room, ask: Ask) -> Reply:
    """The client does not consent."""
    await room.enrolment.decline(ask.me, ask.tap.subject)
    return await declined(room, ask)


async def declined(room: Room, ask: Ask) -> Reply:
    """Show that declining is all right."""
    return Reply(room.people_views.words("client/declined", ask.reader))


async def begin(room: Room, ask: Ask) -> Reply:
    """Begin the check-in before the first session."""
    await room.asking.begin_before_first(ask.me, ask.tap.subject, ask.message_id)
    return await begin_again(room, ask)


async def begin_again(room: Room, ask: Ask) -> Reply:
    """Show the check-in before the first session."""
    talk = await room.checkins.find_before_first(ask.me, ask.tap.subject)
    return Reply(room.checkin_views.now(talk)) if talk else Reply()


async def settings(room: Room, ask: Ask) -> Reply:
    """/settings: what somebody chose for themselves."""
    return Reply(await _settings(room, ask))


async def _settings(room: Room, ask: Ask) -> Screen:
    who = await room.enrolment.who(ask.who.telegram_id)
    if who.person is None:
        raise Refused("stranger")
    reader = room.desk.reader(who.person)
    chosen = await room.watching.chosen(who.person.id)
    quiet = await room.enrolment.quiet(who.person) if who.is_client else None
    return room.people_views.settings(reader, quiet, chosen)


async def set_language(room: Room, ask: Ask) -> Reply:
    """Another language."""
    await room.enrolment.set_language(ask.me, ask.tap.arg(0))
    return Reply(await _settings(room, ask))


async def set_zone(room: Room, ask: Ask) -> Reply:
    """Another time zone, by button."""
    if ask.tap.arg(0) == "more":
        return Reply(room.people_views.zones("szone", 0, ask.reader))
    await room.enrolment.set_timezone(ask.me, _zone(ask))
    return Reply(await _settings(room, ask))


async def zone_typed(room: Room, ask: Ask) -> Reply:
    """/zone Europe/Vienna: another time zone, typed."""
    me = ask.me
    if not ask.words.strip():
        raise Refused("zone_missing")
    await room.enrolment.set_timezone(me, ask.words)
    return Reply(await _settings(room, ask))


async def set_quiet(room: Room, ask: Ask) -> Reply:
    """Other quiet hours."""
    await room.enrolment.set_quiet(ask.me, ask.tap.arg(0), ask.tap.arg(1))
    return Reply(await _settings(room, ask))


async def set_watch(room: Room, ask: Ask) -> Reply:
    """Another yes or no about the phrase watch."""
    await _choose(room, ask)
    return Reply(await _settings(room, ask))


COMMANDS = {
    "start": Route(start, "anyone", start_again, on_hold=True),
    "settings": Route(settings, "anyone"),
    "zone": Route(zone_typed, "anyone", settings),
}
TAPS = {
    "jlang": Route(language, "client", show),
    "jzone": Route(zone, "client", show),
    "agree": Route(agree, "client", show),
    "jwatch": Route(watch, "client", show),
    "decline": Route(decline, "client", declined),
    "begin": Route(begin, "client", begin_again),
    "slang": Route(set_language, "anyone", settings),
    "szone": Route(set_zone, "anyone", settings),
    "squiet": Route(set_quiet, "anyone", settings),
    "swatch": Route(set_watch, "client", settings),
}
