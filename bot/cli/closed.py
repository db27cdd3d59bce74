"""`rapport schedule closed …`: days on which the whole practice is closed."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, practice_of, work

if TYPE_CHECKING:
    from bot.core.absence import Absence
    from bot.core.errors import Refused
    from bot.services.absence_plans import Effect, Plan

closed = typer.Typer(help="Days on which the whole practice is closed.", no_args_is_help=True)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


@closed.command("list")
def show(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List the closed days to come."""
    from bot.commands.closing_days import listed

    own = _worked(listed(practice_of(config))).own
    if as_json:
        days = [{"first": one.first_on, "last": one.last_on} for one in own]
        typer.echo(json.dumps(days))
        return
    for one in own:
        typer.echo(_days(one))
    if not own:
        typer.echo("The practice is not to be closed.")


@closed.command("add")
def add(
    days: Annotated[
        list[str], typer.Argument(help="Such as 2026-12-24 2026-12-26, `24 Dec–26 Dec`, one day.")
    ],
    yes: Yes = False,
    config: Config = CONFIG,
) -> None:
    """Close the practice: shows every effect, asks, applies, and tells the therapists."""
    from bot.commands.closing_days import agreed, drafted

    settings = practice_of(config)
    plan = _worked(drafted(settings, " ".join(days)))
    _show(plan)
    if not yes and not typer.confirm("Apply?"):
        fail("Nothing was changed.", 1)
    _worked(agreed(settings, plan.absence.id))
    typer.echo("Applied.")


@closed.command("remove")
def remove(
    day: Annotated[str, typer.Argument(help="One of the days, such as 2026-12-24.")],
    yes: Yes = False,
    config: Config = CONFIG,
) -> None:
    """Take closed days back, of those that have begun the ones from today on: shows every effect,
    asks, applies, and tells the therapists."""
    from bot.commands.closing_days import found, removed, removing

    settings = practice_of(config)
    absence = _worked(found(settings, day))
    if absence is None:
        fail(
            f"{day} is no closed day to come: give one of those that"
            " `rapport schedule closed list` names, as 2026-12-24",
            1,
        )
    typer.echo(_days(absence))
    for line in _effects(_worked(removing(settings, absence.id))):
        typer.echo(f"  {line}")
    if not yes and not typer.confirm("Take it back?"):
        fail("Nothing was changed.", 1)
    _worked(removed(settings, absence.id))
    typer.echo("Taken back.")


def _show(plan: Plan) -> None:
    typer.echo(_days(plan.absence))
    for one in plan.replaced:
        typer.echo(f"  in the place of {_days(one)}")
    for line in _effects(plan):
        typer.echo(f"  {line}")


def _effects(plan: Plan) -> Iterator[str]:
    for effect in plan.effects:
        said = [*_sessions(effect), *_digest(effect)]
        yield f"{effect.therapist}: {', '.join(said)}"


def _sessions(effect: Effect) -> Iterator[str]:
    if effect.cancelled:
        yield f"{len(effect.cancelled)} sessions are cancelled"
    if effect.back:
        yield f"{len(effect.back)} sessions are planned again"


def _digest(effect: Effect) -> Iterator[str]:
    if effect.is_now:
        yield "the digest comes at once"
    elif effect.eve_at is not None:
        yield f"the digest comes {_at(effect.eve_at, effect.zone)}"
    yield f"the next digest after these days comes {_at(effect.next_at, effect.zone)}"


def _at(at: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(at / 1000, ZoneInfo(zone)):%a %d %b %H:%M}"


def _days(absence: Absence) -> str:
    if absence.first_on == absence.last_on:
        return absence.first_on
    return f"{absence.first_on} to {absence.last_on}"


def _worked(task: Coroutine[Any, Any, Any]) -> Any:
    from bot.core.errors import Refused

    try:
        return work(task)
    except Refused as refused:
        _refuse(refused)


def _refuse(refused: Refused) -> NoReturn:
    facts = refused.facts
    again = f"such as: rapport schedule closed add {facts.get('example', '')}"
    match refused.reason:
        case "away_date":
            fail(f"cannot read “{facts['typed']}” as days: write them {again}", 2)
        case "away_past" | "away_begun":
            fail(f"{facts['first_on']} is over: give days from today on, {again}", 2)
        case "away_turned":
            fail(f"{facts['last_on']} is before {facts['first_on']}: did you mean, {again}", 2)
        case "away_far":
            fail(f"{facts['first_on']} is more than a year ahead: add it when it is nearer", 2)
        case "away_long":
            fail(f"more than {facts['most']} days: add a shorter time, {again}", 2)
        case "away_there":
            fail(f"{facts['first_on']} to {facts['last_on']} stands already", 1)
        case "closed_cover" | "cover_long":
            fail("who covers is each therapist's to say, with /away: give days alone", 2)
        case "digest_due":
            fail(
                f"A digest is due and not made yet ({facts['whose']}): let `rapport run` make it"
                " first; where it cannot, its log says why, and after an hour this is possible",
                1,
            )
        case _:
            fail("This was changed meanwhile: see `rapport schedule closed list`", 1)
