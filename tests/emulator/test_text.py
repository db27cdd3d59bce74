"""Texts as Telegram reads them: formatting, limits, and the sentence of every refusal."""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator import Person

Entities = list[tuple[str, int, int]]


def _places(message: dict[str, Any], key: str = "entities") -> Entities:
    return [(found["type"], found["offset"], found["length"]) for found in message.get(key, [])]


HTML_READ: dict[str, tuple[str, str, Entities]] = {
    "b and strong are bold": ("<b>a</b><strong>b</strong>", "ab", [("bold", 0, 1), ("bold", 1, 1)]),
    "i and em are italic": ("<i>a</i> <em>b</em>", "a b", [("italic", 0, 1), ("italic", 2, 1)]),
    "s, strike and del strike through": (
        "<s>a</s><strike>b</strike><del>c</del>",
        "abc",
        [("strikethrough", 0, 1), ("strikethrough", 1, 1), ("strikethrough", 2, 1)],
    ),
    "u and ins underline": (
        "<u>a</u><ins>b</ins>",
        "ab",
        [("underline", 0, 1), ("underline", 1, 1)],
    ),
    "tg-spoiler hides": ("<tg-spoiler>a</tg-spoiler>", "a", [("spoiler", 0, 1)]),
    "a span of the spoiler class hides": (
        '<span class="tg-spoiler">a</span>',
        "a",
        [("spoiler", 0, 1)],
    ),
    "a quotation may be expandable": (
        "<blockquote>a</blockquote>\n<blockquote expandable>b</blockquote>",
        "a\nb",
        [("blockquote", 0, 1), ("expandable_blockquote", 2, 1)],
    ),
    "the longer of two entities at one place comes first": (
        "<b><i>a</i>b</b>",
        "ab",
        [("bold", 0, 2), ("italic", 0, 1)],
    ),
    "tag names are case-insensitive": ("<B>a</b>", "a", [("bold", 0, 1)]),
    "offsets count UTF-16 units": ("😀<b>é😀</b>", "😀é😀", [("bold", 2, 3)]),
    "a bare ampersand is text": ("a & b &copy; &amp;", "a & b &copy; &", []),
    "named and numbered references are decoded": ("&lt;&gt;&quot;&#65;&#x42;", '<>"AB', []),
    "blank edges are trimmed and entities with them": ("  <b> a </b>\n", "a", [("bold", 0, 1)]),
    "an empty entity vanishes": ("a<b></b>", "a", []),
    "commands, mentions, hashtags and addresses are found": (
        "/go @somebody #calm a@example.org",
        "/go @somebody #calm a@example.org",
        [("bot_command", 0, 3), ("mention", 4, 9), ("hashtag", 14, 5), ("email", 20, 13)],
    ),
    "nothing is found inside code": ("<code>/go</code>", "/go", [("code", 0, 3)]),
}


@pytest.mark.parametrize("behaviour", HTML_READ)
async def test_html_is_read(call: Any, anna: Person, behaviour: str) -> None:
    source, text, entities = HTML_READ[behaviour]
    reply = await call("sendMessage", chat_id=anna.id, text=source, parse_mode="HTML")
    assert reply.result["text"] == text
    assert _places(reply.result) == entities


HTML_REFUSED = {
    "a tag that is not on the list": (
        "<p>a</p>",
        'Unsupported start tag "p" at byte offset 0',
    ),
    "byte offsets count UTF-8 bytes": ("ü😀<p>", 'Unsupported start tag "p" at byte offset 6'),
    "a tag nobody closes": ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    "crossed tags": (
        "<i>a</b>",
        'Unmatched end tag at byte offset 4, expected "</i>", found "</b>"',
    ),
    "an end without a start": ("a</b>", "Unexpected end tag at byte offset 1"),
    "a bare < starts a tag": ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
    "a span of another class": (
        '<span class="x">a</span>',
        'Tag "span" must have class "tg-spoiler" at byte offset 0',
    ),
    "a tag that never ends": ("<b", "Unclosed start tag at byte offset 0"),
}


@pytest.mark.parametrize("behaviour", HTML_REFUSED)
async def test_html_is_refused(call: Any, anna: Person, behaviour: str) -> None:
    source, sentence = HTML_REFUSED[behaviour]
    reply = await call("sendMessage", chat_id=anna.id, text=source, parse_mode="HTML")
    assert (reply.status, reply.error) == (400, f"Bad Request: can't parse entities: {sentence}")


MARKDOWN_READ: dict[str, tuple[str, str, Entities]] = {
    "a star is bold, a low line italic": ("*a* _b_", "a b", [("bold", 0, 1), ("italic", 2, 1)]),
    "two low lines underline": ("__a__", "a", [("underline", 0, 1)]),
    "bars hide, a tilde strikes": ("||a||~b~", "ab", [("spoiler", 0, 1), ("strikethrough", 1, 1)]),
    "a backslash takes a sign literally": (r"1\. a\!", "1. a!", []),
    "a fence may name a language": ("```python\nx\n```", "x", [("pre", 0, 1)]),
    "a > at a line's start quotes": (">a\n>b", "a\nb", [("blockquote", 0, 3)]),
}


