"""What "healthy" means: from what was seen of the program to one verdict, with a sentence for each.

Owns the thresholds. Facts and sentences are counts and ages, never who or what. Only `bad` makes it
unhealthy; `watch` is for a person to look at when there is time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

State = Literal["fine", "watch", "bad"]

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

#: How long a tick may take to go through. `follow` waits for other people's calendars.
TICK_SECONDS: Final = 5 * MINUTE
FOLLOW_SECONDS: Final = 30 * MINUTE
#: A message that is due is sent within seconds; what certainly failed is due later again.
OVERDUE_SECONDS: Final = 5 * MINUTE
#: Beyond this nothing is sent, see `ClockWentBack`.
BEHIND_SECONDS: Final = 5 * MINUTE
FREE_BYTES: Final = 100 * 2**20
LOW_BYTES: Final = 1024 * 2**20
ERASURE_SECONDS: Final = 21 * DAY
BACKUP_SECONDS: Final = 2 * DAY
#: A hold that lasts for longer has been forgotten.
HOLD_SECONDS: Final = DAY


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database says. Ages in seconds, 0 where there is nothing of the kind.

    overdue, overdue_for: messages that should have gone out, and the oldest of them. erasures,
    erasures_for: wishes that the practice has to decide about. behind: the wall clock, behind the
    newest time noted. set_aside: updates that could not be handled. held_for: since a backup was
    restored and the bot is on hold, None where it is not.
    """

    overdue: int
    overdue_for: float
    erasures: int
    erasures_for: float
    behind: float
    set_aside: int
    held_for: float | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """How updates arrive. ago: seconds since the last sign of it, None before the first.

    is_fresh: whether that is lately enough. undelivered: how many Telegram just failed to bring.
    """

    ago: float | None
    is_fresh: bool
    undelivered: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen of the program at one moment.

    writes: whether a write was committed in time. kept: None where reading failed. ticks: seconds
    since each went through without failing. free_bytes: None where the disk did not say.
    backup_age: seconds; None where no backup is known.
    """

    writes: bool
    kept: Kept | None
    ticks: Mapping[str, float]
    received: Received
    free_bytes: int | None
    backup_age: float | None


@dataclass(frozen=True, slots=True)
class Check:
    """One verdict and its sentence."""

    name: str
    state: State
    says: str


@dataclass(frozen=True, slots=True)
class Report:
    """All verdicts about one moment."""

    facts: Facts
    checks: tuple[Check, ...]

    @property
    def is_healthy(self) -> bool:
        """Say whether nothing is bad."""
        return not self.bad

    @property
    def bad(self) -> tuple[str, ...]:
        """Name what is bad."""
        return tuple(check.name for check in self.checks if check.state == "bad")


def judge(facts: Facts) -> Report:
    """Turn facts into verdicts."""
    return Report(
        facts,
        (
            _database(facts),
            _ticks(facts.ticks),
            _receiving(facts.received),
            _outbox(facts.kept),
            _clock(facts.kept),
            _disk(facts.free_bytes),
            _erasures(facts.kept),
            _set_aside(facts.kept),
            _backup(facts.backup_age),
            _hold(facts.kept),
        ),
    )


def _database(facts: Facts) -> Check:
    if facts.kept is None:
        return Check("database", "bad", "does not answer")
    if not facts.writes:
        return Check("database", "bad", "answers, but takes no writes")
    return Check("database", "fine", "answers and takes writes")


def _ticks(ticks: Mapping[str, float]) -> Check:
    late = [name for name in sorted(ticks) if ticks[name] > _tick_limit(name)]
    if late:
        said = ", ".join(f"{name} for {age(ticks[name])}" for name in late)
        return Check("ticks", "bad", f"did not go through: {said}")
    return Check("ticks", "fine", f"all went through; the slowest {age(max(ticks.values()))} ago")


def _tick_limit(name: str) -> float:
    return FOLLOW_SECONDS if name == "follow" else TICK_SECONDS


def _receiving(received: Received) -> Check:
    if received.ago is None:
        return Check("receiving", "bad", "Telegram has not answered since the start")
    if not received.is_fresh:
        return Check("receiving", "bad", f"no sign of Telegram for {age(received.ago)}")
    if received.undelivered:
        many = received.undelivered
        return Check("receiving", "bad", f"Telegram cannot bring its updates, {many} wait")
    return Check("receiving", "fine", f"last sign of Telegram {age(received.ago)} ago")


def _outbox(kept: Kept | None) -> Check:
    if kept is None:
        return _not_known("outbox")
    if kept.overdue:
        return Check("outbox", "bad", f"{kept.overdue} overdue, the oldest {age(kept.overdue_for)}")
    return Check("outbox", "fine", "nothing is overdue")


def _clock(kept: Kept | None) -> Check:
    if kept is None:
        return _not_known("clock")
    if kept.behind > BEHIND_SECONDS:
        return Check("clock", "bad", f"{age(kept.behind)} behind what was noted: nothing is sent")
    return Check("clock", "fine", "not behind what was noted")


def _disk(free_bytes: int | None) -> Check:
    if free_bytes is None:
        return Check("disk", "bad", "does not say how much room it has")
    state: State = (
        "bad" if free_bytes < FREE_BYTES else "watch" if free_bytes < LOW_BYTES else "fine"
    )
    return Check("disk", state, f"{free_bytes // 2**20} MiB free")


def _erasures(kept: Kept | None) -> Check:
    if kept is None:
        return _not_known("erasures")
    if not kept.erasures:
        return Check("erasures", "fine", "none to be decided")
    state: State = "watch" if kept.erasures_for > ERASURE_SECONDS else "fine"
    said = f"{kept.erasures} to be decided, the oldest asked {age(kept.erasures_for)} ago"
    return Check("erasures", state, said)


def _set_aside(kept: Kept | None) -> Check:
    if kept is None:
        return _not_known("set aside")
    if kept.set_aside:
        return Check("set aside", "watch", f"{kept.set_aside} updates could not be handled")
    return Check("set aside", "fine", "every update could be handled")


def _backup(backup_age: float | None) -> Check:
    if backup_age is None:
        return Check("backup", "watch", "none is known; `rapport backup` makes one")
    state: State = "watch" if backup_age > BACKUP_SECONDS else "fine"
    return Check("backup", state, f"the newest is {age(backup_age)} old")


def _hold(kept: Kept | None) -> Check:
    if kept is None:
        return _not_known("hold")
    if kept.held_for is None:
        return Check("hold", "fine", "not on hold")
    state: State = "bad" if kept.held_for > HOLD_SECONDS else "watch"
    said = f"on hold for {age(kept.held_for)}: nothing is sent before `rapport resume`"
    return Check("hold", state, said)


def _not_known(name: str) -> Check:
    """The database is what is bad then; this is not known."""
    return Check(name, "watch", "not known while the database does not answer")


def age(seconds: float) -> str:
    """Write an age in its largest unit, rounded down: 42 s, 5 min, 7 h, 3 d."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds / size)} {unit}"
    return f"{int(seconds)} s"
