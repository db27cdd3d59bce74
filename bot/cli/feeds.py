"""`rapport calendar add`, `list`, `remove` …: the calendars that a practice follows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn
from zoneinfo import ZoneInfo

import typer

from bot.cli import flaws
from bot.cli.calendar import calendar
from bot.cli.ending import CONFIG, AsJson, Config, fail, practice_of, work
from bot.core.feeds import MOST_FLAWS

if TYPE_CHECKING:
    from bot.commands.calendars import Calendars
    from bot.config import Settings
    from bot.core.feeds import Feed
    from bot.services.feeds import Overview

__all__ = ["calendar"]

Name = Annotated[str, typer.Argument(help="The calendar's name, as `calendar list` has it.")]

_REFUSED: Final = {
    "feed_there": "This calendar is followed already: see `rapport calendar list`",
    "feed_many": "There are {most} calendars already: remove one first",
    "feed_unknown": "There is no such calendar any more: see `rapport calendar list`",
    "feed_rests": "config.toml does not have this calendar any more, so it is not read: put it back"
    " there and start the bot again, or remove it with `rapport calendar remove`",
    "code_unknown": "There is no client {code} whose appointments this calendar could have",
    "code_twice": "Two therapists have a client {code}: give each of them a calendar of their own",
}


@calendar.command("add")
def add(
    url: Annotated[str, typer.Argument(help="The private address: https:// or webcal://.")],
    therapist: Annotated[
        int | None, typer.Option(help="Whose: a therapist's Telegram id; without, the practice's.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it; its host without.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Follow it without being asked.")] = False,
    config: Config = CONFIG,
) -> None:
    """Show what would come of a calendar in the next two weeks and, if you say yes, follow it."""
    settings = practice_of(config)
    added: Overview = _done(_add(settings, url, therapist, name), name or "The calendar")
    typer.echo(_preview(added))
    if not (yes or typer.confirm("Follow this calendar?", default=False)):
        _done(_remove(settings, added.feed.source.name), added.feed.source.name)
        typer.echo("Nothing is made of it, and it is not kept.")
        return
    accepted: Overview = _done(_accept(settings, added.feed.id), added.feed.source.name)
    typer.echo(
        f"{accepted.feed.source.name} is followed: {len(accepted.coming)} appointments."
        f" Undo it with: rapport calendar remove {accepted.feed.source.name}"
    )


@calendar.command("list")
def listed(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List the calendars that are followed and how they stand; never an address."""
    found: tuple[Overview, ...] = _done(_all(practice_of(config)), "")
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in found], indent=1))
        return
    typer.echo(f"{len(found)} calendars")
    for one in found:
        typer.echo(f"    {one.feed.source.name} · {_standing(one)}")


@calendar.command("remove")
def remove(name: Name, config: Config = CONFIG) -> None:
    """Forget a calendar; what it has planned and nobody was asked about is cancelled."""
    settings = practice_of(config)
    removed: Feed = _done(_remove(settings, name), name)
    typer.echo(f"{name} is forgotten, and what it had planned is cancelled.")
    if removed.source.declared in settings.feeds:
        typer.echo(
            f"It still stands in the settings as feeds.{removed.source.declared}, and is not read:"
            " take it out there too"
        )


@calendar.command("sync")
def sync(
    name: Annotated[str | None, typer.Argument(help="One calendar; without, all.")] = None,
    allow: Annotated[
        bool, typer.Option("--allow", help="Believe it, though most of its appointments are gone.")
    ] = False,
    config: Config = CONFIG,
) -> None:
    """Read calendars now instead of within a quarter of an hour."""
    settings = practice_of(config)
    found: tuple[Overview, ...] = _done(_all(settings), "")
    chosen = [one for one in found if name is None or _is_called(one.feed, name)]
    if name is not None and not chosen:
        _no_such(name)
    failed = False
    for one in chosen:
        told = _done(_sync(settings, one.feed, allow=allow), one.feed.source.name, ends=False)
        failed |= told is None
        if told is not None:
            typer.echo(f"{one.feed.source.name}: {told}")
    raise typer.Exit(1 if failed else 0)


