"""Who plays in a year, drawn from a seed: people, their ways, their clocks, when they meet."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, Literal

Ways = Literal[
    "reliable", "forgetful", "silent", "all tens", "corrector", "late tapper", "half way", "writer",
    "snoozer", "unmet", "goals", "pauser", "blocker", "stopper", "eraser",
]  # fmt: skip
Reading = Literal["soon", "late", "never", "mirror"]

FIRST_ON: Final = date(2026, 11, 2)
ZONE: Final = "Europe/Berlin"
MINUTES: Final = 50
#: What the practice's clients do; each way is there at least once.
_WAYS: Final[tuple[Ways, ...]] = (
    *("reliable",) * 6, *("forgetful",) * 4, "silent", "silent", "all tens", "corrector",
    "late tapper", "half way", "half way", "writer", "snoozer", "unmet", "goals", "goals",
    *("pauser",) * 2, *("blocker",) * 2, *("stopper",) * 2, *("eraser",) * 2, "reliable",
    *("reliable",) * 5, *("forgetful",) * 2, "all tens", "half way",
)  # fmt: skip
_READINGS: Final[dict[str, Reading]] = {
    "Ben": "soon", "Dana": "late", "Therapist 3": "never", "Therapist 4": "mirror",
}  # fmt: skip
#: Most live where the practice is; clocks there and in these places change on different days.
_ZONES: Final = ("Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
#: To whom something may happen besides; all of them answer most of what they are asked.
_PLAIN: Final = ("reliable", "forgetful", "all tens", "half way")
#: How many of those who come once a week come once in two.
_FORTNIGHTLY: Final = 0.9
_OWN_QUIET: Final = ("22:00", "07:00")
_TIMES: Final = tuple(f"{hour:02}:00" for hour in range(8, 21))


@dataclass(frozen=True, slots=True)
class Slot:
    """A pattern in the timetable; weekday: Monday is 0. since_on: the Monday of its first week."""

    weekday: int
    time: str
    every_weeks: int
    since_on: date = FIRST_ON

    @property
    def first_on(self) -> date:
        """Give the first local date."""
        return self.since_on + timedelta(days=self.weekday)

    def dates(self, until: date) -> list[date]:
        """List the local dates until one, inclusive."""
        weeks = range(0, max(0, (until - self.first_on).days // 7 + 1), self.every_weeks)
        return [self.first_on + timedelta(weeks=week) for week in weeks]


@dataclass(frozen=True, slots=True)
class Part:
    """A client with one therapist: a pair. zone, quiet: None for the practice's.

    imported: whether the sessions come from a table, instead of a pattern.
    """

    name: str
    way: Ways
    therapist: str
    code: str
    slots: tuple[Slot, ...]
    zone: str | None
    quiet: tuple[str, str] | None
    imported: bool = False

    @property
    def key(self) -> str:
        """Name the pair: a code is unique with one therapist only."""
        return f"{self.therapist} {self.code}"


@dataclass(frozen=True, slots=True)
class Roles:
    """Whom the turns of a whole year happen to; everybody else has their own ways alone.

    couples: partners, who meet their therapist in the same hour. both: who has a second therapist,
    as that part. ended: with a goodbye, and without. renewed: who gets a new phone. mistaken: who
    is asked about another's session, and whose it was. imported: whose sessions come as a table.
    """

    couples: tuple[tuple[Part, Part], ...]
    both: Part
    ended: tuple[Part, Part]
    renewed: Part
    mistaken: tuple[Part, Part]
    imported: Part


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody. free: the hours of each therapist's week that are left. roles: none in a small
    cast."""

    therapists: dict[str, Reading]
    parts: tuple[Part, ...]
    free: dict[str, list[tuple[int, str]]]
    roles: Roles | None


def draw(chance: random.Random, clients: int = len(_WAYS)) -> Cast:
    """Draw a practice; with fewer clients, the first ways of a shuffled list."""
    is_whole, ways = clients >= len(_WAYS), list(_WAYS)
    chance.shuffle(ways)
    while is_whole and not _fits(ways):
        chance.shuffle(ways)
    names = list(_READINGS)
    free = {name: _grid(chance) for name in names}
    parts = []
    for number, way in enumerate(ways[:clients]):
        therapist = names[number % len(names)]
        letter = "ABCD"[number % len(names)]
        often = chance.choices((1, 2, 3), (87, 10, 3))[0]
        every = 2 if often == 1 and chance.random() < _FORTNIGHTLY else 1
        slots = tuple(Slot(*free[therapist].pop(), every) for _ in range(often))
        elsewhere = chance.random() < 0.2
        parts.append(
            Part(
                f"Client {number + 1}",
                way,
                therapist,
                f"{letter}{1 + number // len(names)}",
                slots,
                chance.choice(_ZONES) if elsewhere else None,
                _OWN_QUIET if chance.random() < 0.1 else None,
            )
        )
    roles = _give_roles(parts, free) if is_whole else None
    return Cast(dict(_READINGS), (*parts, roles.both) if roles else tuple(parts), free, roles)


def _fits(ways: list[Ways]) -> bool:
    """Say whether there are enough for the roles with each therapist, in their order."""
    there = (sum(way in _PLAIN for way in ways[number::4]) for number in range(4))
    return all(n >= wanted for n, wanted in zip(there, (5, 4, 2, 4), strict=True))


def _give_roles(parts: list[Part], free: dict[str, list[tuple[int, str]]]) -> Roles:
    """Choose whom the turns happen to, and let them live where the practice is."""
    plain: dict[str, list[int]] = {name: [] for name in free}
    for number, part in enumerate(parts):
        if part.way in _PLAIN:
            plain[part.therapist].append(number)

    def take(therapist: str, **how: Any) -> Part:
        number = plain[therapist].pop(0)
        part = parts[number]
        parts[number] = replace(
            part, **{"zone": None, "quiet": None, "slots": part.slots[:1], **how}
        )
        return parts[number]

    ben, dana, third, _ = free
    couples = []
    for therapist in (ben, dana):
        one = take(therapist)
        couples.append((one, take(therapist, slots=one.slots)))
    both = take(ben)
    second = replace(both, therapist=third, code="C11", slots=(Slot(*free[third].pop(), 2),))
    # Wednesday at the latest: what is asked then is closed before Saturday.
    early = [
        free[ben].pop(next(n for n, (day, _) in enumerate(free[ben]) if day == weekday))
        for weekday in (1, 2)
    ]
    mistaken = tuple(take(ben, slots=(Slot(*hour, 2),)) for hour in early)
    ended = take(dana), take(third)
    renewed, imported = take(dana), take(third, imported=True)
    return Roles(tuple(couples), second, ended, renewed, (mistaken[0], mistaken[1]), imported)


def _grid(chance: random.Random) -> list[tuple[int, str]]:
    """Give a therapist's hours of a week in a random order."""
    hours = [(day, time) for day in range(5) for time in _TIMES]
    return chance.sample(hours, len(hours))
