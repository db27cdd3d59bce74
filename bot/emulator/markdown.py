"""Telegram's MarkdownV2: a strict reader with the official error texts and byte offsets.

Follows the behaviour of tdlib/td, `parse_markdown_v2`. Refuses every reserved character that
stands for itself without a backslash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from bot.emulator.markup import Entity, MarkupError, byte_offset, sort_entities, units

_RESERVED = set("_*[]()~`>#+-=|{}.!\n")
_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "pre_code": "PreCode",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "BlockQuote",
}
_ENDS = {
    "bold": "*",
    "code": "`",
    "pre": "```",
    "pre_code": "```",
    "text_link": "]",
    "underline": "__",
    "strikethrough": "~",
    "spoiler": "||",
    "custom_emoji": "]",
}
_LANGUAGE = re.compile("[^ \t\r\n\0\v`]*")


@dataclass(slots=True)
class _Open:
    kind: str
    argument: str
    at_units: int
    at_source: int
    at_piece: int


def parse_markdown(source: str) -> tuple[str, list[Entity]]:
    """Read MarkdownV2 into plain text and entities.

    Raises MarkupError with the official sentence.
    """
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._text = source + "\0\0\0"
        self._size = len(source)
        self._pieces: list[str] = []
        self._units = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []
        self._quoted = False
        self._may_quote = True

    def read(self) -> tuple[str, list[Entity]]:
        at = 0
        while at < self._size:
            sign = self._text[at]
            if sign == "\\" and "\0" < self._text[at + 1] <= "~":
                self._add(self._text[at + 1])
                at += 2
            elif sign not in self._reserved():
                self._add(sign)
                at += 1
            elif self._ends(at):
                at = self._end(at)
            else:
                at = self._start(at)
        self._finish()
        return "".join(self._pieces), sort_entities(self._entities)

    def _reserved(self) -> set[str]:
        if self._open and self._open[-1].kind in ("code", "pre", "pre_code"):
            return {"`"}
        return _RESERVED

    def _add(self, sign: str) -> None:
        self._pieces.append(sign)
        self._units += units(sign)
        if sign != "\r":
            self._may_quote = sign == "\n"

    def _ends(self, at: int) -> bool:
        if not self._open:
            return False
        if self._quoted and self._text[at] == "\n" and self._text[at + 1] != ">":
            return True
        kind = self._open[-1].kind
        if kind == "italic":
            return self._text[at] == "_" and self._text[at + 1] != "_"
        return kind != "blockquote" and self._text.startswith(_ENDS[kind], at)

    def _start(self, at: int) -> int:
        two = self._text[at : at + 2]
        begin = at
        argument = ""
        match self._text[at]:
            case "_":
                kind, at = ("underline", at + 2) if two == "__" else ("italic", at + 1)
            case "*":
                kind, at = "bold", at + 1
            case "~":
                kind, at = "strikethrough", at + 1
            case "|" if two == "||":
                kind, at = "spoiler", at + 2
            case "[":
                kind, at = "text_link", at + 1
            case "!" if two == "![":
                kind, at = "custom_emoji", at + 2
            case "`" if self._text.startswith("```", at):
                kind, argument, at = self._fence(at + 3)
            case "`":
                kind, at = "code", at + 1
            case "\n":
                self._add("\n")
                return at + 1
            case ">" if self._may_quote and self._quoted:
                return at + 1
            case ">" if self._may_quote:
                kind, at = "blockquote", at + 1
                self._quoted = True
            case sign:
                raise MarkupError(
                    f"Character '{sign}' is reserved and must be escaped with the preceding '\\'"
                )
        self._open.append(_Open(kind, argument, self._units, begin, len(self._pieces)))
        return at

    def _fence(self, at: int) -> tuple[str, str, int]:
        kind, language = "pre", ""
        found = _LANGUAGE.match(self._text, at)
        end = found.end() if found else at
        if at != end < self._size and self._text[end] != "`":
            kind, language, at = "pre_code", self._text[at:end], end
        if self._text[at] in "\r\n":
            pair = self._text[at + 1] in "\r\n" and self._text[at] != self._text[at + 1]
            at += 2 if pair else 1
        return kind, language, at

    def _end(self, at: int) -> int:
        opened = self._open[-1]
        kind = opened.kind
        if self._text[at] == "\n":
            if kind != "blockquote":
                carriage = bool(self._pieces) and self._pieces[-1] == "\r"
                lone = opened.at_source == at - 2 or (opened.at_source == at - 3 and carriage)
                kind = self._expandable(lone)
            self._quoted = False
            self._add("\n")
            self._close(kind, "")
            return at + 1
        argument = opened.argument
        keep = self._units > opened.at_units
        if kind in ("text_link", "custom_emoji"):
            argument, at = self._address(kind, opened, at + 1)
        else:
            at += len(_ENDS.get(kind, "_"))
        if keep:
            self._close(kind, argument)
        else:
            self._open.pop()
        return at

    def _address(self, kind: str, opened: _Open, at: int) -> tuple[str, int]:
        if self._text[at] != "(":
            if kind == "custom_emoji":
                raise MarkupError("Custom emoji entity must contain a tg://emoji URL")
            return "".join(self._pieces[opened.at_piece :]), at
        begin = at = at + 1
        address: list[str] = []
        while at < self._size and self._text[at] != ")":
            if self._text[at] == "\\" and "\0" < self._text[at + 1] <= "~":
                at += 1
            address.append(self._text[at])
            at += 1
        if at >= self._size:
            what = "a custom emoji URL" if kind == "custom_emoji" else "a URL"
            where = byte_offset(self._source, begin)
            raise MarkupError(f"Can't find end of {what} at byte offset {where}")
        url = "".join(address)
        return (_emoji_id(url) if kind == "custom_emoji" else url), at + 1

    def _expandable(self, lone_bars: bool) -> str:
        """Take the `||` that ends an expandable quotation off the stack."""
        opened = self._open[-1]
        if opened.kind == "spoiler" and lone_bars:
            self._open.pop()
            opened = self._open[-1]
            if opened.kind == "blockquote":
                return "expandable_blockquote"
        raise self._unfinished(opened)

    def _finish(self) -> None:
        if self._quoted and self._open:
            kind = self._open[-1].kind
            if kind == "spoiler" and self._open[-1].at_source == self._size - 2:
                kind = self._expandable(lone_bars=True)
            if kind in ("blockquote", "expandable_blockquote"):
                self._close(kind, "")
        if self._open:
            raise self._unfinished(self._open[-1])

    def _unfinished(self, opened: _Open) -> MarkupError:
        where = byte_offset(self._source, opened.at_source)
        return MarkupError(f"Can't find end of {_NAMES[opened.kind]} entity at byte offset {where}")

    def _close(self, kind: str, argument: str) -> None:
        opened = self._open.pop()
        length = self._units - opened.at_units
        if length == 0:
            return
        entity: Entity = {"type": kind, "offset": opened.at_units, "length": length}
        match kind:
            case "pre_code":
                entity.update(type="pre", language=argument)
            case "text_link":
                entity["url"] = argument
            case "custom_emoji":
                entity["custom_emoji_id"] = argument
        self._entities.append(entity)


def _emoji_id(url: str) -> str:
    parts = urlsplit(url)
    ids = parse_qs(parts.query).get("id", [])
    if parts.scheme != "tg" or parts.netloc != "emoji" or not ids or not ids[0].isdecimal():
        raise MarkupError("Custom emoji URL must have an emoji identifier")
    return ids[0]
