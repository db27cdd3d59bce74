"""Rates and agreement over many: response rate, ceiling, Cronbach's alpha (S11, S12, S15).

The F distribution is worked out here, because the core has the standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import variance
from typing import Final

from bot.core.house import House
from bot.core.signals.unsaid import Unsaid

#: The two-sided 95 % point of the normal distribution.
_Z95: Final = 1.959963984540054
_HALVINGS: Final = 200


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many; a share of none is no share."""

    hits: int
    of: int

    @property
    def rate(self) -> float | None:
        """The share in 0 … 1, None of none."""
        return self.hits / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Alpha:
    """Internal consistency of an instrument, with its 95 % interval. people: complete rows."""

    value: float
    low: float
    high: float
    people: int


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """Give the 95 % interval of a rate, both ends in 0 … 1 (S12; Wilson 1927).

    Errors: ValueError unless 0 <= hits <= tries and tries > 0.
    """
    if not 0 <= hits <= tries or tries == 0:
        raise ValueError(f"{hits} of {tries} is no rate")
    rate, squared = hits / tries, _Z95 * _Z95
    centre = (rate + squared / (2 * tries)) / (1 + squared / tries)
    half = (
        _Z95
        * math.sqrt(rate * (1 - rate) / tries + squared / (4 * tries * tries))
        / (1 + squared / tries)
    )
    return max(0.0, centre - half), min(1.0, centre + half)


def alpha(rows: Sequence[Sequence[int | None]], house: House) -> Alpha | Unsaid:
    """Give Cronbach's alpha = k/(k-1)·(1 - Σs²ᵢ/s²ₜ) with Feldt's interval (S11; Feldt 1987).

    rows: one response of each person, all of the same items; a row with a skipped item is left
    out. Unsaid below `alpha_people` complete rows, below two items, or when no sums differ.
    """
    complete = [[value for value in row if value is not None] for row in rows if None not in row]
    people = len(complete)
    if people < house.alpha_people:
        return Unsaid("too_few", people, house.alpha_people)
    items = len(complete[0])
    if items < 2:
        return Unsaid("too_few", items, 2)
    total = variance([sum(row) for row in complete])
    if total == 0:
        return Unsaid("no_variance")
    parts = sum(variance(column) for column in zip(*complete, strict=True))
    value = items / (items - 1) * (1 - parts / total)
    first, second = people - 1, (people - 1) * (items - 1)
    return Alpha(
        value,
        low=1 - (1 - value) * f_quantile(0.975, first, second),
        high=1 - (1 - value) * f_quantile(0.025, first, second),
        people=people,
    )


def f_quantile(share: float, first: float, second: float) -> float:
    """Give the value below which `share` of an F distribution lies; 0 < share < 1.

    first, second: its degrees of freedom. F = d₂x/(d₁(1 - x)), where the regularised incomplete
    beta I_x(d₁/2, d₂/2) = share; x is found by halving, which cannot miss a rising function.
    """
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _beta_share(middle, first / 2, second / 2) < share:
            low = middle
        else:
            high = middle
    return second * high / (first * (1 - high))


def _beta_share(x: float, a: float, b: float) -> float:
    """Give the regularised incomplete beta I_x(a, b) for 0 < x < 1.

    Its series in x has positive terms only (Abramowitz & Stegun 26.5.4); above the middle it is
    summed from the other end, where the terms fall faster.
    """
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(1 - x, b, a)
    term = total = 1.0
    n = 0
    while term > total * 1e-17:
        term *= x * (a + b + n) / (a + 1 + n)
        total += term
        n += 1
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return total * math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta) / a
