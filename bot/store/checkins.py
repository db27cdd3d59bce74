"""Check-ins as rows, from planned until they end (`checkin_ends`).

A check-in is loaded together with its owner; what it knows of the past is sealed with the
pair's key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Literal

from bot.core.conversation import Known
from bot.store.database import Row, Transaction

Kind = Literal["session", "before_first", "goodbye"]
State = Literal[
    "open", "answered", "partial", "expired", "did_not_meet", "withheld", "cancelled",
    "undeliverable",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One row of `checkin` with what its pair and its appointment say about it.

    data_key: its pair's, as the vault wrapped it. lost_at: answers given by then may have been lost
    with a server.
    """

    id: int
    pair_id: int
    therapist_id: int
    client_id: int
    kind: Kind
    instrument: str
    instrument_version: int
    state: State
    known: Known
    follows_id: int | None
    telegram_message: int | None
    due_at: int
    sent_at: int | None
    first_answer_at: int | None
    last_answer_at: int | None
    completed_at: int | None
    corrected_at: int | None
    snoozed_until_at: int | None
    reminded_at: int | None
    closes_at: int
    pair_state: str
    therapists: int
    appointment_id: int | None
    local_on: str | None
    data_key: bytes = field(repr=False)
    lost_at: int | None = None
    history_from_at: int | None = None
    objected_at: int | None = None
    made_at: int = 0

    def shows_before(self, now: int) -> bool:
        """Whether the client's account may see what was before it was theirs."""
        return self.objected_at is None and (self.history_from_at or 0) <= now

    def is_open(self, now: int) -> bool:
        """Whether answers can still be given, changed or withheld."""
        return self.state == "open" and now < self.closes_at

    def may_ask(self, now: int) -> bool:
        """Whether questions may still be put: not to a client who has stopped them.

        Where therapy has ended, the goodbye's alone.
        """
        over = ("stopped",) if self.kind == "goodbye" else ("stopped", "ended")
        return self.is_open(now) and self.pair_state not in over

    @property
    def is_behind(self) -> bool:
        """Whether its message may show more answers than are known: some may be lost, and none
        has come since.
        """
        return self.lost_at is not None and (self.last_answer_at or 0) < self.lost_at

    @property
    def put_at(self) -> int:
        """When it was last put before the client, UTC milliseconds."""
        return max(self.reminded_at or 0, self.sent_at or 0)


SELECT_CHECKIN = (
    "SELECT checkin.*, pair.therapist_id, pair.client_id, pair.state AS pair_state,"
    " pair.data_key, appointment.local_on, pair.history_from_at, pair.objected_at,"
    " (SELECT count(*) FROM pair AS other WHERE other.client_id = pair.client_id"
    "  AND other.state NOT IN ('ended', 'erased')) AS therapists,"
    " EXISTS (SELECT 1 FROM acknowledgement AS talk WHERE talk.id = checkin.follows_id"
    "  AND talk.reply = 'rather_not') AS declined FROM checkin"
    " JOIN pair ON pair.id = checkin.pair_id"
    " LEFT JOIN appointment ON appointment.id = checkin.appointment_id"
)


def read_checkin(tx: Transaction, row: Row) -> CheckIn:
    """Read a row of `SELECT_CHECKIN`."""
    sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
    known = read_known(sealer.open_text(row["known"], "checkin", "known", row["id"]))
    if row["declined"]:
        # Said after the check-in was made: it is not asked whether the two talked about it.
        known = replace(known, acknowledged=None)
    return CheckIn(
        id=row["id"],
        pair_id=row["pair_id"],
        therapist_id=row["therapist_id"],
        client_id=row["client_id"],
        kind=row["kind"],
        instrument=row["instrument"],
        instrument_version=row["instrument_version"],
        state=row["state"],
        known=known,
        follows_id=row["follows_id"],
        telegram_message=row["telegram_message"],
        due_at=row["due_at"],
        sent_at=row["sent_at"],
        first_answer_at=row["first_answer_at"],
        last_answer_at=row["last_answer_at"],
        completed_at=row["completed_at"],
        corrected_at=row["corrected_at"],
        snoozed_until_at=row["snoozed_until_at"],
        reminded_at=row["reminded_at"],
        closes_at=row["closes_at"],
        pair_state=row["pair_state"],
        therapists=row["therapists"],
        appointment_id=row["appointment_id"],
        local_on=row["local_on"],
        data_key=row["data_key"],
        lost_at=row["lost_at"],
        history_from_at=row["history_from_at"],
        objected_at=row["objected_at"],
        made_at=row["planned_at"],
    )


