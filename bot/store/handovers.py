"""Handovers as rows: from whom, to whom, and what each client has said.

The pair with who leaves ends; whoever goes on has a new pair, and what was before stays in the
former one. It is shown to the new therapist through the row that says so, and by no other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.core.people import Pair
from bot.store.database import Row, Transaction
from bot.store.pairs import read_pair

Answer = Literal["share", "fresh", "no", "lapsed"]


@dataclass(frozen=True, slots=True)
class Handover:
    """One handover. begins_at: until then it can be undone."""

    id: int
    from_id: int
    to_id: int
    begins_at: int
    undone_at: int | None
    begun_at: int | None
    left_at: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A client who is asked whether to go on. answer: None while it is open."""

    id: int
    handover_id: int
    pair_id: int
    until_at: int
    answer: Answer | None
    new_pair_id: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a client has said to a handover. came: the question has reached them, or perhaps has.

    answer: None while it is open, until `until_at`. new_code: of the pair they go on with.
    """

    pair_id: int
    code: str
    answer: Answer | None
    until_at: int
    new_code: str | None
    came: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """A former pair that its client lets the new therapist see."""

    pair_id: int
    therapist_id: int


def _handover(row: Row) -> Handover:
    return Handover(
        row["id"], row["from_id"], row["to_id"], row["begins_at"], row["undone_at"],
        row["begun_at"], row["left_at"],
    )  # fmt: skip


def _asked(row: Row) -> Asked:
    return Asked(
        row["id"], row["handover_id"], row["pair_id"], row["until_at"], row["answer"],
        row["new_pair_id"],
    )  # fmt: skip


async def add_handover(
    tx: Transaction, new_id: int, from_id: int, to_id: int, now: int, begins_at: int
) -> bool:
    """Add a handover; False when one of this therapist is under way."""
    row = await tx.one(
        "INSERT INTO handover (id, from_id, to_id, made_at, begins_at)"
        " VALUES (:id, :from_id, :to_id, :now, :begins_at) ON CONFLICT DO NOTHING RETURNING id",
        id=new_id,
        from_id=from_id,
        to_id=to_id,
        now=now,
        begins_at=begins_at,
    )
    return row is not None


async def load_handover(tx: Transaction, handover_id: int) -> Handover:
    """Load a handover. Errors: KeyError."""
    row = await tx.one("SELECT * FROM handover WHERE id = :id", id=handover_id)
    if row is None:
        raise KeyError(f"no handover {handover_id}")
    return _handover(row)


async def find_open(tx: Transaction, from_id: int) -> Handover | None:
    """Find a therapist's handover that is under way."""
    row = await tx.one(
        "SELECT * FROM handover WHERE from_id = :from_id AND undone_at IS NULL AND left_at IS NULL",
        from_id=from_id,
    )
    return _handover(row) if row else None


async def is_taking_over(tx: Transaction, to_id: int) -> bool:
    """Say whether clients are offered to a therapist: soon, or asked and not answered yet."""
    row = await tx.one(
        "SELECT id FROM handover WHERE to_id = :to_id AND undone_at IS NULL"
        " AND (begun_at IS NULL OR EXISTS (SELECT 1 FROM handover_pair"
        "  WHERE handover_id = handover.id AND answer IS NULL)) LIMIT 1",
        to_id=to_id,
    )
    return row is not None


async def undo(tx: Transaction, handover_id: int, now: int) -> bool:
    """Take a handover back; False when it has begun, or was taken back."""
    row = await tx.one(
        "UPDATE handover SET undone_at = :now"
        " WHERE id = :id AND begun_at IS NULL AND undone_at IS NULL RETURNING id",
        id=handover_id,
        now=now,
    )
    return row is not None


async def find_to_begin(tx: Transaction, now: int) -> Handover | None:
    """Give a handover whose time has come."""
    row = await tx.one(
        "SELECT * FROM handover WHERE begun_at IS NULL AND undone_at IS NULL"
        " AND begins_at <= :now ORDER BY begins_at LIMIT 1",
        now=now,
    )
    return _handover(row) if row else None


async def begin(tx: Transaction, handover_id: int, now: int) -> None:
    """Note that a handover has begun."""
    await tx.run("UPDATE handover SET begun_at = :now WHERE id = :id", id=handover_id, now=now)


