"""What the rows tell about a therapist's pairs, as of a cut-off.

Which check-ins are read stands in `digest_rows`, what of their answers is given in
`digest_answers`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from bot.core.pair_facts import PairFacts, Talk
from bot.core.sessions import Asked, Window
from bot.core.trends import Acknowledged
from bot.store.database import Row, Transaction
from bot.store.digest_answers import ANSWERS, RECENT_ANSWERS, Answers, answers_of_read
from bot.store.digest_rows import (
    EVERYBODY,
    OF_PAIR,
    READ,
    RECENT,
    STILL,
    Among,
)
from bot.store.losses import losses_between
from bot.store.wrong_client import STANDS

#: An appointment may be decided about late, after the program was down, and a check-in lasts for a
#: week at most.
_DECIDED_WITHIN_MS: Final = 35 * 86_400_000
#: What was said to a fall is looked for so far back.
_FOLLOWED_MS: Final = 190 * 86_400_000

#: A baseline is made of the first scores; so many check-ins hold them but for odd histories.
FIRST: Final = 12

_NOTHING: Final = Answers()

PAIRS: Final = (
    "SELECT id, code, state, data_key, paused_at, stopped_at, ended_at,"  # noqa: S608 - fixed text
    # Whoever said no, or nothing in time, goes on with nobody.
    " EXISTS (SELECT 1 FROM handover_pair WHERE handover_pair.pair_id = pair.id"
    "  AND coalesce(answer, 'share') IN ('share', 'fresh')) AS handed_over"
    # Nobody has ever joined an invitation that was withdrawn.
    f" FROM pair WHERE{STILL} AND pair.client_id IS NOT NULL"
)

#: Counted no further than is asked: whether there are more than the newest and the first.
COUNTED: Final = (
    "SELECT pair.id, (SELECT count(*) FROM (SELECT one.id FROM checkin AS one"  # noqa: S608 - fixed text
    f"{OF_PAIR} LIMIT :depth + :first + 1) AS counted) AS checkins FROM pair WHERE{STILL}"
)

# In the order in which `_asked` takes them; the pair stands beside.
_CHECKIN: Final = (
    "SELECT checkin.pair_id, checkin.id, appointment.local_on, appointment.local_time,"
    " appointment.starts_at, appointment.state, appointment.state_at, checkin.state,"
    " checkin.instrument, checkin.instrument_version, checkin.language, checkin.sent_at,"
    " checkin.completed_at, checkin.closes_at, checkin.closed_at, checkin.follows_id,"
    " checkin.anew_at, checkin.lost_at"
)
_MET: Final = (
    f" JOIN appointment ON appointment.id = checkin.appointment_id WHERE{STILL}"
    " ORDER BY checkin.due_at"
)
CHECKINS: Final = f"{_CHECKIN}{READ}{_MET}"
RECENT_CHECKINS: Final = f"{_CHECKIN}{RECENT}{_MET}"

NOT_ASKED: Final = (
    "SELECT appointment.* FROM pair"  # noqa: S608 - fixed text
    " JOIN appointment ON appointment.pair_id = pair.id"
    " AND appointment.starts_at > :since_at AND appointment.starts_at <= :cut_at"
    f" WHERE{STILL} AND appointment.asked = 'not_asked' AND appointment.state = 'planned'"
    " AND appointment.asked_at >= :from_at AND appointment.asked_at < :cut_at"
)

TALKS: Final = (
    "SELECT acknowledgement.* FROM pair JOIN acknowledgement ON acknowledgement.id ="  # noqa: S608 - fixed text
    " (SELECT newest.id FROM acknowledgement AS newest WHERE newest.pair_id = pair.id"
    "  AND newest.kind = 'talk' AND newest.made_at < :cut_at"
    "  AND coalesce(newest.raised_at, 0) < :cut_at ORDER BY newest.made_at DESC LIMIT 1)"
    f" WHERE{STILL} AND {STANDS}"
)

ACKNOWLEDGED: Final = (
    "SELECT acknowledgement.pair_id, acknowledgement.kind, acknowledgement.raised_at, digest.cut_at"  # noqa: S608 - fixed text
    " FROM pair JOIN acknowledgement ON acknowledgement.pair_id = pair.id"
    " AND acknowledgement.made_at > :followed_at AND acknowledgement.made_at < :cut_at"
    f" JOIN digest ON digest.id = acknowledgement.digest_id WHERE{STILL}"
)


async def facts_of(
    tx: Transaction,
    therapist_id: int,
    window: Window,
    *,
    depth: int,
    first: int = FIRST,
    texts: bool,
    among: Among = EVERYBODY,
    over_at: int = 0,
) -> list[PairFacts]:
    """Give what is known about a therapist's pairs as of the window's end.

    depth, first: so many of the newest check-ins of each pair, and of the first of its baseline.
    texts: whether shared texts are opened. over_at: pairs that were stopped or ended by then are
    left out.
    """
    read = {**_read(therapist_id, window, among, over_at), "depth": depth, "first": first}
    checkins = await tx.tuples(CHECKINS, **read)
    answers = await tx.tuples(ANSWERS, **read)
    counts: dict[int, int] = dict(await tx.tuples(COUNTED, **read))
    unseen = _after_unseen(checkins, counts, depth)
    facts = await _facts(tx, window, read, checkins, answers, unseen, texts=texts)
    acknowledged = _grouped(await tx.all(ACKNOWLEDGED, **read), "pair_id")
    return [
        replace(
            pair,
            acknowledged=tuple(
                _acknowledged(one, window.cut_at) for one in acknowledged.get(pair.pair_id, ())
            ),
        )
        for pair in facts
    ]


async def news_of(
    tx: Transaction, therapist_id: int, window: Window, among: Among
) -> list[PairFacts]:
    """Give what is new, open or corrected in a window, with nothing of before and no text opened.

    It is enough to count and to tell who has anything there, and not to judge.
    """
    read = _read(therapist_id, window, among, 0)
    checkins = await tx.tuples(RECENT_CHECKINS, **read)
    answers = await tx.tuples(RECENT_ANSWERS, **read)
    return await _facts(tx, window, read, checkins, answers, frozenset(), texts=False)


def _read(therapist_id: int, window: Window, among: Among, over_at: int) -> dict[str, int | None]:
    """Give what the statements are given."""
    return {
        "therapist_id": therapist_id,
        **among.values,
        "from_at": window.from_at,
        "cut_at": window.cut_at,
        "since_at": window.from_at - _DECIDED_WITHIN_MS,
        "followed_at": window.cut_at - _FOLLOWED_MS,
        "over_at": over_at,
    }


async def _facts(
    tx: Transaction,
    window: Window,
    read: Mapping[str, int | None],
    checkins: Sequence[tuple[Any, ...]],
    answers: Sequence[tuple[Any, ...]],
    unseen: frozenset[int],
    *,
    texts: bool,
) -> list[PairFacts]:
    pairs = await tx.all(PAIRS, **read)
    sealers = {row["id"]: tx.vault.sealer(row["data_key"], "pair", row["id"]) for row in pairs}
    given = await answers_of_read(
        tx,
        answers,
        window,
        read,
        texts=texts,
        sealers={checkin[1]: sealers[checkin[0]] for checkin in checkins},
    )
    not_asked = await tx.all(NOT_ASKED, **read)
    talks = {row["pair_id"]: _talk(row, window.cut_at) for row in await tx.all(TALKS, **read)}
    losses = await losses_between(tx, window.from_at - _DECIDED_WITHIN_MS, window.cut_at)
    lost_since = {loss.until_at: loss.from_at for loss in losses}
    asked = _asked_by_pair(checkins, given, not_asked, unseen, window.cut_at, lost_since)
    return [
        PairFacts(
            pair_id=row["id"],
            code=row["code"],
            state=row["state"],
            changed_at=_changed_at(row),
            asked=tuple(asked[row["id"]]),
            talk=talks.get(row["id"]),
            handed_over=bool(row["handed_over"]),
        )
        for row in pairs
    ]


def _asked_by_pair(
    checkins: Sequence[tuple[Any, ...]],
    answers: Mapping[int, Answers],
    not_asked: Sequence[Row],
    unseen: frozenset[int],
    cut_at: int,
    lost_since: Mapping[int, int],
) -> Mapping[int, list[Asked]]:
    asked: defaultdict[int, list[Asked]] = defaultdict(list)
    for row in checkins:
        given = answers.get(row[1], _NOTHING)
        asked[row[0]].append(
            _asked(row, given, cut_at, lost_since, is_after_unseen=row[1] in unseen)
        )
    for one in not_asked:
        asked[one["pair_id"]].append(_not_asked(one))
    return asked


def _after_unseen(
    checkins: Sequence[tuple[Any, ...]], counts: Mapping[int, int], depth: int
) -> frozenset[int]:
    """Name the check-ins, ordered by time, before which older ones of their pair were not read."""
    read: defaultdict[int, list[int]] = defaultdict(list)
    for checkin in checkins:
        read[checkin[0]].append(checkin[1])
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
    row: tuple[Any, ...],
    answers: Answers,
    cut_at: int,
    lost_since: Mapping[int, int],
    *,
    is_after_unseen: bool,
) -> Asked:
    (
        _, checkin_id, on, time, starts_at, calendar, calendar_at, state, instrument, version,
        language, sent_at, completed_at, closes_at, closed_at, follows_id, anew_at,
        lost_at,
    ) = row  # fmt: skip
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
        None if lost_at is None else "lost",
        sent_at,
        completed_at,
        closes_at,
        closed_at,
        follows_id,
        tuple(answers.changed_ats),
        tuple(answers.given),
        is_after_unseen,
        anew_at is not None and anew_at < cut_at,
        None if lost_at is None else (lost_since.get(lost_at, lost_at), lost_at),
    )


def _not_asked(row: Row) -> Asked:
    return Asked(
        on=row["local_on"],
        time=row["local_time"],
        starts_at=row["starts_at"],
        decided_at=row["asked_at"],
        not_asked_reason=row["not_asked_reason"],
    )
