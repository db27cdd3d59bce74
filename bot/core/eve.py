"""What is still open with whom on the evening before an absence, where nothing new says it.

Owns whom the last digest before an absence names besides those with something new: after a low
answer, in silence, with an open "let's talk about it". Nothing here can be acknowledged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from bot.core.digest import PAGE_UNITS, most_units
from bot.core.entries import Entry, entry_of
from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts
from bot.core.reasons import loop_is_unanswered, waits_for_word
from bot.core.sessions import Window, sessions_of
from bot.core.trends import trend_of

Why = Literal["low", "silent", "talk"]
_ORDER: Final[tuple[Why, ...]] = ("low", "silent", "talk")
#: What is older is named no more: it has been in digests before.
_RECENT_MS: Final = 28 * 86_400_000
#: So many are named, and the most that this takes, in UTF-16 units and in any language.
SHOWN: Final = 6
UNITS: Final = 900


@dataclass(frozen=True, slots=True)
class Carried:
    """A pair with something open. on, score: of the last answer. whys: low, silent, talk."""

    code: str
    on: str | None
    score: float | None = field(repr=False)
    whys: tuple[Why, ...]


def carried_of(
    pairs: Sequence[PairFacts], window: Window, instrument: Instrument
) -> tuple[Carried, ...]:
    """List who has something open and nothing new in a window, the low ones first."""
    found = [
        one
        for facts in pairs
        if facts.state == "active" and entry_of(facts, window, instrument) is None
        if (one := _carried(facts, window, instrument)).whys
    ]
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.whys[0]), one.code)))


def has_room(entries: Sequence[Entry]) -> bool:
    """Say whether what is carried stands on one page with entries."""
    return sum(map(most_units, entries)) + UNITS <= PAGE_UNITS


def _carried(facts: PairFacts, window: Window, instrument: Instrument) -> Carried:
    sessions = sessions_of(facts.asked, window, instrument)
    since_at = window.cut_at - _RECENT_MS
    recent = [session for session in sessions if session.starts_at >= since_at]
    last = next((one for one in reversed(sessions) if one.has_answers), None)
    whys = list[Why]()
    if last is not None and last in recent and waits_for_word(last, facts.talk):
        whys.append("low")
    if trend_of(sessions, instrument).silent_running and any(
        session.outcome == "silent" for session in recent
    ):
        whys.append("silent")
    if loop_is_unanswered(facts.talk, sessions, window):
        whys.append("talk")
    on, score = (None, None) if last is None else (last.on, last.score)
    return Carried(facts.code, on, score, tuple(whys))
