"""A stage whose bot lives in another process, where it can be killed at any moment."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from crash.moments import Moments
from crash.shared_clock import SharedClock

from bot.demo.stage import Stage

_SETTLE_SECONDS = 15.0
_STORY_SECONDS = 60.0
_LOOK_SECONDS = 0.001
_AIMED = 12
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

    Hours are named by their numbers, and each is drawn at most once. From each of `sure_hours`
    drawn, a kill is aimed: twice at a message on its way, then once at an update in hand. From
    each of the other `busy_hours` drawn, it comes when this and that has happened. After some,
    the next life is killed as well, while it starts. What a kill really struck stands in
    `moments`.
    """

    def __init__(
        self,
        stage: KilledStage,
        chance: random.Random,
        sure_hours: set[int],
        busy_hours: set[int],
        times: int,
    ) -> None:
        self._stage = stage
        self._chance = chance
        aimed = chance.sample(sorted(sure_hours), _AIMED)
        others = chance.sample(sorted(busy_hours - set(aimed)), times - _AIMED - _KILLED_AGAIN)
        self._aims = dict.fromkeys(others, self._sometime)
        self._aims |= dict.fromkeys(aimed, self._while_sending)
        self._aims |= dict.fromkeys(aimed[2::3], self._with_an_update_in_hand)
        self._again = set(chance.sample(sorted(self._aims), _KILLED_AGAIN))
        self._begun: asyncio.Queue[int] = asyncio.Queue()
        self._over = False
        self.moments = Moments(stage.emulator, stage.settings.database.path)

    def begins(self, hour: int) -> None:
        """Tell that an hour begins: what is due in it will be sent now."""
        if hour in self._aims:
            self._begun.put_nowait(hour)

    def ends(self) -> None:
        """Tell that nothing more will happen: kills still owed come now."""
        self._over = True
        self._stage.emulator.bell.ring()

    async def run(self) -> None:
        for _ in self._aims:
            hour = await self._begun.get()
            await self._until(lambda: self.moments.is_receiving)
            await self._aims[hour]()
            await self._kill()
            if hour in self._again:
                await asyncio.sleep(self._chance.uniform(0, 0.1))
                await self._kill()

    async def _kill(self) -> None:
        self.moments.before_kill()
        assert await self._stage.bot.end(signal.SIGKILL) == -signal.SIGKILL
        self.moments.after_kill()
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        self.moments.life_begins()
        await self._stage.bot.start()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        bell = self._stage.emulator.bell
        assert await bell.wait_for(lambda: self._over or is_so(), _STORY_SECONDS)

    async def _while_sending(self) -> None:
        """Wait until a message has arrived that the bot may still be sending."""
        before = self.moments.messages
        await self._until(lambda: self.moments.messages > before)
        await asyncio.sleep(self._chance.uniform(0, 0.06))

    async def _with_an_update_in_hand(self) -> None:
        """Wait until one of the next taps has been handed out, and a moment more."""
        for _ in range(self._chance.randint(1, 2)):
            await self._until(lambda: not self.moments.has_update)
            await self._until(lambda: self.moments.has_update)
        await asyncio.sleep(self._chance.uniform(0, 0.005))

    async def _sometime(self) -> None:
        """Wait until this and that has happened, amid the taps and what they cause."""
        journal = self._stage.emulator.journal
        target = len(journal) + self._chance.randint(1, 15)
        await self._until(lambda: len(journal) >= target)
        await asyncio.sleep(self._chance.uniform(0, 0.01))
