"""Whatever clients write and practices configure, every page is one message Telegram takes."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.core.beside import BesideFacts
from bot.core.digest import PAGE_UNITS, digest_of, most_units, pages_of
from bot.core.entries import Mark, entry_of
from bot.core.pair_facts import PairFacts, Talk
from bot.core.reasons import OPENERS, Reason
from bot.core.sessions import Asked, Given
from bot.services.details import Progress, details_of
from bot.services.digest_pages import page_of
from bot.services.digest_sample import sample
from bot.services.today import TODAY_AT_MOST, Today, today_line
from tests.digest_support import (
    CUT,
    DAY,
    FROM,
    INSTRUMENT,
    WINDOW,
    ZONE,
    asked,
    renderer,
    units,
    visible,
)

OBSTACLES = INSTRUMENT.item("obstacles").options
GOOD = INSTRUMENT.item("good").options
DAYS = ("2026-10-26", "2026-11-09", "2026-11-16", "2026-11-18", "2026-11-19", "2026-11-20")

#: A language half as long again as English, with an instrument of very long labels.
STRETCHED = renderer(
    gettext=lambda message: message + "ß" * (len(message) * 2 // 5),
    label=lambda item, option=None: f"<{item} & {option}> " * 9,
)
PLAIN = renderer()

hostile = st.sampled_from(
    ["x" * 8000, "😀" * 4000, "<b>&amp;" * 900, "</i></b>", "\n" * 50, "\u202e{{ 7 * 7 }}%s %(n)s"]
)
#: The same cases every time; a page of many clients is not worth shrinking.
STEADY: Any = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "phases": (Phase.explicit, Phase.generate),
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}

ratings = st.one_of(
    st.just(()),
    st.lists(st.integers(0, 10) | st.none(), min_size=3, max_size=5).map(tuple),
)
extras = st.builds(
    lambda chips, good, text, disclosure, talked, expected: (
        Given("obstacles", tuple(chips)),
        Given("good", tuple(good)),
        Given("different", text, disclosure),
        *([Given("talked", talked)] if talked else []),
        *[Given(item, 10) for item in expected],
    ),
    st.lists(st.sampled_from(OBSTACLES), unique=True),
    st.lists(st.sampled_from(GOOD), unique=True),
    hostile,
    st.sampled_from(["show", "raise"]),
    st.sampled_from([None, "yes", "no"]),
    st.sampled_from([(), ("worth",), ("hope", "confidence", "worth")]),
)
fates = st.sampled_from(
    [
        {},
        {"calendar_met": False},
        {"state": "withheld", "answers": ()},
        {"state": "did_not_meet", "closed_at": CUT - 1},
        {"state": "undeliverable", "closed_at": CUT - 1},
        {"state": "open", "completed_at": None, "closes_at": CUT + DAY, "closed_at": None},
        {"completed_at": FROM - 1, "changed_ats": (CUT - 1,)},
        {"state": "partial", "completed_at": None, "lost": (FROM, CUT - 1)},
        {"state": None, "decided_at": CUT - 1, "not_asked_reason": "answered_before_move"},
    ]
)
checkins = st.builds(
    lambda on, values, extra, fate: asked(on, *values, extra=extra)._replace(**fate),
    st.sampled_from(DAYS),
    ratings,
    extras,
    fates,
)
histories = st.lists(checkins, min_size=1, max_size=6)


def pairs(histories: list[list[Asked]]) -> list[PairFacts]:
    return [
        PairFacts(
            number,
            f"A-B-C-D-E-F-{number}"[:15],
            state="paused",
            changed_at=CUT - 1,
            asked=tuple(history),
            talk=Talk(9, FROM + 1),
            beside=BesideFacts(
                # Further apart than any two scores, every one of them.
                {one.checkin_id: -10.0 for one in history if one.checkin_id},
                {"hope": 10, "confidence": 10},
            ),
        )
        for number, history in enumerate(histories)
    ]


class Balanced(HTMLParser):
    """Refuses tags that Telegram does not know, and those that do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert tag in ("b", "i")
        assert attrs == []
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def assert_is_one_message(text: str) -> None:
    shown = visible(text).strip()
    assert 0 < units(shown) <= 4096
    assert len(text.encode()) <= 32_768
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []


