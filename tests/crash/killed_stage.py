"""A stage whose bot lives in another process, where it can be killed at any moment."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from crash.shared_clock import SharedClock

from bot.demo.stage import Stage

_SETTLE_SECONDS = 15.0
_LOOK_SECONDS = 0.001
_KILLED_AGAIN = 3


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
    """Waits for a bot that it cannot look into."""

    bot: BotProcess = field(kw_only=True)
    shared: SharedClock = field(kw_only=True)

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


class Killer:
    """Kills the bot with SIGKILL at moments drawn from a seed, and starts it again.

    busy_hours: numbers of the hours in which something happens; each is drawn at most once, and
    in some the next life is killed as well, while it starts.
    """

    def __init__(
        self, stage: KilledStage, chance: random.Random, busy_hours: list[int], times: int
    ) -> None:
        self._stage = stage
        self._chance = chance
        drawn = chance.sample(busy_hours, times - _KILLED_AGAIN)
        self._kills_in = Counter(drawn + chance.sample(drawn, _KILLED_AGAIN))
        self._begun: asyncio.Queue[int] = asyncio.Queue()
        self._times = times
        self.done = 0

    def begins(self, hour: int) -> None:
        """Tell that an hour begins: what is due in it will be sent now."""
        if hour in self._kills_in:
            self._begun.put_nowait(hour)

    async def run(self) -> None:
        while self.done < self._times:
            hour = await self._begun.get()
            await self._moment()
            for again in range(self._kills_in[hour]):
                if again:
                    await asyncio.sleep(self._chance.uniform(0, 0.2))
                assert await self._stage.bot.end(signal.SIGKILL) == -signal.SIGKILL
                self.done += 1
                await asyncio.sleep(self._chance.uniform(0, 0.05))
                await self._stage.bot.start()

    async def _moment(self) -> None:
        """Wait a little: while messages are being sent, or amid the taps that follow."""
        if self._chance.random() < 0.6:
            await asyncio.sleep(self._chance.uniform(0, 0.12))
            return
        journal = self._stage.emulator.journal
        target = len(journal) + self._chance.randint(1, 40)
        await self._stage.emulator.bell.wait_for(lambda: len(journal) >= target, 1.0)
        await asyncio.sleep(self._chance.uniform(0, 0.01))
