"""Ticks: at intervals, ask what is due and work it off. Owns APScheduler, and nothing durable.

There is no job store and no cron trigger: what must happen later is a row with a due time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.core.errors import TokenRefused
from bot.services.outgoing import ClockWentBack
from bot.services.ports import Clock
from bot.store.database import Database, Transaction, Unavailable
from bot.transport.faults import trace

log = structlog.get_logger(__name__)

_SECONDS: Final = {"deliver": 1.0, "plan": 10.0, "sweep": 20.0, "follow": 2.0, "redact": 10.0}
#: So many of a tick may run at the same time: a calendar's server that hangs holds up no other.
_BESIDE: Final = {"follow": 4}
#: A tick that finds work without end lets the others in between.
_PIECES_A_TICK: Final = 1000
#: And one whose pieces Telegram takes at one a second is not to look as if it hung.
_AT_MOST: Final = {"redact": 20}


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One kind of work. work: does one piece of it; True when there was some.

    look: tells whether there is any; without it, only trying tells. rests: tells whether such work
    rests now, when none of it counts as due; kinds that rest for one reason name the same.
    """

    work: Callable[[], Awaitable[bool]]
    look: Callable[[Transaction], Awaitable[bool]] | None = None
    rests: Callable[[Transaction], Awaitable[bool]] | None = None


class Ticks:
    """Runs the pieces of work of each tick. deliverers: how many deliver at the same time.

    went_through: when each tick last ended without failing, monotonic seconds; before the first
    time, when the ticks were made.
    """

    def __init__(
        self,
        plan: tuple[Piece, ...],
        deliver: Piece,
        sweep: tuple[Piece, ...],
        follow: Piece,
        on_token_refused: Callable[[], Awaitable[None]],
        db: Database,
        clock: Clock,
        deliverers: int = 8,
        redact: tuple[Piece, ...] = (),
    ) -> None:
        self._pieces = {"plan": plan, "deliver": (deliver,), "sweep": sweep, "follow": (follow,)}
        self._pieces["redact"] = redact
        self._at_once = {"plan": 1, "deliver": deliverers, "sweep": 1, "follow": 1, "redact": 1}
        self._on_token_refused = on_token_refused
        self._db = db
        self._clock = clock
        self.went_through = dict.fromkeys(_SECONDS, clock.monotonic())
        self._scheduler: AsyncIOScheduler | None = None
        self._is_stopping = False
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start ticking."""
        # The scheduler warns of every tick that overlaps a slow one; that is what we asked for.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        for name, seconds in _SECONDS.items():
            self._scheduler.add_job(
                self._tick,
                "interval",
                args=[name],
                seconds=seconds,
                coalesce=True,
                max_instances=_BESIDE.get(name, 1),
                misfire_grace_time=None,
            )
        self._scheduler.start()

    async def stop(self, within_seconds: float) -> None:
        """Stop ticking and let the pieces of work in hand finish; nothing more is begun.

        Whatever is cut short after that counts as perhaps done.
        """
        if self._scheduler is not None:
            self._is_stopping = True
            # A scheduler that is shut down cancels what runs: take the jobs away first.
            self._scheduler.remove_all_jobs()
            if self._running:
                _, late = await asyncio.wait(self._running, timeout=within_seconds)
                for task in late:
                    task.cancel()
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    async def run_once(self) -> bool:
        """Plan, follow, deliver and sweep until nothing is due; was there any work?"""
        order = ("plan", "follow", "deliver", "sweep", "deliver", "redact")
        pieces = [(name, piece) for name in order for piece in self._pieces[name]]
        worked = any(await self._in_turn(pieces, self._work_off))
        self.went_through.update(dict.fromkeys(order, self._clock.monotonic()))
        return worked

    async def _tick(self, name: str) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        pieces = [(name, piece) for piece in self._pieces[name]]
        try:
            if all(await self._in_turn(pieces, self._guarded)):
                self.went_through[name] = self._clock.monotonic()
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
            # The scheduler would draw a traceback of what is no fault.
            log.warning("cut short by the stop", tick=name)

    async def _in_turn(
        self, pieces: Sequence[tuple[str, Piece]], do: Callable[[str, Piece], Awaitable[bool]]
    ) -> list[bool]:
        """Do one after the other what is due in its turn: one may make work for the next."""
        done, due = [], await self._due(pieces)
        for number, (name, piece) in enumerate(pieces, start=1):
            if piece in due and not self._is_stopping:
                done.append(await do(name, piece))
                if piece.look is not None:
                    due = await self._due(pieces[number:])
        return done

    async def _due(self, pieces: Sequence[tuple[str, Piece]]) -> set[Piece]:
        """Give the pieces that have work, or may have. One transaction looks after all of them:
        nearly always there is nothing.
        """
        untold = {piece for _, piece in pieces if piece.look is None}

        async def look(tx: Transaction) -> set[Piece]:
            asked = dict.fromkeys(piece for _, piece in pieces)
            resting = {rests: await rests(tx) for rests in {p.rests for p in asked} if rests}
            return {
                piece
                for piece in asked
                if piece.look is not None
                and not (piece.rests and resting[piece.rests])
                and await piece.look(tx)
            }

        if len(untold) == len(pieces):
            return untold
        try:
            return untold | await self._db.read(look)
        except Unavailable:
            pass
        except Exception as bug:
            log.error("cannot look what is due", where=trace(bug))
        # Whichever cannot work either says so in its turn; the others go on.
        return {piece for _, piece in pieces}

    async def _guarded(self, name: str, piece: Piece) -> bool:
        """Work off one kind of piece; what goes wrong there is said and leaves the others.

        Gives whether all went well.
        """
        try:
            await self._work_off(name, piece)
            return True
        except TokenRefused:
            await self._on_token_refused()
        except Unavailable as problem:
            log.warning("database unavailable", tick=name, why=str(problem))
        except ClockWentBack:
            log.error("the clock went back by more than five minutes: nothing is sent", tick=name)
        except Exception as problem:
            # A bug in one tick must not end the others; it is said loudly and tried again.
            log.error("tick failed", tick=name, where=trace(problem))
        return False

    async def _work_off(self, name: str, piece: Piece) -> bool:
        if not await piece.work():
            return False
        if await self._due([(name, piece)]):
            at_most = _AT_MOST.get(name, _PIECES_A_TICK)
            await asyncio.gather(
                *(self._until_idle(piece, at_most) for _ in range(self._at_once[name]))
            )
        return True

    async def _until_idle(self, piece: Piece, at_most: int) -> None:
        for _ in range(at_most):
            if self._is_stopping or not await piece.work():
                return
