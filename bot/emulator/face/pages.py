"""The face's routes: its page and files, the stream of what happens, the acts.

`mount` puts further routes before its own, so that a demo can show a page of its own at `/` with
the same phones; `tell` adds facts to the stream. Whatever else is asked goes to `rest`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.emulator.face.acts import Act, Acts
from bot.emulator.face.news import News
from bot.emulator.refusals import Refusal
from bot.emulator.town import Town

_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
#: What the page may load and do: its own files, and nothing that is written into it.
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_STILL_HERE_SECONDS: Final = 15
#: Changes this close together reach the page as one.
_TOGETHER_SECONDS: Final = 0.02
_MISTAKES: Final = (LookupError, PermissionError, TypeError, ValueError, Refusal)

Fact = Callable[[], object]


class Face:
    """The ASGI application in front of `rest`."""

    def __init__(self, town: Town, rest: ASGIApp) -> None:
        self._town = town
        self._facts: dict[str, Fact] = {}
        #: Tells a page that comes back whether it comes back to the same people.
        self._run = secrets.token_hex(4)
        folder, acts = Path(__file__).parent, Acts(town).by_name()
        self._routes: list[BaseRoute] = [
            Route("/face/events", self._events),
            Route("/face/file/{person:int}/{message:int}", self._file),
            *(act_route(f"/face/{name}", act) for name, act in acts.items()),
            *assets(folder, "/face/"),
            asset("/", folder / "index.html"),
        ]
        self._router = Router(self._routes, default=rest)

    def mount(self, *routes: BaseRoute) -> None:
        """Serve these first."""
        self._router.routes[:0] = routes

    def tell(self, name: str, fact: Fact) -> None:
        """Send what `fact()` gives as the event `name` whenever it has changed at a ring."""
        self._facts[name] = fact

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._router(scope, receive, send_guarded)

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[bytes]:
        town, news = self._town, News(self._town)
        bot = town.world.bot
        told: dict[str, bytes] = {}
        yield b"retry: 300\n\n"
        yield _event("hello", {"run": self._run, "bot": bot.first_name, "username": bot.username})
        while True:
            rings = town.bell.rings
            for name, fact in self._facts.items():
                packed = orjson.dumps(fact())
                if told.get(name) != packed:
                    told[name] = packed
                    yield _event(name, packed)
            for kind, body in news.read():
                yield _event(kind, body)
            if not await town.bell.wait_past(rings, _STILL_HERE_SECONDS):
                yield b": still here\n\n"
            await asyncio.sleep(_TOGETHER_SECONDS)

    async def _file(self, request: Request) -> Response:
        person = self._town.people.get(request.path_params["person"])
        for seen in person.chat if person else []:
            data = seen.photo or seen.document
            if seen.message_id == request.path_params["message"] and data is not None:
                kind = "image/png" if seen.photo else "application/octet-stream"
                return Response(data, media_type=kind)
        return Response(status_code=404)


def assets(folder: Path, prefix: str) -> list[BaseRoute]:
    """Give a route for each page, style and module in a folder."""
    return [
        asset(prefix + path.name, path)
        for path in sorted(folder.iterdir())
        if path.suffix in _TYPES
    ]


def asset(where: str, path: Path) -> Route:
    """Give the route of one page, style or module; it is read anew for each request."""

    async def endpoint(request: Request) -> Response:
        return Response(path.read_bytes(), media_type=_TYPES[path.suffix])  # noqa: ASYNC240

    return Route(where, endpoint)


def act_route(where: str, act: Act) -> Route:
    """Give the route of an act: JSON in, its result or its refusal out."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        status = 200
        try:
            result = act(orjson.loads(raw or b"{}"))
            answer = result if isinstance(result, dict) else {}
        except _MISTAKES as mistake:
            answer, status = {"refused": str(mistake).strip("'\"")}, 400
        return Response(orjson.dumps(answer), status, media_type="application/json")

    return Route(where, endpoint, methods=["POST"])


def _event(name: str, body: dict[str, Any] | bytes) -> bytes:
    packed = body if isinstance(body, bytes) else orjson.dumps(body)
    return b"event: " + name.encode() + b"\ndata: " + packed + b"\n\n"
