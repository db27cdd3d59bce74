"""What stands beside a pair's scores: the therapist's guess at them, and expectations then and now.

Both are for the therapist alone. A gap is told of the newest session that both have rated, and of
all of them once there are enough (S13); the house decides how many that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.core import signals
from bot.core.house import House
from bot.core.rhythm import EXPECTED_ITEMS, WORTH
from bot.core.sessions import Asked, Session


@dataclass(frozen=True, slots=True)
class BesideFacts:
    """What the rows tell. guesses: the therapist's scores by check-in. before: what was said
    before the first session, by item."""

    guesses: Mapping[int, float] = field(default_factory=dict)
    before: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guess:
    """One session that both have rated. sessions, apart, higher: over all of them; None with too
    few. apart: the mean of the sizes. higher: therapist minus client, so that misses cancel out."""

    own: float
    client: float
    sessions: int | None = None
    apart: float | None = None
    higher: float | None = None

    @property
    def distance(self) -> float:
        """How far the two lie apart."""
        return abs(self.own - self.client)


@dataclass(frozen=True, slots=True)
class Expected:
    """One expectation, 0 to 10. before: what was said before the first session, if anything."""

    item: str
    now: int
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is said beside a pair's scores."""

    guess: Guess | None = None
    expected: tuple[Expected, ...] = ()


def beside_of(
    facts: BesideFacts | None, asked: Sequence[Asked], sessions: Sequence[Session], house: House
) -> Beside | None:
    """Say what stands beside the sessions of a window; None where nothing does.

    sessions: a pair's, oldest first, history included.
    """
    if facts is None:
        return None
    here = {
        session.checkin_id
        for session in sessions
        if session.has_answers and (session.is_new or session.is_corrected)
    }
    guess = _guess(facts, sessions, here, house)
    expected = _expected(facts, [one for one in asked if one.checkin_id in here])
    return Beside(guess, expected) if guess or expected else None


def _guess(
    facts: BesideFacts, sessions: Sequence[Session], here: set[int | None], house: House
) -> Guess | None:
    if not facts.guesses:
        return None
    both = [
        (session, session.score, own)
        for session in sessions
        if session.score is not None
        and (own := facts.guesses.get(session.checkin_id or 0)) is not None
    ]
    newest = [one for one in both if one[0].checkin_id in here]
    if not newest:
        return None
    last, client, own = newest[-1]
    alike = [one for one in both if one[0].instrument == last.instrument]
    found = signals.gap([one[1] for one in alike], [one[2] for one in alike], house)
    if not isinstance(found, signals.Gap):
        return Guess(own, client)
    return Guess(own, client, found.sessions, found.mean_absolute, found.mean)


def _expected(facts: BesideFacts, asked: Sequence[Asked]) -> tuple[Expected, ...]:
    for one in reversed(asked):
        said = {given.item: given.value for given in one.answers}
        values = [(item, said.get(item)) for item in (*EXPECTED_ITEMS, WORTH)]
        found = [
            Expected(item, value, facts.before.get(item))
            for item, value in values
            if isinstance(value, int)
        ]
        if found:
            return tuple(found)
    return ()


def guessed_score(
    guesses: Mapping[str, int | None], items: Sequence[str], house: House
) -> float | None:
    """Give the score of a therapist's guesses by the client's own rule (S1)."""
    return signals.score([guesses.get(item) for item in items], house)


# The most that each part takes on a page, in UTF-16 units; see `bot.core.digest`.
_GUESS: Final = 76
_OVER: Final = 120
_EXPECTED: Final = 28


def beside_units(beside: Beside | None) -> int:
    """Give the most UTF-16 units that this can take in an entry."""
    if beside is None:
        return 0
    size = len(beside.expected) * _EXPECTED
    if beside.guess is not None:
        size += _GUESS + _OVER * (beside.guess.sessions is not None)
    return size
