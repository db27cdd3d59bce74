"""The series of a calendar whose client is not known: asked about once, and what was said.

A series is a hash. It is asked about at one place only, a practice's calendar at each therapist it
may be of, and what one decides holds from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.core.feeds import Found
from bot.store.database import Row, Transaction

#: Why the successor of a moved appointment is not asked about: its client has been asked already.


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event or series of which nobody knows whose it is; its next date."""

    id: int
    feed_id: int
    starts_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Alias:
    """A hash that stands for a pair."""

    kind: Literal["attendee", "title"]
    words: bytes
    code: str


def _unknown(row: Row) -> Unknown:
    return Unknown(row["id"], row["feed_id"], row["starts_at"], row["ends_at"])


async def verdicts(tx: Transaction, feed_id: int) -> dict[bytes, int | None]:
    """Give what was said about series: the pair, or None for nobody's."""
    rows = await tx.all(
        "SELECT series, pair_id FROM feed_series WHERE feed_id = :feed_id AND verdict IS NOT NULL",
        feed_id=feed_id,
    )
    return {row["series"]: row["pair_id"] for row in rows}


async def note_unknown(tx: Transaction, new_id: int, feed_id: int, event: Found) -> None:
    """Keep a series as one to be asked about, with its next date."""
    await tx.run(
        "INSERT INTO feed_series (id, feed_id, series, starts_at, ends_at)"
        " VALUES (:id, :feed_id, :series, :starts_at, :ends_at)"
        " ON CONFLICT (feed_id, series) DO UPDATE SET starts_at = excluded.starts_at,"
        " ends_at = excluded.ends_at, gone_at = NULL",
        id=new_id,
        feed_id=feed_id,
        series=event.series,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
    )


async def forget_unknown(tx: Transaction, feed_id: int, series: frozenset[bytes], now: int) -> None:
    """Forget series nobody was named for that are not among the unknown ones any more.

    What somebody has said is not theirs stays so, should more of it come: then it is only gone.
    """
    rows = await tx.all(
        "SELECT id, series, EXISTS (SELECT 1 FROM feed_reply WHERE series_id = feed_series.id"
        " AND feed_reply.later_at IS NULL) AS was_said FROM feed_series"
        " WHERE feed_id = :feed_id AND verdict IS NULL AND gone_at IS NULL",
        feed_id=feed_id,
    )
    for row in rows:
        if row["series"] in series:
            continue
        if row["was_said"]:
            await tx.run(
                "UPDATE feed_series SET gone_at = :now WHERE id = :id", id=row["id"], now=now
            )
        else:
            await tx.run("DELETE FROM feed_series WHERE id = :id", id=row["id"])


async def unknown_of_feed(tx: Transaction, feed_id: int) -> list[Unknown]:
    """List what is to be asked about a feed, soonest first.

    Of the practice's not what each therapist who could have it has said is not theirs.
    """
    rows = await tx.all(
        "SELECT * FROM feed_series WHERE feed_id = :feed_id AND verdict IS NULL"
        " AND gone_at IS NULL AND NOT (EXISTS (SELECT 1 FROM feed_reply"
        "  WHERE series_id = feed_series.id AND feed_reply.later_at IS NULL)"
        "  AND NOT EXISTS (SELECT 1 FROM pair WHERE"
        "   pair.state IN ('invited', 'joined', 'active', 'paused')"
        "   AND NOT EXISTS (SELECT 1 FROM feed_reply WHERE series_id = feed_series.id"
        "    AND feed_reply.therapist_id = pair.therapist_id AND feed_reply.later_at IS NULL)))"
        " ORDER BY starts_at, id",
        feed_id=feed_id,
    )
    return [_unknown(row) for row in rows]


async def is_unasked(tx: Transaction, feed_id: int, therapist_id: int) -> bool:
    """Say whether something is to be asked about a feed that a therapist was not asked about."""
    row = await tx.one(
        "SELECT 1 AS found FROM feed_series JOIN feed ON feed.id = feed_id"
        " WHERE feed_id = :feed_id AND verdict IS NULL AND gone_at IS NULL"
        " AND (feed.therapist_id = :therapist_id AND later_at IS NULL"
        "  OR feed.therapist_id IS NULL AND NOT EXISTS (SELECT 1 FROM feed_reply"
        "   WHERE series_id = feed_series.id AND feed_reply.therapist_id = :therapist_id))"
        " LIMIT 1",
        feed_id=feed_id,
        therapist_id=therapist_id,
    )
    return row is not None


async def note_asked(tx: Transaction, feed_id: int, therapist_id: int, now: int) -> None:
    """Note that a therapist is asked about all that is to be asked about a feed."""
    await tx.run(
        "UPDATE feed_series SET later_at = :now WHERE feed_id = :feed_id AND verdict IS NULL"
        " AND later_at IS NULL"
        " AND feed_id IN (SELECT id FROM feed WHERE therapist_id = :therapist_id)",
        feed_id=feed_id,
        therapist_id=therapist_id,
        now=now,
    )
    await tx.run(
        "INSERT INTO feed_reply (series_id, therapist_id, later_at)"
        " SELECT feed_series.id, :therapist_id, :now FROM feed_series"
        " JOIN feed ON feed.id = feed_id WHERE feed_id = :feed_id AND feed.therapist_id IS NULL"
        " AND verdict IS NULL AND gone_at IS NULL ON CONFLICT DO NOTHING",
        feed_id=feed_id,
        therapist_id=therapist_id,
        now=now,
    )


