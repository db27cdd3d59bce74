"""`rapport backup` and `rapport restore`: copies of the practice, encrypted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, settings_of, work
from bot.config import Settings

if TYPE_CHECKING:
    from bot.commands.restoring import Restored


def backup(
    to: Annotated[Path, typer.Option(help="A folder, or the file to write (*.age).")] = Path("."),
    keep: Annotated[
        int | None, typer.Option(min=1, help="Delete all but this many newest backups in --to.")
    ] = None,
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Write an encrypted backup, also while the bot runs, and open it once to prove it."""
    if keep is not None and not to.is_dir():
        fail(f"--keep needs a folder, and {to} is none: give the folder as --to", 2)
    settings = settings_of(config)
    path, deleted, unmarked, undeleted = work(_back_up(settings, to, keep))
    if unmarked is not None:
        typer.echo(
            "The backup is good. That it was made could not be noted, so `rapport health` still "
            f"names the one before: {unmarked}",
            err=True,
        )
    if undeleted is not None:
        typer.echo(
            "The backup is good. An old one could not be deleted, and holds what was erased since: "
            f"{undeleted}",
            err=True,
        )
    if as_json:
        said = {"backup": str(path), "deleted": [str(old) for old in deleted]}
        typer.echo(json.dumps({**said, "noted": unmarked is None, "undeleted": undeleted}))
        return
    typer.echo(f"{path}\nRestoring it needs the key line of the recovery sheet.")
    for old in deleted:
        typer.echo(f"deleted: {old}")


async def _back_up(
    settings: Settings, to: Path, keep: int | None
) -> tuple[Path, list[Path], str | None, str | None]:
    """Give the backup, what was deleted for it, why it could not be noted that it was made, and why
    an old one could not be deleted."""
    from bot.opening import SystemClock
    from bot.store.backup import BadBackup, back_up, keep_newest
    from bot.store.pulse import mark_backup
    from bot.store.vault import load_vaults

    vaults = load_vaults(settings.keys.master_key_file)
    now = SystemClock().now()
    try:
        path = back_up(settings.database.path, vaults, to, now)
        unmarked = None
        try:
            mark_backup(settings.database.path, now)
        except OSError as problem:
            unmarked = f"{problem.filename}: {problem.strerror}"
        deleted, undeleted = [], None
        try:
            deleted = keep_newest(to, keep, path) if keep is not None else []
        except OSError as problem:
            undeleted = f"{problem.filename}: {problem.strerror}"
        return path, deleted, unmarked, undeleted
    except BadBackup as problem:
        fail(str(problem), 1)
    except OSError as problem:
        fail(f"{problem.filename or to}: {problem.strerror}", 1)


NothingLost = Annotated[
    bool,
    typer.Option(
        "--nothing-lost",
        help="The bot was stopped before this backup and did not run since: no hold.",
    ),
]


def restore(
    file: Annotated[Path, typer.Argument(help="A backup that `rapport backup` wrote.")],
    nothing_lost: NothingLost = False,
    config: Config = CONFIG,
) -> None:
    """Put a backup in the database's place; what stood there is moved aside."""
    settings = settings_of(config)
    restored = work(_restore(settings, file, nothing_lost))
    typer.echo(f"{settings.database.path} is restored: {restored.content.pairs} pairs.")
    _say_erasures(settings, file, restored)
    if restored.aside is not None:
        typer.echo(
            f"The former database is {restored.aside}. Delete it once all is well: nothing in it "
            "is erased any more when its time is over."
        )
    if nothing_lost:
        typer.echo("Nothing was lost, you say: the bot goes on when it is started.")
        return
    zone = settings.practice.zone
    lost = [
        f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(zone):%Y-%m-%d %H:%M}"
        for at in (restored.from_at, restored.until_at)
    ]
    typer.echo(
        f"\nThe bot is ON HOLD: lost are the hours from {lost[0]} to {lost[1]} "
        f"({settings.practice.timezone}).\n"
        "  1. Make sure that the lost server does not run any more: two use one token.\n"
        "  2. Start the bot. It sends no check-ins, reminders or digests; help, /stop and /erase\n"
        "     work, and open check-ins can be answered.\n"
        "  3. `rapport resume` shows what will happen, and lets it send again.\n"
        "Was the bot stopped before this backup was made, and did it not run since? Then restore\n"
        "it once more with --nothing-lost, before you start the bot."
    )


def _say_erasures(settings: Settings, file: Path, restored: Restored) -> None:
    """Say which logs of erasures were read: without the newest, somebody erased would be back."""
    from bot.store.database import ERASURES
    from bot.store.erasures import ERASURE_LOGS

    read = [f"{path} ({many})" for path, many in restored.logs]
    read.append(f"the backup itself ({len(restored.content.erasures)})")
    typer.echo(
        f"Erasures known from {', '.join(read)}; erased again in what is restored:"
        f" {restored.erased}."
    )
    if not restored.logs:
        there = settings.database.path.with_name(ERASURES)
        typer.echo(
            f"NO LOG OF ERASURES was found, neither {there} nor {file.parent / ERASURE_LOGS}:\n"
            "whoever was erased after this backup was made is there again. If anybody was, put a\n"
            "copy of the log beside the backup and restore once more, before you start the bot."
        )


async def _restore(settings: Settings, file: Path, nothing_lost: bool) -> Restored:
    from bot.commands.restoring import restore
    from bot.opening import SystemClock
    from bot.store.backup import BadBackup

    try:
        return await restore(settings, file, SystemClock(), nothing_lost=nothing_lost)
    except BadBackup as problem:
        fail(str(problem), 1)
    except OSError as problem:
        fail(f"{problem.filename or file}: {problem.strerror}", 1)
