"""Two small files beside the database, for whoever looks from outside the running program.

The pulse says how the program found itself lately, and by its age whether it is still there; the
mark says when the newest backup was made. Neither holds more than counts, ages and times. Refuses
to open the database: it must be possible to look while that is stuck.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from bot.store.erasures import write_whole

_PULSE: Final = ".health"
_MARK: Final = ".backed-up"
#: One page, always written whole and in place: a disk that is full can still hold it.
_PAGE_BYTES: Final = 4096
_FRESH_MS: Final = 90_000
#: Two clocks that are right differ by less.
_AHEAD_MS: Final = 5 * 60_000
_SPACE: Final = Path("/proc/self/ns/pid")


class NoPulse(Exception):
    """The program does not run, or hangs; says which, as far as can be seen."""


def write_pulse(database: Path, now: int, healthy: bool, checks: list[dict[str, str]]) -> None:
    """Say how the program found itself at `now` (wall clock, UTC milliseconds). Errors: OSError."""
    pulse = {
        "at": now,
        "process": os.getpid(),
        "space": _space(),
        "healthy": healthy,
        "checks": checks,
    }
    page = json.dumps(pulse).encode().ljust(_PAGE_BYTES)
    descriptor = os.open(_pulse_of(database), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, page, 0)
    finally:
        os.close(descriptor)


def end_pulse(database: Path) -> None:
    """Say that the program has stopped. Errors: OSError."""
    _pulse_of(database).unlink(missing_ok=True)


def read_pulse(database: Path, now: int) -> dict[str, Any]:
    """Give how the running program found itself: `at`, `process`, `healthy`, `checks`.

    Errors: `NoPulse` where none runs, or gives no sign any more; OSError.
    """
    try:
        pulse: dict[str, Any] = json.loads(_pulse_of(database).read_bytes())
    except FileNotFoundError:
        raise NoPulse("the bot is not running") from None
    except ValueError:
        raise NoPulse("the bot's last sign of life cannot be read: is the disk full?") from None
    since, process = (now - pulse["at"]) // 1000, pulse["process"]
    if _is_gone(process, pulse["space"]):
        raise NoPulse(f"the bot is not running: process {process} ended without stopping")
    if abs(since) * 1000 > _FRESH_MS:
        raise NoPulse(
            f"the bot gives no sign of life for {since} s: process {process} hangs, or is gone"
        )
    return pulse


def mark_backup(database: Path, now: int) -> None:
    """Note that a backup was made (UTC milliseconds). Errors: OSError."""
    write_whole(database.with_name(database.name + _MARK), f"{now}\n".encode())


def backed_up_at(database: Path) -> int | None:
    """Give when the newest backup was made; None where none is known. Errors: OSError."""
    try:
        text = database.with_name(database.name + _MARK).read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isascii() and text.isdecimal() else None


def newest_backup(database: Path, now: int) -> int | None:
    """Give when the newest backup was made, as far as that can be: a time that is still to come
    was noted by a clock that was ahead, and is none. Errors: OSError.
    """
    at = backed_up_at(database)
    return None if at is None or at > now + _AHEAD_MS else at


def _pulse_of(database: Path) -> Path:
    return database.with_name(database.name + _PULSE)


def _space() -> int:
    """Give which numbers of processes are meant: a container has its own. 0: not known."""
    try:
        return _SPACE.stat().st_ino
    except OSError:
        return 0


def _is_gone(process: int, space: int) -> bool:
    if space == 0 or space != _space():
        return False  # looked at from another container: only the age can tell
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
