"""`python -m bot.emulator`: the emulator alone in a process, people by `/_control/`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from bot.emulator.clock import MovableClock, RealClock
from bot.emulator.emulator import Emulator
from bot.emulator.flood import FloodLimits


def main() -> None:
    """Serve until SIGINT or SIGTERM; one line on standard output says when it is ready."""
    parser = argparse.ArgumentParser(prog="python -m bot.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8081, help="0 asks for a free one")
    parser.add_argument("--token", default="1:emulator")
    parser.add_argument("--username", default="rapport_bot")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--journal", type=Path, default=None, help="a file to append to")
    parser.add_argument("--keep", type=int, default=5_000, help="journal entries in memory")
    parser.add_argument("--flood", action="store_true", help="limit messages as Telegram does")
    parser.add_argument("--clock", type=int, default=None, help="stand at this instant (UTC ms)")
    asyncio.run(_serve(parser.parse_args()))


async def _serve(chosen: argparse.Namespace) -> None:
    emulator = Emulator(
        chosen.token,
        RealClock() if chosen.clock is None else MovableClock(chosen.clock),
        chosen.seed,
        username=chosen.username,
        flood=FloodLimits() if chosen.flood else None,
        journal_file=chosen.journal,
        journal_keep=chosen.keep,
    )
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    async with emulator.serve(chosen.port) as base_url:
        sys.stdout.write(f"ready {base_url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
