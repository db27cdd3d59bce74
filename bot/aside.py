"""File work beside the program: on a disk that does not answer, it is given up and nothing waits.

Each act has a thread of its own, which no end of the program waits for. One place does one act at a
time: where one hangs, those that follow wait for their time and fail, instead of hanging beside it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
T = TypeVar("T")


class Aside:
    """A place for file work. within_seconds: how long one act may take."""

    def __init__(self, within_seconds: float) -> None:
        self._within_seconds = within_seconds
        self._turn = asyncio.Semaphore()

    async def do(self, act: Callable[Given, T], *given: Given.args, **named: Given.kwargs) -> T:
        """Do it and give what it gives. Errors: its own, OSError where the disk does not answer."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def end(say: Callable[[Any], None], what: object) -> None:
            self._turn.release()
            if not done.done():
                say(what)

        def work() -> None:
            say: Callable[[Any], None] = done.set_result
            what: object
            try:
                what = act(*given, **named)
            except Exception as problem:
                say, what = done.set_exception, problem
            with suppress(RuntimeError):  # the program has ended meanwhile
                loop.call_soon_threadsafe(end, say, what)

        try:
            async with asyncio.timeout(self._within_seconds):
                await self._turn.acquire()
                threading.Thread(target=work, name="files", daemon=True).start()
                result: T = await done
                return result
        except TimeoutError:
            raise OSError(
                f"the disk does not answer within {self._within_seconds:.0f} seconds"
            ) from None
