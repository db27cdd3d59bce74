"""Distance: a way to a server on which everything that is said takes its time, in both directions.

Bytes keep their order and are not slowed down, only late, as on a long line; opening a connection
takes no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def far_from(port: int, round_trip_seconds: float, own_port: int = 0) -> AsyncIterator[int]:
    """Give a port of 127.0.0.1 that leads to another one, so far away."""

    one_way = round_trip_seconds / 2
    carrying: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        for carried in (_carried(reader, back, one_way), _carried(there, writer, one_way)):
            carrying.add(asyncio.create_task(carried))

    server = await asyncio.start_server(connected, "127.0.0.1", own_port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)


async def _carried(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
) -> None:
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while said := await reader.read(1 << 16):
            loop.call_later(seconds, writer.write, said)
    loop.call_later(seconds, writer.close)