async def unknown_of_therapist(tx: Transaction, therapist_id: int, now: int) -> list[Unknown]:
    """List what a therapist can be asked now, soonest first: of the own feeds and the practice's.

    Of the practice's not what they have said is not theirs, and nothing while they have no client.
    """
    rows = await tx.all(
        "SELECT feed_series.* FROM feed_series JOIN feed ON feed.id = feed_series.feed_id"
        " WHERE feed.accepted_at IS NOT NULL AND feed.rests IS NULL"
        " AND verdict IS NULL AND gone_at IS NULL AND coalesce(feed_series.later_at, 0) <= :now"
        " AND (feed.therapist_id = :therapist_id OR feed.therapist_id IS NULL AND EXISTS"
        "  (SELECT 1 FROM pair WHERE pair.therapist_id = :therapist_id"
        "   AND pair.state IN ('invited', 'joined', 'active', 'paused')))"
        " AND NOT EXISTS (SELECT 1 FROM feed_reply WHERE series_id = feed_series.id"
        "  AND feed_reply.therapist_id = :therapist_id"
        "  AND (feed_reply.later_at IS NULL OR feed_reply.later_at > :now))"
        " ORDER BY feed_series.starts_at, feed_series.id",
        therapist_id=therapist_id,
        now=now,
    )
    return [_unknown(row) for row in rows]


async def decide_series(
    tx: Transaction, series_id: int, therapist_id: int, pair_id: int | None
) -> int | None:
    """Keep whose a series is (None: nobody's); give its feed, None where it is not theirs to say.

    Of the practice's feeds a therapist says which are the own clients', unless another has.
    """
    row = await tx.one(
        "UPDATE feed_series SET verdict = :verdict, pair_id = :pair_id WHERE id = :id"
        " AND (feed_id IN (SELECT id FROM feed WHERE therapist_id = :therapist_id)"
        "  OR feed_id IN (SELECT id FROM feed WHERE therapist_id IS NULL)"
        "   AND EXISTS (SELECT 1 FROM pair WHERE therapist_id = :therapist_id AND id = :pair_id)"
        "   AND (verdict IS NULL OR feed_series.pair_id IN"
        "    (SELECT id FROM pair WHERE therapist_id = :therapist_id)))"
        " RETURNING feed_id",
        id=series_id,
        therapist_id=therapist_id,
        verdict="no_client" if pair_id is None else "client",
        pair_id=pair_id,
    )
    return row["feed_id"] if row else None


async def reply(
    tx: Transaction, series_id: int, therapist_id: int, later_at: int | None
) -> int | None:
    """Keep that an open series of the practice is not a therapist's, or to be asked about later.

    Gives its feed, None where it is no such series.
    """
    row = await tx.one(
        "SELECT feed_id FROM feed_series JOIN feed ON feed.id = feed_id WHERE feed_series.id = :id"
        " AND feed.therapist_id IS NULL AND feed.accepted_at IS NOT NULL AND verdict IS NULL"
        " AND EXISTS (SELECT 1 FROM pair WHERE pair.therapist_id = :therapist_id)",
        id=series_id,
        therapist_id=therapist_id,
    )
    if row is None:
        return None
    await tx.run(
        "INSERT INTO feed_reply (series_id, therapist_id, later_at)"
        " VALUES (:id, :therapist_id, :later_at) ON CONFLICT (series_id, therapist_id)"
        " DO UPDATE SET later_at = excluded.later_at",
        id=series_id,
        therapist_id=therapist_id,
        later_at=later_at,
    )
    return int(row["feed_id"])


async def is_of_practice(tx: Transaction, series_id: int) -> bool:
    """Say whether a series is of one of the practice's feeds."""
    row = await tx.one(
        "SELECT 1 AS found FROM feed_series JOIN feed ON feed.id = feed_id"
        " WHERE feed_series.id = :id AND feed.therapist_id IS NULL",
        id=series_id,
    )
    return row is not None


async def ask_later(tx: Transaction, series_id: int, therapist_id: int, later_at: int) -> bool:
    """Ask a therapist about a series again from an instant on; False where it is not theirs."""
    row = await tx.one(
        "UPDATE feed_series SET later_at = :later_at WHERE id = :id"
        " AND feed_id IN (SELECT id FROM feed WHERE therapist_id = :therapist_id) RETURNING id",
        id=series_id,
        therapist_id=therapist_id,
        later_at=later_at,
    )
    return row is not None


async def add_alias(
    tx: Transaction, feed_id: int, kind: Literal["attendee", "title"], words: bytes, pair_id: int
) -> None:
    """Let a hash stand for a pair."""
    await tx.run(
        "INSERT INTO feed_alias (feed_id, kind, words, pair_id)"
        " VALUES (:feed_id, :kind, :words, :pair_id) ON CONFLICT DO NOTHING",
        feed_id=feed_id,
        kind=kind,
        words=words,
        pair_id=pair_id,
    )


async def aliases(tx: Transaction, feed_id: int) -> list[Alias]:
    """List a feed's aliases."""
    rows = await tx.all(
        "SELECT feed_alias.kind, feed_alias.words, pair.code FROM feed_alias"
        " JOIN pair ON pair.id = feed_alias.pair_id WHERE feed_id = :feed_id"
        " ORDER BY kind, words, code",
        feed_id=feed_id,
    )
    return [Alias(row["kind"], row["words"], row["code"]) for row in rows]
