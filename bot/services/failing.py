"""One that fails must not hold up those behind it: it is said loudly, and left until a restart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from bot.store.database import Unavailable

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Failing:
    """What cannot be done until a restart. says, of: how the log tells it, and of what."""

    says: str
    of: str
    ids: set[int] = field(default_factory=set)

    def __contains__(self, one: int) -> bool:
        """Say whether something has failed."""
        return one in self.ids

    def __len__(self) -> int:
        """Count what has failed."""
        return len(self.ids)

    async def attempt(self, one: int, act: Callable[[int], Awaitable[object]]) -> None:
        """Do it; a bug is logged, with ids alone, and remembered. Errors: `Unavailable`."""
        try:
            await act(one)
        except Unavailable:
            raise
        except Exception as bug:
            log.error(self.says, **{self.of: one}, why=type(bug).__name__)
            self.ids.add(one)
