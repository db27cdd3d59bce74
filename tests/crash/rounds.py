"""One round: the story, the blows, the judgement. What tests and torture both run."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import orjson

from bot.app import check_instruments
from bot.config import Settings
from bot.demo.stage import Stage
from bot.store.answers import open_value
from bot.store.vault import load_vault
from tests.crash.checker import Checker, rows_of
from tests.crash.disk import Disk
from tests.crash.failpoints import Way
from tests.crash.keeper import Blow, Keeper
from tests.crash.killed_stage import KilledStage, practice
from tests.crash.people import Ledger
from tests.crash.story import STEPS, Story, bad_network, enrol
from tests.crash.troubles import LongLock, Troubles
from tests.torture import Tally

Extra = Callable[[KilledStage, Keeper], Awaitable[None]]


async def play(
    folder: Path,
    seed: int,
    blows: Sequence[Blow],
    *options: str,
    network: bool = True,
    steps: list[tuple[str, int]] = STEPS,
    extra: Extra | None = None,
    disk: Disk | None = None,
    troubles: Troubles | LongLock | None = None,
    cold: bool = False,
    way: Way = "polling",
) -> tuple[Tally, Keeper]:
    """Play the story while blows fall; give what was done and found.

    options: of `bot_process.py`. network: whether it is bad. extra: awaited at each step's end.
    disk: with every kill the power fails as well. troubles: what `extra` makes; over in the end.
    """
    chance, ledger = random.Random(seed), Ledger()
    environment = disk.environment if disk else None
    async with practice(folder, *options, environment=environment, cold=cold, way=way) as stage:
        people = stage.cast = await enrol(stage, chance, ledger)
        checker = Checker(stage, ledger)

        async def dissect(struck: str) -> None:
            if disk is not None:
                checker.counts["bytes lost"] += disk.lose_power(chance)
            await checker.dissect(struck)

        keeper = Keeper(stage, deque(blows), chance, dissect, may_fail=troubles is not None)

        async def after() -> None:
            await checker.look()
            if extra is not None:
                await extra(stage, keeper)

        story = Story(stage, people, ledger, keeper.step, after)
        caring = asyncio.create_task(keeper.run())
        try:
            with ExitStack() as wire:
                if network:
                    wire.enter_context(bad_network(stage, chance))
                await _unless_broken(caring, story.play(steps))
            if troubles is not None:
                await troubles.end()
            keeper.retire()
            await _end(stage, checker)
        except (Exception, AssertionError) as problem:
            checker.report("whole", f"the story broke off: {problem!r}")
        finally:
            keeper.retire()
            caring.cancel()
            await asyncio.gather(caring, return_exceptions=True)
        checker.judge(opener_of(stage), options_of(stage.settings))
        for code in keeper.unexpected:
            checker.report("whole", f"a life ended by itself with {code}")
        keeper.passages = stage.arms.passages()
        return _tally(stage, keeper, checker), keeper


async def _unless_broken(caring: asyncio.Task[None], work: Awaitable[None]) -> None:
    working = asyncio.ensure_future(work)
    await asyncio.wait([working, caring], return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await caring
    await working


async def _end(stage: KilledStage, checker: Checker) -> None:
    """Stop it; then a whole life with nothing to do must change nothing."""
    await stage.settle()
    await checker.look()
    if (code := await stage.lives.end(signal.SIGTERM)) != 0:
        checker.report("whole", f"stopping gave {code}")
    before = rows_of(stage.settings.database.path)
    await stage.lives.start()
    await stage.settle()
    if (code := await stage.lives.end(signal.SIGTERM)) != 0:
        checker.report("whole", f"stopping gave {code}")
    after = rows_of(stage.settings.database.path)
    for table in before:
        if before[table] != after[table]:
            checker.report("no-op", table)


def opener_of(stage: Stage) -> Callable[[sqlite3.Row], object]:
    """Give what opens the value of a sealed answer."""
    vault = load_vault(stage.settings.keys.master_key_file)

    def opened(row: sqlite3.Row) -> object:
        sealer = vault.sealer(row["data_key"], "pair", row["pair_id"])
        return open_value(sealer, row["checkin_id"], row["item"], row["value"])

    return opened


def options_of(settings: Settings) -> Callable[[str], tuple[str, tuple[str, ...]]]:
    """Give what names an item's kind and its options; a goodbye asks others than a session."""
    known = check_instruments(settings)
    there = {
        item.key: (item.kind, item.options)
        for name in ("goodbye", "before-first-session", "session-alliance")
        for item in known[name][1].items
    }

    def options(item: str) -> tuple[str, tuple[str, ...]]:
        return there[item]

    return options


def _tally(stage: KilledStage, keeper: Keeper, checker: Checker) -> Tally:
    tally = Tally(points=keeper.struck, violations=checker.violations)
    journal = stage.emulator.journal
    tally.counts["kills"] = len(keeper.reached)
    tally.counts["failed operations"] = keeper.struck.total() - len(keeper.reached)
    tally.counts["faults"] = sum(call.fault is not None for call in journal.calls())
    tally.counts["updates"] = len(journal.read(kind="update"))
    tally.counts["messages"] = len(journal.sent())
    brought = journal.read(kind="delivery")
    tally.counts["deliveries"] = len(brought)
    tally.counts["deliveries that failed"] = sum(not one.done for one in brought)
    tally.counts += checker.counts
    if tally.violations:
        lines = [orjson.dumps(entry.to_json()) for entry in journal.read()]
        tally.evidence["journal.jsonl"] = b"\n".join(lines)
        tally.evidence["bot.log"] = (stage.folder / "bot.log").read_bytes()
        blows = [f"{blow.name} #{blow.nth}" for blow in keeper.reached]
        tally.evidence["blows.txt"] = "\n".join(blows).encode()
    return tally


def round_of(seed: int, blows: Sequence[Blow], *options: str, **how: object) -> Tally:
    """Play one round in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="rapport-torture-") as folder:
        tally, _ = asyncio.run(play(Path(folder), seed, blows, *options, **how))  # type: ignore[arg-type]
        return tally
