"""The emulator in a process of its own, and the other end of its `/_control`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

_ERRORS: dict[str, type[Exception]] = {
    error.__name__: error
    for error in (KeyError, LookupError, PermissionError, TimeoutError, TypeError, ValueError)
}


class Control:
    """What a test in another process or language would write in a few lines."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        parts = urlsplit(url)
        self._root = f"{parts.scheme}://{parts.netloc}/_control/"
        self._session = session

    async def ask(self, act: str, **how: Any) -> Any:
        """Do one act and give its result; raises what the act raised."""
        async with self._session.post(self._root + act, data=orjson.dumps(how)) as response:
            reply = orjson.loads(await response.read())
        if "error" in reply:
            raise _ERRORS[reply["error"]](reply["message"])
        return reply["result"]


@asynccontextmanager
async def run_apart(*options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run `rapport emulator` on a free port; gives the process and its `base_url`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "emulator", "--port", "0", *options),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    word, url = (await process.stdout.readline()).decode().split()
    assert word == "ready"
    try:
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
