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
from bot.core.pair_facts import PairFacts
from bot.core.sessions import TEXT_SHOWN, Asked, Form, Outcome, Session, Shared
from bot.core.signals import Limits
from bot.core.trends import Repair
from bot.instruments import load_instruments
from bot.render import gettext, speaking
from tests.digest_support import CUT, HOUR, INSTRUMENT, WINDOW, renderer, units, visible
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
GOODBYE = load_instruments()["goodbye"][1]
BODY = "{{ name(e) }}{{ mark(e) }}\n{{ body(e) }}"


@cache
def drawing(language: str, standing: str) -> Template:
    def said(text: str) -> str:
        with speaking(language):
            return gettext(text)

    def named(item: str, option: str | None = None) -> str:
        return INSTRUMENT.text(language, f"{item}.{option or 'short'}")

    environment = renderer(said, named)
    environment.globals["label_of"] = lambda _, item: GOODBYE.text(language, f"{item}.short")
    return environment.from_string(
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
        limits=Limits(8.8, 10.0, is_floored=False),
        repair=drawn_from.draw(st.sampled_from(REPAIRS)),
        anew_on="2026-09-30",
        slid=drawn_from.draw(st.booleans()),
        silent_running=entry.silent_running and drawn_from.draw(st.sampled_from((12, 26))),
    )
    drawn = drawing(language, entry.standing).render(e=entry)

    assert units(visible(drawn)) < most_units(entry), entry


@pytest.mark.parametrize("language", ["en", "de", "de_du"])
@pytest.mark.parametrize("words", [None, "x" * TEXT_SHOWN])
@pytest.mark.parametrize("outcome", ["answered", "started", "silent", "open", "withheld"])
def test_no_goodbye_takes_more_than_its_page_was_sized_with(
    language: str, words: str | None, outcome: Outcome
) -> None:
    is_answered = outcome in ("answered", "started")
    goodbye = Session(
        "2026-11-19", "12:00", CUT - HOUR, outcome, is_new=True, is_corrected=is_answered,
        values=(10,) * len(GOODBYE.ratings) if is_answered else (),
        form=Form(tuple(item.key for item in GOODBYE.ratings), house=GOODBYE.house),
        shared=Shared("show", words) if is_answered else None,
        open_until=("2026-11-26", "12:00") if outcome == "open" else None,
    )  # fmt: skip
    facts = PairFacts(1, "A7", "ended", CUT - 2 * HOUR, goodbye=goodbye)
    entry = entry_of(facts, WINDOW, INSTRUMENT)
    assert entry is not None
    entry = replace(entry, mark=Mark("read", None))
    drawn = visible(drawing(language, entry.standing).render(e=entry))
    assert f"{GOODBYE.text(language, 'reached.short')} 10" in drawn or not is_answered
    assert units(drawn) < most_units(entry)
