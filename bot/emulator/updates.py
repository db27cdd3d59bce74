"""The queue of updates that wait for the bot, and the long poll that takes them.

Owns update ids (they begin at a random number), confirmation by offset, how long an update
lives (a tap 150 s, anything else 24 h, by the emulator's clock) and the rule that of two polls
the older one is ended. Refuses to know what is inside an update.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass
from typing import Any

from bot.emulator.bell import Bell
from bot.emulator.clock import Clock
from bot.emulator.faults import Faults
from bot.emulator.journal import Journal
from bot.emulator.refusals import Refusal

TAP_LIFE_MS = 150_000
UPDATE_LIFE_MS = 24 * 3600 * 1000
#: An offset this far beyond the newest update still confirms everything; a larger one is taken
#: for a mistake and confirms nothing (tdlib/telegram-bot-api, TQueue).
OFFSET_REACH = 10

#: Kinds that are delivered only when `allowed_updates` names them.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

_CONFLICT = (
    "Terminated by other getUpdates request; make sure that only one bot instance is running"
)


@dataclass(frozen=True, slots=True)
class Queued:
    """One waiting update: its id, the raw JSON object and the millisecond it is forgotten."""

    update_id: int
    update: dict[str, Any]
    expires_at: int


class UpdateQueue:
    """Updates in the order of their ids."""

    def __init__(
        self, clock: Clock, chance: random.Random, bell: Bell, journal: Journal, faults: Faults
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._bell = bell
        self._journal = journal
        self._faults = faults
        self._next_id = chance.randrange(100_000_000, 1_000_000_000)
        self._queue: deque[Queued] = deque()
        self._again: list[Queued] = []
        self._poll: asyncio.Future[None] | None = None
        self._allowed: frozenset[str] | None = None

    @property
    def pending(self) -> int:
        """Number of updates that are neither confirmed nor forgotten."""
        self._forget()
        return len(self._queue) + len(self._again)

    @property
    def waiting(self) -> list[int]:
        """The ids of the updates that were never confirmed and are not forgotten, in order."""
        self._forget()
        return [queued.update_id for queued in self._queue]

    @property
    def polling(self) -> bool:
        """Whether a long poll hangs right now."""
        return self._poll is not None

    @property
    def allowed(self) -> list[str] | None:
        """The kinds the bot asked for last, None for the default."""
        return sorted(self._allowed) if self._allowed else None

    def put(self, kind: str, content: object, chat: int | None, life_ms: int) -> int | None:
        """Queue an update; None when the bot does not want this kind."""
        wanted = kind in self._allowed if self._allowed else kind not in ON_REQUEST
        if not wanted:
            return None
        return self._add(kind, {kind: content}, chat, life_ms)

    def inject(self, update: dict[str, Any]) -> int:
        """Queue a raw object as it is, with an update id when it brings none."""
        return self._add("injected", update, None, UPDATE_LIFE_MS)

    def _add(self, kind: str, update: dict[str, Any], chat: int | None, life_ms: int) -> int:
        update_id = self._next_id
        self._next_id += 1
        update = {"update_id": update_id, **update}
        self._queue.append(Queued(update_id, update, self._clock.now() + life_ms))
        self._journal.add(self._clock.now(), "update", kind, chat=chat, params=update)
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        self._bell.ring()
        return update_id

    async def get(
        self, offset: int, limit: int, timeout_seconds: float, allowed: list[str] | None
    ) -> list[dict[str, Any]]:
        """Serve one getUpdates call; raises Refusal 409 when a newer call comes meanwhile."""
        if allowed is not None:
            self._allowed = frozenset(allowed) or None
        self._confirm(offset)
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(Refusal(409, _CONFLICT))
        batch = self._batch(limit)
        if batch or timeout_seconds <= 0:
            return batch
        poll: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poll = poll
        self._bell.ring()
        try:
            async with asyncio.timeout(timeout_seconds):
                await poll
        except TimeoutError:
            return []
        finally:
            if self._poll is poll:
                self._poll = None
                self._bell.ring()
        return self._batch(limit)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._queue.clear()
        self._again.clear()
        self._bell.ring()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._queue) > -offset:
                self._queue.popleft()
        elif offset <= self._next_id + OFFSET_REACH:
            self._again.clear()
            while self._queue and self._queue[0].update_id < offset:
                confirmed = self._queue.popleft()
                if self._faults.repeats_update():
                    self._again.append(confirmed)
        self._bell.ring()

    def _batch(self, limit: int) -> list[dict[str, Any]]:
        self._forget()
        batch = [queued.update for queued in self._again]
        for queued in self._queue:
            if len(batch) >= limit:
                break
            batch.append(queued.update)
        if self._faults.shuffle_updates:
            self._chance.shuffle(batch)
        return batch

    def _forget(self) -> None:
        now = self._clock.now()
        if any(queued.expires_at <= now for queued in self._queue):
            self._queue = deque(queued for queued in self._queue if queued.expires_at > now)
