"""Torture: the same promises, for as long as there is time.

A part is a module in `tests/torture/parts` with a function `run(seed: int) -> Tally`. It makes
what it needs in a folder of its own, does one round that the seed alone decides, and gives what
it did and what it found. It raises only for its own bugs: a broken promise is a `Violation`.
`python -m tests.torture` runs parts side by side and keeps the sum in `.torture/tally.json`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise. invariant: its short name; what: what was found, in words."""

    invariant: str
    what: str


@dataclass(slots=True)
class Tally:
    """What one or many rounds did, and found.

    counts: how often what was done ("kills", "faults", "updates"). points: how often each point
    was struck. evidence: files by name, kept beside the tally when there is a violation.
    """

    runs: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    evidence: dict[str, bytes] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take in another tally; its evidence stays behind."""
        self.runs += other.runs
        self.counts += other.counts
        self.points += other.points
        self.violations += other.violations

    def to_json(self) -> dict[str, Any]:
        """Give plain values, without the evidence."""
        return {
            "runs": self.runs,
            "counts": dict(self.counts),
            "points": dict(self.points),
            "violations": [[v.invariant, v.what] for v in self.violations],
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Tally:
        """Make a tally of what `to_json` gave."""
        return cls(
            plain["runs"],
            Counter(plain["counts"]),
            Counter(plain["points"]),
            [Violation(*one) for one in plain["violations"]],
        )
