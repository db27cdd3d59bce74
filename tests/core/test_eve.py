"""What the last digest before an absence names besides what is new in it."""

from __future__ import annotations

from dataclasses import replace

from bot.core.digest import PAGE_UNITS, digest_of, most_units, pages_of
from bot.core.eve import UNITS, Carried, carried_of, has_room
from bot.core.pair_facts import Talk
from bot.core.sessions import Asked, Given
from tests.digest_support import DAY, INSTRUMENT, NEXT, WINDOW, asked, pair

CALM = (8, 8, 8, 8, 8)
LOW = (8, 8, 8, 8, 4)
#: In the window before the one that is asked about.
MONDAY = "2026-11-16"


def carried(*history: Asked, **more: object) -> list[tuple[str, ...]]:
    return [one.whys for one in carried_of([pair("A7", *history, **more)], NEXT, INSTRUMENT)]


def test_low_silent_and_open_loops_are_named_in_this_order() -> None:
    talk = Talk(1, WINDOW.cut_at)
    found = carried_of(
        [
            pair("A1", asked(MONDAY, *CALM), talk=talk),
            pair("B2", asked("2026-11-09", *CALM), asked(MONDAY)),
            pair("C3", asked(MONDAY, *LOW), talk=talk),
            pair("D4", asked(MONDAY)),
            pair("E5", asked(MONDAY, *CALM)),
        ],
        NEXT,
        INSTRUMENT,
    )
    assert found == (
        Carried("C3", MONDAY, 7.2, ("low", "talk")),
        Carried("B2", "2026-11-09", 8.0, ("silent",)),
        Carried("D4", None, None, ("silent",)),
        Carried("A1", MONDAY, 8.0, ("talk",)),
    )


def test_what_is_new_paused_old_or_settled_is_not_named() -> None:
    assert carried(asked(MONDAY, *LOW)) == [("low",)]
    assert carried(asked(MONDAY, *LOW), asked("2026-11-23", *LOW)) == []
    assert carried(asked(MONDAY, *LOW), state="paused") == []
    assert carried(asked("2026-10-19", *LOW)) == []
    assert carried(asked("2026-10-19")) == []
    declined = Talk(1, WINDOW.cut_at, "rather_not", WINDOW.cut_at - DAY)
    assert carried(asked(MONDAY, *LOW), talk=declined) == []
    assert carried(asked(MONDAY, *CALM), talk=Talk(1, NEXT.cut_at - 29 * DAY)) == []


def test_the_first_page_keeps_room_for_them() -> None:
    talked = (Given("talked", "yes"), Given("different", None, "raise"))
    pairs = [
        pair(f"A{n}", asked("2026-11-09", *CALM), asked(MONDAY, *LOW, extra=talked))
        for n in range(20)
    ]
    digest = digest_of(pairs, WINDOW, INSTRUMENT)
    first = [one for one in pages_of(digest, UNITS) if one.page == 1]
    entries = digest.entries[: len(first)]
    assert sum(map(most_units, entries)) <= PAGE_UNITS - UNITS
    assert has_room(entries)
    assert not has_room(digest.entries)
    takes = most_units(digest.entries[0])
    many = (PAGE_UNITS - UNITS) // takes
    assert has_room([digest.entries[0]] * many)
    assert not has_room([digest.entries[0]] * (many + 1)), "a page that is full has no room"
    assert len(first) < len([one for one in pages_of(digest) if one.page == 1])
    wide = replace(digest, expanded=digest.expanded[:1], silent=(), calm=())
    assert [one.page for one in pages_of(wide, PAGE_UNITS)] == [1], "no first page without anybody"
