"""A stage whose bot lives in another process, where it is killed and started again."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.config import load
from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, Stage, write_config
from bot.emulator import Emulator
from tests.crash import bot_process
from tests.crash.failpoints import Arms, Way
from tests.crash.people import Somebody
from tests.crash.shared_clock import SharedClock
from tests.founding import founded
from tests.hook import free_port, variables

ROOT = Path(__file__).parents[2]
ZONE = "Europe/Berlin"
START = to_utc("2026-11-01", "10:20", ZONE)
#: More than the longest lock that another process holds.
_SETTLE_SECONDS = 150.0
_LOOK_SECONDS = 0.001
#: How long a second takes by the clock of the story.
_SECOND = 0.02


#: Servers of lives are forked from one process that has imported everything: three seconds each.
_warm = multiprocessing.get_context("forkserver")
_warm.set_forkserver_preload(["tests.crash.warm"])


class Lives:
    """The bot's lives, one after the other; see `bot_process.py`."""

    def __init__(
        self,
        asks: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        ended: Callable[[], Awaitable[object]],
    ) -> None:
        self._asks, self._answers, self._server_ended = asks, answers, ended
        self.process = 0
        self._end: asyncio.Task[int] | None = None

    @classmethod
    async def open(cls, folder: Path, *options: str, environment: dict[str, str]) -> Lives:
        words = [*(str(folder / name) for name in ("config.toml", "clock", "arms")), *options]
        log = folder / "bot.log"
        if "LD_PRELOAD" in environment:  # counts from a program's first moment on
            return await cls._whole(words, environment, log)
        here, there = socket.socketpair()
        with there:
            server = _warm.Process(
                target=bot_process.serve_apart, args=(there, words, environment, log), daemon=True
            )
            await asyncio.to_thread(server.start)
        answers, asks = await asyncio.open_connection(sock=here)
        return cls(asks, answers, lambda: asyncio.to_thread(server.join))

    @classmethod
    async def _whole(cls, words: list[str], environment: dict[str, str], log: Path) -> Lives:
        with log.open("ab") as stderr:
            server = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.crash.bot_process", *words),
                stdin=PIPE, stdout=PIPE, stderr=stderr, cwd=ROOT,
                env=os.environ | environment,
            )  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        return cls(server.stdin, server.stdout, server.wait)

    async def _ask(self, what: str) -> int:
        self._asks.write(f"{what}\n".encode())
        answer = await self._answers.readline()
        if not answer:
            raise RuntimeError("the server of lives is gone: see bot.log")
        return int(answer)

    async def start(self) -> None:
        """Begin a life; the one before must have ended."""
        self.process = await self._ask("start")
        self._end = asyncio.create_task(self._ask("reap"))

    async def ended(self) -> int:
        """Wait for the end of this life; gives its exit code."""
        assert self._end is not None
        return await asyncio.shield(self._end)

    async def end(self, how: signal.Signals) -> int:
        """End this life; gives its exit code."""
        self.send(how)
        return await self.ended()

    def send(self, how: signal.Signals) -> None:
        """Send a signal to this life, unless it is over."""
        if self._end is not None and not self._end.done():
            with suppress(ProcessLookupError):  # it died this very moment
                os.kill(self.process, how)

    async def close(self) -> None:
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)
        self._asks.close()
        await self._server_ended()
        if self._end is not None:
            await asyncio.wait([self._end])


class ColdLives(Lives):
    """Lives that are whole processes: `rapport run` from its first import to its end."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self.process = 0
        self._end = None

    async def start(self) -> None:
        clock, arms, config = (str(self._folder / n) for n in ("clock", "arms", "config.toml"))
        with (self._folder / "bot.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.crash.cold", clock, arms),
                *("run", "--config", config),
                stdout=log, stderr=log, cwd=ROOT, env=os.environ | self._environment,
            )  # fmt: skip
        self.process = process.pid
        self._end = asyncio.create_task(process.wait())

    async def close(self) -> None:
        self.send(signal.SIGKILL)
        if self._end is not None:
            await asyncio.wait([self._end])


async def second_process(stage: KilledStage) -> int:
    """Start the real command beside the living process; give the exit code it stands aside with."""
    with (stage.folder / "second.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run", "--config", str(stage.folder / "config.toml")),
            stdout=log, stderr=log, cwd=ROOT, env=os.environ | stage.receiving,
        )  # fmt: skip
    return await process.wait()


@dataclass
class KilledStage(Stage):
    """Waits for a bot that it cannot look into.

    receiving: the environment that says how it receives. cast: who is in the story, by name.
    """

    cast: dict[str, Somebody] = field(default_factory=dict)
    receiving: dict[str, str] = field(kw_only=True)
    lives: Lives = field(kw_only=True)
    shared: SharedClock = field(kw_only=True)
    arms: Arms = field(kw_only=True)

    @property
    def folder(self) -> Path:
        return self.settings.database.path.parent

    @property
    def way(self) -> Way:
        return "webhook" if self.receiving else "polling"

    async def settle(self) -> None:
        """Wait until the bot, whichever life of it, has nothing left to do."""
        async with asyncio.timeout(_SETTLE_SECONDS):
            while True:
                before = len(self.emulator.journal)
                await self.emulator.quiet(_SETTLE_SECONDS)
                asking = self.shared.ask()
                while self.shared.answered < asking:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(_LOOK_SECONDS)
                if self.emulator.pending == 0 and len(self.emulator.journal) == before:
                    return


async def _time_passes(emulator: Emulator, clock: SharedClock) -> None:
    """Let seconds go by while updates wait, as Telegram tries again only after some."""
    while True:
        await asyncio.sleep(_SECOND)
        if emulator.pending:
            clock.advance_to(clock.now() + 1000)


@asynccontextmanager
async def practice(
    folder: Path,
    *options: str,
    environment: dict[str, str] | None = None,
    cold: bool = False,
    way: Way = "polling",
) -> AsyncIterator[KilledStage]:
    """The bot in a process of its own, against a Telegram in this one; its first life begins.

    options: of `bot_process.py`. environment: added to that of the lives. cold: `ColdLives`.
    """
    clock = SharedClock.make(folder / "clock", START)
    arms = Arms(folder / "arms")
    receiving = variables(free_port()) if way == "webhook" else {}
    around = (environment or {}) | receiving
    emulator = Emulator(token=TOKEN, clock=clock, seed=1, loopback_webhook=True)
    async with emulator.serve(port=0):
        config = founded(write_config(folder, emulator.base_url), clock)
        if "DISK_SYNCED" in around:  # made before the disk of `disk.py` was there to see it synced
            database = config.with_name("rapport.sqlite3")
            shutil.copy(database, Path(around["DISK_SYNCED"]) / database.name)
        lives = (
            ColdLives(folder, around)
            if cold
            else await Lives.open(folder, *options, environment=around)
        )
        passing = asyncio.create_task(_time_passes(emulator, clock)) if receiving else None
        try:
            await lives.start()
            yield KilledStage(
                *(load(config), emulator, clock),
                receiving=receiving, lives=lives, shared=clock, arms=arms,
            )  # fmt: skip
        finally:
            if passing is not None:
                passing.cancel()
            await lives.close()
    arms.close()
    clock.close()
