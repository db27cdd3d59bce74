"""Drafts: owns how a therapist writes an appointment, and how a button carries one.

A line is read strictly (no guessed dates, no words skipped) and refused kindly: its every refusal
carries `understood`, the parts that were read, and `example`, a whole line that would be right;
both are written the way a therapist may type them. A button's text comes from outside: it is
read as if it were hostile.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from bot.core.errors import Refused
from bot.core.people import tidy_code
from bot.core.timetable import (
    LONGEST_MINUTES,
    SHORTEST_MINUTES,
    Occurrence,
    Rule,
    day_after,
    local_on,
    next_occurrences,
    noted_occurrence,
    to_utc,
)

Repeats = Literal["once", "weekly", "fortnightly"]

DEFAULT_MINUTES: Final = 50
#: A session that has just been held may still be entered, and is asked about.
LATE_HOURS: Final = 12
FARTHEST_DAYS: Final = 366

_REPEATS: Final[dict[str, Repeats]] = {
    "once": "once",
    "einmal": "once",
    "einmalig": "once",
    "weekly": "weekly",
    "wöchentlich": "weekly",
    "woechentlich": "weekly",
    "fortnightly": "fortnightly",
    "14-tägig": "fortnightly",
    "14-taegig": "fortnightly",
    "zweiwöchentlich": "fortnightly",
    "zweiwoechentlich": "fortnightly",
}
_UNIT: Final = r"(?:m|min|minutes|minuten)"
_SPACED_UNIT: Final = re.compile(rf"(?<=\d)\s+(?={_UNIT}(?:\s|$))", re.ASCII)
_LENGTH: Final = re.compile(rf"(\d{{1,3}}){_UNIT}?", re.ASCII)
_TIME: Final = re.compile(r"(\d{1,2})[:.](\d\d)", re.ASCII)
_LIKE_DATE: Final = re.compile(r"\d+([-./])\d+\1\d*", re.ASCII)
_DATES: Final = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d\d)", re.ASCII),
)
_LETTERS: Final[dict[str, Repeats]] = {"o": "once", "w": "weekly", "f": "fortnightly"}
_PACKED: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})([owf])", re.ASCII)
_LONGEST_WORD: Final = 32

_Part = Literal["date", "time", "minutes", "repeats"]
_Found = dict[_Part, str]
_LINE: Final[tuple[_Part, ...]] = ("date", "time", "repeats")
_MOVE: Final[tuple[_Part, ...]] = ("date", "time")


@dataclass(frozen=True, slots=True)
class Draft:
    """An appointment or a pattern that somebody wrote and nobody has confirmed yet."""

    local_on: str
    local_time: str
    minutes: int
    repeats: Repeats

    def rule(self, zone: str) -> Rule:
        """Give the rule this draft makes; one that happens once has none (ValueError)."""
        if self.repeats == "once":
            raise ValueError("a single appointment has no rule")
        return self._pattern(zone)

    def occurrence(self, zone: str) -> Occurrence:
        """Give its (first) occurrence, with what the clocks do to it."""
        return noted_occurrence(self.local_on, self._pattern(zone), None)

    def preview(self, zone: str) -> tuple[Occurrence, ...]:
        """Give its next three occurrences, or the only one."""
        if self.repeats == "once":
            return (self.occurrence(zone),)
        return next_occurrences(self.rule(zone), self.local_on)

    def _pattern(self, zone: str) -> Rule:
        weekday = date.fromisoformat(self.local_on).weekday()
        every_weeks = 2 if self.repeats == "fortnightly" else 1
        return Rule(weekday, self.local_time, self.minutes, every_weeks, self.local_on, zone)


def parse_line(text: str, now: int, zone: str) -> tuple[str, Draft]:
    """Read `A7 2026-12-01 15:00 50m weekly`: a code, then the parts of a draft in any order.

    The length may be left out (50 minutes). Errors: `Refused` with `schedule_missing`,
    `schedule_code`, `schedule_order`, `schedule_word`, `schedule_twice`, `schedule_date`,
    `schedule_time`, `schedule_length`, `schedule_past`, `schedule_far`.
    """
    words = _words(text)
    typed = words.pop(0) if words and not _is_part(words[0]) else None
    code = tidy_code(typed) if typed is not None else None
    found, problem = _read(words)
    if typed is not None and code is None:
        problem = Refused("schedule_code", word=_short(typed))
    if typed is None and problem is not None and problem.reason == "schedule_word":
        code = tidy_code(str(problem.facts["word"]))
        problem = problem if code is None else Refused("schedule_order")
    facts = {
        "understood": " ".join(filter(None, (code, _written(found)))),
        "example": f"{code or 'A7'} {_example(found, now, zone)}",
    }
    if problem is not None:
        raise _with(problem, facts)
    missing = tuple(part for part in _LINE if part not in found)
    if code is None or missing:
        lacking = missing if code is not None else ("code", *missing)
        raise Refused("schedule_missing", missing=lacking, **facts)
    draft = _draft(found, DEFAULT_MINUTES)
    check_start(draft, now, zone, **facts)
    return code, draft


def parse_move(text: str, now: int, zone: str, minutes: int) -> Draft:
    """Read `2026-12-02 16:00`, where one appointment moves to; its length stays unless given.

    Errors: those of `parse_line` but for the code; a pattern is `schedule_word`.
    """
    found, problem = _read(_words(text), allow_patterns=False)
    facts = {"understood": _written(found)}
    if problem is not None:
        raise _with(problem, facts)
    missing = tuple(part for part in _MOVE if part not in found)
    if missing:
        raise Refused("schedule_missing", missing=missing, **facts)
    draft = _draft(found, minutes)
    check_start(draft, now, zone)
    return draft


def check_start(draft: Draft, now: int, zone: str, **facts: object) -> None:
    """Refuse a draft that starts more than 12 hours ago or more than 366 days ahead.

    Errors: `Refused` with `schedule_past` or `schedule_far`, carrying `facts` as well.
    """
    named = {"on": draft.local_on, "time": draft.local_time, **facts}
    today = local_on(now, zone)
    if to_utc(draft.local_on, draft.local_time, zone) < now - LATE_HOURS * 3_600_000:
        raise Refused("schedule_past", hours=LATE_HOURS, **named)
    if draft.local_on > day_after(today, FARTHEST_DAYS):
        raise Refused("schedule_far", days=FARTHEST_DAYS, **named)


def pack(draft: Draft) -> str:
    """Write a draft as the text of a button: 16 characters, as in `202612011500050w`."""
    on, at = draft.local_on.replace("-", ""), draft.local_time.replace(":", "")
    return f"{on}{at}{draft.minutes:03}{draft.repeats[0]}"


def unpack(text: str) -> Draft:
    """Read a draft from a button, trusting nothing. Errors: `Refused("stale_button")`."""
    parts = _PACKED.fullmatch(text)
    if parts is None:
        raise Refused("stale_button")
    year, month, day, hour, minute, minutes, letter = parts.groups()
    on = _iso(year, month, day)
    at = _clock(hour, minute)
    if on is None or at is None or not SHORTEST_MINUTES <= int(minutes) <= LONGEST_MINUTES:
        raise Refused("stale_button")
    return Draft(on, at, int(minutes), _LETTERS[letter])


def _words(text: str) -> list[str]:
    tidy = unicodedata.normalize("NFC", text).strip().casefold()
    return _SPACED_UNIT.sub("", tidy).split()


def _is_part(word: str) -> bool:
    """Say whether a first word is no code but the date, time or pattern of a line without one."""
    shapes = (_TIME, *_DATES)
    return ":" in word or word in _REPEATS or any(shape.fullmatch(word) for shape in shapes)


def _read(words: list[str], *, allow_patterns: bool = True) -> tuple[_Found, Refused | None]:
    """Read every word; give the parts that are right, and the first thing that is not."""
    found: _Found = {}
    typed: dict[_Part, str] = {}
    problem: Refused | None = None
    for word in words:
        try:
            part, value = _part(word)
            if part == "repeats" and not allow_patterns and value != "once":
                raise Refused("schedule_word", word=_short(word))
            if part in found:
                raise _twice(part, typed[part], word)
            found[part], typed[part] = value, word
        except Refused as refusal:
            problem = problem or refusal
    return found, problem


def _twice(part: _Part, earlier: str, word: str) -> Refused:
    """Say what is one too many; of two times, one with a dot was meant as a day and month."""
    dotted = next((time for time in (earlier, word) if part == "time" and "." in time), None)
    if dotted is not None:
        return Refused("schedule_date", word=dotted)
    return Refused("schedule_twice", part=part, word=_short(word))


def _part(word: str) -> tuple[_Part, str]:
    """Say which part a word is and give its one spelling. Errors: `Refused`, naming the word."""
    if word in _REPEATS:
        return "repeats", _REPEATS[word]
    shape = _TIME.fullmatch(word)
    if shape or ":" in word:
        at = _clock(*shape.groups()) if shape else None
        if at is None:
            raise Refused("schedule_time", word=_short(word))
        return "time", at
    if length := _LENGTH.fullmatch(word):
        if not SHORTEST_MINUTES <= int(length[1]) <= LONGEST_MINUTES:
            bounds = {"shortest": SHORTEST_MINUTES, "longest": LONGEST_MINUTES}
            raise Refused("schedule_length", word=_short(word), **bounds)
        return "minutes", str(int(length[1]))
    if _LIKE_DATE.fullmatch(word):
        date_shape = next((found for shape in _DATES if (found := shape.fullmatch(word))), None)
        on = _iso(date_shape["y"], date_shape["m"], date_shape["d"]) if date_shape else None
        if on is None:
            raise Refused("schedule_date", word=_short(word))
        return "date", on
    raise Refused("schedule_word", word=_short(word))


def _iso(year: str, month: str, day: str) -> str | None:
    """Give the date in one spelling, or None when the calendar has no such day."""
    year = f"20{year}" if len(year) == 2 else year
    # The calendar of the library ends at 1 and 9999; nobody means a date near either.
    if not 1900 <= int(year) <= 9000:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _clock(hour: str, minute: str) -> str | None:
    return f"{int(hour):02}:{minute}" if int(hour) < 24 and int(minute) < 60 else None


def _draft(found: _Found, minutes: int) -> Draft:
    length = int(found.get("minutes", minutes))
    return Draft(found["date"], found["time"], length, _REPEATS[found.get("repeats", "once")])


def _written(found: _Found) -> str:
    """Write the parts as a therapist may type them."""
    length = f"{found['minutes']}m" if "minutes" in found else None
    parts = (found.get("date"), found.get("time"), length, found.get("repeats"))
    return " ".join(filter(None, parts))


def _example(found: _Found, now: int, zone: str) -> str:
    """Write a right line that keeps what was read and has something in each other place."""
    today = local_on(now, zone)
    usual: _Found = {"date": day_after(today, 7), "time": "15:00", "repeats": "weekly"}
    right: _Found = usual | {"minutes": str(DEFAULT_MINUTES)} | found
    if not today < right["date"] <= day_after(today, FARTHEST_DAYS):
        right["date"] = usual["date"]
    return _written(right)


def _with(problem: Refused, facts: dict[str, str]) -> Refused:
    return Refused(problem.reason, **problem.facts, **facts)


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 1] + "…"
