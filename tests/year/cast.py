"""Who plays in a year, drawn from a seed: people, their ways, their clocks, when they meet."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

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
)  # fmt: skip
_READINGS: Final[dict[str, Reading]] = {
    "Ben": "soon", "Dana": "late", "Therapist 3": "never", "Therapist 4": "mirror",
}  # fmt: skip
#: Most live where the practice is; clocks there and in these places change on different days.
_ZONES: Final = ("Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
_OWN_QUIET: Final = ("22:00", "07:00")
_TIMES: Final = tuple(f"{hour:02}:00" for hour in range(8, 21))


@dataclass(frozen=True, slots=True)
class Slot:
    """A pattern in the timetable, from a date on; weekday: Monday is 0."""

    weekday: int
    time: str
    every_weeks: int

    def dates(self, until: date) -> list[date]:
        """List the local dates until one, inclusive."""
        first = FIRST_ON + timedelta(days=self.weekday)
        weeks = range(0, max(0, (until - first).days // 7 + 1), self.every_weeks)
        return [first + timedelta(weeks=week) for week in weeks]


@dataclass(frozen=True, slots=True)
class Part:
    """A client's part. zone, quiet: None for the practice's."""

    name: str
    way: Ways
    therapist: str
    code: str
    slots: tuple[Slot, ...]
    zone: str | None
    quiet: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody."""

    therapists: dict[str, Reading]
    parts: tuple[Part, ...]


def draw(chance: random.Random, clients: int = len(_WAYS)) -> Cast:
    """Draw a practice; with fewer clients, the first ways of a shuffled list."""
    ways = list(_WAYS)
    chance.shuffle(ways)
    names = list(_READINGS)
    free = {name: _grid(chance) for name in names}
    parts = []
    for number, way in enumerate(ways[:clients]):
        therapist = names[number % len(names)]
        letter = "ABCD"[number % len(names)]
        often = chance.choices((1, 2, 3), (87, 10, 3))[0]
        every = 2 if often == 1 and chance.random() < 0.4 else 1
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
    return Cast(dict(_READINGS), tuple(parts))


def _grid(chance: random.Random) -> list[tuple[int, str]]:
    """Give a therapist's hours of a week in a random order."""
    hours = [(day, time) for day in range(5) for time in _TIMES]
    return chance.sample(hours, len(hours))
