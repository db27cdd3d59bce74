"""Feeds as rows: where each is, when it is read next, and how the last readings went.

Where a feed is, its password and the secret of its hashes are one sealed value. The key is the
practice's, so that a change of the master key leaves every hash as it is.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

from bot.core.feeds import Feed, Seen, Source
from bot.store.database import Row, Transaction
from bot.store.practice import practice_sealer
from bot.store.vault import Sealer

#: More than are read at the same time.
_SOME: Final = 8


def _feed(row: Row, sealer: Sealer) -> Feed:
    at = row["id"]
    source = json.loads(sealer.open_text(row["source"], "feed", "source", at))
    seen = {}
    if row["seen"] is not None:
        seen = json.loads(sealer.open_text(row["seen"], "feed", "seen", at))
    return Feed(
        id=at,
        therapist_id=row["therapist_id"],
        source=Source(**source),
        seen=Seen(**seen),
        accepted_at=row["accepted_at"],
        tried_at=row["tried_at"],
        read_at=row["read_at"],
        planned_on=row["planned_on"],
        failures=row["failures"],
        problem=row["problem"],
        lost=row["lost"],
        lost_of=row["lost_of"],
        held_at=row["held_at"],
        allowed_at=row["allowed_at"],
        rests=row["rests"],
    )


async def _opened(tx: Transaction, rows: list[Row]) -> list[Feed]:
    if not rows:
        return []
    sealer = await practice_sealer(tx)
    return [_feed(row, sealer) for row in rows]


async def add_feed(
    tx: Transaction, feed_id: int, therapist_id: int | None, source: Source, now: int
) -> None:
    """Add a feed of which nothing is made yet; it is read at once."""
    sealer = await practice_sealer(tx)
    sealed = sealer.seal_text(json.dumps(asdict(source)), "feed", "source", feed_id)
    await tx.run(
        "INSERT INTO feed (id, therapist_id, source, made_at, due_at)"
        " VALUES (:id, :therapist_id, :source, :now, :now)",
        id=feed_id,
        therapist_id=therapist_id,
        source=sealed,
        now=now,
    )


async def all_feeds(tx: Transaction) -> list[Feed]:
    """List all feeds, oldest first."""
    return await _opened(tx, await tx.all("SELECT * FROM feed ORDER BY made_at, id"))


async def feeds_of_therapist(tx: Transaction, therapist_id: int) -> list[Feed]:
    """List a therapist's own feeds, oldest first."""
    rows = await tx.all(
        "SELECT * FROM feed WHERE therapist_id = :therapist_id ORDER BY made_at, id",
        therapist_id=therapist_id,
    )
    return await _opened(tx, rows)


async def find_feed(tx: Transaction, feed_id: int) -> Feed | None:
    """Find a feed."""
    found = await _opened(tx, await tx.all("SELECT * FROM feed WHERE id = :id", id=feed_id))
    return found[0] if found else None


async def find_feed_of_therapist(tx: Transaction, feed_id: int, therapist_id: int) -> Feed | None:
    """Find a feed that belongs to this therapist."""
    rows = await tx.all(
        "SELECT * FROM feed WHERE id = :id AND therapist_id = :therapist_id",
        id=feed_id,
        therapist_id=therapist_id,
    )
    found = await _opened(tx, rows)
    return found[0] if found else None


async def due_feeds(tx: Transaction, now: int) -> list[Feed]:
    """List feeds that are to be read now, some of those that have waited longest first."""
    rows = await tx.all(
        "SELECT * FROM feed WHERE due_at <= :now AND rests IS NULL ORDER BY due_at LIMIT :most",
        now=now,
        most=_SOME,
    )
    return await _opened(tx, rows)


async def stale_feeds(tx: Transaction, due_by: int, tried_before: int) -> list[Feed]:
    """List feeds that a question to a client is about to go by, and that were not tried lately.

    due_by: the question is due by then. tried_before: a try since then will do.
    """
    rows = await tx.all(
        "SELECT DISTINCT feed.* FROM message JOIN checkin ON checkin.id = message.subject_id"
        " JOIN feed_event ON feed_event.appointment_id = checkin.appointment_id"
        " JOIN feed ON feed.id = feed_event.feed_id"
        " WHERE message.state = 'queued' AND message.kind = 'prompt'"
        " AND message.due_at <= :due_by AND feed.accepted_at IS NOT NULL"
        " AND feed.rests IS NULL AND coalesce(feed.tried_at, 0) < :tried_before"
        " ORDER BY feed.due_at LIMIT :most",
        due_by=due_by,
        tried_before=tried_before,
        most=_SOME,
    )
    return await _opened(tx, rows)


async def want_reading(
    tx: Transaction, checkin_id: int, tried_before: int, wanted_before: int, now: int
) -> bool:
    """Let a check-in's feed be read before the question goes; is there anything to wait for?

    Not where it was tried since `tried_before`, nor where it has been waited for since
    `wanted_before` in vain.
    """
    row = await tx.one(
        "UPDATE feed SET wanted_at = coalesce(wanted_at, :now), due_at = :now"
        " WHERE accepted_at IS NOT NULL AND rests IS NULL"
        " AND coalesce(tried_at, 0) < :tried_before"
        " AND coalesce(wanted_at, :now) >= :wanted_before"
        " AND id IN (SELECT feed_id FROM feed_event JOIN checkin"
        "  ON checkin.appointment_id = feed_event.appointment_id WHERE checkin.id = :checkin_id)"
        " RETURNING id",
        checkin_id=checkin_id,
        tried_before=tried_before,
        wanted_before=wanted_before,
        now=now,
    )
    return row is not None


