"""The command line: `rapport …`. Each error says what to do and has its own exit code.

0 done · 1 cannot be done now · 2 wrong use or configuration · 3 master key · 4 database in use ·
5 Telegram does not know the token.
"""

from __future__ import annotations

import asyncio
import errno
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import __version__
from bot.cli.backup import backup, restore
from bot.cli.digest import digest
from bot.cli.ending import CONFIG as _CONFIG
from bot.cli.ending import AsJson, Config
from bot.cli.ending import fail as _fail
from bot.cli.ending import practice_of as _practice
from bot.cli.ending import settings_of as _settings
from bot.cli.ending import work as _work
from bot.cli.erasures import erasures
from bot.cli.handover import handover
from bot.cli.health import health
from bot.cli.importing import calendar
from bot.cli.invite import invite
from bot.cli.keys import init, rotate_key
from bot.cli.lean import lean
from bot.cli.relink import relink
from bot.cli.resume import resume
from bot.cli.schedule import schedule
from bot.cli.telegram import telegram
from bot.config import ConfigError, Settings, load, warnings

if TYPE_CHECKING:
    from bot.render.trial import TemplateMistake

cli = typer.Typer(
    name="rapport",
    help="Asks clients how the working alliance was, and brings the answers to their therapist.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
cli.add_typer(invite, name="invite")
cli.add_typer(relink, name="relink")
cli.add_typer(digest, name="digest")
cli.add_typer(calendar, name="calendar")
cli.add_typer(erasures, name="erasures")
cli.add_typer(schedule, name="schedule")
cli.add_typer(telegram, name="telegram")
cli.command()(handover)
cli.command()(health)
cli.command()(backup)
cli.command()(restore)
cli.command()(resume)
cli.command()(init)
cli.command()(rotate_key)

_ANY_BOT = "1:emulator"


def main() -> None:
    """Run the command line."""
    cli()


@cli.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    typer.echo(json.dumps({"version": __version__}) if as_json else f"rapport {__version__}")


@cli.command()
def run(config: Config = _CONFIG) -> None:
    """Run the bot until it is told to stop (Ctrl-C or SIGTERM)."""
    from bot.cli.concealed import conceal

    conceal()
    # Before anything else that brings the same libraries in.
    with lean():
        import bot.app  # noqa: F401
    _work(_run(_practice(config)))


async def _run(settings: Settings) -> None:
    from bot.app import build
    from bot.transport.stopping import unless

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    # Both wait for Telegram, the first for as long as it is away.
    app = await unless(stop, build(settings))
    if app is None:
        return
    try:
        await unless(stop, app.introduce())
        if not stop.is_set():
            await app.start()
            await app.run(stop)
    finally:
        await app.stop()


@cli.command()
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Tell the story on the terminal and end.")
    ] = False,
    port: Annotated[int, typer.Option(help="The page's port; 0 takes a free one.")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser.")] = False,
) -> None:
    """Show the whole loop on one local page, on a fast clock; nothing to configure."""
    from bot.demo.telling import StoryFailed

    try:
        if headless:
            from bot.demo.terminal import play

            _work(play())
        else:
            from bot.demo.show import perform

            _work(perform(port, may_open=not no_open))
    except StoryFailed as failure:
        _fail(f"The story did not go as told: {failure}", 1)
    except OSError as problem:
        if problem.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        _fail(f"Port {port} cannot be used: {problem.strerror}. Choose another --port", 1)


@cli.command()
def emulator(
    port: Annotated[int, typer.Option(help="Where to listen on 127.0.0.1; 0: any.")] = 8081,
    token: Annotated[str, typer.Option(help="What the bot must show.")] = _ANY_BOT,
    username: Annotated[str, typer.Option(help="The bot's name.")] = "rapport_bot",
    journal: Annotated[Path | None, typer.Option(help="Append all that happens to it.")] = None,
    keep: Annotated[int, typer.Option(help="How many journal entries stay in memory.")] = 5_000,
    seed: Annotated[int | None, typer.Option(help="Makes everything random repeatable.")] = None,
    clock: Annotated[
        int | None, typer.Option(help="Stand still at this instant (UTC ms) until moved.")
    ] = None,
    flood: Annotated[
        bool, typer.Option("--flood", help="Limit messages as Telegram does.")
    ] = False,
    lenient: Annotated[bool, typer.Option("--lenient", help="Ignore unknown parameters.")] = False,
    loopback_webhook: Annotated[
        bool, typer.Option("--loopback-webhook", help="Deliver to webhooks on this machine.")
    ] = False,
) -> None:
    """Serve a strict local Telegram for any bot, until told to stop (docs/emulator.md)."""
    from bot.emulator import Emulator, FloodLimits, MovableClock
    from bot.emulator.emulator import serve_alone

    if not re.fullmatch(r"\d+:\S+", token):
        _fail("--token is digits, a colon and a secret, such as 1:x", 2)
    local = Emulator(
        token,
        None if clock is None else MovableClock(clock),
        seed,
        username=username,
        strict=not lenient,
        flood=FloodLimits() if flood else None,
        loopback_webhook=loopback_webhook,
        journal_file=journal,
        journal_keep=keep,
    )
    try:
        asyncio.run(serve_alone(local, port))
    except OSError as problem:
        _fail(f"127.0.0.1:{port} cannot be listened on: {problem.strerror}", 1)


