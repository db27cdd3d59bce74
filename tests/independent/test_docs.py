"""docs/signals.md tells of every rule and threshold; its numbers are what the functions give."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from bot.core import signals
from bot.core.house import House
from bot.core.signals import Alpha, Baseline, Gap, Individuals, Limits, Point
from tests.bench import flags
from tests.core.test_signals_chart import S5, WHEELER
from tests.core.test_signals_course import judged
from tests.core.test_signals_rates import CLIENT, ROWS, THERAPIST

ROOT = Path(__file__).parents[2]
HOUSE = flags.house()
LABEL = (
    "Conversation aid. Not validated; no norms or clinical cut-offs; "
    "not comparable with SRS or WAI scores."
)


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")


def sections(page: str) -> dict[str, str]:
    parts = re.split(r"^### (S\d+) · .*$", page, flags=re.MULTILINE)
    found = zip(parts[1::2], parts[2::2], strict=True)
    return {rule: " ".join(text.split("\n## ")[0].split()) for rule, text in found}


def test_it_bears_the_label(page: str) -> None:
    assert LABEL in page


def test_every_rule_has_its_section_and_says_the_same_six_things(page: str) -> None:
    found = sections(page)
    assert sorted(found, key=lambda rule: int(rule[1:])) == [f"S{n}" for n in range(1, 18)]
    assert set(signals.RULE_OF.values()) <= set(found)
    for rule, text in found.items():
        words = [
            w for w in ("says", "formula", "source", "limits", "silent") if w not in text.lower()
        ]
        assert words == [], rule
        assert "**Example:**" in text, rule


def test_every_rule_that_the_code_names_is_in_the_page(page: str) -> None:
    code = [*(ROOT / "bot/core/signals").glob("*.py"), ROOT / "bot/core/house.py"]
    named = {rule for path in code for rule in re.findall(r"\bS\d{1,2}\b", path.read_text("utf-8"))}
    assert named <= set(sections(page))


def test_every_threshold_is_in_the_page_with_its_packaged_value_and_rule(page: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\S+) \| S", page, flags=re.MULTILINE))
    values = {field.name: getattr(HOUSE, field.name) for field in fields(House)}
    expected = {name: "none" if v is None else f"{v:g}" for name, v in values.items()}
    assert rows == expected


def test_every_finding_of_the_tables_is_one(page: str) -> None:
    assert set(flags.SHOWN) <= set(signals.NEED)
    assert all(f"`{name}`" in page for name in flags.SHOWN)


def test_how_often_it_is_wrong_is_what_comes_out(page: str) -> None:
    assert "\n".join(flags.steady_table(HOUSE)) in page
    assert "\n".join(flags.fallen_table(HOUSE)) in page


def number(value: float | None, digits: int = 2) -> str:
    assert value is not None
    return f"{value:.{digits}f}".replace("-", "−")  # noqa: RUF001 - as it is printed


def chart(scores: list[float]) -> Individuals:
    found = signals.individuals(scores)
    assert isinstance(found, Individuals)
    return found


def lower(scores: list[float], house: House = HOUSE) -> str:
    baseline = signals.baseline_of(scores, house)
    assert isinstance(baseline, Baseline)
    assert isinstance(baseline.limits, Limits)
    return number(baseline.limits.lower)


def rci(before: float, after: float, house: House = HOUSE) -> str:
    change = signals.reliable_change(before, after, house)
    assert change is not None
    return number(change.rci)


def percents(hits: int, tries: int) -> list[str]:
    return [f"{100 * end:.0f} %" for end in signals.wilson(hits, tries)]


def examples() -> list[tuple[str, list[str]]]:
    """Give, by rule, what must stand in its section."""
    noise, forty = signals.spread(HOUSE), signals.spread(House(sd=4, reliability=0.88))
    gap = signals.gap(CLIENT, THERAPIST, HOUSE)
    alpha = signals.alpha(ROWS, replace(HOUSE, alpha_people=6))
    wheeler, newest = chart(list(map(float, WHEELER))), judged(*S5, 6.0).newest
    assert noise is not None
    assert forty is not None
    assert newest is not None
    assert isinstance(gap, Gap)
    assert isinstance(alpha, Alpha)
    assert isinstance(newest.baseline, Baseline)
    assert newest.state == "possible"
    tops = signals.course([Point((10,) * 5), Point((10, 10, 10, 10, 9))], HOUSE).ceiling
    mixed = [9, 9, 9, 9, 3]
    four = replace(HOUSE, baseline_needs=4, baseline_over=4)
    return [
        ("S1", [f"a score of {signals.score([8, 9, None, 7, 6], HOUSE)}"]),
        ("S2", [rci(47.5, 32.5, House(sd=7.5, reliability=0.8))]),
        ("S3", [number(noise.threshold), rci(9.0, 7.4), rci(8.4, 7.4)]),
        ("S4", [f"{100 * signals.chance_of_fall(1, forty):.1f} %"]),
        ("S5", [number(chart(S5).mean), number(chart(S5).lower), number(chart(S5).upper)]),
        ("S6", [number(wheeler.mean, 1), number(wheeler.lower), number(wheeler.upper)]),
        ("S7", [number(chart(S5).lower), number(chart([*S5, 8.6, 6.0, 8.8, 9.0]).lower)]),
        ("S8", [lower([10.0] * 6), lower(S5)]),
        ("S9", [lower([8.6, 8.8, 9.0, 8.4], four)]),
        ("S11", [number(alpha.value, 3), number(alpha.low, 3), number(alpha.high, 3)]),
        ("S12", [*percents(7, 9), *percents(2, 2), *percents(0, 3)]),
        ("S13", [number(gap.mean), number(gap.mean_absolute)]),
        ("S13", [number(gap.correlation), number(gap.agreement)]),
        ("S14", [number(newest.baseline.mean), number(newest.baseline.lower)]),
        ("S14", [number(newest.rci), number(newest.baseline.back_from)]),
        ("S15", [f"{tops.hits} of {tops.of}"]),
        ("S16", [number(signals.score(mixed, HOUSE), 1), lower([9.0] * 6)]),
    ]


@pytest.mark.parametrize(("rule", "said"), examples())
def test_each_example_says_what_comes_out(page: str, rule: str, said: list[str]) -> None:
    text = sections(page)[rule]
    assert [part for part in said if part not in text] == []


def test_the_standard_error_named_with_the_assumptions(page: str) -> None:
    noise = signals.spread(HOUSE)
    assert noise is not None
    assert f"a standard error of {noise.sem:.2f} points" in " ".join(page.split())
