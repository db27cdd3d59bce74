"""The real bot on a clock that does not wait: `python -m tests.bench.bot_process CONFIG [NOW]`.

Telegram's own limit (25 messages a second) would hide what a tap costs, so pacing is asked as
always and its waits pass at once. All else is the program as `rapport run` runs it. NOW: the
instant at which its clock begins, UTC milliseconds, instead of the machine's own time.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from bot.cli.lean import lean

# As the program does it, and before anything else brings the same libraries in.
with lean():
    from bot.app import SystemClock, build

from bot.config import load
from bot.logging import set_up

#: Longer waits are no pacing: a beat that took no time would be all that the program does.
_LONG_SECONDS = 10.0


class HastyClock(SystemClock):
    """The machine's time, in which a short sleep takes none.

    begins_at: what it shows at first, UTC milliseconds.
    """

    def __init__(self, begins_at: int | None = None) -> None:
        self._skipped = 0.0
        self._ahead = 0 if begins_at is None else begins_at - super().now()

    def now(self) -> int:
        return super().now() + self._ahead

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        if seconds >= _LONG_SECONDS:
            await super().sleep(seconds)
            return
        self._skipped += seconds
        await asyncio.sleep(0)


async def main() -> None:
    settings = load(Path(sys.argv[1]))
    set_up(settings)
    app = await build(settings, HastyClock(*map(int, sys.argv[2:3])))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    try:
        await app.start()
        await app.run(stop)
    finally:
        await app.stop()


if __name__ == "__main__":
    asyncio.run(main())
