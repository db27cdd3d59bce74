"""What the rows tell about a therapist's pairs, as of a cut-off.

Which check-ins are read stands in `digest_rows`, what of their answers is given in
`digest_answers`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot.core.entries import PairFacts, Talk
from bot.core.sessions import Asked, Given, Window
from bot.core.trends import Acknowledged
from bot.store.answers import open_value
from bot.store.database import Row, Transaction
from bot.store.digest_answers import Answers, answers_of_read
from bot.store.digest_rows import FIRST, OF_PAIR, OWN, READ, STILL

#: An appointment may be decided about late, after the program was down.
_DECIDED_WITHIN_MS: Final = 35 * 86_400_000
#: What was said to a fall is looked for so far back.
_FOLLOWED_MS: Final = 190 * 86_400_000

#: Check-ins are counted no further than is asked: whether there are more than the newest and first.
_MORE: Final = FIRST + 1

_NOTHING: Final = Answers()

PAIRS: Final = (
    "SELECT id, code, state, data_key, paused_at, stopped_at, ended_at,"  # noqa: S608 - fixed text
    f" (SELECT count(*) FROM (SELECT one.id FROM checkin AS one{OF_PAIR}"
    f" LIMIT :depth + {_MORE}) AS counted) AS checkins FROM pair WHERE{STILL}"
    # Nobody has ever joined an invitation that was withdrawn.
    " AND pair.client_id IS NOT NULL"
)

#: In the order in which `_asked` takes them; the pair stands beside.
CHECKINS: Final = (
    "SELECT checkin.pair_id, checkin.id, appointment.local_on, appointment.local_time,"
    " appointment.starts_at, appointment.state, appointment.state_at, checkin.state,"
    " checkin.instrument, checkin.instrument_version, checkin.language, checkin.sent_at,"
    " checkin.completed_at, checkin.closes_at, checkin.closed_at, checkin.follows_id,"
    " checkin.anew_at"
    f"{READ} JOIN appointment ON appointment.id = checkin.appointment_id WHERE{STILL}"
    " ORDER BY checkin.due_at"
)

NOT_ASKED: Final = (
    "SELECT appointment.* FROM pair"  # noqa: S608 - fixed text
    " JOIN appointment ON appointment.pair_id = pair.id"
    " AND appointment.starts_at > :since_at AND appointment.starts_at <= :cut_at"
    f" WHERE{OWN} AND appointment.asked = 'not_asked' AND appointment.state = 'planned'"
    " AND appointment.asked_at >= :from_at AND appointment.asked_at < :cut_at"
)

TALKS: Final = (
    "SELECT acknowledgement.* FROM pair JOIN acknowledgement ON acknowledgement.id ="  # noqa: S608 - fixed text
    " (SELECT newest.id FROM acknowledgement AS newest WHERE newest.pair_id = pair.id"
    "  AND newest.kind = 'talk' AND newest.made_at < :cut_at"
    "  AND coalesce(newest.raised_at, 0) < :cut_at ORDER BY newest.made_at DESC LIMIT 1)"
    f" WHERE{OWN}"
)

ACKNOWLEDGED: Final = (
    "SELECT acknowledgement.pair_id, acknowledgement.kind, acknowledgement.raised_at, digest.cut_at"  # noqa: S608 - fixed text
    " FROM pair JOIN acknowledgement ON acknowledgement.pair_id = pair.id"
    " AND acknowledgement.made_at > :since_at AND acknowledgement.made_at < :cut_at"
    f" JOIN digest ON digest.id = acknowledgement.digest_id WHERE{OWN}"
)

BEFORE_FIRST: Final = (
    "SELECT checkin.id, checkin.state, checkin.instrument, checkin.instrument_version,"  # noqa: S608 - fixed text
    f" pair.data_key FROM pair JOIN checkin ON checkin.pair_id = pair.id WHERE{OWN}"
    " AND checkin.kind = 'before_first' AND checkin.first_answer_at IS NOT NULL"
)

BEFORE_FIRST_ANSWERS: Final = (
    "SELECT answer.checkin_id, answer.item, answer.value FROM pair"  # noqa: S608 - fixed text
    " JOIN checkin ON checkin.pair_id = pair.id AND checkin.kind = 'before_first'"
    f" JOIN answer ON answer.checkin_id = checkin.id WHERE{OWN}"
    " AND answer.value IS NOT NULL AND answer.disclosure IS NULL"
)


async def facts_of(
    tx: Transaction,
    therapist_id: int,
    window: Window,
    *,
    depth: int,
    texts: bool,
    pair_id: int | None = None,
    over_at: int = 0,
) -> list[PairFacts]:
    """Give what is known about a therapist's pairs (or one of them) as of the window's end.

    depth: so many of the newest check-ins of each pair. texts: whether shared texts are opened.
    over_at: pairs that were stopped or ended by then are left out.
    """
    own = {"therapist_id": therapist_id, "pair_id": pair_id}
    newest = {**own, "cut_at": window.cut_at, "depth": depth, "over_at": over_at}
    pairs = await tx.all(PAIRS, **newest)
    sealers = {row["id"]: tx.vault.sealer(row["data_key"], "pair", row["id"]) for row in pairs}
    checkins = await tx.tuples(CHECKINS, **newest)
    answers = await answers_of_read(
        tx,
        therapist_id,
        pair_id,
        window,
        depth=depth,
        over_at=over_at,
        texts=texts,
        sealers={checkin_id: sealers[of] for of, checkin_id, *_ in checkins},
    )
    not_asked = await tx.all(
        NOT_ASKED,
        **own,
        cut_at=window.cut_at,
        from_at=window.from_at,
        since_at=window.from_at - _DECIDED_WITHIN_MS,
    )
    talks = {
        row["pair_id"]: _talk(row, window.cut_at)
        for row in await tx.all(TALKS, **own, cut_at=window.cut_at)
    }
    acknowledged = _grouped(
        await tx.all(
            ACKNOWLEDGED, **own, cut_at=window.cut_at, since_at=window.cut_at - _FOLLOWED_MS
        ),
        "pair_id",
    )
    unseen = _after_unseen(checkins, {row["id"]: row["checkins"] for row in pairs}, depth)
    asked = _asked_by_pair(checkins, answers, not_asked, unseen, window.cut_at)
    return [
        PairFacts(
            pair_id=row["id"],
            code=row["code"],
            state=row["state"],
            changed_at=_changed_at(row),
            asked=tuple(asked[row["id"]]),
            talk=talks.get(row["id"]),
            acknowledged=tuple(
                _acknowledged(one, window.cut_at) for one in acknowledged.get(row["id"], ())
            ),
        )
        for row in pairs
    ]


def _asked_by_pair(
    checkins: Sequence[tuple[Any, ...]],
    answers: Mapping[int, Answers],
    not_asked: Sequence[Row],
    unseen: frozenset[int],
    cut_at: int,
) -> Mapping[int, list[Asked]]:
    asked: defaultdict[int, list[Asked]] = defaultdict(list)
    for pair_id, checkin_id, *rest in checkins:
        asked[pair_id].append(
            _asked(
                checkin_id,
                *rest,
                answers=answers.get(checkin_id, _NOTHING),
                cut_at=cut_at,
                is_after_unseen=checkin_id in unseen,
            )
        )
    for row in not_asked:
        asked[row["pair_id"]].append(_not_asked(row))
    return asked


def _after_unseen(
    checkins: Sequence[tuple[Any, ...]], counts: Mapping[int, int], depth: int
) -> frozenset[int]:
    """Name the check-ins, ordered by time, before which older ones of their pair were not read."""
    read: defaultdict[int, list[int]] = defaultdict(list)
    for pair_id, checkin_id, *_ in checkins:
        read[pair_id].append(checkin_id)
    return frozenset(
        ids[-depth] for pair_id, ids in read.items() if depth < len(ids) < counts[pair_id]
    )


def _acknowledged(row: Row, cut_at: int) -> Acknowledged:
    raised = row["raised_at"] is not None
    # What was "read" at the cut-off and became "talk" after it was "read" then.
    kind: Literal["read", "talk"] = "read" if raised and row["raised_at"] >= cut_at else row["kind"]
    return Acknowledged(kind, row["cut_at"])


def _grouped(rows: Sequence[Row], key: str) -> Mapping[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _changed_at(row: Row) -> int | None:
    column = {"paused": "paused_at", "stopped": "stopped_at", "ended": "ended_at"}
    at: int | None = row[column[row["state"]]] if row["state"] in column else None
    return at


def _talk(row: Row, cut_at: int) -> Talk:
    made_at = row["made_at"] if row["raised_at"] is None else row["raised_at"]
    if row["replied_at"] is None or row["replied_at"] >= cut_at:
        return Talk(row["id"], made_at)
    return Talk(row["id"], made_at, row["reply"], row["replied_at"])


def _asked(
    checkin_id: int,
    on: str,
    time: str,
    starts_at: int,
    calendar: str,
    calendar_at: int,
    state: str,
    instrument: str,
    version: int,
    language: str,
    sent_at: int | None,
    completed_at: int | None,
    closes_at: int,
    closed_at: int | None,
    follows_id: int | None,
    anew_at: int | None,
    *,
    answers: Answers,
    cut_at: int,
    is_after_unseen: bool,
) -> Asked:
    # By place, as `Asked` has them: a digest makes more than a thousand.
    return Asked(
        on,
        time,
        starts_at,
        calendar in ("planned", "moved") or calendar_at >= cut_at,
        checkin_id,
        state,
        f"{instrument}/{version}",
        language,
        None,
        None,
        sent_at,
        completed_at,
        closes_at,
        closed_at,
        follows_id,
        tuple(answers.changed_ats),
        tuple(answers.given),
        is_after_unseen,
        anew_at is not None and anew_at < cut_at,
    )


def _not_asked(row: Row) -> Asked:
    return Asked(
        on=row["local_on"],
        time=row["local_time"],
        starts_at=row["starts_at"],
        decided_at=row["asked_at"],
        not_asked_reason=row["not_asked_reason"],
    )


@dataclass(frozen=True, slots=True)
class BeforeFirstFacts:
    """What a pair said before its first session; nothing where it is withheld."""

    instrument: str
    version: int
    is_withheld: bool
    answers: tuple[Given, ...]


async def before_first_of(
    tx: Transaction, therapist_id: int, pair_id: int
) -> BeforeFirstFacts | None:
    """Give what a pair said before its first session; None where nothing was begun."""
    own = {"therapist_id": therapist_id, "pair_id": pair_id}
    checkin = await tx.one(BEFORE_FIRST, **own)
    if checkin is None:
        return None
    withheld = checkin["state"] == "withheld"
    sealer = tx.vault.sealer(checkin["data_key"], "pair", pair_id)
    rows = [] if withheld else await tx.all(BEFORE_FIRST_ANSWERS, **own)
    answers = tuple(
        Given(row["item"], open_value(sealer, row["checkin_id"], row["item"], row["value"]))
        for row in rows
    )
    return BeforeFirstFacts(checkin["instrument"], checkin["instrument_version"], withheld, answers)
