"""What a course is made of and what is found in it: points in, verdicts and ruptures out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from bot.core.signals.chart import Baseline
from bot.core.signals.rates import Share
from bot.core.signals.unsaid import Unsaid

Finding = Literal[
    "low_twice",
    "low",
    "cutoff",
    "below_limit",
    "reliable_fall",
    "cutoff_fall",
    "fall",
    "lower",
    "straight",
    "ceiling",
]

#: In order of need (house rule). Two that say what a therapist may be told as a fact come last.
NEED: Final[tuple[Finding, ...]] = (
    "low_twice",
    "low",
    "cutoff",
    "below_limit",
    "reliable_fall",
    "cutoff_fall",
    "fall",
    "lower",
    "straight",
    "ceiling",
)

#: The rule that each finding stands on, as in docs/signals.md.
RULE_OF: Final[Mapping[Finding, str]] = MappingProxyType(
    {
        "low_twice": "S16",
        "low": "S16",
        "cutoff": "S10",
        "cutoff_fall": "S10",
        "below_limit": "S14",
        "reliable_fall": "S14",
        "fall": "S17",
        "lower": "S17",
        "straight": "S15",
        "ceiling": "S15",
    }
)

#: How a possible rupture stands as of a check-in: "possible" where it begins, then "open" until
#: the scores are back; "repaired" only in time and when the two talked about it (S14).
State = Literal["none", "possible", "open", "back", "repaired"]
Outcome = Literal["open", "back", "repaired"]


class Point(NamedTuple):
    """One check-in in a course. As `Verdict` no dataclass, because a digest makes so many.

    values: its rating items, None where skipped; empty where there was no answer. instrument: name
    and version. talked: the client says here that the two talked about an earlier check-in.
    begins_anew: the therapist has set the baseline to begin with this check-in. after_unseen: those
    between this and the one before are not given, so that no run reaches over them.
    """

    values: tuple[int | None, ...] = ()
    instrument: str = ""
    talked: bool = False
    begins_anew: bool = False
    after_unseen: bool = False


class Verdict(NamedTuple):
    """What may be said about one check-in, by what was known when it came; never changed later.

    at: its place in the course. stretch: counts baselines; a line is never drawn from one into the
    next. score: None is a gap. findings: in order of need. baseline: what it was judged by.
    rci: against the baseline's mean. usual: median of the newest earlier scores. low_running,
    straight_running: how many in a row, this one included. rupture_at: where the state began.
    """

    at: int
    stretch: int
    score: float | None
    is_answered: bool
    findings: tuple[Finding, ...]
    baseline: Baseline | Unsaid
    rci: float | None
    usual: float | None
    low_running: int
    straight_running: int
    state: State
    rupture_at: int | None

    @property
    def rule(self) -> str | None:
        """The id of the rule that speaks first, if any does."""
        return RULE_OF[self.findings[0]] if self.findings else None


@dataclass(frozen=True, slots=True)
class Rupture:
    """A possible rupture as it stands at the end of the course; clients never see the word.

    at: where it began. until: where the scores were back, or the baseline ended; None while it
    lasts. outcome: "back" is back to usual, but late or not talked about. is_overdue: open
    after `repair_within` scored check-ins. is_older: the first score that is seen after others that
    are not was low already, so that nobody knows here when it began.
    """

    at: int
    until: int | None
    outcome: Outcome
    is_overdue: bool = False
    is_older: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """A whole history, judged: one verdict for each point, in their order."""

    verdicts: tuple[Verdict, ...]
    ruptures: tuple[Rupture, ...]

    @property
    def ceiling(self) -> Share:
        """How many of the check-ins with answers have all items at the maximum (S15)."""
        at_the_top = sum("ceiling" in one.findings for one in self.verdicts)
        return Share(at_the_top, sum(one.is_answered for one in self.verdicts))

    @property
    def newest(self) -> Verdict | None:
        """The newest verdict on a check-in with answers."""
        return next((one for one in reversed(self.verdicts) if one.is_answered), None)
