"""What the two markup readers share: text that grows, and entities that open and close in it.

Owns the arithmetic: entities count UTF-16 units, errors name byte offsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Entity = dict[str, Any]


class MarkupError(Exception):
    """Markup that Telegram would not parse; the message is Telegram's, without its prefix."""


@dataclass(slots=True)
class Opened:
    """An entity that has begun; offset: in the text, at: in the source."""

    kind: str
    argument: str
    offset: int
    piece: int
    at: int


class Draft:
    """The plain text and the entities read so far from a `source`.

    text: the source with an end to run into, as the official readers have one.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.text = source + "\0\0\0"
        self.size = len(source)
        self.pieces: list[str] = []
        self.offset = 0
        self.opened: list[Opened] = []
        self.entities: list[Entity] = []

    def add(self, piece: str) -> None:
        """Append plain text."""
        self.pieces.append(piece)
        self.offset += units(piece)

    def open(self, kind: str, argument: str, at: int) -> None:
        """Begin an entity."""
        self.opened.append(Opened(kind, argument, self.offset, len(self.pieces), at))

    def close(self, kind: str) -> Entity | None:
        """End the innermost entity; None when nothing is in it."""
        opened = self.opened.pop()
        if self.offset == opened.offset:
            return None
        entity = {"type": kind, "offset": opened.offset, "length": self.offset - opened.offset}
        self.entities.append(entity)
        return entity

    def since(self, opened: Opened) -> str:
        """Give the text in an entity."""
        return "".join(self.pieces[opened.piece :])

    def fail(self, sentence: str, at: int) -> MarkupError:
        """Make an error that ends with the byte offset of a position in the source."""
        return MarkupError(f"{sentence} at byte offset {self.bytes_before(at)}")

    def bytes_before(self, at: int) -> int:
        """Count the bytes before a position in the source."""
        return len(self.source[:at].encode("utf-8", "surrogatepass"))

    def finish(self) -> tuple[str, list[Entity]]:
        """Give the text and its entities."""
        return "".join(self.pieces), sort_entities(self.entities)


def units(text: str) -> int:
    """Count UTF-16 code units."""
    return len(text) if text.isascii() else len(text) + sum(sign > "\uffff" for sign in text)


#: Which comes first of two entities around the same text; those found by Telegram after links.
_RANKS = (
    *("blockquote", "expandable_blockquote", "pre", "code", "text_link", "text_mention"),
    *("url", "email", "bot_command", "mention", "hashtag"),
    *("bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji"),
)


def sort_entities(entities: list[Entity]) -> list[Entity]:
    """Order entities as Telegram returns them: by start, the longer first, then by type."""
    if len(entities) < 2:
        return entities
    ranks = {kind: rank for rank, kind in enumerate(_RANKS)}
    return sorted(
        entities, key=lambda one: (one["offset"], -one["length"], ranks.get(one["type"], 99))
    )


def checked_emoji_id(text: str) -> str:
    """Return a custom emoji's id; raises MarkupError for what is no positive integer."""
    if not text.isdecimal() or text.startswith("0"):
        raise MarkupError("Invalid custom emoji identifier specified")
    return text
