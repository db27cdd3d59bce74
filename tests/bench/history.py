"""Years of check-ins, written in bulk and sealed as the store seals them.

Every answer is sealed with its pair's key for its own place, as `bot.store.answers` does it, and
opened by the store when it is measured; nothing is copied. Only the way into the file is shorter
(see `bulk`), and the random bytes that every seal begins with are drawn many at once.
"""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from typing import Any

from bot.config import Settings
from bot.core.conversation import Known
from bot.core.timetable import local_on, to_utc
from bot.store.checkins import write_known
from bot.store.vault import _NONCE, _VERSION, Sealer, _pad, load_vault
from tests.bench.bulk import Bulk, check
from tests.bench.practice import HOUR, ZONE, Couple

RATINGS = ("heard", "bond", "goals", "tasks", "fit")
WEEK = 7 * 24 * HOUR
#: The Monday of the newest week, and slots of the week so that no two of a therapist clash.
_MONDAY = to_utc("2026-11-16", "08:00", ZONE)
#: The newest digest's cut-off: what is of that Monday's week is in none yet.
_FRIDAY = to_utc("2026-11-13", "17:00", ZONE)
_A_DAY = 8
_VALUES = (2,) + (6,) * 3 + (7,) * 6 + (8,) * 8 + (9,) * 6 + (10,) * 3
_PADDED = [_pad(str(value).encode()) for value in _VALUES]
_KNOWN = _pad(write_known(Known()).encode())

#: So many check-ins are made and inserted at once.
_AT_ONCE = 20_000
#: A file of more answers than this is not checked: that takes longer than filling it.
_CHECKED = 1_000_000

_COLUMNS = {
    "appointment": "id, pair_id, local_on, local_time, timezone, starts_at, ends_at, state,"
    " state_at, asked, asked_at",
    "checkin": "id, pair_id, appointment_id, kind, instrument, instrument_version, language,"
    " consent_version, state, known, telegram_message, planned_at, due_at, sent_at,"
    " first_answer_at, last_answer_at, completed_at, closes_at, closed_at, folded_at,"
    " seen_at",
    "answer": "checkin_id, item, value, answered_at, changed_at",
    "message": "id, kind, subject_id, person_id, pair_id, state, reason, made_at, planned_at,"
    " due_at, expires_at, attempts, ended_at",
    "digest": "id, therapist_id, number, from_at, cut_at, made_at, opened_at",
    "digest_entry": "digest_id, pair_id, page, place, standing",
    "acknowledgement": "id, digest_id, pair_id, kind, made_at, told_at",
}


class _Rows:
    """Rows to insert, by table, and what they are made with."""

    def __init__(self) -> None:
        self.chance = random.Random(1)
        self.of: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
        self._drawn, self._used = b"", 0

    def new_id(self) -> int:
        return self.chance.getrandbits(63) or 1

    def sealed(self, sealer: Sealer, padded: bytes, place: str) -> bytes:
        """Seal as `Sealer.seal` does."""
        if self._used == len(self._drawn):
            self._drawn, self._used = os.urandom(_NONCE * 100_000), 0
        nonce = self._drawn[self._used : self._used + _NONCE]
        self._used += _NONCE
        return _VERSION + nonce + sealer._cipher.encrypt(nonce, padded, place.encode())

    def insert(self, bulk: Bulk) -> None:
        for table, rows in self.of.items():
            bulk.add(table, _COLUMNS[table], rows)
            rows.clear()


def fill(settings: Settings, couples: list[Couple], weeks: int, each: int) -> int:
    """Give each pair a check-in for each of so many weeks; returns the number of answers.

    each: pairs of a therapist. Digests and acknowledgements of the weeks before come with it. Week
    by week, as time would: neighbours in the file are of different pairs.
    """
    path, rows = settings.database.path, _Rows()
    sealers = _sealers(settings, couples)
    bulk = Bulk(path, _COLUMNS)
    for week in reversed(range(weeks)):
        seen_at = _FRIDAY - (week - 1) * WEEK if week else None
        for number, couple in enumerate(couples):
            slot = number % each
            starts_at = _MONDAY - week * WEEK + (slot // _A_DAY) % 5 * 24 * HOUR
            starts_at += slot % _A_DAY * HOUR
            _session(rows, couple, sealers[number], starts_at, seen_at)
            if len(rows.of["checkin"]) >= _AT_ONCE:
                rows.insert(bulk)
    for start in range(0, len(couples), each):
        _digests(rows, couples[start : start + each], weeks)
    rows.insert(bulk)
    bulk.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "UPDATE therapist SET digests = ? WHERE person_id = ?",
            {(weeks, couple.therapist_id) for couple in couples},
        )
    answers = weeks * len(couples) * len(RATINGS)
    if answers <= _CHECKED:
        check(path)
    return answers


def _sealers(settings: Settings, couples: list[Couple]) -> list[Sealer]:
    vault = load_vault(settings.keys.master_key_file)
    with closing(sqlite3.connect(settings.database.path)) as connection:
        keys = dict(connection.execute("SELECT id, data_key FROM pair"))
    return [vault.sealer(keys[c.pair_id], "pair", c.pair_id) for c in couples]


def _session(
    rows: _Rows, couple: Couple, sealer: Sealer, starts_at: int, seen_at: int | None
) -> None:
    """One appointment with its check-in, answered within the hour, and its two messages.

    seen_at: when a digest showed it to the therapist.
    """
    appointment, checkin, pair, of = rows.new_id(), rows.new_id(), couple.pair_id, rows.of
    due_at, done_at, closes_at = starts_at + HOUR, starts_at + 2 * HOUR, starts_at + 49 * HOUR
    of["appointment"].append((
        appointment, pair, local_on(starts_at, ZONE), "12:00", ZONE, starts_at,
        starts_at + HOUR, "planned", starts_at, "asked", due_at,
    ))  # fmt: skip
    known = rows.sealed(sealer, _KNOWN, f"checkin|known|{checkin}")
    of["checkin"].append((
        checkin, pair, appointment, "session", "session-alliance", 1, "en", "1",
        "answered", known, 1, due_at, due_at, due_at, done_at, done_at, done_at, closes_at,
        closes_at, closes_at, seen_at,
    ))  # fmt: skip
    for item, padded in zip(RATINGS, rows.chance.choices(_PADDED, k=len(RATINGS)), strict=True):
        value = rows.sealed(sealer, padded, f"answer|value|{checkin}|{item}")
        of["answer"].append((checkin, item, value, done_at, done_at))
    for kind, state, reason in (("prompt", "sent", None), ("reminder", "dropped", "answered")):
        of["message"].append((
            rows.new_id(), kind, checkin, couple.client_id, pair, state, reason,
            due_at, due_at, due_at, closes_at, 1, due_at,
        ))  # fmt: skip


def _digests(rows: _Rows, couples: list[Couple], weeks: int) -> None:
    """The digests of all weeks but the newest, opened, and every second pair acknowledged."""
    for week in range(weeks - 1):
        digest, cut_at, of = rows.new_id(), _FRIDAY - week * WEEK, rows.of
        therapist, number = couples[0].therapist_id, weeks - week
        of["digest"].append(
            (digest, therapist, number, cut_at - WEEK, cut_at, cut_at, cut_at + HOUR)
        )
        for place, couple in enumerate(couples):
            of["digest_entry"].append((digest, couple.pair_id, 1, place, "calm"))
            if place % 2:
                kind, at = rows.chance.choice(("read", "talk")), cut_at + HOUR
                of["acknowledgement"].append((rows.new_id(), digest, couple.pair_id, kind, at, at))
