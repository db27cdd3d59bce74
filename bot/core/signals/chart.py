"""The individual control chart: how far a client's scores usually vary (XmR; S5 to S8).

Limits come from the first scores of a stretch and are then frozen. Who judges a score keeps it
out of the baseline that it is judged by: see `course`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Final

from bot.core.house import House
from bot.core.signals.change import Spread, spread
from bot.core.signals.unsaid import Unsaid

#: The mean range of two draws from a normal distribution, in SDs, and the upper limit of such a
#: range in mean ranges (Shewhart's constants for two).
_D2: Final = 1.128
_D4: Final = 3.267

#: So many decimals of a limit count; what follows is the noise of binary fractions.
_EXACT: Final = 6


@dataclass(frozen=True, slots=True)
class Individuals:
    """The bare chart of some scores. mean_range: the mean of the moving ranges."""

    mean: float
    mean_range: float
    lower: float
    upper: float
    range_limit: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Where scores usually lie. is_floored: the scores varied less than the instrument's noise."""

    lower: float
    upper: float
    is_floored: bool

    @property
    def in_tenths(self) -> tuple[float, float]:
        """The limits as they are printed: the first and the last tenth that lie within them.

        Rounded, a limit of 7.41 would read as if a score of 7.4 were not below it.
        """
        lower, upper = round(self.lower * 10, _EXACT), round(self.upper * 10, _EXACT)
        return math.ceil(lower) / 10, math.floor(upper) / 10


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a score is judged by: the first scores of its stretch, itself not among them.

    back_from: from here on a score is back to usual. limits: unsaid below `baseline_needs`.
    is_frozen: it has all the scores it will ever have; else it is provisional.
    """

    mean: float
    count: int
    back_from: float
    limits: Limits | Unsaid
    is_frozen: bool

    @property
    def lower(self) -> float | None:
        """The lower limit, None where it is unsaid."""
        return self.limits.lower if isinstance(self.limits, Limits) else None


def individuals(scores: Sequence[float], sigmas: float = 3.0) -> Individuals | Unsaid:
    """Chart scores, oldest first: mean ± sigmas·mR̄/1.128, ranges to 3.267·mR̄ (S5, S6).

    Unsaid below two scores. No floor and no scale: see `baseline_of`.
    """
    if len(scores) < 2:
        return Unsaid("too_few", len(scores), 2)
    mean, mean_range = fmean(scores), _mean_range(scores)
    reach = sigmas * mean_range / _D2
    return Individuals(mean, mean_range, mean - reach, mean + reach, _D4 * mean_range)


def baseline_of(
    scores: Sequence[float], house: House, scale: tuple[float, float] = (0.0, 10.0)
) -> Baseline | Unsaid:
    """Make the baseline of a stretch from its scores so far, oldest first (S7, S8).

    Only the first `baseline_over` count. The spread is at least the instrument's SEM, and limits
    end where the scale does. Unsaid without any score, or where the file names no SD.
    """
    noise = spread(house)
    if noise is None:
        return Unsaid("no_spread")
    first = scores[: house.baseline_over]
    if not first:
        return Unsaid("too_few", 0, 1)
    mean = fmean(first)
    return Baseline(
        mean=mean,
        count=len(first),
        back_from=mean - noise.sem,
        limits=_limits(first, mean, noise, house, scale),
        is_frozen=len(first) == house.baseline_over,
    )


def _limits(
    scores: Sequence[float], mean: float, noise: Spread, house: House, scale: tuple[float, float]
) -> Limits | Unsaid:
    if len(scores) < house.baseline_needs:
        return Unsaid("too_few", len(scores), house.baseline_needs)
    own = _mean_range(scores) / _D2
    reach = house.sigmas * max(own, noise.sem)
    return Limits(
        max(scale[0], mean - reach), min(scale[1], mean + reach), is_floored=own < noise.sem
    )


def _mean_range(scores: Sequence[float]) -> float:
    return fmean(abs(after - before) for before, after in pairwise(scores))
