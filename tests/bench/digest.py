"""A large digest, forty clients with a year of weeks each, and what a tap feels of its making.

Facts are what the database tells, judging is what is made of them. Both are done in the database's
thread; how long the event loop and a tap in the meantime wait is measured with the real services.
Processor time, the least of many; what has a budget is told as a quiet machine would take it.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from bot.app import App, build
from bot.core.conversation import Rate
from bot.core.digest import digest_of, pages_of
from bot.core.picture import PANELS_AT_MOST, Panel
from bot.core.sessions import Window
from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock
from bot.emulator import Emulator
from bot.pictures import Theme
from bot.services.digest_pages import DigestPage
from bot.store.database import Transaction
from bot.views.reader import Reader
from tests.bench.history import fill
from tests.bench.machine import slowness
from tests.bench.practice import HOUR, ZONE, Couple, found, making_of, open_checkins, settings_in
from tests.bench.table import Figure
from tests.transactions import reading, writing

_CLIENTS, _WEEKS = 40, 52
_FROM = to_utc("2026-11-13", "17:00", ZONE)
_CUT = to_utc("2026-11-20", "17:00", ZONE)
_WINDOW = Window(_FROM, _CUT, ZONE)
_READER = Reader("en", ZONE)
_TIMES = 15
_TAPS = 400
_BEAT_SECONDS = 0.001
_THEMES: tuple[Theme, ...] = ("light", "dark")

#: Taps, lateness of the event loop and work in one go, in milliseconds.
_Felt = tuple[list[float], list[float], list[float]]


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
    reader = app.room.digests.reading

    async def once(tx: Transaction) -> tuple[float, float]:
        began = time.process_time()
        facts = await reader.facts(tx, therapist_id, _WINDOW)
        known = time.process_time()
        pages_of(digest_of(facts, _WINDOW, reader.instrument))
        return 1000 * (known - began), 1000 * (time.process_time() - known)

    slow = slowness()
    taken = [await app.db.read(once) for _ in range(_TIMES)]
    slow = (slow + slowness()) / 2
    facts, judging = (min(column) for column in zip(*taken, strict=True))
    return [
        Figure("facts", facts, "ms", note="all of it in the database's thread"),
        Figure("judging", judging, "ms", note="the same"),
        Figure(
            "facts and judging, as if quiet", (facts + judging) / slow, "ms", 50.0,
            f"this machine takes {slow:.1f} times as long now",
        ),
    ]  # fmt: skip


async def _showing(app: App, therapist_id: int) -> list[Figure]:
    """Turn the pages of a digest and draw what is on them."""
    digests, views = app.room.digests, app.room.digest_views
    async with writing(app.db) as tx:
        await tx.run("UPDATE therapist SET cut_at = :at", at=_FROM)
    if not await making_of(app).make_one():
        raise RuntimeError("no digest is due")
    digest_id, numbers = await _newest(app)
    turned, texts = [], []
    for number in numbers:
        turned.append(await _least(lambda n=number: digests.page(digest_id, n)))  # type: ignore[misc]
        page = await digests.show(therapist_id, digest_id, number)
        texts.append(await _least(_said(lambda shown=page: views.page(shown, _READER))))  # type: ignore[misc]
    whole = await digests.preview(therapist_id)
    everybody = [
        panel for n in numbers for panel in _panels(await digests.show(therapist_id, digest_id, n))
    ]
    return [
        Figure("page turn, the first", turned[0], "ms", note=f"{len(numbers)} pages"),
        Figure("page turn, the dearest", max(turned), "ms"),
        Figure("text of a page, the dearest", max(texts), "ms", 20.0),
        Figure(
            "text of a preview", await _least(_said(lambda: views.page(whole, _READER))), "ms", 20.0
        ),
        *[await _drawn(app, everybody, theme) for theme in _THEMES],
    ]


async def _newest(app: App) -> tuple[int, list[int]]:
    """Give the newest digest and its pages."""
    async with reading(app.db) as tx:
        rows = await tx.all(
            "SELECT DISTINCT digest_id, page FROM digest_entry WHERE digest_id ="
            " (SELECT id FROM digest ORDER BY number DESC LIMIT 1) ORDER BY page"
        )
    return rows[0]["digest_id"], [row["page"] for row in rows]


def _panels(page: DigestPage) -> list[Panel]:
    charts = iter(range(len(page.expanded) + len(page.silent) + len(page.calm)))
    return [panel for n in charts if (chart := page.chart(n)) for panel in chart.panels]


async def _drawn(app: App, panels: list[Panel], theme: Theme) -> Figure:
    """Draw a picture of twelve, and all of them, in the processor time of both processes."""
    pictures = replace(app.room.digest_views.pictures.pictures, theme=theme)
    cuts = [panels[at : at + PANELS_AT_MOST] for at in range(0, len(panels), PANELS_AT_MOST)]

    async def draw(some: list[list[Panel]]) -> float:
        before = os.times()
        for one in some:
            await pictures.png(one, "en", "")
        return 1000 * sum(os.times()[place] - before[place] for place in range(4))

    twelve = min([await draw(cuts[:1]) for _ in range(5)])
    note = f"all {len(panels)} in {len(cuts)} pictures: {await draw(cuts):.0f}"
    return Figure(f"picture of {len(cuts[0])}, {theme}", twelve / slowness(), "ms", 300.0,
                  f"as if quiet; {note} as it is")  # fmt: skip


async def _waiting(app: App, couple: Couple, checkin: int) -> list[Figure]:
    """Tap while nothing else happens, while pages are shown, while digests are made and while
    pictures are drawn, each without a pause."""
    whole = await app.room.digests.preview(couple.therapist_id)
    views, chart = app.room.digest_views, whole.chart(0)
    assert chart is not None

    digest_id, numbers = await _newest(app)

    async def show() -> None:
        for number in numbers:
            page = await app.room.digests.show(couple.therapist_id, digest_id, number)
            views.page(page, _READER)

    async def draw() -> None:
        await views.chart(chart, _READER)()

    async def make() -> None:
        async with writing(app.db) as tx:
            await tx.run("UPDATE therapist SET cut_at = :at", at=_FROM)
        if not await making_of(app).make_one():
            raise RuntimeError("no digest is due")

    figures = []
    for words, work in (
        ("alone", None),
        ("while pages are shown", show),
        ("… are made", make),
        ("… are drawn", draw),
    ):
        taken, late, worked = await _while(work, lambda: _taps(app, couple, checkin))
        figures += [
            Figure(f"tap's transaction, p95, {words}", _p95(taken), "ms"),
            Figure(f"event loop late, p95, {words}", _p95(late), "ms", 20.0),
            Figure(
                f"… its longest work in one go, {words}", max(worked), "ms", 20.0,
                f"processor time of its thread; latest by {max(late):.0f} ms",
            ),
        ]  # fmt: skip
    return figures


async def _while(
    work: Callable[[], Awaitable[None]] | None,
    measured: Callable[[], Awaitable[_Felt]],
) -> _Felt:
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


async def _taps(app: App, couple: Couple, checkin: int) -> _Felt:
    """Give how long taps took, how late the event loop was meanwhile and how long its thread worked
    between two beats, in milliseconds."""
    late: list[float] = []
    worked: list[float] = []

    async def beat() -> None:
        while True:
            began, so_far = time.monotonic(), time.thread_time()
            await asyncio.sleep(_BEAT_SECONDS)
            late.append(1000 * (time.monotonic() - began - _BEAT_SECONDS))
            worked.append(1000 * (time.thread_time() - so_far))

    beating = asyncio.create_task(beat())
    taken = []
    for number in range(_TAPS):
        began = time.monotonic()
        await app.room.checkins.answer(couple.client_id, checkin, Rate("heard", number % 11))
        taken.append(1000 * (time.monotonic() - began))
    beating.cancel()
    return taken, late, worked


def _said(work: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def awaited() -> None:
        work()

    return awaited


async def _least(work: Callable[[], Awaitable[object]]) -> float:
    """Do something some times; give the least processor time in milliseconds, all threads."""
    taken = []
    for _ in range(_TIMES):
        began = time.process_time()
        await work()
        taken.append(1000 * (time.process_time() - began))
    return min(taken)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
