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
from pathlib import Path
from typing import Annotated

import typer

from bot import __version__
from bot.cli.backup import backup, restore
from bot.cli.checking import check
from bot.cli.digest import digest
from bot.cli.ending import CONFIG as _CONFIG
from bot.cli.ending import AsJson, Config
from bot.cli.ending import fail as _fail
from bot.cli.ending import practice_of as _practice
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
from bot.config import Settings
from bot.store.concealed import conceal

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
cli.command()(check)

_ANY_BOT = "1:emulator"


def main() -> None:
    """Run the command line, concealed: most commands hold the master key, some for minutes."""
    conceal()
    cli()


@cli.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    typer.echo(json.dumps({"version": __version__}) if as_json else f"rapport {__version__}")


@cli.command()
def run(config: Config = _CONFIG) -> None:
    """Run the bot until it is told to stop (Ctrl-C or SIGTERM)."""
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