async def find_to_leave(tx: Transaction, begun_before: int, last_after_ms: int) -> Handover | None:
    """Give a handover whose therapist has had the last digest since before an instant.

    None while that digest, cut off so long after the begin, is not made, is on its way or has come
    later than that; where it can never come, the begin counts.
    """
    row = await tx.one(
        "SELECT handover.* FROM handover JOIN therapist ON therapist.person_id = from_id"
        " WHERE left_at IS NULL AND begun_at <= :before AND cut_at >= begun_at + :last_after_ms"
        " AND NOT EXISTS (SELECT 1 FROM message WHERE kind = 'digest'"
        "  AND message.person_id = from_id AND (message.state IN ('queued', 'sending')"
        "   OR message.state IN ('sent', 'unknown')"
        "   AND message.made_at >= begun_at AND message.ended_at > :before))"
        " ORDER BY begun_at LIMIT 1",
        before=begun_before,
        last_after_ms=last_after_ms,
    )
    return _handover(row) if row else None


async def leave(tx: Transaction, handover_id: int, from_id: int, now: int) -> None:
    """End a therapist's role, and what waits to be sent to them as such."""
    await tx.run(
        "UPDATE handover SET left_at = :now WHERE id = :id AND from_id = :from_id",
        id=handover_id,
        from_id=from_id,
        now=now,
    )
    await tx.run(
        "UPDATE role SET ended_at = :now"
        " WHERE person_id = :from_id AND role = 'therapist' AND ended_at IS NULL",
        from_id=from_id,
        now=now,
    )
    await tx.run(
        "UPDATE message SET state = 'dropped', reason = 'left', ended_at = :now"
        " WHERE person_id = :from_id AND state = 'queued' AND NOT EXISTS"
        " (SELECT 1 FROM pair WHERE pair.id = message.pair_id AND pair.client_id = :from_id)",
        from_id=from_id,
        now=now,
    )


async def add_asked(
    tx: Transaction, new_id: int, handover_id: int, pair_id: int, until_at: int
) -> None:
    """Ask a pair's client whether to go on."""
    await tx.run(
        "INSERT INTO handover_pair (id, handover_id, pair_id, until_at)"
        " VALUES (:id, :handover_id, :pair_id, :until_at)",
        id=new_id,
        handover_id=handover_id,
        pair_id=pair_id,
        until_at=until_at,
    )


async def find_asked(tx: Transaction, pair_id: int, client_id: int) -> Asked | None:
    """Find what a client was asked about a pair."""
    row = await tx.one(
        "SELECT handover_pair.* FROM handover_pair JOIN pair ON pair.id = pair_id"
        " WHERE pair_id = :pair_id AND client_id = :client_id AND state <> 'erased'",
        pair_id=pair_id,
        client_id=client_id,
    )
    return _asked(row) if row else None


async def answer(
    tx: Transaction, pair_id: int, client_id: int, said: Answer, new_pair_id: int | None, now: int
) -> bool:
    """Keep what a client says, once and in time; False when that is over."""
    row = await tx.one(
        "UPDATE handover_pair SET answer = :said, answered_at = :now, new_pair_id = :new_pair_id"
        " WHERE pair_id = :pair_id AND answer IS NULL AND until_at > :now AND pair_id IN"
        " (SELECT id FROM pair WHERE client_id = :client_id) RETURNING id",
        pair_id=pair_id,
        client_id=client_id,
        said=said,
        new_pair_id=new_pair_id,
        now=now,
    )
    return row is not None


async def find_lapsed(tx: Transaction, now: int) -> Asked | None:
    """Give a question that nobody has answered in time."""
    row = await tx.one(
        "SELECT * FROM handover_pair WHERE answer IS NULL AND until_at <= :now LIMIT 1", now=now
    )
    return _asked(row) if row else None


async def question_in(tx: Transaction, asked_id: int, client_id: int) -> list[int]:
    """List the Telegram messages in which a client was asked."""
    rows = await tx.all(
        "SELECT telegram_message FROM message WHERE kind = 'notice' AND subject_id = :asked_id"
        " AND part LIKE 'handover_ask%' AND person_id = :client_id AND state = 'sent'"
        " AND telegram_message IS NOT NULL",
        asked_id=asked_id,
        client_id=client_id,
    )
    return [row["telegram_message"] for row in rows]


