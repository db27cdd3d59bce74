"""The webhook: Telegram brings updates, and is told that one is done only after it is safe.

Owns telling Telegram where and with which secret, and watching that it stays so. Refuses to take
a webhook back that somebody else has set since: two programs must not take turns; a restart
settles it. Nothing that waits at Telegram is ever dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from secrets import token_hex
from typing import Any, Final

import structlog
from starlette.routing import Route
from telegram import Bot
from telegram.error import TelegramError

from bot.core.health import Received
from bot.services.ports import Clock
from bot.transport.endpoint import Endpoint
from bot.transport.intake import Intake, Process, RecordAll, SetAside
from bot.transport.listening import Listening, listen
from bot.transport.receiver import ALLOWED_UPDATES, HEALTHY_SECONDS
from bot.transport.request import Outcome, WireFailure
from bot.transport.stopping import unless
from bot.transport.trouble import Trouble
from bot.transport.turns import Turns

log = structlog.get_logger(__name__)

_CONNECTIONS: Final = 40
_LOOK_SECONDS: Final = 30.0
#: Telegram tries again within a minute or two; an older failure is over, or will show again.
_FAILED_LATELY_MS: Final = 150_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where Telegram calls (url, of which `path` is the path), and where we listen."""

    url: str
    path: str
    host: str
    port: int
    secret: str = field(repr=False)

    @property
    def marked(self) -> str:
        """Give the address with a mark of the secret, by which Telegram's old one shows.

        Telegram gives the address back when it is asked, and the secret never.
        """
        mark = blake2b(self.secret.encode("ascii"), digest_size=4).hexdigest()
        return f"{self.url}?secret={mark}"


