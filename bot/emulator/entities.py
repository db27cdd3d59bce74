"""Formatted text: message entities, their UTF-16 arithmetic, and how text is made ready.

Owns what happens between a raw `text` parameter and a stored message: parsing by mode,
trimming, limits, and the entities Telegram finds by itself. Refuses the old `Markdown` mode,
which this server does not speak.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from bot.emulator.chats import Account
from bot.emulator.html import parse_html
from bot.emulator.markdown import parse_markdown
from bot.emulator.markup import Entity, MarkupError, sort_entities, units
from bot.emulator.refusals import bad

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
RAW_LIMIT_BYTES = 1 << 15

_BLANK = " \t\n\r\v\f\0\u00a0\u2000\u2001\u2002\u2003\u200b\u2028\u2029\u3000\ufeff"
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)'])"
    r"|(?P<email>[\w.+-]+@[\w-]+\.[\w.-]*\w)"
    r"|(?<![\w/])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?)(?![\w/])"
    r"|(?<!\w)(?P<mention>@[A-Za-z]\w{3,31})(?!\w)"
    r"|(?<!\w)(?P<hashtag>\#\w*[^\W\d]\w*)"
)
#: How a person's phone writes what has no argument.
_PLAIN = {kind: kind for kind in ("code", "pre", "blockquote")} | {
    **{"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s"},
    "spoiler": "tg-spoiler",
}


def read_text(
    source: str, parse_mode: str | None, given: list[Entity] | None, *, limit: int, caption: bool
) -> tuple[str, list[Entity]]:
    """Parse, trim and measure a text or caption.

    Returns the plain text and its entities (offsets in UTF-16 units). `limit` counts code
    points after parsing. Raises Refusal 400 in Telegram's words. Source: tdlib/td,
    `get_formatted_text` and `fix_formatted_text`.
    """
    if len(source) * 4 > RAW_LIMIT_BYTES and len(source.encode()) > RAW_LIMIT_BYTES:
        raise bad("Text is too long")
    text, entities = _parse(source, parse_mode, given)
    text, entities = _trim(text, entities)
    if not text and not caption:
        raise bad("Text must be non-empty")
    if len(text) > limit:
        raise bad("Message caption is too long" if caption else "Message is too long")
    return text, sort_entities(entities + find_entities(text, entities))


def _parse(
    source: str, parse_mode: str | None, given: list[Entity] | None
) -> tuple[str, list[Entity]]:
    mode = (parse_mode or "").lower()
    try:
        if mode in ("", "none"):
            return source, _checked(source, given or [])
        if mode == "html":
            return parse_html(source)
        if mode == "markdownv2":
            return parse_markdown(source)
    except MarkupError as error:
        raise bad(f"Can't parse entities: {error}") from None
    if mode == "markdown":
        raise bad("This emulator does not serve the old parse_mode Markdown")
    raise bad("Unsupported parse_mode")


def _checked(source: str, given: list[Entity]) -> list[Entity]:
    end = units(source)
    for entity in given:
        if entity["offset"] < 0 or entity["length"] <= 0 or sum_of(entity) > end:
            raise bad("ENTITY_BOUNDS_INVALID")
    return [dict(entity) for entity in given]


def sum_of(entity: Entity) -> int:
    """Give the UTF-16 position just after an entity."""
    return int(entity["offset"]) + int(entity["length"])


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    text, entities = _without_returns(text, entities)
    left = len(text) - len(text.lstrip(_BLANK))
    stripped = text.strip(_BLANK)
    if len(stripped) == len(text):
        return text, entities
    shift, end = units(text[:left]), units(stripped)
    return stripped, _moved(entities, lambda place: min(max(place - shift, 0), end))


def _without_returns(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    first, *more = text.split("\r")
    if not more:
        return text, entities
    at, taken = units(first), []
    for piece in more:
        taken.append(at)
        at += 1 + units(piece)
    text = first + "".join(more)
    return text, _moved(entities, lambda place: place - sum(one < place for one in taken))


def _moved(entities: list[Entity], to: Callable[[int], int]) -> list[Entity]:
    kept = []
    for entity in entities:
        start, stop = to(entity["offset"]), to(sum_of(entity))
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return kept


def find_entities(text: str, taken: Iterable[Entity] = ()) -> list[Entity]:
    """Find commands, mentions, hashtags, links and addresses that Telegram marks by itself.

    `taken` are entities already there; code and links keep what is inside them to themselves.
    """
    if not any(sign in text for sign in "/@#"):
        return []
    closed = [
        (entity["offset"], sum_of(entity))
        for entity in taken
        if entity["type"] in ("code", "pre", "text_link", "text_mention", "bot_command")
    ]
    found: list[Entity] = []
    for match in _FOUND.finditer(text):
        start, length = units(text[: match.start()]), units(match.group())
        if not any(start < stop and begin < start + length for begin, stop in closed):
            found.append({"type": match.lastgroup, "offset": start, "length": length})
    return found


def to_html(text: str, entities: list[Entity]) -> str:
    """Write a stored text back as Telegram HTML, for people to look at."""
    if not entities:
        return html.escape(text, quote=False)
    raw = text.encode("utf-16-le")
    edges: list[tuple[int, int, int, str]] = []
    for entity in entities:
        tags = _tags(entity)
        if tags is not None:
            start, stop = entity["offset"], sum_of(entity)
            edges.append((start, 1, -stop, tags[0]))
            edges.append((stop, 0, -start, tags[1]))
    pieces, at = [], 0
    for position, _, _, tag in sorted(edges, key=lambda edge: edge[:3]):
        pieces.append(html.escape(raw[at * 2 : position * 2].decode("utf-16-le"), quote=False))
        pieces.append(tag)
        at = position
    pieces.append(html.escape(raw[at * 2 :].decode("utf-16-le"), quote=False))
    return "".join(pieces)


def _tags(entity: Entity) -> tuple[str, str] | None:
    kind = entity["type"]
    if kind == "text_link":
        return f'<a href="{html.escape(entity["url"])}">', "</a>"
    if kind == "text_mention":
        return f'<a href="tg://user?id={entity["user"]["id"]}">', "</a>"
    if kind == "expandable_blockquote":
        return "<blockquote expandable>", "</blockquote>"
    if kind == "custom_emoji":
        return f'<tg-emoji emoji-id="{entity["custom_emoji_id"]}">', "</tg-emoji>"
    if kind == "pre" and entity.get("language"):
        return f'<pre><code class="language-{entity["language"]}">', "</code></pre>"
    tag = _PLAIN.get(kind)
    return None if tag is None else (f"<{tag}>", f"</{tag}>")


def checked_link(url: str) -> str:
    """Return a link in the form Telegram stores, or "" for one it would not accept.

    Source: tdlib/td, `LinkManager::check_link`: http, https, tg and ton; a host needs a dot.
    """
    url = url.strip()
    if not url or any(sign in url for sign in " \n\t"):
        return ""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme and scheme.group(1).lower() in ("tg", "ton", "tonsite"):
        return url
    if scheme and scheme.group(1).lower() not in ("http", "https"):
        return ""
    try:
        parts = urlsplit(url if scheme else f"http://{url}")
        host = parts.hostname or ""
    except ValueError:
        return ""
    if "." not in host.strip("."):
        return ""
    return parts._replace(path=parts.path or "/").geturl()


def link_entities(entities: list[Entity], accounts: Mapping[int, Account]) -> list[Entity]:
    """Settle parsed links: good addresses stay, `tg://user?id=` becomes a mention, others go."""
    settled: list[Entity] = []
    for entity in entities:
        if entity["type"] != "text_link":
            settled.append(entity)
        elif user := re.fullmatch(r"(?i)tg:(?://)?user/?\?id=(\d+)", entity["url"]):
            if known := accounts.get(int(user.group(1))):
                place = {"offset": entity["offset"], "length": entity["length"]}
                settled.append({"type": "text_mention", **place, "user": known.json})
        elif link := checked_link(entity["url"]):
            settled.append({**entity, "url": link})
    return settled
