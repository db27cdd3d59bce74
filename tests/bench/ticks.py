"""What ticks cost with two thousand, a million and ten million stored answers in one practice.

A hundred therapists with ten clients each, every client with a weekly rule. The two thousand
answers are forty weeks of one therapist, more than a digest reads of a client; the million two
hundred weeks of all of them; ten million are those of nine times as many former clients besides.
The digest that is made is one therapist's, with ten check-ins in its week, in each.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from bot.app import App, build
from bot.config import Settings
from bot.core.conversation import Rate
from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock
from bot.emulator import Emulator
from bot.store.database import Transaction
from tests.bench.history import fill
from tests.bench.practice import (
    HOUR,
    IDS,
    ZONE,
    Couple,
    found,
    making_of,
    open_checkins,
    settings_in,
)
from tests.bench.table import Figure
from tests.transactions import writing

_THERAPISTS, _EACH = 100, 10
_BEFORE = to_utc("2026-11-13", "17:00", ZONE)
_NOW = to_utc("2026-11-20", "16:00", ZONE)
_HOUR_COMES = to_utc("2026-11-20", "17:00", ZONE)
_TIMES = 40
_YEAR = 365 * 24 * HOUR

Times = dict[str, float]


def measure() -> list[Figure]:
    """Measure two thousand and a million; give milliseconds with the former as the base."""
    small = _measured(therapists=1, weeks=40)
    return _compared(small, _measured(therapists=_THERAPISTS, weeks=200))


def measure_full() -> list[Figure]:
    """Measure two thousand and ten million; this takes a quarter of an hour, and 4 GB of disk."""
    small = _measured(therapists=1, weeks=40)
    return _compared(small, _measured(therapists=_THERAPISTS, weeks=200, former=9 * _EACH))


def _measured(therapists: int, weeks: int, former: int = 0) -> Times:
    return asyncio.run(_size(therapists, weeks, former))


def _compared(small: Times, large: Times) -> list[Figure]:
    figures = []
    for name, value in large.items():
        unit, note = ("ms", f"{small[name]:.2f} ms with 2 thousand") if name != "answers" else (
            "", f"{small[name]:.0f} in the small one")  # fmt: skip
        base = small[name] if unit else None
        figures.append(Figure(name, value, unit, note=note, base=base))
    return figures


async def _size(therapists: int, weeks: int, former: int) -> Times:
    with tempfile.TemporaryDirectory() as name:
        clock = StageClock(_BEFORE)
        telegram = Emulator(token=TOKEN, clock=clock, seed=1)
        async with telegram.serve():
            settings = settings_in(Path(name), telegram.base_url)
            each = _EACH + former
            everybody = await found(settings, clock, _THERAPISTS, each)
            answers = fill(settings, everybody[: therapists * each], weeks, each)
            couples = [c for place, c in enumerate(everybody) if place % each < _EACH]
            _end(settings, [c for place, c in enumerate(everybody) if place % each >= _EACH])
            clock.advance_to(_NOW)
            (open_now,) = await open_checkins(settings, clock, couples[:1], 1)
            app = await build(settings, clock)
            try:
                await _settle_in(app, couples)
                times = await _times(app, settings, clock, couples[0], open_now)
            finally:
                await app.stop()
        return {"answers": answers, **times}


def _end(settings: Settings, former: list[Couple]) -> None:
    """Let therapies be over, a year ago."""
    with closing(sqlite3.connect(settings.database.path)) as connection, connection:
        connection.executemany(
            "UPDATE pair SET state = 'ended', ended_at = ? WHERE id = ?",
            [(_BEFORE - _YEAR, couple.pair_id) for couple in former],
        )


async def _settle_in(app: App, couples: list[Couple]) -> None:
    """Give every pair a planned rule; let only the first therapist's hour come."""
    async with writing(app.db) as tx:
        for number, couple in enumerate(couples):
            await _rule(tx, couple.pair_id, number % 5, 8 + number % _EACH // 5)
        await tx.run(
            "UPDATE therapist SET cut_at = :later WHERE person_id <> :id",
            later=_HOUR_COMES,
            id=couples[0].therapist_id,
        )
        # Nobody is there to be written to.
        await tx.run("UPDATE message SET state = 'dropped' WHERE state = 'queued'")
    while await app.ticks.run_once():
        pass


async def _rule(tx: Transaction, pair_id: int, weekday: int, hour: int) -> None:
    await tx.run(
        "INSERT INTO rule (id, pair_id, weekday, local_time, minutes, every_weeks, starts_on,"
        " timezone, made_at, planned_until_on) VALUES (:id, :pair_id, :weekday, :time, 50, 1,"
        " '2026-11-02', :zone, :at, '2026-12-31')",
        id=IDS.new(),
        pair_id=pair_id,
        weekday=weekday,
        time=f"{hour:02}:00",
        zone=ZONE,
        at=_BEFORE,
    )


async def _times(
    app: App, settings: Settings, clock: StageClock, couple: Couple, checkin: int
) -> Times:
    numbers = iter(range(10_000))

    async def tap() -> None:
        event = Rate("heard", next(numbers) % 11)
        await app.room.checkins.answer(couple.client_id, checkin, event)

    async def tick(name: str) -> None:
        if await app.ticks._work(name):
            raise RuntimeError(f"the {name} tick is not idle")

    async def digest() -> None:
        if not await making_of(app).make_one():
            raise RuntimeError("no digest is due")

    times = {
        "idle plan tick": await _median(lambda: tick("plan")),
        "idle deliver tick": await _median(lambda: tick("deliver")),
        "idle sweep tick": await _median(lambda: tick("sweep")),
        "a tap's transaction": await _median(tap),
        "a digest's facts and pages": await _median(
            lambda: app.room.digests.preview(couple.therapist_id), 10
        ),
    }
    clock.advance_to(_HOUR_COMES + 1)
    return {**times, "one digest made": await _median(digest, 1)}


async def _median(work: Callable[[], Awaitable[object]], times: int = _TIMES) -> float:
    """Do something so many times; give the median processor time in milliseconds, all threads."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        await work()
        taken.append(1000 * (time.process_time() - began))
    return statistics.median(taken)
