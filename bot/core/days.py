"""A day as people type it: `24.12.`, `2026-12-24`, `24 Dec`, `December 24, 2026`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

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
_SHAPES: Final = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})(?:\.(?:\s?(?P<y>\d{4}|\d\d))?)?", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})\.?\s?(?P<name>[a-zä]+)\.?(?:\s(?P<y>\d{4}))?", re.ASCII),
    re.compile(r"(?P<name>[a-zä]+)\.?\s(?P<d>\d{1,2})(?:,?\s(?P<y>\d{4}))?", re.ASCII),
)
#: A day that some years do not have comes within eight of them.
_YEARS: Final = 9


@dataclass(frozen=True, slots=True)
class TypedDay:
    """A day of a month that was typed. year: None where none was given."""

    year: int | None
    month: int
    day: int

    def in_years(self, years: Iterable[int]) -> list[str]:
        """Give this day (ISO) in each of these years that has it; one with a year has just that."""
        wanted = years if self.year is None else (self.year,)
        found = (iso_day(year, self.month, self.day) for year in wanted)
        return [on for on in found if on is not None]

    def from_on(self, on: str) -> str | None:
        """Give the first such day at or after a date; of one with a year that, whenever it is."""
        first = int(on[:4])
        found = self.in_years(range(first, first + _YEARS))
        return next((one for one in found if self.year is not None or one >= on), None)

    def until_on(self, on: str) -> str | None:
        """Give the last such day at or before a date; of one with a year that, whenever it is."""
        last = int(on[:4])
        found = self.in_years(range(last, last - _YEARS, -1))
        return next((one for one in found if self.year is not None or one <= on), None)


def plain_words(typed: str) -> str:
    """Give what was typed in one spelling: small letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", typed).casefold().split())


def read_day(words: str) -> TypedDay | None:
    """Read one day of `plain_words`; None for what is no day. It may still not exist: 31.2."""
    shape = next((found for one in _SHAPES if (found := one.fullmatch(words))), None)
    parts = shape.groupdict() if shape else {}
    month = parts.get("m") or _NUMBER.get(parts.get("name") or "")
    if not month:
        return None
    year = parts.get("y")
    whole = None if year is None else int(f"20{year}" if len(year) == 2 else year)
    return TypedDay(whole, int(month), int(parts["d"]))


def iso_day(year: int, month: int, day: int) -> str | None:
    """Give a day as ISO text, None where there is no such day."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def read_iso(text: str) -> str | None:
    """Give an ISO date as it is written by a program, None for anything else."""
    shape = _SHAPES[0].fullmatch(text)
    on = iso_day(int(shape["y"]), int(shape["m"]), int(shape["d"])) if shape else None
    return on if on == text else None
