"""From the start of `rapport run` to its first getUpdates, and what it occupies when idle."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.practice import settings_in
from tests.bench.processes import cpu_seconds, emulator, resident_mib, running
from tests.bench.table import Figure
from tests.founding import founded

#: One more than are counted: the first may have to compile what was edited since.
_STARTS = 6
#: An installed program lies there compiled, whatever its bench is told to leave on the disk.
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
_IDLE_SECONDS = 5.0
_LOOK_SECONDS = 0.003


def measure() -> list[Figure]:
    """Start the whole program five times; look at the last one after five idle seconds."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_measure(Path(name)))


async def _measure(folder: Path) -> list[Figure]:
    seconds = []
    async with emulator() as (base_url, telegram, _):
        settings_in(folder, base_url)
        founded(folder / "config.toml")
        command = [sys.executable, "-m", "bot", "run", "--config", str(folder / "config.toml")]
        for _ in range(_STARTS):
            while (await telegram.ask("state"))["polling"]:  # the poll of the life before
                await asyncio.sleep(_LOOK_SECONDS)
            began = time.monotonic()
            with running(command, more=_COMPILED) as bot:
                while not (await telegram.ask("state"))["polling"]:
                    await asyncio.sleep(_LOOK_SECONDS)
                seconds.append(time.monotonic() - began)
                if len(seconds) == _STARTS:
                    busy = cpu_seconds(bot.pid)
                    await asyncio.sleep(_IDLE_SECONDS)
                    idle = (cpu_seconds(bot.pid) - busy) / _IDLE_SECONDS
                    resident = resident_mib(bot.pid)
    del seconds[0]
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    return [
        Figure("start to first getUpdates", statistics.median(seconds), "s", 1.2, spread),
        Figure("resident memory after 5 s idle", resident, "MiB", 75.0),
        Figure("processor when idle", 100 * idle, "%"),
    ]
