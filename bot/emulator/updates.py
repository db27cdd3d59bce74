"""The queue of updates that wait for the bot, and the long poll that takes them.

Owns update ids (they begin at a random number, and do so again after a week without updates),
confirmation by offset, how long an update lives (a tap 150 s, anything else 24 h, by the
emulator's clock) and the rule that of two polls the older one is ended. Refuses to know what is
inside an update. Source: tdlib/telegram-bot-api `Client.cpp`, tdlib/td `TQueue.cpp`.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, NamedTuple

from bot.emulator.bell import Bell
from bot.emulator.clock import Clock
from bot.emulator.faults import Faults
from bot.emulator.journal import Journal
from bot.emulator.refusals import Refusal
from bot.emulator.schema import find_problem

TAP_LIFE_MS = 150_000
UPDATE_LIFE_MS = 24 * 3600 * 1000
QUIET_WEEK_MS = 7 * 24 * 3600 * 1000
#: An offset this far beyond the next id still confirms everything; a larger one is taken for a
#: mistake and confirms nothing.
OFFSET_REACH = 10

#: Kinds that are delivered only when `allowed_updates` names them.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

TERMINATED_BY_POLL = (
    "Terminated by other getUpdates request; make sure that only one bot instance is running"
)


class Lane(NamedTuple):
    """What the server keeps in order: taps, memberships and messages of a chat queue apart."""

    chat: int | None
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Queued:
    """One waiting update: its raw JSON object and the millisecond it is forgotten."""

    update_id: int
    update: dict[str, Any]
    expires_at: int
    lane: Lane


class UpdateQueue:
    """Updates in the order of their ids. `on_new` is called with each, besides the poll."""

    def __init__(
        self, clock: Clock, chance: random.Random, bell: Bell, journal: Journal, faults: Faults
    ) -> None:
        self.bell = bell
        self.allowed: frozenset[str] | None = None
        self.on_new: Callable[[Lane], None] = lambda lane: None
        self._clock = clock
        self._chance = chance
        self._journal = journal
        self._faults = faults
        self._next_id = self._random_id()
        self._newest_at = clock.now()
        # In the order of ids, and by lane: what waits may be ten thousand, and none of it shall
        # cost those who come after it.
        self._queue: OrderedDict[int, Queued] = OrderedDict()
        self._lanes: dict[Lane, deque[Queued]] = {}
        self._first_expires_at: float = math.inf
        self._again: list[Queued] = []
        self._poll: asyncio.Future[None] | None = None

    def _random_id(self) -> int:
        return self._chance.randrange(100_000_000, 1_000_000_000)

    @property
    def pending(self) -> int:
        """Number of updates that are neither confirmed nor forgotten."""
        self._forget_old()
        return len(self._queue) + len(self._again)

    @property
    def waiting(self) -> list[int]:
        """The ids of the updates that were never confirmed and are not forgotten, in order."""
        self._forget_old()
        return list(self._queue)

    @property
    def polling(self) -> bool:
        """Whether a long poll hangs right now."""
        return self._poll is not None

    def allow(self, kinds: list[str] | None) -> None:
        """Remember which kinds the bot wants from now on; None leaves that as it is."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def put(self, kind: str, content: object, chat: int | None, life_ms: int) -> None:
        """Queue an update, unless the bot does not want this kind.

        Raises RuntimeError for an update that Telegram could not have sent.
        """
        wanted = kind in self.allowed if self.allowed else kind not in ON_REQUEST
        if not wanted:
            return
        problem = find_problem({"update_id": 0, kind: content}, "Update")
        if problem is not None:
            raise RuntimeError(f"no such update: {problem}")
        self._add(kind, {kind: content}, chat, life_ms)

    def inject(self, update: dict[str, Any]) -> int:
        """Queue a raw object as it is, with an update id when it brings none."""
        return self._add("injected", update, None, UPDATE_LIFE_MS)

    def _add(self, kind: str, update: dict[str, Any], chat: int | None, life_ms: int) -> int:
        now = self._clock.now()
        if now - self._newest_at >= QUIET_WEEK_MS:
            self._next_id = self._random_id()
        update_id, self._newest_at = self._next_id, now
        self._next_id += 1
        update = {"update_id": update_id, **update}
        lane = Lane(chat, kind.removeprefix("edited_"))
        queued = self._queue[update_id] = Queued(update_id, update, now + life_ms, lane)
        self._lanes.setdefault(lane, deque()).append(queued)
        self._first_expires_at = min(self._first_expires_at, queued.expires_at)
        self._journal.add(now, "update", kind, chat=chat, params=update)
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        self.on_new(lane)
        self.bell.ring()
        return update_id

    async def get(self, offset: int, limit: int, timeout_seconds: float) -> list[dict[str, Any]]:
        """Serve one getUpdates call; raises Refusal 409 when a newer call comes meanwhile."""
        self._confirm(offset)
        self.end_poll(TERMINATED_BY_POLL)
        batch = self._batch(limit)
        if batch or timeout_seconds <= 0:
            return batch
        poll: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poll = poll
        self.bell.ring()
        try:
            async with asyncio.timeout(timeout_seconds):
                await poll
        except TimeoutError:
            return []
        finally:
            if self._poll is poll:
                self._poll = None
                self.bell.ring()
        return self._batch(limit)

    def end_poll(self, sentence: str) -> None:
        """End the poll that hangs, if one does, with a 409."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(Refusal(409, sentence))

    def clear(self) -> None:
        """Forget everything that waits."""
        self._queue.clear()
        self._lanes.clear()
        self._first_expires_at = math.inf
        self._again.clear()
        self.bell.ring()

    def lanes(self) -> set[Lane]:
        """Give the lanes in which something waits."""
        return set(self._lanes)

    def first_of(self, lane: Lane) -> Queued | None:
        """Give the update that a lane waits with, if any."""
        self._forget_old()
        waiting = self._lanes.get(lane)
        return waiting[0] if waiting else None

    def repeats(self) -> bool:
        """Decide by the faults in force whether an update is delivered again."""
        return self._faults.repeats_update()

    def forget(self, queued: Queued) -> None:
        """Take one update out: it is delivered, or given up."""
        if self._queue.get(queued.update_id) is queued:
            self._drop(queued)
        self.bell.ring()

    def _drop(self, queued: Queued) -> None:
        del self._queue[queued.update_id]
        lane = self._lanes[queued.lane]
        lane.remove(queued)  # nearly always the first
        if not lane:
            del self._lanes[queued.lane]

    def _first(self) -> Queued:
        return next(iter(self._queue.values()))

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._queue) > -offset:
                self._drop(self._first())
        elif offset <= self._next_id + OFFSET_REACH:
            self._again.clear()
            while self._queue and (confirmed := self._first()).update_id < offset:
                self._drop(confirmed)
                if self._faults.repeats_update():
                    self._again.append(confirmed)
        self.bell.ring()

    def _batch(self, limit: int) -> list[dict[str, Any]]:
        self._forget_old()
        waiting = chain(self._again, self._queue.values())
        batch = [queued.update for queued in islice(waiting, limit)]
        if self._faults.shuffle_updates:
            self._chance.shuffle(batch)
        return batch

    def _forget_old(self) -> None:
        now = self._clock.now()
        if now < self._first_expires_at:
            return
        for queued in [one for one in self._queue.values() if one.expires_at <= now]:
            self._drop(queued)
        left = (queued.expires_at for queued in self._queue.values())
        self._first_expires_at = min(left, default=math.inf)
