"""Cutting from an ICS text what matters: its zones, and its events that can be of a time.

Owns the lines and blocks of such a text, and nothing of what they say: that costs twenty times as
much, and most of what a calendar holds is years ago, or the text of an invitation. What is not
whole is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

#: What is looked at of an event.
_USED: Final = frozenset(
    name.encode()
    for name in (
        "UID", "SEQUENCE", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE",
        "RECURRENCE-ID", "SUMMARY", "STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS", "CATEGORIES",
        "ATTENDEE", "X-CLIENT-CODE",
    )
)  # fmt: skip
_OF_SERIES: Final = frozenset((b"RRULE", b"RDATE", b"RECURRENCE-ID"))
#: Some write these without a value where there is none.
_MAY_BE_EMPTY: Final = frozenset((b"RDATE", b"EXDATE", b"EXRULE"))
#: An alarm's place or an event's stands in its own; deeper is nothing that anybody writes.
_DEEPEST: Final = 8
_BLOCKS: Final = (b"VCALENDAR", b"VEVENT", b"VTIMEZONE", b"STANDARD", b"DAYLIGHT", b"VALARM")
_NAME: Final = re.compile(rb"([A-Za-z0-9-]+)[;:]")
_DAY: Final = re.compile(rb"[0-9]{8}")


class Torn(Exception):
    """A text whose blocks do not begin and end as they should; the message says in which line."""


@dataclass(slots=True)
class Block:
    """An event. line: where it begins in the text, the first being 1. names: of its lines."""

    line: int
    lines: list[bytes] = field(default_factory=list)
    names: set[bytes] = field(default_factory=set)
    uid: bytes = b""
    day: bytes = b""

    @property
    def text(self) -> bytes:
        """Give it as a text of its own."""
        return b"\r\n".join((b"BEGIN:VEVENT", *self.lines, b"END:VEVENT", b""))

    def take(self, name: bytes, line: bytes) -> None:
        """Keep a line if it matters."""
        if name not in _USED or (name in _MAY_BE_EMPTY and line.endswith(b":")):
            return
        self.lines.append(line)
        self.names.add(name)
        if name == b"UID":
            self.uid = line.partition(b":")[2]
        elif name == b"DTSTART":
            # A zone's name may hold a colon, a time never does.
            self.day = line.rpartition(b":")[2][:8]


@dataclass(slots=True)
class ZoneBlock:
    """A zone that a calendar defines. line: where it begins in the text, the first being 1."""

    line: int
    lines: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> bytes:
        """Give it as a text of its own."""
        return b"\r\n".join((*self.lines, b""))


@dataclass(slots=True)
class Calendar:
    """One calendar of a text. zone: its own, as it names it. zones: what it defines.

    is_off: it says that what it holds is cancelled.
    """

    zone: bytes = b""
    is_off: bool = False
    zones: list[ZoneBlock] = field(default_factory=list)
    events: list[Block] = field(default_factory=list)


def cut(data: bytes, first_day: str, last_day: str) -> list[Calendar]:
    """Give the calendars of a text with the events that can start between two days.

    first_day, last_day: like 20261102, with some days to spare for zones. Series are kept whole.
    Errors: `Torn`.
    """
    found: list[Calendar] = []
    open_blocks: list[bytes] = []
    for number, line in _lines(data):
        named = _NAME.match(line)
        if named is None and len(open_blocks) < 2:
            raise Torn(f"line {number} is none of a calendar's")
        name = named[1].upper() if named is not None else b""
        if name == b"BEGIN":
            open_blocks.append(line.rpartition(b":")[2].strip().upper())
            _begin(open_blocks, number, found)
        elif not open_blocks:
            raise Torn(f"line {number} stands outside of a calendar")
        elif open_blocks[1:2] == [b"VTIMEZONE"]:
            found[-1].zones[-1].lines.append(line)
        elif len(open_blocks) == 1 and name == b"X-WR-TIMEZONE":
            found[-1].zone = line.partition(b":")[2].strip()
        elif len(open_blocks) == 1 and name == b"METHOD":
            found[-1].is_off = line.partition(b":")[2].strip().upper() == b"CANCEL"
        elif open_blocks[1:] == [b"VEVENT"] and name != b"END":
            found[-1].events[-1].take(name, line)
        if name == b"END":
            _end(open_blocks, number, line)
    if open_blocks:
        raise Torn(f"the end of its last {_shown(open_blocks[-1])} is missing")
    # One calendar of a text may hold another version of what stands in the next.
    series = {one.uid for each in found for one in each.events if one.names & _OF_SERIES}
    for each in found:
        each.events = _chosen(each.events, series, first_day.encode(), last_day.encode())
    return found


def _begin(open_blocks: list[bytes], number: int, found: list[Calendar]) -> None:
    if len(open_blocks) > _DEEPEST:
        raise Torn(f"line {number} begins a block within too many others")
    if open_blocks == [b"VCALENDAR"]:
        found.append(Calendar())
    elif len(open_blocks) == 1:
        raise Torn(f"line {number} begins a block outside of a calendar")
    elif open_blocks[1:] == [b"VEVENT"]:
        found[-1].events.append(Block(number))
    elif open_blocks[1] == b"VTIMEZONE":
        if len(open_blocks) == 2:
            found[-1].zones.append(ZoneBlock(number))
        found[-1].zones[-1].lines.append(b"BEGIN:" + open_blocks[-1])


def _end(open_blocks: list[bytes], number: int, line: bytes) -> None:
    name = open_blocks.pop()
    if name != line.rpartition(b":")[2].strip().upper():
        raise Torn(f"line {number} ends something else than the {_shown(name)} that is open")


def _shown(name: bytes) -> str:
    """Name a block, unless what stands there may be anything."""
    return name.decode() if name in _BLOCKS else "block"


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the lines with their numbers; what was folded is one again."""
    pieces: list[bytes] = []
    at = 0
    for number, line in enumerate(
        data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1
    ):
        if line[:1] in (b" ", b"\t"):
            pieces.append(line[1:])
        elif line:
            if pieces:
                yield at, b"".join(pieces)
            pieces, at = [line], number
    if pieces:
        yield at, b"".join(pieces)


def _chosen(
    events: list[Block], series: set[bytes], first_day: bytes, last_day: bytes
) -> list[Block]:
    """Leave out what is over or far off; an event that shares its name with a series stays."""
    return [
        one
        for one in events
        if not _DAY.fullmatch(one.day) or first_day <= one.day <= last_day or one.uid in series
    ]
