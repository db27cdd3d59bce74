"""`rapport calendar import`: appointments from a table (CSV)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.cli.ending import CONFIG, Config, fail, practice_of, work
from bot.cli.feeds import calendar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.config import Settings
    from bot.feeds.table import Line
    from bot.services.importing import Outcome

__all__ = ["calendar"]

_TOLD: Final[dict[Outcome, str]] = {
    "made": "appointment",
    "there": "passed over: this client has one at that time",
    "past": "passed over: it has begun already",
    "unknown": "there is no client with this code: invite them first, or mend the code",
    "over": "the client has stopped or it is over: remove the line",
}


@calendar.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(help="A CSV file whose first line names its columns.")],
    therapist: Annotated[int, typer.Option(help="Whose appointments: a therapist's Telegram id.")],
    columns: Annotated[
        str, typer.Option(help="Which column is what: code=Client,date=Day,time=Start,minutes=Min")
    ] = "code=code,date=date,time=time",
    minutes: Annotated[int, typer.Option(help="The length, where no column says it.")] = 50,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would become of each line.")
    ] = False,
    config: Config = CONFIG,
) -> None:
    """Bring appointments in from a table: all lines, or none where one is wrong."""
    from bot.feeds.table import BadTable, read_columns, read_table

    settings = practice_of(config)
    try:
        lines = read_table(file.read_bytes(), read_columns(columns), minutes)
    except OSError as problem:
        fail(f"{file} cannot be read: {problem.strerror}", 1)
    except BadTable as bad:
        fail("\n".join(f"{file.name}: {mistake}" for mistake in bad.mistakes), 1)
    outcomes: Sequence[Outcome] = work(_bring_in(settings, therapist, lines, is_dry=dry_run))
    for line, outcome in zip(lines, outcomes, strict=True):
        typer.echo(
            f"line {line.number}: {line.local_on} {line.local_time} {line.code}  {_TOLD[outcome]}"
        )
    if not {"unknown", "over"}.isdisjoint(outcomes):
        fail(f"{file.name}: nothing was brought in. Mend these lines and try again", 1)
    done = "would be made" if dry_run else "made"
    typer.echo(f"{outcomes.count('made')} appointments {done}")


async def _bring_in(
    settings: Settings, telegram_id: int, lines: Sequence[Line], *, is_dry: bool
) -> tuple[Outcome, ...]:
    from bot.commands.calendars import calendars
    from bot.services.importing import Wanted

    async with calendars(settings) as here:
        therapist_id = await here.therapist(telegram_id)
        if therapist_id is None:
            fail(f"{telegram_id} is no therapist of this practice", 1)
        wanted = [Wanted(one.code, one.local_on, one.local_time, one.minutes) for one in lines]
        return await here.importing.bring_in(therapist_id, wanted, is_dry=is_dry)
