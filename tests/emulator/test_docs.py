"""docs/emulator.md tells of every method, act, fault and option."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from typer.main import get_command

from bot.cli import cli
from bot.emulator import Emulator
from bot.emulator.calls import METHODS, POLL
from bot.emulator.control_api import acts_of
from bot.emulator.faults import FaultKind


@pytest.fixture
def docs() -> str:
    return (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")


def missing(names: list[str], docs: str) -> list[str]:
    return [name for name in names if f"`{name}`" not in docs]


def test_every_method_is_named(docs: str) -> None:
    assert missing([*METHODS, POLL], docs) == []


def test_every_act_is_named(docs: str) -> None:
    assert missing(list(acts_of(Emulator())), docs) == []


def test_every_fault_is_named(docs: str) -> None:
    assert missing(list(get_args(FaultKind)), docs) == []


def test_every_option_is_named(docs: str) -> None:
    command = get_command(cli).commands["emulator"]  # type: ignore[attr-defined]
    options = [option for parameter in command.params for option in parameter.opts]
    assert missing(options, docs) == []
    assert "--port" in options
