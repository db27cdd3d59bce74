"""A far server is as far as was said: there and back, for each word, and nothing is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bench.far import far_from

_ROUND_TRIP_SECONDS = 0.2


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """Give the port of a server that says back what it hears."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while heard := await reader.read(1 << 16):
            writer.write(heard)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _asked(port: int, words: bytes) -> tuple[bytes, float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(words)
    heard = await reader.readexactly(len(words))
    took = time.monotonic() - began
    writer.close()
    return heard, took


async def test_a_far_server_answers_after_the_way_there_and_back() -> None:
    async with echo() as near, far_from(near, _ROUND_TRIP_SECONDS) as far:
        heard, took = await _asked(far, b"how far?")
        _, near_took = await _asked(near, b"how far?")
    assert heard == b"how far?"
    assert took >= _ROUND_TRIP_SECONDS
    assert near_took < took


async def test_many_words_keep_their_order_and_do_not_wait_for_each_other() -> None:
    words = bytes(range(256)) * 4_000
    async with echo() as near, far_from(near, _ROUND_TRIP_SECONDS) as far:
        reader, writer = await asyncio.open_connection("127.0.0.1", far)
        began = time.monotonic()
        for start in range(0, len(words), 64_000):
            writer.write(words[start : start + 64_000])
        assert await reader.readexactly(len(words)) == words
        # Sixteen pieces: one after the other they would take as many ways.
        assert time.monotonic() - began < 8 * _ROUND_TRIP_SECONDS
        writer.close()


async def test_what_the_server_says_last_arrives_and_then_the_end() -> None:
    async def part(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"that is all")
        writer.close()

    async with await asyncio.start_server(part, "127.0.0.1", 0) as server:
        near = server.sockets[0].getsockname()[1]
        async with far_from(near, _ROUND_TRIP_SECONDS) as far:
            reader, writer = await asyncio.open_connection("127.0.0.1", far)
            async with asyncio.timeout(10):
                assert await reader.read() == b"that is all"
            writer.close()
