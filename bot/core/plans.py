"""Plans: what a therapist is shown before and after an act on the timetable, and clashes.

Pure values for the screens; what is stored stands in `bot.core.timetable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.core.draft import Draft
from bot.core.timetable import (
    Appointment,
    Entry,
    KeptRule,
    Occurrence,
    day_after,
    local_on,
    occurrences,
)

#: Why a date is none to meet on: the therapist is away, or the practice closed.
Off = Literal["away", "closed"]


@dataclass(frozen=True, slots=True)
class Clash:
    """An appointment of the same therapist at the time of an occurrence."""

    occurrence: Occurrence
    code: str
    pair_id: int
    rule_id: int | None
    starts_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Replaceable:
    """An open rule that a pattern may replace, with the appointments that would fall with it.

    overlaps: whether the two could not stand beside each other.
    """

    kept: KeptRule
    falling: tuple[Appointment, ...]
    overlaps: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would mean, before anything counts.

    occurrences: the next three (one for a single appointment or a move), with clock notes.
    replaceable: the pair's open rules, one of which a pattern may replace instead of standing
    beside them; empty for a single appointment. clashes: none with these. is_there: one of them
    gives what is drafted already. moves: the appointment that would be moved. off: why nobody is
    asked on some of these dates.
    """

    pair_id: int
    code: str
    draft: Draft
    timezone: str
    occurrences: tuple[Occurrence, ...]
    clashes: tuple[Clash, ...]
    replaceable: tuple[Replaceable, ...] = ()
    is_there: bool = False
    moves: Appointment | None = None
    off: Mapping[str, Off] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmed draft; `changed` is False when it had been confirmed before.

    replaced: the rule it closed; cancelled: that rule's appointments that fell with it. off: why
    nobody is asked on some of these dates.
    """

    pair_id: int
    code: str
    draft: Draft
    timezone: str
    occurrences: tuple[Occurrence, ...]
    replaced: KeptRule | None
    cancelled: tuple[Appointment, ...]
    changed: bool
    off: Mapping[str, Off] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """An appointment after an act; `changed` is False when the act had been done before.

    entry: the appointment beside its check-in (both are stated when they disagree).
    successor: where it was moved to.
    """

    entry: Entry
    successor: Appointment | None
    changed: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed rule with the appointments that fell with it."""

    rule: KeptRule
    cancelled: tuple[Appointment, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class Today:
    """A therapist's appointments on a local date, those that did not take place included."""

    on: str
    timezone: str
    entries: tuple[Entry, ...]


def clashes(
    wanted: Iterable[Occurrence], entries: Iterable[Entry], patterns: Iterable[KeptRule]
) -> tuple[Clash, ...]:
    """Find what overlaps the wanted occurrences, soonest first.

    entries: the therapist's appointments around them. patterns: open rules, counted from where
    they have no appointments yet.
    """
    kept = [entry for entry in entries if entry.appointment.state == "planned"]
    rules = list(patterns)
    found: list[Clash] = []
    for occurrence in wanted:
        beside: list[tuple[str, int, int | None, Appointment | Occurrence]] = [
            (e.code, e.appointment.pair_id, e.appointment.rule_id, e.appointment) for e in kept
        ]
        for rule in rules:
            beside += [
                (rule.code, rule.pair_id, rule.id, ahead) for ahead in _ahead(rule, occurrence)
            ]
        found += [
            Clash(occurrence, code, pair_id, rule_id, other.starts_at, other.ends_at)
            for code, pair_id, rule_id, other in beside
            if other.starts_at < occurrence.ends_at and other.ends_at > occurrence.starts_at
        ]
    return tuple(found)


def _ahead(kept: KeptRule, around: Occurrence) -> Iterable[Occurrence]:
    """Give a rule's occurrences that are not planned yet, on the dates around an occurrence."""
    zone = kept.rule.timezone
    from_on = day_after(local_on(around.starts_at, zone), -1)
    from_on = max(from_on, day_after(kept.planned_until_on))
    return occurrences(kept.rule, from_on, local_on(around.ends_at, zone))
