"""Check-ins after the end of a therapy as rows, for its therapist, as they stood at a cut-off.

There is one to a pair at most. What is withheld gives no answers, and a text that the client keeps
is not given, nor opened, whatever the cut-off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.core.sessions import Asked, Given
from bot.core.timetable import local_on, local_time
from bot.store.answers import open_value
from bot.store.database import Row, Transaction
from bot.store.digest_rows import OWN, Among

_OF: Final = (
    " FROM pair JOIN checkin ON checkin.id = (SELECT one.id FROM checkin AS one"
    "  WHERE one.pair_id = pair.id AND one.kind = 'goodbye')"
    # One that was late to be closed, after an outage, is over only then.
    " AND checkin.due_at < :cut_at"
    " AND (checkin.closes_at >= :since_at OR checkin.closed_at >= :since_at)"
)
GOODBYES: Final = f"SELECT checkin.*, pair.data_key{_OF} WHERE{OWN}"
ANSWERS: Final = (
    f"SELECT answer.*{_OF} JOIN answer ON answer.checkin_id = checkin.id WHERE{OWN}"
    " AND checkin.state <> 'withheld' AND answer.value IS NOT NULL"
    " AND answer.answered_at < :cut_at AND coalesce(answer.disclosure, 'show') <> 'keep'"
)
EARLIER: Final = (
    f"SELECT answer_earlier.*{_OF}"
    " JOIN answer_earlier ON answer_earlier.checkin_id = checkin.id"
    f" WHERE{OWN} AND checkin.state <> 'withheld' ORDER BY answer_earlier.replaced_at"
)


async def goodbyes_of(
    tx: Transaction,
    therapist_id: int,
    among: Among,
    *,
    since_at: int,
    cut_at: int,
    zone: str,
    texts: bool,
) -> dict[int, Asked]:
    """Give the goodbyes of a therapist's pairs as of a cut-off, by pair.

    since_at: those that had closed by then are left out. zone: of their local times. texts: whether
    shared texts are opened.
    """
    read = {
        "therapist_id": therapist_id, **among.values, "since_at": since_at, "cut_at": cut_at,
    }  # fmt: skip
    rows = await tx.all(GOODBYES, **read)
    if not rows:
        return {}
    answers, earlier = await tx.all(ANSWERS, **read), await tx.all(EARLIER, **read)
    return {
        row["pair_id"]: _asked(
            tx,
            row,
            [one for one in answers if one["checkin_id"] == row["id"]],
            [one for one in earlier if one["checkin_id"] == row["id"]],
            cut_at,
            zone,
            texts=texts,
        )
        for row in rows
    }


def _asked(
    tx: Transaction,
    row: Row,
    answers: Sequence[Row],
    earlier: Sequence[Row],
    cut_at: int,
    zone: str,
    *,
    texts: bool,
) -> Asked:
    sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
    # What was replaced first after the cut-off is what stood at it.
    stood = {one["item"]: one for one in reversed(earlier) if one["replaced_at"] >= cut_at}
    given = []
    for one in (stood.get(answer["item"], answer) for answer in answers):
        if one["value"] is None or one["disclosure"] == "keep":
            continue
        is_shown = one["disclosure"] is None or texts
        value = open_value(sealer, row["id"], one["item"], one["value"]) if is_shown else None
        given.append(Given(one["item"], value, one["disclosure"]))
    return Asked(
        on=local_on(row["due_at"], zone),
        time=local_time(row["due_at"], zone),
        starts_at=row["due_at"],
        checkin_id=row["id"],
        state=row["state"],
        instrument=f"{row['instrument']}/{row['instrument_version']}",
        language=row["language"],
        sent_at=row["sent_at"],
        completed_at=row["completed_at"],
        closes_at=row["closes_at"],
        closed_at=row["closed_at"],
        changed_ats=(
            *(answer["answered_at"] for answer in answers),
            *(one["replaced_at"] for one in earlier),
        ),
        answers=tuple(given),
    )
