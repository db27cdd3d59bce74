"""How many calls the emulator answers on one core, with a hundred chats, and what it occupies.

Every chat has its own connection and bot: it sends a formatted message with a keyboard, shows
that it types, edits the message, and begins again. Parameters and results are checked and the
journal is kept, as always.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from urllib.parse import urlencode, urlsplit

import orjson

from bot.demo.stage import TOKEN
from tests.bench.processes import cpu_seconds, emulator, resident_mib
from tests.bench.table import Figure

_CHATS, _ROUNDS = 100, 100
_CALLS = 3 * _CHATS * _ROUNDS
_CORE = 0
_LENGTH = re.compile(rb"content-length: (\d+)")
_KEYBOARD = orjson.dumps(
    {"inline_keyboard": [[{"text": str(n), "callback_data": f"rate:{n}"} for n in range(6)]]}
).decode()


def measure() -> list[Figure]:
    """Measure `rapport emulator` as it is started."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    async with emulator() as (base_url, telegram, pid):
        os.sched_setaffinity(pid, {_CORE})
        people = [await telegram.ask("person", name="Client") for _ in range(_CHATS)]
        for person in people:
            await telegram.ask("start", id=person["id"])
        empty, cpu, began = resident_mib(pid), cpu_seconds(pid), time.monotonic()
        await asyncio.gather(*(_talk(base_url, person["id"]) for person in people))
        seconds, cpu = time.monotonic() - began, cpu_seconds(pid) - cpu
        full = resident_mib(pid)
        refused = [
            entry for entry in await telegram.ask("journal", after=_CALLS) if not entry["done"]
        ]
    if refused:
        raise RuntimeError(f"refused: {refused[0]}")
    return [
        Figure("processor per call", 1000 * cpu / _CALLS, "ms", 1.0),
        Figure("calls on one core", _CALLS / cpu, "/s", note="a second of processor time"),
        Figure("calls", _CALLS / seconds, "/s", note=f"by the clock, {_CALLS} calls"),
        Figure("resident memory with 100 chats", empty, "MiB"),
        Figure(f"after {_CALLS} calls", full, "MiB", 80.0, note=f"{_CHATS * _ROUNDS} messages"),
    ]


async def _talk(base_url: str, chat: int) -> None:
    parts = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)

    async def call(method: str, **params: object) -> bytes:
        body = urlencode({"chat_id": chat, **params}).encode()
        head = (
            f"POST /bot{TOKEN}/{method} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(answer)
        assert found
        return await reader.readexactly(int(found[1]))

    for number in range(_ROUNDS):
        text = {"text": f"<b>Question {number}</b>: how was it?", "parse_mode": "HTML"}
        sent = orjson.loads(await call("sendMessage", **text, reply_markup=_KEYBOARD))
        await call("sendChatAction", action="typing")
        await call("editMessageText", message_id=sent["result"]["message_id"], text="Thank you.")
    writer.close()
