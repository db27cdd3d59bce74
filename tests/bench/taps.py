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
from pathlib import Path

from bot.app import SystemClock
from bot.demo.stage import TOKEN
from bot.emulator import Emulator, Person
from bot.emulator.phone import look_at
from tests.bench.practice import found, open_checkins, settings_in
from tests.bench.processes import cpu_seconds, running
from tests.bench.table import Figure

_PEOPLE = 50
_ROUNDS, _EACH_ROUND = 5, 4
_CHECKINS = 1 + _ROUNDS * _EACH_ROUND  # for each; the first is to warm up
_TAPS = 6  # five ratings of 8 and one skipped text
_BOT_CORE, _OTHER_CORE = 0, 1
_PATIENCE_SECONDS = 60.0


def measure() -> list[Figure]:
    """Measure with a new practice."""
    cores = os.sched_getaffinity(0)
    if not {_BOT_CORE, _OTHER_CORE} <= cores:
        raise SystemExit("this benchmark needs two cores")
    with tempfile.TemporaryDirectory() as name:
        try:
            return asyncio.run(_measure(Path(name)))
        finally:
            os.sched_setaffinity(0, cores)


async def _measure(folder: Path) -> list[Figure]:
    clock = SystemClock()
    telegram = Emulator(token=TOKEN, seed=1)
    async with telegram.serve():
        settings = settings_in(folder, telegram.base_url)
        couples = await found(settings, clock, therapists=1, each=_PEOPLE)
        people = [telegram.person("Client", id=couple.telegram_id) for couple in couples]
        for person in people:
            person.start()
        await open_checkins(settings, clock, couples, _CHECKINS)
        os.sched_setaffinity(0, {_OTHER_CORE})
        command = [sys.executable, "-m", "tests.bench.bot_process", str(folder / "config.toml")]
        with running(command, _BOT_CORE) as bot:
            await _all_are_asked(telegram)
            figures = await _tap(telegram, people, bot.pid)
    rows = sqlite3.connect(settings.database.path).execute("SELECT count(*) FROM answer")
    if (stored := rows.fetchone()[0]) != _PEOPLE * _CHECKINS * _TAPS:
        raise RuntimeError(f"{stored} answers are stored")
    return figures


async def _all_are_asked(telegram: Emulator) -> None:
    def all_there() -> bool:
        asked = _PEOPLE * (_CHECKINS + 1)  # and one answer each to /start
        return sum(len(chat.messages) for chat in telegram.world.chats.values()) >= asked + _PEOPLE

    if not await telegram.bell.wait_for(all_there, _PATIENCE_SECONDS):
        raise TimeoutError("not everybody was asked")
    await telegram.quiet()


async def _tap(telegram: Emulator, people: list[Person], bot: int) -> list[Figure]:
    prompts = {person: _prompts(telegram, person) for person in people}
    await asyncio.gather(*(_answer(telegram, p, prompts[p][:1]) for p in people))
    rounds = []
    for number in range(_ROUNDS):
        part = slice(1 + number * _EACH_ROUND, 1 + (number + 1) * _EACH_ROUND)
        rounds.append(await _round(telegram, {p: prompts[p][part] for p in people}, bot))
    ms, a_second, own, used = (statistics.median(column) for column in zip(*rounds, strict=True))
    spread = f"{min(r[0] for r in rounds):.2f} to {max(r[0] for r in rounds):.2f}"
    taps = f"{_ROUNDS} rounds of {_PEOPLE * _EACH_ROUND * _TAPS} taps"
    return [
        Figure("processor per tap", ms, "ms", 3.0, spread),
        Figure("taps", a_second, "/s", note=taps),
        Figure("the bot's core in use", 100 * used, "%", note=f"the emulator's: {own:.0%}"),
    ]


async def _round(
    telegram: Emulator, prompts: dict[Person, list[int]], bot: int
) -> tuple[float, float, float, float]:
    """Give ms of the bot's processor per tap, taps a second, and both cores' use from 0 to 1."""
    before, cpu, own = len(telegram.journal), cpu_seconds(bot), time.process_time()
    began = time.monotonic()
    await asyncio.gather(*(_answer(telegram, p, prompts[p]) for p in prompts))
    seconds = time.monotonic() - began
    cpu, own = cpu_seconds(bot) - cpu, time.process_time() - own
    calls = Counter(e.method for e in telegram.journal.read(before, kind="call") if e.done)
    taps = _PEOPLE * _EACH_ROUND * _TAPS
    # An answer may fall into the next round; a tap without its own edit would be cheaper.
    if calls["editMessageText"] != taps or abs(calls["answerCallbackQuery"] - taps) > _PEOPLE:
        raise RuntimeError(f"{taps} taps, but {calls}")
    return 1000 * cpu / taps, taps / seconds, own / seconds, cpu / seconds


def _prompts(telegram: Emulator, person: Person) -> list[int]:
    messages = telegram.world.chats[person.id].messages.values()
    seen = [look_at(telegram.world, message) for message in messages]
    return [s.message_id for s in seen if any(data.startswith("rate.") for data in s.tappable)]


async def _answer(telegram: Emulator, person: Person, prompts: list[int]) -> None:
    for message_id in prompts:
        message = telegram.world.chats[person.id].messages[message_id]
        for _ in range(_TAPS):
            seen, before = look_at(telegram.world, message), message.keyboard
            eights = [data for data in seen.tappable if data.startswith("rate.")][8:9]
            passes = [data for data in seen.tappable if data.startswith("pass.")]
            if not eights + passes:
                raise RuntimeError(f"nothing to answer: {seen}")
            tap = person.tap((eights or passes)[0], seen)
            await telegram.bell.wait_for(
                lambda tap=tap, before=before, message=message: (
                    tap.answered and message.keyboard is not before
                ),
                _PATIENCE_SECONDS,
            )
