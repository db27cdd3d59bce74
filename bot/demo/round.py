"""One round of the demo: a new practice on a stage, its page, its clock and its story.

Owns what the visitor can do beside the phones, one thing at a time: move the clock, let the story
be told, pause and stop it. Whatever was tapped on a phone is carried through at once, and what
follows within five minutes is not waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.core.timetable import local_on, local_time
from bot.demo.moments import Move, moves
from bot.demo.stage import Stage
from bot.demo.story import STORY, THE_END, THERAPIST_JOINS, Scene, client_joins
from bot.demo.telling import Cast, Silent, StoryFailed, Teller, Together, tell
from bot.demo.watched import StoryStopped, Watched

log = structlog.get_logger(__name__)

_NOTES: Final = {"Anna": "client", "Cora": "another client", "Ben": "therapist", "Dana": "admin"}
_CODES: Final = {"Anna": " · code A7", "Cora": " · code C3"}
_SOON_MS: Final = 5 * 60_000
#: So that a toast is seen before the clock jumps.
_BREATH_SECONDS: Final = 0.7


@dataclass(frozen=True, slots=True)
class Plan:
    """How a round begins: with the cast enrolled, or not; with the story, at which speed."""

    enrolled: bool = True
    told: bool = False
    speed: float = 1.0


class Round:
    """A round that has begun. next: set to another plan when the visitor starts over.

    aloud: tells the story elsewhere as well, at the page's pace.
    """

    def __init__(self, stage: Stage, cast: Cast, plan: Plan, aloud: Teller | None = None) -> None:
        self.stage = stage
        self._aloud = aloud or Silent()
        self.plan = plan
        self.next: asyncio.Future[Plan] = asyncio.get_running_loop().create_future()
        self._cast = cast
        self._state = "setting"
        self._said = ""
        self._moves: list[Move] = []
        self._watched: Watched | None = None
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def facts(self) -> dict[str, Any]:
        """Give what the page shows beside the phones."""
        now, zone = self.stage.clock.now(), self.stage.settings.practice.timezone
        return {
            "state": self._state,
            "said": self._said,
            "enrolled": self.plan.enrolled,
            "zone": zone,
            "on": local_on(now, zone),
            "time": local_time(now, zone),
            "moves": [move.to_json() for move in self._moves],
            "people": self._people(),
            "story": self._watched.to_json() if self._watched else None,
        }

    def _people(self) -> list[dict[str, str]]:
        codes = _CODES if self.plan.enrolled else {}
        return [{"name": name, "note": note + codes.get(name, "")} for name, note in _NOTES.items()]

    async def begin(self) -> None:
        """Set the stage, then tell the story or leave it to the visitor."""
        await self.stage.settle()
        await self.stage.running.introduce()
        if self.plan.enrolled:
            await self._enrol()
        await self._free()
        self._spawn(self._tend())
        if self.plan.told:
            self._spawn(self._tell())

    async def end(self) -> None:
        """Stop what goes on."""
        if self._watched is not None:
            self._watched.stop()
        async with self._one_at_a_time:  # nothing is under way: a write is never cut in two
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # What the visitor can do; each gives at once and raises ValueError when it cannot be.

    def start_over(self, body: dict[str, Any]) -> None:
        """End this round and begin another one."""
        self._plan(Plan(enrolled=bool(body["enrolled"])))

    def play(self, body: dict[str, Any]) -> None:
        """Tell the story, in a practice of its own."""
        self._plan(Plan(enrolled=False, told=True, speed=_speed(body)))

    def pause(self, body: dict[str, Any]) -> None:
        """Pause the story or let it go on."""
        self._telling().pause(bool(body["paused"]))
        self.ring()

    def stop(self, body: dict[str, Any]) -> None:
        """Stop the story where it is; the practice is the visitor's from then on."""
        self._telling().stop()

    def move(self, body: dict[str, Any]) -> None:
        """Move the clock."""
        if self._state != "free":
            raise ValueError("the clock is being moved already")
        for move in self._moves:
            if move.key == body["to"] and move.at is not None:
                self._spawn(self._advance(move.at))
                return
        raise ValueError("there is nothing to move to")

    def ring(self) -> None:
        """Let the page look again."""
        self.stage.emulator.bell.ring()

    def _plan(self, plan: Plan) -> None:
        if not self.next.done():
            self._state = "setting"
            self.next.set_result(plan)

    def _telling(self) -> Watched:
        if self._watched is None or self._state != "telling":
            raise ValueError("no story is being told")
        return self._watched

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say loudly what went wrong; the page stays usable."""
        self._tasks.discard(task)
        problem = None if task.cancelled() else task.exception()
        if problem is not None:
            log.error("the demo stumbled", exc_info=problem)
            self._said = "Something went wrong here; the terminal says what. Start over."
            self._watched = None
            self._state = "free"
            self.ring()

    async def _free(self) -> None:
        self._moves = await moves(self.stage)
        self._state = "free"
        self.ring()

    async def _enrol(self) -> None:
        """Bring the practice to where a first check-in waits on Anna's phone."""
        scenes: list[Scene] = [
            THERAPIST_JOINS,
            client_joins("Cora", "C3", f"{self._day('Tue')} 10:00"),
            client_joins("Anna", "A7", f"{self._day('Mon')} 15:00"),
        ]
        await tell(scenes, self.stage, self._cast, Silent())
        await self.stage.advance_to(self.stage.moment("Mon 16:20"))

    def _day(self, weekday: str) -> str:
        return local_on(
            self.stage.moment(f"{weekday} 14:00"), self.stage.settings.practice.timezone
        )

    async def _tend(self) -> None:
        """Carry through what people do on the phones."""
        journal, bell = self.stage.emulator.journal, self.stage.emulator.bell
        seen = len(journal)
        while True:
            await bell.wait_for(lambda: len(journal) > seen, 60)  # noqa: B023 - looked at here only
            acts, seen = journal.read(seen, kind="act"), len(journal)
            if acts and self._state != "telling":
                async with self._one_at_a_time:
                    with suppress(TimeoutError):  # a slow bot: the next act tries again
                        await self._follow()

    async def _follow(self) -> None:
        stage = self.stage
        await stage.settle()
        if await stage.next_due() - stage.clock.now() <= _SOON_MS:
            await asyncio.sleep(_BREATH_SECONDS)
            await stage.advance_to(min(await stage.next_due(), stage.clock.now() + _SOON_MS))
        if self._state == "free":
            await self._free()

    async def _advance(self, at: int) -> None:
        self._state = "moving"
        self.ring()
        async with self._one_at_a_time:
            await self.stage.advance_to(max(at, self.stage.clock.now()))
            await self._free()

    async def _tell(self) -> None:
        self._state = "telling"
        self._watched = Watched(STORY, self.plan.speed, self.ring)
        try:
            async with self._one_at_a_time:
                teller = Together(self._watched, self._aloud)
                await tell(STORY, self.stage, self._cast, teller)
            self._said = THE_END
        except StoryStopped:
            self._said = "The story was stopped here. Go on by yourself."
        except StoryFailed as failure:
            self._said = f"The story went another way: {failure}"
        self._watched = None
        await self._free()


def _speed(body: dict[str, Any]) -> float:
    return min(max(float(body.get("speed", 1.0)), 0.1), 1000.0)
