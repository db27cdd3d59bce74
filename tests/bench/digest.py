"""A large digest, forty clients with a year of weeks each, and what a tap feels of its making.

Facts are what the database tells, judging is what is made of them. Both are done in the database's
thread; how long the event loop and a tap in the meantime wait is measured with the real services.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.app import App, build
from bot.core.conversation import Rate
from bot.core.digest import digest_of, pages_of
from bot.core.sessions import Window
from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock
from bot.emulator import Emulator
from bot.store.database import Transaction
from bot.views.reader import Reader
from tests.bench.history import fill
from tests.bench.practice import HOUR, ZONE, Couple, found, making_of, open_checkins, settings_in
from tests.bench.table import Figure
from tests.transactions import writing

_CLIENTS, _WEEKS = 40, 52
_FROM = to_utc("2026-11-13", "17:00", ZONE)
_CUT = to_utc("2026-11-20", "17:00", ZONE)
_WINDOW = Window(_FROM, _CUT, ZONE)
_READER = Reader("en", ZONE)
_TIMES = 15
_TAPS = 400
_BEAT_SECONDS = 0.001


def measure() -> list[Figure]:
    """Fill a practice of one therapist and measure its digest."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        clock = StageClock(_FROM)
        telegram = Emulator(token=TOKEN, clock=clock, seed=1)
        async with telegram.serve():
            settings = settings_in(Path(name), telegram.base_url)
            couples = await found(settings, clock, 1, _CLIENTS)
            answers = fill(settings, couples, _WEEKS, _CLIENTS)
            clock.advance_to(_CUT - HOUR)
            (open_now,) = await open_checkins(settings, clock, couples[:1], 1)
            clock.advance_to(_CUT)
            app = await build(settings, clock)
            try:
                return [
                    Figure("clients", _CLIENTS, "", note=f"{answers} answers in {_WEEKS} weeks"),
                    *await _making(app, couples[0].therapist_id),
                    *await _showing(app, couples[0].therapist_id),
                    *await _waiting(app, couples[0], open_now),
                ]
            finally:
                await app.stop()


async def _making(app: App, therapist_id: int) -> list[Figure]:
    reading = app.room.digests.reading

    async def once(tx: Transaction) -> tuple[float, float]:
        began = time.process_time()
        facts = await reading.facts(tx, therapist_id, _WINDOW)
        known = time.process_time()
        pages_of(digest_of(facts, _WINDOW, reading.instrument))
        return 1000 * (known - began), 1000 * (time.process_time() - known)

    taken = [await app.db.read(once) for _ in range(_TIMES)]
    facts, judging = (statistics.median(column) for column in zip(*taken, strict=True))
    least = f"{min(t[0] for t in taken):.1f} and {min(t[1] for t in taken):.1f} at best"
    return [
        Figure("facts", facts, "ms", 100.0, least),
        Figure("judging", judging, "ms", 75.0, "all of it in the database's thread"),
    ]


async def _showing(app: App, therapist_id: int) -> list[Figure]:
    views, page = app.room.digest_views, await app.room.digests.preview(therapist_id)
    text = await _median(_said(lambda: views.page(page, _READER)))
    chart = page.chart(0)
    assert chart is not None
    picture = await _median(lambda: views.chart(chart, _READER)(), 5)
    return [
        Figure("text of a page", text, "ms", 20.0),
        Figure("picture", picture, "ms", 300.0, "elapsed, drawn in a process of its own"),
    ]


async def _waiting(app: App, couple: Couple, checkin: int) -> list[Figure]:
    """Tap while nothing else happens, while pages are shown and while digests are made, each
    without a pause. Showing reads; making holds the writer, so that a tap waits for one digest."""

    async def show() -> None:
        await app.room.digests._preview(couple.therapist_id)

    async def make() -> None:
        async with writing(app.db) as tx:
            await tx.run("UPDATE therapist SET cut_at = :at", at=_FROM)
        if not await making_of(app).make_one():
            raise RuntimeError("no digest is due")

    figures = []
    for words, work in (("alone", None), ("while pages are shown", show), ("… are made", make)):
        taken, late = await _while(work, lambda: _taps(app, couple, checkin))
        figures += [
            Figure(f"tap's transaction, p95, {words}", _p95(taken), "ms"),
            Figure(f"event loop late, p95, {words}", _p95(late), "ms", 20.0),
        ]
    return figures


async def _while(
    work: Callable[[], Awaitable[None]] | None,
    measured: Callable[[], Awaitable[tuple[list[float], list[float]]]],
) -> tuple[list[float], list[float]]:
    """Measure while something is done over and over."""
    stop = asyncio.Event()

    async def on_and_on() -> None:
        while work is not None and not stop.is_set():
            await work()

    other = asyncio.create_task(on_and_on())
    try:
        return await measured()
    finally:
        stop.set()
        await other


async def _taps(app: App, couple: Couple, checkin: int) -> tuple[list[float], list[float]]:
    """Give how long taps took and how late the event loop was meanwhile, in milliseconds."""
    late: list[float] = []

    async def beat() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)
            late.append(1000 * (time.monotonic() - began - _BEAT_SECONDS))

    beating = asyncio.create_task(beat())
    taken = []
    for number in range(_TAPS):
        began = time.monotonic()
        await app.room.checkins.answer(couple.client_id, checkin, Rate("heard", number % 11))
        taken.append(1000 * (time.monotonic() - began))
    beating.cancel()
    return taken, late


def _said(work: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def awaited() -> None:
        work()

    return awaited


async def _median(work: Callable[[], Awaitable[object]], times: int = _TIMES) -> float:
    taken = []
    for _ in range(times):
        began = time.monotonic()
        await work()
        taken.append(1000 * (time.monotonic() - began))
    return statistics.median(taken)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
