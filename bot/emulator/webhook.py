"""setWebhook and its kin: whether updates are brought to the bot, and where.

Owns what may be set and what setting it means for those who poll. Refuses what Telegram refuses
(plain HTTP, other ports, addresses of this machine) unless `loopback` allows this machine; and
takes no other address, so nothing leaves it. Source: tdlib/telegram-bot-api `Client.cpp`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.emulator.chats import Json
from bot.emulator.deliveries import Deliveries, Perform, Target, trusting
from bot.emulator.refusals import bad, too_many
from bot.emulator.world import World

PORTS = (443, 80, 88, 8443)
POLL_WHILE_ACTIVE = (
    "Can't use getUpdates method while webhook is active;"
    " use deleteWebhook to delete the webhook first"
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_SECRET_LIMIT, _CERTIFICATE_LIMIT_BYTES = 256, 3 << 20
_CONNECTIONS, _CONNECTIONS_LIMIT = 40, 100


class Webhook:
    """The bot's webhook, set or not.

    perform: what the bot asks for in its answers. loopback: whether an address of this machine
    may be set, with any port and without TLS.
    """

    def __init__(self, world: World, perform: Perform, *, loopback: bool) -> None:
        self.target: Target | None = None
        self._queue = world.queue
        self._deliveries = Deliveries(world, perform)
        self._loopback = loopback
        self._clock = world.clock
        self._set_at: tuple[float, int] | None = None

    def set(self, params: Json) -> str:
        """Set, change or remove the webhook; give the words that go with success.

        Raises Refusal 400 or, more than once a second, 429.
        """
        url: str = params.get("url", "")
        if url:
            self._not_too_often()
        drop = params.get("drop_pending_updates", False)
        target = _target(url, params) if url else None
        if target == self.target and not drop:
            self._queue.allow(params.get("allowed_updates"))
            return f"Webhook is already {'set' if url else 'deleted'}"
        was_set, self.target = self.target is not None, None  # the old one goes in any case
        self._deliveries.end()
        if drop:
            self._queue.clear()
        if target is None:
            return "Webhook was deleted" if was_set else "Webhook is already deleted"
        self._queue.end_poll("Terminated by setWebhook request")
        self._check(target)
        self._queue.allow(params.get("allowed_updates"))
        self.target, self._deliveries.last_error = target, None
        self.resume()
        return "Webhook was set"

    def info(self) -> Json:
        """Give the state as a `WebhookInfo`."""
        target, queue = self.target, self._queue
        info: Json = {
            "url": target.url if target else "",
            "has_custom_certificate": bool(target and target.certificate),
            "pending_update_count": queue.pending,
        }
        if target is not None:
            info["max_connections"] = target.max_connections
            info["ip_address"] = target.ip_address or "127.0.0.1"
        if target is not None and self._deliveries.last_error is not None:
            info["last_error_date"], info["last_error_message"] = self._deliveries.last_error
        if queue.allowed:
            info["allowed_updates"] = sorted(queue.allowed)
        return info

    def resume(self) -> None:
        """Deliver, if there is somewhere to deliver to."""
        if self.target is not None:
            self._deliveries.begin(self.target)

    async def pause(self) -> None:
        """End all deliveries under way and begin none; nothing is forgotten."""
        await self._deliveries.close()

    def _not_too_often(self) -> None:
        """Count a setWebhook; a second has passed when either clock says so, as one may stand."""
        seconds, ms = time.monotonic(), self._clock.now()
        if self._set_at is not None:
            last_seconds, last_ms = self._set_at
            if seconds - last_seconds < 1 and ms - last_ms < 1000:
                raise too_many(1)
        self._set_at = seconds, ms

    def _check(self, target: Target) -> None:
        scheme, host, port = _parts(target.url)
        if not host or scheme not in ("http", "https"):
            raise bad("Invalid webhook URL specified")
        if len(target.secret) > _SECRET_LIMIT:
            raise bad("Secret token is too long")
        if not _SECRET.fullmatch(target.secret):
            raise bad("Secret token contains unallowed characters")
        if target.certificate:
            _check_certificate(target.certificate)
        if self._loopback and host in _LOOPBACK:
            return
        if scheme != "https":
            raise bad("Bad webhook: An HTTPS URL must be provided for webhook")
        if port not in PORTS:
            raise bad("Bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if host in _LOOPBACK:
            raise bad("Bad webhook: IP address 127.0.0.1 is reserved")
        raise bad("Bad webhook: Failed to resolve host: this emulator reaches only its own machine")


def _parts(url: str) -> tuple[str, str | None, int]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or 443
    except ValueError:
        return "", None, 0


def _check_certificate(certificate: bytes) -> None:
    if len(certificate) > _CERTIFICATE_LIMIT_BYTES:
        raise bad(f"Certificate size is too big ({len(certificate)} bytes)")
    try:
        trusting(certificate)
    except ValueError as error:
        raise bad(f"Bad webhook: {error}") from None


def _target(url: str, params: Json) -> Target:
    certificate = params.get("certificate")
    if isinstance(certificate, str):
        certificate = params.get("attachments", {}).get(certificate.removeprefix("attach://"))
    return Target(
        url if "://" in url else f"https://{url}",
        params.get("secret_token", ""),
        min(max(params.get("max_connections", _CONNECTIONS), 1), _CONNECTIONS_LIMIT),
        params.get("ip_address", ""),
        certificate.data if certificate else None,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """A plain success that is answered with `result: true` and words beside it."""

    words: str


METHODS: dict[str, Callable[[Webhook, Json], object]] = {
    "setWebhook": lambda webhook, params: Said(webhook.set(params)),
    "deleteWebhook": lambda webhook, params: Said(webhook.set({**params, "url": ""})),
    "getWebhookInfo": lambda webhook, params: webhook.info(),
}