@calendar.command("accept")
def accept(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Follow it without being asked.")] = False,
    config: Config = CONFIG,
) -> None:
    """Show what would come of a calendar that is not followed yet and, if you say yes, follow it.

    Such a one is declared in config.toml, or was looked at only. A no that was said before stands
    until you say yes.
    """
    settings = practice_of(config)
    feed: Feed | None = _done(_find(settings, name), name)
    if feed is None:
        _no_such(name)
    if feed.accepted_at is not None and feed.rests is None:
        fail(f"{name} is followed already", 1)
    typer.echo(_preview(_done(_look(settings, feed), name)))
    if not (yes or typer.confirm("Follow this calendar?", default=False)):
        if feed.rests == "declined":
            _done(_remove(settings, name), name)
        typer.echo("Nothing is made of it.")
        return
    accepted: Overview = _done(_wake_and_accept(settings, feed.id), name)
    typer.echo(
        f"{name} is followed: {len(accepted.coming)} appointments."
        f" Undo it with: rapport calendar remove {name}"
    )


@calendar.command("alias")
def alias(
    name: Name,
    words: Annotated[str, typer.Argument(help="A title, or an e-mail address of who takes part.")],
    code: Annotated[str, typer.Argument(help="The client's code.")],
    config: Config = CONFIG,
) -> None:
    """Let a title or an address stand for a client; only a hash of it is kept."""
    settings = practice_of(config)
    feed: Feed | None = _done(_find(settings, name), name)
    if feed is None:
        _no_such(name)
    _done(_alias(settings, feed.id, words, code.strip().upper()), name)
    typer.echo(f"{name}: that stands for {code.strip().upper()} from the next reading on.")


def _no_such(name: str) -> NoReturn:
    fail(f"There is no calendar {name}: see `rapport calendar list`", 1)


def _done(task: Coroutine[Any, Any, Any], name: str, *, ends: bool = True) -> Any:
    """Carry something out; what is wrong with a calendar is told in a sentence that names it."""
    from bot.core.errors import Refused
    from bot.feeds.addresses import NotFetched
    from bot.feeds.facts import NotACalendar

    try:
        return work(task)
    except NotFetched as problem:
        said = f"{name} was not fetched. {problem}"
    except NotACalendar as problem:
        said = f"{name} gives no calendar: {problem}"
    except Refused as refused:
        said = _REFUSED[refused.reason].format(**refused.facts)
    if ends:
        fail(said, 1)
    typer.echo(said, err=True)
    return None


async def _add(settings: Settings, url: str, therapist: int | None, name: str | None) -> Overview:
    async with _opened(settings) as here:
        therapist_id = None
        if therapist is not None:
            therapist_id = await here.therapist(therapist)
            if therapist_id is None:
                fail(f"{therapist} is no therapist of this practice", 1)
        return await here.add(url, name, therapist_id)


async def _all(settings: Settings) -> tuple[Overview, ...]:
    async with _opened(settings) as here:
        return await here.feeds.all()


async def _find(settings: Settings, name: str) -> Feed | None:
    async with _opened(settings) as here:
        return await here.find(name)


async def _look(settings: Settings, feed: Feed) -> Overview:
    async with _opened(settings) as here:
        if feed.rests != "declined":
            await here.feeds.read_now(None, feed.id)
        await here.sync(feed.id, is_look=True)
        return await here.feeds.show(feed.id, None)


async def _wake_and_accept(settings: Settings, feed_id: int) -> Overview:
    async with _opened(settings) as here:
        await here.feeds.read_now(None, feed_id)
        return await here.feeds.accept(feed_id, None)


async def _accept(settings: Settings, feed_id: int) -> Overview:
    async with _opened(settings) as here:
        return await here.feeds.accept(feed_id, None)


