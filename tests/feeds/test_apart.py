"""Reading in a process of its own says what reading here says, and is ended in time."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from typing import Any

import pytest

from bot.feeds.apart import read_apart
from bot.feeds.facts import MOST_BYTES, NotACalendar
from bot.feeds.ics import read
from tests.feeds.ics_text import FROM, TO, ZONE, calendar

SPAN = {"zone": ZONE, "from_at": FROM, "to_at": TO}
WEEKLY = """DTSTART;TZID=Europe/Berlin:20261019T150000
DTEND;TZID=Europe/Berlin:20261019T155000
SUMMARY:Zwölf Boxkämpfer
CATEGORIES:client:A7,other
ATTENDEE:mailto:anna@example.org
RRULE:FREQ=WEEKLY;COUNT=4"""
BAD = "UID:bad\n" + WEEKLY.replace("FREQ=WEEKLY", "FREQ=NEVER")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """Every process that is begun."""
    processes: list[Process] = []
    begin = asyncio.create_subprocess_exec

    async def begin_noted(*words: str, **how: Any) -> Process:
        processes.append(await begin(*words, **how))
        return processes[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", begin_noted)
    return processes


async def test_it_says_the_same_as_reading_here() -> None:
    body = calendar(f"UID:good\n{WEEKLY}", BAD)
    here = read(body, **SPAN)
    assert len(here.events) == 4
    assert here.troubles
    assert here.left_out
    assert await read_apart(body, **SPAN) == here


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b"x" * (MOST_BYTES + 1)])
async def test_it_refuses_what_reading_here_refuses(body: bytes) -> None:
    with pytest.raises(NotACalendar) as here:
        read(body, **SPAN)
    with pytest.raises(NotACalendar) as apart:
        await read_apart(body, **SPAN)
    assert (apart.value.why, apart.value.detail) == (here.value.why, here.value.detail)


async def test_what_takes_too_long_is_killed(begun: list[Process]) -> None:
    with pytest.raises(NotACalendar) as refused:
        await read_apart(calendar(WEEKLY), **SPAN, within_seconds=0.01)
    assert refused.value.why == "too_slow"
    assert [process.returncode for process in begun] == [-signal.SIGKILL]


async def test_what_nobody_waits_for_any_more_is_killed(begun: list[Process]) -> None:
    reading = asyncio.create_task(read_apart(calendar(WEEKLY), **SPAN))
    async with asyncio.timeout(10):
        while not begun:  # noqa: ASYNC110 - a process's start rings no bell
            await asyncio.sleep(0.001)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert [process.returncode for process in begun] == [-signal.SIGKILL]
