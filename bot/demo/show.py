"""The demo as a show: one address, and one round after the other until it is stopped.

Each round has a Telegram, a practice and a folder of its own; the page stays and finds the new
round under the same port.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from starlette.routing import BaseRoute

from bot.config import Settings, load
from bot.demo.round import Plan, Round
from bot.demo.stage import TOKEN, Stage, StageClock, write_config
from bot.demo.telling import gather
from bot.demo.terminal import QUIET, START, OnTerminal
from bot.emulator import Emulator
from bot.emulator.face import act_route, asset, assets
from bot.logging import set_up

_PAGE: Final = Path(__file__).parent / "page"


async def show(
    port: int,
    plan: Plan,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    began: Callable[[Round], None] = lambda playing: None,
    log: Callable[[Settings], None] = lambda settings: None,
    aloud: Console | None = None,
) -> None:
    """Serve rounds on 127.0.0.1 until `stop` is set.

    port: 0 takes a free one. ready: called once, with the page's address. began: called with
    each round. log: sets up the log, as the program's settings have it. aloud: where the story
    is told as well. Errors: OSError when the port is taken.
    """
    first = True
    while not stop.is_set():
        clock = StageClock(START)
        emulator = Emulator(token=TOKEN, clock=clock)
        with tempfile.TemporaryDirectory(prefix="rapport-demo-") as folder:
            async with emulator.serve(port):
                port = emulator.port
                settings = load(write_config(Path(folder), emulator.base_url, extra=QUIET))
                log(settings)
                stage = Stage(settings, emulator, clock)
                await stage.open()
                voice = OnTerminal(stage, aloud) if aloud else None
                playing = Round(stage, gather(emulator), plan, voice)
                emulator.face.mount(*_routes(playing))
                emulator.face.tell("demo", playing.facts)
                if first:
                    ready(f"{emulator.url}/")
                    first = False
                try:
                    await playing.begin()
                    began(playing)
                    plan = await _next(playing, stop) or plan
                finally:
                    await playing.end()
                    await stage.close()


async def _next(playing: Round, stop: asyncio.Event) -> Plan | None:
    stopping: asyncio.Future[Any] = asyncio.create_task(stop.wait())
    chosen: asyncio.Future[Any] = playing.next
    await asyncio.wait([stopping, chosen], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    return playing.next.result() if playing.next.done() else None


def _routes(playing: Round) -> list[BaseRoute]:
    acts: dict[str, Callable[[dict[str, Any]], None]] = {
        "again": playing.start_over,
        "play": playing.play,
        "pause": playing.pause,
        "stop": playing.stop,
        "clock": playing.move,
    }
    return [
        asset("/", _PAGE / "index.html"),
        *assets(_PAGE, "/demo/"),
        *(act_route(f"/demo/{name}", act) for name, act in acts.items()),
    ]


async def perform(port: int, *, may_open: bool) -> None:
    """Show the demo until Ctrl-C or SIGTERM; say where, and open it where that makes sense."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    opening: list[asyncio.Task[bool]] = []
    opens = may_open and sys.stdout.isatty() and _has_display()

    def ready(url: str) -> None:
        sys.stdout.write(f"The demo is at {url} (stop it with Ctrl-C)\n")
        if opens:
            opening.append(asyncio.create_task(asyncio.to_thread(webbrowser.open, url)))
        else:
            sys.stdout.write("Its story is told there and here, in under two minutes:\n")
        sys.stdout.flush()

    # Where no browser opens, whoever started it sees the story begin all the same.
    plan = Plan() if opens else Plan(enrolled=False, told=True)
    await show(port, plan, stop, ready, log=set_up, aloud=Console(highlight=False))


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
