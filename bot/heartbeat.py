"""The heartbeat: a call to a service outside, every few minutes while the program is healthy.

The service raises the alarm when it stays away, so it sees also that the machine is off. Owns when
it is called (with bad news only after two looks in a row were bad: one alone is mostly a moment's
load) and that a call holds nothing up. Says once in the log that the service cannot be reached,
until it can be. Refuses to tell it more than well or not well, and to name its address, which is a
secret.
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import structlog

from bot.feeds.addresses import NotFetched, read_address
from bot.feeds.fetching import fetch
from bot.services.ports import Clock

log = structlog.get_logger(__name__)

_EVERY_SECONDS: Final = 240.0
_WITHIN_SECONDS: Final = 10.0
_FAILED: Final = "/fail"


class Heartbeat:
    """Told how the program is by `note`, it calls when it is time to, until `stop`.

    url: called when all is well; with `/fail` after its path when not. private: whether it may be
    at an address of this machine or network.
    """

    def __init__(self, url: str, clock: Clock, *, private: bool = False) -> None:
        self._url = url
        self._clock = clock
        self._private = private
        self._told: bool | None = None
        self._bad_looks = 0
        self._called_at = 0.0
        self._is_unreached = False
        self._calling: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        """Name the class alone."""
        return "Heartbeat()"

    def note(self, *, is_healthy: bool) -> None:
        """Call if that is news, or if the last call is some minutes ago; does not wait for it.

        A first bad look is no news yet: nothing is called then, and the next look decides.
        """
        self._bad_looks = 0 if is_healthy else self._bad_looks + 1
        if self._bad_looks == 1:
            return
        now = self._clock.monotonic()
        is_due = is_healthy != self._told or now - self._called_at >= _EVERY_SECONDS
        if is_due and (self._calling is None or self._calling.done()):
            self._told, self._called_at = is_healthy, now
            self._calling = asyncio.create_task(self._call(is_healthy), name="heartbeat")

    async def stop(self) -> None:
        """End a call that is on its way."""
        if self._calling is not None:
            self._calling.cancel()
            await asyncio.gather(self._calling, return_exceptions=True)

    async def _call(self, is_healthy: bool) -> None:
        address = read_address(self._url if is_healthy else _with_fail(self._url))
        try:
            await fetch(address, private=self._private, within_seconds=_WITHIN_SECONDS)
        except NotFetched as problem:
            if not self._is_unreached:
                log.warning("the heartbeat's service cannot be reached", why=problem.why)
            self._is_unreached = True
        else:
            if self._is_unreached:
                log.info("the heartbeat's service is reached again")
            self._is_unreached = False


def _with_fail(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + _FAILED))
