"""How a therapist thinks the client experienced a session, as rows.

Sealed with the pair's key, bound to check-in and item. No statement here is for a client: every
one names the therapist, and a guess is taken only while the therapist has seen no answer of that
check-in, while its time lasts and while the therapist wants to be asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.store.database import Row, Transaction
from bot.store.digest_rows import EVERYBODY, STILL, Among


@dataclass(frozen=True, slots=True)
class Guessable:
    """A session that the therapist may still guess about. guesses: by item, None where skipped."""

    checkin_id: int
    pair_id: int
    code: str
    instrument: str
    instrument_version: int
    on: str
    time: str
    guesses: dict[str, int | None]


_GUESSES_FOR_MS: Final = 366 * 86_400_000

#: A check-in whose therapist may guess, from `:since_at` on and blind as yet.
_GUESSABLE: Final = (
    " FROM checkin JOIN pair ON pair.id = checkin.pair_id"
    " JOIN appointment ON appointment.id = checkin.appointment_id"
    " JOIN therapist ON therapist.person_id = pair.therapist_id"
    " WHERE pair.therapist_id = :therapist_id AND pair.data_key IS NOT NULL"
    " AND pair.state <> 'erased' AND therapist.mirror_since_at IS NOT NULL"
    " AND checkin.kind = 'session' AND checkin.state NOT IN ('cancelled', 'did_not_meet')"
    " AND checkin.seen_at IS NULL AND appointment.state = 'planned'"
    " AND checkin.due_at > :since_at AND appointment.ends_at > :since_at"
    " AND appointment.ends_at <= :now"
)
#: No session is longer; start times have an index, end times have none.
_DAY_MS: Final = 86_400_000


async def mirror_since(tx: Transaction, therapist_id: int) -> int | None:
    """Give since when a therapist wants to guess; None when not wanted."""
    row = await tx.one(
        "SELECT mirror_since_at FROM therapist WHERE person_id = :id", id=therapist_id
    )
    return row["mirror_since_at"] if row else None


async def set_mirror(tx: Transaction, therapist_id: int, since_at: int | None) -> None:
    """Turn guessing on (from when) or off; on stays on."""
    await tx.run(
        "UPDATE therapist SET mirror_since_at = CASE WHEN CAST(:since_at AS BIGINT) IS NULL"
        " THEN NULL ELSE coalesce(mirror_since_at, :since_at) END WHERE person_id = :id",
        since_at=since_at,
        id=therapist_id,
    )


async def guessable(tx: Transaction, therapist_id: int, since_at: int, now: int) -> list[Guessable]:
    """List the sessions that ended in (since_at, now] and may still be guessed about."""
    rows = await tx.all(
        "SELECT checkin.id, checkin.pair_id, pair.code, pair.data_key, checkin.instrument,"
        " checkin.instrument_version, appointment.local_on, appointment.local_time"
        f"{_GUESSABLE} ORDER BY appointment.starts_at, pair.code",
        therapist_id=therapist_id,
        since_at=since_at,
        now=now,
    )
    rated = await tx.all(
        "SELECT mirror_rating.*, pair.id AS pair_id, pair.data_key FROM mirror_rating"  # noqa: S608 - fixed text
        f" JOIN (SELECT checkin.id AS wanted_id{_GUESSABLE}) AS wanted"
        " ON wanted.wanted_id = mirror_rating.checkin_id"
        " JOIN checkin ON checkin.id = mirror_rating.checkin_id"
        " JOIN pair ON pair.id = checkin.pair_id",
        therapist_id=therapist_id,
        since_at=since_at,
        now=now,
    )
    guesses: defaultdict[int, dict[str, int | None]] = defaultdict(dict)
    for row in rated:
        guesses[row["checkin_id"]][row["item"]] = _value(tx, row)
    return [
        Guessable(
            row["id"], row["pair_id"], row["code"], row["instrument"], row["instrument_version"],
            row["local_on"], row["local_time"], guesses[row["id"]],
        )
        for row in rows
    ]  # fmt: skip


def _value(tx: Transaction, row: Row) -> int | None:
    if row["value"] is None:
        return None
    sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
    place = f"{row['checkin_id']}|{row['item']}"
    return int(sealer.open_text(row["value"], "mirror_rating", "value", place))


async def guess(
    tx: Transaction,
    therapist_id: int,
    checkin_id: int,
    item: str,
    value: int | None,
    since_at: int,
    now: int,
) -> bool:
    """Keep a guess, the latest counts; False when it would not be blind, not theirs, or too late.

    value: None for skipped.
    """
    key = await tx.one(
        "SELECT pair.id, pair.data_key FROM checkin JOIN pair ON pair.id = checkin.pair_id"
        " WHERE checkin.id = :id AND pair.therapist_id = :therapist_id"
        " AND pair.data_key IS NOT NULL",
        id=checkin_id,
        therapist_id=therapist_id,
    )
    if key is None:
        return False
    sealer = tx.vault.sealer(key["data_key"], "pair", key["id"])
    place = f"{checkin_id}|{item}"
    sealed = None
    if value is not None:
        sealed = sealer.seal_text(str(value), "mirror_rating", "value", place)
    row = await tx.one(
        "INSERT INTO mirror_rating (checkin_id, item, value, rated_at)"
        f" SELECT checkin.id, :item, :value, :now{_GUESSABLE} AND checkin.id = :id"
        " ON CONFLICT (checkin_id, item) DO UPDATE SET value = excluded.value,"
        " rated_at = excluded.rated_at RETURNING checkin_id",
        item=item,
        value=sealed,
        id=checkin_id,
        therapist_id=therapist_id,
        since_at=since_at,
        now=now,
    )
    return row is not None


async def note_seen(tx: Transaction, therapist_id: int, pair_ids: Sequence[int], by: int) -> None:
    """Note that a therapist is being shown what some clients have answered until `by`."""
    for pair_id in pair_ids:
        await tx.run(
            "UPDATE checkin SET seen_at = :by WHERE pair_id = :pair_id AND kind = 'session'"
            " AND seen_at IS NULL AND first_answer_at <= :by AND EXISTS (SELECT 1 FROM pair"
            "  WHERE pair.id = checkin.pair_id AND pair.therapist_id = :therapist_id)",
            by=by,
            pair_id=pair_id,
            therapist_id=therapist_id,
        )


async def has_unseen(tx: Transaction, therapist_id: int, pair_id: int, by: int) -> bool:
    """Say whether a client has answered something until `by` that was not shown yet."""
    row = await tx.one(
        "SELECT checkin.id FROM checkin JOIN pair ON pair.id = checkin.pair_id"
        " WHERE pair.therapist_id = :therapist_id AND checkin.pair_id = :pair_id"
        " AND checkin.kind = 'session' AND seen_at IS NULL AND first_answer_at <= :by LIMIT 1",
        therapist_id=therapist_id,
        pair_id=pair_id,
        by=by,
    )
    return row is not None


async def find_day_over(tx: Transaction, since_at: int, now: int) -> tuple[int, str, int] | None:
    """Find a therapist whose sessions of a day are over: (person id, local date, last end).

    Only of those who want to guess, who have something to guess about, and who have not been
    written to about that day. since_at: sessions that ended before are too long ago.
    """
    row = await tx.one(
        "SELECT pair.therapist_id, appointment.local_on, max(appointment.ends_at) AS ended_at"
        " FROM therapist JOIN pair ON pair.therapist_id = therapist.person_id"
        " JOIN appointment ON appointment.pair_id = pair.id"
        " JOIN checkin ON checkin.appointment_id = appointment.id"
        # The few who rate, and then their pairs: this is asked all the time, and pairs become many.
        " WHERE pair.therapist_id IN"
        "  (SELECT person_id FROM therapist WHERE mirror_since_at IS NOT NULL)"
        " AND appointment.starts_at > :since_at - :day"
        " AND appointment.ends_at > :since_at AND appointment.ends_at <= :now"
        " AND appointment.ends_at > therapist.mirror_since_at"
        " AND appointment.state = 'planned' AND checkin.seen_at IS NULL"
        " AND checkin.state NOT IN ('cancelled', 'did_not_meet')"
        " AND NOT EXISTS (SELECT 1 FROM appointment AS later"
        "  JOIN pair AS of_same ON of_same.id = later.pair_id"
        "  WHERE of_same.therapist_id = pair.therapist_id"
        "  AND later.starts_at > :since_at - :day"
        "  AND later.local_on = appointment.local_on AND later.state = 'planned'"
        "  AND later.asked IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM message WHERE message.kind = 'mirror'"
        "  AND message.subject_id = pair.therapist_id AND message.part = appointment.local_on)"
        " GROUP BY pair.therapist_id, appointment.local_on LIMIT 1",
        since_at=since_at,
        now=now,
        day=_DAY_MS,
    )
    return (row["therapist_id"], row["local_on"], row["ended_at"]) if row else None


async def guesses_of(
    tx: Transaction, therapist_id: int, cut_at: int, among: Among = EVERYBODY, over_at: int = 0
) -> dict[int, dict[int, dict[str, int | None]]]:
    """Give a therapist's guesses before `cut_at` by pair and check-in: {pair: {check-in: {item}}}.

    Those of about a year: no history is shown that goes back further. Nor are those of pairs that
    were stopped or ended by `over_at`.
    """
    rows = await tx.all(
        "SELECT mirror_rating.*, pair.id AS pair_id, pair.data_key FROM pair"  # noqa: S608 - fixed text
        " JOIN checkin ON checkin.pair_id = pair.id"
        " JOIN mirror_rating ON mirror_rating.checkin_id = checkin.id"
        f" WHERE{STILL} AND mirror_rating.rated_at < :cut_at AND checkin.due_at > :since_at",
        therapist_id=therapist_id,
        since_at=cut_at - _GUESSES_FOR_MS,
        **among.values,
        over_at=over_at,
        cut_at=cut_at,
    )
    found: defaultdict[int, dict[int, dict[str, int | None]]] = defaultdict(dict)
    for row in rows:
        found[row["pair_id"]].setdefault(row["checkin_id"], {})[row["item"]] = _value(tx, row)
    return found
