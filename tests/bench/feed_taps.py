"""What a person who taps notices of a large calendar that is read meanwhile.

The whole program in a process of its own, a Telegram beside it, and people who tap again shortly
after their screen has changed. A tap lasts from the finger to the changed screen. In turns a
calendar is read, which is let happen by its row, and is not.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.app import RandomIds, SystemClock, open_database
from bot.config import Settings, load
from bot.core.feeds import Source
from bot.demo.stage import TOKEN
from bot.emulator import Emulator, Person
from bot.emulator.phone import look_at
from bot.services.feeds import Feeds
from tests.bench.practice import found, open_checkins, settings_in
from tests.bench.processes import running
from tests.bench.table import Figure
from tests.feeds.web import Site, serving

_PEOPLE, _CHECKINS, _TAPS, _ROUNDS = 3, 60, 6, 3
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 60.0
_BOT_CORE, _OTHER_CORE = 0, 1


@dataclass
class _Taps:
    """times: each tap's begin and length, in seconds. spans: when the calendar was read."""

    times: list[tuple[float, float]] = field(default_factory=list)
    spans: list[tuple[float, float]] = field(default_factory=list)

    def p95(self, *, beside: bool) -> tuple[float, int]:
        """Give the p95 in ms of those that a reading was beside, or not, and how many these are."""
        chosen = [
            lasted
            for at, lasted in self.times
            if any(begin <= at + lasted and at <= end for begin, end in self.spans) is beside
        ]
        return statistics.quantiles(chosen, n=20)[-1] * 1000, len(chosen)


def measure(body: bytes) -> list[Figure]:
    """Measure with a new practice. body: the calendar."""
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as name:
        try:
            return asyncio.run(_measure(Path(name), body))
        finally:
            os.sched_setaffinity(0, cores)


async def _measure(folder: Path, body: bytes) -> list[Figure]:
    clock, telegram, taps = SystemClock(), Emulator(token=TOKEN, seed=1), _Taps()
    async with telegram.serve(), serving() as site:
        site.pages["/large.ics"] = body
        settings_in(folder, telegram.base_url)
        with (folder / "config.toml").open("a", encoding="utf-8") as more:
            more.write("\n[calendar]\nprivate_addresses = true\n")
        settings = load(folder / "config.toml")
        couples = await found(settings, clock, therapists=1, each=_PEOPLE)
        people = [telegram.person("Client", id=couple.telegram_id) for couple in couples]
        for person in people:
            person.start()
        await open_checkins(settings, clock, couples, _CHECKINS)
        await _followed(settings, site)
        # The processes that read are the bot's children: they have its core, or none is free.
        command = [sys.executable, "-m", "tests.bench.bot_process", str(folder / "config.toml")]
        if {_BOT_CORE, _OTHER_CORE} <= os.sched_getaffinity(0):
            os.sched_setaffinity(0, {_OTHER_CORE})
        with running(command, _BOT_CORE):
            await _asked(telegram, people)
            tapping = [asyncio.create_task(_tap(telegram, one, taps)) for one in people]
            await _read_now_and_then(settings, site, taps)
            for task in tapping:
                task.cancel()
            await asyncio.gather(*tapping, return_exceptions=True)
    (beside, many), (alone, more_taps) = taps.p95(beside=True), taps.p95(beside=False)
    lasted = statistics.median(end - begin for begin, end in taps.spans)
    return [
        Figure("p95 of a tap alone", alone, "ms", note=f"{more_taps} taps"),
        Figure("p95 of a tap beside a reading", beside, "ms", note=f"{many} taps"),
        Figure("a reading on the bot's own core", lasted, "s", note="people tap meanwhile"),
    ]


async def _followed(settings: Settings, site: Site) -> None:
    db = await open_database(settings, SystemClock())
    try:
        feeds = Feeds(db, SystemClock(), RandomIds(), settings)
        await feeds.accept(await feeds.add(None, Source("Large", site.at("/large.ics"))), None)
        await db.write(lambda tx: tx.run("UPDATE feed SET due_at = :never", never=2**62))
    finally:
        await db.close()


async def _asked(telegram: Emulator, people: list[Person]) -> None:
    def all_there() -> bool:
        return all(len(_prompts(telegram, one)) == _CHECKINS for one in people)

    if not await telegram.bell.wait_for(all_there, _PATIENCE_SECONDS):
        raise TimeoutError("not everybody was asked")
    await telegram.quiet()


def _prompts(telegram: Emulator, person: Person) -> list[int]:
    messages = telegram.world.chats[person.id].messages.values()
    seen = [look_at(telegram.world, message) for message in messages]
    return [s.message_id for s in seen if any(data.startswith("rate.") for data in s.tappable)]


async def _tap(telegram: Emulator, person: Person, taps: _Taps) -> None:
    for message_id in _prompts(telegram, person):
        message = telegram.world.chats[person.id].messages[message_id]
        for _ in range(_TAPS):
            seen, before = look_at(telegram.world, message), message.keyboard
            eights = [data for data in seen.tappable if data.startswith("rate.")][8:9]
            passes = [data for data in seen.tappable if data.startswith("pass.")]
            begun = time.monotonic()
            tap = person.tap((eights or passes)[0], seen)
            await telegram.bell.wait_for(
                lambda tap=tap, before=before, message=message: (
                    tap.answered and message.keyboard is not before
                ),
                _PATIENCE_SECONDS,
            )
            taps.times.append((begun, time.monotonic() - begun))
            await asyncio.sleep(_PAUSE_SECONDS * random.uniform(0.5, 1.5))


async def _read_now_and_then(settings: Settings, site: Site, taps: _Taps) -> None:
    """Let the calendar be read as a whole, and then not for as long, some times."""
    rows = sqlite3.connect(settings.database.path, isolation_level=None, timeout=10)
    for _ in range(_ROUNDS):
        now = time.time_ns() // 1_000_000
        rows.execute("UPDATE feed SET due_at = ?, planned_on = NULL, seen = NULL", (now,))
        # The tick that looks comes within two seconds, and then asks the server.
        asked = len(site.asked)
        await _until(lambda asked=asked: len(site.asked) > asked)
        begun = time.monotonic()
        await _until(
            lambda now=now: rows.execute("SELECT tried_at >= ? FROM feed", (now,)).fetchone()[0]
        )
        ended = time.monotonic()
        taps.spans.append((begun, ended))
        rows.execute("UPDATE feed SET due_at = ?", (2**62,))
        await asyncio.sleep(ended - begun)
    rows.close()


async def _until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not is_so():
            await asyncio.sleep(0.01)
