"""The weekly digest: who is talked about first, what is counted, and which page a pair is on.

Pages are decided here, without rendering, from stated upper bounds of what an entry can show;
they are then frozen, so that a page sent late, or drawn again after a tap, keeps its pairs. No
therapist is ranked or compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.core import signals
from bot.core.beside import beside_units
from bot.core.entries import SESSIONS_SHOWN, Entry, Standing, entry_of
from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts
from bot.core.reasons import NEED_ORDER, Reason
from bot.core.sessions import TEXT_SHOWN, Outcome, Session, Window


@dataclass(frozen=True, slots=True)
class Counts:
    """Check-ins of a digest. The rate is of those whose time is over: answered of asked.

    open, did_not_meet (with conflicts), undelivered and not_asked stand outside of the rate.
    rate_needs: so many asked make an interval.
    """

    clients: int = 0
    asked: int = 0
    answered: int = 0
    skipped: int = 0
    started: int = 0
    silent: int = 0
    withheld: int = 0
    open: int = 0
    did_not_meet: int = 0
    undelivered: int = 0
    not_asked: int = 0
    rate_needs: int = field(default=1, compare=False)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the response rate (S12); None when too few were asked."""
        if self.asked < self.rate_needs:
            return None
        return signals.wilson(self.answered, self.asked)


@dataclass(frozen=True, slots=True)
class Digest:
    """A week of one therapist; `expanded` begins with `first` where something stands out.

    silent: first those who owed an answer, last whom still nothing reaches. calm: first those who
    began one and did not finish.
    """

    first: Entry | None
    expanded: tuple[Entry, ...]
    silent: tuple[Entry, ...]
    calm: tuple[Entry, ...]
    counts: Counts

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every entry in the order of reading."""
        return (*self.expanded, *self.silent, *self.calm)


def digest_of(pairs: Sequence[PairFacts], window: Window, instrument: Instrument) -> Digest:
    """Make the digest of a window from all that is known about a therapist's pairs."""
    entries = sorted(
        (entry for facts in pairs if (entry := entry_of(facts, window, instrument)) is not None),
        key=_need,
    )
    expanded = [entry for entry in entries if entry.standing == "expanded"]
    return Digest(
        first=expanded[0] if expanded and expanded[0].stands_out else None,
        expanded=tuple(expanded),
        silent=tuple(
            sorted(
                (entry for entry in entries if entry.standing == "silent"),
                key=lambda entry: (not entry.gave_no_answer, entry.is_still_unreached),
            )
        ),
        calm=tuple(
            sorted(
                (entry for entry in entries if entry.standing == "calm"),
                key=lambda entry: not entry.is_unfinished,
            )
        ),
        counts=_counts(entries, instrument.house.rate_needs),
    )


def _need(entry: Entry) -> tuple[int, int, float, str]:
    latest = entry.latest
    score = latest.score if latest is not None and latest.score is not None else 11.0
    return NEED_ORDER[entry.reason], -len(entry.reasons), score, entry.code


def _counts(entries: Sequence[Entry], rate_needs: int) -> Counts:
    outcomes = [s.outcome for entry in entries for s in entry.sessions if s.is_new]
    answered, started = outcomes.count("answered"), outcomes.count("started")
    skipped = outcomes.count("skipped")
    silent, withheld = outcomes.count("silent"), outcomes.count("withheld")
    return Counts(
        clients=len(entries),
        asked=answered + skipped + started + silent + withheld,
        answered=answered,
        skipped=skipped,
        started=started,
        silent=silent,
        withheld=withheld,
        open=outcomes.count("open"),
        did_not_meet=outcomes.count("did_not_meet") + outcomes.count("conflict"),
        undelivered=outcomes.count("undelivered"),
        not_asked=outcomes.count("not_asked"),
        rate_needs=rate_needs,
    )


