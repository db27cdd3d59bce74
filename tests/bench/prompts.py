"""A thousand check-ins that are due at the same moment, on the wire as Telegram allows it.

The program as `rapport run` runs it, its pacing too, and a Telegram that refuses what goes too
fast: 30 messages a second over all chats, one a second in each. At 25 a second they take 40 s.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from bot.app import SystemClock
from bot.demo.stage import TOKEN
from bot.emulator import Emulator, FloodLimits
from tests.bench.practice import found, open_checkins, settings_in
from tests.bench.processes import cpu_seconds, running
from tests.bench.table import Figure
from tests.bench.taps import BOT_CORE, in_a_folder

_PEOPLE = 1_000
_PATIENCE_SECONDS = 120.0


def measure() -> list[Figure]:
    """Measure with a new practice."""
    return in_a_folder(_measure)


async def _measure(folder: Path) -> list[Figure]:
    telegram = Emulator(token=TOKEN, seed=1, flood=FloodLimits())
    async with telegram.serve():
        settings = settings_in(folder, telegram.base_url)
        couples = await found(settings, SystemClock(), therapists=1, each=_PEOPLE)
        for couple in couples:
            telegram.person("Client", id=couple.telegram_id).start()
        command = [sys.executable, "-m", "bot", "run", "--config", str(folder / "config.toml")]
        with running(command, BOT_CORE) as process:
            # Whoever just pressed Start is answered first; then it is quiet.
            if not await telegram.bell.wait_for(lambda: telegram.pending == 0, _PATIENCE_SECONDS):
                raise TimeoutError("the bot does not read")
            await telegram.quiet(_PATIENCE_SECONDS)
            before = len(telegram.journal)
            await open_checkins(settings, SystemClock(), couples, 1, alone=False)
            cpu, until = cpu_seconds(process.pid), time.monotonic() + _PATIENCE_SECONDS
            while len(sent := _sent(telegram, before)) < _PEOPLE:
                if time.monotonic() > until:
                    raise TimeoutError(f"only {len(sent)} prompts were sent")
                await asyncio.sleep(0.2)
            cpu = cpu_seconds(process.pid) - cpu
            await telegram.quiet(_PATIENCE_SECONDS)
    refused = [e for e in telegram.journal.read(before, kind="call") if e.status == 429]
    seconds = (sent[-1] - sent[0]) / 1000
    return [
        Figure("1,000 due prompts", seconds, "s", 45.0),
        Figure("refused for being too many", len(refused), "calls", 0.0),
        Figure("processor meanwhile", 100 * cpu / seconds, "%", 15.0,
               f"{1000 * cpu / _PEOPLE:.1f} ms a prompt"),
    ]  # fmt: skip


def _sent(telegram: Emulator, before: int) -> list[int]:
    """Give when messages have gone out, UTC milliseconds."""
    calls = telegram.journal.read(before, kind="call")
    return [call.at for call in calls if call.method == "sendMessage" and call.done]
