"""What is said about one pair in a digest.

Owns what an entry holds and what makes a client calm; why it stands there, `bot.core.reasons`
says. Everything is computed from a pair's appointments as of the cut-off. It refuses to guess:
silence is silence, missing is not zero, and a trend never mixes versions of an instrument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.core import signals
from bot.core.beside import Beside, beside_of
from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts, StateNow
from bot.core.picture import Panel
from bot.core.reasons import OPENERS, Opener, Reason, reasons_of
from bot.core.sessions import TEXT_SHOWN, Session, Window, sessions_of
from bot.core.trends import LONG_SILENCE, Repair, trend_of

Standing = Literal["first", "expanded", "calm", "silent"]

#: So many sessions of one pair have room in a digest.
SESSIONS_SHOWN: Final = 2
#: Asked, with time to answer that is over, and nothing to show.
_NO_ANSWER: Final = frozenset({"silent", "skipped", "withheld"})


@dataclass(frozen=True, slots=True)
class Mark:
    """What the therapist has acknowledged on this digest, and what the client replied."""

    kind: Literal["read", "talk"]
    reply: Literal["ok", "rather_not"] | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """A client whom no question has reached lately. since_on: the first of these sessions.

    is_older: that was said in an earlier digest. is_longer: older ones were not looked at.
    """

    since_on: str
    is_older: bool
    is_longer: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One pair in a digest.

    on, time: of the latest appointment, for "A7 · Mon 15:00" (None when there was none).
    sessions: those of this digest, newest first. reasons: in order of need, the first decides.
    usual: what the latest score is compared with, limits: its range; None for too few. lately: the
    median of the last ones, where the latest fell from it. slid: the latest score was reached
    slowly. repair: a fall that is followed. anew_on: the session with which the
    usual began anew. silent_running: how many of the newest went unanswered; answered_on,
    last_score: of the last that did not, where it was read. state_now: a pause, stop or end within
    the window. standing: what stood out; the page a pair is on is frozen elsewhere. panel: for a
    picture, None without scores.
    goodbye: the check-in after the end, where it belongs to this digest. unreached: the newest
    questions did not arrive.
    """

    pair_id: int
    code: str
    on: str | None
    time: str | None
    standing: Standing
    reasons: tuple[Reason, ...]
    sessions: tuple[Session, ...] = ()
    sparkline: str = ""
    usual: float | None = None
    limits: signals.Limits | None = None
    lately: float | None = None
    change: signals.Change = "none"
    slid: bool = False
    repair: Repair | None = None
    anew_on: str | None = None
    silent_running: int = 0
    answered_on: str | None = None
    last_score: float | None = None
    panel: Panel | None = None
    state_now: StateNow | None = None
    mark: Mark | None = None
    beside: Beside | None = None
    goodbye: Session | None = None
    unreached: Unreached | None = None

    @property
    def reason(self) -> Reason:
        """The reason that ranks it."""
        return self.reasons[0]

    @property
    def opener(self) -> Opener | None:
        """How to begin, where something stands out."""
        # What came slowly is not about the last session.
        if self.slid and self.reason in ("below", "fall"):
            return "checking_in"
        return OPENERS.get(self.reason)

    @property
    def latest(self) -> Session | None:
        """The newest session of this digest with answers, else the newest."""
        answered = (session for session in self.sessions if session.has_answers)
        return next(answered, self.sessions[0] if self.sessions else None)

    @property
    def told(self) -> tuple[Session, ...]:
        """Its sessions in the order of telling: answers first, and of these the low ones; then what
        is not known, which must not be hidden behind what is.

        Why somebody was not asked is told once, of the newest.
        """
        told, whys = list[Session](), set[str | None]()
        for one in sorted(
            self.sessions, key=lambda one: (not one.has_answers, not one.is_low, not one.is_lost)
        ):
            if one.outcome == "not_asked":
                if one.reason in whys:
                    continue
                whys.add(one.reason)
            told.append(one)
        return tuple(told)

    @property
    def shown(self) -> tuple[Session, ...]:
        """What of these there is room for, and one that is not known wherever it stands."""
        shown, rest = self.told[:SESSIONS_SHOWN], self.told[SESSIONS_SHOWN:]
        if any(one.is_lost for one in shown):
            return shown
        return shown + tuple(one for one in rest if one.is_lost)[:1]

    @property
    def gave_no_answer(self) -> bool:
        """Whether an answer was due in this digest, and none was given that may be shown."""
        return any(session.outcome in _NO_ANSWER for session in self.sessions)

    @property
    def is_still_unreached(self) -> bool:
        """Whether nothing is said but that the client cannot be reached, as was said before."""
        return (
            self.unreached is not None
            and self.unreached.is_older
            and self.standing == "silent"
            and self.state_now is None
            and self.goodbye is None
            and "declined" not in self.reasons
            and all(_is_unreached(one) or one.outcome == "not_asked" for one in self.sessions)
        )

    @property
    def is_unfinished(self) -> bool:
        """Whether the newest answers are of a check-in that was begun and not finished."""
        return self.latest is not None and self.latest.outcome == "started"

    @property
    def silent_over(self) -> int | None:
        """How far a silence is counted, where it is longer than that."""
        return LONG_SILENCE if self.silent_running > LONG_SILENCE else None

    @property
    def unanswered(self) -> Session | None:
        """The newest session of this digest without answers to show, one that was lost first."""
        others = [session for session in self.sessions if not session.has_answers]
        return next((one for one in others if one.is_lost), others[0] if others else None)

    @property
    def stands_out(self) -> bool:
        """Whether anything asks to be talked about."""
        return self.opener is not None

    @property
    def can_be_acknowledged(self) -> bool:
        """Whether there is an answer that the therapist can have read."""
        return _has_answers(self.sessions, self.goodbye)

    @property
    def is_over(self) -> bool:
        """Whether therapy has ended: there is no next time to talk about it."""
        return "ended" in self.reasons


