"""What keeps the bot alive: whenever a life ends the next begins, with the next blow prepared."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from tests.crash.failpoints import NAMES, OPERATIONS, Way, points_of
from tests.crash.killed_stage import KilledStage

#: Blows that come from outside, at a moment drawn by chance.
SOMETIME = "sometime"
#: So many blows are prepared at the same time: whichever comes first falls first.
_PREPARED = 40
#: Steps of the story that a blow is waited for before another has its turn.
_PATIENT_STEPS = 6
_LONGEST_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Blow:
    """The nth passage of a point; of `SOMETIME`, within so many tenths of a second."""

    name: str
    nth: int


@dataclass
class Keeper:
    """Runs lives and strikes them. dissect: awaited after each death, with what struck.

    may_fail: a life whose database is in trouble while it starts ends by itself.
    reached: blows that fell. unexpected: how lives ended that nothing had struck. passages: how
    often each point was passed, once all is over.
    """

    stage: KilledStage
    blows: deque[Blow]
    chance: random.Random
    dissect: Callable[[str], Awaitable[None]]
    may_fail: bool = False
    reached: list[Blow] = field(default_factory=list)
    unexpected: list[int] = field(default_factory=list)
    passages: dict[str, int] = field(default_factory=dict)
    _prepared: dict[str, tuple[Blow, int, int]] = field(default_factory=dict)
    _steps: int = 0
    _over: bool = False
    _outside: asyncio.Task[None] | None = None

    @property
    def struck(self) -> Counter[str]:
        """How often each point was struck."""
        operations = {name: self.stage.arms.strikes(name) for name in OPERATIONS}
        return Counter(blow.name for blow in self.reached) + Counter(operations)

    @property
    def kills(self) -> int:
        """How many blows fell."""
        return len(self.reached)

    async def run(self) -> None:
        """Look after the bot until `retire`."""
        self._prepare()
        while True:
            code = await self.stage.lives.ended()
            if self._over:
                return
            struck = self._collect()
            if code == -signal.SIGKILL and SOMETIME in self._prepared and not struck:
                struck = [SOMETIME]
                self.reached.append(self._prepared.pop(SOMETIME)[0])
            failed = self.may_fail or any(map(self.stage.arms.strikes, OPERATIONS))
            if code != -signal.SIGKILL and not failed:
                self.unexpected.append(code)
            await self.dissect(", ".join(struck))
            await asyncio.sleep(self.chance.uniform(0, 0.01))
            self._prepare()
            await self.stage.lives.start()

    def step(self) -> None:
        """Tell that the story goes on: a blow that does not come makes room by and by."""
        self._collect()
        self._steps += 1
        for name, (blow, _, since) in list(self._prepared.items()):
            if self._steps - since > _PATIENT_STEPS and self.blows:
                del self._prepared[name]
                self.blows.append(blow)
                if name != SOMETIME:
                    self.stage.arms.arm(name, 0)
        self._prepare()

    def retire(self) -> None:
        """Let the life that is now go on by itself; whoever ends it now means to."""
        self._over = True
        self._collect()
        for name in NAMES:
            self.stage.arms.arm(name, 0)
        if self._outside is not None:
            self._outside.cancel()

    def _collect(self) -> list[str]:
        """Note what has fallen."""
        fallen = []
        for name, (blow, before, _) in list(self._prepared.items()):
            if name != SOMETIME and self.stage.arms.strikes(name) > before:
                del self._prepared[name]
                self.reached.append(blow)
                fallen.append(name)
        return fallen

    def _prepare(self) -> None:
        waiting: list[Blow] = []
        while self.blows and len(self._prepared) < _PREPARED:
            blow = self.blows.popleft()
            if blow.name in self._prepared:
                waiting.append(blow)
                continue
            before = 0
            if blow.name != SOMETIME:
                before = self.stage.arms.strikes(blow.name)
                self.stage.arms.arm(blow.name, blow.nth)
            self._prepared[blow.name] = (blow, before, self._steps)
        self.blows.extendleft(reversed(waiting))
        if SOMETIME in self._prepared and (self._outside is None or self._outside.done()):
            self._outside = asyncio.create_task(self._sometime(self._prepared[SOMETIME][0].nth))

    async def _sometime(self, nth: int) -> None:
        await asyncio.sleep(self.chance.uniform(0, _LONGEST_PAUSE_SECONDS * nth))
        self.stage.lives.send(signal.SIGKILL)


#: Where a message is on its way: each round is struck there first, whatever chance brings later.
SENDING: Final = ("send: after", "record: sent: before")


def matrix(chance: random.Random, most: int = 20, way: Way = "polling") -> list[Blow]:
    """Every point with n = 1 … most and kills at any moment, in a random order.

    The first blows fall while messages are on their way: two at each of these points.
    """
    blows = [Blow(name, n) for n in range(1, most + 1) for name in points_of(way)]
    blows += [Blow(SOMETIME, 1 + n % 3) for n in range(len(blows) // 20)]
    chance.shuffle(blows)
    first = [Blow(name, n) for n in (1, 2) for name in SENDING]
    return first + [blow for blow in blows if blow not in first]


async def stop_for(stage: KilledStage, seconds: float) -> None:
    """Let the living process stand still, as a suspended machine does."""
    process = stage.lives.process
    with suppress(ProcessLookupError):  # it was killed this very moment, or while it stood
        os.kill(process, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(process, signal.SIGCONT)
