"""What the system knows about a process, and processes to measure against."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bot.demo.stage import TOKEN
from bot.emulator.control import Control

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
async def emulator() -> AsyncIterator[tuple[str, Control]]:
    """Run the emulator in a process of its own; give its `base_url` and its people."""
    command = [sys.executable, "-m", "bot.emulator", "--port", "0", "--token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().split()[1]
        try:
            async with Control(base_url) as control:
                yield base_url, control
        finally:
            process.terminate()


@contextmanager
def running(command: list[str], core: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, on one core when it is named, until the block ends."""
    with subprocess.Popen(command) as process:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        try:
            yield process
        finally:
            process.terminate()
            if process.wait(20) != 0:
                raise RuntimeError(f"{command[1:3]} ended with {process.returncode}")
