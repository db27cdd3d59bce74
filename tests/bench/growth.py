"""Whether anything becomes slower while a practice's years pile up: one table.

Two hundred therapists with five clients each, every client with a weekly rule: that is the same in
each column. A thousand answers are forty weeks of one therapist, more than a digest reads of a
client; a hundred thousand those of a hundred therapists; a million two hundred weeks of them all;
ten million are those of nine times as many former clients besides. What is done is the same too,
and in turns, because a machine is faster at one time than at another: a tap of the real program
(`taps`), ticks with nothing to do, a digest of one therapist's five clients, and the way from
nothing to the first question for updates. Processor time in milliseconds, all threads, median.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from bot.app import App, build
from bot.config import Settings
from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock
from bot.emulator import Emulator
from bot.store.database import Transaction
from tests.bench.history import fill
from tests.bench.practice import HOUR, IDS, ZONE, Couple, found, open_checkins, settings_in
from tests.bench.processes import cpu_seconds, running
from tests.bench.table import Growth
from tests.bench.taps import BOT_CORE, Tapped, in_a_folder
from tests.transactions import writing

_THERAPISTS, _EACH = 200, 5
_BEFORE = to_utc("2026-11-13", "17:00", ZONE)
_NOW = to_utc("2026-11-20", "16:00", ZONE)
_HOUR_COMES = to_utc("2026-11-20", "17:00", ZONE)
_YEAR = 365 * 24 * HOUR

_PEOPLE, _ROUNDS = 20, 5
_STARTS, _TICKS, _DIGESTS = 3, 40, 15
_LOOK_SECONDS, _PATIENCE_SECONDS = 0.003, 120.0


@dataclass(frozen=True)
class _Size:
    """How much there is. former: clients of each therapist whose therapy is over, besides."""

    name: str
    therapists: int
    weeks: int
    former: int = 0


_SIZES = (
    _Size("1 thousand", 1, 40),
    _Size("100 thousand", 100, 40),
    _Size("1 million", _THERAPISTS, 200),
)
_FULL = (*_SIZES, _Size("10 million", _THERAPISTS, 200, 9 * _EACH))


@dataclass
class _Practice:
    """A practice of one size, with its Telegram. taken: milliseconds by what was done."""

    size: _Size
    telegram: Emulator
    settings: Settings
    couples: list[Couple]
    taken: dict[str, list[float]] = field(default_factory=dict)

    def note(self, what: str, *ms: float) -> None:
        self.taken.setdefault(what, []).extend(ms)

    @property
    def program(self) -> list[str]:
        """The bot as a program, on a clock that goes on from the practice's own time."""
        config = str(self.settings.database.path.with_name("config.toml"))
        return [sys.executable, "-m", "tests.bench.bot_process", config, str(_NOW)]


def measure() -> list[Growth]:
    """Measure a thousand, a hundred thousand and a million answers."""
    return in_a_folder(lambda folder: _measure(folder, _SIZES))


def measure_full() -> list[Growth]:
    """Measure ten million besides: this takes minutes, and 8 GB of disk."""
    return in_a_folder(lambda folder: _measure(folder, _FULL))


async def _measure(folder: Path, sizes: tuple[_Size, ...]) -> list[Growth]:
    async with AsyncExitStack() as stack:
        practices = []
        for number, size in enumerate(sizes):
            telegram = Emulator(token=TOKEN, seed=1)
            await stack.enter_async_context(telegram.serve())
            place = folder / str(number)
            place.mkdir()
            practices.append(await _founded(place, telegram, size))
        await _inside(practices)
        await _starts(practices)
        await _taps(practices)
    return [
        Growth(what, "ms", {one.size.name: statistics.median(one.taken[what]) for one in practices})
        for what in practices[0].taken
    ]


async def _founded(folder: Path, telegram: Emulator, size: _Size) -> _Practice:
    clock = StageClock(_BEFORE)
    settings = settings_in(folder, telegram.base_url)
    each = _EACH + size.former
    everybody = await found(settings, clock, _THERAPISTS, each)
    fill(settings, everybody[: size.therapists * each], size.weeks, each)
    couples = [c for place, c in enumerate(everybody) if place % each < _EACH]
    _end(settings, [c for place, c in enumerate(everybody) if place % each >= _EACH])
    return _Practice(size, telegram, settings, couples)


