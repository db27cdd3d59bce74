"""`rapport relink …`: a therapist, or a client, with a new phone or account."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, practice_of, work
from bot.config import Settings

if TYPE_CHECKING:
    from bot.core.errors import Refused
    from bot.core.people import Pair
    from bot.services.relink_links import Offer
    from bot.services.relinking_own import Renewed

relink = typer.Typer(
    help="Let people go on in a new account. For a client, the therapist sends /relink to the bot;"
    " the practice does it where that is not possible.",
    no_args_is_help=True,
)
T = TypeVar("T")
_REFUSED = {
    "therapist_unknown": "No therapist is called “{name}” here. There are: {names}",
    "therapist_ambiguous": "Several therapists are called “{name}”. Give the Telegram id instead",
    "code_shape": "“{code}” can't be a code: one has 1 to 8 letters and digits, such as A7",
    "code_unknown": "There is no client with the code {code}, or not with this therapist."
    " Therapists who have this code: {names}",
    "code_several": "Several therapists have the code {code}: {names}. Name one with --therapist",
    "relink_nobody": "Nobody who was confirmed is there with the code {code}: the therapist invites"
    " anew, in the bot",
    "relink_settled": "Nobody has objected to the account of {code}: there is nothing to settle",
    "relink_none": "No link is valid for {whose}. Make one: the same command without the number",
    "relink_unopened": "Nobody has opened the link for {whose} yet. The number appears there then",
    "relink_unfit": "The account that opened the link is somebody else's here since: nothing was"
    " changed. Make a new link for {whose}, and open it in another account",
    "on_hold": "The bot is on hold after a restore, so that the former account could not be told:"
    " nothing was changed. Run `rapport resume` first",
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
    _show_link(offer, url, f'rapport relink therapist "{offer.whose}" 123456')


Therapist = Annotated[
    str | None,
    typer.Option(help="The therapist's name, also of one who has left, where several have it."),
]


@relink.command("client")
def relink_client(
    code: Annotated[str, typer.Argument(help="The client's code, such as A7.")],
    number: Annotated[
        str, typer.Argument(help="The six digits that the new account shows, read to you aloud.")
    ] = "",
    therapist: Therapist = None,
    settled: Annotated[
        bool,
        typer.Option("--settled", help="The account there is right, whoever objects."),
    ] = False,
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Print a link for a client's new account, where no therapist can; with the number it counts.

    For a client whose therapist has left or cannot act. A therapist who is here is told.
    """
    settings = practice_of(config)
    if settled:
        pair = _or_end(work(_settle(settings, code, therapist)))
        typer.echo(
            json.dumps({"code": pair.code, "settled": True})
            if as_json
            else f"{pair.code}: what was written before is open to the new account."
        )
        return
    if number:
        pair = _or_end(work(_confirm_client(settings, code, number, therapist)))
        if as_json:
            typer.echo(json.dumps({"code": pair.code, "agreed": pair.relinked_at is None}))
            return
        typer.echo(f"{pair.code} goes on in the new account; the former one has been told.")
        return
    offer, url = _or_end(work(_offer_client(settings, code, therapist)))
    if as_json:
        typer.echo(json.dumps({"url": url, "expires_at": offer.expires_at}))
        return
    of = f' --therapist "{therapist}"' if therapist else ""
    _show_link(offer, url, f"rapport relink client {offer.whose} 123456{of}")


def _show_link(offer: Offer, url: str, again: str) -> None:
    import segno

    segno.make(url, error="m").terminal(out=sys.stdout, compact=True)
    typer.echo(
        f"{url}\nFor {offer.whose} alone, valid for an hour: to be opened in the new account, which"
        f" shows six digits.\nHave them read to you in a voice you know, then: {again}"
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


async def _offer_client(
    settings: Settings, code: str, therapist: str | None
) -> tuple[Offer, str] | Refused:
    from bot.core.errors import Refused
    from bot.opening import RandomIds, SystemClock, bots_name, open_database
    from bot.services.relinking import Relinking

    clock = SystemClock()
    username = await bots_name(settings)
    db = await open_database(settings, clock, alone=False)
    try:
        relinking = Relinking(db, clock, RandomIds(), settings)
        offer = await relinking.offer_by_practice(code, therapist)
    except Refused as refused:
        return refused
    finally:
        await db.close()
    return offer, f"https://t.me/{username}?start={offer.secret}"


async def _confirm_client(
    settings: Settings, code: str, number: str, therapist: str | None
) -> Pair | Refused:
    from bot.core.errors import Refused
    from bot.opening import RandomIds, SystemClock, open_database
    from bot.services.relinking import Relinking

    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        relinking = Relinking(db, clock, RandomIds(), settings)
        return await relinking.confirm_by_practice(code, number, therapist)
    except Refused as refused:
        return refused
    finally:
        await db.close()


async def _settle(settings: Settings, code: str, therapist: str | None) -> Pair | Refused:
    from bot.core.errors import Refused
    from bot.opening import RandomIds, SystemClock, open_database
    from bot.services.relinking import Relinking

    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        return await Relinking(db, clock, RandomIds(), settings).settle(code, therapist)
    except Refused as refused:
        return refused
    finally:
        await db.close()