# What one page may hold. Telegram ends at 4,096 UTF-16 units, 100 buttons and about 10 kB of
# keyboard; what stands around the entries has the rest. The other figures are the most that a
# part of an entry takes in a language half as long again as English; templates cut labels to
# them, and a test draws every part.
PAGE_UNITS: Final = 3_200
EXPANDED_PER_PAGE: Final = 8
LINES_PER_PAGE: Final = 40
CHIPS_SHOWN: Final = 5
LABEL_SHOWN: Final = 36
_LINE: Final = 32
_ITEM: Final = 20
_MARK: Final = 60
_LINE_MARK: Final = 20
_STATE: Final = 38
_CORRECTED: Final = 48
_TEXT_WAITS: Final = 62
_CHIPS: Final = 26
_TALKED: Final = 64
_GOALS: Final = 40
_USUAL: Final = 24
_LATELY: Final = 24
_RANGE: Final = 34
_STEPS: Final = 152
_OVERDUE: Final = 96
_REPAIRED: Final = 68
_SINCE: Final = 70
_LOWER: Final = 42
_ANEW: Final = 58
_MORE: Final = 34
_REASON: Final[dict[Reason, int]] = {
    "low_twice": 37,
    "low": 22,
    "cutoff": 56,
    "below": 74,
    "fall": 74,
    "cutoff_fall": 56,
    "still_below": 38,
    "raise": 72,
    "talked_no": 54,
    "open_loop": 50,
    "declined": 54,
    "silence_after_low": 40,
}
#: What a line below says anyway, and is a reason in words only where it is the first.
_ALONE: Final[dict[Reason, int]] = {"wrote": 44, "obstacles": 44}
_OUTCOME: Final[dict[Outcome, int]] = {
    "started": 28,
    "skipped": 40,
    "open": 86,
    "silent": 18,
    "did_not_meet": 80,
    "conflict": 90,
    "withheld": 56,
    "undelivered": 40,
    "not_asked": 70,
}
_NO_SCORE: Final = 42
_LOST: Final = 130
_GOODBYE: Final = 90


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a pair stands in a digest; pages and places count from 1."""

    pair_id: int
    page: int
    place: int
    standing: Standing


def pages_of(digest: Digest, above: int = 0) -> tuple[Placed, ...]:
    """Put every entry on a page, in the order of reading; a client is never split.

    above: so many UTF-16 units stand above the entries of the first page.
    """
    placed: list[Placed] = []
    page, used, expanded, lines = 1, above, 0, 0
    for entry in digest.entries:
        is_first = entry is digest.first
        size = most_units(entry)
        is_line = entry.standing in ("calm", "silent")
        full = lines + is_line > LINES_PER_PAGE or expanded + (not is_line) > EXPANDED_PER_PAGE
        if placed and (full or used + size > PAGE_UNITS):
            page, used, expanded, lines = page + 1, 0, 0, 0
        used, lines, expanded = used + size, lines + is_line, expanded + (not is_line)
        standing: Standing = "first" if is_first else entry.standing
        placed.append(Placed(entry.pair_id, page, len(placed) + 1, standing))
    return tuple(placed)


def most_units(entry: Entry) -> int:
    """Give the most UTF-16 units that an entry can take, whatever is acknowledged later.

    A text that is not shown counts as the mark for it; see `fits`.
    """
    size = _LINE + len(entry.code) + _STATE * bool(entry.state_now)
    size += beside_units(entry.beside) + _ANEW * (entry.anew_on is not None)
    size += _goodbye(entry.goodbye)
    size += _MORE * (len(entry.sessions) > SESSIONS_SHOWN) + _LOWER * (entry.change == "lower")
    if entry.standing == "calm":
        shown = tuple(one for one in (entry.latest, entry.unanswered) if one is not None)
        is_over = entry.repair is not None and entry.repair.outcome != "open"
        size += _LINE_MARK + _REPAIRED * is_over + sum(map(_remarks, shown))
        return size + sum(_TALKED * (one.talked is not None) for one in shown)
    shown = entry.shown
    size += sum(map(_remarks, shown))
    if entry.standing == "silent":
        return size + _SINCE * bool(entry.silent_running or entry.answered_on)
    size += _RANGE * (entry.limits is not None) + _STEPS * (entry.repair is not None)
    size += _OVERDUE * (entry.repair is not None and entry.repair.is_overdue)
    size += _SINCE * bool(entry.latest and not entry.latest.has_answers)
    size += _LATELY * ("fall" in entry.reasons)
    size += _MARK + _USUAL + sum(_REASON.get(reason, 0) for reason in entry.reasons)
    size += _ALONE.get(entry.reason, 0)
    for session in shown:
        size += _LINE + len(session.items) * _ITEM
        if session.obstacles:
            size += _CHIPS + min(CHIPS_SHOWN, len(session.obstacles)) * (LABEL_SHOWN + 2)
        size += _TALKED * (session.talked is not None)
    return size


def fits(entries: Sequence[Entry]) -> bool:
    """Say whether entries fit one page: not so when free text was turned on after its making."""
    return sum(map(most_units, entries)) <= PAGE_UNITS


def _goodbye(goodbye: Session | None) -> int:
    """Give the most that is shown of the check-in after the end."""
    if goodbye is None:
        return 0
    return _GOODBYE + len(goodbye.items) * _ITEM + _remarks(goodbye)


def _remarks(session: Session) -> int:
    """Give the most that is remarked about a session besides its score."""
    size = _OUTCOME.get(session.outcome, 0) + _CORRECTED * session.is_corrected
    size += _NO_SCORE * (session.has_answers and session.score is None)
    size += _LOST * (session.lost is not None)
    size += (LABEL_SHOWN + 3) * ("small_change" in session.good) + _GOALS * bool(session.goals)
    if session.shared is not None:
        words = session.shared.words
        size += _TEXT_WAITS if words is None else TEXT_SHOWN + 6
    return size
