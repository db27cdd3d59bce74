"""`rapport erasures …`: what clients asked to have erased, where the practice decides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, practice_of, work
from bot.config import Settings

if TYPE_CHECKING:
    from bot.services.erasures import Wish

erasures = typer.Typer(
    help="Erasures that clients asked for and the practice decides about.",
    invoke_without_command=True,
)

Code = Annotated[str, typer.Argument(help="The code, as `rapport erasures` lists it.")]
Therapist = Annotated[
    int | None, typer.Option(help="Whose client: a therapist's Telegram id; where two have a code.")
]
Confirm = Annotated[str, typer.Option(help="What the first step printed: carries it out.")]


@erasures.callback()
def listed(context: typer.Context, config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List what is open: codes, therapists and dates, never an answer."""
    if context.invoked_subcommand is not None:
        return
    from bot.commands.erasing import open_wishes

    settings = practice_of(config)
    wishes: list[Wish] = work(open_wishes(settings))
    if as_json:
        typer.echo(json.dumps({"open": [_as_json(wish) for wish in wishes]}))
        return
    typer.echo(f"{len(wishes)} open")
    for wish in wishes:
        typer.echo(f"    {_named(wish)} · asked {_on(wish, settings)}")
    if wishes:
        typer.echo(
            "Erase or decline with: rapport erasures do CODE · rapport erasures decline CODE"
        )


@erasures.command("do")
def carry_out(
    code: Code, therapist: Therapist = None, confirm: Confirm = "", config: Config = CONFIG
) -> None:
    """Erase for good what a client asked to have erased: first shows what, then does it."""
    from bot.commands.erasing import carry_out as erase

    settings = practice_of(config)
    wish = _wish(settings, code, therapist)
    if confirm != _word(wish, "do"):
        typer.echo(f"{_named(wish)} · asked {_on(wish, settings)}. Erasing destroys for good:")
        for kind, count in wish.destroys.items():
            typer.echo(f"    {count} {kind}")
        typer.echo("and the key that opens them. Not reached are copies in Telegram, notes of the")
        typer.echo("therapist's and older backups: those only when they are restored.")
        _ask_again(wish, "do", confirm)
    erased = _settle(erase(settings, wish))
    typer.echo(f"{_named(wish)} is erased; the therapist is told.")
    if not erased.is_told:
        typer.echo("The client could not be told in Telegram: please tell them yourself.")
    if not erased.is_without_trace:
        fail("The write-ahead log still holds what was erased: restart `rapport run`", 1)


@erasures.command("decline")
def decline(
    code: Code, therapist: Therapist = None, confirm: Confirm = "", config: Config = CONFIG
) -> None:
    """Keep the answers for now; the client is told kindly, with whom to ask."""
    from bot.commands.erasing import decline as keep

    settings = practice_of(config)
    wish = _wish(settings, code, therapist)
    if confirm != _word(wish, "decline"):
        typer.echo(
            f"{_named(wish)} · asked {_on(wish, settings)}. Declining keeps all answers; the"
        )
        typer.echo(
            "client is told that they belong to the record, with whom to ask, and may ask again."
        )
        _ask_again(wish, "decline", confirm)
    _settle(keep(settings, wish))
    typer.echo(f"{_named(wish)}: declined. The running bot tells the client and the therapist.")


def _settle(decided: Coroutine[Any, Any, Any]) -> Any:
    from bot.core.errors import Refused

    try:
        return work(decided)
    except Refused:
        fail("This wish was settled meanwhile: see `rapport erasures`", 1)


def _ask_again(wish: Wish, act: str, confirm: str) -> NoReturn:
    """End the first step, with the word that the second one needs."""
    if confirm:
        fail("--confirm is not the word for this wish as it stands now. Nothing was done.", 2)
    typer.echo("Nothing was done yet. To do it, add: --confirm " + _word(wish, act))
    raise typer.Exit(0)


def _wish(settings: Settings, code: str, therapist: int | None) -> Wish:
    """Find the one open wish that is meant."""
    from bot.commands.erasing import open_wishes

    wishes: list[Wish] = work(open_wishes(settings))
    meant = [
        wish
        for wish in wishes
        if wish.pair.code == code.strip().upper()
        and therapist in (None, wish.therapist_telegram_id)
    ]
    if not meant:
        fail(f"No client {code} waits for an erasure: see `rapport erasures`", 1)
    if len(meant) > 1:
        fail(f"Several therapists have a client {code}: add --therapist with a Telegram id", 2)
    return meant[0]


def _word(wish: Wish, act: str) -> str:
    """Give a word that stands for this wish, this act and what it would destroy."""
    facts = f"{act} {wish.pair.id} {wish.asked_at} {sorted(wish.destroys.items())}"
    return hashlib.sha256(facts.encode()).hexdigest()[:6]


def _named(wish: Wish) -> str:
    return f"{wish.pair.code} · {wish.therapist_name} ({wish.therapist_telegram_id})"


def _on(wish: Wish, settings: Settings) -> str:
    at = datetime.fromtimestamp(wish.asked_at / 1000, UTC).astimezone(settings.practice.zone)
    return f"{at:%Y-%m-%d}"


def _as_json(wish: Wish) -> dict[str, object]:
    return {
        "code": wish.pair.code,
        "therapist": wish.therapist_name,
        "therapist_telegram_id": wish.therapist_telegram_id,
        "asked_at": wish.asked_at,
        "destroys": dict(wish.destroys),
    }
