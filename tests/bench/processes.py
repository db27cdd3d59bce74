"""What the system knows about a process, and processes to measure against."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp

from bot.demo.stage import TOKEN
from tests.emulator.apart import Control, run_apart

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Give the processor time of all threads of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def resident_mib(pid: int) -> float:
    """Give the resident memory of a process (VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no VmRSS")


@asynccontextmanager
async def emulator(*options: str) -> AsyncIterator[tuple[str, Control, int]]:
    """Run the emulator in a process of its own; give its `base_url`, its people and its id."""
    async with (
        run_apart("--token", TOKEN, *options) as (process, url),
        aiohttp.ClientSession() as session,
    ):
        yield url, Control(url, session), process.pid


@contextmanager
def running(
    command: list[str], core: int | None = None, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, on one core when it is named, until the block ends.

    more: variables of its environment beside our own.
    """
    with subprocess.Popen(command, env={**os.environ, **(more or {})}) as process:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        try:
            yield process
        finally:
            process.terminate()
            if process.wait(20) != 0:
                raise RuntimeError(f"{command[1:3]} ended with {process.returncode}")
