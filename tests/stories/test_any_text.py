"""Any text in any field comes out as just that text, on a screen that Telegram accepts.

The emulator parses as Telegram does and refuses what Telegram refuses; `World.check` fails on it.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import World

from bot.core.people import LONGEST_NAME, tidy_name
from tests.views.test_exact_text import shown as as_shown

NASTY = {
    "markup": "<b>bold</b> & <a href='x'>y</a> </blockquote> &lt;i&gt; <",
    "other markup": "*a* _b_ `c` [d](e) ~f~ ||g|| \\ ```h```",
    "templates": "{{ 7 * 7 }} {% if x %} {# no #} %(name)s %s {0} ${x}",
    "right to left": "\u202eevil\u202c \u2067back\u2069 \u200fmark",
    "zero width": "a\u200bb\u2060c\ufeffd",
    "a flood of marks": "Z" + "\u0301\u0323" * 200,
    "families": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U00020bb7",
    "controls": "a\x01b\x07c\x7fd\u0085e",
    "nothing": "\x00",
    "long": "wörd " * 800,
    "long and escaped": "<&>" * 1300,
    "long and wide": "\U0001f9a6" * 1900,
    "quotes": "\"'“”„\u201a`\u00b4",
    "link": "https://example.org t.me/rapport_bot @rapport_bot /stop #tag",
}  # fmt: skip

#: Restarts change no text.
ONCE = pytest.mark.parametrize("world", ["as it is"], indirect=True)


@ONCE
@pytest.mark.parametrize("nasty", NASTY)
async def test_a_text_is_shown_as_it_was_written(world: World, nasty: str) -> None:
    text = NASTY[nasty]
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.types(text)
    await anna.taps("Show my therapist")
    await anna.types("/history")
    shown = " ".join(text.split())[:20].strip()
    if nasty not in ("nothing", "controls"):
        assert shown in " ".join(anna.screen.split())
    await world.until("Fri 17:00")
    await ben.opens("A7")
    if "Read the texts in full" in ben.phone.last.labels:
        await ben.taps("Read the texts in full")
    whole = as_shown(text)
    assert whole in as_shown(ben.screen)
    assert whole or "Wrote: “”" in ben.screen
    await ben.types("/today")
    for human, commands in (
        (ben, ("add", "invite", "zone", "add A7 2026-12-01")),
        (anna, ("zone", "start", "history", "frobnicate")),
    ):
        for command in commands:
            since = human.received
            await human.types(f"/{command} {text}"[:4096])
            assert human.received > since, (command, "is answered")


@ONCE
@pytest.mark.parametrize("nasty", [n for n in NASTY if not n.startswith("long")])
async def test_a_name_disturbs_no_line(world: World, nasty: str) -> None:
    name = NASTY[nasty][:60]
    ben = await world.therapist("Ben")
    anna = world.human(name)
    await world.joins(anna, await world.invites(ben, "A7"))
    asked = ben.sees("has joined", button="Yes, that is my client")
    assert asked is not None
    assert tidy_name(name) in (asked.text or "")
    assert not any(c in (asked.text or "") for c in "\u202e\u2067\u200f\u200b")
    await ben.taps("Yes, that is my client")
    await anna.types("/help")


@given(st.text(max_size=200))
def test_a_name_is_one_short_line_without_disturbance(name: str) -> None:
    tidy = tidy_name(name)
    assert 0 < len(tidy) <= LONGEST_NAME
    assert tidy == " ".join(tidy.split())
    assert tidy_name(tidy) == tidy
    assert not set(tidy) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    tidy.encode("utf-8")


@pytest.mark.parametrize("name", ["Anna", "Ben-Joël", "Nguyễn", "محمد", "می‌خواهم", "José Ñ"])
def test_a_name_of_any_script_stays(name: str) -> None:
    assert tidy_name(name) == name
