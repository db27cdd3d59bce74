"""What there is in the emulated Telegram: accounts, chats, messages, files, taps.

Owns how each looks as an official object. Refuses nothing; `world` knows who may do what.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from bot.emulator.bell import Bell
from bot.emulator.markup import Entity

Json = dict[str, Any]
MessageKind = Literal["text", "photo", "document", "voice", "sticker", "service"]


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
        more = {"username": self.username, "language_code": self.language_code}
        return user | {name: value for name, value in more.items() if value}


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
    reply_keyboard: labels under the input field.
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
        is_text = self.kind == "text"
        names = ("text", "entities") if is_text else ("caption", "caption_entities")
        for part, value in zip((*names, "reply_markup"), (text, entities, keyboard), strict=True):
            if value:
                self.body[part] = value
            else:
                self.body.pop(part, None)


@dataclass(frozen=True, slots=True)
class Answer:
    """The bot's answer to a tap: its words (a toast, or a window when `alert`) and address."""

    text: str
    alert: bool
    url: str


@dataclass(slots=True, eq=False)
class Tap:
    """A tapped button; `at` in milliseconds. `answer` is the bot's once there is one."""

    id: str
    data: str
    at: int
    bell: Bell = field(repr=False)
    answer: Answer | None = None

    @property
    def answered(self) -> bool:
        """Whether the bot has answered; the button shows a spinner until then."""
        return self.answer is not None

    async def wait(self, timeout_seconds: float = 5.0) -> Answer:
        """Wait for the answer; raises TimeoutError."""
        await self.bell.wait_for(lambda: self.answered, timeout_seconds)
        if self.answer is None:
            raise TimeoutError(f"no answer to the tap on {self.data!r}")
        return self.answer
