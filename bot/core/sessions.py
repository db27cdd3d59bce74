"""What became of one appointment and its check-in, as of a cut-off.

Owns the reading of a check-in's times: what had happened by an instant, in which digest it
belongs, and what of it may be shown. A check-in is known once it was completed or its time was
over; a change after that belongs to the following digest. What bears the cut-off itself as its
time came after it: a digest may have been made in that very millisecond. What a client withheld
has no numbers here whatever the cut-off, and where client and calendar disagree there is no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from bot.core import signals
from bot.core.conversation import Disclosure, Value
from bot.core.house import House
from bot.core.instrument import Instrument
from bot.core.rhythm import GOAL_ITEMS
from bot.core.shown import cut_text
from bot.core.timetable import local_on, local_time

#: "skipped": went through to the end without an answer that may be shown.
#: "conflict": the client answered, the calendar says that the two did not meet.
#: "started": its time ended before every rating was passed.
Outcome = Literal[
    "answered",
    "skipped",
    "started",
    "open",
    "silent",
    "did_not_meet",
    "conflict",
    "withheld",
    "undelivered",
    "not_asked",
]

#: Where the program itself set the state when the time was over; others have a closing of
#: their own.
_CLOSED_BY_TIME: Final = ("open", "answered", "partial", "expired")

#: A shared text in a digest, in UTF-16 units; Details shows more.
TEXT_SHOWN: Final = 200

WITH_ANSWERS: Final = ("answered", "started")


@dataclass(frozen=True, slots=True)
class Window:
    """What a digest covers: everything known in [from_at, cut_at); local times in `zone`."""

    from_at: int
    cut_at: int
    zone: str

    def holds(self, at: int | None) -> bool:
        """Say whether an instant lies in this window."""
        return at is not None and self.from_at <= at < self.cut_at

    @classmethod
    def up_to(cls, now: int, zone: str) -> Window:
        """Give the window in which nothing is new, and all that is known now is known."""
        return cls(now + 1, now + 1, zone)


@dataclass(frozen=True, slots=True)
class Given:
    """One answer as it stood at the cut-off; a text that was not asked for has value None."""

    item: str
    value: Value = field(repr=False)
    disclosure: Disclosure | None = None


class Asked(NamedTuple):
    """An appointment and its check-in as the rows tell them.

    A digest makes more than a thousand of these and of `Session`: a named tuple is made in a third
    of the time that a frozen dataclass takes.

    calendar_met: what the calendar said at the cut-off. state: of the check-in, None where the
    client was not asked (then `decided_at` and `not_asked_reason` say when and why not, and "lost"
    also of one that was asked about in hours that were lost). language: that of its first screen.
    changed_ats: when answers were added or changed, as far as a window may hold it. answers: none
    where withheld.
    is_after_unseen: older ones between this and the one before were not read. begins_anew: the
    therapist lets the usual begin anew with it. lost: from when to when answers were lost with a
    server (UTC ms).
    """

    on: str
    time: str
    starts_at: int
    calendar_met: bool = True
    checkin_id: int | None = None
    state: str | None = None
    instrument: str = ""
    language: str = ""
    decided_at: int | None = None
    not_asked_reason: str | None = None
    sent_at: int | None = None
    completed_at: int | None = None
    closes_at: int = 0
    closed_at: int | None = None
    follows_id: int | None = None
    changed_ats: tuple[int, ...] = ()
    answers: tuple[Given, ...] = ()
    is_after_unseen: bool = False
    begins_anew: bool = False
    lost: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A text the client lets the therapist see; `words` is None where it stays on Details.

    is_cut: there is more of it.
    """

    disclosure: Literal["show", "raise"]
    words: str | None = field(repr=False)
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating item: 0 … 10, or None where it was skipped."""

    item: str
    value: int | None = field(repr=False)
    is_low: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """What ratings are read by: the items that make the score, and the house rules."""

    keys: tuple[str, ...]
    house: House

    def rated(self, values: Sequence[int | None]) -> tuple[Rated, ...]:
        """Give ratings, in the order of the items, as they are shown."""
        return tuple(map(Rated, self.keys, values, signals.lows(values, self.house)))


class Session(NamedTuple):
    """One appointment as of a cut-off.

    is_new, is_corrected: why it stands in this digest; neither means that it is history.
    given, of: ratings answered, ratings there are. open_until: local (date, time). values (the
    ratings, in the order of `form`), score, chips and goals (ratings of the client's own goals, by
    their places) are empty without an answer to show. lost: where it was only begun, from when to
    when further answers were lost, local (date, time) each. known_at: when it was completed or its
    time was over (UTC ms); a digest that reached further knew it.
    """

    on: str
    time: str
    starts_at: int
    outcome: Outcome
    calendar_met: bool = True
    checkin_id: int | None = None
    instrument: str = ""
    language: str = ""
    is_new: bool = False
    is_corrected: bool = False
    score: float | None = None
    is_low: bool = False
    values: tuple[int | None, ...] = ()
    form: Form | None = None
    given: int = 0
    of: int = 0
    obstacles: tuple[str, ...] = ()
    good: tuple[str, ...] = ()
    shared: Shared | None = None
    talked: str | None = None
    follows_id: int | None = None
    open_until: tuple[str, str] | None = None
    reason: str | None = None
    is_after_unseen: bool = False
    begins_anew: bool = False
    goals: tuple[int, ...] = ()
    lost: tuple[tuple[str, str], tuple[str, str]] | None = None
    known_at: int = 0

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows what became of it: that was lost with the server."""
        return self.outcome in ("undelivered", "not_asked") and self.reason == "lost"

    @property
    def has_answers(self) -> bool:
        """Whether there are answers that may be shown."""
        return self.outcome in WITH_ANSWERS

    @property
    def items(self) -> tuple[Rated, ...]:
        """The ratings as they are shown. Of a history few are, so that they are made when asked."""
        return () if self.form is None else self.form.rated(self.values)


