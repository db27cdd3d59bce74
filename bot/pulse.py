"""The pulse: every half a minute, how the program is, written down for whoever looks from outside.

Owns the file that `rapport health` reads. Says each trouble once, until it is over. Refuses to hold
up anything else.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from bot.core.health import Report
from bot.heartbeat import Heartbeat
from bot.services.health import Health
from bot.services.ports import Clock
from bot.store.pulse import end_pulse, write_pulse
from bot.transport.faults import trace

log = structlog.get_logger(__name__)

_SECONDS: Final = 30.0
_WRITE_SECONDS: Final = 5.0


class Pulse:
    """Beats from `start` to `stop`.

    wall: the machine's clock, which the file's reader has too. heartbeat: tells somebody outside.
    """

    def __init__(
        self, health: Health, database: Path, wall: Clock, heartbeat: Heartbeat | None = None
    ) -> None:
        self._health = health
        self._heartbeat = heartbeat
        self._database = database
        self._wall = wall
        self._task: asyncio.Task[None] | None = None
        self._bad: tuple[str, ...] = ()
        self._is_unwritten = False

    def start(self, ready: asyncio.Event) -> None:
        """Begin to beat once `ready` is set; where it is not, half a minute later."""
        self._task = asyncio.create_task(self._run(ready), name="pulse")

    async def stop(self) -> None:
        """Beat no more, and leave no sign that the program still runs."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._heartbeat is not None:
            await self._heartbeat.stop()
        with suppress(OSError):  # whoever reads it sees that its process is gone
            end_pulse(self._database)

    async def _run(self, ready: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS):
                await ready.wait()
        while True:
            try:
                await self.beat()
            except Exception as problem:
                # A bug here must not end the pulse for good: its silence would be an alarm.
                log.error("pulse failed", where=trace(problem))
            await self._wall.sleep(_SECONDS)

    async def beat(self) -> None:
        """Look once, write down what was seen, and let it be known outside."""
        report = await self._health.look()
        self._say(report)
        if self._heartbeat is not None:
            self._heartbeat.note(is_healthy=report.is_healthy)
        await self._write(report)

    def _say(self, report: Report) -> None:
        """Log what has become bad, and that all is well again."""
        new = [check for check in report.checks if check.state == "bad"]
        for check in new:
            if check.name not in self._bad:
                log.error("not healthy", part=check.name, why=check.says)
        if self._bad and not new:
            log.info("healthy again")
        self._bad = report.bad

    async def _write(self, report: Report) -> None:
        checks = [
            {"name": check.name, "state": check.state, "says": check.says}
            for check in report.checks
        ]
        given = (self._database, self._wall.now(), report.is_healthy, checks)
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                await asyncio.to_thread(write_pulse, *given)
        except (OSError, TimeoutError) as problem:
            if not self._is_unwritten:
                log.error("the pulse cannot be written", why=type(problem).__name__)
            self._is_unwritten = True
        else:
            self._is_unwritten = False
