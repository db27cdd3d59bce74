"""The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`.

Owns who asks, which fault strikes, and how the answer goes out. Anything else under the port
belongs to `pages`; strangers (see `guard`) get nothing of either. A plain ASGI callable, because a
benchmark should measure the bot and not this server.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from bot.emulator import wire
from bot.emulator.bodies import read_request
from bot.emulator.calls import POLL, Call
from bot.emulator.faults import Fault
from bot.emulator.guard import find_stranger
from bot.emulator.refusals import Refusal, describe
from bot.emulator.town import Town
from bot.emulator.wire import ClientLeft, Header, Pages, Receive, Scope, Send

_JSON: Header = (b"content-type", b"application/json")
_HTML: Header = (b"content-type", b"text/html")
_BYTES: Header = (b"content-type", b"application/octet-stream")
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_Made = TypeVar("_Made")
Headers = dict[bytes, bytes]


class ApiServer:
    """The ASGI application."""

    def __init__(self, town: Town, pages: Pages) -> None:
        self._token = town.token.encode()
        self._world = town.world
        self._calls = town.calls
        self._faults = town.faults
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope["path"]
        headers = dict(scope["headers"])
        page = not path.startswith(("/bot", "/file/bot"))
        if why := find_stranger(headers, page=page):
            refused = Call("")
            refused.refuse(403, describe(403, why))
            await wire.answer(send, refused.status, refused.answer, _JSON)
        elif path.startswith("/bot"):
            with suppress(ClientLeft):
                await self._serve_call(path[4:], headers, scope, receive, send)
        elif path.startswith("/file/bot"):
            await self._serve_file(path[9:], send)
        else:
            await self._pages(scope, receive, send)

    async def _serve_call(
        self, rest: str, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        token, _, name = rest.rpartition("/")
        call = Call.named(name)
        body = await wire.read_body(receive)
        counts = call.method != POLL
        self._calls.busy += counts
        try:
            with call.taking_refusals():
                self._admit(call, token, headers, scope["query_string"], body)
                await self._carry_out(call, receive)
            await self._respond(call, scope, receive, send)
        finally:
            self._calls.busy -= counts
            self._world.bell.ring()

    def _knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token)

    def _admit(
        self, call: Call, token: str, headers: Headers, query: bytes, body: bytes | None
    ) -> None:
        if not self._knows(token):
            raise Refusal(401 if ":" in token else 404)
        self._calls.check_method(call)
        if body is None:
            raise Refusal(413)
        call.ask(read_request(query, headers.get(b"content-type", b""), body))

    async def _carry_out(self, call: Call, receive: Receive) -> None:
        fault = call.fault = self._faults.strike(call.method, call.chat) if self._faults else None
        if fault is not None and fault.stage == "before":
            await self._strike(call, fault, receive)
            if call.status or call.gone:
                return
        with call.taking_refusals():
            await self._calls.carry_out(call, lambda work: _unless_left(work, receive))
        if fault is not None and fault.stage == "after":
            await self._strike(call, fault, receive)

    async def _strike(self, call: Call, fault: Fault, receive: Receive) -> None:
        match fault.kind:
            case "delay":
                await asyncio.sleep(fault.seconds)
            case "drop":
                call.gone = True
            case "status":
                if call.done and call.note is None:
                    call.note = call.answer  # the journal keeps what really happened
                retry = f"retry after {fault.retry_after}" if fault.retry_after else ""
                text = fault.description or describe(fault.status, retry)
                call.refuse(fault.status, text, fault.retry_after)
            case "black_hole":
                call.gone = True
                self._calls.busy -= 1
                self._world.bell.ring()
                try:
                    await _unless_left(fault.released.wait(), receive)
                finally:
                    self._calls.busy += 1
            case "block" | "unblock":
                chat, blocks = self._world.chats.get(call.chat or 0), fault.kind == "block"
                if chat is not None and chat.blocked != blocks:
                    self._world.set_blocked(chat, blocked=blocks)
            case "cut_body" | "not_json":
                pass  # these strike while the answer goes out

    async def _respond(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        kind = call.fault.kind if call.fault else None
        spoiled = kind == "not_json" and not call.gone
        self._calls.write_down(call, 0 if call.gone else 200 if spoiled else call.status)
        if call.gone:
            wire.hang_up(scope, flush=False)
            await wire.client_left(receive)
        elif spoiled:
            await wire.answer(send, 200, _PAGE, _HTML)
        elif kind == "cut_body":
            await wire.start_answer(send, call.status, len(call.answer), _JSON)
            half = call.answer[: len(call.answer) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            wire.hang_up(scope, flush=True)
            await wire.client_left(receive)
        else:
            after = call.retry_after
            retry = [] if after is None else [(b"retry-after", str(after).encode())]
            await wire.answer(send, call.status, call.answer, _JSON, *retry)

    async def _serve_file(self, rest: str, send: Send) -> None:
        token, _, path = rest.partition("/")
        stored = self._world.paths.get(path)
        call = Call("download", params={"path": path})
        with call.taking_refusals():
            if not self._knows(token):
                raise Refusal(401)
            if stored is None:
                raise Refusal(404)
            call.status, call.answer, call.note = 200, stored.data, b""
        self._calls.write_down(call, call.status)
        await wire.answer(send, call.status, call.answer, _BYTES if call.status == 200 else _JSON)


async def _unless_left(work: Awaitable[_Made], receive: Receive) -> _Made | None:
    """Wait for something, or for the client to hang up; None then."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(wire.client_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
