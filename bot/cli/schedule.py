"""`rapport schedule …`: when clients are asked and therapists get their digest."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import typer

from bot.cli.closed import closed
from bot.cli.ending import CONFIG, AsJson, Config, fail, practice_of, work

if TYPE_CHECKING:
    from bot.services.schedule import Line
    from bot.services.schedule_changes import Change
    from bot.services.schedule_effects import Effects, NextDigest

schedule = typer.Typer(
    help="When clients are asked and therapists get their digest.", no_args_is_help=True
)

schedule.add_typer(closed, name="closed")

Therapist = Annotated[
    int | None, typer.Option(help="A therapist's own values, by Telegram id; else the practice's.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
_SOURCES = {"config": "config.toml or its default", "practice": "practice", "therapist": "own"}


@schedule.command("show")
def show(therapist: Therapist = None, config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Show every value that counts, and where it comes from."""
    from bot.commands.scheduling import shown

    found = _worked(shown(practice_of(config), therapist))
    if as_json:
        lines = [{"name": o.name, "value": o.value, "source": o.source} for o in found.lines]
        typer.echo(json.dumps({"therapist": found.therapist, "values": lines}, ensure_ascii=False))
        return
    typer.echo(found.therapist or "The practice")
    for line in found.lines:
        typer.echo(f"    {_said(line)}")


@schedule.command("set")
def set_values(
    words: Annotated[
        list[str],
        typer.Argument(
            help="Such as `delay 45`, `digest thursday 12:00`, `quiet 22:00 07:00` or"
            " `checkin.per_week 3`; `follow` instead of a value takes the own one away."
        ),
    ],
    therapist: Therapist = None,
    yes: Yes = False,
    config: Config = CONFIG,
) -> None:
    """Set values: shows every effect, asks, applies, and tells the therapists concerned."""
    from bot.commands.scheduling import applied, previewed

    settings = practice_of(config)
    wanted = _wanted(words)
    change = _worked(previewed(settings, therapist, wanted))
    if change.is_none:
        typer.echo("Nothing to do: it is so already.")
        return
    _show_change(change)
    if not yes and not typer.confirm("Apply?"):
        fail("Nothing was changed.", 1)
    change = _worked(applied(settings, therapist, wanted))
    typer.echo("Nothing to do: it is so already." if change.is_none else "Applied.")


@schedule.command("undo")
def undo(therapist: Therapist = None, yes: Yes = False, config: Config = CONFIG) -> None:
    """Take the newest change back, of the practice's values or a therapist's."""
    from bot.commands.scheduling import last_of, previewed_undo, undone

    settings = practice_of(config)
    last = _worked(last_of(settings, therapist))
    assert last.id is not None  # noqa: S101 - it was made
    _show_change(_worked(previewed_undo(settings, last.id)))
    if not yes and not typer.confirm("Take it back?"):
        fail("Nothing was changed.", 1)
    _worked(undone(settings, last.id))
    typer.echo("Taken back.")


def _wanted(words: list[str]) -> dict[str, str | None]:
    from bot.core.errors import Refused
    from bot.core.schedule import FOLLOW, wanted_of

    name, *values = words
    if "." in name and len(values) == 1:
        return {name: None if values[0] in FOLLOW else values[0]}
    try:
        return wanted_of(" ".join(words))
    except Refused as refused:
        _refuse(refused)


def _worked(task: Coroutine[Any, Any, Any]) -> Any:
    from bot.core.errors import Refused

    try:
        return work(task)
    except Refused as refused:
        _refuse(refused)


def _refuse(refused: Exception) -> NoReturn:
    from bot.core.errors import Refused
    from bot.core.schedule import LEVELS, WORDS

    assert isinstance(refused, Refused)  # noqa: S101 - imported late
    facts = refused.facts
    match refused.reason:
        case "schedule_value":
            fail(f"{facts['wrong']}", 2)
        case "schedule_name":
            fail(f"{facts['name']} is not part of the schedule: it has {', '.join(LEVELS)}", 2)
        case "schedule_own":
            fail(f"{facts['name']} holds for the whole practice: leave --therapist out", 2)
        case "schedule_words":
            fail(
                f"cannot read “{facts['typed']}”: give one of {', '.join(WORDS)} and its value,"
                " such as: rapport schedule set digest thursday 12:00",
                2,
            )
        case "schedule_beside":
            fail(f"{facts['wrong']}", 2)
        case "digest_due":
            fail(
                f"A digest is due and not made yet ({facts['whose']}): let `rapport run` make it"
                " first; where it cannot, its log says why, and after an hour this is possible",
                1,
            )
        case "nothing_set":
            fail("Nothing was ever set here: all values are those of config.toml", 1)
        case "set_again":
            fail("Values of the newest change were set again since: set them instead", 1)
        case _:
            fail("That is no therapist of this practice: give a Telegram id as --therapist", 1)


def _said(line: Line) -> str:
    return f"{line.name} = {line.value}  ({_SOURCES[line.source]})"


def _show_change(change: Change) -> None:
    typer.echo(change.therapist or "The practice")
    for name, value in change.after.items():
        follows = " (follows again)" if change.wanted[name] is None else ""
        typer.echo(f"    {name}: {change.was[name]} -> {value}{follows}")
    for line in _effects(change.effects):
        typer.echo(f"  {line}")


def _effects(effects: Effects) -> Iterator[str]:
    for one in effects.digests:
        before, after = _at(one, one.before_at), _at(one, one.after_at)
        yield f"{one.therapist}: the next digest comes {after}, not {before}."
    if effects.sessions is not None:
        yield f"{effects.sessions} sessions of the next two weeks are asked about at another time."
    if effects.asked is not None:
        before_n, after_n = effects.asked
        yield f"Of the sessions of the next two weeks {after_n} are asked about, not {before_n}."
    if effects.unasked is not None:
        before_n, after_n = effects.unasked
        yield (
            f"{after_n} sessions of the next two weeks are not asked about ({before_n} before):"
            " they would close before clients may be written to."
        )
    if effects.reminders is not None:
        yield f"{effects.reminders} waiting reminders move."
    if effects.open is not None:
        yield f"{effects.open} open check-ins keep the time their clients were told."
    if effects.followers is not None:
        yield f"Clients without quiet hours of their own, who follow these: {effects.followers}."
    if effects.others:
        yield f"{effects.others} therapists have own values and keep them."


def _at(one: NextDigest, at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, ZoneInfo(one.zone)):%a %d %b %H:%M}"
