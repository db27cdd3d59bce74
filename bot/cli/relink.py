"""`rapport relink …`: a therapist with a new phone or account."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, practice_of, work
from bot.config import Settings

if TYPE_CHECKING:
    from bot.core.errors import Refused
    from bot.services.relinking import Offer
    from bot.services.relinking_own import Renewed

relink = typer.Typer(
    help="Let people go on in a new account. For a client, therapists send /relink to the bot.",
    no_args_is_help=True,
)
T = TypeVar("T")
_REFUSED = {
    "therapist_unknown": "No therapist is called “{name}” here. There are: {names}",
    "therapist_ambiguous": "Several therapists are called “{name}”. Give the Telegram id instead",
    "relink_none": "No link is valid for {whose}. Make one: the same command without the number",
    "relink_unopened": "Nobody has opened the link for {whose} yet. The number appears there then",
    "relink_unfit": "The account that opened the link is somebody else's here since: nothing was"
    " changed. Make a new link for {whose}, and open it in another account",
    "relink_wrong": "That is not the number that the new account of {whose} shows: nothing was"
    " changed. Tries left: {left}; after the last one a new link is needed",
}


@relink.command("therapist")
def relink_therapist(
    name: Annotated[str, typer.Argument(help="The therapist's name, or former Telegram id.")],
    number: Annotated[
        str, typer.Argument(help="The six digits that the new account shows, read to you aloud.")
    ] = "",
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Print a link for a therapist's new account; with the number it shows, let it count."""
    settings = practice_of(config)
    if number:
        done = _or_end(work(_confirm(settings, name, number)))
        _say_done(done, as_json)
        return
    offer, url = _or_end(work(_offer(settings, name)))
    if as_json:
        typer.echo(json.dumps({"url": url, "expires_at": offer.expires_at}))
        return
    import segno

    segno.make(url, error="m").terminal(out=sys.stdout, compact=True)
    typer.echo(
        f"{url}\nFor {offer.whose} alone, valid for an hour: to be opened in the new account, which"
        " shows six digits.\nHave them read to you in a voice you know, then:"
        f' rapport relink therapist "{offer.whose}" 123456'
    )


def _say_done(done: Renewed, as_json: bool) -> None:
    if as_json:
        facts = {"name": done.name, "in_config": done.in_config}
        typer.echo(json.dumps(facts | {"former": done.former, "new": done.new}))
        return
    typer.echo(f"{done.name} goes on in the new account; the former one gets nothing more.")
    if done.in_config:
        typer.echo(
            f"config.toml still names the former account in {', '.join(done.in_config)}:"
            f" put {done.new} in place of {done.former} there, and restart the bot."
        )


def _or_end(found: T | Refused) -> T:
    from bot.core.errors import Refused

    if isinstance(found, Refused):
        fail(_REFUSED[found.reason].format(**found.facts), 1)
    return found


async def _offer(settings: Settings, name: str) -> tuple[Offer, str] | Refused:
    from bot.core.errors import Refused
    from bot.opening import RandomIds, SystemClock, bots_name, open_database
    from bot.services.relinking_own import OwnRelinking

    clock = SystemClock()
    username = await bots_name(settings)
    db = await open_database(settings, clock, alone=False)
    try:
        offer = await OwnRelinking(db, clock, RandomIds(), settings).offer(None, name)
    except Refused as refused:
        return refused
    finally:
        await db.close()
    return offer, f"https://t.me/{username}?start={offer.secret}"


async def _confirm(settings: Settings, name: str, number: str) -> Renewed | Refused:
    from bot.core.errors import Refused
    from bot.opening import RandomIds, SystemClock, open_database
    from bot.services.relinking_own import OwnRelinking

    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        return await OwnRelinking(db, clock, RandomIds(), settings).confirm(None, name, number)
    except Refused as refused:
        return refused
    finally:
        await db.close()
