"""The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`.

Owns the path of one call: who asks, what with, which fault strikes, what comes back, and its
line in the journal. Anything else under the port belongs to `pages`. A plain ASGI callable,
because a benchmark should measure the bot and not this server.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.emulator.bell import Bell
from bot.emulator.bodies import read_request
from bot.emulator.chats import World
from bot.emulator.exchange import ClientLeft, answer, client_left, read_body, start_answer
from bot.emulator.faults import Fault, Faults
from bot.emulator.flood import Flood
from bot.emulator.journal import Journal
from bot.emulator.methods import SENDS, Serve
from bot.emulator.refusals import Refusal, bad, describe
from bot.emulator.schema import SPELLING, Upload, read_parameters
from bot.emulator.wire import hang_up

POLL_LIMIT_SECONDS = 50
_JSON = (b"content-type", b"application/json")
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(slots=True)
class _Call:
    """One call on its way through; `answer` is the whole response body."""

    method: str
    raw: dict[str, object] = field(default_factory=dict)
    params: dict[str, Any] | None = None
    chat: int | None = None
    fault: Fault | None = None
    status: int = 0
    answer: bytes = b""
    retry_after: int | None = None
    note: bytes | None = None
    done: bool = False
    gone: bool = False

    def refuse(self, code: int, description: str, retry_after: int | None = None) -> None:
        """Settle the call with an error."""
        body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        if retry_after is not None:
            body["parameters"] = {"retry_after": retry_after}
        self.status, self.answer, self.retry_after = code, orjson.dumps(body), retry_after

    def succeed(self, result: object) -> None:
        """Settle the call with a result."""
        self.status = 200
        self.answer = b'{"ok":true,"result":' + orjson.dumps(result) + b"}"
        self.done = True


class ApiServer:
    """The ASGI application."""

    def __init__(
        self,
        token: str,
        world: World,
        methods: dict[str, Serve],
        journal: Journal,
        faults: Faults,
        bell: Bell,
        *,
        strict: bool,
        flood: Flood | None,
        pages: ASGIApp,
    ) -> None:
        self._token = token.encode()
        self._world = world
        self._methods = methods
        self._journal = journal
        self._faults = faults
        self._bell = bell
        self._strict = strict
        self._flood = flood
        self._pages = pages
        #: Calls being carried out right now, polls not counted.
        self.busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope["path"]
        if path.startswith("/bot"):
            await self._serve_call(path[4:], scope, receive, send)
        elif path.startswith("/file/bot"):
            await self._serve_file(path[9:], send)
        else:
            await self._pages(scope, receive, send)

    async def _serve_call(self, rest: str, scope: Scope, receive: Receive, send: Send) -> None:
        token, _, name = rest.rpartition("/")
        method = SPELLING.get(name.lower(), name)
        call = _Call(method)
        try:
            body = await read_body(receive)
        except ClientLeft:
            return
        is_poll = method == "getUpdates"
        self.busy += not is_poll
        try:
            await self._settle(call, token, scope, receive, body)
            await self._respond(call, scope, receive, send)
        finally:
            self.busy -= not is_poll
            self._bell.ring()

    async def _settle(
        self, call: _Call, token: str, scope: Scope, receive: Receive, body: bytes | None
    ) -> None:
        try:
            self._admit(call, token, scope, body)
        except Refusal as refusal:
            call.refuse(refusal.code, refusal.description, refusal.retry_after)
            return
        fault = call.fault = self._faults.strike(call.method, call.chat) if self._faults else None
        if fault is not None and fault.stage == "before":
            await self._strike(call, fault, receive)
            if call.status or fault.kind != "delay":
                return
        try:
            await self._carry_out(call, receive)
        except Refusal as refusal:
            call.refuse(refusal.code, refusal.description, refusal.retry_after)
        if fault is not None and fault.stage == "after":
            await self._strike(call, fault, receive)

    def _admit(self, call: _Call, token: str, scope: Scope, body: bytes | None) -> None:
        if not hmac.compare_digest(token.encode(), self._token):
            raise Refusal(404) if ":" not in token else Refusal(401)
        if call.method not in self._methods and call.method != "getUpdates":
            raise Refusal(404, "Method not found")
        if body is None:
            raise Refusal(413)
        content_type = b""
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = value
        call.raw = read_request(scope["query_string"], content_type, body)
        call.chat = _chat_of(call.raw)

    async def _carry_out(self, call: _Call, receive: Receive) -> None:
        params = call.params = read_parameters(call.method, call.raw, strict=self._strict)
        if call.method == "getUpdates":
            await self._poll(call, params, receive)
            return
        uploads = {name: item for name, item in call.raw.items() if isinstance(item, Upload)}
        if uploads:
            self._attach(params, uploads)
        if self._flood is not None and call.method in SENDS:
            self._flood.check(self._world.writable_chat(params["chat_id"]))
        call.succeed(self._methods[call.method](params))

    def _attach(self, params: dict[str, Any], uploads: dict[str, Upload]) -> None:
        named = orjson.dumps(params, default=lambda upload: "").decode()
        for name in uploads:
            if self._strict and name not in params and f"attach://{name}" not in named:
                raise bad(f'The file "{name}" belongs to no parameter')
        params["attachments"] = uploads

    async def _poll(self, call: _Call, params: dict[str, Any], receive: Receive) -> None:
        limit = min(max(params.get("limit", 100), 1), 100)
        seconds = min(max(params.get("timeout", 0), 0), POLL_LIMIT_SECONDS)
        offset, allowed = params.get("offset", 0), params.get("allowed_updates")
        if self._flood is not None:
            seconds = self._flood.poll_seconds(offset, seconds)
        poll = asyncio.ensure_future(self._world.queue.get(offset, limit, seconds, allowed))
        left = asyncio.ensure_future(client_left(receive))
        try:
            await asyncio.wait({poll, left}, return_when=asyncio.FIRST_COMPLETED)
            if not poll.done():
                call.gone = True
                return
            batch = poll.result()
        finally:
            left.cancel()
            poll.cancel()
        call.succeed(batch)
        call.note = orjson.dumps([update.get("update_id") for update in batch])

    async def _strike(self, call: _Call, fault: Fault, receive: Receive) -> None:
        match fault.kind:
            case "delay":
                await asyncio.sleep(fault.seconds)
            case "drop":
                call.gone = True
            case "status":
                text = fault.description or describe(fault.status, _sentence(fault))
                if call.done and call.note is None:
                    call.note = call.answer  # the journal keeps what really happened
                call.refuse(fault.status, text, fault.retry_after)
            case "black_hole":
                call.gone = True
                self.busy -= 1
                self._bell.ring()
                left = asyncio.ensure_future(client_left(receive))
                released = asyncio.ensure_future(fault.released.wait())
                try:
                    await asyncio.wait({left, released}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    left.cancel()
                    released.cancel()
                    self.busy += 1
            case "cut_body" | "not_json":
                pass  # these strike while the answer goes out

    async def _respond(self, call: _Call, scope: Scope, receive: Receive, send: Send) -> None:
        kind = call.fault.kind if call.fault else None
        if kind == "not_json" and not call.gone:
            self._write_down(call, 200)
            await answer(send, 200, _PAGE, (b"content-type", b"text/html"))
            return
        self._write_down(call, 0 if call.gone else call.status)
        if call.gone:
            hang_up(scope, flush=False)
            await client_left(receive)
        elif kind == "cut_body":
            await start_answer(send, call.status, len(call.answer), _JSON)
            half = call.answer[: len(call.answer) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            hang_up(scope, flush=True)
            await client_left(receive)
        elif call.retry_after is not None:
            header = (b"retry-after", str(call.retry_after).encode())
            await answer(send, call.status, call.answer, _JSON, header)
        else:
            await answer(send, call.status, call.answer, _JSON)

    def _write_down(self, call: _Call, status: int) -> None:
        shown = call.raw if call.params is None else call.params
        self._journal.add(
            self._world.clock.now(),
            "call",
            call.method,
            chat=call.chat,
            params={name: _shown(item) for name, item in shown.items() if name != "attachments"},
            answer=call.answer if call.note is None else call.note,
            status=status,
            done=call.done,
            fault=call.fault.name if call.fault else None,
        )

    async def _serve_file(self, rest: str, send: Send) -> None:
        token, _, path = rest.partition("/")
        if not hmac.compare_digest(token.encode(), self._token):
            await answer(send, 401, _error(401), _JSON)
            return
        stored = self._world.paths.get(path)
        if stored is None:
            await answer(send, 404, _error(404), _JSON)
            return
        await answer(send, 200, stored.data, (b"content-type", b"application/octet-stream"))


def _error(code: int) -> bytes:
    return orjson.dumps({"ok": False, "error_code": code, "description": describe(code, "")})


def _sentence(fault: Fault) -> str:
    if fault.status == 429 and fault.retry_after is not None:
        return f"retry after {fault.retry_after}"
    return ""


def _chat_of(raw: dict[str, object]) -> int | None:
    chat = raw.get("chat_id")
    if isinstance(chat, int):
        return chat
    if isinstance(chat, str) and chat.lstrip("-").isdecimal():
        return int(chat)
    return None


def _shown(item: object) -> object:
    return f"<{len(item.data)} bytes>" if isinstance(item, Upload) else item
