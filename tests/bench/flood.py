"""What people who answer feel while somebody else writes without end.

Others tap as people do, each in a rhythm, in rounds with and without a flood, one after the other
in one run, because a machine is faster at one time than at another. The bot paces its messages as
always. A tap's time ends when its screen has changed. One who floods by webhook is brought in
slowly; what Telegram has not brought when a round is over, it is made to forget, so that the next
round is calm.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.app import SystemClock
from bot.demo.stage import TOKEN
from bot.emulator import Emulator, Person
from bot.emulator.phone import look_at
from tests.bench.practice import found, open_checkins, settings_in
from tests.bench.processes import running
from tests.bench.table import Figure
from tests.hook import free_port, variables

#: Nobody may wait longer than so many times as long because somebody else floods.
LIMIT = 1.2
#: What it is judged by at least, and at most: on a busy machine one pair of rounds tells nothing.
PAIRS, MOST_PAIRS = 5, 14
#: By chance so many pairs lie above what holds for half of them in 3 of 100 runs.
_TOO_MANY = 11
DOSE = 10_000

_OTHERS = 20
_CHECKINS = 5  # of six taps; one tap each in a round
_ROUND_SECONDS = 1.3
_PATIENCE_SECONDS = 60.0
_TEXTS = ("and another thing, number {}", "hm {}")


@dataclass
class Felt:
    """Median milliseconds of a tap in each pair of rounds: without the flood, and with it.

    sent, taken: messages of the flood, and those of them that the bot took in.
    """

    calm: list[float] = field(default_factory=list)
    flooded: list[float] = field(default_factory=list)
    sent: int = 0
    taken: int = 0

    @property
    def slower(self) -> float:
        """How many times longer a tap takes with the flood: the median over the pairs."""
        pairs = zip(self.flooded, self.calm, strict=True)
        return statistics.median(flooded / calm for flooded, calm in pairs)

    @property
    def is_told(self) -> bool:
        """Whether there are pairs enough to say that it is within the limit."""
        return len(self.flooded) >= PAIRS and self.slower <= LIMIT

    def is_over(self, limit: float = LIMIT) -> bool:
        """Say whether so many pairs are beyond the limit that it is not by chance."""
        pairs = zip(self.flooded, self.calm, strict=True)
        return sum(flooded > limit * calm for flooded, calm in pairs) >= _TOO_MANY

    def __str__(self) -> str:
        calm, flooded = statistics.median(self.calm), statistics.median(self.flooded)
        return f"{self.slower:.2f}: {calm:.1f} to {flooded:.1f} ms in {len(self.calm)} pairs"


def measure() -> list[Figure]:
    """Measure with a whole flood, in both ways of receiving."""
    return [_measured("polling", {}), _measured("webhook", variables(free_port()))]


def _measured(way: str, environment: dict[str, str]) -> Figure:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        felt = asyncio.run(feel(Path(name), DOSE // MOST_PAIRS, until=lambda _: False))
    return Figure(f"a tap beside a flood, by {way}", felt.slower, "times", LIMIT, str(felt))


async def feel(
    folder: Path, each: int, until: Callable[[Felt], bool] = lambda felt: felt.is_told
) -> Felt:
    """Run the bot, let the others tap, and let one send `each` messages in every second round.

    until: whether that is enough; in the end it is anyway.
    """
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
            felt = Felt()
            for number in range(MOST_PAIRS):
                # Which comes first changes, so that what becomes slower by itself counts for none.
                for floods in (True, False) if number % 2 else (False, True):
                    took = await _round(others, flooder, each if floods else 0)
                    (felt.flooded if floods else felt.calm).append(took)
                    await _end_of_flood(telegram, flooder, felt, each if floods else 0)
                if until(felt):
                    break
    return felt


async def _end_of_flood(telegram: Emulator, flooder: Person, felt: Felt, sent: int) -> None:
    queue, left = telegram.world.queue, 0
    if telegram.calls.webhook.target is not None:
        for lane in [lane for lane in queue.lanes() if lane.chat == flooder.id]:
            while (waiting := queue.first_of(lane)) is not None:
                queue.forget(waiting)
                left += 1
    if not await telegram.bell.wait_for(lambda: telegram.pending == 0, _PATIENCE_SECONDS):
        raise TimeoutError("the flood does not end")
    felt.sent += sent
    felt.taken += sent - left


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
    taps = [asyncio.create_task(one.tap_at(place)) for place, one in enumerate(others)]
    took = await asyncio.gather(*taps)
    await flood
    return statistics.median(took)


async def _flood(person: Person, messages: int) -> None:
    """Send long messages and short ones in turn, evenly over a round."""
    began = time.monotonic()
    for number in range(messages):
        person.send(_TEXTS[number % len(_TEXTS)].format(number))
        ahead = began + (number + 1) / messages * _ROUND_SECONDS - time.monotonic()
        if ahead > 0.005:
            await asyncio.sleep(ahead)


class _Other:
    """Somebody who answers check-ins, one after the other."""

    def __init__(self, telegram: Emulator, person: Person) -> None:
        self._telegram = telegram
        self._person = person
        self._messages = telegram.world.chats[person.id].messages

    async def tap_at(self, place: int) -> float:
        """Tap once in a round, at a moment of the own; give the milliseconds it took."""
        await asyncio.sleep(_ROUND_SECONDS * place / _OTHERS)
        ms = await self._tap()
        # A chat is written to once a second: nobody taps faster than that.
        await asyncio.sleep(max(0.0, _ROUND_SECONDS * (1 - place / _OTHERS) - ms / 1000))
        return ms

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
