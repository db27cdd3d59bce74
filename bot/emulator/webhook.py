"""Bringing updates to the bot: setWebhook and its kin, and the deliveries.

Owns the address, the secret, the order within a lane, the retries (at once, then after 2, 4, 8 …
up to 60–120 seconds, or when the bot's `Retry-After` says) until an update is too old, and the
method a bot may call in its answer. Refuses what Telegram refuses (plain HTTP, other ports,
addresses of this machine) unless `loopback` allows this machine; and delivers nowhere else, so
nothing leaves it. Source: tdlib/telegram-bot-api `Client.cpp`, `WebhookActor.cpp`.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from bot.emulator.bodies import read_request
from bot.emulator.chats import Json, World
from bot.emulator.refusals import Refusal, bad, too_many
from bot.emulator.updates import Lane, Queued

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.client import _RequestContextManager

PORTS = (443, 80, 88, 8443)
_HEADER = "X-Telegram-Bot-Api-Secret-Token"
POLL_WHILE_ACTIVE = (
    "Can't use getUpdates method while webhook is active;"
    " use deleteWebhook to delete the webhook first"
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_SECRET_LIMIT, _CERTIFICATE_LIMIT_BYTES = 256, 3 << 20
_CONNECTIONS, _CONNECTIONS_LIMIT = 40, 100
_RESEND_LIMIT_SECONDS = 60
_RETRY_AFTER_LIMIT_SECONDS = 3600
_ANSWER_SECONDS = 60.0
_LOOK_SECONDS = 0.01

#: Carries out a method that the bot called in its answer to a delivery.
Perform = Callable[[str, dict[str, object]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Target:
    """What setWebhook set."""

    url: str
    secret: str
    max_connections: int
    ip_address: str = ""
    certificate: bytes | None = None


class Webhook:
    """The bot's webhook, set or not.

    perform: what the bot asks for in its answers. loopback: whether an address of this machine
    may be set, with any port and without TLS.
    """

    def __init__(self, world: World, perform: Perform, *, loopback: bool) -> None:
        self.target: Target | None = None
        self._world = world
        self._perform = perform
        self._loopback = loopback
        self._next_set_at = 0.0
        self._delivering = False
        self._last_error: tuple[int, str] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._connections = asyncio.Semaphore(_CONNECTIONS)
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        world.queue.on_new = self._serve

    def set(self, params: Json) -> str:
        """Set, change or remove the webhook; give the words that go with success.

        Raises Refusal 400 or, more than once a second, 429.
        """
        url: str = params.get("url", "")
        if url:
            if time.monotonic() < self._next_set_at:
                raise too_many(1)
            self._next_set_at = time.monotonic() + 1
        queue, drop = self._world.queue, params.get("drop_pending_updates", False)
        target = self._target(url, params) if url else None
        if target == self.target and not drop:
            queue.allow(params.get("allowed_updates"))
            return f"Webhook is already {'set' if url else 'deleted'}"
        was_set, self.target = self.target is not None, None  # the old one goes in any case
        self._cancel_lanes()
        if drop:
            queue.clear()
        if target is None:
            return "Webhook was deleted" if was_set else "Webhook is already deleted"
        queue.end_poll("Terminated by setWebhook request")
        self._check(target)
        queue.allow(params.get("allowed_updates"))
        self.target, self._last_error = target, None
        self._connections = asyncio.Semaphore(target.max_connections)
        self.resume()
        return "Webhook was set"

    def info(self) -> Json:
        """Give the state as a `WebhookInfo`."""
        target, queue = self.target, self._world.queue
        info: Json = {
            "url": target.url if target else "",
            "has_custom_certificate": bool(target and target.certificate),
            "pending_update_count": queue.pending,
        }
        if target is not None:
            info["max_connections"] = target.max_connections
            info["ip_address"] = target.ip_address or "127.0.0.1"
        if self._last_error is not None:
            info["last_error_date"], info["last_error_message"] = self._last_error
        if queue.allowed:
            info["allowed_updates"] = sorted(queue.allowed)
        return info

    def resume(self) -> None:
        """Deliver what waits, and from now on what comes."""
        self._delivering = True
        for lane in self._world.queue.lanes():
            self._serve(lane)

    async def stop(self) -> None:
        """End all deliveries under way and begin none; nothing is forgotten."""
        self._delivering = False
        tasks = list(self._lanes.values())
        self._cancel_lanes()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _target(self, url: str, params: Json) -> Target:
        wanted = params.get("max_connections", _CONNECTIONS)
        upload = params.get("certificate")
        if isinstance(upload, str):
            upload = params.get("attachments", {}).get(upload.removeprefix("attach://"))
        return Target(
            url,
            params.get("secret_token", ""),
            min(max(wanted, 1), _CONNECTIONS_LIMIT),
            params.get("ip_address", ""),
            upload.data if upload else None,
        )

    def _check(self, target: Target) -> None:
        try:
            parts = urlsplit(target.url if "://" in target.url else f"https://{target.url}")
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            raise bad("Invalid webhook URL specified") from None
        if not host or parts.scheme not in ("http", "https"):
            raise bad("Invalid webhook URL specified")
        if len(target.secret) > _SECRET_LIMIT:
            raise bad("Secret token is too long")
        if not _SECRET.fullmatch(target.secret):
            raise bad("Secret token contains unallowed characters")
        if target.certificate and len(target.certificate) > _CERTIFICATE_LIMIT_BYTES:
            raise bad(f"Certificate size is too big ({len(target.certificate)} bytes)")
        if self._loopback and host in _LOOPBACK:
            return
        if parts.scheme != "https":
            raise bad("Bad webhook: An HTTPS URL must be provided for webhook")
        if port not in PORTS:
            raise bad("Bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if host in _LOOPBACK:
            raise bad("Bad webhook: IP address 127.0.0.1 is reserved")
        raise bad("Bad webhook: Failed to resolve host: this emulator reaches only its own machine")

    def _cancel_lanes(self) -> None:
        for task in self._lanes.values():
            task.cancel()
        self._lanes.clear()

    def _serve(self, lane: Lane) -> None:
        if self._delivering and self.target is not None and lane not in self._lanes:
            self._lanes[lane] = asyncio.ensure_future(self._deliver_lane(self.target, lane))

    async def _deliver_lane(self, target: Target, lane: Lane) -> None:
        """Deliver what waits in a lane, one after the other."""
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
                reason = f"{status} {response.reason}"
                taken = 200 <= status < 300
                problem = "" if taken else f"Wrong response from the webhook: {reason}"
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

    def _request(self, target: Target, queued: Queued) -> _RequestContextManager:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession()
        headers = {"Content-Type": "application/json"}
        if target.secret:
            headers[_HEADER] = target.secret
        return self._session.post(
            target.url if "://" in target.url else f"https://{target.url}",
            data=orjson.dumps(queued.update),
            headers=headers,
            ssl=_trusting(target.certificate),
            timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS),
            allow_redirects=False,
        )

    def _write_down(self, queued: Queued, status: int, body: bytes, problem: str) -> None:
        world = self._world
        if problem:
            self._last_error = (world.seconds(), problem)
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


def _trusting(certificate: bytes | None) -> ssl.SSLContext | bool:
    """Trust a certificate the bot uploaded, and the system's otherwise."""
    if certificate is None:
        return True
    return ssl.create_default_context(cadata=certificate.decode())


@dataclass(frozen=True, slots=True)
class Said:
    """A plain success that is answered with `result: true` and words beside it."""

    description: str


METHODS: dict[str, Callable[[World, Json], object]] = {
    "setWebhook": lambda world, params: Said(world.webhook.set(params)),
    "deleteWebhook": lambda world, params: Said(world.webhook.set({**params, "url": ""})),
    "getWebhookInfo": lambda world, params: world.webhook.info(),
}
