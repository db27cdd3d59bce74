"""The machine that was measured on, in one line: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

#: It takes so long where nobody else is at work, on the machine that the budgets are for.
_LOOP, _QUIET_SECONDS = "number = 0\nwhile number < 10_000_000: number += 1", 0.6


def described() -> str:
    """Say when and on what: processor, Python and libraries, load, and how long a plain loop takes.

    The loop tells what figures of another machine would be here.
    """
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("python-telegram-bot", "aiosqlite")
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {_processor()}, {os.cpu_count()} cores, load"
        f" {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, SQLite"
        f" {sqlite3.sqlite_version}, {libraries}; a plain loop takes"
        f" {loop_seconds() / _QUIET_SECONDS:.1f} times as long as on the machine of the budgets"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text("utf-8").splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def loop_seconds() -> float:
    """Give the processor time of ten million turns of a plain loop."""
    began = time.process_time()
    exec(_LOOP, {})  # noqa: S102 - the names of a module are slower than those of a function
    return time.process_time() - began


def slowness() -> float:
    """Say how many times slower this is than the machine that the budgets are for, at least 1."""
    return max(1.0, loop_seconds() / _QUIET_SECONDS)
