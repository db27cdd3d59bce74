"""What a therapist is shown of a day: its appointments, with what to know before each.

Owns the facts that the template needs, with nothing of Telegram and no database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts
from bot.core.reasons import loop_is_unanswered
from bot.core.sessions import Session, Window, sessions_of
from bot.core.trends import trend_of
from bot.services.details import BeforeFirst

#: What fits one message of `today`: appointments, and UTF-16 units of each shared text.
TODAY_AT_MOST: Final = 11
TEXT_IN_TODAY: Final = 80


@dataclass(frozen=True, slots=True)
class TodayLine:
    """One appointment today. last: the newest session with answers; is_silent: one went
    unanswered since. promised: "let's talk about it" is still to come, and not from long ago;
    declined: the client would rather not. before_first: where no session has been answered yet."""

    pair_id: int
    code: str
    on: str
    time: str
    last: Session | None
    is_silent: bool
    promised: bool
    declined: bool
    before_first: BeforeFirst | None = None

    def with_before_first(self, before_first: BeforeFirst | None) -> TodayLine:
        """Give the line with what was said before the first session."""
        return replace(self, before_first=before_first)


@dataclass(frozen=True, slots=True)
class Today:
    """A therapist's day. more: appointments beyond those shown."""

    on: str
    lines: tuple[TodayLine, ...]
    more: int
    free_text: bool

    @property
    def shows(self) -> tuple[int, ...]:
        """The pairs of which it tells something."""
        return tuple(dict.fromkeys(line.pair_id for line in self.lines))

    @property
    def has_scores(self) -> bool:
        """Whether ratings are shown, so that the label about them must stand here."""
        return any(
            (line.last is not None and line.last.given) or line.before_first for line in self.lines
        )


def today_line(
    facts: PairFacts, on: str, time: str, as_of: Window, instrument: Instrument
) -> TodayLine:
    """Say what to know before an appointment, including what came after the last digest."""
    sessions = sessions_of(facts.asked, as_of, instrument, TEXT_IN_TODAY)
    answered = [session for session in sessions if session.has_answers]
    last = answered[-1] if answered else None
    over = trend_of([s for s in sessions if s.outcome != "withheld"], instrument).sessions
    talk = facts.talk
    return TodayLine(
        pair_id=facts.pair_id,
        code=facts.code,
        on=on,
        time=time,
        last=last,
        is_silent=bool(over) and over[-1].outcome == "silent",
        promised=loop_is_unanswered(talk, sessions, as_of),
        declined=talk is not None
        and talk.reply == "rather_not"
        and not any(s.starts_at > talk.made_at for s in answered),
    )
