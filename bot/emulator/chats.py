"""The state of the emulated Telegram: accounts, chats, messages, files.

Owns who can be written to and how a message looks as JSON. Refuses nothing about texts or
keyboards; that is decided before a message is made.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.emulator.bell import Bell
from bot.emulator.clock import Clock
from bot.emulator.markup import Entity
from bot.emulator.refusals import bad, forbidden
from bot.emulator.updates import UPDATE_LIFE_MS, UpdateQueue

Json = dict[str, Any]
MessageKind = Literal["text", "photo", "document", "voice", "sticker", "service"]
_ID_SIGNS = string.ascii_letters + string.digits + "-_"


@dataclass(slots=True, eq=False)
class Account:
    """A user of Telegram, the bot included."""

    id: int
    first_name: str
    is_bot: bool = False
    username: str | None = None
    language_code: str | None = None
    deactivated: bool = False

    def to_json(self) -> Json:
        """Give the account as a `User`."""
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

    def to_json(self) -> Json:
        """Give the fields every kind of file object has."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.data),
        }


@dataclass(slots=True, eq=False)
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

    def to_json(self) -> Json:
        """Give the chat as a `Chat`."""
        if self.person is None:
            return {"id": self.id, "type": self.type, "title": self.title}
        chat: Json = {"id": self.id, "type": self.type, "first_name": self.person.first_name}
        if self.person.username:
            chat["username"] = self.person.username
        return chat


@dataclass(slots=True, eq=False)
class Message:
    """One message in its present state; `date` and `edit_date` are seconds."""

    message_id: int
    chat: Chat
    sender: Account
    date: int
    kind: MessageKind = "text"
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    media: Json = field(default_factory=dict)
    file: StoredFile | None = None
    keyboard: Json | None = None
    edit_date: int | None = None
    reply_to: Message | None = None
    silent: bool = False
    protected: bool = False
    reactions: list[str] = field(default_factory=list)

    def to_json(self) -> Json:
        """Give the message as a `Message`."""
        body: Json = {
            "message_id": self.message_id,
            "from": self.sender.to_json(),
            "chat": self.chat.to_json(),
            "date": self.date,
        }
        if self.edit_date is not None:
            body["edit_date"] = self.edit_date
        if self.reply_to is not None:
            body["reply_to_message"] = {**self.reply_to.to_json()}
            body["reply_to_message"].pop("reply_to_message", None)
        if self.kind == "text":
            body["text"] = self.text
            if self.entities:
                body["entities"] = self.entities
        else:
            body.update(self.media)
            if self.text:
                body["caption"] = self.text
            if self.text and self.entities:
                body["caption_entities"] = self.entities
        if self.protected:
            body["has_protected_content"] = True
        if self.keyboard is not None:
            body["reply_markup"] = self.keyboard
        return body


@dataclass(slots=True, eq=False)
class TapRecord:
    """A button tap that waits for its answer; `at` in milliseconds."""

    id: str
    data: str
    at: int
    message: Message
    answered: bool = False
    text: str = ""
    alert: bool = False
    url: str = ""


class World:
    """All state of one bot's Telegram."""

    def __init__(
        self, bot: Account, clock: Clock, chance: random.Random, bell: Bell, queue: UpdateQueue
    ) -> None:
        self.bot = bot
        self.clock = clock
        self.chance = chance
        self.bell = bell
        self.queue = queue
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.users: dict[int, Json] = {bot.id: bot.to_json()}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.paths: dict[str, StoredFile] = {}
        self.taps: dict[str, TapRecord] = {}
        self._last_message_id = chance.randrange(10, 1000)

    def seconds(self) -> int:
        """Give the present second, as Telegram's dates count."""
        return self.clock.now() // 1000

    def next_message_id(self) -> int:
        """Give a fresh message id; private chats and groups share one count per account."""
        self._last_message_id += 1
        return self._last_message_id

    def add_account(self, account: Account) -> None:
        """Register a user."""
        self.accounts[account.id] = account
        self.users[account.id] = account.to_json()

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

    def add_message(self, message: Message) -> Message:
        """Put a message into its chat."""
        message.chat.messages[message.message_id] = message
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
        """Queue an update for the bot."""
        self.queue.put(kind, content, chat.id, life_ms)
