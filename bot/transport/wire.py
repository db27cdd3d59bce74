"""HTTP/1.1 as far as the Bot API needs it: a request out, its answer in, on kept connections.

Owns the connections, their times and the knowledge whether a request can have left. Refuses to
repeat a request, to follow where an answer leads, and to ask for packed answers. A general client
was measured to cost three times as much per call, and nine MiB (docs/performance.md).
"""

from __future__ import annotations

import asyncio
import base64
import select
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast
from urllib.parse import unquote, urlsplit

import httptools

#: Shorter than any usual server's idle limit (75 s in nginx), so that it is us who let go of an
#: idle connection and a request rarely meets one that the server is closing.
_KEEP_ALIVE_SECONDS: Final = 30.0
#: One as short as this is handed to the socket in one piece: it leaves, or nothing of it does.
_ONE_WRITE_BYTES: Final = 60_000
#: When a host's first address has not answered for so long, its next is tried beside (RFC 8305).
_NEXT_ADDRESS_SECONDS: Final = 0.25


class NotSent(Exception):
    """Not a byte of a request has left; says why in one word."""


class Unanswered(Exception):
    """A request may have left, and no whole answer has come; says why in one word."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. retry_after: that header, empty where it did not say."""

    status: int
    retry_after: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: to get a connection, of silence while an answer is waited for, and in all."""

    connecting: float
    silence: float
    whole: float


class _Connection(asyncio.Protocol):
    """One connection with one exchange at a time; closed after whatever went wrong on it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._loop = asyncio.get_running_loop()
        self._transport = cast(asyncio.Transport, None)  # there from `connection_made` on
        self._news = select.poll()
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._has_head = False
        self._timer: asyncio.TimerHandle | None = None
        self._silence = self._ends_at = self._heard_at = 0.0
        self._free_since = self._loop.time()

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it, as far as the event loop knows."""
        return not self._transport.is_closing()

    def is_usable(self) -> bool:
        """Tell whether a request may go out here: the server has not said goodbye meanwhile.

        While this process is busy its goodbye waits unread in the kernel, so that is asked.
        """
        return (
            self.is_open
            and self._loop.time() - self._free_since < _KEEP_ALIVE_SECONDS
            and not self._news.poll(0)
        )

    def close(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    async def exchange(self, request: bytes, limits: Limits) -> Answer:
        """Send a request and give its answer. Errors: `NotSent`, `Unanswered`."""
        self._begin()
        self._transport.write(request)
        if not self.is_open and len(request) <= _ONE_WRITE_BYTES:
            raise NotSent("ConnectionLost")
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._answer = answer
        self._silence, self._heard_at = limits.silence, self._loop.time()
        self._ends_at = self._heard_at + limits.whole
        self._look()
        try:
            return await answer
        finally:
            self._free_since = self._loop.time()
            if self._timer is not None:
                self._timer.cancel()
            if answer.cancelled() or answer.exception() is not None:
                self._transport.abort()

    def _begin(self) -> None:
        self._headers, self._body, self._has_head = {}, [], False

    def _look(self) -> None:
        """See whether the server has been silent, or has gone on, for too long."""
        due = min(self._heard_at + self._silence, self._ends_at)
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._look)
        else:
            self._fail("ReadTimeout")

    def _fail(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Unanswered(why))

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._news.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Take a piece of an answer; what answers no request ends the connection."""
        if self._answer is None or self._answer.done():
            self._transport.abort()
            return
        self._heard_at = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("NoHttp")
            self._transport.abort()

    def eof_received(self) -> None:
        """Take an answer that does not say how long it is for whole."""
        has_length = {b"content-length", b"transfer-encoding"} & self._headers.keys()
        if self._has_head and not has_length:
            self.on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what was under way."""
        self._fail("ConnectionLost")

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Note that the body comes now."""
        self._has_head = True

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        self._body.append(piece)

    def on_message_complete(self) -> None:
        """Give the answer, unless it only says that there will be one."""
        if self._answer is None or self._answer.done():
            self._transport.abort()  # more answers than requests
            return
        status = self._parser.get_status_code()
        if status < 200:
            self._begin()
            return
        if not self._parser.should_keep_alive():
            self._transport.close()
        after = self._headers.get(b"retry-after", b"").decode("latin-1")
        self._answer.set_result(Answer(status, after, b"".join(self._body)))


