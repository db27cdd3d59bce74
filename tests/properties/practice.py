"""A practice on a stage for property tests and torture, with a week behind it, and its log."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock, set_stage
from bot.emulator import Emulator
from bot.logging import set_up
from tests.prepared import prepare
from tests.world import Human, World

#: What Anna wrote for herself, what she shares, and what Cora wrote: words no log may hold.
KEPT, SHARED, CORAS = "a marmot for me alone", "a badger to be shown", "an otter of Coras"
CANARIES = (KEPT, SHARED, CORAS)
_START = to_utc("2026-11-01", "10:00", "Europe/Berlin")


@dataclass(frozen=True)
class Begun:
    """A practice that was stopped, to be gone on with as often as one likes, each time apart.

    files: its folder. people: their Telegram ids. therapists: who of them is one.
    """

    files: dict[str, bytes]
    emulator: Emulator
    clock: StageClock
    people: dict[str, int]
    therapists: frozenset[str]

    def lay(self, folder: Path) -> tuple[Emulator, StageClock]:
        """Put the files into a folder; give its Telegram and its clock."""
        for name, content in self.files.items():
            path = folder / name
            path.touch(0o600)
            path.write_bytes(content)
        return copy.deepcopy((self.emulator, self.clock))


@asynccontextmanager
async def practice(seed: int, extra: str = "", begun: Begun | None = None) -> AsyncIterator[World]:
    """Give a running practice in a folder of its own. extra: more of its TOML.

    begun: what it goes on with; without, nobody is there yet.
    """
    clock = StageClock(_START)
    emulator = Emulator(token=TOKEN, clock=clock, seed=seed)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        prepare(patch)
        if begun is not None:
            emulator, clock = begun.lay(Path(folder))
            for number, chance in enumerate((emulator.world.chance, emulator.faults._chance)):
                chance.seed(2 * seed + number)
        async with emulator.serve():
            stage = await set_stage(Path(folder), emulator, clock, extra=extra)
            world = World(stage)
            if begun is not None:
                phones = {name: emulator.people[number] for name, number in begun.people.items()}
                world.people = {name: Human(world, phone) for name, phone in phones.items()}
                world.therapists = set(begun.therapists)
            try:
                yield world
            finally:
                await stage.close()


async def begin(extra: str, how: Callable[[World], Awaitable[None]]) -> Begun:
    """Let a practice begin in some way, and stop it."""
    async with practice(1, extra) as world:
        await how(world)
        stage = world.stage
        await stage.close()
        inside = stage.settings.database.path.parent.iterdir()
        files = {path.name: path.read_bytes() for path in inside if path.is_file()}
        people = {name: human.phone.id for name, human in world.people.items()}
    return Begun(files, stage.emulator, stage.clock, people, frozenset(world.therapists))


async def a_week(world: World) -> tuple[Human, Human, Human]:
    """Let Anna, Ben and Cora live through a week; Cora's second check-in is open and untouched."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 17:00")
    await world.until("Mon 16:20")
    await anna.answers(2, 8, 8, 8, 8)
    await anna.taps("pace")
    await anna.taps("Done ›")
    await anna.types(SHARED)
    await anna.taps("Raise it for me")
    await world.until("Mon 18:30")
    await cora.answers(8, 8, 8, 8, 8)
    await cora.types(CORAS)
    await cora.taps("Keep it for me")
    for command in ("/pause", "/stop", "/erase", "/settings", "/history", "/privacy", "/help"):
        await anna.types(command)
    await world.until("Fri 17:00")
    await ben.opens("A7")
    await ben.taps("‹ Back")
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    for command in ("/appointments", "/clients", "/today", "/settings"):
        await ben.types(command)
    await world.until("Mon 16:20")
    await anna.answers(3, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    await anna.types(KEPT)
    await anna.taps("Keep it for me")
    await world.until("Mon 18:30")
    return anna, ben, cora


@contextmanager
def listening(world: World) -> Iterator[Log]:
    """Log as `run` does, with every level, into what is given; afterwards as before."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    settings = world.stage.settings
    log = settings.log.model_copy(update={"level": "debug", "format": "json"})
    try:
        with contextlib.redirect_stderr(written):
            set_up(settings.model_copy(update={"log": log}))
        yield Log(written)
    finally:
        root.handlers[:], root.level = before[0], before[1]
        structlog.reset_defaults()


class Log:
    """What was logged since it was last read."""

    def __init__(self, written: io.StringIO) -> None:
        self._written = written

    def read(self) -> tuple[str, list[dict[str, Any]]]:
        """Give all of it as text, and its lines as what they say."""
        text = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return text, [json.loads(line) for line in text.splitlines()]
