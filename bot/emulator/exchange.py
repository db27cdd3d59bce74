"""The HTTP side of one request: reading its body, answering it, noticing that nobody waits."""

from __future__ import annotations

from starlette.types import Message, Receive, Send

BODY_LIMIT_BYTES = 60 * 1024 * 1024

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
        piece: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(piece)
        if size <= BODY_LIMIT_BYTES:
            pieces.append(piece)
    return b"".join(pieces) if size <= BODY_LIMIT_BYTES else None


async def client_left(receive: Receive) -> None:
    """Wait until the connection is closed."""
    message: Message = {"type": ""}
    while message["type"] != "http.disconnect":
        message = await receive()


async def answer(send: Send, status: int, body: bytes, *headers: Header) -> None:
    """Send a whole answer."""
    await start_answer(send, status, len(body), *headers)
    await send({"type": "http.response.body", "body": body})


async def start_answer(send: Send, status: int, length: int, *headers: Header) -> None:
    """Send the head of an answer whose body will have `length` bytes."""
    size = (b"content-length", str(length).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, size]})
