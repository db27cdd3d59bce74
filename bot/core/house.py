"""House rules of an instrument: every threshold that signals use, read from its file.

They are ours, not published cut-offs, and stand in the instrument file, where a practice can see
and change them. This module checks them and tells what is wrong; docs/signals.md explains each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol


@dataclass(frozen=True, slots=True)
class House:
    """Thresholds by rule id (docs/signals.md).

    score_needs: S1. sd, reliability: assumed spread and reliability of scores; without both there
    is no reliable change and no chart. reliable_z: S2, S3. baseline_needs, baseline_over, sigmas:
    S5 to S8. cutoff_below, cutoff_at_most, cutoff_fall: S10, for licensed instruments.
    alpha_people: S11. rate_needs: S12. gap_needs: S13. repair_within: S14. straight_running,
    ceiling_needs, ceiling_share: S15. low_at_most, low_running, low_silences: S16. fall_at_least,
    fall_needs, usual_over, usual_needs: S17. slide_over, slide_last: S9, in words.
    """

    low_at_most: int = 5
    low_running: int = 2
    low_silences: int = 2
    fall_at_least: float = 2.0
    fall_needs: int = 2
    score_needs: int = 4
    usual_over: int = 6
    usual_needs: int = 2
    sd: float | None = None
    reliability: float | None = None
    reliable_z: float = 1.96
    baseline_needs: int = 5
    baseline_over: int = 6
    sigmas: float = 3.0
    repair_within: int = 3
    slide_over: int = 3
    slide_last: float = 0.5
    straight_running: int = 4
    ceiling_needs: int = 4
    ceiling_share: float = 0.5
    rate_needs: int = 5
    gap_needs: int = 5
    alpha_people: int = 50
    cutoff_below: float | None = None
    cutoff_at_most: float | None = None
    cutoff_fall: float | None = None

    @property
    def has_cutoffs(self) -> bool:
        """Whether the file names a rule of a licensed instrument's manual (S10)."""
        rules = (self.cutoff_below, self.cutoff_at_most, self.cutoff_fall)
        return any(rule is not None for rule in rules)


class Scale(Protocol):
    """A rating item, as far as house rules need it."""

    @property
    def lowest(self) -> int:
        """The lowest value."""

    @property
    def highest(self) -> int:
        """The highest value."""


#: Counts, with the least that makes sense of each.
_WHOLE: Final = {
    "low_at_most": 0,
    "low_running": 2,
    "low_silences": 0,
    "fall_needs": 1,
    "score_needs": 0,
    "usual_over": 1,
    "usual_needs": 1,
    "baseline_needs": 2,
    "baseline_over": 2,
    "repair_within": 1,
    "slide_over": 2,
    "straight_running": 2,
    "ceiling_needs": 1,
    "rate_needs": 1,
    "gap_needs": 3,
    "alpha_people": 2,
}

#: What must not be zero, because something is divided or multiplied by it.
_ABOVE_ZERO: Final = ("sd", "reliable_z", "sigmas", "cutoff_fall")

#: What is a part of a whole.
_SHARES: Final = ("slide_last", "ceiling_share")

#: A count that must not be above another.
_ORDERED: Final = (("usual_needs", "usual_over"), ("baseline_needs", "baseline_over"))


def read_house(data: object, ratings: Sequence[Scale], mistakes: list[str]) -> House:
    """Read the `[house]` table of an instrument; what is wrong is added to `mistakes`."""
    if not isinstance(data, Mapping):
        mistakes.append("[house] must be a table")
        return House()
    known = {field.name for field in fields(House)}
    good: dict[str, Any] = {}
    for key, value in data.items():
        mistake = _mistake(key, value) if key in known else f"house: unknown key {key!r}"
        if mistake is None:
            good[key] = value
        else:
            mistakes.append(mistake)
    house = House(**good)
    if "score_needs" in good and house.score_needs > len(ratings):
        mistakes.append(f"house.score_needs: there are only {len(ratings)} ratings")
    if ("sd" in data) != ("reliability" in data):
        mistakes.append("house: 'sd' and 'reliability' come together or not at all")
    mistakes += _together(house, ratings)
    return house


def _mistake(key: str, value: object) -> str | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 1e6:
        return f"house.{key}: must be a number"
    if key in _WHOLE and (not isinstance(value, int) or value < _WHOLE[key]):
        return f"house.{key}: must be a whole number from {_WHOLE[key]}"
    if key in _ABOVE_ZERO and value == 0:
        return f"house.{key}: must be above 0"
    if key in _SHARES and value > 1:
        return f"house.{key}: must be a share from 0 to 1"
    if key == "reliability" and value >= 1:
        return "house.reliability: must be below 1: no questionnaire is without noise"
    return None


def _together(house: House, ratings: Sequence[Scale]) -> list[str]:
    """Tell which rules contradict each other or the items."""
    mistakes = [
        f"house.{less}: must not be above house.{more}"
        for less, more in _ORDERED
        if getattr(house, less) > getattr(house, more)
    ]
    if house.sd is not None and len({(item.lowest, item.highest) for item in ratings}) > 1:
        mistakes.append("house.sd: a chart needs ratings that share 'lowest' and 'highest'")
    if house.cutoff_below is not None and house.cutoff_at_most is not None:
        mistakes.append("house: 'cutoff_below' or 'cutoff_at_most', not both")
    return mistakes
