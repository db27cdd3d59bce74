"""Reliable change: is a difference more than this instrument's own noise (S2, S3, S4)?

SD and reliability come from the instrument file; where it names none, nothing is computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from bot.core.house import House


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """A difference in units of its own standard error; negative is a fall."""

    rci: float
    is_reliable: bool

    @property
    def is_fall(self) -> bool:
        """Whether it is a reliable fall."""
        return self.is_reliable and self.rci < 0


@dataclass(frozen=True, slots=True)
class Spread:
    """The noise of an instrument, in points of its score.

    sem: standard error of one score. s_diff: of a difference of two. threshold: a difference
    beyond it is reliable, which is one of more than `reliable_z` standard errors.
    """

    sem: float
    s_diff: float
    threshold: float
    reliable_z: float

    def rci(self, before: float, after: float) -> float:
        """Compare two scores of one person: RCI = (after - before) / S_diff (S2, S3)."""
        return (after - before) / self.s_diff

    def change(self, before: float, after: float) -> ReliableChange:
        """Compare two scores of one person, and say whether they differ reliably."""
        rci = self.rci(before, after)
        return ReliableChange(rci, abs(rci) > self.reliable_z)


@lru_cache(maxsize=16)
def spread(house: House) -> Spread | None:
    """Give the noise of scores: SEM = SD·√(1 - r), S_diff = √2·SEM (S2; Jacobson & Truax 1991).

    None where the instrument file names no SD and reliability.
    """
    if house.sd is None or house.reliability is None:
        return None
    sem = house.sd * math.sqrt(1.0 - house.reliability)
    s_diff = math.sqrt(2.0) * sem
    return Spread(sem, s_diff, house.reliable_z * s_diff, house.reliable_z)


def reliable_change(before: float, after: float, house: House) -> ReliableChange | None:
    """Compare two scores of one person: RCI = (after - before) / S_diff (S2, S3).

    Reliable when it lies beyond ± `reliable_z`. None as for `spread`.
    """
    noise = spread(house)
    return None if noise is None else noise.change(before, after)


def chance_of_fall(fall: float, noise: Spread) -> float:
    """Give how often a difference of two scores is a fall of `fall` or more without change (S4)."""
    return 0.5 * math.erfc(fall / noise.s_diff / math.sqrt(2.0))
