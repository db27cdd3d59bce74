"""From when until when somebody is away, and who covers, as people type it.

`20 Dec–6 Jan`, `20.12. bis 6.1.`, `20–24 Dec`, `2026-12-20 2027-01-06`, `until 6 Jan`, one day;
behind it `cover: Dr. Klein, 030 1234`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from unicodedata import category

from bot.core.days import TypedDay, plain_words, read_day
from bot.core.errors import Refused
from bot.core.people import is_seen
from bot.core.timetable import day_after

#: House rules: who is away for longer has left for now, and a day so far ahead is a slip.
LONGEST_DAYS: Final = 184
FARTHEST_DAYS: Final = 366
#: A name and how to reach it, in characters.
LONGEST_COVER: Final = 120
#: A day without a year that was so lately is meant, and is over; one before that is next year's.
_LATELY_DAYS: Final = 60
_QUOTED: Final = 60

_COVER: Final = re.compile(
    r"(?:^|[\s,;.])(?:cover|covered by|vertretung|vertreten durch|vertreter|vertreterin)"
    r"(?:\s*:\s*|\s+)(?P<cover>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_BEFORE: Final = re.compile(r"(?:from|since|von|vom|ab|am|on|the)\s+")
_UNTIL: Final = re.compile(r"(?:until|till|to|bis)(?: zum| the)?\s+")
_BETWEEN: Final = re.compile(
    r"\s*(?:[-\u2010-\u2015\u2212]|\b(?:bis(?: zum)?|to|until|till|through)\b|\s)\s*"
)
_BARE: Final = re.compile(r"(\d{1,2})\.?", re.ASCII)
_WORDS: Final = {"today": 0, "heute": 0, "tomorrow": 1, "morgen": 1}
#: Telegram shows words the way their letters turn it; a name keeps its joiners.
_JOINERS: Final = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Days from first to last, both in (ISO dates). cover: who can be reached instead, if said."""

    first_on: str
    last_on: str
    cover: str | None = field(default=None, repr=False)


def read_away(typed: str, today_on: str) -> Wanted:
    """Read when somebody will be away. today_on: the local date.

    Without a year the next such days are meant. Errors: Refused("away_date") for what is no day,
    Refused("cover_long"), and those of `check_days`.
    """
    said = _COVER.search(typed)
    cover = tidy_cover(said["cover"]) if said else None
    words = plain_words(typed[: said.start()] if said else typed).strip(" ,;")
    while (before := _BEFORE.match(words)) is not None:
        words = words[before.end() :]
    found = _two_days(words, today_on)
    resolved = None if found is None else _resolved(*found, today_on)
    if resolved is None:
        quoted = " ".join(typed.split())[:_QUOTED]
        raise Refused("away_date", typed=quoted, example=_example(today_on))
    first_on, last_on = resolved
    if found is not None and found[1].year is None and _days(first_on, last_on) > LONGEST_DAYS:
        # Half a year and more: rather the other way round than from this year into the next.
        turned = found[1].in_years([int(first_on[:4])])
        if turned and today_on <= turned[0] < first_on:
            last_on = turned[0]
    return Wanted(*check_days(first_on, last_on, today_on), cover)


def check_days(first_on: str, last_on: str, today_on: str) -> tuple[str, str]:
    """Give days on which one can be away from now on, as they are.

    Errors: Refused with `away_turned`, `away_past`, `away_begun`, `away_far`, `away_long`; each
    names `first_on`, `last_on` and an `example`.
    """
    facts = {"first_on": first_on, "last_on": last_on, "example": _example(today_on)}
    if last_on < first_on:
        raise Refused("away_turned", **facts | {"example": f"{last_on} {first_on}"})
    if last_on < today_on:
        raise Refused("away_past", **facts)
    if first_on < today_on:
        raise Refused("away_begun", **facts | {"example": f"{today_on} {last_on}"})
    if first_on > day_after(today_on, FARTHEST_DAYS):
        raise Refused("away_far", **facts)
    if _days(first_on, last_on) > LONGEST_DAYS:
        raise Refused("away_long", **facts, most=LONGEST_DAYS)
    return first_on, last_on


def tidy_cover(given: str) -> str | None:
    """Give who covers as one line that leaves its neighbours in peace; None where nothing is left.

    Controls and marks that turn the direction of writing go. Errors: Refused("cover_long").
    """
    plain = "".join(
        " " if one.isspace() else one
        for one in given
        if one.isspace() or one in _JOINERS or category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    cover = " ".join(plain.split())
    if len(cover) > LONGEST_COVER:
        raise Refused("cover_long", has=len(cover), most=LONGEST_COVER)
    return cover if is_seen(cover) else None


def _two_days(words: str, today_on: str) -> tuple[TypedDay, TypedDay] | None:
    """Read the first and the last day; of one alone both are that."""
    if (until := _UNTIL.match(words)) is not None:
        last = _day(words[until.end() :], today_on)
        return None if last is None else (_typed(today_on), last)
    if (single := _day(words, today_on)) is not None:
        return single, single
    return next(_split(words, today_on), None)


def _split(words: str, today_on: str) -> Iterator[tuple[TypedDay, TypedDay]]:
    for between in _BETWEEN.finditer(words):
        left, right = words[: between.start()], words[between.end() :]
        first, last = _day(left, today_on), _day(right, today_on)
        if first is None and last is not None and (bare := _BARE.fullmatch(left)) is not None:
            first = TypedDay(last.year, last.month, int(bare[1]))
        if last is None and first is not None and (bare := _BARE.fullmatch(right)) is not None:
            last = TypedDay(first.year, first.month, int(bare[1]))
        if first is not None and last is not None:
            yield first, last


def _day(words: str, today_on: str) -> TypedDay | None:
    return _typed(day_after(today_on, _WORDS[words])) if words in _WORDS else read_day(words)


def _typed(on: str) -> TypedDay:
    return TypedDay(int(on[:4]), int(on[5:7]), int(on[8:]))


def _resolved(first: TypedDay, last: TypedDay, today_on: str) -> tuple[str, str] | None:
    """Give the dates that are meant, None where there is no such day."""
    if first.year is None and last.year is not None:
        last_on = last.from_on(today_on)
        first_on = None if last_on is None else first.until_on(last_on)
    else:
        first_on = _lately(first, today_on) or first.from_on(today_on)
        last_on = None if first_on is None else last.from_on(first_on)
    return None if first_on is None or last_on is None else (first_on, last_on)


def _lately(first: TypedDay, today_on: str) -> str | None:
    """Give the day without a year that has just been, None where none was."""
    before = None if first.year is not None else first.until_on(today_on)
    return before if before is not None and before >= day_after(today_on, -_LATELY_DAYS) else None


def _days(first_on: str, last_on: str) -> int:
    return (date.fromisoformat(last_on) - date.fromisoformat(first_on)).days + 1


def _example(today_on: str) -> str:
    return f"{day_after(today_on, 14)} {day_after(today_on, 28)}"
