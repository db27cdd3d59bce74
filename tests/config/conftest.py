"""A practice's configuration on disk, and an environment that holds none of the machine's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import ConfigError, Mistake, load

TOKEN = "123456789:AAHfakefakefakefakefakefakefakefake"

FILLED_IN = f"""
[telegram]
token = "{TOKEN}"
[practice]
name = "Lindenhof"
timezone = "Europe/Berlin"
admins = [4001]
[safety]
text = "Call 112, or Dana at the practice."
[privacy]
feedback_in_clinical_record = true
contact = "Dana, at the front desk"
"""


@pytest.fixture(autouse=True)
def _only_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in list(os.environ):
        if variable.startswith("RAPPORT_") or variable == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(variable)


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """Write config.toml: the filled-in one with pieces of its text replaced."""

    def write(*replaced: tuple[str, str], more: str = "") -> Path:
        text = FILLED_IN
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "config.toml"
        path.write_text(text + more, encoding="utf-8")
        path.chmod(0o600)
        return path

    return write


@pytest.fixture
def mistakes() -> Callable[[Path], dict[str, Mistake]]:
    """Load a configuration that must be refused, and give its mistakes by key."""

    def find(path: Path) -> dict[str, Mistake]:
        with pytest.raises(ConfigError) as refused:
            load(path)
        return {mistake.key: mistake for mistake in refused.value.mistakes}

    return find
