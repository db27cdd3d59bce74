"""Absences, of a therapist or the whole practice: whole local days, and what they do to the hours
of the weekly digest.

An hour within an absence is none: nobody would read it. Instead there is one on the evening before,
so that what was answered until then is known before the door closes. Absences that touch or overlap
are one span.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final

from bot.core.timetable import day_after, latest_weekly, local_on, next_weekly, to_utc

#: The digest before an absence comes in the evening, when the day's sessions are over.
EVENING: Final = "17:00"
#: Whoever looks every few seconds what is due asks about the same absences each time.
_KEPT: Final = 1024


@dataclass(frozen=True, slots=True)
class Absence:
    """Days from first to last, both in. owner_id: a therapist's, 0 for the practice.

    since_at: when it was said; a session that had begun by then took place.
    """

    id: int
    owner_id: int
    first_on: str
    last_on: str
    since_at: int
    cover: str | None = field(default=None, repr=False)

    def has(self, on: str) -> bool:
        """Say whether a local date is one of its days."""
        return self.first_on <= on <= self.last_on


@dataclass(frozen=True, slots=True)
class Span:
    """Days without a gap."""

    first_on: str
    last_on: str


@dataclass(frozen=True, slots=True)
class Hours:
    """The weekly hour of a digest, in a zone. weekday: 0 is Monday. time: HH:MM."""

    weekday: int
    time: str
    zone: str


@dataclass(frozen=True, slots=True)
class Away:
    """All that keeps one therapist away: own absences and the practice's."""

    absences: tuple[Absence, ...] = ()

    def on(self, on: str) -> Absence | None:
        """Give what makes a local date a day off, the own before the practice's; or None."""
        found = [one for one in self.absences if one.has(on)]
        return max(found, key=lambda one: (one.owner_id != 0, one.id), default=None)

    def taking(self, starts_at: int, zone: str) -> Absence | None:
        """Give what cancels a session that starts at an instant; None where nothing does."""
        on = local_on(starts_at, zone)
        found = [one for one in self.absences if one.has(on) and starts_at > one.since_at]
        return max(found, key=lambda one: (one.owner_id != 0, one.id), default=None)

    def spans(self) -> tuple[Span, ...]:
        """Give the days off as spans, in order."""
        return _spans(self._days)

    def span_of(self, on: str) -> Span | None:
        """Give the span that a local date lies in."""
        return next((one for one in self.spans() if one.first_on <= on <= one.last_on), None)

    def next_digest(self, now: int, hours: Hours) -> int:
        """Give the first hour of a digest after now (UTC ms)."""
        weekly = next(at for at in _later(now, hours) if self._is_kept(at, hours))
        return min([weekly, *(at for at, _ in self.eves(hours) if at > now)])

    def latest_digest(self, now: int, hours: Hours) -> int:
        """Give the latest hour of a digest until now (UTC ms)."""
        weekly = next(at for at in _earlier(now, hours) if self._is_kept(at, hours))
        return max([weekly, *(at for at, _ in self.eves(hours) if at <= now)])

    def eves(self, hours: Hours) -> tuple[tuple[int, Span], ...]:
        """Give the hours before each span in which weekly hours would have been, in order.

        On the day before, at the digest's own time where that is in the evening. Where that was
        over when a weekly hour came into the span, at once then: a span may grow while it lasts.
        """
        return _eves(self._days, hours)

    def leaving_at(self, cut_at: int, hours: Hours) -> Span | None:
        """Give the span before which a digest of this cut-off is the last one."""
        return next((span for at, span in self.eves(hours) if at == cut_at), None)

    def waited_for(self, now: int, hours: Hours) -> Span | None:
        """Give the days off that now lies in, or for which the next digest waits."""
        today, next_on = (
            local_on(now, hours.zone),
            local_on(self.next_digest(now, hours), hours.zone),
        )
        for span in self.spans():
            is_between = span.first_on < next_on and bool(_weekdays(span, hours.weekday))
            if span.last_on >= today and (span.first_on <= today or is_between):
                return span
        return None

    def _is_kept(self, at: int, hours: Hours) -> bool:
        """Say whether a weekly hour is one: not in an absence, nor on its eve, which has an own."""
        on = local_on(at, hours.zone)
        following = self.span_of(day_after(on))
        is_eve = (
            following is not None
            and following.first_on == day_after(on)
            and (_eve_at(following, hours), following) in self.eves(hours)
        )
        return self.on(on) is None and not is_eve

    @property
    def _days(self) -> tuple[_Days, ...]:
        return tuple((one.first_on, one.last_on, one.since_at) for one in self.absences)


#: First and last day of an absence, and when it was said: all that hours depend on.
_Days = tuple[str, str, int]


@lru_cache(_KEPT)
def _spans(days: tuple[_Days, ...]) -> tuple[Span, ...]:
    found: list[Span] = []
    for first_on, last_on, _ in sorted(days, key=lambda each: each[0]):
        if found and first_on <= day_after(found[-1].last_on):
            last = found[-1]
            found[-1] = Span(last.first_on, max(last.last_on, last_on))
        else:
            found.append(Span(first_on, last_on))
    return tuple(found)


@lru_cache(_KEPT)
def _eves(days: tuple[_Days, ...], hours: Hours) -> tuple[tuple[int, Span], ...]:
    found = {
        (max(_eve_at(span, hours), said_at), span)
        for span in _spans(days)
        for said_at in _hours_said(days, span, hours)
    }
    return tuple(sorted(found, key=lambda one: one[0]))


def _hours_said(days: tuple[_Days, ...], span: Span, hours: Hours) -> Iterator[int]:
    """Give when it was said of each weekly hour within a span that it is none.

    One that was over by then had been one.
    """
    for on in _weekdays(span, hours.weekday):
        said_at = min(since_at for first, last, since_at in days if first <= on <= last)
        if to_utc(on, hours.time, hours.zone) > said_at:
            yield said_at


def _eve_at(span: Span, hours: Hours) -> int:
    return to_utc(day_after(span.first_on, -1), max(hours.time, EVENING), hours.zone)


def _weekdays(span: Span, weekday: int) -> list[str]:
    """List the days of a span that are a weekday."""
    ahead = (weekday - date.fromisoformat(span.first_on).weekday()) % 7
    found = [day_after(span.first_on, ahead)]
    while found[-1] <= span.last_on:
        found.append(day_after(found[-1], 7))
    return found[:-1]


def _later(now: int, hours: Hours) -> Iterator[int]:
    """Give the weekly hours after now, without end."""
    while True:
        now = next_weekly(now, hours.weekday, hours.time, hours.zone)
        yield now


def _earlier(now: int, hours: Hours) -> Iterator[int]:
    """Give the weekly hours until now backwards, without end."""
    while True:
        at = latest_weekly(now, hours.weekday, hours.time, hours.zone)
        yield at
        now = at - 1
