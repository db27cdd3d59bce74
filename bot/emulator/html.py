"""Telegram's HTML: a strict reader with the official error texts and byte offsets.

Follows the behaviour of tdlib/td, `parse_html`. Refuses, as that does, every tag that is not
on the list; a bare `&` is text, a bare `<` starts a tag.
"""

from __future__ import annotations

import re
from itertools import chain

from bot.emulator.markup import Draft, Entity, MarkupError, checked_emoji_id

_TAGS = {
    "bold": "b strong",
    "italic": "i em",
    "underline": "u ins",
    "strikethrough": "s strike del",
    "spoiler": "tg-spoiler span",
    **{"code": "code", "pre": "pre", "blockquote": "blockquote"},
    **{"text_link": "a", "custom_emoji": "tg-emoji"},
}
_TYPES = {tag: kind for kind, tags in _TAGS.items() for tag in tags.split()}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_PLAIN = re.compile("[^&<]+")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]*)|#([0-9]*)|([a-zA-Z]*))(;?)")
_SPACE = re.compile("[ \t\r\n\0\v]*")
_TAG = re.compile("[^ \t\r\n\0\v>]*")
_ATTRIBUTE = re.compile("[^ \t\r\n\0\v=>/\"']*")
_TOKEN = re.compile("[A-Za-z0-9.-]*")


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Read Telegram HTML into plain text and entities.

    Raises MarkupError with the official sentence.
    """
    draft, at = _Reader(source), 0
    while at < draft.size:
        if plain := _PLAIN.match(source, at):
            draft.add(plain.group())
            at = plain.end()
        elif source[at] == "&":
            decoded, at = decode_reference(source, at)
            draft.add(decoded)
        else:
            at = draft.end_tag(at) if draft.text[at + 1] == "/" else draft.start_tag(at)
    if draft.opened:
        tag = draft.opened[-1].kind
        raise MarkupError(f'Can\'t find end tag corresponding to start tag "{tag}"')
    text, entities = draft.finish()
    if any("\ud800" <= sign <= "\udfff" for sign in chain(text, *draft.values)):
        raise MarkupError(
            "Text contains invalid Unicode characters after decoding HTML entities,"
            " check for unmatched surrogate code units"
        )
    for entity in entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return text, entities


class _Reader(Draft):
    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.values: list[str] = []

    def start_tag(self, begin: int) -> int:
        """Read a start tag with its attributes; give the position after it."""
        tag, at = self._match(_TAG, begin + 1)
        if at >= self.size:
            raise self.fail("Unclosed start tag", begin)
        tag = tag.lower()
        if tag not in _TYPES:
            raise self.fail(f'Unsupported start tag "{tag}"', begin)
        argument = ""
        while self.text[at := self._skip_space(at)] != ">":
            name, value, at = self._attribute(tag, begin, at)
            argument = _argument(tag, name, value, argument)
        if tag == "span" and argument != "spoiler":
            raise self.fail('Tag "span" must have class "tg-spoiler"', begin)
        self.open(tag, argument, begin)
        return at + 1

    def end_tag(self, begin: int) -> int:
        """Read an end tag; give the position after it."""
        if not self.opened:
            raise self.fail("Unexpected end tag", begin)
        name, at = self._match(_TAG, begin + 2)
        at = self._skip_space(at)
        if self.text[at] != ">":
            raise self.fail("Unclosed end tag", begin)
        expected = self.opened[-1].kind
        if name and name.lower() != expected:
            raise MarkupError(
                f"Unmatched end tag at byte offset {self.bytes_before(begin)},"
                f' expected "</{expected}>", found "</{name.lower()}>"'
            )
        self._end()
        return at + 1

    def _match(self, pattern: re.Pattern[str], at: int) -> tuple[str, int]:
        found = pattern.match(self.text, at)
        return (found.group(), found.end()) if found else ("", at)

    def _skip_space(self, at: int) -> int:
        return min(self._match(_SPACE, at)[1], self.size)

    def _attribute(self, tag: str, begin: int, at: int) -> tuple[str, str | None, int]:
        name, at = self._match(_ATTRIBUTE, at)
        if not name:
            raise self.fail(f'Empty attribute name in the tag "{tag}"', begin)
        at = self._skip_space(at)
        if at < self.size and self.text[at] != "=":
            return name, None, at
        at = self._skip_space(at + 1)
        if at >= self.size:
            raise self.fail(f'Unclosed start tag "{tag}"', begin)
        value, at = self._value(at)
        if at >= self.size:
            raise self.fail("Unclosed start tag", begin)
        return name, value, at

    def _value(self, at: int) -> tuple[str, int]:
        quote = self.text[at]
        if quote not in "'\"":
            token, end = self._match(_TOKEN, at)
            if self.text[end] not in " \t\r\n\0\v>":
                raise self.fail("Unexpected end of name token", at)
            return token.lower(), end
        value, at = "", at + 1
        while at < self.size and self.text[at] != quote:
            if self.text[at] == "&":
                decoded, at = decode_reference(self.source, at)
            else:
                decoded, at = self.text[at], at + 1
            value += decoded
        self.values.append(value)
        return value, at + (at < self.size)

    def _end(self) -> None:
        opened = self.opened[-1]
        last = self.entities[-1] if self.entities else None
        entity = self.close(_TYPES[opened.kind])
        if entity is None:
            return
        match opened.kind:
            case "tg-emoji":
                entity["custom_emoji_id"] = checked_emoji_id(opened.argument)
            case "a":
                entity["url"] = opened.argument or self.since(opened)
            case "blockquote" if opened.argument:
                entity["type"] = "expandable_blockquote"
            case "pre" | "code":
                if opened.kind == "code" and opened.argument:
                    entity["language"] = opened.argument
                if last is not None and _make_one_block(last, entity):
                    self.entities.pop()


def _make_one_block(inner: Entity, outer: Entity) -> bool:
    """Make one `pre` with a language out of `pre` and `code` around the same text."""
    code = inner if inner["type"] == "code" else outer
    language = code.get("language")
    places = [(entity["offset"], entity["length"]) for entity in (inner, outer)]
    if not language or {inner["type"], outer["type"]} != {"pre", "code"} or places[0] != places[1]:
        return False
    inner.update(type="pre", language=language)
    return True


def decode_reference(source: str, at: int) -> tuple[str, int]:
    """Decode the character reference at `source[at] == "&"`, or give the `&` itself.

    Returns the characters and the position after them. Known names are lt, gt, amp and quot;
    the semicolon may be missing.
    """
    found = _REFERENCE.match(source, at)
    if found is None:
        return "&", at + 1
    hexadecimal, decimal, name, semicolon = found.groups()
    if name is not None:
        return (_NAMED[name], found.end()) if name in _NAMED else ("&", at + 1)
    digits, base = (decimal, 10) if hexadecimal is None else (hexadecimal, 16)
    code = int(digits, base) if digits else 0
    too_long = found.end() - len(semicolon) - at >= 10
    if too_long or not 0 < code < 0x10FFFF:
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
