"""Appointments from a table (CSV): which column is what, and a sentence for each wrong line.

Owns the mapping of columns and how dates and times may be written. Refuses to guess: a date that
can be read two ways, or a line that lacks something, is told by its number, and nothing is taken of
a table that has such a line.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.core.people import tidy_code
from bot.core.timetable import LONGEST_MINUTES, SHORTEST_MINUTES

#: What a table can say; a length or an end, and the length of all where it has neither.
PARTS: Final = ("code", "date", "time", "minutes", "end")
_NEEDED: Final = ("code", "date", "time")
_LINES: Final = 2000
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_TIME: Final = re.compile(r"(\d{1,2})[:.](\d{2})(?::00)?")


@dataclass(frozen=True, slots=True)
class Line:
    """One appointment of a table. number: its line in the file, the heading being line 1."""

    number: int
    code: str
    local_on: str
    local_time: str
    minutes: int


class BadTable(Exception):
    """A table that cannot be taken; mistakes: a sentence for each, with line and remedy."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class _Wrong(Exception):
    """What is wrong with one line, and the remedy."""


def read_columns(given: str) -> dict[str, str]:
    """Read `code=Client,date=Day,time=Start`: which heading is what. Errors: `BadTable`."""
    found: dict[str, str] = {}
    for part in given.split(","):
        name, equals, heading = part.partition("=")
        name, heading = name.strip().lower(), heading.strip()
        if not equals or name not in PARTS or not heading:
            raise BadTable(
                f"--columns has {part.strip()!r}: write it like code=Client,date=Day,time=Start"
                f" with {', '.join(PARTS)}"
            )
        found[name] = heading
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise BadTable(f"--columns does not say which column is {missing[0]}: add {missing[0]}=…")
    if "minutes" in found and "end" in found:
        raise BadTable("--columns has minutes and end: name one of them, they could disagree")
    return found


def read_table(body: bytes, columns: dict[str, str], minutes: int) -> tuple[Line, ...]:
    """Read a table whose first line is its heading. minutes: where it says no length.

    Errors: `BadTable` with all mistakes at once.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadTable("it is not written in UTF-8: save it as CSV in UTF-8") from None
    rows = _rows(text)
    names = [name.strip() for name in rows[0][1]] if rows else []
    mistakes = [
        f"line 1 has no column {wanted!r}: it has {', '.join(names) or 'nothing'}"
        for wanted in columns.values()
        if wanted not in names
    ] + [
        f"line 1 has the column {wanted!r} twice: rename the one that is not meant"
        for wanted in columns.values()
        if names.count(wanted) > 1
    ]
    if mistakes:
        raise BadTable(*mistakes)
    if len(rows) > _LINES:
        raise BadTable(f"it has more than {_LINES} lines: divide it")
    found: list[Line] = []
    for number, row in rows[1:]:
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
        try:
            said = {part: cells.get(heading, "") for part, heading in columns.items()}
            found.append(_line(number, said, minutes))
        except _Wrong as wrong:
            mistakes.append(f"line {number}: {wrong}")
    if mistakes:
        raise BadTable(*mistakes)
    return tuple(found)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Give the rows with the line each begins in, the first being 1. Errors: `BadTable`."""
    lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))
    heading = lines.getvalue().partition("\n")[0]
    reader = csv.reader(lines, delimiter=max(",;\t", key=heading.count))
    found = []
    begins = 1
    try:
        for row in reader:
            found.append((begins, row))
            begins = reader.line_num + 1
    except csv.Error:
        raise BadTable(
            f"line {begins} cannot be read: look for a quotation mark without its other, or a cell"
            " that is very long"
        ) from None
    return found


def _line(number: int, said: dict[str, str], minutes: int) -> Line:
    code = tidy_code(said["code"])
    if code is None:
        # What stands there may be a name.
        raise _Wrong("the code is none: it has 1 to 8 letters and digits, such as A7")
    on, at = _date(said["date"]), _time(said["time"])
    if said.get("end"):
        minutes = _minutes_of(_time(said["end"])) - _minutes_of(at)
    elif said.get("minutes"):
        if not said["minutes"].isascii() or not said["minutes"].isdigit():
            raise _Wrong("the length is no number of minutes: write it like 50")
        minutes = int(said["minutes"][:5])
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise _Wrong(
            f"it would last {minutes} minutes: a session has {SHORTEST_MINUTES} to"
            f" {LONGEST_MINUTES}"
        )
    return Line(number, code, on, at, minutes)


def _date(text: str) -> str:
    if (iso := _ISO.fullmatch(text)) is not None:
        year, month, day = map(int, iso.groups())
    elif (dotted := _DOTTED.fullmatch(text)) is not None:
        day, month, year = map(int, dotted.groups())
    else:
        raise _Wrong("the date is not understood: write it like 2026-12-01 or 1.12.2026")
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise _Wrong("there is no such date: look at its day and month") from None


def _time(text: str) -> str:
    found = _TIME.fullmatch(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise _Wrong("the time is not understood: write it like 15:00, 24 hours")
    return f"{int(found[1]):02}:{found[2]}"


def _minutes_of(at: str) -> int:
    return int(at[:2]) * 60 + int(at[3:])
