"""`rapport init` and `rapport rotate-key`: the master key and its recovery sheet."""

from __future__ import annotations

from pathlib import Path

import typer

from bot.cli.ending import CONFIG, Config, fail, settings_of, work
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
    """Make the master key and the database, and print the recovery sheet once."""
    from bot.opening import SystemClock, open_database
    from bot.store.vault import new_master_key, write_key_file

    settings = settings_of(config)
    path = settings.keys.master_key_file
    if settings.database.path.exists() and not path.exists():
        fail(
            f"{settings.database.path} exists, but its master key {path} is missing. A new key "
            "cannot open it: put the line from the practice's recovery sheet into that file",
            3,
        )
    master = new_master_key()
    try:
        write_key_file(path, master)
    except FileExistsError:
        fail(f"{path} exists already; it is never overwritten", 3)
    except OSError as problem:
        fail(f"{path} cannot be written: {problem.strerror}", 1)

    async def found() -> None:
        db = await open_database(settings, SystemClock())
        await db.close()

    # First the sheet: the key exists from here on, even if the database cannot be made yet.
    _print_sheet(settings, master)
    work(found())


def rotate_key(config: Config = CONFIG) -> None:
    """Put a new master key in force, and print its recovery sheet once."""
    settings = settings_of(config)
    formers = work(_rotate(settings))
    typer.echo("The new master key is in force; the former recovery sheet opens old backups only.")
    typer.echo("Former keys, to be deleted when no backup of their time is left:")
    for former in formers:
        typer.echo(f"    {former}")


async def _rotate(settings: Settings) -> list[Path]:
    from bot.opening import SystemClock
    from bot.rotating import rotate

    try:
        return await rotate(settings, SystemClock(), lambda key: _print_sheet(settings, key))
    except OSError as problem:
        fail(f"{problem.filename or settings.keys.master_key_file}: {problem.strerror}", 1)


def _print_sheet(settings: Settings, master: bytes) -> None:
    from bot.store.vault import write_key

    path = settings.keys.master_key_file
    typer.echo(_RECOVERY.format(practice=settings.practice.name, path=path, key=write_key(master)))
