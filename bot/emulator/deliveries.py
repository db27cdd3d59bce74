"""Bringing updates to a bot's webhook, in order and again until they are taken.

Owns the lanes (what waits for each other), the retries (at once, then after 2, 4, 8 … up to
60–120 seconds, or when the bot's `Retry-After` says) until an update is too old, and the method
a bot may call in its answer. Source: tdlib/telegram-bot-api `WebhookActor.cpp`.
"""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from bot.emulator.bodies import read_request
from bot.emulator.refusals import Refusal
from bot.emulator.updates import Lane, Queued
from bot.emulator.world import World

if TYPE_CHECKING:
    import aiohttp

_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_RESEND_LIMIT_SECONDS = 60
_RETRY_AFTER_LIMIT_SECONDS = 3600
_ANSWER_SECONDS = 60.0
_LOOK_SECONDS = 0.01

#: Carries out a method that the bot called in its answer.
Perform = Callable[[str, dict[str, object]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Target:
    """Where updates are brought, as setWebhook said."""

    url: str
    secret: str
    max_connections: int
    ip_address: str = ""
    certificate: bytes | None = None


class Deliveries:
    """The deliveries under way, one at a time in each lane. last_error: its second and words."""

    def __init__(self, world: World, perform: Perform) -> None:
        self.last_error: tuple[int, str] | None = None
        self._world = world
        self._perform = perform
        self._target: Target | None = None
        self._session: aiohttp.ClientSession | None = None
        self._connections = asyncio.Semaphore()
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        world.queue.on_new = self._serve

    def begin(self, target: Target) -> None:
        """Deliver what waits, and from now on what comes."""
        self._target = target
        self._connections = asyncio.Semaphore(target.max_connections)
        for lane in self._world.queue.lanes():
            self._serve(lane)

    def end(self) -> list[asyncio.Task[None]]:
        """Break off what is under way; nothing is forgotten. Gives what has yet to end."""
        self._target = None
        tasks = list(self._lanes.values())
        for task in tasks:
            task.cancel()
        self._lanes.clear()
        return tasks

    async def close(self) -> None:
        """Break off what is under way, and the connections."""
        await asyncio.gather(*self.end(), return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _serve(self, lane: Lane) -> None:
        if self._target is not None and lane not in self._lanes:
            self._lanes[lane] = asyncio.ensure_future(self._deliver_lane(self._target, lane))

    async def _deliver_lane(self, target: Target, lane: Lane) -> None:
        while (queued := self._world.queue.first_of(lane)) is not None:
            await self._deliver(target, queued)
        del self._lanes[lane]

    async def _deliver(self, target: Target, queued: Queued) -> None:
        """Deliver one update, again and again until it is taken or too old."""
        queue, clock = self._world.queue, self._world.clock
        delay, fails = 1, 0
        while queue.first_of(queued.lane) is queued:
            async with self._connections:
                retry_after = await self._post(target, queued)
            if retry_after is None:
                if queue.repeats():
                    await self._post(target, queued)
                queue.forget(queued)
                return
            wait = retry_after
            if retry_after == 0 and fails > 0:
                wait = delay = min(self._longest_pause(), 2 * delay)
            fails += 1
            wake_at = clock.now() + wait * 1000
            if wake_at > queued.expires_at:
                queue.forget(queued)

            def is_due(wake_at: int = wake_at) -> bool:
                return clock.now() >= wake_at or queue.first_of(queued.lane) is not queued

            # The clock may be moved without a sign, and a real one goes by itself.
            while not await self._world.bell.wait_for(is_due, _LOOK_SECONDS):
                pass

    def _longest_pause(self) -> int:
        return self._world.chance.randint(_RESEND_LIMIT_SECONDS, 2 * _RESEND_LIMIT_SECONDS)

    async def _post(self, target: Target, queued: Queued) -> int | None:
        """Bring an update once: None when it was taken, else the seconds the bot wants to wait."""
        import aiohttp

        status, body, kind, wait = 0, b"", "", 0
        try:
            async with self._request(target, queued) as response:
                status, body = response.status, await response.read()
                kind = response.headers.get("Content-Type", "")
                after = response.headers.get("Retry-After", "")
                wait = min(int(after), _RETRY_AFTER_LIMIT_SECONDS) if after.isdecimal() else 0
                wrong = f"Wrong response from the webhook: {status} {response.reason}"
                problem = "" if 200 <= status < 300 else wrong
        except TimeoutError:
            problem = "Read timeout expired"
        except aiohttp.ClientConnectorCertificateError as error:
            problem = f"SSL error {{{error.certificate_error}}}"
        except aiohttp.ClientConnectorError as error:
            problem = os.strerror(error.os_error.errno or errno.ECONNREFUSED)
        except aiohttp.ClientError:
            problem = "Webhook connection closed"
        self._write_down(queued, status, body, problem)
        if problem:
            return wait
        await self._obey(kind, body)
        return None

    def _request(
        self, target: Target, queued: Queued
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession()
        headers = {"Content-Type": "application/json"}
        if target.secret:
            headers[_HEADER] = target.secret
        return self._session.post(
            target.url,
            data=orjson.dumps(queued.update),
            headers=headers,
            ssl=trusting(target.certificate) if target.certificate else True,
            timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS),
            allow_redirects=False,
        )

    def _write_down(self, queued: Queued, status: int, body: bytes, problem: str) -> None:
        world = self._world
        if problem:
            self.last_error = (world.seconds(), problem)
        world.journal.add(
            world.clock.now(),
            "delivery",
            queued.lane.kind,
            chat=queued.lane.chat,
            params=queued.update,
            answer=orjson.dumps(problem or body.decode(errors="replace")),
            status=status,
            done=not problem,
        )
        world.bell.ring()

    async def _obey(self, kind: str, body: bytes) -> None:
        """Carry out the method a bot put into its answer; it never learns the result."""
        try:
            raw = read_request(b"", kind.encode(), body)
        except Refusal:
            return
        method = str(raw.pop("method", ""))
        name = method.lower()
        kept = ("setwebhook", "deletewebhook", "close", "logout")
        if name and name not in kept and not name.startswith("get"):
            await self._perform(method, raw)


def trusting(certificate: bytes) -> ssl.SSLContext:
    """Trust one certificate; raises ValueError for what is no PEM."""
    try:
        return ssl.create_default_context(cadata=certificate.decode())
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("no PEM certificate") from error
