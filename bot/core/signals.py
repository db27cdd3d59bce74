"""Scores and signals: what numbers may be said about check-ins, and when none may.

Each function names the rule it carries (S1, S12, S16, S17). Missing is not zero: an item that
was skipped is None and takes part in nothing. The thresholds are house rules of the instrument
(`House`), not published cut-offs; none stands here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Final, Literal

from bot.core.instrument import House

#: What may be said about a score beside the earlier ones.
#: "fall": below the own usual by the house rule. "lower": lower than last time, in words only.
Change = Literal["fall", "lower", "none"]

#: The two-sided 95 % point of the normal distribution.
_Z95: Final = 1.959963984540054

_BARS: Final = "▁▂▃▄▅▆▇█"
_MISSING: Final = "·"
_AXIS_HIGHEST: Final = 10.0


def score(values: Sequence[int | None], house: House) -> float | None:
    """Give the score of a check-in: the mean of the answered items, or None for too few (S1)."""
    answered = [value for value in values if value is not None]
    if not answered or len(answered) < house.score_needs:
        return None
    return fmean(answered)


def is_low(values: Sequence[int | None], house: House) -> bool:
    """Say whether any answered item is low, whatever the history (S16)."""
    return any(value is not None and value <= house.low_at_most for value in values)


def usual(scores: Sequence[float], house: House) -> float | None:
    """Give the own usual: the median of the newest `usual_over` scores, oldest first.

    None below `usual_needs` scores: too few to say.
    """
    newest = scores[-house.usual_over :]
    return None if len(newest) < house.usual_needs else median(newest)


def change(latest: float, earlier: Sequence[float], house: House) -> Change:
    """Say how a score stands to the earlier ones (oldest first) of the same instrument (S17).

    A fall needs two earlier scores at least; with fewer, a lower score is said in words.
    """
    own = usual(earlier, house)
    if own is None or len(earlier) < 2:
        return "lower" if earlier and latest < earlier[-1] else "none"
    return "fall" if own - latest >= house.fall_at_least else "none"


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


def sparkline(scores: Sequence[float | None]) -> str:
    """Draw scores as a line of bars on the fixed axis 0 … 10, `·` where there is none."""
    return "".join(
        _MISSING
        if value is None
        else _BARS[min(len(_BARS) - 1, int(value / _AXIS_HIGHEST * len(_BARS)))]
        for value in scores
    )
