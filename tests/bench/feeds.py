"""What a calendar costs: 60 endless weekly series and 3,000 events, read while people wait.

The probe does what a tap does to the program: it waits its turn on the event loop and writes one
durable transaction. Its times are taken with and without a reading beside it, in turns. Then the
same is asked of real taps (feed_taps).
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from bot.app import RandomIds, SystemClock, open_database
from bot.config import load
from bot.core.feeds import Source
from bot.demo.stage import write_config
from bot.feeds.syncing import Syncing
from bot.services.feeds import Feeds
from bot.services.following import Following
from bot.store.database import Database
from bot.store.practice import advance_clock
from tests.bench import feed_taps
from tests.bench.practice import found
from tests.bench.table import Figure
from tests.feeds.ics_text import calendar
from tests.feeds.web import serving

_SERIES, _EVENTS, _ROUNDS = 60, 3000, 5


def measure() -> list[Figure]:
    """Measure with a new practice."""
    with tempfile.TemporaryDirectory() as name:
        figures = asyncio.run(_measure(Path(name)))
    return [*figures, *feed_taps.measure(_large())]


def _large() -> bytes:
    """Write the calendar; its events lie within two years around today, in working hours."""
    today = date.today()  # noqa: DTZ011 - any day will do
    monday = today - timedelta(days=today.weekday() + 364)
    series = [
        f"UID:s{n}\nDTSTART;TZID=Europe/Berlin:{monday + timedelta(days=n % 5):%Y%m%d}"
        f"T{8 + n // 5 % 12:02}0000\nDURATION:PT50M\nRRULE:FREQ=WEEKLY\nCATEGORIES:client:X{n}"
        for n in range(_SERIES)
    ]
    events = [
        f"UID:e{n}\nDTSTART;TZID=Europe/Berlin:{monday + timedelta(days=n % 728):%Y%m%d}"
        f"T{8 + n % 12:02}0000\nDURATION:PT50M\nSUMMARY:Event number {n}"
        for n in range(_EVENTS)
    ]
    return calendar(*series, *events)


async def _measure(folder: Path) -> list[Figure]:
    extra = '[calendar]\nprivate_addresses = true\n[log]\nlevel = "error"\n'
    settings = load(write_config(folder, "http://127.0.0.1:9/bot", extra=extra))
    clock, ids = SystemClock(), RandomIds()
    await found(settings, clock, therapists=1, each=50)
    db = await open_database(settings, clock)
    body = _large()
    try:
        async with serving() as site:
            site.pages["/large.ics"] = body
            feeds, following = Feeds(db, clock, ids, settings), Following(db, clock, ids, settings)
            feed_id = await feeds.add(None, Source("Large", site.at("/large.ics")))
            await feeds.accept(feed_id, None)
            syncing = Syncing(following, settings)

            async def unchanged() -> float:
                times = []
                for _ in range(20):
                    job = await following.job(feed_id)
                    assert job is not None
                    started = time.process_time()
                    assert await syncing.sync(replace(job, is_whole=False)) is None
                    times.append(time.process_time() - started)
                return statistics.median(times) * 1000

            async def whole() -> None:
                job = await following.job(feed_id)
                assert job is not None
                result = await syncing.sync(job)
                assert not isinstance(result, Exception), result

            figures = await _compare(db, whole)
            return [*figures, Figure("an unchanged calendar", await unchanged(), "ms", 20)]
    finally:
        await db.close()


async def _compare(db: Database, whole: Callable[[], Awaitable[None]]) -> list[Figure]:
    await whole()
    alone: list[float] = []
    beside: list[float] = []
    cpu: list[float] = []
    for _ in range(_ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        reading = asyncio.create_task(whole())
        started = time.perf_counter()
        while not reading.done():
            beside.append(await _probe(db))
        lasted = time.perf_counter() - started
        await reading
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        until = time.perf_counter() + lasted
        while time.perf_counter() < until:
            alone.append(await _probe(db))
    return [
        Figure("CPU of a whole reading", statistics.median(cpu), "s", 2.0),
        Figure("p95 of a write alone", _p95(alone) * 1000, "ms"),
        Figure("p95 of a write beside it", _p95(beside) * 1000, "ms"),
        Figure("longest write beside it", max(beside) * 1000, "ms"),
    ]


async def _probe(db: Database) -> float:
    await asyncio.sleep(0.005)
    started = time.perf_counter()
    await asyncio.sleep(0)
    await db.write(lambda tx: advance_clock(tx, 1))
    return time.perf_counter() - started


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
