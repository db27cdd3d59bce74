"""`rapport init` and `rapport rotate-key`: the master key and its recovery sheet."""

from __future__ import annotations

from pathlib import Path

import typer

from bot.cli.ending import CONFIG, Config, fail, practice_of, settings_of, worded, work
from bot.config import Settings

_RECOVERY = """
RECOVERY SHEET · {practice}

Print this page, or write the key down, and keep it where the server is not. Without it nobody
can read the answers again once {path} is lost; whoever has it and the
database can read everything.

    {key}

To restore: put this line into the key file; spaces, dashes and case do not matter.
"""


def init(config: Config = CONFIG) -> None:
    """Make the master key and the database, and print the recovery sheet once.

    Where the key is there and the database is not, make that alone; never over one that is there.
    """
    from bot.store.presence import find_shape

    settings = settings_of(config)
    key, database = settings.keys.master_key_file, settings.database.path
    with worded():
        has_practice = find_shape(database) is not None
    if has_practice and not key.exists():
        fail(
            f"{database} exists, but its master key {key} is missing. A new key "
            "cannot open it: put the line from the practice's recovery sheet into that file",
            3,
        )
    if has_practice:
        fail(f"{database} and its master key {key} exist already; they are never overwritten", 3)
    if key.exists():
        work(_found(settings))
        typer.echo(
            f"{database} is made, for the master key that was there, {key}: its recovery sheet "
            "counts. If this practice was at work before, `rapport restore` brings it back instead."
        )
        return
    # First the sheet: the key exists from here on, even if the database cannot be made yet.
    _print_sheet(settings, _new_key(key))
    work(_found(settings))


def _new_key(path: Path) -> bytes:
    from bot.store.vault import new_master_key, write_key_file

    master = new_master_key()
    try:
        write_key_file(path, master)
    except FileExistsError:
        fail(f"{path} exists already; it is never overwritten", 3)
    except OSError as problem:
        fail(f"{path} cannot be written: {problem.strerror}", 1)
    return master


async def _found(settings: Settings) -> None:
    from bot.opening import SystemClock, open_database

    db = await open_database(settings, SystemClock())
    await db.close()


def rotate_key(config: Config = CONFIG) -> None:
    """Put a new master key in force, and print its recovery sheet once."""
    settings = practice_of(config)
    formers = work(_rotate(settings))
    typer.echo("The new master key is in force; the former recovery sheet opens old backups only.")
    typer.echo("Former keys, to be deleted when no backup of their time is left:")
    for former in formers:
        typer.echo(f"    {former}")


async def _rotate(settings: Settings) -> list[Path]:
    from bot.commands.rotating import rotate
    from bot.opening import SystemClock

    try:
        return await rotate(settings, SystemClock(), lambda key: _print_sheet(settings, key))
    except OSError as problem:
        fail(f"{problem.filename or settings.keys.master_key_file}: {problem.strerror}", 1)


def _print_sheet(settings: Settings, master: bytes) -> None:
    from bot.store.vault import write_key

    path = settings.keys.master_key_file
    typer.echo(_RECOVERY.format(practice=settings.practice.name, path=path, key=write_key(master)))
