"""What a therapist is shown of one pair: its history, complete and bounded.

Owns the facts that the template needs, with nothing of Telegram and no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.core import signals
from bot.core.beside import Beside, beside_of
from bot.core.entries import Mark
from bot.core.house import House
from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts, Talk
from bot.core.picture import Panel
from bot.core.sessions import Given, Session, Shared, Window, sessions_of
from bot.core.shown import cut_text
from bot.core.signals import Limits
from bot.core.timetable import local_on
from bot.core.trends import TREND_SESSIONS, Repair, Trend, trend_of

#: Shared texts on Details, in UTF-16 units: the newest, the others, all together.
TEXT_IN_DETAILS: Final = 1_000
OLDER_TEXT_IN_DETAILS: Final = 150
TEXTS_IN_DETAILS: Final = 1_300

#: A goal on Details: its words in UTF-16 units, and how many of its newest ratings.
GOAL_IN_DETAILS: Final = 100
GOAL_RATINGS_IN_DETAILS: Final = 6


@dataclass(frozen=True, slots=True)
class BeforeFirst:
    """What a pair said before its first session, in the order of its questionnaire."""

    instrument: Instrument
    is_withheld: bool
    answers: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How one goal has been rated. words: the client's. ratings: oldest first, 0 to 10."""

    words: str
    ratings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """One pair's history. sessions: newest first. usual, limits None: too few to say.
    anew_on: the session with which the usual began anew. repair: the newest fall.
    straight_running: check-ins in a row with one value in every item, 0 while too few.
    all_highest: in how many check-ins every item was at its highest, of how many; None where that
    is seldom, or there are too few.

    digest_id, page: where it was opened from; None and 0 when not from a digest. before_first:
    what was said before the first session, None where nothing was.
    """

    digest_id: int | None
    page: int
    pair_id: int
    code: str
    on: str | None
    time: str | None
    state: str
    sessions: tuple[Session, ...]
    sparkline: str
    usual: float | None
    limits: Limits | None
    anew_on: str | None
    repair: Repair | None
    straight_running: int
    all_highest: tuple[int, int] | None
    panel: Panel | None
    talk: Talk | None
    mark: Mark | None
    before_first: BeforeFirst | None = None
    beside: Beside | None = None
    goals: tuple[Progress, ...] = ()
    goodbye: Session | None = None

    @property
    def has_scores(self) -> bool:
        """Whether ratings are shown, so that the label about them must stand here."""
        rated = self.before_first is not None and bool(self.before_first.answers)
        rated = rated or (self.goodbye is not None and self.goodbye.given > 0)
        return rated or any(session.given for session in self.sessions)

    @property
    def has_answers(self) -> bool:
        """Whether there is an answer that the therapist can have read."""
        shown = self.sessions if self.goodbye is None else (self.goodbye, *self.sessions)
        return any(session.has_answers for session in shown)

    @property
    def has_more_words(self) -> bool:
        """Whether a shared text is longer than what is shown of it."""
        shown = self.sessions if self.goodbye is None else (self.goodbye, *self.sessions)
        return any(session.shared and session.shared.is_cut for session in shown)

    def is_switched(self, place: int) -> bool:
        """Whether the session at this place was asked in another language than the one before."""
        before = next((s.language for s in self.sessions[place + 1 :] if s.language), None)
        return before not in (None, self.sessions[place].language)


def details_of(
    facts: PairFacts,
    as_of: Window,
    instrument: Instrument,
    *,
    digest_id: int | None,
    page: int,
    mark: Mark | None,
    before_first: BeforeFirst | None,
    goals: Sequence[Progress] = (),
) -> Details:
    """Put together a pair's history as of a window's end."""
    sessions = sessions_of(facts.asked, replace(as_of, from_at=0), instrument, TEXT_IN_DETAILS)
    goodbye = facts.goodbye
    shown = [session for session in sessions if session.outcome != "not_asked"]
    trend, latest = trend_of(sessions, instrument), sessions[-1] if sessions else None
    return Details(
        digest_id=digest_id,
        page=page,
        pair_id=facts.pair_id,
        code=facts.code,
        on=latest.on if latest else None,
        time=latest.time if latest else None,
        state=facts.state,
        sessions=_with_texts_bounded(
            shown[: -TREND_SESSIONS - 1 : -1], after=() if goodbye is None else (goodbye,)
        ),
        sparkline=trend.sparkline,
        usual=trend.usual,
        limits=trend.limits,
        anew_on=trend.anew_on,
        repair=_repair_of(trend, facts, as_of),
        straight_running=_straight_running(trend),
        all_highest=_all_highest(trend.course.ceiling, instrument.house),
        panel=trend.panel(facts.code),
        talk=facts.talk,
        mark=mark,
        before_first=before_first,
        beside=beside_of(facts.beside, facts.asked, sessions, instrument.house),
        goals=tuple(map(_bounded, goals)),
        goodbye=goodbye,
    )


def _repair_of(trend: Trend, facts: PairFacts, as_of: Window) -> Repair | None:
    """Give the newest fall, new if the window holds it: all history is read as new here."""
    repair = trend.repair(facts.acknowledged)
    if repair is None:
        return None
    return replace(repair, is_new=repair.since_on > local_on(as_of.from_at, as_of.zone))


def _straight_running(trend: Trend) -> int:
    newest = trend.course.newest
    return newest.straight_running if newest and "straight" in newest.findings else 0


def _bounded(goal: Progress) -> Progress:
    return Progress(cut_text(goal.words, GOAL_IN_DETAILS), goal.ratings[-GOAL_RATINGS_IN_DETAILS:])


def _all_highest(highest: signals.Share, house: House) -> tuple[int, int] | None:
    """Give how often everything was at the highest, where that is worth telling (S15)."""
    is_told = highest.of >= house.ceiling_needs and highest.hits >= highest.of * house.ceiling_share
    return (highest.hits, highest.of) if is_told else None


def _with_texts_bounded(
    sessions: Sequence[Session], after: Sequence[Session] = ()
) -> tuple[Session, ...]:
    """Cut shared texts (newest first) so that all together stay within their bound.

    after: what is shown as it is, above them.
    """
    taken = sum(len(one.shared.words or "") for one in after if one.shared is not None)
    left = max(1, TEXTS_IN_DETAILS - taken)
    limit = OLDER_TEXT_IN_DETAILS if taken else TEXT_IN_DETAILS
    bounded: list[Session] = []
    for session in sessions:
        if session.shared is not None and session.shared.words is not None:
            shared = session.shared
            words = cut_text(session.shared.words, min(limit, left))
            left, limit = max(1, left - len(words)), OLDER_TEXT_IN_DETAILS
            is_cut = shared.is_cut or words != shared.words
            bounded.append(session._replace(shared=Shared(shared.disclosure, words, is_cut)))
        else:
            bounded.append(session)
    return tuple(bounded)
