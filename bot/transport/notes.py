"""Notes of what was sent: tried until the database takes them, which may be away.

What nobody knows of could not be changed when somebody is erased, nor closed; but the next answer,
help perhaps, must not wait for that. Owns the waiting; refuses to know what a note is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog

from bot.services.ports import Clock
from bot.store.database import Unavailable
from bot.transport.pacing import Backoff
from bot.transport.stopping import unless

log = structlog.get_logger(__name__)

Then = Callable[[int], Awaitable[None]]

#: So often a note is tried again while the program waits to end.
_HURRIED_SECONDS: Final = 0.05


class Notes:
    """Lets somebody learn of a message. start: runs what has to be tried again, beside all else."""

    def __init__(self, clock: Clock, start: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._clock = clock
        self._start = start
        self._hurried = asyncio.Event()

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Try again all the while in this block, and not first when a note's turn comes."""
        self._hurried.set()
        try:
            yield
        finally:
            self._hurried.clear()

    async def note(self, then: Then, message_id: int) -> None:
        """Let `then` learn of a message; while the database is away, later."""
        with _loud_where_lost(message_id):
            try:
                await then(message_id)
            except Unavailable:
                self._start(self._later(then, message_id))

    async def _later(self, then: Then, message_id: int) -> None:
        backoff = Backoff()
        with _loud_where_lost(message_id):
            while True:
                if self._hurried.is_set():
                    await asyncio.sleep(_HURRIED_SECONDS)
                else:
                    await unless(self._hurried, self._clock.sleep(backoff.pause()))
                try:
                    await then(message_id)
                    return
                except Unavailable as problem:
                    log.warning("new message not noted yet", why=str(problem))


@contextmanager
def _loud_where_lost(message_id: int) -> Iterator[None]:
    """Say which message the program ended before noting: nothing will change or close it."""
    try:
        yield
    except asyncio.CancelledError:
        log.error("new message not noted before the end", message=message_id)
        raise
