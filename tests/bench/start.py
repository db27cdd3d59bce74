"""From the start of `rapport run` to its first getUpdates, and what it occupies when idle."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.processes import cpu_seconds, emulator, resident_mib, running
from tests.bench.practice import settings_in
from tests.bench.table import Figure

_STARTS = 5
_IDLE_SECONDS = 5.0


def measure() -> list[Figure]:
    """Start the whole program five times; look at the last one after five idle seconds."""
    with tempfile.TemporaryDirectory() as name, emulator() as telegram:
        settings_in(Path(name), f"{telegram.url}/bot")
        command = [sys.executable, "-m", "bot", "run", "--config", f"{name}/config.toml"]
        seconds = []
        for number in range(_STARTS):
            while telegram.polling:  # the poll of the one before
                time.sleep(0.01)
            began = time.monotonic()
            with running(command) as bot:
                while not telegram.polling:
                    time.sleep(0.002)
                seconds.append(time.monotonic() - began)
                if number == _STARTS - 1:
                    busy = cpu_seconds(bot.pid)
                    time.sleep(_IDLE_SECONDS)
                    idle = (cpu_seconds(bot.pid) - busy) / _IDLE_SECONDS
                    resident = resident_mib(bot.pid)
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    return [
        Figure("start to first getUpdates", statistics.median(seconds), "s", 2.0, spread),
        Figure("resident memory after 5 s idle", resident, "MiB", 85.0),
        Figure("processor when idle", 100 * idle, "%"),
    ]
