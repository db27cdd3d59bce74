"""The socket that Telegram's calls come in by, and what a stranger can do to it: nothing.

Owns listening, the time and the room a request's head may take, how many may be connected, and
closing. Speaks no TLS: a web server in front does. uvicorn's protocol does the HTTP; its `Server`
is not used, because it takes over signal handlers and closes at leisure.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from ipaddress import ip_address
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bot.core.errors import CannotListen

_HEAD_SECONDS: Final = 10.0
_HEAD_BYTES: Final = 32 * 1024
#: Longer than a web server in front keeps an idle connection (60 s in nginx), so that it is the
#: other side that lets go and no request meets a connection being closed.
_KEEP_ALIVE_SECONDS: Final = 75
_MOST_CONNECTIONS: Final = 250
_CUT_SECONDS: Final = 1.0


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which lets go of whoever does not come to the point."""

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES:
                self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._head_is_there()
        super().on_headers_complete()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(_HEAD_SECONDS, self.transport.abort)

    def _head_is_there(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer, self._head_bytes = None, 0


class Listening:
    """An open door; make it with `listen`, then `shut` it and, in the end, `cut`."""

    def __init__(self, server: asyncio.Server, state: ServerState) -> None:
        self._server = server
        self._state = state

    def shut(self) -> None:
        """Let nobody in any more; whoever is being served stays until it is answered."""
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()

    async def cut(self) -> None:
        """Close every connection and end what is still being done for one."""
        self._server.close()
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CUT_SECONDS)


async def listen(app: ASGIApp, host: str, port: int) -> Listening:
    """Serve `app` at an IP address of this machine. Errors: `CannotListen`."""
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
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )
    config.load()
    state = ServerState()
    listener = _socket(host, port)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Protocol(config, state, {}), sock=listener
    )
    return Listening(server, state)


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY; without it an answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        said = os.strerror(problem.errno or errno.EINVAL)
        raise CannotListen(f"{host} port {port} cannot be listened on: {said}") from problem
    return listener