def _end(settings: Settings, former: list[Couple]) -> None:
    """Let therapies be over, a year ago."""
    with closing(sqlite3.connect(settings.database.path)) as connection, connection:
        connection.executemany(
            "UPDATE pair SET state = 'ended', ended_at = ? WHERE id = ?",
            [(_BEFORE - _YEAR, couple.pair_id) for couple in former],
        )


async def _inside(practices: list[_Practice]) -> None:
    """Measure what can be without a program of its own: ticks and a digest."""
    async with AsyncExitStack() as stack:
        apps = []
        for practice in practices:
            app = await build(practice.settings, StageClock(_NOW))
            stack.push_async_callback(app.stop)
            await _settle_in(app, practice.couples)
            apps.append(app)
        for name in ("plan", "deliver", "sweep", "follow"):
            for _ in range(_TICKS):
                for practice, app in zip(practices, apps, strict=True):
                    practice.note(f"{name} tick", await _took(_tick(app, name)))
        for _ in range(_DIGESTS):
            for practice, app in zip(practices, apps, strict=True):
                therapist = practice.couples[0].therapist_id
                made = await _took(app.room.digests.preview(therapist))
                practice.note("digest", made)


async def _tick(app: App, name: str) -> None:
    ticks = app.ticks
    pieces = [(name, piece) for piece in ticks._pieces[name]]
    if any(await ticks._in_turn(pieces, ticks._work_off)):
        raise RuntimeError(f"the {name} tick is not idle")


async def _took(work: Awaitable[object]) -> float:
    began = time.process_time()
    await work
    return 1000 * (time.process_time() - began)


async def _settle_in(app: App, couples: list[Couple]) -> None:
    """Give every pair a planned rule; nobody's digest is due, and nothing is left to send."""
    async with writing(app.db) as tx:
        for number, couple in enumerate(couples):
            await _rule(tx, couple.pair_id, number % 5, 8 + number % _EACH)
        await tx.run("UPDATE therapist SET cut_at = :later", later=_HOUR_COMES)
    while await app.ticks.run_once():
        pass
    async with writing(app.db) as tx:
        await tx.run("UPDATE message SET state = 'dropped' WHERE state = 'queued'")


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


async def _starts(practices: list[_Practice]) -> None:
    """Measure what it takes to start, up to the first question for updates."""
    for _ in range(_STARTS):
        for practice in practices:
            telegram = practice.telegram
            with running(practice.program, BOT_CORE) as bot:
                until = time.monotonic() + _PATIENCE_SECONDS
                while not telegram.polling:
                    if time.monotonic() > until:
                        raise TimeoutError("the bot does not start")
                    await asyncio.sleep(_LOOK_SECONDS)
                practice.note("start", 1000 * cpu_seconds(bot.pid))
            # The poll of this life has to end before the next.
            await telegram.bell.wait_for(lambda t=telegram: not t.polling, _PATIENCE_SECONDS)  # type: ignore[misc]


async def _taps(practices: list[_Practice]) -> None:
    """Measure taps of the real programs, side by side."""
    async with AsyncExitStack() as stack:
        bots = []
        for practice in practices:
            telegram, couples = practice.telegram, practice.couples[:_PEOPLE]
            people = [telegram.person("Client", id=one.telegram_id) for one in couples]
            for person in people:
                person.start()
            await open_checkins(practice.settings, StageClock(_NOW), couples, 1 + _ROUNDS)
            process = stack.enter_context(running(practice.program, BOT_CORE))
            bot = Tapped(practice.size.name, telegram, people, process.pid)
            await bot.until_all_are_asked(1 + _ROUNDS)
            bots.append(bot)
        for bot in bots:
            await bot.play_round(1)
            bot.forget()  # it was to warm up
        for _ in range(_ROUNDS):
            for bot in bots:
                await bot.play_round(1)
        for practice, bot in zip(practices, bots, strict=True):
            practice.note("tap", *bot.ms)
