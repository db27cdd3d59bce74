"""What answers when somebody calls the webhook's address.

Owns who is let in (whoever shows the secret, and nobody else), how much and how slowly they may
say, and the answer: 200 only when the update is safe, 503 when Telegram shall bring it again.
Refuses to read a word from anybody without the secret, and to tell what was wrong.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from bot.transport.faults import trace

log = structlog.get_logger(__name__)

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
#: More than any update has.
BODY_BYTES: Final = 1 << 20
#: Twice what Telegram is told to bring at once: of those it has given up on, some may still work.
MOST_AT_ONCE: Final = 80
_BODY_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = "1"

Take = Callable[[bytes], Awaitable[bool]]


class _TooLong(Exception):
    """The body is larger than an update can be."""


class Endpoint:
    """The ASGI application.

    take(body): works an update off and tells whether it is safe. on_broken(problem): called with
    what is a bug of ours. routes: what else is served, to anybody. in_hand: updates being worked
    off. open: whether it takes new ones.
    """

    def __init__(
        self,
        path: str,
        secret: str,
        take: Take,
        on_broken: Callable[[Exception], None],
        routes: Sequence[Route] = (),
    ) -> None:
        self.open = True
        self.in_hand = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self._secret = secret.encode("ascii")
        self._take = take
        self._on_broken = on_broken
        route = Route(path, self._serve, methods=["POST"])
        self._router = Router([route, *routes], redirect_slashes=False)

    def __repr__(self) -> str:
        """Name the class alone."""
        return "Endpoint()"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, unless its connection is cut."""
        # Whoever cuts it has said so; to uvicorn it would be a crash, with a traceback for each.
        with suppress(asyncio.CancelledError):
            await self._router(scope, receive, send)

    async def _serve(self, request: Request) -> Response:
        if not self._shows_the_secret(request):
            log.warning("webhook called without its secret")
            return _parting(401)
        if not self.open or self.in_hand >= MOST_AT_ONCE:
            return Response(status_code=503, headers={"Retry-After": _RETRY_SECONDS})
        self.in_hand += 1
        self.idle.clear()
        try:
            return await self._answer(request)
        finally:
            self.in_hand -= 1
            if not self.in_hand:
                self.idle.set()

    def _shows_the_secret(self, request: Request) -> bool:
        shown = request.headers.getlist(SECRET_HEADER)
        return len(shown) == 1 and hmac.compare_digest(
            shown[0].encode("utf-8", "replace"), self._secret
        )

    async def _answer(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _read(request)
        except _TooLong:
            log.error("an update is larger than updates are")
            return _parting(413)
        except (TimeoutError, ClientDisconnect):
            return _parting(408)
        try:
            safe = await self._take(body)
        except Exception as problem:
            log.error("an update could not be recorded", fault=trace(problem))
            self._on_broken(problem)
            safe = False
        return Response(status_code=200 if safe else 503)


async def _read(request: Request) -> bytes:
    pieces, size = [], 0
    if int(request.headers.get("Content-Length", "0")) > BODY_BYTES:
        raise _TooLong
    async for piece in request.stream():
        size += len(piece)
        if size > BODY_BYTES:
            raise _TooLong
        pieces.append(piece)
    return b"".join(pieces)


def _parting(status: int) -> Response:
    """Answer without a word and hang up: what was not read shall not be read."""
    return Response(status_code=status, headers={"Connection": "close"})
