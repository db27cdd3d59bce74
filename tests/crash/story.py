"""A short and dense story: two therapists, five clients, two weeks, everything the bot does.

Prompts, reminders and digests fall due while people tap, type, write, correct, snooze and do not
meet; one client blocks the bot for a day, one has everything erased, one stops; what was read is
told and answered, and the next check-in asks about it. Then time passes until all is over.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.core.timetable import to_utc
from tests.crash.killed_stage import ZONE, KilledStage
from tests.crash.people import Client, Ledger, Somebody, Therapist
from tests.world import World

#: Who meets whom, under which code, when; the check-in comes 80 minutes later.
PAIRS = {
    "Cora": ("Ben", "A1", "Mon 10:00"),
    "Anna": ("Ben", "A7", "Mon 15:00"),
    "Client 3": ("Ben", "A3", "Tue 10:00"),
    "Client 4": ("Ben", "A4", "Thu 15:00"),
    "Client 5": ("Dana", "D5", "Tue 15:00"),
}
PARTIES = {code: (client, therapist) for client, (therapist, code, _) in PAIRS.items()}
#: The hours (twenty past) at which something is due or somebody looks, by weekday.
_HOURS = {
    "Mon": (11, 12, 16, 17),
    "Tue": (8, 11, 16),
    "Wed": (8, 12, 16, 17),
    "Thu": (12, 16),
    "Fri": (15, 17, 18),
    "Sat": (12,),
}
_MONDAYS = ("2026-11-02", "2026-11-09")
STEPS = [
    (f"2026-11-{int(monday[-2:]) + day:02}", hour)
    for monday in _MONDAYS
    for day, hours in enumerate(_HOURS.values())
    for hour in hours
]
FIRST_WEEK = STEPS[: len(STEPS) // 2]
#: Long after: what was due is delivered, closed or expired by then.
_AFTERWARDS = ("2026-11-21", "2026-11-23")
_BLOCKS = ("2026-11-09", 17)
_UNBLOCKS = ("2026-11-11", 8)
_ERASES = ("2026-11-12", 16)
_STOPS = ("2026-11-13", 17)

Quirk = Callable[[], Awaitable[None]]


@dataclass
class Story:
    """The people, and what the story tells whoever listens. after: awaited at each step's end."""

    stage: KilledStage
    people: dict[str, Somebody]
    ledger: Ledger
    begins: Callable[[], None]
    after: Callable[[], Awaitable[None]]

    async def play(self, steps: list[tuple[str, int]] = STEPS) -> None:
        """Everybody at the same time, from hour to hour, and then time passes."""
        for on, hour in steps:
            await self._step(on, hour)
        for on in _AFTERWARDS:
            self.stage.clock.advance_to(to_utc(on, "12:00", ZONE))
            self.begins()
            await self.stage.settle()
            await self.after()

    async def _step(self, on: str, hour: int) -> None:
        self.stage.clock.advance_to(to_utc(on, f"{hour:02}:20", ZONE))
        self.begins()
        if (on, hour) == _BLOCKS:
            self.people["Client 3"].phone.block()
        if (on, hour) == _UNBLOCKS:
            self.people["Client 3"].phone.unblock()
        await self.stage.settle()
        async with asyncio.TaskGroup() as together:
            for somebody in self.people.values():
                together.create_task(self._use_the_phone(somebody))
        eraser, stopper = self.people["Client 4"], self.people["Client 5"]
        if (on, hour) == _ERASES and isinstance(eraser, Client):
            await eraser.erase()
        if (on, hour) == _STOPS and isinstance(stopper, Client):
            await stopper.stop()
        await self.stage.settle()  # Telegram forgets a tap after 150 seconds of this clock
        await self.after()

    async def _use_the_phone(self, somebody: Somebody) -> None:
        somebody.look()
        while await somebody.attend():
            pass


async def enrol(stage: KilledStage, chance: random.Random, ledger: Ledger) -> dict[str, Somebody]:
    """Everybody joins and all sessions come into the timetable; nobody is killed yet."""
    world = World(stage)
    people: dict[str, Somebody] = {}
    for name, (therapist, code, meets) in PAIRS.items():
        client, other = await world.pair(name, therapist, code, meets)
        own = random.Random(chance.random())
        people[name] = Client(stage.emulator, client.phone, own, ledger)
        if therapist not in people:
            own = random.Random(chance.random())
            people[therapist] = Therapist(stage.emulator, other.phone, own, ledger)
    return people


@contextmanager
def bad_network(stage: KilledStage, chance: random.Random) -> Iterator[None]:
    """A wire on which some calls, before or after they are carried out, go wrong by chance."""
    faults = stage.emulator.faults
    faults.repeat_updates = 0.2
    weight = chance.choice((0.2, 0.6, 1.0))
    for kind, method, how in (
        ("drop", "sendMessage", {"stage": "after", "chance": 0.06}),
        ("drop", "sendMessage", {"chance": 0.04}),
        ("not_json", "sendMessage", {"chance": 0.03}),
        ("cut_body", "sendMessage", {"chance": 0.03}),
        ("status", "sendMessage", {"status": 500, "chance": 0.03}),
        ("status", "sendMessage", {"status": 502, "stage": "after", "chance": 0.03}),
        ("status", "sendMessage", {"status": 429, "retry_after": 2, "chance": 0.05}),
        ("status", None, {"status": 429, "retry_after": 2, "chance": 0.02}),
        ("drop", "editMessageText", {"chance": 0.05}),
        ("drop", "editMessageText", {"stage": "after", "chance": 0.05}),
        ("drop", "answerCallbackQuery", {"chance": 0.05}),
        ("cut_body", "getUpdates", {"chance": 0.05}),
        ("status", "getUpdates", {"status": 502, "chance": 0.03}),
        ("cut_body", "setWebhook", {"chance": 0.1}),
        ("status", "getWebhookInfo", {"status": 502, "chance": 0.1}),
        ("delay", "sendMessage", {"stage": "after", "seconds": 0.02, "chance": 0.3}),
    ):
        how = {**how, "chance": how["chance"] * weight}
        faults.add(kind, method=method, **how)  # type: ignore[arg-type]
    try:
        yield
    finally:
        faults.clear()
