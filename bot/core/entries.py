"""What is said about one pair in a digest, and why.

Owns reasons, their order of need, openers and what makes a client calm. Everything is computed
from a pair's appointments as of the cut-off. It refuses to guess: silence is silence, missing is
not zero, and a trend never mixes versions of an instrument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.core import signals
from bot.core.beside import Beside, BesideFacts, beside_of
from bot.core.instrument import Instrument
from bot.core.people import PairState
from bot.core.sessions import TEXT_SHOWN, Asked, Session, Window, sessions_of

Standing = Literal["first", "expanded", "calm", "silent"]

Reason = Literal[
    "low_twice",
    "low",
    "fall",
    "raise",
    "wrote",
    "obstacles",
    "talked_no",
    "open_loop",
    "silence_after_low",
    "stopped",
    "silence",
    "other",
    "declined",
    "calm",
]

#: In order of need (house rule): what an answer says comes before what silence may mean.
NEED: Final[tuple[Reason, ...]] = (
    "low_twice",
    "low",
    "fall",
    "raise",
    "wrote",
    "obstacles",
    "talked_no",
    "open_loop",
    "silence_after_low",
    "stopped",
    "silence",
    "other",
    "declined",
    "calm",
)
_NEED_ORDER: Final = {reason: place for place, reason in enumerate(NEED)}
Opener = Literal["missed", "different", "yours", "wrote", "in_the_way", "room", "checking_in"]

#: How to begin without defending oneself.
OPENERS: Final[dict[Reason, Opener]] = {
    "low_twice": "missed",
    "low": "missed",
    "fall": "different",
    "raise": "yours",
    "wrote": "wrote",
    "obstacles": "in_the_way",
    "talked_no": "room",
    "open_loop": "room",
    "silence_after_low": "checking_in",
}

#: Options of `obstacles` that name none.
_NO_OBSTACLE: Final = frozenset({"nothing_particular", "hard_but_useful", "rather_not_say"})

TREND_SESSIONS: Final = 8

#: An open "let's talk about it" is named this long; a new acknowledgement replaces it anyway.
_LOOP_MS: Final = 28 * 86_400_000


@dataclass(frozen=True, slots=True)
class Talk:
    """The newest "let's talk about it" before the cut-off, and what the client said to it."""

    id: int
    made_at: int
    reply: Literal["ok", "rather_not"] | None = None
    replied_at: int | None = None


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What the rows tell about one pair. changed_at: since when it is paused, stopped or ended."""

    pair_id: int
    code: str
    state: PairState = "active"
    changed_at: int | None = None
    asked: tuple[Asked, ...] = ()
    talk: Talk | None = None
    beside: BesideFacts | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What the therapist has acknowledged on this digest, and what the client replied."""

    kind: Literal["read", "talk"]
    reply: Literal["ok", "rather_not"] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One pair in a digest.

    on, time: of the latest appointment, for "A7 · Mon 15:00" (None when there was none).
    sessions: those of this digest, newest first. reasons: in order of need, the first decides.
    usual: median before the latest score, None for too few. state_now: a pause, stop or end
    within the window. standing: what stood out; the page a pair is on is frozen elsewhere.
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
    change: signals.Change = "none"
    state_now: Literal["paused", "stopped", "ended"] | None = None
    mark: Mark | None = None
    beside: Beside | None = None

    @property
    def reason(self) -> Reason:
        """The reason that ranks it."""
        return self.reasons[0]

    @property
    def opener(self) -> Opener | None:
        """How to begin, where something stands out."""
        return OPENERS.get(self.reason)

    @property
    def latest(self) -> Session | None:
        """The newest session of this digest with answers, else the newest."""
        answered = (session for session in self.sessions if session.has_answers)
        return next(answered, self.sessions[0] if self.sessions else None)

    @property
    def unanswered(self) -> Session | None:
        """The newest session of this digest without answers to show."""
        return next((session for session in self.sessions if not session.has_answers), None)

    @property
    def stands_out(self) -> bool:
        """Whether anything asks to be talked about."""
        return self.opener is not None

    @property
    def can_be_acknowledged(self) -> bool:
        """Whether there is an answer that the therapist can have read."""
        return any(session.has_answers for session in self.sessions)


def entry_of(
    facts: PairFacts, window: Window, instrument: Instrument, text_limit: int = TEXT_SHOWN
) -> Entry | None:
    """Make a pair's entry, or None when the window holds nothing about it.

    text_limit: shared texts are cut to so many characters.
    """
    sessions = sessions_of(facts.asked, window, instrument, text_limit)
    here = [session for session in sessions if session.is_new or session.is_corrected]
    state_now = _state_now(facts, window)
    declined = facts.talk is not None and _is_declined(facts.talk, window)
    if not here and state_now is None and not declined:
        return None
    reasons = _reasons(facts, sessions, window, instrument)
    latest = sessions[-1] if sessions else None
    history = trend(sessions)
    own_usual, change = _against_usual(history, instrument)
    return Entry(
        pair_id=facts.pair_id,
        code=facts.code,
        on=latest.on if latest else None,
        time=latest.time if latest else None,
        standing=_standing(reasons, here),
        reasons=reasons,
        sessions=tuple(reversed(here)),
        sparkline=sparkline(history),
        usual=own_usual,
        change=change,
        state_now=state_now,
        beside=beside_of(facts.beside, facts.asked, sessions, instrument.house),
    )


def _standing(reasons: Sequence[Reason], here: Sequence[Session]) -> Standing:
    answered = any(session.has_answers for session in here)
    # Whoever has stopped is not read away with the calm ones.
    if reasons[0] in OPENERS or (answered and "stopped" in reasons):
        return "expanded"
    return "calm" if answered else "silent"


def _state_now(facts: PairFacts, window: Window) -> Literal["paused", "stopped", "ended"] | None:
    if not window.holds(facts.changed_at):
        return None
    if facts.state in ("paused", "stopped", "ended"):
        return facts.state
    return None


def trend(sessions: Sequence[Session]) -> tuple[Session, ...]:
    """Give the sessions that make a trend, oldest first: asked, over, and of one version.

    The version is that of the newest session with answers; what nobody answered is a gap.
    """
    versions = [session.instrument for session in sessions if session.has_answers]
    version = versions[-1] if versions else None
    return tuple(
        session
        for session in sessions
        if session.outcome not in ("open", "not_asked", "did_not_meet", "undelivered")
        and (version is None or session.instrument == version)
    )


def sparkline(history: Sequence[Session]) -> str:
    """Draw the newest sessions of a trend; empty when there is no score at all."""
    scores = [session.score for session in history[-TREND_SESSIONS:]]
    return signals.sparkline(scores) if any(score is not None for score in scores) else ""


def _against_usual(
    history: Sequence[Session], instrument: Instrument
) -> tuple[float | None, signals.Change]:
    """Give the own usual before the newest score, and how that score stands to it if it is new."""
    scored = [session for session in history if session.score is not None]
    if not scored:
        return None, "none"
    *earlier, score = [session.score for session in scored if session.score is not None]
    change = signals.change(score, earlier, instrument.house)
    latest_is_here = scored[-1].is_new or scored[-1].is_corrected
    return signals.usual(earlier, instrument.house), change if latest_is_here else "none"


def _reasons(
    facts: PairFacts, sessions: Sequence[Session], window: Window, instrument: Instrument
) -> tuple[Reason, ...]:
    found: set[Reason] = set()
    before: list[Session] = []
    for session in sessions:
        if session.is_new or session.is_corrected:
            found |= _reasons_of(session, before, instrument)
        if session.has_answers:
            before.append(session)
    if _loop_is_open(facts.talk, sessions, window):
        found.add("open_loop")
    if facts.talk is not None and _is_declined(facts.talk, window):
        found.add("declined")
    if _state_now(facts, window) == "stopped":
        found.add("stopped")
    if not found:
        answered = any(s.has_answers for s in sessions if s.is_new or s.is_corrected)
        found.add("calm" if answered else "other")
    return tuple(sorted(found, key=_NEED_ORDER.__getitem__))


def _reasons_of(session: Session, before: Sequence[Session], instrument: Instrument) -> set[Reason]:
    """Say what one session of the window gives reason for; before: the answered ones."""
    last = before[-1] if before else None
    found: set[Reason] = set()
    if session.outcome == "silent":
        found.add("silence_after_low" if last is not None and last.is_low else "silence")
    if session.is_low:
        found.add("low_twice" if last is not None and last.is_low else "low")
    if session.score is not None:
        earlier = [
            s.score for s in before if s.score is not None and s.instrument == session.instrument
        ]
        if signals.change(session.score, earlier, instrument.house) == "fall":
            found.add("fall")
    if session.shared is not None:
        found.add("raise" if session.shared.disclosure == "raise" else "wrote")
    if set(session.obstacles) - _NO_OBSTACLE:
        found.add("obstacles")
    if session.talked == "no":
        found.add("talked_no")
    return found


def _is_declined(talk: Talk, window: Window) -> bool:
    """Say whether the client said to "let's talk about it", in this window, that rather not."""
    return talk.reply == "rather_not" and window.holds(talk.replied_at)


def _loop_is_open(talk: Talk | None, sessions: Sequence[Session], window: Window) -> bool:
    """Say whether "let's talk about it" was followed by a session that left it unanswered."""
    if talk is None or talk.reply == "rather_not" or window.cut_at - talk.made_at > _LOOP_MS:
        return False
    since = [s for s in sessions if s.starts_at > talk.made_at]
    over = any(s.is_new and s.outcome in ("answered", "started", "silent") for s in since)
    answered = any(s.follows_id == talk.id and s.talked is not None for s in since)
    return over and not answered
