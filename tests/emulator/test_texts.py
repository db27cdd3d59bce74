"""Formatted text, as tdlib/td `MessageEntity.cpp` reads it and the Bot API documents it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.chats import Account
from bot.emulator.entities import link_entities, read_text, to_html
from bot.emulator.html import parse_html
from bot.emulator.markdown import parse_markdown
from bot.emulator.markup import MarkupError


def marks(entities: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    extras = ("url", "language", "custom_emoji_id")
    return [
        (e["type"], e["offset"], e["length"], *(e[key] for key in extras if key in e))
        for e in entities
    ]


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        # Bot API "HTML style": every documented tag and its synonyms.
        ("<b>a</b><strong>b</strong>", "ab", [("bold", 0, 1), ("bold", 1, 1)]),
        ("<i>a</i><em>b</em>", "ab", [("italic", 0, 1), ("italic", 1, 1)]),
        ("<u>a</u><ins>b</ins>", "ab", [("underline", 0, 1), ("underline", 1, 1)]),
        (
            "<s>a</s><strike>b</strike><del>c</del>",
            "abc",
            [("strikethrough", 0, 1), ("strikethrough", 1, 1), ("strikethrough", 2, 1)],
        ),
        (
            '<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>',
            "ab",
            [("spoiler", 0, 1), ("spoiler", 1, 1)],
        ),
        ("<code>a</code> <pre>b</pre>", "a b", [("code", 0, 1), ("pre", 2, 1)]),
        (
            '<pre><code class="language-python">x</code></pre>',
            "x",
            [("pre", 0, 1, "python")],
        ),
        ("<blockquote>a</blockquote>", "a", [("blockquote", 0, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        (
            '<a href="http://x.org/?a=1&amp;b=2">a</a>',
            "a",
            [("text_link", 0, 1, "http://x.org/?a=1&b=2")],
        ),
        ('<tg-emoji emoji-id="53">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2, "53")]),
        # tdlib/td parse_html: a bare & is text, known references are four, `;` may be missing.
        ("a & b &copy; &lt&gt;&quot;&amp;", 'a & b &copy; <>"&', []),
        ("&#65;&#x42;&#0;", "AB&#0;", []),
        # Offsets count UTF-16 units: an emoji beyond the first plane is two.
        ("👍<b>ü</b>", "👍ü", [("bold", 2, 1)]),
        # tdlib/td: tags are case-insensitive and may carry spaces, an empty end tag fits any.
        ("<B >a</b >", "a", [("bold", 0, 1)]),
        ("<b>a</>", "a", [("bold", 0, 1)]),
        # tdlib/td: nested entities come outer first; empty ones vanish.
        ("<b>a<i>b</i></b><u></u>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        # tdlib/td, get_type_priority: around the same text, the type decides the order.
        ("<i><u><b>a</b></u></i>", "a", [("bold", 0, 1), ("italic", 0, 1), ("underline", 0, 1)]),
        ("<pre><code>a</code></pre>", "a", [("pre", 0, 1), ("code", 0, 1)]),
    ],
)
def test_html_is_read_as_documented(source: str, text: str, expected: list[Any]) -> None:
    assert (parse_html(source)[0], marks(parse_html(source)[1])) == (text, expected)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        # tdlib/td parse_html: the sentences, with byte offsets of the tag's `<`.
        ("<p>a</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("ü<p>", 'Unsupported start tag "p" at byte offset 2'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>a</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">a</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("<a href=x/y>a</a>", "Unexpected end of name token at byte offset 8"),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ('<tg-emoji emoji-id="x">a</tg-emoji>', "Invalid custom emoji identifier specified"),
        ('<tg-emoji emoji-id="053">a</tg-emoji>', "Invalid custom emoji identifier specified"),
        (
            "&#xd800;",
            "Text contains invalid Unicode characters after decoding HTML entities,"
            " check for unmatched surrogate code units",
        ),
    ],
)
def test_html_is_refused_in_telegrams_words(source: str, sentence: str) -> None:
    with pytest.raises(MarkupError) as refusal:
        parse_html(source)
    assert str(refusal.value) == sentence


def test_half_a_sign_in_an_address_is_refused_as_in_a_text() -> None:
    with pytest.raises(MarkupError, match="unmatched surrogate code units"):
        parse_html('<a href="https://x.org/&#xd800;">a</a>')


def test_carriage_returns_go_and_entities_move_along() -> None:
    # tdlib/td fix_formatted_text: lines end with \n alone.
    text, entities = read_text(
        "a\r\n<b>b\r\n👍</b>\r<i>c\r</i>", "HTML", None, limit=9, caption=False
    )
    assert (text, marks(entities)) == ("a\nb\n👍c", [("bold", 2, 4), ("italic", 6, 1)])


def test_a_link_to_a_user_may_leave_out_the_slashes() -> None:
    # tdlib/td, LinkManager::get_link_user_id.
    anna = Account(4711, "Anna")
    for url in ("tg://user?id=4711", "tg:user?id=4711", "TG://User/?id=4711"):
        link = {"type": "text_link", "offset": 0, "length": 1, "url": url}
        [mention] = link_entities([link], {anna.id: anna})
        assert mention["user"] == anna.json


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        # Bot API "MarkdownV2 style".
        (
            "*a* _b_ __c__ ~d~",
            "a b c d",
            [("bold", 0, 1), ("italic", 2, 1), ("underline", 4, 1), ("strikethrough", 6, 1)],
        ),
        ("||a|| `b`", "a b", [("spoiler", 0, 1), ("code", 2, 1)]),
        ("```\nx\n```", "x\n", [("pre", 0, 2)]),
        ("```python\nx```", "x", [("pre", 0, 1, "python")]),
        ("[a](http://x.org/\\))", "a", [("text_link", 0, 1, "http://x.org/)")]),
        ("![👍](tg://emoji?id=53)", "👍", [("custom_emoji", 0, 2, "53")]),
        ("![👍](TG:EMoJI/?a=1&id=53#id=7)", "👍", [("custom_emoji", 0, 2, "53")]),
        (">a\n>b\nc", "a\nb\nc", [("blockquote", 0, 4)]),
        (">a\n>b||\nc", "a\nb\nc", [("expandable_blockquote", 0, 4)]),
        (">a||", "a", [("expandable_blockquote", 0, 1)]),
        ("\\_\\*\\.\\\\", "_*.\\", []),
        ("*a _b_*", "a b", [("bold", 0, 3), ("italic", 2, 1)]),
        ("`a_*.`", "a_*.", [("code", 0, 4)]),
    ],
)
def test_markdown_is_read_as_documented(source: str, text: str, expected: list[Any]) -> None:
    assert (parse_markdown(source)[0], marks(parse_markdown(source)[1])) == (text, expected)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        # tdlib/td parse_markdown_v2.
        ("a.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a|b", "Character '|' is reserved and must be escaped with the preceding '\\'"),
        ("a>b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("ü*a", "Can't find end of Bold entity at byte offset 2"),
        ("_a", "Can't find end of Italic entity at byte offset 0"),
        ("```a", "Can't find end of Pre entity at byte offset 0"),
        ("[a](http://x", "Can't find end of a URL at byte offset 4"),
        (">*a\nb*", "Can't find end of Bold entity at byte offset 1"),
        ("![a]", "Custom emoji entity must contain a tg://emoji URL"),
        # tdlib/td, LinkManager::get_link_custom_emoji_id.
        ("![a](t://emoji?id=5)", "Custom emoji URL must have scheme tg"),
        ("![a](tg:emojis?id=5)", 'Custom emoji URL must have host "emoji"'),
        ("![a](tg://emoji?a=1#&id=5)", "Custom emoji URL must have an emoji identifier"),
        ("![a](tg://emoji/x?id=5)", "Custom emoji URL must have an emoji identifier"),
        ("![a](tg://emoji?id=05)", "Invalid custom emoji identifier specified"),
    ],
)
def test_markdown_is_refused_in_telegrams_words(source: str, sentence: str) -> None:
    with pytest.raises(MarkupError) as refusal:
        parse_markdown(source)
    assert str(refusal.value) == sentence


def test_telegram_marks_commands_mentions_and_links_by_itself() -> None:
    # tdlib/td find_entities: done for every text, not inside code.
    text, entities = read_text(
        "/start@rapport_bot @annabell https://x.org/a, me@x.org #tag <code>/no</code>",
        "HTML",
        None,
        limit=4096,
        caption=False,
    )
    found = [(e["type"], text[e["offset"] : e["offset"] + e["length"]]) for e in entities]
    assert found == [
        ("bot_command", "/start@rapport_bot"),
        ("mention", "@annabell"),
        ("url", "https://x.org/a"),
        ("email", "me@x.org"),
        ("hashtag", "#tag"),
        ("code", "/no"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "<b>a<i>b</i></b>c &lt; &amp;",
        '👍<a href="http://x.org/">ü</a><blockquote expandable>q</blockquote>',
        '<pre><code class="language-python">x &lt; y</code></pre>',
    ],
)
def test_html_written_back_reads_the_same(source: str) -> None:
    text, entities = parse_html(source)
    assert parse_html(to_html(text, entities)) == (text, entities)
