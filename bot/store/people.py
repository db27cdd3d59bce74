"""People and their roles as rows.

Names and Telegram ids are sealed with the person's own key; a Telegram id is looked up by its
blind index. Every change that a person asks for names its owner in the WHERE.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from bot.core.people import Person
from bot.store.database import Row, Transaction


def _person(tx: Transaction, row: Row) -> Person:
    sealer = tx.vault.sealer(row["data_key"], "person", row["id"])
    telegram = row["telegram"]
    name = row["name"]
    return Person(
        id=row["id"],
        telegram_id=None
        if telegram is None
        else int(sealer.open(telegram, "person", "telegram", row["id"])),
        name="" if name is None else sealer.open_text(name, "person", "name", row["id"]),
        language=row["language"],
        language_hint=row["language_hint"],
        timezone=row["timezone"],
        quiet_from=row["quiet_from"],
        quiet_to=row["quiet_to"],
        unreachable_at=row["unreachable_at"],
    )


def telegram_index(tx: Transaction, telegram_id: int) -> bytes:
    """Give the blind index of a Telegram id."""
    return tx.vault.blind_index("telegram", str(telegram_id))


async def find_person_by_telegram(tx: Transaction, telegram_id: int) -> Person | None:
    """Find who this Telegram account is."""
    row = await tx.one(
        "SELECT * FROM person WHERE telegram_index = :ix", ix=telegram_index(tx, telegram_id)
    )
    return _person(tx, row) if row else None


async def load_person(tx: Transaction, person_id: int) -> Person:
    """Load a person. Errors: KeyError."""
    row = await tx.one("SELECT * FROM person WHERE id = :id", id=person_id)
    if row is None:
        raise KeyError(f"no person {person_id}")
    return _person(tx, row)


async def add_person(
    tx: Transaction, person_id: int, telegram_id: int, name: str, hint: str | None, now: int
) -> Person:
    """Add a person, or give the one who has this Telegram account already.

    name: empty where it is not known yet; it is learnt when somebody brings it.
    """
    data_key = tx.vault.new_data_key("person", person_id)
    sealer = tx.vault.sealer(data_key, "person", person_id)
    await tx.run(
        "INSERT INTO person (id, data_key, telegram_index, telegram, name, language_hint,"
        " created_at) VALUES (:id, :data_key, :ix, :telegram, :name, :hint, :now)"
        " ON CONFLICT (telegram_index) DO NOTHING",
        id=person_id,
        data_key=data_key,
        ix=telegram_index(tx, telegram_id),
        telegram=sealer.seal_text(str(telegram_id), "person", "telegram", person_id),
        name=sealer.seal_text(name, "person", "name", person_id),
        hint=hint,
        now=now,
    )
    person = await find_person_by_telegram(tx, telegram_id)
    assert person is not None  # noqa: S101 - just inserted or there before
    return await _named(tx, person, name) if name and not person.name else person


async def _named(tx: Transaction, person: Person, name: str) -> Person:
    row = await tx.one("SELECT data_key FROM person WHERE id = :id", id=person.id)
    assert row is not None  # noqa: S101 - it is this person's own
    sealer = tx.vault.sealer(row["data_key"], "person", person.id)
    await tx.run(
        "UPDATE person SET name = :name WHERE id = :id",
        name=sealer.seal_text(name, "person", "name", person.id),
        id=person.id,
    )
    return replace(person, name=name)


async def set_telegram(tx: Transaction, person_id: int, telegram_id: int) -> None:
    """Let a person have another Telegram account, which must be nobody's."""
    row = await tx.one("SELECT data_key FROM person WHERE id = :id", id=person_id)
    assert row is not None  # noqa: S101 - whoever calls has loaded this person
    sealer = tx.vault.sealer(row["data_key"], "person", person_id)
    await tx.run(
        "UPDATE person SET telegram_index = :ix, telegram = :telegram WHERE id = :id",
        ix=telegram_index(tx, telegram_id),
        telegram=sealer.seal_text(str(telegram_id), "person", "telegram", person_id),
        id=person_id,
    )


async def professionals(tx: Transaction) -> list[Person]:
    """List everybody who has a role given in the database."""
    rows = await tx.all(
        "SELECT * FROM person WHERE id IN (SELECT person_id FROM role WHERE ended_at IS NULL)"
        " AND telegram_index IS NOT NULL"
    )
    return [_person(tx, row) for row in rows]


PersonSetting = Literal["language", "timezone", "quiet_from", "quiet_to"]


async def set_person(tx: Transaction, person_id: int, **settings: str | None) -> None:
    """Set what a person chose for themselves; None follows the practice."""
    for setting, value in settings.items():
        if setting not in ("language", "timezone", "quiet_from", "quiet_to"):
            raise ValueError(setting)
        await tx.run(
            f"UPDATE person SET {setting} = :value WHERE id = :id",  # noqa: S608 - one of four
            value=value,
            id=person_id,
        )


async def set_reachable(tx: Transaction, person_id: int, unreachable_at: int | None) -> bool:
    """Note that a person cannot be written to (since when), or can be again; was it news?"""
    row = await tx.one(
        "UPDATE person SET unreachable_at = :at WHERE id = :id"
        " AND (unreachable_at IS NULL) <> (CAST(:at AS BIGINT) IS NULL) RETURNING id",
        at=unreachable_at,
        id=person_id,
    )
    return row is not None


async def roles_of(tx: Transaction, person_id: int) -> frozenset[str]:
    """List the roles given in the database (the admin's comes from the configuration)."""
    rows = await tx.all(
        "SELECT role FROM role WHERE person_id = :id AND ended_at IS NULL", id=person_id
    )
    return frozenset(row["role"] for row in rows)


async def has_had_role(tx: Transaction, person_id: int) -> bool:
    """Say whether somebody has, or once had, a role given in the database."""
    return await tx.one("SELECT 1 AS it FROM role WHERE person_id = :id", id=person_id) is not None


async def make_therapist(tx: Transaction, person_id: int, now: int) -> None:
    """Give a person the therapist's role; once more changes nothing."""
    await tx.run(
        "INSERT INTO role (person_id, role, since_at) VALUES (:id, 'therapist', :now)"
        " ON CONFLICT (person_id, role) DO UPDATE SET ended_at = NULL",
        id=person_id,
        now=now,
    )
    await tx.run(
        "INSERT INTO therapist (person_id, cut_at) VALUES (:id, :now)"
        " ON CONFLICT (person_id) DO NOTHING",
        id=person_id,
        now=now,
    )


async def newest_cut(tx: Transaction, person_id: int) -> int:
    """Give the cut-off of a therapist's newest digest."""
    row = await tx.one("SELECT cut_at FROM therapist WHERE person_id = :id", id=person_id)
    return int(row["cut_at"]) if row else 0
