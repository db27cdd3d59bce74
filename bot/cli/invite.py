"""`rapport invite …`: links with which people join."""

from __future__ import annotations

import json
import sys

import typer

from bot.cli.ending import CONFIG, AsJson, Config, practice_of, work
from bot.config import Settings

invite = typer.Typer(help="Invite people.", no_args_is_help=True)


@invite.command("therapist")
def invite_therapist(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Print a link and QR code with which one therapist can join, valid for 14 days."""
    settings = practice_of(config)
    url, expires_at = work(_invite_therapist(settings))
    if as_json:
        typer.echo(json.dumps({"url": url, "expires_at": expires_at}))
        return
    import segno

    segno.make(url, error="m").terminal(out=sys.stdout, compact=True)
    typer.echo(f"{url}\nFor one therapist, valid for 14 days. Open it in Telegram.")


async def _invite_therapist(settings: Settings) -> tuple[str, int]:
    from bot.opening import RandomIds, SystemClock, bots_name, open_database
    from bot.services.inviting import Inviting

    clock = SystemClock()
    username = await bots_name(settings)
    db = await open_database(settings, clock, alone=False)
    try:
        made = await Inviting(db, clock, RandomIds(), settings).invite_therapist(None)
    finally:
        await db.close()
    return f"https://t.me/{username}?start={made.secret}", made.expires_at