def sessions_of(
    asked: Sequence[Asked], window: Window, instrument: Instrument, text_limit: int = TEXT_SHOWN
) -> tuple[Session, ...]:
    """Read a pair's appointments as of the window's end, oldest first; unknown ones left out.

    text_limit: shared texts are cut to so many characters.
    """
    form = Form(tuple(item.key for item in instrument.ratings), instrument.house)
    reader = _Reader(window, form, text_limit)
    read = (reader.session(one) for one in asked)
    return tuple(sorted((s for s in read if s is not None), key=lambda s: s.starts_at))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads appointments as of the window's end."""

    window: Window
    form: Form
    text_limit: int

    def session(self, asked: Asked) -> Session | None:
        said = {given.item: given.value for given in asked.answers}
        values = map(said.get, self.form.keys)
        numbers = [value if isinstance(value, int) else None for value in values]
        rated = [number for number in numbers if number is not None]
        given = len(rated)
        outcome = _outcome(asked, given, self.window.cut_at)
        if outcome is None:
            return None
        is_shown = outcome in WITH_ANSWERS
        if not is_shown:
            said, numbers, rated = {}, [], []
        is_new, talked = _is_new(asked, outcome, self.window), said.get("talked")
        # By place, as `Session` has them: a digest makes more than a thousand.
        return Session(
            asked.on,
            asked.time,
            asked.starts_at,
            outcome,
            asked.calendar_met,
            asked.checkin_id,
            asked.instrument,
            asked.language,
            is_new,
            is_shown and not is_new and self._is_changed(asked),
            signals.mean_of(rated, self.form.house),
            signals.is_low(rated, self.form.house),
            tuple(numbers),
            self.form,
            given if is_shown or outcome == "open" else 0,
            len(self.form.keys),
            _chips(said.get("obstacles")),
            _chips(said.get("good")),
            _shared(asked.answers, self.text_limit) if is_shown else None,
            talked if isinstance(talked, str) else None,
            asked.follows_id,
            _local(asked.closes_at, self.window.zone) if outcome == "open" else None,
            asked.not_asked_reason,
            asked.is_after_unseen,
            asked.begins_anew,
            tuple(value for key in GOAL_ITEMS if isinstance(value := said.get(key), int)),
            self._lost(asked) if outcome == "started" else None,
            _known_at(asked, self.window.cut_at),
        )

    def _lost(self, asked: Asked) -> tuple[tuple[str, str], tuple[str, str]] | None:
        if asked.lost is None:
            return None
        from_at, until_at = asked.lost
        return _local(from_at, self.window.zone), _local(until_at, self.window.zone)

    def _is_changed(self, asked: Asked) -> bool:
        """Say whether answers were added or changed in this window; nearly always not."""
        return any(map(self.window.holds, asked.changed_ats))


