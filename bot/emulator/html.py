"""Telegram's HTML: a strict reader with the official error texts and byte offsets.

Follows the behaviour of tdlib/td, `parse_html`. Refuses, as that does, every tag that is not
on the list; a bare `&` is text, a bare `<` starts a tag.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.emulator.markup import Entity, MarkupError, byte_offset, sort_entities, units

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
_SPACE = " \t\r\n\0\v"
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SPECIAL = re.compile("[&<]")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]*)|#([0-9]*)|([a-zA-Z]*))(;?)")
_ATTRIBUTE_NAME = re.compile("[^ \t\r\n\0\v=>/\"']*")
_NAME_TOKEN = re.compile("[A-Za-z0-9.-]*")


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    at_units: int
    at_piece: int


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Read Telegram HTML into plain text and entities.

    Raises MarkupError with the official sentence.
    """
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._text = source + "\0"  # the official parser reads a C string and meets its end
        self._size = len(source)
        self._pieces: list[str] = []
        self._units = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []

    def read(self) -> tuple[str, list[Entity]]:
        at = 0
        while at < self._size:
            special = _SPECIAL.search(self._source, at)
            stop = special.start() if special else self._size
            if stop > at:
                self._add(self._source[at:stop])
                at = stop
            elif self._source[at] == "&":
                decoded, at = decode_reference(self._source, at)
                self._add(decoded)
            elif self._text[at + 1] == "/":
                at = self._end_tag(at)
            else:
                at = self._start_tag(at)
        if self._open:
            tag = self._open[-1].tag
            raise MarkupError(f'Can\'t find end tag corresponding to start tag "{tag}"')
        text = "".join(self._pieces)
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise MarkupError(
                "Text contains invalid Unicode characters after decoding HTML entities,"
                " check for unmatched surrogate code units"
            )
        for entity in self._entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        return text, sort_entities(self._entities)

    def _add(self, piece: str) -> None:
        self._pieces.append(piece)
        self._units += units(piece)

    def _fail(self, sentence: str, at: int) -> MarkupError:
        return MarkupError(f"{sentence} at byte offset {byte_offset(self._source, at)}")

    def _skip_space(self, at: int) -> int:
        while at < self._size and self._text[at] in _SPACE:
            at += 1
        return at

    def _start_tag(self, begin: int) -> int:
        at = begin + 1
        while self._text[at] not in _SPACE and self._text[at] != ">":
            at += 1
        if at >= self._size:
            raise self._fail("Unclosed start tag", begin)
        tag = self._text[begin + 1 : at].lower()
        if tag not in _TYPES:
            raise self._fail(f'Unsupported start tag "{tag}"', begin)
        argument = ""
        while self._text[at] != ">":
            at = self._skip_space(at)
            if self._text[at] == ">":
                break
            name, value, at = self._attribute(tag, begin, at)
            argument = _argument(tag, name, value, argument)
        if tag == "span" and argument != "spoiler":
            raise self._fail('Tag "span" must have class "tg-spoiler"', begin)
        self._open.append(_Open(tag, argument, self._units, len(self._pieces)))
        return at + 1

    def _attribute(self, tag: str, begin: int, at: int) -> tuple[str, str | None, int]:
        found = _ATTRIBUTE_NAME.match(self._text, at)
        name = found.group() if found else ""
        if not name:
            raise self._fail(f'Empty attribute name in the tag "{tag}"', begin)
        at = self._skip_space(at + len(name))
        if self._text[at] != "=":
            if at >= self._size:
                raise self._fail(f'Unclosed start tag "{tag}"', begin)
            return name, None, at
        at = self._skip_space(at + 1)
        if at >= self._size:
            raise self._fail(f'Unclosed start tag "{tag}"', begin)
        value, at = self._value(at)
        if at >= self._size:
            raise self._fail("Unclosed start tag", begin)
        return name, value, at

    def _value(self, at: int) -> tuple[str, int]:
        quote = self._text[at]
        if quote not in "'\"":
            found = _NAME_TOKEN.match(self._text, at)
            token = found.group() if found else ""
            after = self._text[at + len(token)]
            if after not in _SPACE and after != ">":
                raise self._fail("Unexpected end of name token", at)
            return token.lower(), at + len(token)
        at += 1
        value: list[str] = []
        while at < self._size and self._text[at] != quote:
            if self._text[at] == "&":
                decoded, at = decode_reference(self._source, at)
            else:
                decoded, at = self._text[at], at + 1
            value.append(decoded)
        return "".join(value), at + (at < self._size)

    def _end_tag(self, begin: int) -> int:
        if not self._open:
            raise self._fail("Unexpected end tag", begin)
        at = begin + 2
        while self._text[at] not in _SPACE and self._text[at] != ">":
            at += 1
        name = self._text[begin + 2 : at].lower()
        at = self._skip_space(at)
        if self._text[at] != ">":
            raise self._fail("Unclosed end tag", begin)
        opened = self._open[-1]
        if name and name != opened.tag:
            where = byte_offset(self._source, begin)
            raise MarkupError(
                f"Unmatched end tag at byte offset {where},"
                f' expected "</{opened.tag}>", found "</{name}>"'
            )
        if self._units > opened.at_units:
            self._close(opened)
        self._open.pop()
        return at + 1

    def _close(self, opened: _Open) -> None:
        offset, length = opened.at_units, self._units - opened.at_units
        entity: Entity = {"type": _TYPES[opened.tag], "offset": offset, "length": length}
        match opened.tag:
            case "tg-emoji":
                if not opened.argument.isdecimal() or int(opened.argument) == 0:
                    raise MarkupError("Invalid custom emoji identifier specified")
                entity["custom_emoji_id"] = opened.argument
            case "a":
                entity["url"] = opened.argument or "".join(self._pieces[opened.at_piece :])
            case "blockquote" if opened.argument:
                entity["type"] = "expandable_blockquote"
            case "pre" | "code":
                if self._joins_code(opened, entity):
                    return
        self._entities.append(entity)

    def _joins_code(self, opened: _Open, entity: Entity) -> bool:
        """Make one `pre` with a language out of `pre` and `code` around the same text."""
        last = self._entities[-1] if self._entities else None
        other = "code" if opened.tag == "pre" else "pre"
        same = (
            last is not None
            and last["type"] == other
            and last["offset"] == entity["offset"]
            and last["length"] == entity["length"]
        )
        if same and last is not None:
            language = last.get("language") if opened.tag == "pre" else opened.argument
            if language:
                last.update(type="pre", language=language)
                return True
        if opened.tag == "code" and opened.argument:
            entity["language"] = opened.argument
        return False