async def questions_of_pair(tx: Transaction, pair_id: int) -> list[int]:
    """List the Telegram messages in which a pair's client is asked, and has not answered."""
    rows = await tx.all(
        "SELECT message.telegram_message FROM handover_pair JOIN message"
        " ON message.kind = 'notice' AND message.subject_id = handover_pair.id"
        " AND message.part LIKE 'handover_ask%' AND message.state = 'sent'"
        " WHERE handover_pair.pair_id = :pair_id AND handover_pair.answer IS NULL"
        " AND message.telegram_message IS NOT NULL",
        pair_id=pair_id,
    )
    return [row["telegram_message"] for row in rows]


async def lapse(tx: Transaction, asked_id: int, now: int) -> None:
    """Close a question that nobody has answered in time."""
    await tx.run(
        "UPDATE handover_pair SET answer = 'lapsed', answered_at = :now"
        " WHERE id = :id AND answer IS NULL AND until_at <= :now",
        id=asked_id,
        now=now,
    )


async def said_of(tx: Transaction, handover_id: int) -> list[Said]:
    """List what each client of a handover has said, by code; without those erased since."""
    rows = await tx.all(
        "SELECT pair.id, pair.code, answer, until_at, own.code AS new_code,"
        " EXISTS (SELECT 1 FROM message WHERE kind = 'notice' AND subject_id = handover_pair.id"
        "  AND part IN ('handover_ask', 'handover_ask:again')"
        "  AND message.state IN ('sent', 'unknown')) AS came"
        " FROM handover_pair JOIN pair ON pair.id = pair_id"
        " LEFT JOIN pair AS own ON own.id = new_pair_id"
        " WHERE handover_id = :handover_id ORDER BY pair.code",
        handover_id=handover_id,
    )
    return [
        Said(
            row["id"], row["code"], row["answer"], row["until_at"], row["new_code"],
            bool(row["came"]),
        )
        for row in rows
    ]  # fmt: skip


async def find_untold(tx: Transaction) -> Handover | None:
    """Give a handover in which nobody is asked any more, and of which nobody was told that."""
    row = await tx.one(
        "SELECT * FROM handover WHERE begun_at IS NOT NULL AND told_at IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM handover_pair WHERE handover_id = handover.id AND answer IS NULL)"
        " ORDER BY begun_at LIMIT 1"
    )
    return _handover(row) if row else None


async def note_told(tx: Transaction, handover_id: int, now: int) -> None:
    """Note that those concerned are told what came of a handover."""
    await tx.run("UPDATE handover SET told_at = :now WHERE id = :id", id=handover_id, now=now)


async def find_earlier(
    tx: Transaction, pair_id: int, therapist_id: int, now: int, objects_ms: int
) -> Earlier | None:
    """Find what was before a therapist's pair, where its client shares it and has agreed here.

    What a new account says to that counts when the account of before has not said, within
    objects_ms, that it is not the client's.
    """
    row = await tx.one(
        "SELECT former.id, former.therapist_id FROM handover_pair"
        " JOIN pair AS own ON own.id = new_pair_id JOIN pair AS former ON former.id = pair_id"
        " WHERE own.id = :pair_id AND own.therapist_id = :therapist_id AND answer = 'share'"
        " AND own.state IN ('active', 'paused') AND own.consented_at IS NOT NULL"
        " AND former.state = 'ended' AND former.client_id = own.client_id"
        " AND former.stopped_at IS NULL AND former.erase_asked_at IS NULL"
        " AND (former.history_from_at IS NULL"
        "  OR answered_at <= former.history_from_at - CAST(:objects_ms AS BIGINT)"
        "  OR (former.objected_at IS NULL AND former.history_from_at <= :now))",
        pair_id=pair_id,
        therapist_id=therapist_id,
        now=now,
        objects_ms=objects_ms,
    )
    return Earlier(row["id"], row["therapist_id"]) if row else None


async def withdraw_earlier(tx: Transaction, pair_id: int, said_after: int) -> None:
    """Let a client who goes on share nothing of a pair, where that was said after then."""
    await tx.run(
        "UPDATE handover_pair SET answer = 'fresh'"
        " WHERE pair_id = :pair_id AND answer = 'share' AND answered_at > :said_after",
        pair_id=pair_id,
        said_after=said_after,
    )


async def to_hand_over(tx: Transaction, from_id: int) -> list[Pair]:
    """List a therapist's pairs that are not over, by code."""
    rows = await tx.all(
        "SELECT * FROM pair WHERE therapist_id = :from_id AND state NOT IN ('ended', 'erased')"
        " ORDER BY code",
        from_id=from_id,
    )
    return [read_pair(row) for row in rows]