@pytest.mark.parametrize("behaviour", MARKDOWN_READ)
async def test_markdown_is_read(call: Any, anna: Person, behaviour: str) -> None:
    source, text, entities = MARKDOWN_READ[behaviour]
    reply = await call("sendMessage", chat_id=anna.id, text=source, parse_mode="MarkdownV2")
    assert reply.result["text"] == text
    assert _places(reply.result) == entities


MARKDOWN_REFUSED = {
    "a reserved sign that is not escaped": (
        "a.",
        "Character '.' is reserved and must be escaped with the preceding '\\'",
    ),
    "bold without an end": ("ü*a", "Can't find end of Bold entity at byte offset 2"),
}


@pytest.mark.parametrize("behaviour", MARKDOWN_REFUSED)
async def test_markdown_is_refused(call: Any, anna: Person, behaviour: str) -> None:
    source, sentence = MARKDOWN_REFUSED[behaviour]
    reply = await call("sendMessage", chat_id=anna.id, text=source, parse_mode="markdownv2")
    assert (reply.status, reply.error) == (400, f"Bad Request: can't parse entities: {sentence}")


async def test_parse_modes_are_case_insensitive_and_others_unknown(call: Any, anna: Person) -> None:
    read = await call("sendMessage", chat_id=anna.id, text="<b>a</b>", parse_mode="hTmL")
    assert read.result["text"] == "a"
    refused = await call("sendMessage", chat_id=anna.id, text="a", parse_mode="BBCode")
    assert (refused.status, refused.error) == (400, "Bad Request: unsupported parse_mode")


@pytest.mark.parametrize("text", [None, ""])
async def test_a_message_without_text_says_so(call: Any, anna: Person, text: str | None) -> None:
    reply = await call("sendMessage", chat_id=anna.id, text=text)
    assert (reply.status, reply.error) == (400, "Bad Request: message text is empty")


@pytest.mark.parametrize("text", [" \n\t", "\u200b", "<b> </b>"])
async def test_a_blank_text_is_another_refusal(call: Any, anna: Person, text: str) -> None:
    reply = await call("sendMessage", chat_id=anna.id, text=text, parse_mode="HTML")
    assert (reply.status, reply.error) == (400, "Bad Request: text must be non-empty")


async def test_the_limit_counts_code_points_after_parsing(call: Any, anna: Person) -> None:
    longest = f"<b>{'😀' * 4096}</b>"
    sent = await call("sendMessage", chat_id=anna.id, text=longest, parse_mode="HTML")
    assert _places(sent.result) == [("bold", 0, 8192)]
    reply = await call("sendMessage", chat_id=anna.id, text="x" * 4097)
    assert (reply.status, reply.error) == (400, "Bad Request: message is too long")


async def test_raw_text_is_limited_in_bytes(call: Any, anna: Person) -> None:
    source = "<b></b>" * 5000 + "x"
    reply = await call("sendMessage", chat_id=anna.id, text=source, parse_mode="HTML")
    assert (reply.status, reply.error) == (400, "Bad Request: text is too long")


async def test_given_entities_are_taken_and_must_lie_inside(call: Any, anna: Person) -> None:
    bold = {"type": "bold", "offset": 0, "length": 2}
    sent = await call("sendMessage", chat_id=anna.id, text="😀", entities=[bold])
    assert _places(sent.result) == [("bold", 0, 2)]
    outside = await call("sendMessage", chat_id=anna.id, text="a", entities=[bold])
    assert (outside.status, outside.error) == (400, "Bad Request: ENTITY_BOUNDS_INVALID")


async def test_links_are_kept_when_sound_and_dropped_when_not(call: Any, anna: Person) -> None:
    html = '<a href="example.org">a</a><a href="nohost">b</a>'
    sent = await call("sendMessage", chat_id=anna.id, text=html, parse_mode="HTML")
    assert sent.result["entities"] == [
        {"type": "text_link", "offset": 0, "length": 1, "url": "http://example.org/"}
    ]


async def test_a_link_to_a_known_person_is_a_mention(call: Any, anna: Person) -> None:
    html = f'<a href="tg://user?id={anna.id}">you</a>'
    sent = await call("sendMessage", chat_id=anna.id, text=html, parse_mode="HTML")
    assert _places(sent.result) == [("text_mention", 0, 3)]
    assert sent.result["entities"][0]["user"]["first_name"] == "Anna"


async def test_what_was_formatted_can_be_read_back_as_html(call: Any, anna: Person) -> None:
    html = 'A &lt; B <b>bold <i>both</i></b> <a href="https://example.org/">x</a> <pre>p</pre>'
    await call("sendMessage", chat_id=anna.id, text=html, parse_mode="HTML")
    assert anna.last.html == html
