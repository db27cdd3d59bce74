"""`rapport handover FROM TO`: a therapist leaves, and a colleague takes the clients over."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, practice_of, work
from bot.config import Settings

if TYPE_CHECKING:
    from bot.services.handing import Plan

_REFUSED = {
    "therapist_unknown": "No therapist is called “{name}” here. There are: {names}",
    "therapist_ambiguous": "Several therapists are called “{name}”. Give the Telegram id instead",
    "handover_same": "{name} cannot take over from themselves: name a colleague",
    "handover_running": "The clients of {name} are being handed over already; --undo takes that"
    " back while nobody has been asked",
    "handover_takes_over": "Clients of a colleague are offered to {name}, and not all have"
    " answered: wait until they have, or --undo that before it begins",
    "handover_leaves": "{name} leaves as well: name another colleague",
    "handover_none": "No handover of {name} is under way",
    "handover_begun": "The clients of {name} are asked already, so it cannot be taken back. Whoever"
    " has answered goes on as they said; others can be invited anew",
}
_WHY = {
    "not_joined": "has not joined",
    "not_confirmed": "was not confirmed",
    "erasure_asked": "has asked to be erased",
    "stopped": "has stopped the questions, and is left alone",
    "twice": "is with the colleague already",
    "themselves": "is the colleague",
}


def handover(
    leaving: Annotated[str, typer.Argument(help="Who leaves: name, or Telegram id.")],
    colleague: Annotated[str, typer.Argument(help="Who takes over.")] = "",
    undo: Annotated[
        bool, typer.Option("--undo", help="Take it back, while no client has been asked.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Offer a leaving therapist's clients to a colleague: shows what it means, asks, begins."""
    from bot.commands.handing_over import previewed, started, undone

    settings = practice_of(config)
    if undo:
        told = _worked(undone(settings, leaving))
        typer.echo(f"Taken back: {told.from_name} and {told.to_name} are told.")
        return
    if not colleague:
        fail("Who takes over? rapport handover FROM TO", 2)
    plan = _worked(previewed(settings, leaving, colleague))
    if not as_json:
        _show(plan, settings)
        if not yes and not typer.confirm("Hand over?"):
            fail("Nothing was changed.", 1)
    # For scripts, what it means is shown first; --yes does it.
    if yes or not as_json:
        plan = _worked(started(settings, leaving, colleague))
    if as_json:
        typer.echo(json.dumps({"started": yes} | asdict(plan), ensure_ascii=False))
        return
    typer.echo(f"It begins on {_at(plan.begins_at, settings)}; until then --undo takes it back.")


def _show(plan: Plan, settings: Settings) -> None:
    begins = _at(plan.begins_at, settings)
    typer.echo(f"{plan.from_name} → {plan.to_name}, from {begins} on. Both are told now.")
    typer.echo("Then every therapy with who leaves ends here, with a last digest; access ends two")
    typer.echo("days later. An hour after it begins these clients are asked, for 14 days:")
    typer.echo(f"    {len(plan.asked)}: {', '.join(plan.asked) or '–'}")
    if plan.anew:
        typer.echo(f"    With {plan.to_name} these codes were used before, and are never used")
        typer.echo(f"    again, so whoever goes on gets another one: {', '.join(plan.anew)}")
    for code, why in plan.unasked:
        typer.echo(f"    not asked: {code}, who {_WHY[why]}")
    if plan.is_admin:
        typer.echo(f"{plan.from_name} is an admin in config.toml as well: practice.admins is yours")


def _at(instant: int, settings: Settings) -> str:
    zone = ZoneInfo(settings.practice.timezone)
    return f"{datetime.fromtimestamp(instant / 1000, zone):%a %d %b %Y %H:%M}"


def _worked(task: Coroutine[Any, Any, Any]) -> Any:
    from bot.core.errors import Refused

    try:
        return work(task)
    except Refused as refused:
        fail(_REFUSED[refused.reason].format(**refused.facts), 1)
