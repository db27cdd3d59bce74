"""No digest loses a client, says one twice, or is refused by a strict server.

Whole practices by chance, with the program's own templates, languages and buttons; read with the
strict server's own eyes.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.digest import digest_of, pages_of
from bot.core.entries import Mark
from bot.core.pair_facts import PairFacts
from bot.core.sessions import Asked, Given
from bot.emulator.entities import TEXT_LIMIT, read_text
from bot.emulator.keyboards import inline_keyboard
from bot.instruments import load_instruments
from bot.pictures import Pictures
from bot.render import Renderer
from bot.services.digest_pages import page_of
from bot.services.ports import Screen
from bot.views.buttons import read_tap
from bot.views.digest import DigestViews
from bot.views.pictures import PictureViews
from bot.views.reader import Desk, Reader
from tests.digest_support import INSTRUMENT, WINDOW, ZONE, asked
from tests.digest_world import settings as practice_settings
from tests.services.test_digest_pages import DAYS, STEADY, checkins

#: Told apart from each other wherever they stand, and full of what markup is made of.
CODES = st.text("<&>AZ09_*-", min_size=1, max_size=8)
TEXTS = st.text(max_size=300)

calm = st.builds(
    lambda on, values: asked(on, *values),
    st.sampled_from(DAYS),
    st.lists(st.integers(7, 10), min_size=5, max_size=5),
)


@st.composite
def practices(draw: st.DrawFn) -> list[PairFacts]:
    """Up to sixty pairs, each with something asked in the window."""
    histories = st.lists(calm, min_size=1, max_size=4) | st.lists(checkins, min_size=1, max_size=4)
    shapes = draw(st.lists(histories, min_size=1, max_size=12))
    text = Given("different", draw(TEXTS), draw(st.sampled_from(["show", "raise"])))
    codes = draw(st.lists(CODES, min_size=1, max_size=12))
    return [
        PairFacts(
            pair_id=number + 1,
            code=f"{codes[number % len(codes)]}~{number}",
            state="stopped" if number % 7 == 3 else "active",
            asked=tuple(_with(text, one) for one in shapes[number % len(shapes)]),
        )
        for number in range(len(shapes) * draw(st.integers(1, 5)))
    ]


def _with(text: Given, one: Asked) -> Asked:
    answers = (text if given.item == text.item else given for given in one.answers)
    return one._replace(answers=tuple(answers))


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> DigestViews:
    folder: Path = tmp_path_factory.mktemp("digests")
    desk = Desk(Renderer(), practice_settings(folder))
    pictures = PictureViews(desk, Pictures(desk.render, "light"))
    return DigestViews(desk, INSTRUMENT, pictures, load_instruments())


@settings(max_examples=150, **STEADY)
@given(
    everybody=practices(),
    language=st.sampled_from(["en", "de", "de_du"]),
    free_text=st.booleans(),
    read=st.booleans(),
)
def test_everybody_stands_on_one_page_that_telegram_takes(
    views: DigestViews, everybody: list[PairFacts], language: str, free_text: bool, read: bool
) -> None:
    digest = digest_of(everybody, WINDOW, INSTRUMENT)
    places = pages_of(digest)
    marks = {pair.pair_id: Mark("read", None) for pair in everybody} if read else {}
    shown: Counter[str] = Counter()
    opened: Counter[int] = Counter()
    for number in sorted({place.page for place in places}):
        page = page_of(
            digest, places, marks, number,
            digest_id=9, number=1, window=WINDOW, free_text=free_text,
        )  # fmt: skip
        assert page is not None
        screen = views.page(page, Reader(language, ZONE))
        shown.update(_named(_taken(screen)))
        opened.update(_details(screen))
    due = {pair.pair_id: pair.code for pair in everybody if _is_due(pair)}
    assert opened == Counter(due.keys())
    assert shown == Counter(due.values())


def _taken(screen: Screen) -> str:
    """Give what is shown; raises the strict server's Refusal."""
    text, _ = read_text(screen.text, "HTML", None, limit=TEXT_LIMIT, caption=False)
    rows = [list(row) for row in screen.keyboard]
    assert inline_keyboard({"inline_keyboard": rows}) == {"inline_keyboard": rows}
    return text


def _named(text: str) -> list[str]:
    """Find the codes that a line is about: before its slot, or after "talk about this first"."""
    return re.findall(r"^(?:[^\n~]*: )?(\S+~\d+) · ", text, re.MULTILINE)


def _details(screen: Screen) -> list[int]:
    taps = [read_tap(b["callback_data"]) for row in screen.keyboard for b in row]
    return [tap.id_arg(0) for tap in taps if tap.act == "details"]


def _is_due(pair: PairFacts) -> bool:
    """Say whether anything of a pair is new at the cut-off: over since the last, or not yet."""
    return any(map(_is_new, pair.asked))


def _is_new(one: Asked) -> bool:
    if one.state is None:
        return WINDOW.holds(one.decided_at)
    if one.sent_at is not None and one.sent_at > WINDOW.cut_at:
        return False
    if one.state in ("undeliverable", "did_not_meet"):
        return WINDOW.holds(one.closed_at)
    if one.state == "withheld" and one.completed_at is None:
        # Nothing of it was ever told; the digest of the week in which it was withheld says so.
        return WINDOW.holds(one.closed_at)
    if any(map(WINDOW.holds, (*one.changed_ats, one.completed_at))):
        return True
    if one.completed_at is not None and one.completed_at <= WINDOW.from_at:
        return one.state == "withheld" and WINDOW.holds(one.closed_at)
    ended_at = one.closed_at or one.closes_at
    # What the calendar says did not take place is told when it is over, and never as open.
    return ended_at > WINDOW.from_at if one.calendar_met else WINDOW.holds(ended_at)
