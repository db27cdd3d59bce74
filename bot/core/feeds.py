"""What a calendar's new reading changes: which events are new, moved, or gone.

An event is known by its stem (a hash of it, or of one date of its series); one stem may have
several starts. What is not there any more counts as cancelled only where the calendar shows that it
still reaches that far, and never where most of it went at once: then somebody is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Key = tuple[bytes, int]

#: So long is a calendar's name at most.
NAME_LENGTH: Final = 40
#: Of a calendar with more to mend than that, so many are kept and told.
MOST_FLAWS: Final = 20

_DAY_MS: Final = 86_400_000
#: An event without any later one beside it counts as gone only so close: calendars are published
#: for at least so long.
_SURELY_PUBLISHED_MS: Final = 7 * _DAY_MS
#: Entered after the fact, an appointment is still one.
LATE_MS: Final = 2 * _DAY_MS
#: Fewer may go at once without a question.
_ABSURD: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """An event as a calendar has it. pair_id: whose appointment it is, None where nobody knows.

    stem, series: hashes. is_met: False for one that is cancelled, or marked as no appointment.
    is_asked_about: whether the therapist can say whose it is.
    """

    stem: bytes
    series: bytes
    starts_at: int
    ends_at: int
    pair_id: int | None = None
    is_met: bool = True
    is_asked_about: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as it is kept, beside its appointment. is_planned: that is still as it was made.

    An absence that has cancelled it changes nothing about that: it may come back.
    """

    stem: bytes
    series: bytes
    starts_at: int
    ends_at: int
    pair_id: int
    appointment_id: int | None = None
    is_planned: bool = True
    was_found: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """now: of the reading. from_at, until_at: appointments are made that start in [from, until)."""

    now: int
    from_at: int
    until_at: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reading changes.

    made: new appointments. moved: from, to. renamed: the same under another stem. cancelled: said
    to be. gone: not there any more. lost: how many of the `of` coming ones are gone; is_absurd:
    too many to believe.
    """

    made: tuple[Found, ...] = ()
    moved: tuple[tuple[Kept, Found], ...] = ()
    renamed: tuple[tuple[Kept, Found], ...] = ()
    cancelled: tuple[Kept, ...] = ()
    gone: tuple[Kept, ...] = ()
    lost: int = 0
    of: int = 0
    is_absurd: bool = field(default=False)


def reconcile(
    kept: Sequence[Kept],
    found: Sequence[Found],
    span: Span,
    unread: frozenset[bytes] = frozenset(),
    *,
    is_believed: bool = False,
) -> Changes:
    """Say what a reading changes. unread: hashes of series that could not be read this time.

    is_believed: somebody has said that what is missing is cancelled.
    """
    met = [event for event in found if event.is_met]
    new = {(event.stem, event.starts_at): event for event in met}
    old = {(event.stem, event.starts_at): event for event in kept}
    moved, cancelled = _in_place(old, new)
    moved += _pairs(old, new, lambda event: (event.stem, event.pair_id))
    renamed = _pairs(old, new, lambda event: (event.starts_at, event.pair_id))
    off = {event.stem for event in found if not event.is_met}
    cancelled += [event for event in old.values() if event.stem in off]
    missing = [e for e in old.values() if e.stem not in off and e.series not in unread]
    gone = [
        event
        for event in missing
        if (is_believed and event.starts_at > span.now) or _reaches(event, met, span.now)
    ]
    coming = _coming(kept, span.now)
    # What is another pair's now is lost, too; what the calendar itself calls off is not.
    lost = _coming(missing, span.now) + _coming(
        [e for e in cancelled if e.stem not in off], span.now
    )
    return Changes(
        made=tuple(
            event
            for event in new.values()
            if event.pair_id is not None and span.from_at <= event.starts_at < span.until_at
        ),
        moved=tuple(moved),
        renamed=tuple(renamed),
        cancelled=tuple(cancelled),
        gone=tuple(gone),
        lost=lost,
        of=coming,
        is_absurd=not is_believed and _is_absurd(lost, coming, is_empty=not found),
    )


def _coming(events: Iterable[Kept], now: int) -> int:
    """Count those that are still to come, as they were planned."""
    return sum(event.is_planned and event.starts_at > now for event in events)


def _is_absurd(lost: int, of: int, *, is_empty: bool) -> bool:
    """Say whether so many of these are lost that something must be wrong with the calendar."""
    return (lost >= _ABSURD and lost * 2 > of) or (is_empty and lost > 0)


def _in_place(
    old: dict[Key, Kept], new: dict[Key, Found]
) -> tuple[list[tuple[Kept, Found]], list[Kept]]:
    """Take out what stands where it stood: what has another length, and what is another pair's.

    Of the latter only the old: the new is still to be made.
    """
    longer: list[tuple[Kept, Found]] = []
    others: list[Kept] = []
    for key in [key for key in old if key in new]:
        before, after = old.pop(key), new[key]
        if after.pair_id != before.pair_id:
            others.append(before)
            continue
        del new[key]
        if after.ends_at != before.ends_at:
            longer.append((before, after))
    return longer, others


def _pairs(
    old: dict[Key, Kept], new: dict[Key, Found], same: Callable[[Kept | Found], object]
) -> list[tuple[Kept, Found]]:
    """Take out what is the same by something, oldest start first."""
    waiting: dict[object, list[Found]] = {}
    for event in sorted(new.values(), key=lambda one: one.starts_at):
        waiting.setdefault(same(event), []).append(event)
    found = []
    for before in sorted(old.values(), key=lambda one: one.starts_at):
        if fitting := waiting.get(same(before)):
            after = fitting.pop(0)
            del old[before.stem, before.starts_at], new[after.stem, after.starts_at]
            found.append((before, after))
    return found


def _reaches(event: Kept, met: Sequence[Found], now: int) -> bool:
    """Say whether a calendar still shows what lies around a missing event."""
    later = any(other.starts_at >= event.starts_at for other in met)
    if event.starts_at <= now:
        # Some calendars drop what has begun or is over: this one must show something as old.
        older = any(
            other.ends_at <= event.ends_at and other.starts_at <= event.starts_at for other in met
        )
        return older and later
    is_near = event.starts_at - now <= _SURELY_PUBLISHED_MS
    return later or (is_near and any(other.starts_at > now for other in met))


@dataclass(frozen=True, slots=True)
class Flaw:
    """What in a feed cannot be taken as it stands. knows: a hash to know it again.

    kind: `too_often`, `bad_rule`, `bad_event`, `twice`: it is left out; `zone`, `zone_rule`: its
    times are read in another zone. starts: when it begins, as it stands there. line: of the file, 0
    if not known.
    """

    knows: bytes
    kind: Literal["too_often", "bad_rule", "bad_event", "zone", "zone_rule", "twice"]
    starts: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where a feed is, and the secret its hashes are made with. name: what people call it.

    declared: by which name config.toml has it, empty where somebody added it.
    """

    name: str
    url: str = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    declared: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """By what a reading is known again. etag, modified: the server's; body: a hash of its bytes.

    matched: a hash of what its events were matched with; with another, it reads differently.
    """

    etag: str = field(default="", repr=False)
    modified: str = ""
    body: str = field(default="", repr=False)
    matched: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar as it is kept; therapist_id: None for the practice's. Instants as in its row.

    rests: why it is not read: somebody has said no to it, or config.toml does not have it any more.
    """

    id: int
    therapist_id: int | None
    source: Source
    seen: Seen
    accepted_at: int | None
    tried_at: int | None
    read_at: int | None
    planned_on: str | None
    failures: int
    problem: str | None
    lost: int | None
    lost_of: int | None
    held_at: int | None
    allowed_at: int | None
    rests: Literal["declined", "gone"] | None
