"""What must not grow or wait for ever in a year."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.year.came import when

_HOUR = 3_600_000
#: Beyond what a day brings: the log is emptied at its size, the rows are swept at the next tick.
_WAL_AT_MOST = 16 * 1024 * 1024
_SEEN_KEPT_MS = 96 * _HOUR


@dataclass(frozen=True, slots=True)
class Sample:
    """What was there then: bytes of the database and of its log, ids of updates."""

    at: int
    bytes: int
    log_bytes: int
    seen: int


def waiting(db: sqlite3.Connection, until: int) -> Iterator[str]:
    """Say what waits since more than an hour."""
    for row in db.execute(
        "SELECT kind, part, due_at FROM message WHERE state IN ('queued', 'sending')"
        " AND due_at < :then",
        {"then": until - _HOUR},
    ):
        yield f"{row['kind']} {row['part']} since {when(row['due_at'])}"


def unbounded(samples: Sequence[Sample], updates: list[int]) -> Iterator[str]:
    """Say what grew. updates: when each came, in order."""
    for sample in samples:
        newest = bisect_right(updates, sample.at)
        kept = newest - bisect_right(updates, sample.at - _SEEN_KEPT_MS)
        if sample.seen > kept:
            yield f"{sample.seen} update ids on {when(sample.at)}: {kept}"
        if sample.log_bytes > _WAL_AT_MOST:
            yield f"write-ahead log: {sample.log_bytes} bytes"
    third = len(samples) // 3
    if third < 20:
        return
    early = samples[2 * third].bytes - samples[third].bytes
    late = samples[-1].bytes - samples[2 * third].bytes
    if late > 1.3 * early:
        yield f"the database grew by {early} and then by {late} bytes"