class Wire:
    """At most `connections` connections, each used again while its server keeps it open.

    agent: what we call ourselves.
    """

    def __init__(self, connections: int, agent: str) -> None:
        self._agent = agent
        self._places = asyncio.Semaphore(connections)
        #: The one used last is taken first, so that those not needed grow old.
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self._is_closed = False

    def close(self) -> None:
        """End every connection; what is under way ends as unanswered."""
        self._is_closed = True
        for connection in (*self._idle, *self._busy):
            connection.close()
        self._idle.clear()

    async def exchange(
        self, method: str, url: str, kind: str, body: bytes, limits: Limits
    ) -> Answer:
        """Make one request and give its answer, whatever its status.

        url: with all quoted in it that has to be. kind: the body's media type, empty where there is
        no body. Errors: `NotSent`, `Unanswered`.
        """
        origin, path = _parted(url)
        typed = f"Content-Type: {kind}\r\n" if kind else ""
        head = (
            f"{method} {path} HTTP/1.1\r\n{_server(origin).headers}User-Agent: {self._agent}\r\n"
            f"{typed}Content-Length: {len(body)}\r\n\r\n"
        )
        connection = await self._taken(origin, limits.connecting)
        self._busy.add(connection)
        try:
            return await connection.exchange(head.encode("ascii") + body, limits)
        finally:
            self._busy.discard(connection)
            if connection.is_open:
                self._idle.append(connection)
            self._places.release()

    async def _taken(self, origin: str, within_seconds: float) -> _Connection:
        """Give a connection that nobody else has. Errors: `NotSent`."""
        if not self._places.locked():  # then this waits for nobody
            await self._places.acquire()
            if (kept := self._kept(origin)) is not None:
                return kept
            self._places.release()
        try:
            async with asyncio.timeout(within_seconds):
                await self._places.acquire()
                try:
                    return self._kept(origin) or await self._opened(origin)
                except BaseException:
                    self._places.release()
                    raise
        except TimeoutError:
            raise NotSent("ConnectionTimeout") from None
        except OSError as problem:  # refused, no route, no such name, TLS refused
            raise NotSent(type(problem).__name__) from None

    def _kept(self, origin: str) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.origin == origin and connection.is_usable():
                return connection
            connection.close()
        return None

    async def _opened(self, origin: str) -> _Connection:
        if self._is_closed:
            raise NotSent("Closed")
        server = _server(origin)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(origin),
            server.host,
            server.port,
            ssl=_tls() if server.is_safe else None,
            happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
        )
        return connection


@dataclass(frozen=True, slots=True)
class _Server:
    """Where a server is, whether it is spoken to by TLS, and the headers that each request has."""

    host: str
    port: int
    is_safe: bool
    headers: str


@lru_cache(maxsize=8)
def _server(origin: str) -> _Server:
    """Read an origin, `https://host:port`. Errors: `NotSent`."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port
    except ValueError:  # half a bracket, or a port that is none
        raise NotSent("InvalidURL") from None
    if not host or parts.scheme not in ("http", "https"):
        raise NotSent("InvalidURL")
    is_safe = parts.scheme == "https"
    headers = f"Host: {parts.netloc.rpartition('@')[2]}\r\n"
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers += f"Authorization: Basic {base64.b64encode(pair).decode('ascii')}\r\n"
    return _Server(host, port or (443 if is_safe else 80), is_safe, headers)


def _parted(url: str) -> tuple[str, str]:
    """Part an address into its origin and its path. Errors: `NotSent`."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise NotSent("InvalidURL")
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    return f"{scheme}://{authority}", f"/{path}"


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
