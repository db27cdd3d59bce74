"""A stage whose bot lives in another process, where it can be killed at any moment."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from pathlib import Path

from crash.shared_clock import SharedClock

from bot.config import Settings
from bot.demo.stage import Stage
from bot.emulator import Emulator

_SETTLE_SECONDS = 15.0
_LOOK_SECONDS = 0.001


class BotProcess:
    """The bot's lives, one after the other; see `bot_process.py`."""

    def __init__(self, server: Process) -> None:
        self._server = server
        self._life = 0

    @classmethod
    async def open(cls, config: Path, clock: Path, log: Path) -> BotProcess:
        program = str(Path(__file__).with_name("bot_process.py"))
        with log.open("ab") as stderr:
            server = await asyncio.create_subprocess_exec(
                sys.executable, program, str(config), str(clock),
                stdin=PIPE, stdout=PIPE, stderr=stderr,
            )  # fmt: skip
        return cls(server)

    async def _ask(self, what: str) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{what}\n".encode())
        return int(await self._server.stdout.readline())

    async def start(self) -> None:
        self._life = await self._ask("start")

    async def end(self, how: signal.Signals) -> int:
        """End this life; gives its exit code."""
        os.kill(self._life, how)
        return await self._ask("reap")

    async def close(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        await self._server.wait()


@dataclass
class KilledStage(Stage):
    """Waits for a bot that it cannot look into; `due` is set when something will be sent now."""

    bot: BotProcess = field(kw_only=True)
    shared: SharedClock = field(kw_only=True)
    due: asyncio.Event = field(default_factory=asyncio.Event, kw_only=True)

    async def settle(self) -> None:
        """Wait until the bot, whichever life of it, has nothing left to do."""
        async with asyncio.timeout(_SETTLE_SECONDS):
            while True:
                before = len(self.emulator.journal)
                await self.emulator.quiet(_SETTLE_SECONDS)
                asking = self.shared.ask()
                while self.shared.answered < asking:
                    await asyncio.sleep(_LOOK_SECONDS)
                if self.emulator.pending == 0 and len(self.emulator.journal) == before:
                    return


class Killer:
    """Kills the bot with SIGKILL at moments drawn from a seed, and starts it again."""

    def __init__(self, stage: KilledStage, chance: random.Random, times: int) -> None:
        self._stage = stage
        self._chance = chance
        self._times = times
        self.done = 0

    async def run(self) -> None:
        while self.done < self._times:
            await self._moment()
            assert await self._stage.bot.end(signal.SIGKILL) == -signal.SIGKILL
            self.done += 1
            await asyncio.sleep(self._chance.uniform(0, 0.05))
            await self._stage.bot.start()

    async def _moment(self) -> None:
        """Wait for the next moment: amid taps, when messages are due, or while it starts."""
        draw = self._chance.random()
        if draw < 0.5:
            journal = self._stage.emulator.journal
            target = len(journal) + self._chance.randint(1, 40)
            await self._stage.emulator.bell.wait_for(lambda: len(journal) >= target, 60)
            await asyncio.sleep(self._chance.uniform(0, 0.01))
        elif draw < 0.85:
            self._stage.due.clear()
            await self._stage.due.wait()
            await asyncio.sleep(self._chance.uniform(0, 0.07))
        else:
            await asyncio.sleep(self._chance.uniform(0, 0.2))


async def killed_stage(
    folder: Path, settings: Settings, emulator: Emulator, clock: SharedClock, clock_file: Path
) -> KilledStage:
    """Start the bot's first life on a stage."""
    bot = await BotProcess.open(folder / "config.toml", clock_file, folder / "bot.log")
    await bot.start()
    return KilledStage(settings, emulator, clock, bot=bot, shared=clock)  # type: ignore[arg-type]
