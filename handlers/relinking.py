"""A new phone or account: the link and the number it shows, typed by whoever made the link."""

from __future__ import annotations

import re

from bot.core.errors import Refused
from bot.room import Room
from bot.services.inviting import Account
from bot.services.relink_links import PREFIX, Opened
from handlers import therapist
from handlers.guard import Ask, Reply, Route


async def relink(room: Room, ask: Ask) -> Reply:
    """/relink A7: a link for the client's new account; /relink A7 123456: the number it shows."""
    code, number = _read(ask)
    if not number:
        return Reply(room.relink_views.offer(await room.relinking.offer(ask.me, code), ask.reader))
    moved = await room.relinking.confirm(ask.me, code, number)
    if isinstance(moved, Refused):
        raise moved
    return Reply(room.relink_views.moved(moved, ask.reader))


async def relink_again(room: Room, ask: Ask) -> Reply:
    """Show what a repeated message came to; a link is shown once."""
    code, number = _read(ask)
    moved = await room.relinking.moved(ask.me, code) if number else None
    if moved is None:
        return await therapist.clients(room, ask)
    return Reply(room.relink_views.moved(moved, ask.reader))


def _read(ask: Ask) -> tuple[str, str]:
    """Read a code and, perhaps, a number. Errors: Refused("relink_words")."""
    words = ask.words.split(maxsplit=1)
    if not words:
        raise Refused("relink_words")
    return words[0], words[1] if len(words) > 1 else ""


def is_link(ask: Ask) -> bool:
    """Say whether /start came with a link for a new account."""
    return ask.words.strip().startswith(PREFIX)


async def open_link(room: Room, ask: Ask) -> Reply:
    """Show a new account the number to read aloud, or why there is none."""
    return _opened(room, ask, await room.relinking.open(_account(ask), ask.words.strip()))


async def open_link_again(room: Room, ask: Ask) -> Reply:
    """Show the same after a repeated /start."""
    return _opened(room, ask, await room.relinking.opened(_account(ask), ask.words.strip()))


def _account(ask: Ask) -> Account:
    return Account(ask.who.telegram_id, ask.name, ask.hint)


def _opened(room: Room, ask: Ask, opened: Opened) -> Reply:
    match opened.outcome:
        case "silence":
            return Reply()
        case "opened":
            return Reply(room.relink_views.number(opened, ask.reader))
        case outcome:
            raise Refused(f"relink_{outcome}", of_therapist=opened.of_therapist)


_NAMED = re.compile(r"(\S.*?)(?:\s+(\d{3}\s?\d{3}))?\s*", re.DOTALL)


async def relink_therapist(room: Room, ask: Ask) -> Reply:
    """/relink_therapist NAME: a link for a therapist's new account; with the number: it counts."""
    name, number = _read_named(ask)
    admin = _account(ask)
    if not number:
        offer = await room.own_relinking.offer(admin, name)
        return Reply(room.relink_views.offer(offer, ask.reader))
    done = await room.own_relinking.confirm(admin, name, number)
    if isinstance(done, Refused):
        raise done
    return Reply(room.relink_views.renewed(done, ask.reader))


async def relink_therapist_again(room: Room, ask: Ask) -> Reply:
    """Show what a repeated message came to; a link is shown once."""
    name, number = _read_named(ask)
    done = await room.own_relinking.renewed(name) if number else None
    return Reply(room.relink_views.renewed(done, ask.reader)) if done else Reply()


def _read_named(ask: Ask) -> tuple[str, str]:
    """Read a name and, perhaps, a number. Errors: Refused("relink_name")."""
    found = _NAMED.fullmatch(ask.words.strip())
    if found is None:
        raise Refused("relink_name")
    return found[1], found[2] or ""


async def not_me(room: Room, ask: Ask) -> Reply:
    """Let a former account say that somebody else has the new one."""
    await room.relinking.object(ask.me, ask.tap.subject)
    return await not_me_again(room, ask)


async def not_me_again(room: Room, ask: Ask) -> Reply:
    """Show what that does after a repeated tap."""
    return Reply(room.relink_views.objected(ask.reader))


async def not_mine(room: Room, ask: Ask) -> Reply:
    """Let a therapist's former account say that somebody else has the new one."""
    await room.own_relinking.object(ask.me, ask.tap.subject)
    return await not_mine_again(room, ask)


async def not_mine_again(room: Room, ask: Ask) -> Reply:
    """Show what that does after a repeated tap."""
    return Reply(room.relink_views.objected_own(ask.reader))


TAPS = {
    "notme": Route(not_me, "anyone", not_me_again),
    "notmine": Route(not_mine, "anyone", not_mine_again),
}
COMMANDS = {
    "relink": Route(relink, "therapist", relink_again),
    "relink_therapist": Route(relink_therapist, "admin", relink_therapist_again, on_hold=True),
}
