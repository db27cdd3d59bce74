"""`python -m tests.crash.cold CLOCK ARMS run --config …`: the real command, on the shared clock.

A whole process each time, with the program's own start, ticks and end; beside them the clock's
question is answered, so that the driver knows when there is nothing left to do.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import bot.app
from bot.cli import cli
from bot.config import load
from tests.crash import bot_process, failpoints
from tests.crash.shared_clock import SharedClock


async def attend(app: Any, clock: SharedClock) -> None:
    """Answer the driver's question, and look at what is due more often than each second."""
    while True:
        asking = clock.asked
        worked = await bot_process.ticked(app.ticks.run_once)
        if not worked and app.lanes.idle and app.receiver.ready.is_set():
            clock.answer(asking)
        await asyncio.sleep(0.02)


def main() -> None:
    clock = SharedClock(Path(sys.argv[1]))
    way = load(Path(sys.argv[-1])).telegram.receive
    failpoints.install(failpoints.Arms(Path(sys.argv[2])), way)
    bot.app.SystemClock = lambda: clock  # type: ignore[assignment, misc]
    run = bot.app.App.run

    async def attended(self: bot.app.App, until: asyncio.Event) -> None:
        attending = asyncio.create_task(attend(self, clock))
        try:
            await run(self, until)
        finally:
            attending.cancel()
            await asyncio.gather(attending, return_exceptions=True)

    bot.app.App.run = attended  # type: ignore[method-assign]
    cli(sys.argv[3:])


if __name__ == "__main__":
    main()
