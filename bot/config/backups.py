"""What to look at where backups go: that they can be made there, and that the key is elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bot.config.mistakes import Mistake
from bot.config.settings import Settings


def of_backups(settings: Settings) -> Iterator[Mistake]:
    """Name what works, and is worth a look."""
    command, folder = settings.backup.command, settings.backup.folder
    if command and shutil.which(command[0]) is None:
        yield Mistake(
            "backup.command",
            f"names {command[0]}, which is not found or cannot be run",
            "install it, or write its whole path",
        )
    if folder is None:
        return
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        yield Mistake(
            "backup.directory",
            f"is {folder}, which is no folder that this user can write to",
            "make it, or mount the disk it is on, and let the bot's user write there",
        )
        return
    key = settings.keys.master_key_file
    if key.resolve().is_relative_to(folder.resolve()):
        yield Mistake(
            "backup.directory",
            f"holds the master key, {key}: whoever has a backup can open it",
            "keep the key elsewhere; the recovery sheet on paper is its backup",
        )
    elif _on_one_disk(key, folder):
        yield Mistake(
            "backup.directory",
            "is on the disk of the master key: whoever takes it can open the backups, and whoever "
            "loses it has lost both",
            "let it be on another disk or machine, or send backups away with backup.command",
        )
    elif _on_one_disk(settings.database.path.parent, folder):
        yield Mistake(
            "backup.directory",
            "is on the disk of the database: lost together",
            "let it be on another disk or machine, or send backups away with backup.command",
        )


def _on_one_disk(one: Path, other: Path) -> bool:
    """Say whether two places are on one disk, as far as that can be told."""
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False
