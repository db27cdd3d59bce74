"""The digest's pages were sized before a word of German was written: German must fit them too."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Template

from bot.core.digest import most_units
from bot.core.entries import Mark, entry_of
from bot.core.sessions import Asked
from bot.core.signals import Limits
from bot.core.trends import Repair
from bot.render import gettext, speaking
from tests.digest_support import INSTRUMENT, WINDOW, renderer, units, visible
from tests.services.test_digest_pages import STEADY, checkins, pairs

REPAIRS = (
    None,
    Repair("2026-09-30", "open", True),
    Repair("2026-09-30", "open", False),
    Repair("2026-09-30", "open", False, "talk", True),
    Repair("2026-09-30", "back", False, None, False, "2026-11-18"),
    Repair("2026-09-30", "repaired", False, "talk", True, "2026-11-18"),
)
SHAPES = {"calm": "{{ calm_line(e) }}", "silent": "{{ silent_line(e) }}"}
BODY = "{{ name(e) }}{{ mark(e) }}\n{{ body(e) }}"


@cache
def drawing(language: str, standing: str) -> Template:
    def said(text: str) -> str:
        with speaking(language):
            return gettext(text)

    def named(item: str, option: str | None = None) -> str:
        return INSTRUMENT.text(language, f"{item}.{option or 'short'}")

    return renderer(said, named).from_string(
        "{% from 'therapist/digest_entry.html.j2' import"
        " name, mark, body, calm_line, silent_line with context %}" + SHAPES.get(standing, BODY)
    )


@pytest.mark.parametrize("language", ["de", "de_du"])
@settings(max_examples=150, **STEADY)
@given(history=st.lists(checkins, min_size=1, max_size=6), drawn_from=st.data())
def test_no_entry_takes_more_than_its_page_was_sized_with(
    language: str, history: list[Asked], drawn_from: st.DataObject
) -> None:
    (facts,) = pairs([history])
    entry = entry_of(facts, WINDOW, INSTRUMENT)
    assert entry is not None
    entry = replace(
        entry,
        mark=Mark("talk", "rather_not"),
        limits=Limits(8.8, 10.0, 0.5, is_floored=False),
        repair=drawn_from.draw(st.sampled_from(REPAIRS)),
        anew_on="2026-09-30",
        slid=drawn_from.draw(st.booleans()),
        silent_running=entry.silent_running and 26,
    )
    drawn = drawing(language, entry.standing).render(e=entry)

    assert units(visible(drawn)) < most_units(entry), entry
