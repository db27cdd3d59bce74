"""Where tests keep their files: in memory, where there is such a place with room.

A commit waits for the disk, most of a simulated year's time among others. Nothing is tried that
way that memory would do better than a disk: a killed process leaves the same files on both, and
the loss of power is played by a shim (tests/crash/disk.py), for which all that was not synced is
gone wherever it lay.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
#: Several times what all tests leave when all of them fail.
_ROOM_BYTES = 4 << 30


def keep_in_memory() -> None:
    """Let temporary files of this process and its children lie in memory, unless TMPDIR is set."""
    if "TMPDIR" not in os.environ and _has_room(_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _has_room(place: Path) -> bool:
    """Tell whether a folder can hold files and programs (containers often allow 64 MB, or none)."""
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return False
    may_start_programs = not os.statvfs(place).f_flag & os.ST_NOEXEC
    return may_start_programs and shutil.disk_usage(place).free >= _ROOM_BYTES
