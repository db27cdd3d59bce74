"""Years of check-ins, written in bulk and sealed as the store seals them.

Every answer is sealed with its pair's key for its own place, as `bot.store.answers` does it;
nothing is copied. Only the way into the file is shorter: one transaction, without waiting for
the disk.
"""

from __future__ import annotations

import random
import secrets
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from bot.config import Settings
from bot.core.conversation import Known
from bot.core.timetable import local_on, to_utc
from bot.store.answers import seal_value
from bot.store.checkins import write_known
from bot.store.vault import Sealer, load_vault
from tests.bench.practice import HOUR, ZONE, Couple

RATINGS = ("heard", "bond", "goals", "tasks", "fit")
WEEK = 7 * 24 * HOUR
#: The Monday of the newest week, and slots of the week so that no two of a therapist clash.
_MONDAY = to_utc("2026-11-16", "08:00", ZONE)
_A_DAY = 8


@dataclass
class Rows:
    """Rows to insert, by table."""

    of: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def add(self, table: str, *values: object) -> None:
        self.of.setdefault(table, []).append(values)


def fill(settings: Settings, couples: list[Couple], weeks: int, each: int) -> int:
    """Give each pair a check-in for each of so many weeks; returns the number of answers.

    each: pairs of a therapist. Digests and acknowledgements of the weeks before come with it.
    """
    vault = load_vault(settings.keys.master_key_file)
    connection = sqlite3.connect(settings.database.path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    chance, rows = random.Random(1), Rows()
    keys = dict(connection.execute("SELECT id, data_key FROM pair"))
    for number, couple in enumerate(couples):
        sealer = vault.sealer(keys[couple.pair_id], "pair", couple.pair_id)
        slot = number % each
        for week in range(weeks):
            starts_at = _MONDAY - week * WEEK + (slot // _A_DAY) * 24 * HOUR
            _session(rows, couple, sealer, starts_at + slot % _A_DAY * HOUR, chance)
    for start in range(0, len(couples), each):
        _digests(rows, couples[start : start + each], weeks, chance)
    answers = len(rows.of["answer"])
    for table in ("appointment", "checkin", "answer", "message", "digest", "digest_entry",
                  "acknowledgement"):  # fmt: skip
        _insert(connection, table, sorted(rows.of.pop(table)))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return answers


_COLUMNS = {
    "appointment": "id, pair_id, local_on, local_time, timezone, starts_at, ends_at, state,"
    " state_at, asked, asked_at",
    "checkin": "id, pair_id, appointment_id, kind, instrument, instrument_version, language,"
    " consent_version, state, known, telegram_message, planned_at, due_at, sent_at,"
    " first_answer_at, last_answer_at, completed_at, closes_at, closed_at, folded_at",
    "answer": "checkin_id, item, value, answered_at, changed_at",
    "message": "id, kind, subject_id, person_id, pair_id, state, reason, made_at, planned_at,"
    " due_at, expires_at, attempts, ended_at",
    "digest": "id, therapist_id, number, from_at, cut_at, made_at",
    "digest_entry": "digest_id, pair_id, page, place, standing",
    "acknowledgement": "id, digest_id, pair_id, kind, made_at, told_at",
}


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    places = ", ".join("?" * len(_COLUMNS[table].split(",")))
    connection.executemany(f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES ({places})", rows)


def _new_id() -> int:
    return secrets.randbits(63) or 1


def _session(
    rows: Rows, couple: Couple, sealer: Sealer, starts_at: int, chance: random.Random
) -> None:
    """One appointment with its check-in, answered within the hour, and its two messages."""
    appointment, checkin, pair = _new_id(), _new_id(), couple.pair_id
    due_at, done_at, closes_at = starts_at + HOUR, starts_at + 2 * HOUR, starts_at + 49 * HOUR
    rows.add(
        "appointment", appointment, pair, local_on(starts_at, ZONE), "12:00", ZONE, starts_at,
        starts_at + HOUR, "planned", starts_at, "asked", due_at,
    )  # fmt: skip
    known = sealer.seal_text(write_known(Known()), "checkin", "known", checkin)
    rows.add(
        "checkin", checkin, pair, appointment, "session", "session-alliance", 1, "en", "1",
        "answered", known, 1, due_at, due_at, due_at, done_at, done_at, done_at, closes_at,
        closes_at, closes_at,
    )  # fmt: skip
    for item in RATINGS:
        value = chance.choices((2, 6, 7, 8, 9, 10), (1, 3, 6, 8, 6, 3))[0]
        sealed = seal_value(sealer, checkin, item, value)
        rows.add("answer", checkin, item, sealed, done_at, done_at)
    for kind, state, reason in (("prompt", "sent", None), ("reminder", "dropped", "answered")):
        rows.add(
            "message", _new_id(), kind, checkin, couple.client_id, pair, state, reason, due_at,
            due_at, due_at, closes_at, 1, due_at,
        )  # fmt: skip


def _digests(rows: Rows, couples: list[Couple], weeks: int, chance: random.Random) -> None:
    """The digests of all weeks but the newest, every second pair acknowledged."""
    friday = to_utc("2026-11-13", "17:00", ZONE)
    for week in range(weeks - 1):
        digest, cut_at = _new_id(), friday - week * WEEK
        number = weeks - week
        rows.add("digest", digest, couples[0].therapist_id, number, cut_at - WEEK, cut_at, cut_at)
        for place, couple in enumerate(couples):
            rows.add("digest_entry", digest, couple.pair_id, 1, place, "calm")
            if place % 2:
                kind = chance.choice(("read", "talk"))
                at = cut_at + HOUR
                rows.add("acknowledgement", _new_id(), digest, couple.pair_id, kind, at, at)
