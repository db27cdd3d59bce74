"""The methods about the bot itself, about chats and about files.

Owns the bot's commands per scope and language, its names and descriptions and the menu button.
Refuses commands that Telegram's servers would not take.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from bot.emulator.chats import Chat, Json, World
from bot.emulator.refusals import bad

COMMANDS_LIMIT = 100
DOWNLOAD_LIMIT_BYTES = 20 * 1024 * 1024
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_TEXT_LIMITS = {"name": 64, "description": 512, "short_description": 120}


class Profile:
    """What the bot has told Telegram about itself."""

    def __init__(self) -> None:
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.texts: dict[tuple[str, str], str] = {}
        self.menu_buttons: dict[int | None, Json] = {}

    def set_commands(self, world: World, params: Json) -> bool:
        """Serve setMyCommands."""
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
            if len(command["description"]) > 256:
                raise bad("Command description length must not exceed 256")
            kept.append({"command": name, "description": command["description"]})
        key = _scope(world, params)
        if kept:
            self.commands[key] = kept
        else:
            self.commands.pop(key, None)
        return True

    def get_commands(self, world: World, params: Json) -> list[Json]:
        """Serve getMyCommands."""
        return self.commands.get(_scope(world, params), [])

    def delete_commands(self, world: World, params: Json) -> bool:
        """Serve deleteMyCommands."""
        self.commands.pop(_scope(world, params), None)
        return True

    def commands_for(self, chat_id: int, language: str | None, *, private: bool) -> list[Json]:
        """Give the commands a person's menu shows, by the official order of scopes."""
        kind = "all_private_chats" if private else "all_group_chats"
        scopes: list[Json] = [
            {"chat_id": chat_id, "type": "chat"},
            {"type": kind},
            {"type": "default"},
        ]
        for scope in scopes:
            for code in (language or "", ""):
                found = self.commands.get((_key(scope), code))
                if found:
                    return found
        return []

    def set_text(self, what: str, params: Json) -> bool:
        """Serve setMyName, setMyDescription and setMyShortDescription."""
        text = params.get(what, "")
        if len(text) > _TEXT_LIMITS[what]:
            raise bad(f"BOT_{what.upper()}_TOO_LONG")
        self.texts[what, _language(params)] = text
        return True

    def get_text(self, what: str, params: Json, fallback: str = "") -> Json:
        """Serve getMyName, getMyDescription and getMyShortDescription."""
        language = _language(params)
        text = self.texts.get((what, language)) or self.texts.get((what, "")) or fallback
        return {what: text}

    def set_menu_button(self, world: World, params: Json) -> bool:
        """Serve setChatMenuButton."""
        chat_id = params.get("chat_id")
        if chat_id is not None:
            world.known_chat(chat_id)
        self.menu_buttons[chat_id] = params.get("menu_button", {"type": "default"})
        return True

    def get_menu_button(self, world: World, params: Json) -> Json:
        """Serve getChatMenuButton."""
        chat_id = params.get("chat_id")
        if chat_id is not None:
            world.known_chat(chat_id)
        fallback = self.menu_buttons.get(None, {"type": "default"})
        return self.menu_buttons.get(chat_id, fallback)


def get_me(world: World) -> Json:
    """Serve getMe."""
    return {
        **world.bot.to_json(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def get_chat(world: World, params: Json) -> Json:
    """Serve getChat."""
    chat = world.known_chat(params["chat_id"])
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription")
    full: Json = {
        **chat.to_json(),
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys((*gifts, "gifts_from_channels"), True),
    }
    if chat.pinned in chat.messages:
        full["pinned_message"] = chat.messages[chat.pinned].to_json()
    return full


def get_chat_member(world: World, params: Json) -> Json:
    """Serve getChatMember."""
    chat = world.known_chat(params["chat_id"])
    user_id = params["user_id"]
    user = world.accounts.get(user_id)
    if user is None:
        raise bad("PARTICIPANT_ID_INVALID")
    inside = user_id in chat.members or user is chat.person or user is world.bot
    return {"user": user.to_json(), "status": "member" if inside else "left"}


def leave_chat(world: World, params: Json) -> bool:
    """Serve leaveChat."""
    chat = world.writable_chat(params["chat_id"])
    if chat.type == "private":
        raise bad("Chat member status can't be changed in private chats")
    chat.inside = False
    tell_membership(world, chat, world.bot.to_json(), "member", "left")
    world.bell.ring()
    return True


def tell_membership(world: World, chat: Chat, by: Json, old: str, new: str) -> None:
    """Queue the `my_chat_member` update of a change of the bot's own membership."""

    def member(status: str) -> Json:
        extra: Json = {"until_date": 0} if status == "kicked" else {}
        return {"user": world.bot.to_json(), "status": status, **extra}

    change: Json = {
        "chat": chat.to_json(),
        "from": by,
        "date": world.seconds(),
        "old_chat_member": member(old),
        "new_chat_member": member(new),
    }
    world.tell("my_chat_member", change, chat)


def get_file(world: World, params: Json) -> Json:
    """Serve getFile."""
    stored = world.files.get(params["file_id"])
    if stored is None:
        raise bad("Invalid file_id")
    if len(stored.data) > DOWNLOAD_LIMIT_BYTES:
        raise bad("File is too big")
    return {**stored.to_json(), "file_path": stored.path}


def _language(params: Json) -> str:
    language: str = params.get("language_code", "")
    if language and not _LANGUAGE.fullmatch(language):
        raise bad("Invalid language code specified")
    return language


def _scope(world: World, params: Json) -> tuple[str, str]:
    scope: dict[str, Any] = params.get("scope", {"type": "default"})
    if scope["type"].startswith("chat") and "chat_id" in scope:
        chat_id = scope["chat_id"]
        if isinstance(chat_id, str) and chat_id.lstrip("-").isdecimal():
            scope = {**scope, "chat_id": int(chat_id)}
        world.known_chat(scope["chat_id"])
    return _key(scope), _language(params)


def _key(scope: Json) -> str:
    return orjson.dumps(scope, option=orjson.OPT_SORT_KEYS).decode()
