"""What people who answer feel while somebody else writes without end.

Others tap as people do, each in a rhythm, in rounds with and without a flood, one after the other
in one run, because a machine is faster at one time than at another. The bot paces its messages as
always. A tap's time ends when its screen has changed.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bot.app import SystemClock
from bot.demo.stage import TOKEN
from bot.emulator import Emulator, Person
from bot.emulator.phone import look_at
from tests.bench.practice import found, open_checkins, settings_in
from tests.bench.processes import running
from tests.bench.table import Figure

_OTHERS = 20
_CHECKINS = 4
_TAPS_EACH = 2  # in a round; of a check-in's six, so that no round tells the same check-in's end
_ROUNDS = 10
_ROUND_SECONDS = 2.6
_PATIENCE_SECONDS = 60.0
_DRAIN_SECONDS = 60.0
_DOSE = 10_000


@dataclass(frozen=True)
class Felt:
    """Median milliseconds of a tap in each pair of rounds: without the flood, and with it."""

    calm: list[float]
    flooded: list[float]

    @property
    def slower(self) -> float:
        """How many times longer a tap takes with the flood: the median over the pairs."""
        pairs = zip(self.flooded, self.calm, strict=True)
        return statistics.median(flooded / calm for flooded, calm in pairs)


def measure() -> list[Figure]:
    """Measure with a whole flood, by polling."""
    with tempfile.TemporaryDirectory() as name:
        felt = asyncio.run(feel(Path(name), _DOSE))
    spread = f"{statistics.median(felt.calm):.1f} to {statistics.median(felt.flooded):.1f} ms"
    return [Figure("a tap beside a flood", felt.slower, "times", 1.2, spread)]


async def feel(folder: Path, messages: int) -> Felt:
    """Run the bot, let the others tap, and let one send so many messages in half of the rounds."""
    clock = SystemClock()
    telegram = Emulator(token=TOKEN, seed=1, loopback_webhook=True, journal_keep=1000)
    async with telegram.serve():
        settings = settings_in(folder, telegram.base_url)
        couples = await found(settings, clock, therapists=1, each=_OTHERS + 1)
        people = [telegram.person("Client", id=couple.telegram_id) for couple in couples]
        for person in people:
            person.start()
        await open_checkins(settings, clock, couples[1:], _CHECKINS)
        command = [sys.executable, "-m", "bot", "run", "--config", str(folder / "config.toml")]
        with running(command):
            await _all_are_asked(telegram, people[1:])
            flooder, others = people[0], [_Other(telegram, person) for person in people[1:]]
            await _round(others, flooder, 0)  # to warm up
            calm, flooded = [], []
            for number in range(_ROUNDS):
                # Which comes first changes, so that what becomes slower by itself counts for none.
                with_flood = number % 4 in (1, 2)
                took = await _round(others, flooder, 2 * messages // _ROUNDS * with_flood)
                (flooded if with_flood else calm).append(took)
                if not await telegram.bell.wait_for(lambda: telegram.pending == 0, _DRAIN_SECONDS):
                    raise TimeoutError("the flood does not end")
    return Felt(calm, flooded)


async def _all_are_asked(telegram: Emulator, people: list[Person]) -> None:
    def all_there() -> bool:
        chats = [telegram.world.chats[person.id] for person in people]
        return all(len(chat.messages) >= _CHECKINS + 2 for chat in chats)  # and /start's two

    if not await telegram.bell.wait_for(all_there, _PATIENCE_SECONDS):
        raise TimeoutError("not everybody was asked")
    await asyncio.sleep(5)  # everybody has a whole burst again


async def _round(others: list[_Other], flooder: Person, messages: int) -> float:
    """Give the median milliseconds of a round's taps."""
    flood = asyncio.create_task(_flood(flooder, messages))
    taps = [asyncio.create_task(one.taps(place)) for place, one in enumerate(others)]
    took = [ms for each in await asyncio.gather(*taps) for ms in each]
    await flood
    return statistics.median(took)


async def _flood(person: Person, messages: int) -> None:
    began = time.monotonic()
    for number in range(messages):
        person.send(f"and another thing, number {number}")
        ahead = began + (number + 1) / messages * _ROUND_SECONDS - time.monotonic()
        if ahead > 0.005:
            await asyncio.sleep(ahead)


class _Other:
    """Somebody who answers check-ins, one after the other."""

    def __init__(self, telegram: Emulator, person: Person) -> None:
        self._telegram = telegram
        self._person = person
        self._messages = telegram.world.chats[person.id].messages

    async def taps(self, place: int) -> list[float]:
        """Tap twice at moments of the own; give the milliseconds each tap took."""
        took = []
        gap = _ROUND_SECONDS / _TAPS_EACH
        await asyncio.sleep(gap * place / _OTHERS)
        for _ in range(_TAPS_EACH):
            ms = await self._tap()
            took.append(ms)
            await asyncio.sleep(max(0.0, gap - ms / 1000))
        return took

    async def _tap(self) -> float:
        for message in self._messages.values():
            seen, before = look_at(self._telegram.world, message), message.keyboard
            eights = [data for data in seen.tappable if data.startswith("rate.")][8:9]
            passes = [data for data in seen.tappable if data.startswith("pass.")]
            if not seen.from_bot or not eights + passes:
                continue
            began = time.perf_counter()
            self._person.tap((eights or passes)[0], seen)
            changed = await self._telegram.bell.wait_for(
                lambda before=before, message=message: message.keyboard is not before,
                _PATIENCE_SECONDS,
            )
            if not changed:
                raise TimeoutError("a tap changed nothing")
            return 1000 * (time.perf_counter() - began)
        raise RuntimeError("nothing left to answer")
