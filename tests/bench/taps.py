"""What a tap costs when fifty people tap as fast as they are answered.

The bot has one core, Telegram and the people the other. A tap is a callback query in, the whole
way through the handlers, one durable transaction with sealed values, answerCallbackQuery and
editMessageText out. Nobody taps again before the screen has changed.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.app import SystemClock
from bot.demo.stage import TOKEN
from bot.emulator import Emulator, Person
from bot.emulator.phone import look_at
from tests.bench.far import far_from
from tests.bench.peers.survey import AGAIN
from tests.bench.practice import found, open_checkins, settings_in
from tests.bench.processes import cpu_seconds, running
from tests.bench.table import Figure
from tests.hook import free_port, variables

PEOPLE = 50
#: Of Rapport: five ratings of 8 and one skipped text. Of others: five ratings and "again".
TAPS = 6
BOT_CORE = 0
_OTHER_CORE = 1
_ROUNDS, _EACH_ROUND = 5, 4
_PATIENCE_SECONDS = 120.0


@dataclass
class Tapped:
    """A bot under measure, its Telegram, its people, and what each of them answers next.

    ms: of the bot's processor per tap, a_second: taps, used: both cores from 0 to 1, by round;
    waits: ms from a tap to its screen.
    """

    name: str
    telegram: Emulator
    people: list[Person]
    pid: int
    screens: dict[Person, list[int]] = field(default_factory=dict)
    ms: list[float] = field(default_factory=list)
    a_second: list[float] = field(default_factory=list)
    used: list[tuple[float, float]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def forget(self) -> None:
        """Let what was measured so far not count."""
        self.ms, self.a_second, self.used, self.waits = [], [], [], []

    async def until_all_are_asked(self, times: int) -> None:
        """Wait until everybody has so many messages with something to rate; note them."""

        def is_so() -> bool:
            return all(len(_asked(self.telegram, person)) >= times for person in self.people)

        if not await self.telegram.bell.wait_for(is_so, _PATIENCE_SECONDS):
            raise TimeoutError(f"{self.name}: not everybody was asked")
        await self.telegram.quiet()
        self.screens = {person: _asked(self.telegram, person) for person in self.people}

    async def play_round(self, surveys: int, thinks: Callable[[], float] = lambda: 0.0) -> None:
        """Let everybody answer so many surveys, and note what it cost.

        thinks: seconds from a screen to the tap on it, asked for each tap.
        """
        before, cpu, own = len(self.telegram.journal), cpu_seconds(self.pid), time.process_time()
        began = time.monotonic()
        await asyncio.gather(*(self._answer(person, surveys, thinks) for person in self.people))
        seconds = time.monotonic() - began
        cpu, own = cpu_seconds(self.pid) - cpu, time.process_time() - own
        entries = self.telegram.journal.read(before, kind="call")
        calls = Counter(entry.method for entry in entries if entry.done)
        taps = len(self.people) * surveys * TAPS
        # An answer may fall into the next round; a tap without its own edit would be cheaper.
        edits, answers = calls["editMessageText"], calls["answerCallbackQuery"]
        if edits != taps or abs(answers - taps) > len(self.people):
            raise RuntimeError(f"{self.name}: {taps} taps, but {calls}")
        self.ms.append(1000 * cpu / taps)
        self.a_second.append(taps / seconds)
        self.used.append((cpu / seconds, own / seconds))
        await self.telegram.quiet()

    async def _answer(self, person: Person, surveys: int, thinks: Callable[[], float]) -> None:
        for _ in range(surveys):
            place = self.screens[person].pop(0)
            message = self.telegram.world.chats[person.id].messages[place]
            for _ in range(TAPS):
                await asyncio.sleep(thinks())
                seen, before = look_at(self.telegram.world, message), message.keyboard
                began = time.monotonic()
                tap = person.tap(_choice(seen.tappable), seen)
                is_there = await self.telegram.bell.wait_for(
                    lambda tap=tap, before=before, message=message: (  # type: ignore[misc]
                        tap.answered and message.keyboard is not before
                    ),
                    _PATIENCE_SECONDS,
                )
                if not is_there:
                    raise TimeoutError(f"{self.name}: nothing comes of a tap")
                self.waits.append(1000 * (time.monotonic() - began))


def _asked(telegram: Emulator, person: Person) -> list[int]:
    messages = telegram.world.chats[person.id].messages.values()
    seen = [look_at(telegram.world, message) for message in messages]
    return [s.message_id for s in seen if any(data.startswith("rate.") for data in s.tappable)]


def _choice(buttons: list[str]) -> str:
    eights = [data for data in buttons if data.startswith("rate.")][8:9]
    others = [data for data in buttons if data.startswith("pass.") or data == AGAIN]
    if not eights + others:
        raise RuntimeError(f"nothing to answer: {buttons}")
    return (eights or others)[0]


@asynccontextmanager
async def from_afar(telegram: Emulator, seconds: float) -> AsyncIterator[str]:
    """Give the address of a Telegram that is so far away, there and back."""
    if not seconds:
        yield telegram.base_url
        return
    near = urlsplit(telegram.base_url)
    assert near.port is not None
    async with far_from(near.port, seconds) as port:
        yield near._replace(netloc=f"127.0.0.1:{port}").geturl()


@asynccontextmanager
async def hook(far_seconds: float) -> AsyncIterator[dict[str, str]]:
    """Give the variables of a bot that receives by webhook, so far away."""
    listens_at = free_port()
    async with far_from(listens_at, far_seconds) as port:
        yield {**variables(port), "RAPPORT_WEBHOOK__LISTEN": f"127.0.0.1:{listens_at}"}


@contextmanager
def on_the_other_core() -> Iterator[None]:
    """Leave the bot's core to the bot while the block lasts."""
    cores = os.sched_getaffinity(0)
    if not {BOT_CORE, _OTHER_CORE} <= cores:
        raise SystemExit("this benchmark needs two cores")
    os.sched_setaffinity(0, {_OTHER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@asynccontextmanager
async def rapport(
    folder: Path,
    checkins: int,
    count: int = PEOPLE,
    *,
    far_seconds: float = 0.0,
    by_webhook: bool = False,
) -> AsyncIterator[Tapped]:
    """Run Rapport for `count` people with open check-ins each; all that is answered is stored.

    far_seconds: how far away Telegram is, there and back.
    """
    clock, telegram = SystemClock(), Emulator(token=TOKEN, seed=1, loopback_webhook=True)
    async with telegram.serve(), AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(from_afar(telegram, far_seconds))
        more = await stack.enter_async_context(hook(far_seconds)) if by_webhook else {}
        settings = settings_in(folder, base_url)
        couples = await found(settings, clock, therapists=1, each=count)
        people = [telegram.person("Client", id=couple.telegram_id) for couple in couples]
        for person in people:
            person.start()
        await open_checkins(settings, clock, couples, checkins)
        command = [sys.executable, "-m", "tests.bench.bot_process", str(folder / "config.toml")]
        with running(command, BOT_CORE, more) as process:
            bot = Tapped("Rapport", telegram, people, process.pid)
            await bot.until_all_are_asked(checkins)
            yield bot
    rows = sqlite3.connect(settings.database.path).execute("SELECT count(*) FROM answer")
    left = sum(map(len, bot.screens.values()))
    if (stored := rows.fetchone()[0]) != (count * checkins - left) * TAPS:
        raise RuntimeError(f"{stored} answers are stored")


def in_a_folder(measured: Callable[[Path], Coroutine[Any, Any, list[Figure]]]) -> list[Figure]:
    """Measure in a folder that is gone afterwards, on the core that the bot does not use."""
    with tempfile.TemporaryDirectory() as name, on_the_other_core():
        return asyncio.run(measured(Path(name)))


def measure() -> list[Figure]:
    """Measure with a new practice."""
    return in_a_folder(_measure)


async def _measure(folder: Path) -> list[Figure]:
    async with rapport(folder, 1 + _ROUNDS * _EACH_ROUND) as bot:
        await bot.play_round(1)
        bot.forget()  # it was to warm up
        for _ in range(_ROUNDS):
            await bot.play_round(_EACH_ROUND)
    taps = f"{_ROUNDS} rounds of {PEOPLE * _EACH_ROUND * TAPS} taps"
    used, own = (statistics.median(column) for column in zip(*bot.used, strict=True))
    return [
        Figure("processor per tap", statistics.median(bot.ms), "ms", 2.2,
               f"{min(bot.ms):.2f} to {max(bot.ms):.2f}"),
        Figure("taps", statistics.median(bot.a_second), "/s", note=taps),
        Figure("the bot's core in use", 100 * used, "%", note=f"the emulator's: {own:.0%}"),
    ]  # fmt: skip
