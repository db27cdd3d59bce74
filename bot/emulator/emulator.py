"""One emulated Telegram with one bot: where the parts meet.

    emulator = Emulator(token="1:x", clock=clock, seed=1)
    async with emulator.serve():                  # emulator.base_url: "http://127.0.0.1:PORT/bot"
        anna = emulator.person("Anna", language_code="en")
        anna.start("invitation")
        await anna.watch("short check-in")
        await anna.tap("7").wait()

Owns the making of people and groups, serving, and waiting for quiet. Everything random comes
from the seed.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from bot.emulator.bell import Bell
from bot.emulator.calls import Calls
from bot.emulator.chats import Account, Chat, World
from bot.emulator.clock import Clock, RealClock
from bot.emulator.control_api import control_pages
from bot.emulator.face import Face
from bot.emulator.faults import Faults
from bot.emulator.flood import Flood, FloodLimits
from bot.emulator.journal import Journal
from bot.emulator.people import Group, Person
from bot.emulator.profile import Profile
from bot.emulator.server import ApiServer
from bot.emulator.updates import UpdateQueue
from bot.emulator.webhook import Webhook
from bot.emulator.wire import HOST, listen

#: A token for a bot that has none of its own; secret to nobody.
ANY_BOT = "1:emulator"


class Emulator:
    """A local Bot API server with people in it.

    token: what the bot must show; the digits before the colon are its user id. clock: see
    `bot.emulator.clock`, the machine's by default. seed: of everything random; None for a new
    one each time. strict: refuse unknown parameters and check every result. flood: limits on
    messages, none by default. loopback_webhook: let setWebhook take addresses of this machine.
    journal_file: a file to append the journal to; journal_keep: entries to keep in memory.
    """

    def __init__(
        self,
        token: str = ANY_BOT,
        clock: Clock | None = None,
        seed: int | None = None,
        *,
        username: str = "rapport_bot",
        first_name: str = "Rapport",
        strict: bool = True,
        flood: FloodLimits | None = None,
        loopback_webhook: bool = False,
        journal_file: Path | None = None,
        journal_keep: int | None = None,
    ) -> None:
        self.token = token
        self.clock = clock or RealClock()
        chance = random.Random(seed)
        self._chance = chance
        self.bell = Bell()
        self.journal = Journal(journal_keep, journal_file)
        self.faults = Faults(random.Random(chance.random()))
        queue = UpdateQueue(self.clock, chance, self.bell, self.journal, self.faults)
        bot = Account(int(token.partition(":")[0]), first_name, is_bot=True, username=username)
        self.world = World(bot, self.clock, chance, self.journal, queue)
        self.profile = self.world.profile = Profile()
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.port = 0
        self._serving: AbstractAsyncContextManager[int] | None = None
        calls = Calls(self.world, strict=strict, flood=Flood(flood) if flood else None)
        self._webhook = self.world.webhook = Webhook(
            self.world, calls.carry_out_unseen, loopback=loopback_webhook
        )
        self.face = Face(self, control_pages(self))
        self._server = ApiServer(token, self.world, calls, self.faults, self.face)

    @property
    def url(self) -> str:
        """The server's address, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    @property
    def base_url(self) -> str:
        """The address before the token, as python-telegram-bot wants it."""
        return f"http://{HOST}:{self.port}/bot"

    @property
    def file_url(self) -> str:
        """The address before the token of file downloads."""
        return f"http://{HOST}:{self.port}/file/bot"

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
        serving = listen(self._server, port)
        self.port = await serving.__aenter__()
        self._serving = serving
        self._webhook.resume()

    async def stop(self) -> None:
        """Stop serving: every connection is cut, nothing is forgotten."""
        if self._serving is not None:
            serving, self._serving = self._serving, None
            await self._webhook.pause()
            await serving.__aexit__(None, None, None)
            self.journal.close()

    def person(
        self,
        name: str,
        language_code: str | None = "en",
        username: str | None = None,
        id: int | None = None,
    ) -> Person:
        """Create somebody who has not started the bot yet; raises ValueError for an id in use."""
        if id is None:
            id = self._chance.randrange(10_000_000, 8_000_000_000)
        if id in self.world.accounts:
            raise ValueError(f"the id {id} is taken")
        account = Account(id, name, username=username, language_code=language_code)
        chat = Chat(account.id, "private", person=account)
        self.world.accounts[account.id] = account
        self.world.chats[chat.id] = chat
        person = Person(self.world, account, chat)
        self.people[person.id] = person
        return person

    def group(self, title: str) -> Group:
        """Create a group without the bot."""
        chat = Chat(-self._chance.randrange(100_000_000, 5_000_000_000), "group", title=title)
        self.world.chats[chat.id] = chat
        group = Group(self.world, chat)
        self.groups[group.id] = group
        return group

    def inject(self, update: dict[str, Any]) -> int:
        """Queue a raw update, however malformed; gives its id."""
        return self.world.queue.inject(update)

    @property
    def pending(self) -> int:
        """Number of updates the bot has not confirmed."""
        return self.world.queue.pending

    @property
    def polling(self) -> bool:
        """Whether a getUpdates call hangs right now, or a webhook stands in for it."""
        return self.world.queue.polling or self._webhook.target is not None

    async def quiet(self, timeout_seconds: float = 5.0) -> None:
        """Wait until nothing is pending, no call is under way and a poll hangs.

        Raises TimeoutError.
        """

        def is_quiet() -> bool:
            return self.polling and self.pending == 0 and self._server.busy == 0

        if not await self.bell.wait_for(is_quiet, timeout_seconds):
            raise TimeoutError(
                f"not quiet: {self.pending} pending, {self._server.busy} calls under way,"
                f" {'a poll hangs' if self.polling else 'nobody polls'}"
            )


async def serve_alone(emulator: Emulator, port: int) -> None:
    """Serve until SIGINT or SIGTERM; one line on standard output says when it is ready."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with emulator.serve(port) as base_url:
        sys.stdout.write(f"ready {base_url}\n")
        sys.stdout.flush()
        await stop.wait()
