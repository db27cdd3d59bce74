"""A disk that loses what was not synced, is full, read-only or broken; see `disk.c`.

After a loss of power the worst is assumed: of each file only what its last sync made safe is
there, or of what came after it some sectors of 512 bytes and others not, drawn by chance. What was
cut off a file is there as it was, or gone: no file system mixes it with what was written there
later, for that lies elsewhere on the disk.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_SECTOR = 512
Trouble = Literal["full", "readonly", "broken"]


def has_compiler() -> bool:
    return shutil.which("gcc") is not None


@dataclass(frozen=True)
class Disk:
    """The disk under a database, from the process that is started with `environment`."""

    database: Path
    synced: Path
    library: Path

    @classmethod
    def under(cls, folder: Path) -> Disk:
        """Make the library for the database that a practice in this folder will have."""
        disk = cls(folder / "rapport.sqlite3", folder / "synced", folder / "disk.so")
        disk.synced.mkdir()
        source = Path(__file__).with_name("disk.c")
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-O1", "-o", disk.library, source],
            check=True,
        )
        return disk

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self.library),
            "DISK_FILES": str(self.database),
            "DISK_SYNCED": str(self.synced),
        }

    @contextmanager
    def trouble(self, kind: Trouble) -> Iterator[None]:
        """Let every write fail while the context lasts."""
        sign = self.synced / kind
        sign.touch()
        try:
            yield
        finally:
            sign.unlink()

    def lose_power(self, chance: random.Random) -> int:
        """Leave on the disk what a power failure leaves; give how many bytes were lost.

        To be called while no process has the database open.
        """
        torn, lost = chance.random() < 0.5, 0
        for end in ("", "-wal"):
            now, safe = Path(f"{self.database}{end}"), self.synced / f"{self.database.name}{end}"
            kept = safe.read_bytes() if safe.exists() else b""
            written = now.read_bytes() if now.exists() else kept
            left = _torn(kept, written, _cut_to(safe, written), chance) if torn else kept
            lost += abs(len(written) - len(left))
            lost += sum(a != b for a, b in zip(left, written, strict=False))
            for file in (now, safe):  # what is there after it is on the disk
                if left:
                    file.write_bytes(left)
                else:
                    file.unlink(missing_ok=True)
            _note_of(safe).unlink(missing_ok=True)
        Path(f"{self.database}-shm").unlink(missing_ok=True)
        return lost


def _note_of(safe: Path) -> Path:
    return safe.with_name(f"{safe.name}.cut")


def _cut_to(safe: Path, written: bytes) -> int:
    note = _note_of(safe)
    return min(len(written), int(note.read_text("ascii"))) if note.exists() else len(written)


def _torn(kept: bytes, written: bytes, cut_to: int, chance: random.Random) -> bytes:
    """Take each sector as it was safe or as it was written last.

    cut_to: what lay behind it when the file was safe was cut off since.
    """
    if cut_to < len(kept):
        if chance.random() < 0.5:  # the cut is on the disk
            kept = kept[:cut_to]
        else:  # it is not, nor what was written behind it since
            written = written[:cut_to] + kept[cut_to:]
    length = chance.choice((len(kept), len(written)))
    sectors = []
    for at in range(0, length, _SECTOR):
        old, new = kept[at : at + _SECTOR], written[at : at + _SECTOR]
        sectors.append(new if old == new or chance.random() < 0.5 else old)
        size = min(_SECTOR, length - at)
        sectors[-1] = sectors[-1][:size].ljust(size, b"\0")
    return b"".join(sectors)