def entry_of(
    facts: PairFacts, window: Window, instrument: Instrument, text_limit: int = TEXT_SHOWN
) -> Entry | None:
    """Make a pair's entry, or None when the window holds nothing about it.

    text_limit: shared texts are cut to so many characters.
    """
    sessions = sessions_of(facts.asked, window, instrument, text_limit)
    here = [session for session in sessions if session.is_new or session.is_corrected]
    state_now = facts.state_now(window)
    goodbye = facts.goodbye
    if goodbye is not None and not (goodbye.is_new or goodbye.is_corrected):
        goodbye = None
    if not here and state_now is None and not facts.is_declined(window) and goodbye is None:
        return None
    trend = trend_of(sessions, instrument)
    repair = trend.repair(facts.acknowledged)
    reasons = reasons_of(facts, sessions, window, trend, repair)
    latest, last = sessions[-1] if sessions else None, trend.last_answered
    return Entry(
        pair_id=facts.pair_id,
        code=facts.code,
        on=latest.on if latest else None,
        time=latest.time if latest else None,
        standing=_standing(reasons, answered=_has_answers(here, goodbye)),
        reasons=reasons,
        sessions=tuple(reversed(here)),
        sparkline=trend.sparkline,
        usual=trend.usual,
        limits=trend.limits,
        lately=trend.lately,
        change=trend.change,
        slid=trend.slid,
        repair=repair,
        anew_on=trend.anew_on,
        silent_running=trend.silent_running,
        answered_on=None if last is None else last.on,
        last_score=None if last is None else last.score,
        panel=trend.panel(facts.code),
        state_now=state_now,
        beside=beside_of(facts.beside, facts.asked, sessions, instrument.house),
        goodbye=goodbye,
        unreached=_unreached(sessions),
    )


def _is_unreached(session: Session) -> bool:
    # Of one whose hours were lost nobody knows.
    return session.outcome == "undelivered" and session.reason != "lost"


def _unreached(sessions: Sequence[Session]) -> Unreached | None:
    """Say since which session no question has arrived; who was not asked does not end it."""
    first = None
    for session in reversed(sessions):
        if _is_unreached(session):
            first = session
        elif session.outcome not in ("not_asked", "did_not_meet"):
            break
        if session.is_after_unseen:
            break
    if first is None:
        return None
    return Unreached(first.on, not first.is_new, first.is_after_unseen)


def _has_answers(sessions: Sequence[Session], goodbye: Session | None) -> bool:
    here = sessions if goodbye is None else (*sessions, goodbye)
    return any(session.has_answers for session in here)


def _standing(reasons: Sequence[Reason], *, answered: bool) -> Standing:
    # Whoever has stopped or left is not read away with the calm ones.
    if reasons[0] in OPENERS or (answered and not {"stopped", "ended"}.isdisjoint(reasons)):
        return "expanded"
    return "calm" if answered else "silent"