def write_known(known: Known) -> str:
    """Write what a check-in knows of the past as JSON."""
    return json.dumps(
        {
            "usual": dict(known.usual),
            "count": known.count,
            "acknowledged": known.acknowledged,
            "asks": known.asks,
            "goals": known.goals,
        }
    )


def read_known(text: str) -> Known:
    """Read what `write_known` wrote."""
    read = json.loads(text)
    # What was made before check-ins asked about goals has neither.
    read["asks"], read["goals"] = tuple(read.get("asks", ())), tuple(read.get("goals", ()))
    return Known(**read)


async def add_checkin(
    tx: Transaction,
    *,
    id: int,
    pair_id: int,
    appointment_id: int | None,
    kind: Kind,
    instrument: str,
    instrument_version: int,
    language: str,
    consent_version: str,
    known: Known,
    follows_id: int | None,
    now: int,
    due_at: int,
    closes_at: int,
) -> bool:
    """Add an open check-in; False when this appointment (first session, goodbye) has one."""
    key = await tx.one("SELECT data_key FROM pair WHERE id = :id", id=pair_id)
    if key is None:
        raise KeyError(f"no pair {pair_id}")
    sealer = tx.vault.sealer(key["data_key"], "pair", pair_id)
    row = await tx.one(
        "INSERT INTO checkin (id, pair_id, appointment_id, kind, instrument, instrument_version,"
        " language, consent_version, state, known, follows_id, planned_at, due_at, closes_at)"
        " VALUES (:id, :pair_id, :appointment_id, :kind, :instrument, :version, :language,"
        " :consent_version, 'open', :known, :follows_id, :now, :due_at, :closes_at)"
        " ON CONFLICT DO NOTHING RETURNING id",
        id=id,
        pair_id=pair_id,
        appointment_id=appointment_id,
        kind=kind,
        instrument=instrument,
        version=instrument_version,
        language=language,
        consent_version=consent_version,
        known=sealer.seal_text(write_known(known), "checkin", "known", id),
        follows_id=follows_id,
        now=now,
        due_at=due_at,
        closes_at=closes_at,
    )
    return row is not None


async def find_checkin(tx: Transaction, checkin_id: int, client_id: int) -> CheckIn | None:
    """Find a check-in that belongs to this client, in whatever state.

    A new account that has not agreed yet has none.
    """
    row = await tx.one(
        f"{SELECT_CHECKIN} WHERE checkin.id = :id AND pair.client_id = :client_id"
        " AND pair.state <> 'erased' AND pair.relinked_at IS NULL",
        id=checkin_id,
        client_id=client_id,
    )
    return read_checkin(tx, row) if row else None


async def load_checkin(tx: Transaction, checkin_id: int) -> CheckIn | None:
    """Load a check-in for the program itself; None when it was erased."""
    row = await tx.one(
        f"{SELECT_CHECKIN} WHERE checkin.id = :id AND pair.state <> 'erased'", id=checkin_id
    )
    return read_checkin(tx, row) if row else None


async def open_checkins(tx: Transaction, client_id: int) -> list[CheckIn]:
    """List a client's open check-ins that went out."""
    rows = await tx.all(
        f"{SELECT_CHECKIN} WHERE pair.client_id = :client_id AND checkin.state = 'open'"
        " AND checkin.sent_at IS NOT NULL AND pair.relinked_at IS NULL",
        client_id=client_id,
    )
    return [read_checkin(tx, row) for row in rows]


async def open_of_pair(tx: Transaction, pair_id: int, now: int) -> list[tuple[int, int]]:
    """List a pair's open check-ins whose turn has come, as (id, closes_at), oldest first."""
    rows = await tx.all(
        "SELECT id, closes_at FROM checkin WHERE pair_id = :pair_id AND state = 'open'"
        " AND due_at <= :now AND closes_at > :now ORDER BY due_at",
        pair_id=pair_id,
        now=now,
    )
    return [(row["id"], row["closes_at"]) for row in rows]


