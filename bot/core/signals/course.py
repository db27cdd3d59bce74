"""A whole history judged in one pass: what was known at each check-in, and what became of falls.

Each check-in is judged by what came before it and is then kept, so that later ones never change
what was said. What belongs to one instrument version stays with it: nothing is compared across.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.core.house import House
from bot.core.signals.change import Spread, spread
from bot.core.signals.chart import Baseline, baseline_of
from bot.core.signals.marks import NEED, Course, Finding, Point, Rupture, State, Verdict
from bot.core.signals.rupture import Follower
from bot.core.signals.scores import CutOff, by_two_rules, change_from, mean_of, usual
from bot.core.signals.unsaid import Unsaid

_CUT_OFF: Final[dict[CutOff, Finding]] = {"below": "cutoff", "fall": "cutoff_fall"}


def course(
    points: Sequence[Point], house: House, scale: tuple[float, float] = (0.0, 10.0)
) -> Course:
    """Judge check-ins, oldest first, each by those before it (S1, S7-S9, S14-S17); linear.

    scale: the lowest and the highest score.
    """
    ruptures: list[Rupture] = []
    noise = spread(house)
    kept, cutoffs = max(house.usual_over, house.fall_needs), house.has_cutoffs
    judges: defaultdict[str, _Judge] = defaultdict(
        lambda: _Judge(house, scale, noise, kept, cutoffs, Follower(house.repair_within, ruptures))
    )
    stretch, verdicts = -1, []
    for at, point in enumerate(points):
        judge = judges[point.instrument]
        if judge.stretch < 0 or point.begins_anew:
            stretch += 1
            judge.begin(stretch, at)
        elif point.after_unseen:
            judge.lose_sight(at)
        verdicts.append(judge.verdict(at, point))
    return Course(tuple(verdicts), tuple(ruptures))


@dataclass(slots=True)
class _Judge:
    """What is known so far of one instrument version. kept: so many of the newest scores.

    is_blind: no score has come since check-ins that are not given.
    """

    house: House
    scale: tuple[float, float]
    noise: Spread | None
    kept: int
    has_cutoffs: bool
    follower: Follower
    stretch: int = -1
    first: list[float] = field(default_factory=list)
    newest: tuple[float, ...] = ()
    baseline: Baseline | Unsaid = field(init=False)
    low_running: int = 0
    straight_running: int = 0
    last_total: float | None = None
    is_blind: bool = False

    def begin(self, stretch: int, at: int) -> None:
        """Begin a baseline with the check-in at this place; an open rupture ends as it stands."""
        self.follower.close(at)
        self.stretch, self.first = stretch, []
        self.newest = ()
        self.baseline = baseline_of(self.first, self.house, self.scale)

    def lose_sight(self, at: int) -> None:
        """Keep the baseline, but let nothing run on over check-ins that are not given."""
        self.follower.close(at)
        self.newest = ()
        self.low_running = self.straight_running = 0
        self.last_total, self.is_blind = None, True

    def verdict(self, at: int, point: Point) -> Verdict:
        """Judge one check-in by what was before it, then let it be part of what was before."""
        answered = [rating for rating in point.values if rating is not None]
        value = mean_of(answered, self.house)
        baseline, earlier = self.baseline, self.newest
        own = usual(earlier, self.house)
        rci, findings = self._falls(value)
        fell = bool(findings)
        if answered:
            lowest, highest = min(answered), max(answered)
            self._count_runs(lowest, is_straight=value is not None and lowest == highest)
            self._add_facts(findings)
            if lowest == highest == self.scale[1] and len(answered) == len(point.values):
                findings.add("ceiling")
            if self.has_cutoffs and len(answered) == len(point.values):
                self._add_cut_offs(findings, float(sum(answered)))
        if value is not None:
            # How it stands to the last ones, in words where there are too few (S17).
            said = change_from(own, value, earlier, self.house)
            if said != "none":
                findings.add(said)
        state, rupture_at = self._state(at, value, fell, point.talked)
        self._keep(value)
        # By place, as `Verdict` has them: a digest makes more than a thousand.
        return Verdict(
            at,
            self.stretch,
            value,
            bool(answered),
            tuple(found for found in NEED if found in findings) if findings else (),
            baseline,
            rci,
            own,
            self.low_running,
            self.straight_running,
            state,
            rupture_at,
        )

    def _count_runs(self, lowest: int, *, is_straight: bool) -> None:
        """Count lows and straight lines running, of answered check-ins: silence neither breaks nor
        lengthens a run."""
        self.low_running = self.low_running + 1 if lowest <= self.house.low_at_most else 0
        self.straight_running = self.straight_running + 1 if is_straight else 0

    def _add_facts(self, found: set[Finding]) -> None:
        """Say in what runs an answered check-in stands (S15, S16)."""
        if self.low_running:
            found.add("low_twice" if self.low_running >= self.house.low_running else "low")
        if self.straight_running >= self.house.straight_running:
            found.add("straight")

    def _add_cut_offs(self, found: set[Finding], total: float) -> None:
        """Say what a licensed instrument's manual says of a whole check-in's total (S10)."""
        said = by_two_rules(total, self.last_total, self.house)
        found.update(_CUT_OFF[one] for one in said)
        self.last_total = total

    def _falls(self, value: float | None) -> tuple[float | None, set[Finding]]:
        """Judge a score by the baseline (S14); give its RCI and what was found."""
        found: set[Finding] = set()
        baseline, noise = self.baseline, self.noise
        # Without a spread there is no baseline; asked for both, because types know of neither.
        if value is None or noise is None or isinstance(baseline, Unsaid):
            return None, found
        if baseline.count < self.house.fall_needs:
            return None, found
        rci = noise.rci(baseline.mean, value)
        if rci < -noise.reliable_z:
            found.add("reliable_fall")
        if baseline.lower is not None and value < baseline.lower:
            found.add("below_limit")
        return rci, found

    def _state(
        self, at: int, value: float | None, fell: bool, talked: bool
    ) -> tuple[State, int | None]:
        """Follow a possible rupture (S14): does one begin, last, or end here?"""
        said = self.follower.see(at, value, talked=talked)
        if not fell or self.follower.is_open:
            return said
        assert isinstance(self.baseline, Baseline)  # noqa: S101 - what fell, fell below one
        self.follower.begin(at, self.baseline.back_from, is_older=self.is_blind)
        return "possible", at

    def _keep(self, value: float | None) -> None:
        if value is None:
            return
        self.is_blind = False
        self.newest = (*self.newest, value)[-self.kept :]
        if len(self.first) < self.house.baseline_over:
            self.first.append(value)
            self.baseline = baseline_of(self.first, self.house, self.scale)
