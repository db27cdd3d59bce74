"""A disk that loses what was not synced, is full, read-only or broken; see `disk.c`.

After a loss of power the worst is assumed: of each file only what its last sync made safe is
there, or of what came after it some sectors of 512 bytes and others not, drawn by chance.
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
            left = _torn(kept, written, chance) if torn else kept
            lost += abs(len(written) - len(left))
            lost += sum(a != b for a, b in zip(left, written, strict=False))
            if left:
                now.write_bytes(left)
            else:
                now.unlink(missing_ok=True)
        Path(f"{self.database}-shm").unlink(missing_ok=True)
        return lost


def _torn(kept: bytes, written: bytes, chance: random.Random) -> bytes:
    """Take each sector as it was safe or as it was written last."""
    length = chance.choice((len(kept), len(written)))
    sectors = []
    for at in range(0, length, _SECTOR):
        old, new = kept[at : at + _SECTOR], written[at : at + _SECTOR]
        sectors.append(new if old == new or chance.random() < 0.5 else old)
        size = min(_SECTOR, length - at)
        sectors[-1] = sectors[-1][:size].ljust(size, b"\0")
    return b"".join(sectors)
