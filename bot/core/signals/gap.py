"""Therapist against client: how far two ratings of the same sessions lie apart (S13).

The therapist's rating is never shown to the client; who may see a gap is not decided here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bot.core.house import House
from bot.core.signals.unsaid import Unsaid


@dataclass(frozen=True, slots=True)
class Gap:
    """Both ratings of the same sessions. mean: therapist minus client.

    mean_absolute: the size of the misses, which cancel out in the mean. correlation, agreement
    (ICC(A,1)): None where nothing varies.
    """

    sessions: int
    mean: float
    mean_absolute: float
    correlation: float | None
    agreement: float | None


def gap(
    client: Sequence[float | None], therapist: Sequence[float | None], house: House
) -> Gap | Unsaid:
    """Compare both scores of the same sessions; one that either did not rate is left out.

    Unsaid below `gap_needs` sessions. Errors: ValueError when the two differ in length.
    """
    both = [
        (own, other)
        for own, other in zip(client, therapist, strict=True)
        if own is not None and other is not None
    ]
    if len(both) < house.gap_needs:
        return Unsaid("too_few", len(both), house.gap_needs)
    misses = [other - own for own, other in both]
    return Gap(
        sessions=len(both),
        mean=fmean(misses),
        mean_absolute=fmean(map(abs, misses)),
        correlation=_correlation(both),
        agreement=_agreement(both),
    )


def _correlation(both: Sequence[tuple[float, float]]) -> float | None:
    """Give Pearson's r, None where one of the two never varies."""
    own, other = zip(*both, strict=True)
    if len(set(own)) == 1 or len(set(other)) == 1:
        return None
    own_mean, other_mean = fmean(own), fmean(other)
    together = math.fsum((a - own_mean) * (b - other_mean) for a, b in both)
    own_part = math.fsum((a - own_mean) ** 2 for a in own)
    other_part = math.fsum((b - other_mean) ** 2 for b in other)
    return max(-1.0, min(1.0, together / math.sqrt(own_part * other_part)))


def _agreement(both: Sequence[tuple[float, float]]) -> float | None:
    """Give ICC(A,1): one rating, two-way, absolute agreement (McGraw & Wong 1996).

    (MSR - MSE) / (MSR + MSE + 2/n·(MSC - MSE)) for two raters; None where all is the same.
    """
    if len({value for pair in both for value in pair}) == 1:
        return None
    count = len(both)
    own, other = (fmean(side) for side in zip(*both, strict=True))
    grand = (own + other) / 2
    sessions = 2 * math.fsum(((a + b) / 2 - grand) ** 2 for a, b in both) / (count - 1)
    raters = count * ((own - grand) ** 2 + (other - grand) ** 2)
    left = math.fsum(((b - a) - (other - own)) ** 2 for a, b in both) / 2 / (count - 1)
    return (sessions - left) / (sessions + left + 2 * (raters - left) / count)
