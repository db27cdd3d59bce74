"""One year from a seed: played, judged, and reduced to a fingerprint. For tests and torture."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import random
import tempfile
import traceback
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import orjson
import pytest
import structlog

from bot.config import load
from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock, write_config
from bot.emulator import Emulator
from bot.logging import set_up
from bot.store.vault import write_key_file
from tests.crash.checker import Checker, rows_of
from tests.crash.people import Ledger
from tests.crash.rounds import opener_of, options_of
from tests.prepared import prepare
from tests.torture import Tally
from tests.year.bounds import Sample
from tests.year.cast import ZONE, draw
from tests.year.course import DAY, Course
from tests.year.fates import Fates
from tests.year.judge import YearChecker, judge
from tests.year.loss import Disaster, with_backups
from tests.year.oracle import Oracle
from tests.year.stage import SeededIds, YearStage
from tests.year.transcript import write
from tests.year.turns import Turns

#: A Sunday; the clocks change in March and October of the year that follows.
BEGIN = to_utc("2026-11-01", "10:00", ZONE)
#: Longer than a year, so that quiet weeks follow the last change of the clocks.
DAYS = 372
CLIENTS = 40


def year_of(
    seed: int, days: int = DAYS, clients: int = CLIENTS, transcripts: Path | None = None
) -> tuple[Tally, str]:
    """Play and judge in a folder of its own; give what was found and the journal's fingerprint."""
    with tempfile.TemporaryDirectory(prefix="rapport-year-") as folder:
        return asyncio.run(play(Path(folder), seed, days, clients, transcripts))


async def play(
    folder: Path,
    seed: int,
    days: int = DAYS,
    clients: int = CLIENTS,
    transcripts: Path | None = None,
) -> tuple[Tally, str]:
    """Play and judge; give what was done and found, and the journal's fingerprint.

    transcripts: where to write what each saw.
    """
    chance, ledger = random.Random(f"year {seed}"), Ledger()
    cast = draw(chance, clients)
    samples: list[Sample] = []
    with _logged(folder):
        async with _stage(folder, seed) as stage:
            course = Course(stage, cast, chance, ledger)
            checker = YearChecker(stage, ledger, weekly=False, course=course)
            course.after = _after(stage, checker, samples)
            oracle = Oracle(course, samples)
            await course.enrol()
            try:
                await _live(course, checker, days)
                await _end(stage, checker)
            except (Exception, AssertionError) as problem:
                where = traceback.format_exception(problem)
                checker.report("whole", f"the year broke off: {''.join(where[-4:])}")
            else:
                checker.judge(opener_of(stage), options_of(stage.settings))
                oracle.judge()
                checker.violations += judge(course, oracle.lost)
            if transcripts is not None:
                write(stage.emulator, transcripts)
    return _tally(course, checker, oracle, folder), fingerprint(course)


async def _live(course: Course, checker: Checker, days: int) -> None:
    """Let the days pass; to a whole cast happens all that happens once in a year."""
    begin, roles = course.stage.clock.now(), course.cast.roles
    fates = Fates(course)
    if roles is not None:
        disaster = Disaster(course, checker, begin, days, fates.leave)
        fates = Fates(course, range(disaster.day - 1, disaster.day + 3), disaster.eraser)
        disaster.plan()
        Turns(course, roles, begin, days).plan()
    fates.plan(begin, days)
    await course.run(begin + days * DAY)


def _after(
    stage: YearStage, checker: Checker, samples: list[Sample]
) -> Callable[[], Awaitable[None]]:
    path = stage.settings.database.path

    async def after() -> None:
        await stage.settle()
        await checker.look()
        # What a year heaps up is kept to its end; going through it again and again takes a tenth
        # of all time.
        gc.freeze()
        log = path.with_name(f"{path.name}-wal")
        seen = await stage.running.db.read(
            lambda tx: tx.one("SELECT count(*) AS n FROM seen_update")
        )
        assert seen is not None
        log_bytes = log.stat().st_size if log.exists() else 0
        now = stage.clock.now()
        samples.append(Sample(now, path.stat().st_size, log_bytes, int(seen["n"])))

    return after


@asynccontextmanager
async def _stage(folder: Path, seed: int) -> AsyncIterator[YearStage]:
    clock = StageClock(BEGIN)
    emulator = Emulator(token=TOKEN, clock=clock, seed=seed, strict=False)
    async with emulator.serve():
        # Keys of the practice's own as well: the numbers of new phones are made with them, and rows
        # are found in the order of ids that are concealed with them.
        write_key_file(folder / "rapport.key", random.Random(f"key {seed}").randbytes(32))
        settings = load(write_config(folder, emulator.base_url, extra=with_backups(folder)))
        set_up(settings)
        ids = SeededIds(random.Random(f"ids {seed}"))
        stage = YearStage(settings, emulator, clock, ids)
        await stage.open()
        try:
            yield stage
        finally:
            gc.unfreeze()
            await stage.close()


async def _end(stage: YearStage, checker: Checker) -> None:
    """Stop it; then a whole life with nothing to do must change nothing."""
    await stage.settle()
    await checker.look()
    await stage.close()
    before = rows_of(stage.settings.database.path)
    await stage.open()
    await stage.settle()
    await stage.close()
    after = rows_of(stage.settings.database.path)
    for table in before:
        if before[table] != after[table]:
            checker.report("no-op", table)


@contextmanager
def _logged(folder: Path) -> Iterator[None]:
    """Log as `run` does, into a file where the judge looks for it; afterwards as before."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with (folder / "bot.log").open("w", buffering=1, encoding="utf-8") as log:
        try:
            with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(log):
                prepare(patch)
                yield
        finally:
            root.handlers[:], root.level = before[0], before[1]
            structlog.reset_defaults()


def _tally(course: Course, checker: Checker, oracle: Oracle, folder: Path) -> Tally:
    tally = Tally(violations=[*checker.violations, *oracle.found])
    journal = course.stage.emulator.journal
    tally.counts += course.counts + checker.counts + oracle.counts
    tally.counts["taps"] = course.ledger.taps
    tally.counts["updates"] = len(journal.read(kind="update"))
    tally.counts["messages"] = len(journal.sent())
    tally.counts["days"] = (course.stage.clock.now() - BEGIN) // 86_400_000
    tally.counts["bytes in the end"] = oracle.samples[-1].bytes if oracle.samples else 0
    if tally.violations:
        lines = [orjson.dumps(entry.to_json()) for entry in journal.read()]
        tally.evidence["journal.jsonl"] = b"\n".join(lines)
        tally.evidence["bot.log"] = (folder / "bot.log").read_bytes()
    return tally


def fingerprint(course: Course) -> str:
    """Reduce to one word what went in and out of each chat, in order.

    Messages to several people leave at the same time, so their order among each other is left out,
    and with it the numbers that Telegram gives them; so does what folds up older ones of a chat
    beside what comes anew there.
    """
    digest, entries = hashlib.sha256(), defaultdict(list)
    for entry in course.stage.emulator.journal.read():
        entries[entry.chat].append(entry)
    for somebody in sorted(course.stage.emulator.people.values(), key=lambda one: one.name):
        own = entries[somebody.id]
        for entry in sorted(own, key=lambda one: one.method.startswith("editMessage")):
            if entry.kind == "act":
                told = [entry.params.get("text"), entry.params.get("data")]
            elif entry.kind == "call" and isinstance(entry.result, dict):
                told = [entry.result.get("text"), entry.result.get("reply_markup")]
            else:
                continue
            digest.update(orjson.dumps([somebody.name, entry.at, entry.method, told]))
    return digest.hexdigest()