def _outcome(asked: Asked, given: int, cut_at: int) -> Outcome | None:
    """Say what had happened by the cut-off; None when nothing was known yet."""
    closed = _by(asked.closed_at, cut_at)
    match asked.state:
        case None:
            return "not_asked" if _by(asked.decided_at, cut_at) else None
        case "withheld":
            return "withheld" if _by(asked.sent_at, cut_at) else None
        case "did_not_meet" if closed:
            return "did_not_meet"
        case "undeliverable" if closed:
            return "undelivered"
        case "cancelled":
            return None
    if not _by(asked.sent_at, cut_at):
        return None
    if not asked.calendar_met:
        return "conflict" if given or _by(asked.completed_at, cut_at) else "did_not_meet"
    if _by(asked.completed_at, cut_at):
        return "answered" if asked.answers else "skipped"
    if not _by(_ended_at(asked), cut_at):
        return "open"
    if given:
        return "started"
    # Nobody knows whether it was answered in hours that were lost: that is no silence.
    return "undelivered" if asked.not_asked_reason == "lost" else "silent"


def _is_new(asked: Asked, outcome: Outcome, window: Window) -> bool:
    match outcome:
        case "not_asked":
            return window.holds(asked.decided_at)
        case "open":
            return True
        case "withheld":
            # Sent in and taken back after a digest had shown it: each digest says so once.
            return window.holds(asked.completed_at) or window.holds(asked.closed_at)
        case "undelivered" if asked.not_asked_reason != "lost":
            return window.holds(asked.closed_at)
        case "did_not_meet" if asked.state == "did_not_meet":
            return window.holds(asked.closed_at)
        case _:
            return window.holds(_known_at(asked, window.cut_at))


def _known_at(asked: Asked, cut_at: int) -> int:
    """Give when a check-in was known: completed by the cut-off, else when its time was over."""
    completed_at = asked.completed_at
    return _ended_at(asked) if completed_at is None or completed_at >= cut_at else completed_at


def _ended_at(asked: Asked) -> int:
    """Give the last moment of a check-in's time: what sets the state may have come later.

    A time that ends at a cut-off is over by it, because nothing can be answered any more.
    """
    last = asked.closes_at - 1
    if asked.closed_at is None or asked.state not in _CLOSED_BY_TIME:
        return last
    return min(asked.closed_at, last)


def _by(at: int | None, cut_at: int) -> bool:
    return at is not None and at < cut_at


def _chips(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _shared(answers: Sequence[Given], limit: int) -> Shared | None:
    """Give the text the client shares; one that is kept never comes here, and is refused."""
    for given in answers:
        if given.disclosure is None:
            continue
        if given.disclosure == "keep":
            raise ValueError("a text that the client keeps must not leave the store")
        if not isinstance(given.value, str):
            return Shared(given.disclosure, None)
        words = cut_text(given.value, limit)
        return Shared(given.disclosure, words, words != cut_text(given.value, len(given.value) * 2))
    return None


def _local(at: int, zone: str) -> tuple[str, str]:
    return local_on(at, zone), local_time(at, zone)