async def _remove(settings: Settings, name: str) -> Feed:
    async with _opened(settings) as here:
        feed = await here.find(name)
        if feed is None:
            _no_such(name)
        return await here.feeds.remove(feed.id, None)


async def _alias(settings: Settings, feed_id: int, words: str, code: str) -> None:
    async with _opened(settings) as here:
        await here.feeds.name(feed_id, None, words, code)


async def _sync(settings: Settings, feed: Feed, *, allow: bool) -> str:
    if feed.rests is not None:
        return _standing_still(feed)
    async with _opened(settings) as here:
        if allow:
            await here.feeds.allow(feed.id, None)
        applied = await here.sync(feed.id)
        if applied is not None and applied.is_held:
            changes = applied.changes
            return (
                f"{changes.lost} of {changes.of} appointments are suddenly gone. Nothing was"
                " changed: look into the calendar, and if it is right, add --allow"
            )
        return _standing(await here.feeds.show(feed.id, None))


def _opened(settings: Settings) -> AbstractAsyncContextManager[Calendars]:
    from bot.commands.calendars import calendars

    return calendars(settings)


def _is_called(feed: Feed, name: str) -> bool:
    return feed.source.name.casefold() == name.strip().casefold()


def _standing(one: Overview) -> str:
    feed = one.feed
    if feed.rests is not None:
        return _standing_still(feed)
    parts = [f"{len(one.coming)} appointments to come", f"{len(one.unknown)} of nobody known"]
    if feed.accepted_at is None:
        parts.append("only looked at: follow it with `rapport calendar accept`")
    if one.flaws:
        parts.append(f"{len(one.flaws)} to mend in it: see `rapport calendar test`")
    if feed.read_at is not None:
        parts.append(f"read {_moment(feed.read_at, one.zone)}")
    if feed.held_at is not None:
        parts.append(
            f"{feed.lost} of {feed.lost_of} are suddenly gone: if that is right,"
            " `rapport calendar sync --allow`"
        )
    if feed.failures:
        parts.append(f"failed {feed.failures} times ({feed.problem})")
    return " · ".join(parts)


def _standing_still(feed: Feed) -> str:
    if feed.rests == "declined":
        return "not read, because somebody said no to it: `rapport calendar accept` to follow it"
    return (
        "not read, because it is not in config.toml any more; what it has planned stays: put it"
        " back, or `rapport calendar remove`"
    )


def _preview(one: Overview) -> str:
    lines = [
        f"{_moment(e.starts_at, one.zone)}–{_moment(e.ends_at, one.zone)[-5:]}"
        f"  {one.codes[e.pair_id]}" + ("  is there already" if e.was_found else "")
        for e in one.coming
    ]
    lines += [f"{_moment(e.starts_at, one.zone)}  nobody known" for e in one.unknown]
    lines += [
        flaws.told(flaw.kind, line=flaw.line, starts=flaw.starts, zone=one.zone)
        for flaw in one.flaws
    ]
    if len(one.flaws) == MOST_FLAWS:
        lines.append("perhaps there is more to mend: see `rapport calendar test`")
    total = f"{len(one.coming)} appointments in two weeks, {len(one.unknown)} of nobody known"
    return "\n".join([*lines, total])


def _moment(at: int, zone: str) -> str:
    return f"{dt.datetime.fromtimestamp(at / 1000, ZoneInfo(zone)):%a %Y-%m-%d %H:%M}"


def _as_json(one: Overview) -> dict[str, Any]:
    feed = one.feed
    return {
        "name": feed.source.name,
        "of": "practice" if feed.therapist_id is None else "therapist",
        "accepted": feed.accepted_at is not None,
        "declared": feed.source.declared or None,
        "rests": feed.rests,
        "coming": len(one.coming),
        "unknown": len(one.unknown),
        "flaws": [{"kind": f.kind, "starts": f.starts, "line": f.line} for f in one.flaws],
        "read_at": feed.read_at,
        "failures": feed.failures,
        "problem": feed.problem,
        "held": feed.held_at is not None,
    }
