"""`[backup]`: what is refused, and what `rapport check` says is worth a look."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import Mistake, load, warnings

Config = Callable[..., Path]
Mistakes = Callable[[Path], dict[str, Mistake]]


def worries(path: Path) -> dict[str, Mistake]:
    return {one.key: one for one in warnings(load(path), path) if one.key.startswith("backup.")}


def test_none_is_made_unless_it_is_said_where_to(config: Config) -> None:
    path = config()
    assert not load(path).backup.is_on
    assert worries(path) == {}


def test_a_relative_folder_starts_at_the_file(config: Config, tmp_path: Path) -> None:
    settings = load(config(more='[backup]\ndirectory = "there"\n'))
    assert settings.backup.folder == tmp_path / "there"


def test_a_command_comes_from_the_environment_too(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_BACKUP__COMMAND", "rclone copy {file} 'my remote:rapport'")
    assert load(config()).backup.command == ("rclone", "copy", "{file}", "my remote:rapport")


@pytest.mark.parametrize(
    ("line", "key", "wrong"),
    [
        ('command = ["rclone", "copy"]', "backup.command", "does not say where"),
        ('command = ["{file}"]', "backup.command", "does not say where"),
        ('command = "rclone \'copy"', "backup.command", "is no command line"),
        ('time = "25:00"', "backup.time", ""),
        ("keep = 0", "backup.keep", ""),
    ],
)
def test_what_cannot_work_is_refused_with_a_remedy(
    config: Config, mistakes: Mistakes, line: str, key: str, wrong: str
) -> None:
    found = mistakes(config(more=f"[backup]\n{line}\n"))
    assert set(found) == {key}
    assert wrong in found[key].wrong
    assert found[key].remedy


def test_a_folder_that_is_not_there_is_named(config: Config) -> None:
    path = config(more='[backup]\ndirectory = "there"\n')
    assert "no folder that this user can write to" in worries(path)["backup.directory"].wrong


@pytest.mark.parametrize(
    ("key_in", "wrong"),
    [("there", "holds the master key"), (".", "on the disk of the master key"),
     (None, "on the disk of the database")],
)  # fmt: skip
def test_a_key_beside_the_backups_is_named(
    config: Config, tmp_path: Path, key_in: str | None, wrong: str
) -> None:
    (tmp_path / "there").mkdir()
    keys = ""
    if key_in is not None:
        (tmp_path / key_in / "the.key").write_text("", "utf-8")
        keys = f'[keys]\nmaster_key_file = "{key_in}/the.key"\n'
    path = config(more=f'[backup]\ndirectory = "there"\n{keys}')
    found = worries(path)["backup.directory"]
    assert wrong in found.wrong
    assert found.remedy


def test_a_program_that_cannot_be_run_is_named(config: Config) -> None:
    path = config(more='[backup]\ncommand = ["no-such-program", "{file}"]\n')
    assert "no-such-program, which is not found" in worries(path)["backup.command"].wrong
    good = f'[backup]\ncommand = ["{sys.executable}", "{{file}}"]\n'
    assert worries(config(more=good)) == {}
    assert os.access(sys.executable, os.X_OK)
