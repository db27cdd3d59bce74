"""The emulator's socket and the raw ASGI exchange on it.

Owns listening and closing on one port of 127.0.0.1, reading bodies, answering, and the power to
hang up without an answer. Refuses every address but the loopback. uvicorn's protocol does the
HTTP; its `Server` is not used, because it takes over signal handlers and closes at leisure.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HOST = "127.0.0.1"
BODY_LIMIT_BYTES = 60 * 1024 * 1024
_KEEP_ALIVE_SECONDS = 75
_HANG_UP = "emulator.hang_up"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Pages = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


class ClientLeft(Exception):
    """The client closed its connection before its request was complete."""


async def read_body(receive: Receive) -> bytes | None:
    """Read a whole body; None when it is larger than any call may be.

    Raises ClientLeft.
    """
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        more = message.get("more_body", False)
        size += len(message.get("body", b""))
        if size <= BODY_LIMIT_BYTES:
            pieces.append(message.get("body", b""))
    return b"".join(pieces) if size <= BODY_LIMIT_BYTES else None


async def client_left(receive: Receive) -> None:
    """Wait until the connection is closed."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer(send: Send, status: int, body: bytes, *headers: Header) -> None:
    """Send a whole answer."""
    await start_answer(send, status, len(body), *headers)
    await send({"type": "http.response.body", "body": body})


async def start_answer(send: Send, status: int, length: int, *headers: Header) -> None:
    """Send the head of an answer whose body will have `length` bytes."""
    size = (b"content-length", str(length).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, size]})


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that also lets the application end the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_HANG_UP: {"transport": self.transport}}


def hang_up(scope: Scope, *, flush: bool) -> None:
    """Close a request's connection at once, or after what was written has gone out."""
    transport = scope["extensions"][_HANG_UP]["transport"]
    if flush:
        transport.close()
    else:
        transport.abort()


@asynccontextmanager
async def listen(app: Pages, port: int) -> AsyncIterator[int]:
    """Serve `app` while the context lasts; gives the port (0 asks for a free one)."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )
    config.load()
    state = ServerState()
    # With the protocol named, asyncio sets TCP_NODELAY; without it an answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    server = await asyncio.get_running_loop().create_server(
        lambda: _Protocol(config, state, {}), sock=listener
    )
    try:
        yield listener.getsockname()[1]
    finally:
        server.close()
        for connection in list(state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        if state.tasks:
            # A closed connection ends its request by itself; what hangs in a fault is cancelled.
            _, hanging = await asyncio.wait(state.tasks, timeout=0.05)
            for task in hanging:
                task.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)
