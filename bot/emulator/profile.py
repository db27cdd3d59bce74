"""The methods about the bot itself and about chats.

Owns the bot's commands per scope and language, its names and descriptions and the menu button.
Refuses commands that Telegram's servers would not take.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from bot.emulator.chats import Json
from bot.emulator.files import get_file
from bot.emulator.refusals import bad
from bot.emulator.world import World, scope_key

COMMANDS_LIMIT = 100
DESCRIPTION_LIMIT = 256
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_TEXT_LIMITS = {"name": 64, "description": 512, "short_description": 120}


def _set_commands(world: World, params: Json) -> bool:
    commands = params["commands"]
    if len(commands) > COMMANDS_LIMIT:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    kept = []
    for command in commands:
        name = command["command"].removeprefix("/")
        if not _COMMAND.fullmatch(name):
            raise bad("BOT_COMMAND_INVALID")
        if not command["description"].strip():
            raise bad("Command description must be non-empty")
        if len(command["description"]) > DESCRIPTION_LIMIT:
            raise bad(f"Command description length must not exceed {DESCRIPTION_LIMIT}")
        kept.append({"command": name, "description": command["description"]})
    if not kept:
        return _delete_commands(world, params)
    world.profile.commands[_place(world, params)] = kept
    return True


def _get_commands(world: World, params: Json) -> list[Json]:
    return world.profile.commands.get(_place(world, params), [])


def _delete_commands(world: World, params: Json) -> bool:
    world.profile.commands.pop(_place(world, params), None)
    return True


def _set_text(what: str, world: World, params: Json) -> bool:
    text = params.get(what, "")
    if len(text) > _TEXT_LIMITS[what]:
        raise bad(f"BOT_{what.upper()}_TOO_LONG")
    world.profile.texts[what, _language(params)] = text
    return True


def _get_text(what: str, world: World, params: Json) -> Json:
    texts, fallback = world.profile.texts, world.bot.first_name if what == "name" else ""
    return {what: texts.get((what, _language(params))) or texts.get((what, "")) or fallback}


def _set_menu_button(world: World, params: Json) -> bool:
    button = params.get("menu_button", {"type": "default"})
    world.profile.menu_buttons[_chat_or_all(world, params)] = button
    return True


def _get_menu_button(world: World, params: Json) -> Json:
    buttons = world.profile.menu_buttons
    fallback = buttons.get(None, {"type": "default"})
    return buttons.get(_chat_or_all(world, params), fallback)


def _get_me(world: World, params: Json) -> Json:
    return {
        **world.bot.json,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _get_chat(world: World, params: Json) -> Json:
    chat = world.known_chat(params["chat_id"])
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription")
    full: Json = {
        **chat.json,
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys((*gifts, "gifts_from_channels"), True),
    }
    if chat.pinned in chat.messages:
        full["pinned_message"] = chat.messages[chat.pinned].body
    return full


def _get_chat_member(world: World, params: Json) -> Json:
    chat = world.known_chat(params["chat_id"])
    user = world.accounts.get(params["user_id"])
    if user is None:
        raise bad("PARTICIPANT_ID_INVALID")
    inside = user.id in chat.members or user in (chat.person, world.bot)
    return {"user": user.json, "status": "member" if inside else "left"}


def _leave_chat(world: World, params: Json) -> bool:
    chat = world.writable_chat(params["chat_id"])
    if chat.type == "private":
        raise bad("Chat member status can't be changed in private chats")
    chat.inside = False
    world.tell_membership(chat, world.bot, "member", "left")
    return True


def _chat_or_all(world: World, params: Json) -> int | None:
    return world.known_chat(params["chat_id"]).id if "chat_id" in params else None


def _language(params: Json) -> str:
    language: str = params.get("language_code", "")
    if language and not _LANGUAGE.fullmatch(language):
        raise bad("Invalid language code specified")
    return language


def _place(world: World, params: Json) -> tuple[str, str]:
    scope: Json = params.get("scope", {"type": "default"})
    if "chat_id" in scope:
        chat_id = scope["chat_id"]
        if isinstance(chat_id, str) and chat_id.lstrip("-").isdecimal():
            scope = {**scope, "chat_id": int(chat_id)}
        world.known_chat(scope["chat_id"])
    return scope_key(scope), _language(params)


METHODS: dict[str, Callable[[World, Json], object]] = {
    "getMe": _get_me,
    "setMyCommands": _set_commands,
    "getMyCommands": _get_commands,
    "deleteMyCommands": _delete_commands,
    "setMyName": partial(_set_text, "name"),
    "getMyName": partial(_get_text, "name"),
    "setMyDescription": partial(_set_text, "description"),
    "getMyDescription": partial(_get_text, "description"),
    "setMyShortDescription": partial(_set_text, "short_description"),
    "getMyShortDescription": partial(_get_text, "short_description"),
    "setChatMenuButton": _set_menu_button,
    "getChatMenuButton": _get_menu_button,
    "getChat": _get_chat,
    "getChatMember": _get_chat_member,
    "getFile": get_file,
    "leaveChat": _leave_chat,
}
