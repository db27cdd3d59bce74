"""A practice to measure with: people, pairs and open check-ins, made through the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.app import App, RandomIds, open_database
from bot.config import Settings, load
from bot.core.conversation import Known
from bot.core.timetable import local_on
from bot.demo.stage import write_config
from bot.services.digest_making import DigestMaking
from bot.services.ports import Clock
from bot.store import checkins, outbox, pairs, people
from bot.store.database import Transaction
from tests.transactions import writing

ZONE = "Europe/Berlin"
HOUR = 3_600_000
IDS = RandomIds()


def making_of(app: App) -> DigestMaking:
    """Give what makes the digests of a program."""
    return DigestMaking(app.db, app.clock, app.ids, app.settings, app.room.digests.reading)


@dataclass(frozen=True)
class Couple:
    """One pair and the Telegram id of its client."""

    pair_id: int
    client_id: int
    therapist_id: int
    telegram_id: int


def settings_in(folder: Path, base_url: str) -> Settings:
    """Write a practice's configuration and master key into a folder.

    It is quiet for one minute, half a day from now: a benchmark is also run at night.
    """
    far = (datetime.now(ZoneInfo(ZONE)).hour + 12) % 24
    quiet = f'quiet_from = "{far:02}:00"\nquiet_to = "{far:02}:01"'
    extra = f'[checkin]\n{quiet}\n[log]\nlevel = "warning"\n'
    return load(write_config(folder, base_url, zone=ZONE, extra=extra))


async def found(settings: Settings, clock: Clock, therapists: int, each: int) -> list[Couple]:
    """Make therapists with so many active pairs each."""
    now, couples = clock.now(), []
    db = await open_database(settings, clock)
    try:
        async with writing(db) as tx:
            for number in range(therapists):
                ben = await people.add_person(
                    tx, IDS.new(), 1_000_000 + number, f"Therapist {number}", "en", now
                )
                await people.make_therapist(tx, ben.id, now)
                for place in range(each):
                    telegram_id = 10_000_000 + number * each + place
                    couples.append(await _couple(tx, ben.id, telegram_id, place, now))
    finally:
        await db.close()
    return couples


async def _couple(
    tx: Transaction, therapist_id: int, telegram_id: int, place: int, now: int
) -> Couple:
    client = await people.add_person(tx, IDS.new(), telegram_id, "Client", "en", now)
    pair_id = IDS.new()
    await pairs.add_pair(tx, pair_id, therapist_id, f"C{place}", now)
    await pairs.join_pair(tx, pair_id, client.id, now)
    await tx.run(
        "UPDATE pair SET state = 'active', confirmed_at = :now, consented_at = :now,"
        " consent_version = '1' WHERE id = :id",
        now=now,
        id=pair_id,
    )
    return Couple(pair_id, client.id, therapist_id, telegram_id)


async def open_checkins(
    settings: Settings, clock: Clock, couples: list[Couple], each: int, *, alone: bool = True
) -> list[int]:
    """Open so many check-ins for every pair, their prompts due now; give their ids.

    alone: whether nobody else has the database open.
    """
    now, made = clock.now(), []
    db = await open_database(settings, clock, alone=alone)
    try:
        async with writing(db) as tx:
            for couple in couples:
                for number in range(each):
                    made.append(await _open(tx, couple, now - (number + 2) * HOUR, now))
    finally:
        await db.close()
    return made


async def _open(tx: Transaction, couple: Couple, starts_at: int, now: int) -> int:
    # Not 'planned': one check-in would close before the next one's session.
    appointment_id, checkin_id = IDS.new(), IDS.new()
    await tx.run(
        "INSERT INTO appointment (id, pair_id, local_on, local_time, timezone, starts_at, ends_at,"
        " state, state_at, asked, asked_at) VALUES (:id, :pair_id, :on, '12:00', :zone, :starts_at,"
        " :starts_at + 3000000, 'moved', :now, 'asked', :now)",
        id=appointment_id,
        pair_id=couple.pair_id,
        on=local_on(starts_at, ZONE),
        zone=ZONE,
        starts_at=starts_at,
        now=now,
    )
    await checkins.add_checkin(
        tx, id=checkin_id, pair_id=couple.pair_id, appointment_id=appointment_id, kind="session",
        instrument="session-alliance", instrument_version=1, language="en", consent_version="1",
        known=Known(), follows_id=None, now=now, due_at=now, closes_at=now + 48 * HOUR,
    )  # fmt: skip
    await outbox.queue(
        tx, id=IDS.new(), kind="prompt", subject_id=checkin_id, person_id=couple.client_id,
        pair_id=couple.pair_id, due_at=now, expires_at=now + 48 * HOUR, now=now,
    )  # fmt: skip
    return checkin_id
