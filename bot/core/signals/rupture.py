"""A possible rupture followed to its end: open, back to usual, or repaired (S14).

It is followed by the baseline that it fell below, whatever is added to that later. What it ends
as may still change while later check-ins come; what was said at each check-in does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.core.signals.marks import Outcome, Rupture, State


@dataclass(slots=True)
class _Watch:
    """One possible rupture. since: scored check-ins after it. until: where it was back."""

    at: int
    index: int
    back_from: float
    within: int
    is_older: bool = False
    since: int = 0
    talked: bool = False
    until: int | None = None
    in_time: bool = False

    def see(self, at: int, score: float | None, talked: bool) -> None:
        """Take in a later check-in; silence takes no time, but may say that they talked."""
        self.since += score is not None
        self.talked = self.talked or talked
        if self.until is None and score is not None and score >= self.back_from:
            self.until, self.in_time = at, self.since <= self.within

    @property
    def rupture(self) -> Rupture:
        """How it stands."""
        if self.until is None:
            is_overdue = self.since >= self.within
            return Rupture(self.at, None, "open", is_overdue, self.is_older)
        is_repaired = self.talked and self.in_time and not self.is_older
        outcome: Outcome = "repaired" if is_repaired else "back"
        return Rupture(self.at, self.until, outcome, is_older=self.is_older)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more can come of it."""
        return self.until is not None and self.since >= self.within


@dataclass(slots=True)
class Follower:
    """Follows one rupture at a time; `found` may be shared with other followers."""

    within: int
    found: list[Rupture] = field(default_factory=list)
    watch: _Watch | None = None

    def see(self, at: int, score: float | None, *, talked: bool) -> tuple[State, int | None]:
        """Take in a check-in; give the state it leaves, if that is news, and where it began."""
        watch = self.watch
        if watch is None:
            return "none", None
        before = watch.rupture
        watch.see(at, score, talked)
        self.found[watch.index] = now = watch.rupture
        if watch.is_settled:
            self.watch = None
        if now.outcome == before.outcome and now.outcome != "open":
            return "none", None
        return now.outcome, watch.at

    def begin(self, at: int, back_from: float, *, is_older: bool) -> None:
        """Begin to follow a fall at this place; one that is over has then no more time.

        is_older: it may have begun before what is seen.
        """
        self.watch = _Watch(at, len(self.found), back_from, self.within, is_older)
        self.found.append(self.watch.rupture)

    @property
    def is_open(self) -> bool:
        """Whether a rupture is not over yet."""
        return self.watch is not None and self.watch.until is None

    def close(self, at: int) -> None:
        """End what is followed, as it stands, because its baseline ended before this place."""
        if self.watch is not None and self.watch.until is None:
            self.found[self.watch.index] = replace(self.found[self.watch.index], until=at)
        self.watch = None
