"""`/healthz` and `/metrics`: what somebody who watches the machine may know of the program.

Owns their form alone; what is healthy is decided elsewhere, when it is asked. Shows counts, ages,
names of parts of the program: nothing of a person, nothing of the configuration. Whoever reaches
the port may ask, so the port is to be reached by few.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from bot.core.health import Report
from bot.transport.listening import Listening, listen

Look = Callable[[], Awaitable[Report]]


def health_routes(look: Look) -> list[Route]:
    """Make the two pages."""

    async def healthz(_: Request) -> Response:
        report = await look()
        body = {
            "healthy": report.is_healthy,
            "checks": {check.name: check.state for check in report.checks},
        }
        return JSONResponse(body, 200 if report.is_healthy else 503, _no_copy())

    async def metrics(_: Request) -> Response:
        # Its library is loaded by those alone whose metrics are read.
        from bot.transport.metrics import FORMAT, exposed

        return Response(exposed(await look()), 200, _no_copy(), FORMAT)

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


async def serve_health(look: Look, host: str, port: int) -> Listening:
    """Serve the two pages, and nothing else, at an IP address. Errors: `CannotListen`."""
    router = Router(health_routes(look), redirect_slashes=False)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        # Whoever cuts the connection has said so; to uvicorn it would be a crash.
        with suppress(asyncio.CancelledError):
            await router(scope, receive, send)

    return await listen(serve, host, port)


def _no_copy() -> dict[str, str]:
    return {"Cache-Control": "no-store"}
