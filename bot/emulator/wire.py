"""The emulator's socket: one port on 127.0.0.1, and the power to hang up without an answer.

Owns listening and closing. Refuses every address but the loopback. uvicorn's protocol does the
HTTP; its `Server` is not used, because it takes over signal handlers and closes at leisure.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HOST = "127.0.0.1"
_KEEP_ALIVE_SECONDS = 75
_HANG_UP = "emulator.hang_up"

HangUp = Callable[[bool], None]


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that also lets the application end the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_HANG_UP: {"call": self._hang_up}}

    def _hang_up(self, flush: bool) -> None:
        if flush:
            self.transport.close()
        else:
            self.transport.abort()


def hang_up(scope: Scope, *, flush: bool) -> None:
    """Close a request's connection at once, or after what was written has gone out."""
    scope["extensions"][_HANG_UP]["call"](flush)


@asynccontextmanager
async def listen(app: ASGIApp, port: int) -> AsyncIterator[int]:
    """Serve `app` while the context lasts; gives the port (0 asks for a free one)."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
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
