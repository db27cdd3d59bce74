"""The state of the emulated Telegram: who is there, what was written, the bot's profile.

Owns who can be written to, how a message comes to be and what the bot is told. Refuses nothing
about texts or keyboards; that is decided before a message is made.
"""

from __future__ import annotations

import random
import string

import orjson

from bot.emulator.chats import Account, Chat, Json, Message, MessageKind, StoredFile, Tap
from bot.emulator.clock import Clock
from bot.emulator.journal import Journal
from bot.emulator.markup import Entity
from bot.emulator.refusals import Refusal, bad
from bot.emulator.updates import UPDATE_LIFE_MS, UpdateQueue

_ID_SIGNS = string.ascii_letters + string.digits + "-_"


class Profile:
    """What the bot has told Telegram about itself: by scope, by language, by chat."""

    def __init__(self) -> None:
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.texts: dict[tuple[str, str], str] = {}
        self.menu_buttons: dict[int | None, Json] = {}

    def commands_for(self, chat_id: int, language: str | None) -> list[Json]:
        """Give the commands a person's menu shows, by the official order of scopes."""
        scopes: tuple[Json, ...] = (
            {"chat_id": chat_id, "type": "chat"},
            {"type": "all_private_chats"},
            {"type": "default"},
        )
        places = [(scope_key(scope), code) for scope in scopes for code in (language or "", "")]
        return next((self.commands[place] for place in places if place in self.commands), [])


class World:
    """All state of one bot's Telegram."""

    def __init__(
        self,
        bot: Account,
        clock: Clock,
        chance: random.Random,
        journal: Journal,
        queue: UpdateQueue,
    ) -> None:
        self.bot = bot
        self.clock = clock
        self.chance = chance
        self.bell = queue.bell
        self.journal = journal
        self.queue = queue
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.paths: dict[str, StoredFile] = {}
        self.taps: dict[str, Tap] = {}
        self.profile = Profile()
        self._last_message_id = chance.randrange(10, 1000)

    def seconds(self) -> int:
        """Give the present second, as Telegram's dates count."""
        return self.clock.now() // 1000

    def known_chat(self, chat_id: int | str) -> Chat:
        """Find a chat the bot has met; raises Refusal 400 otherwise."""
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None or (chat.type == "private" and not chat.opened):
            raise bad("Chat not found")
        return chat

    def writable_chat(self, chat_id: int | str) -> Chat:
        """Find a chat the bot may write to; raises Refusal 400 or 403 in Telegram's words."""
        chat = self.known_chat(chat_id)
        if chat.person is not None and chat.person.deactivated:
            raise Refusal(403, "user is deactivated")
        if chat.blocked:
            raise Refusal(403, "bot was blocked by the user")
        if chat.type == "group" and not chat.inside:
            how = "was kicked from" if chat.kicked else "is not a member of"
            raise Refusal(403, f"bot {how} the group chat")
        return chat

    def add_message(
        self,
        chat: Chat,
        sender: Account,
        kind: MessageKind = "text",
        *,
        text: str = "",
        entities: list[Entity] | None = None,
        keyboard: Json | None = None,
        media: Json | None = None,
        file: StoredFile | None = None,
        reply_to: Message | None = None,
        silent: bool = False,
    ) -> Message:
        """Put a message into a chat. media: what the official object holds besides its text."""
        self._last_message_id += 1
        body: Json = {
            "message_id": self._last_message_id,
            "from": sender.json,
            "chat": chat.json,
            "date": self.seconds(),
            **(media or {}),
        }
        if reply_to is not None:
            replied = {**reply_to.body}
            replied.pop("reply_to_message", None)
            body["reply_to_message"] = replied
        message = Message(chat, sender, body, kind, file, silent)
        message.show(text, entities or [], keyboard)
        chat.messages[self._last_message_id] = message
        return message

    def store_file(self, name: str, mime_type: str, data: bytes, folder: str) -> StoredFile:
        """Keep a file's bytes and give it ids and a path."""
        file_id = "".join(self.chance.choices(_ID_SIGNS, k=60))
        unique_id = "".join(self.chance.choices(_ID_SIGNS, k=15))
        suffix = name.rpartition(".")[2] if "." in name else "bin"
        path = f"{folder}/file_{len(self.paths)}.{suffix}"
        stored = StoredFile(file_id, unique_id, name, mime_type, data, path)
        self.files[file_id] = self.paths[path] = stored
        return stored

    def tell(self, kind: str, content: Json, chat: Chat, life_ms: int = UPDATE_LIFE_MS) -> None:
        """Queue an update for the bot; what is told is the state of this moment."""
        self.queue.put(kind, dict(content), chat.id, life_ms)

    def act(self, name: str, chat: Chat | None, **details: object) -> None:
        """Write down that somebody, or a test, did something, and let everybody look."""
        where = chat.id if chat else None
        self.journal.add(self.clock.now(), "act", name, chat=where, params=details)
        self.bell.ring()

    def set_blocked(self, chat: Chat, *, blocked: bool) -> None:
        """Let the person of a private chat block or unblock the bot."""
        if chat.person is None or chat.blocked == blocked:
            raise PermissionError(f"the bot is {'' if blocked else 'not '}blocked in {chat.id}")
        chat.blocked = blocked
        self.act("block" if blocked else "unblock", chat)
        old, new = ("member", "kicked") if blocked else ("kicked", "member")
        self.tell_membership(chat, chat.person, old, new)

    def tell_membership(self, chat: Chat, by: Account, old: str, new: str) -> None:
        """Queue the `my_chat_member` update of a change of the bot's own membership."""

        def member(status: str) -> Json:
            extra: Json = {"until_date": 0} if status == "kicked" else {}
            return {"user": self.bot.json, "status": status, **extra}

        change: Json = {
            "chat": chat.json,
            "from": by.json,
            "date": self.seconds(),
            "old_chat_member": member(old),
            "new_chat_member": member(new),
        }
        self.tell("my_chat_member", change, chat)


def scope_key(scope: Json) -> str:
    """Make one word of a scope, however it was written."""
    return orjson.dumps(scope, option=orjson.OPT_SORT_KEYS).decode()
