"""The command menus that Telegram shows, per language and scope."""

from __future__ import annotations

from collections.abc import Iterator

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
        ("end", _("when therapy has ended")),
        ("invite_therapist", _("invite a therapist")),
    ]


def command_menus(settings: Settings) -> Iterator[tuple[str, Scope, list[Command]]]:
    """Give every menu as (language code, scope, commands); "" is for all other languages."""
    practice = settings.practice.language
    for code, language in (("", practice), *((each, each) for each in LANGUAGES)):
        with speaking(language):
            yield code, {"type": "all_private_chats"}, _commands(everybody())
            both = _commands([*everybody(), *professionals()])
            for admin in settings.practice.admins:
                yield code, {"type": "chat", "chat_id": admin}, both
