"""Which events of a text belong together: a series with its exceptions, or one for itself.

Owns what one id (UID) may stand for. Where it stands for several things, the latest version counts;
of things that are no versions of each other the first one counts, and the others are told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, datetime

from icalendar.prop import vBroken

from bot.feeds.localising import Component, Entry, is_exception

#: Told of an event whose id is another one's.
OnTwice = Callable[[Entry], None]


def by_uid(entries: list[Entry], on_twice: OnTwice) -> Iterator[list[Entry]]:
    """Give what belongs together, in the order of the text."""
    named: dict[str, list[Entry]] = {}
    for entry in entries:
        named.setdefault(uid_of(entry.part), []).append(entry)
    for same in named.values():
        if len(same) == 1 and not same[0].place.is_off:
            yield same  # most are, and need no looking at
            continue
        if is_planned([entry.part for entry in same]):
            exceptions = [entry for entry in same if is_exception(entry.part)]
            wholes = [entry for entry in same if not is_exception(entry.part)]
            yield [*_latest(wholes, exceptions, on_twice), *exceptions]
            continue
        starts: dict[str, list[Entry]] = {}
        for entry in same:
            starts.setdefault(start_of(entry.part), []).append(entry)
        for versions in starts.values():
            yield _latest(versions, [], on_twice)


def uid_of(part: Component) -> str:
    """Give what an event is known by."""
    if uid := str(part.get("UID", "")):
        return uid
    # Not allowed, but seen. What it says is the best there is to know it again by.
    said = f"{start_of(part)}\n{part.get('SUMMARY', '')}"
    return f"none-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def start_of(part: Component) -> str:
    """Give when an event begins, as it stands there."""
    start = part.get("DTSTART")
    value = None if isinstance(start, vBroken) else getattr(start, "dt", None)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else "?"


def is_series(part: Component) -> bool:
    """Say whether an event stands for several."""
    return "RRULE" in part or "RDATE" in part


def is_planned(parts: list[Component]) -> bool:
    """Say whether these are a series, or what is left of one."""
    return any(is_series(part) or is_exception(part) for part in parts)


def _latest(wholes: list[Entry], exceptions: list[Entry], on_twice: OnTwice) -> list[Entry]:
    """Give the version that counts, if there is one; all is off where that was said last."""
    last = max((_sequence(entry) for entry in wholes), default=0)
    if any(entry.place.is_off and _sequence(entry) == last for entry in wholes):
        for entry in (*wholes, *exceptions):
            entry.part["STATUS"] = "CANCELLED"
    elif len(wholes) > 1:
        wholes = [entry for entry in wholes if _sequence(entry) == last]
    first = next((entry for entry in wholes if is_series(entry.part)), next(iter(wholes), None))
    if first is None:
        return []
    for other in wholes:
        if not (other.place.is_off or first.place.is_off or other.block.lines == first.block.lines):
            on_twice(other)
    return [first]


def _sequence(entry: Entry) -> int:
    said = entry.part.get("SEQUENCE")
    return said if isinstance(said, int) else 0
