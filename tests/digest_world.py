"""A real database with Ben, his clients and their check-ins, and a clock to move by hand."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.config import Settings, load
from bot.core.conversation import Answer, Known
from bot.core.timetable import to_utc
from bot.instruments import load_instruments
from bot.services.acknowledgements import Acknowledgements
from bot.services.digest_making import DigestMaking
from bot.services.digest_reading import DigestReading
from bot.services.digests import Digests
from bot.services.lookup import Lookup
from bot.store import answers, checkins, pairs, people, practice
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.vault import Vault
from tests.digest_support import CUT, DAY, FROM, HOUR, INSTRUMENT, RATINGS, ZONE
from tests.transactions import reading, writing

MONDAY = "2026-11-16"

MINUTE = 60_000


@dataclass
class HandClock:
    """A clock that stands where it is put."""

    at: int

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        self.at += int(seconds * 1000)


@dataclass
class SeededIds:
    """Ids that come again the same."""

    source: random.Random = field(default_factory=lambda: random.Random(7))

    def new(self) -> int:
        return self.source.getrandbits(62) + 1

    def secret(self, size: int) -> str:
        return "x" * size


CONFIG = """
[telegram]
token = "123456789:AAHfakefakefakefakefakefakefakefake"
[practice]
name = "Lindenhof"
timezone = "Europe/Berlin"
admins = [4001]
[safety]
text = "Call 112, or Dana at the practice."
[privacy]
feedback_in_clinical_record = true
contact = "Dana, at the front desk"
"""


def settings(folder: Path, *, free_text: bool = False) -> Settings:
    """The configuration of a practice; digests on Fridays at 17:00."""
    path = folder / "config.toml"
    path.write_text(CONFIG + ("[digest]\nfree_text = true\n" if free_text else ""), "utf-8")
    path.chmod(0o600)
    return load(path)


@dataclass
class World:
    """Everything a digest's story needs; times are instants, dates local to Berlin."""

    db: Database
    clock: HandClock
    ids: SeededIds
    making: DigestMaking
    digests: Digests
    lookup: Lookup
    acknowledgements: Acknowledgements
    ben: int = 0

    async def person(self, telegram_id: int, *, therapist: bool = False) -> int:
        async with writing(self.db) as tx:
            person = await people.add_person(
                tx, self.ids.new(), telegram_id, "?", None, self.clock.now()
            )
            if therapist:
                await people.make_therapist(tx, person.id, FROM)
        return person.id

    async def pair(self, code: str, therapist: int | None = None, state: str = "active") -> int:
        """Add a pair with a client of its own."""
        pair_id = self.ids.new()
        client = await self.person(self.ids.new())
        async with writing(self.db) as tx:
            await pairs.add_pair(tx, pair_id, therapist or self.ben, code, FROM - 90 * DAY)
            await pairs.join_pair(tx, pair_id, client, FROM - 89 * DAY)
            await tx.run("UPDATE pair SET state = :s WHERE id = :id", s=state, id=pair_id)
        return pair_id

    async def client_of(self, pair_id: int) -> int:
        (row,) = await self.rows("SELECT client_id FROM pair WHERE id = :id", id=pair_id)
        return int(row["client_id"])

    async def appointment(
        self, pair_id: int, on: str = MONDAY, time: str = "15:00", **changes: object
    ) -> int:
        appointment_id, starts_at = self.ids.new(), to_utc(on, time, ZONE)
        facts = {
            "id": appointment_id, "pair_id": pair_id, "local_on": on, "local_time": time,
            "timezone": ZONE, "starts_at": starts_at, "ends_at": starts_at + HOUR,
            "state": "planned", "state_at": starts_at - 30 * DAY, **changes,
        }  # fmt: skip
        await self.insert("appointment", facts)
        return appointment_id

    async def checkin(
        self,
        pair_id: int,
        *ratings: int | None,
        on: str = MONDAY,
        time: str = "15:00",
        extra: tuple[Answer, ...] = (),
        **changes: object,
    ) -> int:
        """Add an appointment with its check-in: sent when it ended, completed 59 minutes later.

        Not on the hour, where digests are cut.
        """
        appointment_id = await self.appointment(pair_id, on, time)
        checkin_id, sent_at = self.ids.new(), to_utc(on, time, ZONE) + HOUR
        done_at, closes_at = sent_at + HOUR - MINUTE, sent_at + 48 * HOUR
        async with writing(self.db) as tx:
            await checkins.add_checkin(
                tx, id=checkin_id, pair_id=pair_id, appointment_id=appointment_id,
                kind="session", instrument="session-alliance", instrument_version=1,
                language="en", consent_version="1", known=Known(), follows_id=None,
                now=sent_at, due_at=sent_at, closes_at=closes_at,
            )  # fmt: skip
            loaded = await checkins.load_checkin(tx, checkin_id)
            assert loaded is not None
            given = [
                Answer(key, value, changed_at=done_at)
                for key, value in zip(RATINGS, ratings, strict=False)
            ]
            given += [Answer(a.item, a.value, a.disclosure, changed_at=done_at) for a in extra]
            await answers.save_answers(tx, loaded, given, {})
            whole = len(ratings) == len(RATINGS)
            facts = {
                "state": "answered" if whole else "partial" if ratings else "expired",
                "sent_at": sent_at,
                "first_answer_at": done_at if ratings else None,
                "completed_at": done_at if whole else None,
                "closed_at": closes_at,
                **changes,
            }
            columns = ", ".join(f"{name} = :{name}" for name in facts)
            await tx.run(f"UPDATE checkin SET {columns} WHERE id = :id", id=checkin_id, **facts)
        return checkin_id

    async def correct(self, checkin_id: int, at: int, *changed: Answer) -> None:
        """Change answers after completion, as the client's tap does."""
        async with writing(self.db) as tx:
            loaded = await checkins.load_checkin(tx, checkin_id)
            assert loaded is not None
            before = await answers.answers_of(tx, loaded)
            given = [Answer(a.item, a.value, a.disclosure, changed_at=at) for a in changed]
            corrected = await answers.save_answers(tx, loaded, given, before)
            await checkins.note_progress(tx, checkin_id, at, completed=False, corrected=corrected)

    async def insert(self, table: str, facts: dict[str, object]) -> None:
        names = ", ".join(facts)
        values = ", ".join(f":{name}" for name in facts)
        await self.run(f"INSERT INTO {table} ({names}) VALUES ({values})", **facts)

    async def run(self, sql: str, **values: object) -> None:
        async with writing(self.db) as tx:
            await tx.run(sql, **values)

    async def rows(self, sql: str, **values: object) -> list[Any]:
        async with reading(self.db) as tx:
            return await tx.all(sql, **values)

    async def newest_digest(self) -> int:
        (row,) = await self.rows("SELECT id FROM digest ORDER BY number DESC LIMIT 1")
        return int(row["id"])


@asynccontextmanager
async def open_world(
    folder: Path, *, at: int = CUT, free_text: bool = False
) -> AsyncIterator[World]:
    """Open a practice with one therapist, Ben, whose last cut-off was FROM."""
    clock, ids = HandClock(at), SeededIds()
    db = await Database.open(folder / "rapport.sqlite3", Vault(os.urandom(32)), clock.now)
    try:
        await migrate(db, clock.now())
        async with writing(db) as tx:
            await practice.found_practice(tx, clock.now())
        chosen = settings(folder, free_text=free_text)
        reading = DigestReading(chosen, INSTRUMENT, load_instruments())
        making = DigestMaking(db, clock, ids, chosen, reading)
        digests = Digests(db, clock, ids, chosen, reading)
        lookup = Lookup(db, clock, ids, chosen, INSTRUMENT, load_instruments())
        world = World(db, clock, ids, making, digests, lookup, Acknowledgements(db, clock))
        world.ben = await world.person(1, therapist=True)
        yield world
    finally:
        await db.close()
