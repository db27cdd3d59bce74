"""A program that starts the real bot again and again: `bot_process.py CONFIG CLOCK`.

It imports everything once and forks for each life, so that a start takes a moment and not a
second. Standard input: `start` begins a life and prints its process id; `reap` waits for its end
and prints the exit code (minus the signal's number when a signal ended it).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from pathlib import Path

from shared_clock import SharedClock

from bot.app import build
from bot.config import load
from bot.logging import set_up

#: Between two looks at what is due; the program itself looks every second.
_TICK_SECONDS = 0.003


async def live(config: Path, clock_file: Path) -> None:
    """Run the bot until SIGTERM, ticking without a pause."""
    settings = load(config)
    set_up(settings)
    clock = SharedClock(clock_file)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = await build(settings, clock)
    try:
        await app.start(ticking=False)
        while not stop.is_set():
            asking = clock.asked
            worked = await app.ticks.run_once()
            if not worked and app.lanes.idle and app.receiver.ready.is_set():
                clock.answer(asking)
            await asyncio.sleep(_TICK_SECONDS)
    finally:
        await app.stop()


def begin(config: Path, clock_file: Path) -> int:
    """Fork a life; give its process id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        asyncio.run(live(config, clock_file))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    config, clock_file = Path(sys.argv[1]), Path(sys.argv[2])
    process = 0
    for line in sys.stdin:
        if line.strip() == "start":
            process = answer = begin(config, clock_file)
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            process = 0
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    if process:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


if __name__ == "__main__":
    main()
