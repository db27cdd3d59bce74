"""What a phone shows of a chat: messages in their present state, buttons.

Owns the reading side of a chat. Refuses to change anything; `people` has the acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.emulator.chats import Message, MessageKind
from bot.emulator.entities import to_html
from bot.emulator.markup import Entity
from bot.emulator.world import World


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as the phone shows it at one moment; `date` is in seconds.

    text: plain, after parsing (the caption of a picture or file). buttons: rows of (label, callback
    data or address). tappable: those of the second halves that are callback data. photo, document:
    bytes. album: what the pictures of one album have in common.
    """

    message_id: int
    chat_id: int
    from_bot: bool
    kind: MessageKind
    text: str
    entities: list[Entity]
    buttons: list[list[tuple[str, str]]]
    tappable: list[str]
    photo: bytes | None
    document: bytes | None
    date: int
    edited: bool
    silent: bool
    protected: bool
    reactions: list[str]
    reply_to: int | None
    album: str | None = None

    @property
    def html(self) -> str:
        """Give the text with its formatting."""
        return to_html(self.text, self.entities)

    @property
    def labels(self) -> list[str]:
        """Give the labels of all buttons, row after row."""
        return [label for row in self.buttons for label, _ in row]

    def data_of(self, button: str) -> str | None:
        """Find the callback data of a button by its label or, failing that, by the data."""
        pushes = [push for row in self.buttons for push in row if push[1] in self.tappable]
        found = [push[1] for place in (0, 1) for push in pushes if push[place] == button]
        return found[0] if found else None


Predicate = Callable[[Seen], bool]


def look_at(world: World, message: Message) -> Seen:
    """Make the picture of a message as it is now."""
    body = message.body
    rows: list[list[dict[str, Any]]] = body.get("reply_markup", {}).get("inline_keyboard", [])
    data = message.file.data if message.file else None
    return Seen(
        message_id=message.message_id,
        chat_id=message.chat.id,
        from_bot=message.sender is world.bot,
        kind=message.kind,
        text=message.text,
        entities=message.entities,
        buttons=[[(push["text"], _target(push)) for push in row] for row in rows],
        tappable=[push["callback_data"] for row in rows for push in row if "callback_data" in push],
        photo=data if message.kind == "photo" else None,
        document=data if message.kind == "document" else None,
        date=body["date"],
        edited="edit_date" in body,
        silent=message.silent,
        protected=body.get("has_protected_content", False),
        reactions=list(message.reactions),
        reply_to=body.get("reply_to_message", {}).get("message_id"),
        album=body.get("media_group_id"),
    )


def _target(push: dict[str, Any]) -> str:
    return str(push.get("callback_data", push.get("url", "")))
