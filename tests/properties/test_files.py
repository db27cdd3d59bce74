"""Spoilt configuration and questionnaire files are refused in words, or work. Never a traceback."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bot.config import ConfigError, load
from bot.core.instrument import BadInstrument, read_instrument
from bot.instruments import load_folder
from tests.properties.files import config_trouble, instrument_trouble


def test_a_spoilt_questionnaire_is_refused_with_reasons_or_can_be_asked() -> None:
    chance = random.Random(1)
    assert not {found for _ in range(1500) if (found := instrument_trouble(chance))}


def test_a_spoilt_configuration_is_refused_with_where_what_and_how(tmp_path: Path) -> None:
    chance = random.Random(1)
    assert not {found for _ in range(400) if (found := config_trouble(tmp_path, chance))}


@pytest.mark.parametrize("value", ["[" * 5000 + "]" * 5000, "9" * 5000])
def test_what_python_itself_cannot_read_is_a_mistake_in_the_file(
    tmp_path: Path, value: str
) -> None:
    path, items = tmp_path / "config.toml", tmp_path / "items.toml"
    path.write_text(f"x = {value}", "utf-8")
    items.write_text(f"x = {value}", "utf-8")

    with pytest.raises(ConfigError, match="beyond all measure"):
        load(path)
    with pytest.raises(BadInstrument, match="beyond all measure"):
        load_folder(tmp_path)


@pytest.mark.parametrize(
    ("house", "at_most", "version"),
    [({"low_at_most": float("nan")}, 5, 1), ({}, 10**400, 1), ({}, float("nan"), 1),
     ({}, 5, 2**63)],
)  # fmt: skip
def test_numbers_that_no_scale_reaches_are_refused(
    house: dict[str, Any], at_most: float, version: int
) -> None:
    asks = [[{"at_most": at_most, "items": ["a"]}]]
    items = [{"key": "a", "kind": "rating"}, {"key": "b", "kind": "text", "show_if": asks}]
    words = dict.fromkeys(("a", "a.lowest", "a.highest", "a.short", "b"), "x")
    data = {"instrument": "x", "version": version, "licence": "CC0-1.0", "item": items}

    with pytest.raises(BadInstrument, match="must be a number"):
        read_instrument("x", {**data, "house": house}, {"en": words})