def decode_reference(source: str, at: int) -> tuple[str, int]:
    """Decode the character reference at `source[at] == "&"`, or give the `&` itself.

    Returns the characters and the position after them. Known names are lt, gt, amp and quot;
    the semicolon may be missing.
    """
    found = _REFERENCE.match(source, at)
    if found is None:
        return "&", at + 1
    hexadecimal, decimal, name, _ = found.groups()
    if name is not None:
        sign = _NAMED.get(name)
        return (sign, found.end()) if sign else ("&", at + 1)
    digits = hexadecimal if hexadecimal is not None else decimal
    code = int(digits, 16 if hexadecimal is not None else 10) if digits else 0
    too_long = found.end(0) - (1 if found.group(4) else 0) - at >= 10
    if code == 0 or code >= 0x10FFFF or too_long:
        return "&", at + 1
    return chr(code), found.end()


def _argument(tag: str, name: str, value: str | None, before: str) -> str:
    match tag, name:
        case "blockquote", "expandable":
            return "1"
        case ("a", "href") | ("tg-emoji", "emoji-id") if value is not None:
            return value
        case "code", "class" if value is not None and value.startswith("language-"):
            return value.removeprefix("language-")
        case "span", "class" if value is not None and value.startswith("tg-"):
            return value.removeprefix("tg-")
        case _:
            return before