class Webhook:
    """Serves with `run` until `stop`; has the same face as `Receiver`, and the same parts.

    routes: what else is served at the same port.
    ready: set when Telegram knows where to call. last_success: monotonic seconds of the last
    update taken or the last time that Telegram confirmed the webhook.
    """

    def __init__(
        self,
        bot: Bot,
        process: Process,
        record_all: RecordAll,
        set_aside: SetAside,
        clock: Clock,
        place: Place,
        *,
        at_once: int = 16,
        allowed_updates: Sequence[str] = ALLOWED_UPDATES,
        routes: Sequence[Route] = (),
    ) -> None:
        self.ready = asyncio.Event()
        self.last_success: float | None = None
        self._bot = bot
        self._clock = clock
        self._place = place
        self._registered = ""
        self._allowed_updates = list(allowed_updates)
        self._intake = Intake(bot, process, record_all, set_aside, _no_time, at_once)
        self._turns = Turns(clock)
        self._endpoint = Endpoint(place.path, place.secret, self._take, self._break, routes)
        self._trouble = Trouble("webhook not set yet")
        self._watching = Trouble("webhook cannot be looked at")
        self._stopping = asyncio.Event()
        self._broken: asyncio.Future[None] | None = None
        self._listening: Listening | None = None
        self._look_at = 0.0
        self._error_at = 0
        self._undelivered = 0
        self._is_ours = False

    def healthy(self, now: float) -> bool:
        """Tell whether Telegram knew within 90 s where to call (`now` is monotonic)."""
        fresh = self.last_success is not None and now - self.last_success < HEALTHY_SECONDS
        return fresh and self._is_ours

    def received(self) -> Received:
        """Say how long ago an update came or Telegram confirmed the webhook, and what it said."""
        now = self._clock.monotonic()
        ago = None if self.last_success is None else now - self.last_success
        return Received(ago, self.healthy(now), self._undelivered)

    async def run(self) -> None:
        """Listen, tell Telegram, and serve until `stop`.

        Errors: `CannotListen`, `TokenRefused` after three refusals in a row, and what makes it
        impossible to record updates.
        """
        if self._stopping.is_set():
            return
        place, self._broken = self._place, asyncio.get_running_loop().create_future()
        self._listening = await listen(self._endpoint, place.host, place.port)
        try:
            await unless(self._stopping, self._register())
            await unless(self._stopping, self._broken)
        finally:
            if not self._stopping.is_set():
                await self._listening.cut()

    async def stop(self, within_seconds: float = 5.0) -> bool:
        """Take nothing more and finish what is in hand; False if it was cut short.

        Takes at most `within_seconds` and one second more. What was cut short, Telegram brings
        again.
        """
        self._stopping.set()
        self._endpoint.open = False
        if self._listening is None:
            return True
        self._listening.shut()
        try:
            async with asyncio.timeout(within_seconds):
                await self._endpoint.idle.wait()
            return True
        except TimeoutError:
            log.warning("updates cut short", count=self._endpoint.in_hand)
            return False
        finally:
            await asyncio.sleep(0)  # an answer that was given leaves before its connection ends
            await self._listening.cut()

    async def look(self) -> bool:
        """See every half a minute whether Telegram still calls here, and what went wrong there.

        A piece of work for a tick: gives False, because there is never more to do. Errors:
        `TokenRefused`.
        """
        now = self._clock.monotonic()
        if not self.ready.is_set() or now < self._look_at:
            return False
        self._look_at = now + _LOOK_SECONDS
        try:
            info = await self._bot.do_api_request("getWebhookInfo")
        except TelegramError as problem:
            self._watching.after(problem)
            return False
        self._watching.over()
        self._judge(info)
        return False

    def _judge(self, info: Any) -> None:
        if not isinstance(info, dict):
            return
        self._is_ours = info.get("url") == self._registered
        if not self._is_ours:
            log.error("another process has taken the webhook away; restart to take it back")
            return
        self.last_success = self._clock.monotonic()
        failing = _error_at(info) * 1000 > self._clock.now() - _FAILED_LATELY_MS
        waiting = info.get("pending_update_count")
        self._undelivered = waiting if failing and isinstance(waiting, int) else 0
        if _error_at(info) > self._error_at:
            self._error_at = _error_at(info)
            log.warning("Telegram could not deliver", said=_said(info), waiting=waiting)

    async def _register(self) -> None:
        """Let Telegram call here, again and again until it knows."""
        while True:
            try:
                info = await self._bot.do_api_request("getWebhookInfo")
                # What went wrong while nobody was there is no news.
                self._error_at = _error_at(info)
                if not self._will_do(info):
                    # A number of its own makes it another address, and Telegram begins afresh:
                    # after an outage it would else wait for up to two minutes before it tries.
                    self._registered = f"{self._place.marked}&start={token_hex(4)}"
                    await self._bot.do_api_request("setWebhook", api_kwargs=self._wanted())
                break
            except TelegramError as problem:
                pause = self._trouble.after(problem)
                if isinstance(problem, WireFailure) and problem.outcome is Outcome.REJECTED:
                    log.error("Telegram does not accept webhook.url", said=problem.said)
                await self._clock.sleep(pause)
        self._trouble.over()
        now = self._clock.monotonic()
        self._is_ours, self.last_success, self._look_at = True, now, now + _LOOK_SECONDS
        log.info("receiving", by="webhook")
        self.ready.set()

    def _wanted(self) -> dict[str, Any]:
        return {
            "url": self._registered,
            "secret_token": self._place.secret,
            "allowed_updates": self._allowed_updates,
            "max_connections": _CONNECTIONS,
        }

    def _will_do(self, info: Any) -> bool:
        """Tell whether Telegram knows all already, and nothing waits for its next try."""
        if not isinstance(info, dict) or info.get("pending_update_count") != 0:
            return False
        self._registered = str(info.get("url"))
        return (
            self._registered.startswith(f"{self._place.marked}&start=")
            and info.get("max_connections") == _CONNECTIONS
            and set(info.get("allowed_updates", ())) == set(self._allowed_updates)
        )

    async def _take(self, body: bytes) -> bool:
        safe = await self._intake.take_one(body, self._turns)
        if safe:
            self.last_success = self._clock.monotonic()
        return safe

    def _break(self, problem: Exception) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_exception(problem)


def _error_at(info: Any) -> int:
    at = info.get("last_error_date") if isinstance(info, dict) else None
    return at if isinstance(at, int) else 0


def _said(info: dict[str, Any]) -> str:
    return str(info.get("last_error_message", ""))[:200]


async def _no_time(_: float) -> bool:
    """Do not wait for the database: Telegram does, and brings the update again."""
    return False
