"""What numbers may be said about check-ins, and when none may: rules S1 to S17 (docs/signals.md).

Missing is not zero: an item that was skipped is None, a check-in without a score is a gap, and
neither takes part in anything. Too few to say is a value (`Unsaid`), never a number and never an
exception. Every threshold is a house rule of the instrument (`House`), not a published cut-off.
"""

from __future__ import annotations

from bot.core.signals.change import ReliableChange, Spread, chance_of_fall, reliable_change, spread
from bot.core.signals.chart import Baseline, Individuals, Limits, baseline_of, individuals
from bot.core.signals.course import course
from bot.core.signals.gap import Gap, gap
from bot.core.signals.marks import NEED, RULE_OF, Course, Finding, Point, Rupture, Verdict
from bot.core.signals.rates import Alpha, Share, alpha, f_quantile, wilson
from bot.core.signals.scores import (
    Change,
    change,
    is_low,
    is_straight,
    lows,
    mean_of,
    score,
    sparkline,
    two_rules,
    usual,
)
from bot.core.signals.unsaid import Unsaid

__all__ = [
    "NEED",
    "RULE_OF",
    "Alpha",
    "Baseline",
    "Change",
    "Course",
    "Finding",
    "Gap",
    "Individuals",
    "Limits",
    "Point",
    "ReliableChange",
    "Rupture",
    "Share",
    "Spread",
    "Unsaid",
    "Verdict",
    "alpha",
    "baseline_of",
    "chance_of_fall",
    "change",
    "course",
    "f_quantile",
    "gap",
    "individuals",
    "is_low",
    "is_straight",
    "lows",
    "mean_of",
    "reliable_change",
    "score",
    "sparkline",
    "spread",
    "two_rules",
    "usual",
    "wilson",
]
