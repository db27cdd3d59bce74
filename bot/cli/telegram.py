"""`rapport telegram …`: what Telegram shows of the bot by itself."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, settings_of, work

if TYPE_CHECKING:
    from bot.introducing import Setup

telegram = typer.Typer(help="What Telegram shows of the bot.", no_args_is_help=True)


@telegram.callback()
def _group() -> None:
    """Let `setup` be named, although it is alone."""


@telegram.command("setup")
def setup(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Set the bot's name, descriptions and command menus, where they differ; repeat it at will."""
    from bot.introducing import set_up

    done: Setup = work(set_up(settings_of(config), dry=dry_run))
    if as_json:
        changed = [asdict(one) for one in done.differences]
        typer.echo(json.dumps({"dry_run": dry_run, "changed": changed, "left": done.left}))
        raise typer.Exit(1 if done.left else 0)
    for one in done.differences:
        typer.echo(f"{'would change' if dry_run else 'changed'}: {one.what}")
        typer.echo(f"    from  {one.is_now or '(nothing)'}\n    to    {one.should_be}")
    if not done.differences and not done.left:
        typer.echo("All is as it should be; nothing was changed.")
    if done.left:
        fail("\n".join(f"left: {one}" for one in done.left), 1)
