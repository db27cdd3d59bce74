"""Years of check-ins, written in bulk and sealed as the store seals them.

Every answer is sealed with its pair's key for its own place, as `bot.store.answers` does it;
nothing is copied. Only the way into the file is shorter: one transaction, without waiting for
the disk.
"""

from __future__ import annotations

import random
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
_VALUES = (2,) + (6,) * 3 + (7,) * 6 + (8,) * 8 + (9,) * 6 + (10,) * 3


#: So many check-ins are made and inserted at once.
_AT_ONCE = 20_000


@dataclass
class Rows:
    """Rows to insert, by table."""

    of: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def add(self, table: str, *values: object) -> None:
        self.of.setdefault(table, []).append(values)


def fill(settings: Settings, couples: list[Couple], weeks: int, each: int) -> int:
    """Give each pair a check-in for each of so many weeks; returns the number of answers.

    each: pairs of a therapist. Digests and acknowledgements of the weeks before come with it. Week
    by week, as time would: neighbours in the file are of different pairs.
    """
    vault = load_vault(settings.keys.master_key_file)
    connection = _opened(settings)
    chance, rows = random.Random(1), Rows()
    keys = dict(connection.execute("SELECT id, data_key FROM pair"))
    sealers = [vault.sealer(keys[c.pair_id], "pair", c.pair_id) for c in couples]
    for week in reversed(range(weeks)):
        for number, couple in enumerate(couples):
            slot = number % each
            starts_at = _MONDAY - week * WEEK + (slot // _A_DAY) % 5 * 24 * HOUR
            _session(rows, couple, sealers[number], starts_at + slot % _A_DAY * HOUR, chance)
            if len(rows.of["checkin"]) >= _AT_ONCE:
                _insert(connection, rows)
    for start in range(0, len(couples), each):
        _digests(rows, couples[start : start + each], weeks, chance)
    _insert(connection, rows)
    (answers,) = connection.execute("SELECT count(*) FROM answer").fetchone()
    _closed(connection)
    return int(answers)


def _opened(settings: Settings) -> sqlite3.Connection:
    """Open the file without what makes it safe, and without indexes that are quicker made after."""
    connection = sqlite3.connect(settings.database.path, isolation_level=None)
    for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("CREATE TEMP TABLE made AS SELECT name, sql FROM sqlite_master"
                       " WHERE type = 'index' AND sql IS NOT NULL")  # fmt: skip
    for (name,) in connection.execute("SELECT name FROM made").fetchall():
        connection.execute(f"DROP INDEX {name}")
    connection.execute("BEGIN")
    return connection


def _closed(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")
    for (sql,) in connection.execute("SELECT sql FROM made").fetchall():
        connection.execute(sql)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


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


def _insert(connection: sqlite3.Connection, rows: Rows) -> None:
    """Insert what was made, the tables that others point to first."""
    for table, columns in _COLUMNS.items():
        places = ", ".join("?" * len(columns.split(",")))
        made = rows.of.pop(table, [])
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", made)


def _new_id(chance: random.Random) -> int:
    return chance.getrandbits(63) or 1


def _session(
    rows: Rows, couple: Couple, sealer: Sealer, starts_at: int, chance: random.Random
) -> None:
    """One appointment with its check-in, answered within the hour, and its two messages."""
    appointment, checkin, pair = _new_id(chance), _new_id(chance), couple.pair_id
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
        sealed = seal_value(sealer, checkin, item, chance.choice(_VALUES))
        rows.add("answer", checkin, item, sealed, done_at, done_at)
    for kind, state, reason in (("prompt", "sent", None), ("reminder", "dropped", "answered")):
        rows.add(
            "message", _new_id(chance), kind, checkin, couple.client_id, pair, state, reason,
            due_at, due_at, due_at, closes_at, 1, due_at,
        )  # fmt: skip


def _digests(rows: Rows, couples: list[Couple], weeks: int, chance: random.Random) -> None:
    """The digests of all weeks but the newest, every second pair acknowledged."""
    friday = to_utc("2026-11-13", "17:00", ZONE)
    for week in range(weeks - 1):
        digest, cut_at = _new_id(chance), friday - week * WEEK
        number = weeks - week
        rows.add("digest", digest, couples[0].therapist_id, number, cut_at - WEEK, cut_at, cut_at)
        for place, couple in enumerate(couples):
            rows.add("digest_entry", digest, couple.pair_id, 1, place, "calm")
            if place % 2:
                kind = chance.choice(("read", "talk"))
                at = cut_at + HOUR
                rows.add("acknowledgement", _new_id(chance), digest, couple.pair_id, kind, at, at)
