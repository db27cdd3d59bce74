"""House rules stand in the instrument file; what is wrong with them is told, all at once."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from bot.core.house import House, read_house
from bot.core.instrument import Item
from bot.instruments import load_instruments

ROOT = Path(__file__).parents[2]
RATINGS = [Item("calm", "rating"), Item("clear", "rating")]
OTHER = [Item("calm", "rating"), Item("clear", "rating", lowest=1, highest=7)]


def mistakes_of(data: object, ratings: list[Item] = RATINGS) -> list[str]:
    mistakes: list[str] = []
    read_house(data, ratings, mistakes)
    return mistakes


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("low", "[house] must be a table"),
        ({"low": 5}, "house: unknown key 'low'"),
        ({"sd": "1.2", "reliability": 0.8}, "house.sd: must be a number"),
        ({"sd": True, "reliability": 0.8}, "house.sd: must be a number"),
        ({"sd": -1.2, "reliability": 0.8}, "house.sd: must be a number"),
        ({"sigmas": float("nan")}, "house.sigmas: must be a number"),
        ({"sigmas": float("inf")}, "house.sigmas: must be a number"),
        ({"sigmas": 0}, "house.sigmas: must be above 0"),
        ({"sd": 0, "reliability": 0.8}, "house.sd: must be above 0"),
        ({"reliable_z": 0.0}, "house.reliable_z: must be above 0"),
        ({"cutoff_fall": 0}, "house.cutoff_fall: must be above 0"),
        ({"ceiling_share": 1.1}, "house.ceiling_share: must be a share from 0 to 1"),
        ({"usual_over": 0, "usual_needs": 1}, "house.usual_over: must be a whole number from 1"),
        (
            {"baseline_over": 1, "baseline_needs": 2},
            "house.baseline_over: must be a whole number from 2",
        ),
        ({"sd": 1.2, "reliability": 1}, "house.reliability: must be below 1"),
        ({"repair_within": 2.5}, "house.repair_within: must be a whole number from 1"),
        ({"baseline_needs": 1}, "house.baseline_needs: must be a whole number from 2"),
        ({"low_running": 1}, "house.low_running: must be a whole number from 2"),
        ({"gap_needs": 2}, "house.gap_needs: must be a whole number from 3"),
        ({"baseline_needs": 7}, "house.baseline_needs: must not be above house.baseline_over"),
        ({"usual_needs": 7}, "house.usual_needs: must not be above house.usual_over"),
        ({"score_needs": 3}, "house.score_needs: there are only 2 ratings"),
        ({"sd": 1.2}, "house: 'sd' and 'reliability' come together"),
        ({"reliability": 0.8}, "house: 'sd' and 'reliability' come together"),
        (
            {"cutoff_below": 36, "cutoff_at_most": 36},
            "'cutoff_below' or 'cutoff_at_most', not both",
        ),
    ],
)
def test_each_mistake_is_told(data: object, says: str) -> None:
    (mistake,) = mistakes_of(data)
    assert says in mistake


@pytest.mark.parametrize(
    ("key", "least"),
    [
        ("low_at_most", 0), ("low_running", 2), ("low_silences", 0), ("fall_needs", 1),
        ("score_needs", 0), ("usual_over", 2), ("usual_needs", 1), ("baseline_needs", 2),
        ("baseline_over", 5), ("repair_within", 1), ("slide_over", 2), ("straight_running", 2),
        ("ceiling_needs", 1), ("rate_needs", 1), ("gap_needs", 3), ("alpha_people", 2),
    ],
)  # fmt: skip
def test_a_count_is_whole_and_not_below_what_makes_sense(key: str, least: int) -> None:
    """The usual and the baseline reach at least as far as they need scores."""
    assert mistakes_of({key: least}) == []
    assert len(mistakes_of({key: least - 1})) == 1
    assert mistakes_of({key: least + 0.5})[0].startswith(f"house.{key}: must be a whole number")


@pytest.mark.parametrize(
    "data",
    [
        {"usual_needs": 6, "usual_over": 6},
        {"baseline_needs": 6, "baseline_over": 6},
        {"cutoff_below": 36},
        {"cutoff_at_most": 36, "cutoff_fall": 5},
        {"slide_last": 1, "ceiling_share": 1.0},
        {"slide_last": 0, "low_at_most": 0},
        {"score_needs": 2},
    ],
)
def test_what_is_just_possible_is_read(data: dict[str, float]) -> None:
    mistakes: list[str] = []
    house = read_house(data, RATINGS, mistakes)
    assert mistakes == []
    assert {key: getattr(house, key) for key in data} == data


def test_a_chart_needs_one_scale() -> None:
    rules = {"sd": 1.2, "reliability": 0.85}
    assert mistakes_of(rules) == []
    assert mistakes_of({}, OTHER) == []
    (mistake,) = mistakes_of(rules, OTHER)
    assert "ratings that share 'lowest' and 'highest'" in mistake


def test_all_mistakes_are_told_at_once() -> None:
    assert len(mistakes_of({"low": 1, "sigmas": 0, "sd": 1.0, "usual_needs": 9})) == 4


def test_the_packaged_instrument_names_every_rule_that_it_uses() -> None:
    written = (ROOT / "bot/instruments/session-alliance-1/items.toml").read_text("utf-8")
    names = {field.name for field in fields(House) if not field.name.startswith("cutoff_")}
    assert [name for name in sorted(names) if f"\n{name} = " not in written] == []


def test_the_packaged_instrument_has_a_scale_and_a_spread() -> None:
    found = load_instruments()
    alliance, before = found["session-alliance"][1], found["before-first-session"][1]
    assert alliance.scale == (0.0, 10.0)
    assert (alliance.house.sd, alliance.house.reliability) == (1.2, 0.85)
    assert before.house.sd is None
