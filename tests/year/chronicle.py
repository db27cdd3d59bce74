"""What was done to people and to the program in a year, written down for those who judge."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from tests.year.cast import Part


@dataclass(frozen=True, slots=True)
class Single:
    """One session beside the patterns, by its pair. known_at: since when the program knows it."""

    key: str
    on: date
    time: str
    known_at: int


@dataclass(frozen=True, slots=True)
class Left:
    """A chat that was left: nothing is sent there any more, but what is due by design.

    but: what such a message says. why: in what way it was left.
    """

    chat: int
    at: int
    why: str
    but: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entitled:
    """Whose chat may show a code, from when until when."""

    chat: int
    code: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of the server. from_at: the backup's newest moment. until_at: when it was restored.

    answers: how many were given in between. resumed_at: when the hold ended.
    """

    from_at: int
    crashed_at: int
    until_at: int
    resumed_at: int
    answers: int


@dataclass
class Chronicle:
    """What happened.

    down: from when to when the program was away, or on hold. silent: when nobody was to be asked
    (paused, stopped, erased, ended), by pair. gone: when nobody was to be written to (stopped,
    erased, blocked), by client: with whichever therapist, it is one phone. away: first and last
    days off, by therapist. dropped: when sessions were taken from whom they were not, by pair and
    date. changed: when somebody went to another chat. left_at: when a therapist's work began to
    end, and when the access did.
    """

    down: list[tuple[int, int]] = field(default_factory=list)
    silent: defaultdict[str, list[list[int]]] = field(default_factory=lambda: defaultdict(list))
    gone: defaultdict[str, list[list[int]]] = field(default_factory=lambda: defaultdict(list))
    away: defaultdict[str, list[tuple[date, date]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    singles: list[Single] = field(default_factory=list)
    dropped: dict[tuple[str, date], int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    left_at: dict[str, tuple[int, int]] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    entitled: list[Entitled] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    loss: Loss | None = None

    def is_off(self, therapist: str, on: date) -> bool:
        """Say whether a therapist is away on a day."""
        return any(first <= on <= last for first, last in self.away[therapist])
