"""One check-in's score, and what may be said about it beside the earlier ones (S1, S10, S15-S17).

Missing is not zero: an item that was skipped is None and takes part in nothing. The thresholds
are house rules of the instrument (`House`), not published cut-offs; none stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from bot.core.house import House

#: What may be said about a score beside the earlier ones.
#: "fall": below the median of the last ones by the house rule. "lower": lower than last time, in
#: words only.
Change = Literal["fall", "lower", "none"]

CutOff = Literal["fall", "below"]

_BARS: Final = "▁▂▃▄▅▆▇█"
_MISSING: Final = "·"
_AXIS_HIGHEST: Final = 10.0


def score(values: Sequence[int | None], house: House) -> float | None:
    """Give the score of a check-in: the mean of the answered items, or None for too few (S1)."""
    return mean_of([value for value in values if value is not None], house)


def mean_of(answered: Sequence[int], house: House) -> float | None:
    """Give the score that answered items make, or None for too few (S1)."""
    if not answered or len(answered) < house.score_needs:
        return None
    return sum(answered) / len(answered)


def lows(values: Sequence[int | None], house: House) -> list[bool]:
    """Say of each item whether it was answered low, whatever the history (S16)."""
    low_at_most = house.low_at_most
    return [value is not None and value <= low_at_most for value in values]


def is_low(values: Sequence[int | None], house: House) -> bool:
    """Say whether any answered item is low (S16)."""
    low_at_most = house.low_at_most
    for value in values:  # noqa: SIM110 - asked by the thousand, and `any` takes twice as long
        if value is not None and value <= low_at_most:
            return True
    return False


def is_straight(values: Sequence[int | None], house: House) -> bool:
    """Say whether a scored check-in has the same value in every answered item (S15)."""
    return score(values, house) is not None and len(set(values) - {None}) == 1


def usual(scores: Sequence[float], house: House) -> float | None:
    """Give what is usual lately: the median of the newest `usual_over` scores, oldest first.

    None below `usual_needs` scores: too few to say.
    """
    newest = sorted(scores[-house.usual_over :])
    if len(newest) < house.usual_needs:
        return None
    middle, is_odd = divmod(len(newest), 2)
    return newest[middle] if is_odd else (newest[middle - 1] + newest[middle]) / 2


def change(latest: float, earlier: Sequence[float], house: House) -> Change:
    """Say how a score stands to the earlier ones (oldest first) of the same instrument (S17).

    A fall needs `fall_needs` earlier scores; with fewer, a lower score is said in words.
    """
    return change_from(usual(earlier, house), latest, earlier, house)


def change_from(own: float | None, latest: float, earlier: Sequence[float], house: House) -> Change:
    """Do the same where that median of the earlier scores is known."""
    if own is None or len(earlier) < house.fall_needs:
        return "lower" if earlier and latest < earlier[-1] else "none"
    return "fall" if own - latest >= house.fall_at_least else "none"


def two_rules(totals: Sequence[float | None], house: House) -> tuple[tuple[CutOff, ...], ...]:
    """Judge totals, oldest first, by a licensed instrument's two rules (S10); None is a gap.

    "below" its cut-off (`cutoff_below` or `cutoff_at_most`); "fall" of `cutoff_fall` or more since
    the last total. A rule that the instrument file does not name says nothing.
    """
    judged: list[tuple[CutOff, ...]] = []
    last: float | None = None
    for total in totals:
        judged.append(() if total is None else by_two_rules(total, last, house))
        last = last if total is None else total
    return tuple(judged)


def by_two_rules(total: float, last: float | None, house: House) -> tuple[CutOff, ...]:
    """Judge one total beside the last one, None where there is none (S10)."""
    below, at_most, fall = house.cutoff_below, house.cutoff_at_most, house.cutoff_fall
    found: list[CutOff] = []
    if (below is not None and total < below) or (at_most is not None and total <= at_most):
        found.append("below")
    if last is not None and fall is not None and last - total >= fall:
        found.append("fall")
    return tuple(found)


def sparkline(scores: Sequence[float | None]) -> str:
    """Draw scores as a line of bars on the fixed axis 0 … 10, `·` where there is none."""
    return "".join(
        _MISSING
        if value is None
        else _BARS[min(len(_BARS) - 1, int(value / _AXIS_HIGHEST * len(_BARS)))]
        for value in scores
    )
