"""Until when a client's questions rest: reading a typed day, which days can be meant, and when the
rest is over."""

from __future__ import annotations

import re
from typing import Final

from bot.core.days import plain_words, read_day, read_iso
from bot.core.errors import Refused
from bot.core.timetable import day_after, to_utc

#: Nobody means to pause for longer and to be asked again by itself.
FARTHEST_DAYS: Final = 366
_LONGEST_QUOTED: Final = 40

_BEFORE: Final = re.compile(r"(until|till|bis|to|zum|the)\s+")


def read_until(typed: str, today_on: str) -> str:
    """Read the day on which questions go on; without a year, the next such day is meant.

    today_on: the client's local date. Gives an ISO date. Errors: Refused("pause_date") for what is
    no day, and those of `check_until`.
    """
    words = plain_words(typed)
    while (before := _BEFORE.match(words)) is not None:
        words = words[before.end() :]
    day = read_day(words)
    this_year = int(today_on[:4])
    found = [] if day is None else day.in_years((this_year, this_year + 1))
    # What was today or before is meant of the next year.
    has_year = day is not None and day.year is not None
    on = next((on for on in found if has_year or on >= today_on), None)
    if on is None:
        quoted = " ".join(typed.split())[:_LONGEST_QUOTED]
        raise Refused("pause_date", typed=quoted, example=day_after(today_on, 21))
    return check_until(on, today_on)


def check_until(on: str, today_on: str) -> str:
    """Give a day (ISO) on which a pause can end: after today, and within a year.

    Errors: Refused("pause_past"), Refused("pause_far").
    """
    if on <= today_on:
        raise Refused("pause_past", on=on, example=day_after(today_on, 21))
    if on > day_after(today_on, FARTHEST_DAYS):
        raise Refused("pause_far", on=on)
    return on


def read_button(text: str, today_on: str) -> str | None:
    """Give the day that a button means: of so many weeks, an ISO date, or None for no end.

    Errors: Refused("stale_button"), and those of `check_until`.
    """
    if text in ("2", "4"):
        return day_after(today_on, 7 * int(text))
    if text == "0":
        return None
    on = read_iso(text)
    if on is None:
        raise Refused("stale_button")
    return check_until(on, today_on)


def goes_on_at(until_on: str, zone: str) -> int:
    """Give from when on (UTC milliseconds) sessions are asked about again: the day's begin there.

    zone: the client's. A session belongs to the day on which it starts by the client's clock.
    """
    return to_utc(until_on, "00:00", zone)
