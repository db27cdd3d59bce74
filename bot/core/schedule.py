"""The schedule's values: at which level each can be set, and which of several counts.

config.toml gives the practice's defaults; what was set at run time wins over it, a therapist's own
over the practice's. Refuses to judge values: their ranges are those of the settings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from bot.core.errors import Refused

Level = Literal["practice", "therapist"]
Source = Literal["config", "practice", "therapist"]

#: Every value of the schedule, named as in config.toml, and who can have one of their own.
LEVELS: Final[Mapping[str, tuple[Level, ...]]] = {
    "checkin.delay_minutes": ("practice", "therapist"),
    "checkin.reminder_after_hours": ("practice",),
    "checkin.expiry_hours": ("practice",),
    "checkin.per_day": ("practice",),
    "checkin.per_week": ("practice",),
    "checkin.quiet_from": ("practice",),
    "checkin.quiet_to": ("practice",),
    "digest.weekday": ("practice", "therapist"),
    "digest.time": ("practice", "therapist"),
    "practice.morning_card": ("practice", "therapist"),
}

#: So far ahead a preview looks.
PLANNED_DAYS: Final = 14

#: What is typed for one or two values that are set together.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "delay": ("checkin.delay_minutes",),
    "reminder": ("checkin.reminder_after_hours",),
    "expiry": ("checkin.expiry_hours",),
    "day": ("checkin.per_day",),
    "week": ("checkin.per_week",),
    "quiet": ("checkin.quiet_from", "checkin.quiet_to"),
    "digest": ("digest.weekday", "digest.time"),
    "card": ("practice.morning_card",),
}
#: Typed instead of a value: it follows again.
FOLLOW: Final = ("follow", "default", "standard")
#: Between two times, and nowhere else.
_DASH: Final = re.compile(r"(?<=:\d\d)\s*[-\u2010-\u2015]\s*(?=\d)")
_WEEKDAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "monday": ("mon", "mo", "montag"),
    "tuesday": ("tue", "di", "dienstag"),
    "wednesday": ("wed", "mi", "mittwoch"),
    "thursday": ("thu", "do", "donnerstag"),
    "friday": ("fri", "fr", "freitag"),
    "saturday": ("sat", "sa", "samstag"),
    "sunday": ("sun", "so", "sonntag"),
}


@dataclass(frozen=True, slots=True)
class Held:
    """What was last set for a name; None: it was told to follow again.

    since_at: since when it counts (UTC ms), which is not yet a change where it changed nothing.
    """

    value: str | None
    since_at: int


@dataclass(frozen=True, slots=True)
class Counting:
    """The value of a name that counts, None that of config.toml, and where it comes from.

    since_at: when that became so by somebody's act, 0 where nobody ever set it.
    """

    value: str | None
    source: Source
    since_at: int


_NEVER: Final = Held(None, 0)


def counting(
    name: str, practice: Mapping[str, Held], own: Mapping[str, Held] | None = None
) -> Counting:
    """Say which value of a name counts. own: a therapist's; None: for the practice as a whole."""
    mine, ours = (own or {}).get(name, _NEVER), practice.get(name, _NEVER)
    if mine.value is not None:
        return Counting(mine.value, "therapist", mine.since_at)
    since_at = max(mine.since_at, ours.since_at)
    return Counting(ours.value, "config" if ours.value is None else "practice", since_at)


def wanted_of(words: str) -> dict[str, str | None]:
    """Read what somebody typed behind /schedule: `delay 45`, `digest thu 12:00`, `quiet follow`.

    Gives the values by name, None where one is to follow again.
    Errors: Refused("schedule_words") for a word that is none, or values that are too few or many.
    """
    first, *rest = _DASH.sub(" ", words).lower().split() or [""]
    names = WORDS.get(first, ())
    if rest and not names:
        raise Refused("schedule_words", typed=words)
    if len(rest) == 1 and rest[0] in FOLLOW:
        return dict.fromkeys(names)
    if first == "digest":
        return _digest(rest, words)
    if len(rest) != len(names) or not names:
        raise Refused("schedule_words", typed=words)
    return dict(zip(names, rest, strict=True))


def _digest(rest: list[str], words: str) -> dict[str, str | None]:
    """Read a day, a time or both, in whatever order."""
    found: dict[str, str | None] = {}
    for word in rest:
        days = [day for day, short in _WEEKDAYS.items() if word in (day, *short)]
        found["digest.weekday" if days else "digest.time"] = days[0] if days else word
    if not rest or len(found) != len(rest):
        raise Refused("schedule_words", typed=words)
    return found


def asked_under(
    sessions: Iterable[tuple[int, str]],
    per_day: int,
    per_week: int,
    asked: Iterable[tuple[int, str]] = (),
) -> int:
    """Count the sessions that are asked about under the caps.

    sessions: (pair, local date) of each, in order; a week begins on Monday. asked: those that were
    asked about before.
    """
    days: Counter[tuple[int, str]] = Counter()
    weeks: Counter[tuple[int, int, int]] = Counter()

    def count(pair_id: int, on: str) -> bool:
        year, week, _ = date.fromisoformat(on).isocalendar()
        fits = days[pair_id, on] < per_day and weeks[pair_id, year, week] < per_week
        days[pair_id, on] += fits
        weeks[pair_id, year, week] += fits
        return fits

    for pair_id, on in asked:
        count(pair_id, on)
    return sum(count(pair_id, on) for pair_id, on in sessions)
