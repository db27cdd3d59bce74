"""An invented week, for `rapport digest preview`: one client to talk with first, a slow slide,
a silence after a low answer, a few calm ones. It passes through the same rules as a real week."""

from __future__ import annotations

from typing import Final

from bot.core.digest import digest_of, pages_of
from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts
from bot.core.sessions import Asked, Given, Window
from bot.core.timetable import day_after, latest_weekly, local_on, to_utc
from bot.services.digest_pages import DigestPage, page_of

_FRIDAY: Final = 4
_HOUR_MS: Final = 3_600_000
_WEEK_MS: Final = 7 * 86_400_000

_Week = tuple[int, ...]

#: code, weekday, time, ratings of the last weeks (oldest first, empty: no answer)
_PAIRS: Final[tuple[tuple[str, int, str, tuple[_Week, ...]], ...]] = (
    ("A7", 0, "15:00", ((8, 9, 8, 8, 9), (9, 9, 8, 8, 9), (8, 9, 9, 8, 8), (4, 6, 5, 4, 3))),
    ("C4", 3, "11:00", ((9, 9, 9, 9, 9), (9, 8, 9, 9, 8), (8, 8, 8, 7, 8), (6, 7, 6, 6, 7))),
    ("B2", 1, "10:00", ((7, 7, 6, 7, 7), (4, 6, 5, 5, 6), ())),
    ("M5", 2, "14:00", ((8, 8, 8, 8, 8), ())),
    ("D4", 0, "10:00", ((8, 8, 9, 8, 8), (8, 9, 9, 8, 9), (9, 9, 8, 8, 9))),
    ("E9", 1, "16:00", ((7, 8, 7, 7, 8), (), (8, 8, 7, 8, 8))),
    ("K3", 2, "09:00", ((9, 9, 9, 9, 9), (9, 9, 9, 9, 9), (9, 10, 9, 9, 9))),
    ("T8", 3, "17:30", ((6, 7, 7, 6, 7), (7, 7, 7, 7, 7), (7, 8, 7, 7, 8))),
)


def sample(now: int, zone: str, instrument: Instrument, *, free_text: bool) -> DigestPage:
    """Make the page of an invented digest for the week that ended last Friday at 17:00.

    instrument: one with the ratings heard, bond, goals, tasks and fit.
    """
    cut_at = latest_weekly(now, _FRIDAY, "17:00", zone)
    window = Window(cut_at - _WEEK_MS, cut_at, zone)
    monday = day_after(local_on(cut_at, zone), -_FRIDAY)
    keys = tuple(item.key for item in instrument.ratings)
    words = "I'd like to slow down before we plan the next step." if free_text else None
    said = {"A7": (Given("obstacles", ("pushed", "pace")), Given("different", words, "raise"))}
    pairs = []
    for number, (code, weekday, time, history) in enumerate(_PAIRS, 1):
        first = day_after(monday, weekday - 7 * (len(history) - 1))
        asked = [
            _asked(
                day_after(first, 7 * week),
                time,
                zone,
                dict(zip(keys, ratings, strict=bool(ratings))),
            )
            for week, ratings in enumerate(history)
        ]
        asked[-1] = asked[-1]._replace(answers=(*asked[-1].answers, *said.get(code, ())))
        pairs.append(PairFacts(number, code, asked=tuple(asked)))
    digest = digest_of(pairs, window, instrument)
    page = page_of(
        digest, pages_of(digest), {}, 1,
        digest_id=1, number=1, window=window, free_text=free_text,
    )  # fmt: skip
    if page is None:
        raise RuntimeError("the invented week has an empty first page")
    return page


def _asked(on: str, time: str, zone: str, ratings: dict[str, int]) -> Asked:
    starts_at = to_utc(on, time, zone)
    sent_at = starts_at + _HOUR_MS
    return Asked(
        on=on,
        time=time,
        starts_at=starts_at,
        checkin_id=starts_at,
        state="answered" if ratings else "expired",
        instrument="sample/1",
        sent_at=sent_at,
        completed_at=sent_at + _HOUR_MS if ratings else None,
        closes_at=sent_at + 20 * _HOUR_MS,
        closed_at=sent_at + 20 * _HOUR_MS,
        answers=tuple(Given(key, value) for key, value in ratings.items()),
    )
