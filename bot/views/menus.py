"""What Telegram shows of the bot by itself: command menus, its name, what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.config import Settings
from bot.core.people import LANGUAGES
from bot.render import gettext as _
from bot.render import speaking

Command = dict[str, str]
Scope = dict[str, str | int]


def _commands(pairs: list[tuple[str, str]]) -> list[Command]:
    return [{"command": name, "description": words} for name, words in pairs]


def everybody() -> list[tuple[str, str]]:
    """List what anybody may ask for, in the language that is spoken now."""
    return [
        ("help", _("help now, and what you can do here")),
        ("history", _("your own answers")),
        ("goals", _("what you want from therapy")),
        ("pause", _("pause the questions")),
        ("stop", _("stop the questions")),
        ("settings", _("language, time zone, quiet hours")),
        ("privacy", _("what happens with your data")),
        ("export", _("a copy of your data")),
        ("erase", _("have your answers erased")),
    ]


def professionals() -> list[tuple[str, str]]:
    """List what therapists and admins may ask for besides, in the language spoken now."""
    return [
        ("today", _("today's appointments")),
        ("add", _("add appointments")),
        ("appointments", _("see and change appointments")),
        ("calendar", _("appointments from your calendar")),
        ("mirror", _("guess how your clients experienced a session")),
        ("invite", _("invite a client")),
        ("clients", _("your clients")),
        ("away", _("when you are away")),
        ("relink", _("when a client has a new phone or account")),
        ("end", _("when therapy has ended")),
        ("schedule", _("when questions and digests come")),
        ("invite_therapist", _("invite a therapist")),
        ("relink_therapist", _("when a therapist has a new phone or account")),
    ]


#: The language codes that Telegram keeps texts for; "" is for all other languages.
CODES = ("", *LANGUAGES)


def _spoken(settings: Settings, code: str) -> str:
    """Give the language in which to speak to those whose Telegram has this code."""
    language = code or settings.practice.language
    return "de_du" if language == "de" and settings.practice.german == "du" else language


@dataclass(frozen=True, slots=True)
class Profile:
    """What a bot says of itself, one text per code of `CODES`.

    what: as the Bot API names it (getMyName, setMyName …) in snake case.
    """

    what: Literal["name", "short_description", "description"]
    texts: dict[str, str]


def profiles(settings: Settings) -> tuple[Profile, ...]:
    """Give the name (64 characters) if there is one, short (120) and long (512) description."""
    name = settings.telegram.display_name
    short, long = {}, {}
    for code in CODES:
        with speaking(_spoken(settings, code)):
            short[code] = _("A few short questions after your appointments. By invitation only.")
            long[code] = _(
                "After an appointment this bot asks how it was. It takes a minute. The person you"
                " see there gets your ratings, and of what you write only what you choose to show."
                " You need an invitation link from them.\n\n"
                "Nobody reads this chat. For help at once, press START and send /help."
            )
    return (
        *((Profile("name", dict.fromkeys(CODES, name)),) if name else ()),
        Profile("short_description", short),
        Profile("description", long),
    )


def command_menus(settings: Settings) -> Iterator[tuple[str, Scope, list[Command]]]:
    """Give every menu as (code of `CODES`, scope, commands)."""
    for code in CODES:
        with speaking(_spoken(settings, code)):
            yield code, {"type": "all_private_chats"}, _commands(everybody())
            both = _commands([*everybody(), *professionals()])
            for admin in settings.practice.admins:
                yield code, {"type": "chat", "chat_id": admin}, both
