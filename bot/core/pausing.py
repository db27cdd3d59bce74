"""Until when a client's questions rest: reading a typed day, which days can be meant, and when the
rest is over."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from bot.core.errors import Refused
from bot.core.timetable import day_after, to_utc

#: Nobody means to pause for longer and to be asked again by itself.
FARTHEST_DAYS: Final = 366
_LONGEST_QUOTED: Final = 40

_MONTHS: Final = (
    ("january", "januar"), ("february", "februar"), ("march", "märz", "maerz", "mrz"),
    ("april",), ("may", "mai"), ("june", "juni"), ("july", "juli"), ("august",),
    ("september", "sept"), ("october", "oktober"), ("november",), ("december", "dezember"),
)  # fmt: skip
_NUMBER: Final = {
    short: number
    for number, names in enumerate(_MONTHS, 1)
    for name in names
    for short in (name, name[:3])
}
_BEFORE: Final = re.compile(r"(until|till|bis|to|zum|the)\s+")
_SHAPES: Final = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})(?:\.(?:\s?(?P<y>\d{4}|\d\d))?)?", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})\.?\s?(?P<name>[a-zä]+)\.?(?:\s(?P<y>\d{4}))?", re.ASCII),
    re.compile(r"(?P<name>[a-zä]+)\.?\s(?P<d>\d{1,2})(?:,?\s(?P<y>\d{4}))?", re.ASCII),
)


def read_until(typed: str, today_on: str) -> str:
    """Read the day on which questions go on; without a year, the next such day is meant.

    today_on: the client's local date. Gives an ISO date. Errors: Refused("pause_date") for what is
    no day, and those of `check_until`.
    """
    words = " ".join(unicodedata.normalize("NFC", typed).casefold().split())
    while (before := _BEFORE.match(words)) is not None:
        words = words[before.end() :]
    shape = next((found for one in _SHAPES if (found := one.fullmatch(words))), None)
    parts = shape.groupdict() if shape else {}
    month = parts.get("m") or _NUMBER.get(parts.get("name") or "")
    on = _day(parts.get("y"), month, parts["d"], today_on) if month else None
    if on is None:
        quoted = " ".join(typed.split())[:_LONGEST_QUOTED]
        raise Refused("pause_date", typed=quoted, example=day_after(today_on, 21))
    return check_until(on, today_on)


def _day(year: str | None, month: str | int, day: str, today_on: str) -> str | None:
    this_year = int(today_on[:4])
    if year is not None:
        years = [int(f"20{year}" if len(year) == 2 else year)]
    else:
        years = [this_year, this_year + 1]
    found = [on for one in years if (on := _iso(one, int(month), int(day))) is not None]
    # What was today or before is meant of the next year.
    return next((on for on in found if year is not None or on >= today_on), None)


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def check_until(on: str, today_on: str) -> str:
    """Give a day (ISO) on which a pause can end: after today, and within a year.

    Errors: Refused("pause_past"), Refused("pause_far").
    """
    if on <= today_on:
        raise Refused("pause_past", on=on, example=day_after(today_on, 21))
    if on > day_after(today_on, FARTHEST_DAYS):
        raise Refused("pause_far", on=on, days=FARTHEST_DAYS)
    return on


def read_button(text: str, today_on: str) -> str | None:
    """Give the day that a button means: of so many weeks, an ISO date, or None for no end.

    Errors: Refused("stale_button"), and those of `check_until`.
    """
    if text in ("2", "4"):
        return day_after(today_on, 7 * int(text))
    if text == "0":
        return None
    shape = _SHAPES[0].fullmatch(text)
    on = _iso(int(shape["y"]), int(shape["m"]), int(shape["d"])) if shape else None
    if on is None or on != text:
        raise Refused("stale_button")
    return check_until(on, today_on)


def goes_on_at(until_on: str, zone: str) -> int:
    """Give from when on (UTC milliseconds) sessions are asked about again: the day's begin there.

    zone: the client's. A session belongs to the day on which it starts by the client's clock.
    """
    return to_utc(until_on, "00:00", zone)