def keyboard(page: Any) -> list[list[dict[str, str]]]:
    """More buttons than any page is given: three a client that stands out, one for the others."""
    three = ("Gelesen 0000", "Darüber möchte ich sprechen 0000", "Einzelheiten 0000")
    rows = [[{"text": word, "callback_data": "x" * 64} for word in three] for _ in page.expanded]
    lines = [*page.silent, *page.calm]
    rows += [[{"text": entry.code, "callback_data": "x" * 64}] for entry in lines]
    return [*rows, [{"text": "Diese 40 gelesen", "callback_data": "x" * 64}] * 3]


@settings(max_examples=60, **STEADY)
@given(st.lists(histories, min_size=1, max_size=8), st.integers(1, 12), st.booleans())
def test_every_page_fits_whatever_it_holds(
    some: list[list[Asked]], times: int, free_text: bool
) -> None:
    everybody = pairs(some * times)
    if not free_text:
        everybody = [
            replace(pair, asked=tuple(map(_without_words, pair.asked))) for pair in everybody
        ]
    digest = digest_of(everybody, WINDOW, INSTRUMENT)
    places = pages_of(digest)
    marks = {pair.pair_id: Mark("talk", "rather_not") for pair in everybody}
    told = 0
    for number in range(1, max((place.page for place in places), default=0) + 1):
        page = page_of(
            digest, places, marks, number,
            digest_id=1, number=1, window=WINDOW, free_text=free_text,
        )  # fmt: skip
        assert page is not None
        told += len(page.expanded) + len(page.silent) + len(page.calm)
        assert_is_one_message(STRETCHED.get_template("therapist/digest.html.j2").render(page=page))
        buttons = keyboard(page)
        assert sum(map(len, buttons)) <= 100
        assert len(json.dumps(buttons, ensure_ascii=False).encode()) < 10_000
    assert told == len(digest.entries)


@settings(max_examples=400, **STEADY)
@given(st.lists(checkins, min_size=1, max_size=6))
def test_no_entry_takes_more_than_the_pages_were_sized_with(history: list[Asked]) -> None:
    (facts,) = pairs([history])
    entry = entry_of(facts, WINDOW, INSTRUMENT)
    assert entry is not None
    entry = replace(entry, mark=Mark("talk", "rather_not"))
    macro = {"calm": "calm_line", "silent": "silent_line"}.get(entry.standing, "body")
    words = "{{ name(e) }}{{ mark(e) }}\n" if macro == "body" else ""
    template = STRETCHED.from_string(
        f"{{% from 'therapist/digest_entry.html.j2' import {macro}, name, mark with context %}}"
        f"{words}{{{{ {macro}(e) }}}}"
    )
    assert units(visible(template.render(e=entry))) < most_units(entry), entry


def _without_words(one: Asked) -> Asked:
    answers = tuple(replace(g, value=None) if g.disclosure else g for g in one.answers)
    return one._replace(answers=answers)


@settings(max_examples=60, **STEADY)
@given(st.lists(checkins, max_size=14))
def test_details_and_today_fit_whatever_they_hold(history: list[Asked]) -> None:
    (facts,) = pairs([history])
    mark = Mark("talk", "rather_not")
    said = [("confidence in this way of working", "10")] * 3
    details = details_of(
        facts, WINDOW, INSTRUMENT, digest_id=1, page=1, mark=mark, before_first=None,
        goals=[Progress("👩‍🔧" * 200, (10,) * 12)] * 3,
    )  # fmt: skip
    assert_is_one_message(
        STRETCHED.get_template("therapist/details.html.j2").render(details=details, before=said)
    )
    line = today_line(facts, "2026-11-23", "15:00", WINDOW, INSTRUMENT)
    today = Today("2026-11-23", (line,) * TODAY_AT_MOST, 9, True)
    before = {line.pair_id: said if line.last is None else []}
    assert_is_one_message(
        STRETCHED.get_template("therapist/today.html.j2").render(today=today, before=before)
    )


def test_a_usual_caseload_is_one_page() -> None:
    """25 clients: three that stand out, four silent, the rest calm."""
    calm, low = (8, 8, 8, 8, 8), (8, 8, 8, 8, 4)
    week = [calm] * 18 + [low] * 3 + [()] * 4
    digest = digest_of(
        [PairFacts(n, f"A{n}", asked=(asked("2026-11-16", *r),)) for n, r in enumerate(week)],
        WINDOW,
        INSTRUMENT,
    )
    assert {place.page for place in pages_of(digest)} == {1}


