"""What the two markup parsers share: the entity, the error, and UTF-16 lengths."""

from __future__ import annotations

from typing import Any

Entity = dict[str, Any]


class MarkupError(Exception):
    """Markup that Telegram would not parse; the message is Telegram's, without its prefix."""


def units(text: str) -> int:
    """Count UTF-16 code units."""
    return len(text) if text.isascii() else len(text) + sum(sign > "\uffff" for sign in text)


def byte_offset(source: str, index: int) -> int:
    """Turn a position in `source` into the byte offset that Telegram's errors name."""
    return len(source[:index].encode("utf-8", "surrogatepass"))


def sort_entities(entities: list[Entity]) -> list[Entity]:
    """Order entities as Telegram returns them: by start, the longer one first."""
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))
