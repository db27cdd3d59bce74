"""A program that starts the real bot again and again.

It imports everything once and forks for each life, so that a start takes a moment and not a
second. On its line, `start` begins a life and answers with its process id; `reap` waits for its
end and answers with the exit code (minus the signal's number when a signal ended it). Its line is
standard input and output; who is forked from a process that is `warm` is given another one.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TextIO

import bot.app
import bot.room
from bot.config import load
from bot.logging import set_up
from bot.render import Renderer
from bot.store import connections
from bot.store.database import Unavailable
from bot.transport import receiver, request
from tests.crash import failpoints
from tests.crash.mutations import BY_WEBHOOK, MUTATIONS, UNSYNCED
from tests.crash.shared_clock import SharedClock

#: Between two looks at what is due; the program itself looks every second.
_TICK_SECONDS = 0.003
#: Of a process that is stopped for a while: what it waits for must have run out meanwhile.
_SHORT_POLL_SECONDS, _SHORT_READ_SECONDS = 1, 0.5
_SHORT_BUSY_SECONDS = 0.1


async def live(config: Path, clock_file: Path) -> None:
    """Run the bot until SIGTERM, ticking without a pause."""
    settings = load(config)
    set_up(settings)
    clock = SharedClock(clock_file)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    try:
        app = await bot.app.build(settings, clock)
    except Unavailable:
        sys.exit(1)  # as the command does, and is started again
    try:
        try:
            await app.start(ticking=False)
        except Unavailable:
            sys.exit(1)
        while not stop.is_set():
            asking = clock.asked
            # Whoever moves the clock asks as well: until then nothing falls due.
            if asking > clock.answered:
                worked = await ticked(app.ticks.run_once)
                if not worked and app.lanes.idle and app.receiver.ready.is_set():
                    clock.answer(asking)
            await asyncio.sleep(_TICK_SECONDS)
    finally:
        await app.stop()


async def ticked(run_once: Callable[[], Any]) -> bool:
    """Tick; while the database is away there is work left, as the program's own ticks see it."""
    try:
        return bool(await run_once())
    except Unavailable:
        return True


def prepare(asked: argparse.Namespace) -> None:
    """In a new life, before its loop: wrap the points, break what a mutation breaks."""
    if asked.mutation:
        {**MUTATIONS, **BY_WEBHOOK, "unsynced": UNSYNCED}[asked.mutation].apply()
    failpoints.install(failpoints.Arms(asked.arms), asked.way)
    if asked.short_waits:
        request._READ_SECONDS = _SHORT_READ_SECONDS  # type: ignore[misc]
        receiver._GRACE_SECONDS = _SHORT_READ_SECONDS  # type: ignore[misc]
        connections._BUSY_SECONDS = _SHORT_BUSY_SECONDS  # type: ignore[misc]
        made = receiver.Receiver.__init__.__kwdefaults__
        made["long_poll_seconds"] = _SHORT_POLL_SECONDS


def begin(asked: argparse.Namespace) -> int:
    """Fork a life; give its process id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        prepare(asked)
        asyncio.run(live(asked.config, asked.clock))
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


@cache
def warm() -> Renderer:
    """Make what all lives have in common: modules, and the templates compiled."""
    importlib.import_module("bot.transport.webhook")
    renderer = Renderer()
    renderer.compile_all()
    return renderer


def serve(words: Sequence[str], asks: TextIO, answers: TextIO) -> None:
    """Begin and reap lives until nobody asks any more. words: of the command line."""
    parser = argparse.ArgumentParser()
    for name in ("config", "clock", "arms"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--mutation")
    parser.add_argument("--short-waits", action="store_true")
    asked = parser.parse_args(words)
    asked.way = load(asked.config).telegram.receive
    renderer = warm()
    bot.room.Renderer = lambda _own=None: renderer  # type: ignore[assignment, misc]
    gc.freeze()
    process = 0
    for line in asks:
        if line.strip() == "start":
            process = answer = begin(asked)
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            process = 0
        answers.write(f"{answer}\n")
        answers.flush()
    if process:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def serve_apart(
    line: socket.socket, words: Sequence[str], environment: dict[str, str], log: Path
) -> None:
    """Serve in a process that was forked from a warm one."""
    os.environ.update(environment)
    with log.open("ab") as stderr:
        os.dup2(stderr.fileno(), 2)
    with line.makefile("r") as asks, line.makefile("w") as answers:
        serve(words, asks, answers)


if __name__ == "__main__":
    serve(sys.argv[1:], sys.stdin, sys.stdout)
