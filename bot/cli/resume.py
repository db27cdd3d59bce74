"""`rapport resume`: what a restored bot would send from now on, and letting it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, practice_of, work
from bot.config import Settings

if TYPE_CHECKING:
    from bot.services.hold import OnHold

_KINDS: Final = {
    "prompt": "check-ins",
    "reminder": "reminders",
    "ack": "acknowledgements",
    "digest": "pages of digests",
    "notice": "notices",
    "mirror": "mirrors",
}

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking once more.")]


def resume(config: Config = CONFIG, yes: Yes = False, as_json: AsJson = False) -> None:
    """Let the bot send again after a restore; says first what that does, and asks."""
    from bot.commands.resuming import look
    from bot.commands.resuming import resume as let_go_on

    settings = practice_of(config)
    on_hold, newest = work(look(settings))
    if on_hold is None:
        since = None if newest is None else _at(newest.resumed_at, settings)
        if as_json:
            typer.echo(json.dumps({"on_hold": False, "resumed": False}))
        else:
            typer.echo(
                "The bot is not on hold: nothing was changed."
                + (f" The last hold was ended on {since}." if since else "")
            )
        return
    if not as_json:
        _show(on_hold, settings)
    if not yes and not as_json and sys.stdin.isatty():
        yes = typer.confirm("Let the bot send again?")
    if yes:
        # Somebody else may have been quicker: then there is nothing left to do.
        work(let_go_on(settings))
    if as_json:
        typer.echo(json.dumps({**_as_json(on_hold, settings), "resumed": yes}))
    elif yes:
        typer.echo("The hold is over. The therapists are told.")
    else:
        fail("Nothing was changed. `rapport resume --yes` lets the bot send again", 1)


def _show(on_hold: OnHold, settings: Settings) -> None:
    zone = settings.practice.timezone
    typer.echo(f"On hold since {_at(on_hold.since_at, settings)} (all times: {zone}).")
    for hours in on_hold.lost:
        codes = [code for ours in hours.codes.values() for code in ours]
        from_at, until_at = hours.loss.from_at, hours.loss.until_at
        typer.echo(f"Lost: {_at(from_at, settings)} to {_at(until_at, settings)}")
        named = ", ".join(codes) if codes else "nobody"
        typer.echo(f"    not asked again about these hours, whatever the digest says: {named}")
        for code in (code for ours in hours.ends.values() for code in ours):
            typer.echo(
                f"    the end of {code} was planned, and is taken back: its therapist says "
                f"/end {code} again if it stands"
            )
    typer.echo(f"Told: {on_hold.therapists} therapists, which hours and whose check-ins.")
    whom = ", ".join(sorted(on_hold.withdrawable)) or "none"
    typer.echo(
        f"Told: {len(on_hold.withdrawable)} clients outside their quiet hours, that what they"
        f" withheld in these hours stands as before, and how to withhold it again: {whom}."
        " The others read about the loss above their next check-in."
    )
    typer.echo(
        "Not known: who went over to a new account in these hours. They are back in the former one"
        " until it is done again: therapists by /relink_therapist or `rapport relink therapist`,"
        " before you go on here; clients by their therapists, who are told so."
    )
    typer.echo("Due, and sent as soon as the hold is over, outside quiet hours:")
    for to_clients, whose in ((True, "clients"), (False, "therapists and admins")):
        kinds = [
            f"{one.many} {_KINDS[one.kind]}" for one in on_hold.due if one.to_clients == to_clients
        ]
        typer.echo(f"    to {whose}: {', '.join(kinds) or 'nothing'}")


def _as_json(on_hold: OnHold, settings: Settings) -> dict[str, Any]:
    return {
        "on_hold": True,
        "since": _at(on_hold.since_at, settings),
        "lost": [
            {
                "from": _at(hours.loss.from_at, settings),
                "until": _at(hours.loss.until_at, settings),
                "not_asked_again": sorted(c for ours in hours.codes.values() for c in ours),
                "ends_taken_back": sorted(c for ours in hours.ends.values() for c in ours),
            }
            for hours in on_hold.lost
        ],
        "therapists_told": on_hold.therapists,
        "clients_told": sorted(on_hold.withdrawable),
        "messages_due": sum(one.many for one in on_hold.due),
        "messages_due_by": [
            {"to": "clients" if one.to_clients else "practice", "kind": one.kind, "many": one.many}
            for one in on_hold.due
        ],
    }


def _at(at: int | None, settings: Settings) -> str:
    if at is None:
        return ""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(settings.practice.zone)
    return f"{local:%Y-%m-%d %H:%M}"
