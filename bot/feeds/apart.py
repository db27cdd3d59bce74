"""A program of its own that reads a calendar (standard input) and tells what it says, as JSON.

Reading a large calendar takes a second of computing, and a tap must not wait for it. Its caller
ends it when it takes too long. Arguments: the zone, and from and to as UTC milliseconds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from dataclasses import asdict
from typing import Final

from bot.feeds.facts import MOST_BYTES, Event, NotACalendar, Reading, Trouble

#: So long may it take, where nobody says otherwise.
SECONDS: Final = 20.0


async def read_apart(
    body: bytes, *, zone: str, from_at: int, to_at: int, within_seconds: float | None = None
) -> Reading:
    """Read a calendar in a process of its own. Errors: `NotACalendar`, also for taking too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", __name__, zone, str(from_at), str(to_at),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS if within_seconds is None else within_seconds):
            written, _ = await process.communicate(body[: MOST_BYTES + 1])
    except TimeoutError:
        raise NotACalendar("too_slow") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise NotACalendar("unreadable", f"the reader ended with {process.returncode}")
    # Some hundred events: others have their turn meanwhile.
    return await asyncio.to_thread(understood, written)


def understood(written: bytes) -> Reading:
    """Take up what `told` has written. Errors: `NotACalendar`."""
    found = json.loads(written)
    if "why" in found:
        raise NotACalendar(found["why"], found["detail"])
    events = tuple(
        Event(
            **event
            | {"categories": tuple(event["categories"]), "attendees": tuple(event["attendees"])}
        )
        for event in found["events"]
    )
    troubles = tuple(Trouble(**trouble) for trouble in found["troubles"])
    return Reading(events, troubles, frozenset(found["left_out"]))


def told(body: bytes, zone: str, from_at: int, to_at: int) -> bytes:
    """Read a calendar and write down what it says, or why it is none."""
    from bot.feeds.ics import read

    try:
        reading = read(body, zone=zone, from_at=from_at, to_at=to_at)
        found = asdict(reading) | {"left_out": sorted(reading.left_out)}
    except NotACalendar as problem:
        found = {"why": problem.why, "detail": problem.detail}
    return json.dumps(found).encode()


def main() -> None:
    """Read once and end."""
    gc.disable()  # it ends in a moment, and looking for rubbish is a tenth of its work
    os.nice(5)
    zone, from_at, to_at = sys.argv[1:]
    sys.stdout.buffer.write(told(sys.stdin.buffer.read(), zone, int(from_at), int(to_at)))


if __name__ == "__main__":
    main()
