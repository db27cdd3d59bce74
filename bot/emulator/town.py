"""One emulated Telegram with one bot and its people, complete but for the socket.

Owns the making of people and groups, and waiting for quiet. Everything random comes from the
seed.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from bot.emulator.bell import Bell
from bot.emulator.calls import Calls
from bot.emulator.chats import Account, Chat
from bot.emulator.clock import Clock, RealClock
from bot.emulator.faults import Faults
from bot.emulator.flood import Flood, FloodLimits
from bot.emulator.journal import Journal
from bot.emulator.people import Group, Person
from bot.emulator.updates import UpdateQueue
from bot.emulator.world import World

#: A token for a bot that has none of its own; secret to nobody.
ANY_BOT = "1:emulator"


class Town:
    """The world, everybody in it, and what carries out the bot's calls.

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
        self.bell = Bell()
        self.journal = Journal(journal_keep, journal_file)
        self.faults = Faults(random.Random(chance.random()))
        queue = UpdateQueue(self.clock, chance, self.bell, self.journal, self.faults)
        bot = Account(int(token.partition(":")[0]), first_name, is_bot=True, username=username)
        self.world = World(bot, self.clock, chance, self.journal, queue)
        self.people: dict[int, Person] = {}
        self.calls = Calls(
            self.world,
            strict=strict,
            flood=Flood(flood) if flood else None,
            loopback_webhook=loopback_webhook,
        )

    def person(
        self,
        name: str,
        language_code: str | None = "en",
        username: str | None = None,
        id: int | None = None,
    ) -> Person:
        """Create somebody who has not started the bot yet; raises ValueError for an id in use."""
        if id is None:
            id = self.world.chance.randrange(10_000_000, 8_000_000_000)
        if id in self.world.accounts:
            raise ValueError(f"the id {id} is taken")
        account = Account(id, name, username=username, language_code=language_code)
        chat = Chat(id, "private", person=account)
        self.world.accounts[id], self.world.chats[id] = account, chat
        person = self.people[id] = Person(self.world, account, chat)
        self.bell.ring()
        return person

    def group(self, title: str) -> Group:
        """Create a group without the bot."""
        chat = Chat(-self.world.chance.randrange(100_000_000, 5_000_000_000), "group", title=title)
        self.world.chats[chat.id] = chat
        return Group(self.world, chat)

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
        return self.world.queue.polling or self.calls.webhook.target is not None

    async def quiet(self, timeout_seconds: float = 5.0) -> None:
        """Wait until nothing is pending, no call is under way and a poll hangs.

        Raises TimeoutError.
        """

        def is_quiet() -> bool:
            return self.polling and self.pending == 0 and self.calls.busy == 0

        if not await self.bell.wait_for(is_quiet, timeout_seconds):
            raise TimeoutError(
                f"not quiet: {self.pending} pending, {self.calls.busy} calls under way,"
                f" {'a poll hangs' if self.polling else 'nobody polls'}"
            )
