"""The erasures' own log, a file beside the database: what was erased stays erased.

A line is written and on disk before the rows go, so whoever puts an older database back, or dies
between the two, has it finished at the next start. A line holds ids, a time and the pair's code,
sealed: no content. Lines are only ever added. A line that a crash cut off is passed over: its
erasure had not begun. Refuses to know what erasing a pair means.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FORMAT: Final = "1"
#: The names of copies where backups are; of one that is sent away each has a name of its own.
ERASURE_LOGS: Final = "erasures*.log"
_FIELDS: Final = 6
_CHECKSUM: Final = 16


@dataclass(frozen=True, slots=True)
class Erased:
    """One erasure. code: sealed with the practice's own key, which outlives every other."""

    pair_id: int
    therapist_id: int
    erased_at: int
    code: bytes

    def line(self) -> str:
        """Give the line that says it."""
        code = base64.urlsafe_b64encode(self.code).decode()
        body = f"{_FORMAT} {self.pair_id} {self.therapist_id} {self.erased_at} {code}"
        return f"{body} {_checksum(body)}\n"


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:_CHECKSUM]


def _erased(line: str) -> Erased | None:
    body, _, checksum = line.rpartition(" ")
    fields = line.split(" ")
    if len(fields) != _FIELDS or fields[0] != _FORMAT or checksum != _checksum(body):
        return None
    try:
        code = base64.urlsafe_b64decode(fields[4])
        return Erased(int(fields[1]), int(fields[2]), int(fields[3]), code)
    except (ValueError, binascii.Error):
        return None


def read_lines(text: str) -> tuple[list[Erased], int]:
    """Give the erasures of a log, each pair's first, and how many lines cannot be read."""
    found = [_erased(line) for line in text.splitlines() if line]
    once: dict[int, Erased] = {}
    for erased in found:
        if erased is not None:
            once.setdefault(erased.pair_id, erased)
    return list(once.values()), found.count(None)


class ErasureLog:
    """The log beside one database."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[list[Erased], int]:
        """Give every erasure, and how many lines cannot be read. Errors: OSError."""
        try:
            return read_lines(self.path.read_text("ascii", "replace"))
        except FileNotFoundError:
            return [], 0

    def add_missing(self, erasures: Iterable[Erased]) -> None:
        """Add the erasures that the log has not; nothing that it has goes. Errors: OSError."""
        there = {erased.pair_id for erased in self.read()[0]}
        missing = [erased for erased in erasures if erased.pair_id not in there]
        if missing:
            self.add(missing)

    def add(self, erasures: Iterable[Erased]) -> None:
        """Add erasures; they are on disk when this returns. Errors: OSError."""
        text = "".join(erased.line() for erased in erasures)
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if is_new:
                give_to_folders_owner(descriptor, self.path)
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                text = "\n" + text  # a crash cut the last line off
            written = os.write(descriptor, text.encode())
            if written != len(text):
                raise OSError(f"{self.path}: only {written} of {len(text)} bytes were written")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self.path.parent)


def write_whole(path: Path, body: bytes) -> None:
    """Write a new file that only its owner can read. Errors: OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)


def give_to_folders_owner(descriptor: int, path: Path) -> None:
    """Let a new file that root makes belong to whom its folder belongs to.

    The bot runs as that user: what it cannot write stops it, an erasures' log all erasing.
    """
    give_to_owner_of(descriptor, path.parent)


def give_to_owner_of(descriptor: int, other: Path) -> None:
    """Let a new file that root makes belong to whom another file or folder belongs to."""
    if os.geteuid() == 0:
        owner = other.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Let the names of a folder's files be on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