async def note_unchanged(tx: Transaction, feed_id: int, due_at: int, now: int) -> None:
    """Note that a feed is as it was."""
    await tx.run(
        "UPDATE feed SET due_at = :due_at, wanted_at = NULL, tried_at = :now, read_at = :now,"
        " failures = 0, problem = NULL WHERE id = :id",
        id=feed_id,
        due_at=due_at,
        now=now,
    )


async def note_read(
    tx: Transaction, feed_id: int, seen: Seen, planned_on: str, due_at: int, now: int
) -> None:
    """Note that all of a feed was read and gone through."""
    sealer = await practice_sealer(tx)
    await note_unchanged(tx, feed_id, due_at, now)
    await tx.run(
        "UPDATE feed SET seen = :seen, planned_on = :planned_on WHERE id = :id",
        id=feed_id,
        seen=sealer.seal_text(json.dumps(asdict(seen)), "feed", "seen", feed_id),
        planned_on=planned_on,
    )


async def note_held(
    tx: Transaction, feed_id: int, lost: int | None, lost_of: int | None, now: int | None
) -> None:
    """Note that a reading is not believed, or (None) that there is nothing to doubt."""
    await tx.run(
        "UPDATE feed SET lost = :lost, lost_of = :lost_of, held_at = :now, allowed_at = NULL"
        " WHERE id = :id",
        id=feed_id,
        lost=lost,
        lost_of=lost_of,
        now=now,
    )


async def note_failed(
    tx: Transaction, feed_id: int, problem: str, due_at: int, now: int
) -> int | None:
    """Note a reading that failed; give how many have in a row, None where the feed is gone."""
    row = await tx.one(
        "UPDATE feed SET due_at = :due_at, wanted_at = NULL, tried_at = :now, problem = :problem,"
        " failures = failures + 1 WHERE id = :id RETURNING failures",
        id=feed_id,
        problem=problem,
        due_at=due_at,
        now=now,
    )
    return int(row["failures"]) if row else None


async def read_anew(tx: Transaction, feed_id: int, now: int) -> None:
    """Let a feed be read at once and gone through as a whole."""
    await tx.run(
        "UPDATE feed SET due_at = :now, planned_on = NULL WHERE id = :id", id=feed_id, now=now
    )


async def accept(tx: Transaction, feed_id: int, now: int) -> bool:
    """Let appointments be made of a feed; False when that was said before."""
    row = await tx.one(
        "UPDATE feed SET accepted_at = :now, due_at = :now, planned_on = NULL"
        " WHERE id = :id AND accepted_at IS NULL RETURNING id",
        id=feed_id,
        now=now,
    )
    return row is not None


async def allow(tx: Transaction, feed_id: int, now: int) -> bool:
    """Let a reading count that was not believed; False when nothing is held."""
    row = await tx.one(
        "UPDATE feed SET allowed_at = :now, due_at = :now, planned_on = NULL"
        " WHERE id = :id AND held_at IS NOT NULL RETURNING id",
        id=feed_id,
        now=now,
    )
    return row is not None


async def declare_feed(tx: Transaction, feed_id: int, source: Source) -> None:
    """Let a feed be where config.toml has it now; it is read as a whole next."""
    sealer = await practice_sealer(tx)
    await tx.run(
        "UPDATE feed SET source = :source, seen = NULL, planned_on = NULL, failures = 0,"
        " problem = NULL WHERE id = :id",
        id=feed_id,
        source=sealer.seal_text(json.dumps(asdict(source)), "feed", "source", feed_id),
    )


async def rest(tx: Transaction, feed_id: int) -> None:
    """Let a feed that config.toml does not have any more not be read; what it has planned stays."""
    await tx.run("UPDATE feed SET rests = 'gone' WHERE id = :id", id=feed_id)


async def decline(tx: Transaction, feed_id: int) -> None:
    """Let a declared feed be one that somebody said no to: nothing is known of its events."""
    await _forget_events(tx, feed_id)
    await tx.run(
        "UPDATE feed SET rests = 'declined', accepted_at = NULL, read_at = NULL, seen = NULL,"
        " planned_on = NULL, failures = 0, problem = NULL, lost = NULL, lost_of = NULL,"
        " held_at = NULL, allowed_at = NULL WHERE id = :id",
        id=feed_id,
    )


async def wake(tx: Transaction, feed_id: int, now: int) -> None:
    """Let a feed that rests be read again, and at once."""
    await tx.run("UPDATE feed SET rests = NULL WHERE id = :id", id=feed_id)
    await read_anew(tx, feed_id, now)


async def _forget_events(tx: Transaction, feed_id: int) -> None:
    for table in ("feed_event", "feed_series", "feed_alias", "feed_flaw"):
        await tx.run(f"DELETE FROM {table} WHERE feed_id = :id", id=feed_id)  # noqa: S608


async def forget_feed(tx: Transaction, feed_id: int) -> None:
    """Delete a feed and all that is known of its events."""
    await _forget_events(tx, feed_id)
    await tx.run("DELETE FROM feed WHERE id = :id", id=feed_id)