@pytest.mark.parametrize("free_text", [False, True])
def test_the_sample_is_a_believable_week(free_text: bool) -> None:
    page = sample(CUT + 2 * DAY, ZONE, INSTRUMENT, free_text=free_text)
    assert page.first is not None
    assert [entry.reason for entry in page.expanded] == ["low", "fall", "silence_after_low"]
    assert (len(page.silent), len(page.calm), page.cut_on) == (1, 4, "2026-11-20")
    text = PLAIN.get_template("therapist/digest.html.j2").render(page=page)
    assert_is_one_message(text)
    assert ("slow down" in text) is free_text


@pytest.mark.parametrize("now", [CUT, CUT - 1, CUT + 200 * DAY])
def test_the_sample_is_of_the_latest_friday(now: int) -> None:
    page = sample(now, ZONE, INSTRUMENT, free_text=False)
    assert page.head is not None
    assert (page.head.counts.answered, page.head.counts.asked) == (6, 8)


@pytest.mark.parametrize("reason", OPENERS)
def test_what_stands_around_the_entries_fits_beside_the_fullest_page(reason: Reason) -> None:
    page = sample(CUT, ZONE, INSTRUMENT, free_text=False)
    assert page.head is not None
    assert page.first is not None
    counts = replace(page.head.counts, asked=88, answered=44, open=11, not_asked=11)
    first = replace(page.first, reasons=(reason,), mark=Mark("talk", "rather_not"))
    bare = replace(
        page, first=first, expanded=(first,), calm=page.calm[:1], silent=page.silent[:1],
        pages=12, head=replace(page.head, counts=counts),
    )  # fmt: skip
    text = visible(STRETCHED.get_template("therapist/digest.html.j2").render(page=bare))
    entries = sum(map(most_units, (first, *bare.calm, *bare.silent)))
    assert units(text) - entries < 4096 - PAGE_UNITS


def test_texts_turned_on_after_the_making_stay_on_details_where_the_page_is_full() -> None:
    words = (Given("different", "x" * 500, "raise"),)
    turned_on = [
        PairFacts(n, f"A{n}", asked=(asked("2026-11-16", 8, 8, 8, 8, 4, extra=words),))
        for n in range(8)
    ]
    made = [replace(pair, asked=tuple(map(_without_words, pair.asked))) for pair in turned_on]
    places = pages_of(digest_of(made, WINDOW, INSTRUMENT))
    page = page_of(
        digest_of(turned_on, WINDOW, INSTRUMENT), places, {}, 1,
        digest_id=1, number=1, window=WINDOW, free_text=True,
    )  # fmt: skip
    assert page is not None
    assert len(page.expanded) > 5
    text = STRETCHED.get_template("therapist/digest.html.j2").render(page=page)
    assert_is_one_message(text)
    assert "xxx" not in text


def test_nothing_a_client_writes_is_markup() -> None:
    facts = pairs(
        [[asked("2026-11-16", 8, 8, 8, 8, 8, extra=(Given("different", "<b>&", "show"),))]]
    )
    details = details_of(
        facts[0], WINDOW, INSTRUMENT, digest_id=1, page=1, mark=None, before_first=None
    )
    text = PLAIN.get_template("therapist/details.html.j2").render(details=details, before=[])
    assert "“&lt;b&gt;&amp;”" in text


def test_a_page_with_many_clients_is_drawn_in_several_pictures() -> None:
    many = [PairFacts(n, f"A{n}", asked=(asked("2026-11-16", 8, 8, 8, 8, 8),)) for n in range(14)]
    silent = PairFacts(99, "Z9", asked=(asked("2026-11-16"),))
    digest = digest_of([*many, silent], WINDOW, INSTRUMENT)
    page = page_of(
        digest, pages_of(digest), {}, 1, digest_id=1, number=1, window=WINDOW, free_text=False
    )
    assert page is not None
    first, second = page.chart(0), page.chart(1)
    assert first is not None
    assert second is not None
    assert (len(first.panels), len(second.panels)) == (12, 2)
    titles = [panel.title for panel in (*first.panels, *second.panels)]
    assert titles == [entry.code for entry in page.calm], "in the order of the page"
    assert first.slots[0] == ("2026-11-16", "15:00")
    assert page.chart(2) is None
