"""Answers as rows, sealed with the pair's key and bound to their check-in and item.

What a correction replaces after completion is kept, so that a digest can say what its cut-off
knew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from bot.core.conversation import Answer, Value
from bot.store.checkins import CheckIn
from bot.store.database import Row, Transaction
from bot.store.vault import Sealer


def place_of(checkin_id: int) -> str:
    """Give where the answers of a check-in are sealed to, without their items."""
    return f"answer|value|{checkin_id}|"


def seal_value(sealer: Sealer, checkin_id: int, item: str, value: Value) -> bytes | None:
    """Seal an answer's value to its place; a skipped one is null."""
    if value is None:
        return None
    text = str(value) if type(value) is int else json.dumps(value, ensure_ascii=False)
    return sealer.seal_text(text, "answer", "value", f"{checkin_id}|{item}")


def open_value(sealer: Sealer, checkin_id: int, item: str, sealed: bytes | None) -> Value:
    """Open what `seal_value` sealed."""
    if sealed is None:
        return None
    return read_value(sealer.open(sealed, "answer", "value", f"{checkin_id}|{item}"))


def read_value(plain: bytes) -> Value:
    """Read what was sealed, as it came out."""
    if plain.isdigit():
        return int(plain)  # a rating, as most of them are
    value = json.loads(plain.decode("utf-8", "surrogatepass"))
    return tuple(value) if isinstance(value, list) else value


def open_answer(sealer: Sealer, row: Row) -> Answer:
    """Read a row of `answer`."""
    return Answer(
        item=row["item"],
        value=open_value(sealer, row["checkin_id"], row["item"], row["value"]),
        disclosure=row["disclosure"],
        in_hand=row["in_hand_at"] is not None,
        answered_at=row["answered_at"],
        changed_at=row["changed_at"],
        update_id=row["update_id"],
    )


async def answers_of(tx: Transaction, checkin: CheckIn) -> dict[str, Answer]:
    """Give the answers of a check-in by item."""
    rows = await tx.all("SELECT * FROM answer WHERE checkin_id = :id", id=checkin.id)
    sealer = tx.vault.sealer(checkin.data_key, "pair", checkin.pair_id)
    return {row["item"]: open_answer(sealer, row) for row in rows}


async def save_answers(
    tx: Transaction, checkin: CheckIn, answers: Iterable[Answer], before: Mapping[str, Answer]
) -> bool:
    """Store answers; give whether this corrected a check-in that had been completed.

    before: the answers as they were; a value or disclosure replaced after completion is kept.
    """
    sealer = tx.vault.sealer(checkin.data_key, "pair", checkin.pair_id)
    corrected = False
    for answer in answers:
        old = before.get(answer.item)
        changed = (old.value, old.disclosure) if old else (None, None)
        if changed != (answer.value, answer.disclosure) and checkin.completed_at is not None:
            corrected = True
            if old is not None:
                await _keep_earlier(tx, checkin.id, answer.item, answer.changed_at)
        await tx.run(
            "INSERT INTO answer (checkin_id, item, value, disclosure, in_hand_at, answered_at,"
            " changed_at, update_id) VALUES (:checkin_id, :item, :value, :disclosure, :in_hand_at,"
            " :at, :at, :update_id)"
            " ON CONFLICT (checkin_id, item) DO UPDATE SET value = excluded.value,"
            " disclosure = excluded.disclosure, in_hand_at = excluded.in_hand_at,"
            " changed_at = excluded.changed_at, update_id = excluded.update_id",
            checkin_id=checkin.id,
            item=answer.item,
            value=seal_value(sealer, checkin.id, answer.item, answer.value),
            disclosure=answer.disclosure,
            in_hand_at=answer.changed_at if answer.in_hand else None,
            at=answer.changed_at,
            update_id=answer.update_id,
        )
        if old is not None and old.disclosure is not None and answer.value is None:
            await _forget_words(tx, checkin.id, answer.item)
    return corrected


async def note_update(tx: Transaction, checkin_id: int, answer: Answer) -> None:
    """Note which update gave an answer last, where it changed nothing."""
    await tx.run(
        "UPDATE answer SET update_id = :update_id WHERE checkin_id = :checkin_id AND item = :item",
        checkin_id=checkin_id,
        item=answer.item,
        update_id=answer.update_id,
    )


async def _forget_words(tx: Transaction, checkin_id: int, item: str) -> None:
    """Let a removed text be gone from what it replaced as well; when that was stays known."""
    await tx.run(
        "UPDATE answer_earlier SET value = NULL WHERE checkin_id = :checkin_id AND item = :item",
        checkin_id=checkin_id,
        item=item,
    )


async def _keep_earlier(tx: Transaction, checkin_id: int, item: str, now: int) -> None:
    await tx.run(
        "INSERT INTO answer_earlier (checkin_id, item, value, disclosure, changed_at, replaced_at)"
        " SELECT checkin_id, item, value, disclosure, changed_at, :now FROM answer"
        " WHERE checkin_id = :checkin_id AND item = :item"
        " ON CONFLICT (checkin_id, item, replaced_at) DO NOTHING",
        checkin_id=checkin_id,
        item=item,
        now=now,
    )


async def ratings_before(
    tx: Transaction, pair_id: int, instrument: str, version: int, limit: int
) -> tuple[int, list[dict[str, int]]]:
    """Give how many check-ins a pair completed, and the ratings of the latest, oldest first.

    What was withheld or taken back does not count; versions are never mixed, nor what was before a
    usual that the therapist let begin anew. limit: how many to give.
    """
    counted = await tx.one(
        "SELECT count(*) AS n FROM checkin WHERE pair_id = :pair_id AND kind = 'session'"
        " AND completed_at IS NOT NULL AND state NOT IN ('withheld', 'cancelled')",
        pair_id=pair_id,
    )
    rows = await tx.all(
        "SELECT answer.*, pair.data_key FROM"
        " (SELECT id, due_at FROM checkin WHERE pair_id = :pair_id AND completed_at IS NOT NULL"
        "  AND state NOT IN ('withheld', 'cancelled') AND instrument = :instrument"
        "  AND instrument_version = :version AND due_at >= coalesce((SELECT max(due_at)"
        "   FROM checkin WHERE pair_id = :pair_id AND anew_at IS NOT NULL), 0)"
        "  ORDER BY due_at DESC LIMIT :limit) AS latest"
        " JOIN answer ON answer.checkin_id = latest.id JOIN pair ON pair.id = :pair_id"
        " WHERE answer.value IS NOT NULL ORDER BY latest.due_at",
        pair_id=pair_id,
        instrument=instrument,
        version=version,
        limit=limit,
    )
    by_checkin: dict[int, dict[str, int]] = {}
    for row in rows:
        sealer = tx.vault.sealer(row["data_key"], "pair", pair_id)
        value = open_value(sealer, row["checkin_id"], row["item"], row["value"])
        if isinstance(value, int):
            by_checkin.setdefault(row["checkin_id"], {})[row["item"]] = value
    return (int(counted["n"]) if counted else 0), list(by_checkin.values())
