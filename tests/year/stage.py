"""A stage on which ticks that would find nothing are left out, so that a year goes by quickly."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from typing import Final

from bot.demo.stage import Stage
from tests.crash.failpoints import Way

_PATIENCE_SECONDS: Final = 60.0
#: What the ticks would find at this moment; the rest they decide by the day or slower.
_DUE: Final = (
    "SELECT id FROM message WHERE state = 'queued' AND due_at <= :now"
    " UNION ALL SELECT id FROM appointment WHERE asked IS NULL AND state = 'planned'"
    " AND ends_at + :delay <= :now"
    " UNION ALL SELECT id FROM checkin WHERE state = 'open' AND closes_at <= :now"
    " UNION ALL SELECT id FROM checkin WHERE folded_at IS NULL AND closed_at IS NOT NULL"
    " AND telegram_message IS NOT NULL LIMIT 1"
)


@dataclass
class YearStage(Stage):
    """Runs the ticks until a look at the rows says that nothing is due."""

    @property
    def way(self) -> Way:
        """How this practice receives."""
        return self.settings.telegram.receive

    async def calm(self) -> None:
        """Let the bot take and answer what people did."""
        await self.emulator.quiet(_PATIENCE_SECONDS)
        await self.running.lanes.drain(_PATIENCE_SECONDS)

    async def settle(self) -> None:
        await self.calm()
        while True:
            worked = await self.running.ticks.run_once()
            await self.calm()
            # On hold, what is due stays so.
            if not worked or not await self.is_due():
                return

    async def is_due(self) -> bool:
        """Say whether the ticks would find something."""
        delay = self.settings.checkin.delay_minutes * 60_000
        now = self.clock.now()
        rows = await self.running.db.read(lambda tx: tx.all(_DUE, now=now, delay=delay))
        return bool(rows)


class SeededIds:
    """Ids and codes that come again with the same seed."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def new(self) -> int:
        return self._chance.getrandbits(63) or 1

    def secret(self, size: int) -> str:
        return "".join(self._chance.choices(string.ascii_letters + string.digits, k=size))
