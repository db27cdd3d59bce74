"""The emulated Telegram, served: what the demo, the tests and the command line start.

emulator = Emulator(token="1:x", clock=clock, seed=1)
async with emulator.serve():                  # emulator.base_url: "http://127.0.0.1:PORT/bot"
    anna = emulator.person("Anna", language_code="en")
    anna.start("invitation")
    await anna.watch("short check-in")
    await anna.tap("7").wait()
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property

from bot.emulator.control_api import control_pages
from bot.emulator.face import Face
from bot.emulator.server import ApiServer
from bot.emulator.town import Town
from bot.emulator.wire import HOST, listen


class Emulator(Town):
    """A local Bot API server with people in it; see `Town` for how it is made."""

    port = 0
    _serving: AsyncExitStack | None = None

    @cached_property
    def face(self) -> Face:
        """The page of the phones, to which a demo may add its own."""
        return Face(self, control_pages(self))

    @property
    def url(self) -> str:
        """The server's address, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    @property
    def base_url(self) -> str:
        """The address before the token, as python-telegram-bot wants it."""
        return f"{self.url}/bot"

    @property
    def file_url(self) -> str:
        """The address before the token of file downloads."""
        return f"{self.url}/file/bot"

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on 127.0.0.1 while the context lasts (0: a free port); gives `base_url`."""
        await self.start(port)
        try:
            yield self.base_url
        finally:
            await self.stop()

    async def start(self, port: int = 0) -> None:
        """Begin to serve; the state of an earlier time of serving is still there."""
        if self._serving is not None:
            raise RuntimeError("this emulator is being served already")
        serving = AsyncExitStack()
        server = ApiServer(self, self.face)
        self.port = await serving.enter_async_context(listen(server, port))
        self._serving = serving
        self.calls.webhook.resume()

    async def stop(self) -> None:
        """Stop serving: every connection is cut, nothing is forgotten."""
        if self._serving is not None:
            serving, self._serving = self._serving, None
            await self.calls.webhook.pause()
            await serving.aclose()
            self.journal.close()


async def serve_alone(emulator: Emulator, port: int) -> None:
    """Serve until SIGINT or SIGTERM; one line on standard output says when it is ready."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with emulator.serve(port) as base_url:
        sys.stdout.write(f"ready {base_url}\n")
        sys.stdout.flush()
        await stop.wait()
