"""Rules S5, S6, S11, S12 and S13 against other people's statistics, in their own environment.

pingouin, pycontrolcharts, statsmodels and scipy answer some 2,600 seeded cases in one go; they are
too heavy for the environment that everybody works in.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.core.house import House
from bot.core.signals import Alpha, Gap, Individuals, alpha, f_quantile, gap, individuals, wilson

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-statistics" / "bin" / "python"
JUDGE = Path(__file__).parent / "judge.py"
HOUSE = House(alpha_people=3, gap_needs=3)

Answers = dict[str, list[tuple[Any, list[float | None]]]]


def why_not() -> str | None:
    """Say why the other libraries cannot be run here, if they cannot."""
    if not (PYTHON.parents[1] / ".installed").exists():
        return "no independent statistics: `make test` installs .venv-statistics"
    return None


def scores(random: Random, count: int) -> list[float]:
    """Scores as five items make them; some of them never vary."""
    usual, spread = random.uniform(2, 9.5), random.choice([0.0, 0.3, 1.0, 3.0])
    drawn = (min(10.0, max(0.0, random.gauss(usual, spread))) for _ in range(count))
    return [round(score * 5) / 5 for score in drawn]


def items(random: Random, people: int, count: int) -> list[list[int]]:
    """Rows of items that hang together more or less."""
    noise = random.uniform(0.3, 4)
    return [
        [min(10, max(0, round(random.gauss(own, noise)))) for _ in range(count)]
        for own in (random.uniform(2, 10) for _ in range(people))
    ]


def cases() -> list[tuple[str, Any]]:
    random = Random(1912)
    made: list[tuple[str, Any]] = []
    for _ in range(600):
        made.append(("xmr", scores(random, random.randint(2, 40))))
        tries = random.randint(1, 400)
        made.append(("wilson", [random.randint(0, tries), tries]))
        first = random.randint(1, 400)
        share = random.choice([0.025, 0.975, 0.5, random.uniform(0.001, 0.999)])
        made.append(("quantile", [share, first, first * random.randint(1, 9)]))
    for _ in range(250):
        rows = items(random, random.randint(4, 120), random.randint(2, 9))
        made += [("alpha", rows), ("interval", rows)]
        count = random.randint(3, 40)
        both = list(zip(scores(random, count), scores(random, count), strict=True))
        # With a score that never varies the libraries warn and differ; ours says None.
        if all(len(set(side)) > 1 for side in zip(*both, strict=True)):
            made.append(("gap", both))
    return made


@pytest.fixture(scope="module")
def answers() -> Answers:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    asked = cases()
    ran = subprocess.run(
        [PYTHON, JUDGE], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    by_kind: Answers = defaultdict(list)
    for (kind, data), answer in zip(asked, json.loads(ran.stdout), strict=True):
        by_kind[kind].append((data, answer))
    return by_kind


def test_they_were_asked_enough(answers: Answers) -> None:
    assert sum(map(len, answers.values())) > 2_400
    assert min(len(found) for found in answers.values()) > 100


def test_s5_limits_are_those_of_pycontrolcharts(answers: Answers) -> None:
    for data, theirs in answers["xmr"]:
        ours = individuals(data)
        assert isinstance(ours, Individuals)
        *limits, of_ranges = theirs
        mine = [ours.mean, ours.mean_range, ours.lower, ours.upper]
        assert mine == pytest.approx(limits, rel=2e-4, abs=1e-6), data
        # 3.267 is printed in most tables, 3.268 in some.
        assert ours.range_limit == pytest.approx(of_ranges, rel=4e-4), data


def test_s11_alpha_is_pingouins(answers: Answers) -> None:
    for data, (theirs,) in answers["alpha"]:
        ours = alpha(data, HOUSE)
        assert isinstance(ours, Alpha)
        assert ours.value == pytest.approx(theirs, rel=1e-9, abs=1e-9), data


def test_s11_feldts_interval_is_pingouins(answers: Answers) -> None:
    for data, theirs in answers["interval"]:
        ours = alpha(data, HOUSE)
        assert isinstance(ours, Alpha)
        assert [ours.low, ours.high] == pytest.approx(theirs, abs=5.1e-4), data


def test_s11_quantiles_of_f_are_scipys(answers: Answers) -> None:
    for (share, first, second), (theirs,) in answers["quantile"]:
        assert f_quantile(share, first, second) == pytest.approx(theirs, rel=1e-9)


def test_s12_the_interval_is_that_of_statsmodels(answers: Answers) -> None:
    for (hits, tries), theirs in answers["wilson"]:
        assert wilson(hits, tries) == pytest.approx(theirs, abs=1e-12)


def test_s13_correlation_and_agreement_are_scipys_and_pingouins(answers: Answers) -> None:
    for both, theirs in answers["gap"]:
        ours = gap(*zip(*both, strict=True), HOUSE)
        assert isinstance(ours, Gap)
        assert [ours.correlation, ours.agreement] == pytest.approx(theirs, abs=1e-8), both
