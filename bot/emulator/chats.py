"""The state of the emulated Telegram: accounts, chats, messages, files.

Owns who can be written to, how a message looks as JSON and what the bot is told. Refuses
nothing about texts or keyboards; that is decided before a message is made.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from bot.emulator.bell import Bell
from bot.emulator.clock import Clock
from bot.emulator.journal import Journal
from bot.emulator.markup import Entity
from bot.emulator.refusals import bad, forbidden
from bot.emulator.updates import UPDATE_LIFE_MS, UpdateQueue

if TYPE_CHECKING:
    from bot.emulator.phone import Tap
    from bot.emulator.profile import Profile
    from bot.emulator.webhook import Webhook

Json = dict[str, Any]
MessageKind = Literal["text", "photo", "document", "voice", "sticker", "service"]
_ID_SIGNS = string.ascii_letters + string.digits + "-_"


@dataclass(eq=False)
class Account:
    """A user of Telegram, the bot included."""

    id: int
    first_name: str
    is_bot: bool = False
    username: str | None = None
    language_code: str | None = None
    deactivated: bool = False

    @cached_property
    def json(self) -> Json:
        """The account as a `User`."""
        user: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            user["username"] = self.username
        if self.language_code:
            user["language_code"] = self.language_code
        return user


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The bytes behind a file_id."""

    file_id: str
    unique_id: str
    name: str
    mime_type: str
    data: bytes
    path: str

    def to_json(self, **more: object) -> Json:
        """Give the fields every kind of file object has, and more."""
        ids = {"file_id": self.file_id, "file_unique_id": self.unique_id}
        return {**ids, "file_size": len(self.data), **more}


@dataclass(eq=False)
class Chat:
    """A private chat of one person with the bot, or a group.

    opened: the person has started the bot. inside: the bot is a member of the group.
    reply_keyboard: labels under the input field. actions: chat actions shown so far.
    """

    id: int
    type: Literal["private", "group"]
    person: Account | None = None
    title: str = ""
    members: dict[int, Account] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    opened: bool = False
    blocked: bool = False
    inside: bool = False
    kicked: bool = False
    pinned: int | None = None
    reply_keyboard: list[list[str]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)

    @cached_property
    def json(self) -> Json:
        """The chat as a `Chat`."""
        if self.person is None:
            return {"id": self.id, "type": self.type, "title": self.title}
        chat: Json = {"id": self.id, "type": self.type, "first_name": self.person.first_name}
        if self.person.username:
            chat["username"] = self.person.username
        return chat


@dataclass(slots=True, eq=False)
class Message:
    """One message in its present state.

    body: the official `Message` object. media: the part of it that is no text.
    """

    chat: Chat
    sender: Account
    body: Json
    kind: MessageKind = "text"
    file: StoredFile | None = None
    silent: bool = False
    reactions: list[str] = field(default_factory=list)

    @property
    def message_id(self) -> int:
        """The message's id, unique in its chat."""
        return int(self.body["message_id"])

    @property
    def text(self) -> str:
        """The text or caption, plain."""
        return str(self.body.get("text" if self.kind == "text" else "caption", ""))

    @property
    def entities(self) -> list[Entity]:
        """The formatting of the text or caption."""
        found = self.body.get("entities" if self.kind == "text" else "caption_entities", [])
        return list(found)

    @property
    def keyboard(self) -> Json | None:
        """The inline keyboard."""
        return self.body.get("reply_markup")

    def show(self, text: str, entities: list[Entity], keyboard: Json | None) -> None:
        """Replace text or caption, formatting and keyboard."""
        name, marks = ("text", "entities"), ("caption", "caption_entities")
        text_name, entities_name = name if self.kind == "text" else marks
        parts = {text_name: text, entities_name: entities, "reply_markup": keyboard}
        for part, value in parts.items():
            if value:
                self.body[part] = value
            else:
                self.body.pop(part, None)


class World:
    """All state of one bot's Telegram."""

    profile: Profile
    webhook: Webhook

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
        self.bell: Bell = queue.bell
        self.journal = journal
        self.queue = queue
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.paths: dict[str, StoredFile] = {}
        self.taps: dict[str, Tap] = {}
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
            raise forbidden("user is deactivated")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if chat.type == "group" and not chat.inside:
            how = "was kicked from" if chat.kicked else "is not a member of"
            raise forbidden(f"bot {how} the group chat")
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
            body["reply_to_message"] = {**reply_to.body}
            body["reply_to_message"].pop("reply_to_message", None)
        message = Message(chat, sender, body, kind, file, silent)
        message.show(text, entities or [], keyboard)
        chat.messages[self._last_message_id] = message
        self.bell.ring()
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

    def act(self, name: str, chat: Chat, **details: object) -> None:
        """Write down that somebody did something."""
        self.journal.add(self.clock.now(), "act", name, chat=chat.id, params=details)

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
