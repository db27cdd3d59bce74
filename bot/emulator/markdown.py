"""Telegram's MarkdownV2: a strict reader with the official error texts and byte offsets.

Follows the behaviour of tdlib/td, `parse_markdown_v2`. Refuses every reserved character that
stands for itself without a backslash.
"""

from __future__ import annotations

import re

from bot.emulator.markup import Draft, Entity, MarkupError, Opened, checked_emoji_id

_RESERVED = set("_*[]()~`>#+-=|{}.!\n")
#: What begins an entity, longest first, with the entity's type and the sign that ends it.
_MARKS = (
    ("```", "pre", "```"),
    ("||", "spoiler", "||"),
    ("__", "underline", "__"),
    ("![", "custom_emoji", "]"),
    ("_", "italic", "_"),
    ("*", "bold", "*"),
    ("~", "strikethrough", "~"),
    ("[", "text_link", "]"),
    ("`", "code", "`"),
)
_ENDS = {kind: end for _, kind, end in _MARKS} | {"pre_code": "```"}
_NAMES = {
    "pre_code": "PreCode",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "BlockQuote",
}
_LANGUAGE = re.compile("[^ \t\r\n\0\v`]*")


def parse_markdown(source: str) -> tuple[str, list[Entity]]:
    """Read MarkdownV2 into plain text and entities.

    Raises MarkupError with the official sentence.
    """
    draft, at = _Reader(source), 0
    while at < draft.size:
        sign = draft.text[at]
        if draft.is_escape(at):
            draft.add(draft.text[at + 1])
            at += 2
        elif sign not in draft.reserved():
            draft.add(sign)
            at += 1
        else:
            at = draft.end(at) if draft.ends(at) else draft.start(at)
    draft.end_quote_at_the_end()
    if draft.opened:
        raise draft.unfinished(draft.opened[-1])
    return draft.finish()


class _Reader(Draft):
    def __init__(self, source: str) -> None:
        super().__init__(source)
        self._quoted = False
        self._may_quote = True

    def add(self, piece: str) -> None:
        """Append one sign; a quotation may begin after a line break only."""
        super().add(piece)
        if piece != "\r":
            self._may_quote = piece == "\n"

    def is_escape(self, at: int) -> bool:
        """Tell whether a backslash takes the meaning from the sign after it."""
        return self.text[at] == "\\" and "\0" < self.text[at + 1] <= "~"

    def reserved(self) -> set[str]:
        """Give the signs that mean something here."""
        in_code = self.opened and self.opened[-1].kind in ("code", "pre", "pre_code")
        return {"`"} if in_code else _RESERVED

    def ends(self, at: int) -> bool:
        """Tell whether the innermost entity ends here."""
        if not self.opened:
            return False
        if self._quoted and self.text[at] == "\n" and self.text[at + 1] != ">":
            return True
        kind = self.opened[-1].kind
        if kind == "italic" and self.text[at + 1] == "_":
            return False
        return kind != "blockquote" and self.text.startswith(_ENDS[kind], at)

    def start(self, at: int) -> int:
        """Begin an entity, a line or a quotation; give the position after its sign."""
        for mark, kind, _ in _MARKS:
            if self.text.startswith(mark, at):
                after, argument = at + len(mark), ""
                if kind == "pre":
                    kind, argument, after = self._fence(after)
                self.open(kind, argument, at)
                return after
        sign = self.text[at]
        if sign == "\n":
            self.add(sign)
        elif sign == ">" and self._may_quote:
            if not self._quoted:
                self.open("blockquote", "", at)
                self._quoted = True
        else:
            raise MarkupError(
                f"Character '{sign}' is reserved and must be escaped with the preceding '\\'"
            )
        return at + 1

    def _fence(self, at: int) -> tuple[str, str, int]:
        """Read what may follow three backticks: a language, a line break."""
        kind, language = "pre", ""
        found = _LANGUAGE.match(self.text, at)
        end = found.end() if found else at
        if at != end < self.size and self.text[end] != "`":
            kind, language, at = "pre_code", self.text[at:end], end
        if self.text[at] in "\r\n":
            pair = self.text[at + 1] in "\r\n" and self.text[at] != self.text[at + 1]
            at += 2 if pair else 1
        return kind, language, at

    def end(self, at: int) -> int:
        """End the innermost entity; give the position after its sign."""
        opened = self.opened[-1]
        if self.text[at] == "\n":
            kind = opened.kind
            if kind != "blockquote":
                carriage = bool(self.pieces) and self.pieces[-1] == "\r"
                kind = self._expandable(at - opened.at in ((2, 3) if carriage else (2,)))
            self._quoted = False
            self.add("\n")
            self.close(kind)
            return at + 1
        empty = self.offset == opened.offset
        argument, at = opened.argument, at + len(_ENDS[opened.kind])
        if opened.kind in ("text_link", "custom_emoji"):
            argument, at = self._address(opened, at)
        if empty:
            self.opened.pop()
            return at
        entity = self.close("pre" if opened.kind == "pre_code" else opened.kind)
        name = {"pre_code": "language", "text_link": "url", "custom_emoji": "custom_emoji_id"}
        if entity is not None and opened.kind in name:
            entity[name[opened.kind]] = argument
        return at

    def _address(self, opened: Opened, at: int) -> tuple[str, int]:
        is_emoji = opened.kind == "custom_emoji"
        if self.text[at] != "(":
            if is_emoji:
                raise MarkupError("Custom emoji entity must contain a tg://emoji URL")
            return self.since(opened), at
        begin = at = at + 1
        address = ""
        while at < self.size and self.text[at] != ")":
            at += self.is_escape(at)
            address += self.text[at]
            at += 1
        if at >= self.size:
            raise self.fail(f"Can't find end of a{' custom emoji' if is_emoji else ''} URL", begin)
        return (_emoji_id(address) if is_emoji else address), at + 1

    def _expandable(self, lone_bars: bool) -> str:
        """Take the `||` that ends an expandable quotation off the stack."""
        opened = self.opened[-1]
        if opened.kind == "spoiler" and lone_bars:
            self.opened.pop()
            opened = self.opened[-1]
            if opened.kind == "blockquote":
                return "expandable_blockquote"
        raise self.unfinished(opened)

    def end_quote_at_the_end(self) -> None:
        """End the quotation that the source ends in, if it does."""
        if self._quoted and self.opened:
            kind = self.opened[-1].kind
            if kind == "spoiler" and self.opened[-1].at == self.size - 2:
                kind = self._expandable(lone_bars=True)
            if kind.endswith("blockquote"):
                self.close(kind)

    def unfinished(self, opened: Opened) -> MarkupError:
        """Make the error about an entity that never ends."""
        name = _NAMES.get(opened.kind, opened.kind.capitalize())
        return self.fail(f"Can't find end of {name} entity", opened.at)


def _emoji_id(url: str) -> str:
    """Read `tg://emoji?id=…`; tdlib/td, `LinkManager::get_link_custom_emoji_id`."""
    scheme, _, rest = url.lower().partition(":")
    place, _, query = rest.removeprefix("//").partition("#")[0].partition("?")
    host, _, path = place.partition("/")
    if scheme != "tg":
        raise MarkupError("Custom emoji URL must have scheme tg")
    if host != "emoji":
        raise MarkupError('Custom emoji URL must have host "emoji"')
    for name, _, value in (part.partition("=") for part in query.split("&")):
        if name == "id" and not path:
            return checked_emoji_id(value)
    raise MarkupError("Custom emoji URL must have an emoji identifier")
