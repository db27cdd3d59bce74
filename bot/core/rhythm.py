"""How often a check-in asks for something else than its open question.

Ours, like the house rules, and in the same file: `[rhythm]` of an instrument. Each number is 0 in a
file that says nothing, and then nothing of the kind is asked. What is asked instead stands in the
items, which name it as `{ items = ["asks"], includes = "goals" }`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

#: What a check-in may ask in place of its open question.
GOALS = "goals"
EXPECTATIONS = "expectations"
#: The items of the client's own goals, by the goals' places.
GOAL_ITEMS = ("goal_1", "goal_2", "goal_3")
#: The items that are asked before the first session and once more later.
EXPECTED_ITEMS = ("hope", "confidence")
WORTH = "worth"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When something else is asked.

    goals_every: own goals are rated in every so manieth completed check-in. expectations_at: from
    this session on, expectations are asked about once.
    """

    goals_every: int = 0
    expectations_at: int = 0

    def asks_goals(self, count: int) -> bool:
        """Say whether goals are asked after `count` completed check-ins.

        The turn is half a round away from what `every` shows, so that the two do not meet: with 4,
        goals come with the 2nd, 6th and 10th check-in.
        """
        every = self.goals_every
        return every > 0 and (count + 1 + every // 2) % every == 0

    def asks_expectations(self, sessions: int) -> bool:
        """Say whether expectations are due, had they not been asked yet; this session counts."""
        return 0 < self.expectations_at <= sessions


def read_rhythm(data: object, mistakes: list[str]) -> Rhythm:
    """Read the `[rhythm]` table of an instrument; what is wrong is added to `mistakes`."""
    if not isinstance(data, Mapping):
        mistakes.append("[rhythm] must be a table")
        return Rhythm()
    known = {field.name for field in fields(Rhythm)}
    good: dict[str, int] = {}
    for key, value in data.items():
        if key not in known:
            mistakes.append(f"rhythm: unknown key {key!r}")
        elif not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1000:
            mistakes.append(f"rhythm.{key}: must be a whole number from 0 to 1000")
        else:
            good[key] = value
    return Rhythm(**good)


def asks_of(
    rhythm: Rhythm, *, count: int, sessions: int, goals: int, expected: bool
) -> tuple[str, ...]:
    """Say what a check-in asks in place of its open question, for its conditions.

    count: check-ins completed before. sessions: those that took place, this one included. goals:
    how many are open. expected: whether expectations have been asked about before. Both would be
    too much at once: what is asked a single time goes first.
    """
    if not expected and rhythm.asks_expectations(sessions):
        return (EXPECTATIONS,)
    if goals and rhythm.asks_goals(count):
        return (GOALS, *GOAL_ITEMS[:goals])
    return ()
