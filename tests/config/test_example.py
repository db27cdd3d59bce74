"""config.example.toml names every setting, explains it in the program's words, and works."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from pydantic import SecretStr

from bot.config import Mistake, Setting, every_setting, load

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"

FILL_IN = {
    "telegram.token": 'token = "123456789:AAHfakefakefakefakefakefakefakefake"',
    "practice.name": 'name = "Lindenhof"',
    "practice.timezone": 'timezone = "Europe/Berlin"',
    "practice.admins": "admins = [4001]",
    "safety.text": 'text = "Call 112."',
    "privacy.feedback_in_clinical_record": "feedback_in_clinical_record = true",
    "privacy.contact": 'contact = "Dana"',
}


def written(setting: Setting) -> object:
    """Give a setting's default as TOML reads it; what is required stands empty."""
    if setting.required:
        return [] if setting.key == "practice.admins" else ""
    match setting.default:
        case dt.time() as time:
            return f"{time:%H:%M}"
        case Path() as path:
            return str(path)
        case tuple() as several:
            return list(several)
        case SecretStr() as secret:
            return secret.get_secret_value()
        case plain:
            return plain


def test_it_names_every_setting_with_its_default_and_nothing_else() -> None:
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    shown = {
        f"{section}.{name}": value
        for section, values in example.items()
        for name, value in values.items()
    }

    assert shown == {setting.key: written(setting) for setting in every_setting()}


def test_each_setting_stands_below_its_description() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    section = ""
    said = {}
    for above, line in pairwise(lines):
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#") and " = " in line:
            said[f"{section}.{line.split(' = ')[0]}"] = above

    assert said == {setting.key: f"# {setting.says}" for setting in every_setting()}


def test_unfilled_it_asks_for_what_is_required_and_for_nothing_else(
    mistakes: Callable[[Path], dict[str, Mistake]], tmp_path: Path
) -> None:
    copy = tmp_path / "config.toml"
    copy.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")

    found = mistakes(copy)

    required = {setting.key for setting in every_setting() if setting.required}
    assert set(found) == required
    assert {mistake.wrong for mistake in found.values()} == {"is empty"}


def test_filled_in_it_loads_with_every_default(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for key, line in FILL_IN.items():
        empty = f"\n{line.split(' = ')[0]} = {'[]' if key == 'practice.admins' else chr(34) * 2}\n"
        assert text.count(empty) == 1
        text = text.replace(empty, f"\n{line}\n")
    copy = tmp_path / "config.toml"
    copy.write_text(text, encoding="utf-8")

    settings = load(copy)

    for setting in every_setting():
        section, name = setting.key.split(".")
        if not setting.required and not isinstance(setting.default, Path):
            assert getattr(getattr(settings, section), name) == setting.default
    assert settings.database.path == tmp_path / "rapport.sqlite3"
    assert settings.keys.master_key_file == tmp_path / "rapport.key"


def test_every_setting_has_a_sentence_of_one_line() -> None:
    for setting in every_setting():
        assert setting.says.endswith("."), setting.key
        assert len(setting.says) <= 98, setting.key
        assert setting.variable == "RAPPORT_" + setting.key.upper().replace(".", "__")