def _tried(settings: Settings) -> tuple[list[TemplateMistake], list[str]]:
    """Show the practice's own templates to invented people; give mistakes, and what to look at."""
    from bot.demo.rehearsal import rehearse

    tried = asyncio.run(rehearse(settings))
    return list(tried.mistakes), [
        f"practice.templates {name} was not come to while trying: look at it when it is shown"
        for name in tried.not_shown
    ]


def _shown_otherwise(settings: Settings) -> list[str]:
    """Name what Telegram shows of the bot otherwise than `rapport telegram setup` would."""
    from bot.introducing import set_up

    found = _work(set_up(settings, dry=True))
    worries = [
        f"Telegram shows another {one.what}: `rapport telegram setup` sets it"
        for one in found.differences
    ]
    return worries + list(found.left)


def _set_at_run_time(settings: Settings) -> tuple[list[dict[str, str]], list[str]]:
    """Name what counts in the place of config.toml's values, and what does not fit beside that."""
    from bot.scheduling import standing
    from bot.store.database import Damaged, Unavailable
    from bot.store.vault import Altered, KeyProblem

    try:
        found = asyncio.run(standing(settings))
    except (Altered, Damaged, KeyProblem, Unavailable) as problem:
        return [], [f"what was set at run time cannot be looked at: {problem}"]
    if found is None:
        return [], [
            f"what was set at run time was not looked at: {settings.database.path} is of another"
            " version until the bot has been started with this one; nothing in it was changed"
        ]
    set_ = [
        {"key": one.name, "value": one.value, "config.toml": one.in_file, "whose": one.whose or ""}
        for one in found
    ]
    worries = [
        f"{one.name} = {one.value} was set at run time for {one.whose or 'the practice'}; beside"
        f" what config.toml says now {wrong}; or set it anew with `rapport schedule set`"
        for one in found
        for wrong in one.wrong
    ]
    return set_, list(dict.fromkeys(worries))


def _in_the_way(settings: Settings) -> Iterator[tuple[str, Exception, int]]:
    """Give what a start would end with, and changes nothing: the setting, what is wrong, the
    exit code."""
    from bot.core.instrument import BadInstrument
    from bot.opening import check_instruments
    from bot.store.database import Damaged, Unavailable
    from bot.store.migrate import TooNew
    from bot.store.presence import Foreign, NoPractice, demand_practice
    from bot.store.vault import KeyProblem, load_vault

    try:
        load_vault(settings.keys.master_key_file)
    except KeyProblem as problem:
        yield "keys.master_key_file", problem, 3
    try:
        check_instruments(settings)
    except BadInstrument as problem:
        yield "checkin.instrument", problem, 2
    try:
        demand_practice(settings.database.path)
    except (NoPractice, Foreign, TooNew, Damaged, Unavailable) as problem:
        yield "database.path", problem, 1


@cli.command()
def check(
    config: Config = _CONFIG,
    ask_telegram: Annotated[
        bool, typer.Option("--telegram", help="Ask Telegram, too, what it shows of the bot.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the configuration, the master key, the database, the questionnaires, own texts, and
    what was set at run time in the place of config.toml's values."""
    from bot.render import Renderer

    try:
        settings = load(config)
    except ConfigError as error:
        if as_json:
            mistakes = [
                {"key": m.key, "wrong": m.wrong, "remedy": m.remedy} for m in error.mistakes
            ]
            typer.echo(json.dumps({"ok": False, "mistakes": mistakes}))
            raise typer.Exit(2) from None
        settings = _settings(config)
    mistakes, code = [], 0
    for key, problem, ends_with in _in_the_way(settings):
        mistakes.append({"key": key, "wrong": str(problem), "remedy": ""})
        code = code or ends_with
    worries = [str(worry) for worry in warnings(settings, config)]
    own = Renderer(settings.practice.templates).own
    wrongs = own.mistakes() if own is not None else []
    if own is not None and own.names() and not wrongs and not mistakes:
        wrongs, untried = _tried(settings)
        worries += untried
    for wrong in wrongs:
        mistakes.append({"key": "practice.templates", "wrong": str(wrong), "remedy": wrong.remedy})
        code = code or 2
    standing: list[dict[str, str]] = []
    if not mistakes:
        standing, unfit = _set_at_run_time(settings)
        worries += unfit
    if ask_telegram and not mistakes:
        worries += _shown_otherwise(settings)
    if as_json:
        said = {"ok": not mistakes, "mistakes": mistakes, "warnings": worries}
        typer.echo(json.dumps({**said, "set": standing}))
    else:
        for one in standing:
            typer.echo(
                f"set at run time for {one['whose'] or 'the practice'}: {one['key']} ="
                f" {one['value']} (config.toml: {one['config.toml']})"
            )
        for worry in worries:
            typer.echo(f"warning: {worry}")
        for mistake in mistakes:
            typer.echo(f"wrong: {mistake['wrong']}", err=True)
        if not mistakes:
            typer.echo(f"{config}: all is well")
    raise typer.Exit(code)