async def note_progress(
    tx: Transaction, checkin_id: int, now: int, *, completed: bool, corrected: bool
) -> None:
    """Note when a check-in was answered, completed (once) and corrected (latest)."""
    await tx.run(
        "UPDATE checkin SET first_answer_at = coalesce(first_answer_at, :now),"
        " last_answer_at = :now,"
        " completed_at = CASE WHEN :completed = 1 THEN coalesce(completed_at, :now)"
        " ELSE completed_at END,"
        " corrected_at = CASE WHEN :corrected = 1 THEN :now ELSE corrected_at END"
        " WHERE id = :id",
        id=checkin_id,
        now=now,
        completed=int(completed),
        corrected=int(corrected),
    )


async def on_screens(tx: Transaction, now: int) -> list[CheckIn]:
    """List the open check-ins of all clients that stand in a message and are not finished.

    Of one with lost answers, the message may show more than is known.
    """
    rows = await tx.all(
        f"{SELECT_CHECKIN} WHERE checkin.state = 'open' AND checkin.closes_at > :now"
        " AND checkin.telegram_message IS NOT NULL AND checkin.completed_at IS NULL"
        " AND checkin.lost_at IS NULL AND pair.state <> 'erased'",
        now=now,
    )
    return [read_checkin(tx, row) for row in rows]


async def note_sent(tx: Transaction, checkin_id: int, now: int, message: int | None) -> None:
    """Note when a prompt went out (or perhaps did) and which message carries it."""
    await tx.run(
        "UPDATE checkin SET sent_at = coalesce(sent_at, :now),"
        " telegram_message = coalesce(:message, telegram_message) WHERE id = :id",
        id=checkin_id,
        now=now,
        message=message,
    )


async def note_reminded(tx: Transaction, checkin_id: int, now: int) -> None:
    """Note that the one reminder went out."""
    await tx.run(
        "UPDATE checkin SET reminded_at = coalesce(reminded_at, :now) WHERE id = :id",
        id=checkin_id,
        now=now,
    )


async def snooze(tx: Transaction, checkin_id: int, until_at: int) -> bool:
    """Move the queued reminder to when the client wants it; False when it is spent."""
    row = await tx.one(
        "UPDATE message SET due_at = :until_at WHERE kind = 'reminder' AND subject_id = :id"
        " AND state = 'queued' RETURNING id",
        id=checkin_id,
        until_at=until_at,
    )
    if row is not None:
        await tx.run(
            "UPDATE checkin SET snoozed_until_at = :until_at WHERE id = :id",
            id=checkin_id,
            until_at=until_at,
        )
    return row is not None


async def has_goodbye(tx: Transaction, pair_id: int) -> bool:
    """Say whether a pair's client was asked once more at the end, or is to be."""
    row = await tx.one(
        "SELECT id FROM checkin WHERE pair_id = :pair_id AND kind = 'goodbye'", pair_id=pair_id
    )
    return row is not None


async def messages_of_pair(tx: Transaction, pair_id: int) -> list[int]:
    """List the Telegram messages in which a pair's open check-ins stand."""
    rows = await tx.all(
        "SELECT telegram_message FROM checkin WHERE pair_id = :pair_id AND state = 'open'"
        " AND telegram_message IS NOT NULL",
        pair_id=pair_id,
    )
    return [row["telegram_message"] for row in rows]


async def instruments_in_use(tx: Transaction) -> list[tuple[str, int]]:
    """List the questionnaires (name, version) that check-ins were made with.

    It steps from one to the next by their index: reading every check-in would take seconds at the
    start of a practice with many years.
    """
    found: list[tuple[str, int]] = []
    last = ""
    while row := await tx.one(
        "SELECT instrument, instrument_version, instrument || '-' || instrument_version AS joined"
        " FROM checkin WHERE instrument || '-' || instrument_version > :last"
        " ORDER BY instrument || '-' || instrument_version LIMIT 1",
        last=last,
    ):
        found.append((row["instrument"], row["instrument_version"]))
        last = row["joined"]
    return found
