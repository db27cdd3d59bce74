"""`rapport calendar …`: what a practice's calendars say, before anything is made of it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.cli.ending import AsJson, fail, settings_of, work
from bot.cli.flaws import told
from bot.core.timetable import to_utc

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.config import Settings
    from bot.feeds.facts import Event, Reading, Trouble
    from bot.feeds.matching import Match, Matching

calendar = typer.Typer(help="Calendars that appointments come from.", no_args_is_help=True)

_DAYS: Final = 14
_SKIPPED: Final = {
    "cancelled": "cancelled",
    "all_day": "all day",
    "free": "marked as free time",
    "too_short": "shorter than 15 minutes",
    "too_long": "longer than 3 hours",
}


@calendar.callback()
def _group() -> None:
    """Calendars that appointments come from."""


@calendar.command("test")
def show(
    source: Annotated[str, typer.Argument(help="An address (https:// or webcal://) or a file.")],
    from_on: Annotated[
        dt.datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day; today without it."),
    ] = None,
    to_on: Annotated[
        dt.datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; two weeks without it."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Take zone and rules of this practice.", envvar="RAPPORT_CONFIG"
        ),
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="The zone of times without one; without it the practice's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a calendar and show what would become of it; nothing is kept or changed."""
    settings = settings_of(config) if config is not None else None
    zone = zone or (settings.practice.timezone if settings else "UTC")
    here = _zone(zone)
    first = from_on.date() if from_on else dt.datetime.now(here).date()
    last = to_on.date() if to_on else first + dt.timedelta(days=_DAYS)
    if last < first:
        fail(f"--to {last} is before --from {first}", 2)
    body, name = _fetched(source, settings)
    reading = _read(body, name, zone, first, last)
    rows = [_row(event, _matching(settings).match(event), here) for event in reading.events]
    for trouble in reading.troubles:
        typer.echo(f"{name}: {_told(trouble, zone)}", err=True)
    typer.echo(json.dumps(rows, indent=1) if as_json else _table(rows, reading))


@calendar.command("find")
def find(
    url: Annotated[
        str, typer.Argument(help="The server, with the account: https://name:password@host/")
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Take the settings of this practice.", envvar="RAPPORT_CONFIG"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the calendars of an account on a CalDAV server, with the addresses to add them by."""
    from bot.feeds.addresses import NotFetched, read_address
    from bot.feeds.discovery import find_collections

    settings = settings_of(config) if config is not None else None
    private = settings is not None and settings.calendar.private_addresses
    try:
        found = work(find_collections(read_address(url), private=private))
    except NotFetched as problem:
        fail(f"No calendars were found. {problem}", 1)
    if as_json:
        typer.echo(json.dumps([{"name": one.name, "url": one.url} for one in found], indent=1))
        return
    for one in found:
        typer.echo(f"{one.name}  {one.url}")
    typer.echo(f"{len(found)} calendars. Add one by its address with the same name and password")


def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        fail(f"{name} is no time zone: give one like Europe/Berlin as --zone", 2)


def _read(body: bytes, name: str, zone: str, first: dt.date, last: dt.date) -> Reading:
    """Read what a calendar holds from one day to another, both included."""
    from bot.feeds.apart import read_apart
    from bot.feeds.facts import NotACalendar

    from_at = to_utc(first.isoformat(), "00:00", zone)
    to_at = to_utc((last + dt.timedelta(days=1)).isoformat(), "00:00", zone)
    try:
        reading: Reading = work(read_apart(body, zone=zone, from_at=from_at, to_at=to_at))
    except NotACalendar as problem:
        fail(f"{name} gives no calendar: {problem}", 1)
    return reading


def _fetched(source: str, settings: Settings | None) -> tuple[bytes, str]:
    """Give what a file or an address holds, and how to call it."""
    from bot.feeds.addresses import NotFetched, read_address
    from bot.feeds.fetching import fetch

    if "://" not in source:
        try:
            return Path(source).read_bytes(), Path(source).name
        except OSError as problem:
            fail(f"{source} cannot be read: {problem.strerror}", 1)
    private = settings is not None and settings.calendar.private_addresses
    try:
        address = read_address(source)
        body: bytes = work(fetch(address, private=private)).body
    except NotFetched as problem:
        fail(f"The calendar was not fetched. {problem}", 1)
    return body, address.host


def _matching(settings: Settings | None) -> Matching:
    from bot.feeds.matching import Matching, matching_of

    return Matching() if settings is None else matching_of(settings)


def _row(event: Event, match: Match, zone: dt.tzinfo) -> dict[str, Any]:
    start, end = (
        dt.datetime.fromtimestamp(at / 1000, zone) for at in (event.starts_at, event.ends_at)
    )
    skipped = _SKIPPED[event.skipped] if event.skipped else None
    return {
        "start": start.isoformat(),
        "end": end.isoformat(),
        "code": None if skipped else match.code,
        "matched_by": None if skipped else match.by,
        "skipped": skipped,
    }


def _told(trouble: Trouble, zone: str) -> str:
    return told(trouble.kind, line=trouble.line, starts=trouble.about, zone=zone, name=trouble.name)


def _table(rows: list[dict[str, Any]], reading: Reading) -> str:
    lines = [f"{_slot(row)}  {row['code'] or '–':<8} {_why(row)}".rstrip() for row in rows]
    taken = sum(row["skipped"] is None for row in rows)
    known = sum(row["code"] is not None for row in rows)
    total = f"{taken} appointments, {known} with a code; {len(rows) - taken} skipped"
    return "\n".join([*lines, total])


def _slot(row: dict[str, Any]) -> str:
    start, end = (dt.datetime.fromisoformat(row[name]) for name in ("start", "end"))
    return f"{start:%a %Y-%m-%d %H:%M}–{end:%H:%M}"


def _why(row: dict[str, Any]) -> str:
    if row["skipped"]:
        return f"skipped: {row['skipped']}"
    if row["code"] is None:
        return "unclear whose" if row["matched_by"] else "nobody known"
    return f"by {row['matched_by']}"
