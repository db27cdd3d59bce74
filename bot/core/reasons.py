"""Why a pair stands where it stands in a digest.

Owns reasons, their order of need, and how to begin about each. It refuses to guess: silence is
silence, and what is not known is no reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

from bot.core import signals
from bot.core.pair_facts import PairFacts, Talk
from bot.core.sessions import Session, Window
from bot.core.trends import TALKED, Repair, Trend

#: In order of need (house rule): low twice running first, then what the therapist still owes, then
#: what an answer says, and only then what silence may mean.
Reason = Literal[
    "low_twice",
    "talked_no",
    "open_loop",
    "low",
    "cutoff",
    "below",
    "fall",
    "cutoff_fall",
    "still_below",
    "raise",
    "wrote",
    "obstacles",
    "silence_after_low",
    "stopped",
    "ended",
    "silence",
    "other",
    "declined",
    "calm",
]
NEED: Final[tuple[Reason, ...]] = get_args(Reason)
NEED_ORDER: Final = {reason: place for place, reason in enumerate(NEED)}
Opener = Literal["missed", "different", "yours", "wrote", "in_the_way", "room", "checking_in"]

#: How to begin without defending oneself.
OPENERS: Final[dict[Reason, Opener]] = {
    "low_twice": "missed",
    "low": "missed",
    "cutoff": "missed",
    "below": "different",
    "fall": "different",
    "cutoff_fall": "different",
    "still_below": "checking_in",
    "raise": "yours",
    "wrote": "wrote",
    "obstacles": "in_the_way",
    "talked_no": "room",
    "open_loop": "room",
    "silence_after_low": "checking_in",
}

#: Options of `obstacles` that name none.
_NO_OBSTACLE: Final = frozenset({"nothing_particular", "hard_but_useful", "rather_not_say"})

#: What is still said of whoever has left: what the last answers hold, and nothing to begin with
#: next time.
_LAST_WORDS: Final = frozenset(
    {
        *("low_twice", "talked_no", "low", "cutoff", "below", "fall", "cutoff_fall"),
        *("raise", "wrote", "obstacles", "declined"),
    }
)

#: An open "let's talk about it" is named this long; a new acknowledgement replaces it anyway.
LOOP_MS: Final = 28 * 86_400_000


def reasons_of(
    facts: PairFacts,
    sessions: Sequence[Session],
    window: Window,
    trend: Trend,
    repair: Repair | None,
) -> tuple[Reason, ...]:
    """List why a pair stands where it stands in a digest, in order of need; at least one."""
    found: set[Reason] = set()
    last, silences = None, 0
    for session in sessions:
        silences += session.outcome == "silent"
        if session.is_new or session.is_corrected:
            is_low_silence = silences <= trend.house.low_silences and waits_for_word(
                last, facts.talk
            )
            found |= _said_by(session, is_after_low=is_low_silence)
            found |= _judged(session, trend.verdict_on(session))
        if session.has_answers:
            last, silences = session, 0
            found.discard("silence_after_low")
    if "low_twice" in found and not trend.is_low_running:
        # Of two in this digest the later one may have ended the run.
        found = found - {"low_twice"} | {"low"}
    if repair is not None and repair.lasts:
        # What lasts is no news, unless it falls further. Silence says nothing about a fall: it is
        # still one only while scores come.
        scored = any(session.score is not None for session in sessions if session.is_new)
        found = found - {"below", "fall"} | ({"still_below"} if scored else set())
    if _loop_is_open(facts.talk, sessions, window):
        found.add("open_loop")
    has_talked = any(s.talked in TALKED for s in sessions if s.is_new)
    if facts.is_declined(window) and not has_talked:
        found.add("declined")
    if facts.state_now(window) == "stopped":
        found.add("stopped")
    if facts.state == "ended" and (facts.changed_at or 0) < window.cut_at:
        return ("ended", *sorted(found & _LAST_WORDS, key=NEED_ORDER.__getitem__))
    if not found:
        answered = any(s.has_answers for s in sessions if s.is_new or s.is_corrected)
        found.add("calm" if answered else "other")
    return tuple(sorted(found, key=NEED_ORDER.__getitem__))


def waits_for_word(last: Session | None, talk: Talk | None) -> bool:
    """Say whether the last answer was low, and its client has not asked to let it be."""
    if last is None or not last.is_low:
        return False
    return talk is None or talk.reply != "rather_not" or talk.made_at < last.starts_at


def _said_by(session: Session, *, is_after_low: bool) -> set[Reason]:
    """Say what a session of the window gives reason for."""
    found: set[Reason] = set()
    if session.outcome == "silent":
        found.add("silence_after_low" if is_after_low else "silence")
    if session.shared is not None:
        found.add("raise" if session.shared.disclosure == "raise" else "wrote")
    if set(session.obstacles) - _NO_OBSTACLE:
        found.add("obstacles")
    if session.talked == "no":
        found.add("talked_no")
    return found


def _judged(session: Session, verdict: signals.Verdict | None) -> set[Reason]:
    """Say what the course gives reason for; outside of it, only that an answer is low.

    A reliable fall alone stands on an assumed SD, so that it ranks no higher than a plain fall.
    """
    if verdict is None:
        return {"low"} if session.is_low else set()
    findings = set(verdict.findings)
    found: set[Reason] = set()
    for same in ("low_twice", "low", "cutoff", "cutoff_fall"):
        if same in findings:
            found.add(same)
    if "below_limit" in findings:
        found.add("below")
    elif findings & {"reliable_fall", "fall"}:
        found.add("fall")
    return found


def _loop_is_open(talk: Talk | None, sessions: Sequence[Session], window: Window) -> bool:
    """Say whether "let's talk about it" was followed by a session that left it unanswered."""
    if talk is None or not loop_is_unanswered(talk, sessions, window):
        return False
    since = [s for s in sessions if s.starts_at > talk.made_at]
    return any(s.is_new and s.outcome in ("answered", "started", "silent") for s in since)


def loop_is_unanswered(talk: Talk | None, sessions: Sequence[Session], window: Window) -> bool:
    """Say whether a "let's talk about it" is not long ago, and nobody said what came of it."""
    if talk is None or talk.reply == "rather_not" or window.cut_at - talk.made_at > LOOP_MS:
        return False
    return not any(s.follows_id == talk.id and s.talked is not None for s in sessions)
