"""The answers of a digest, as they stood at its cut-off.

Two things win whatever the cut-off: a check-in that is withheld gives no answers, and a text that
the client keeps (or has taken back) is not given, nor opened. A digest reads more rows here than
anywhere else, five to a check-in: what is done for each stands in one loop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from bot.core.conversation import Disclosure, Value
from bot.core.sessions import Given, Window
from bot.store.answers import open_value
from bot.store.database import Row, Transaction
from bot.store.digest_rows import READ, STILL
from bot.store.vault import Sealer

ANSWERS: Final = (
    "SELECT answer.checkin_id, answer.item, answer.value, answer.disclosure, answer.answered_at"
    f"{READ} JOIN answer ON answer.checkin_id = checkin.id WHERE{STILL}"
    " AND checkin.state <> 'withheld' AND answer.value IS NOT NULL"
    " AND answer.answered_at < :cut_at AND coalesce(answer.disclosure, 'show') <> 'keep'"
)

EARLIER: Final = (
    "SELECT answer_earlier.*"
    f"{READ} JOIN answer_earlier ON answer_earlier.checkin_id = checkin.id WHERE{STILL}"
    " AND checkin.state <> 'withheld' AND answer_earlier.replaced_at >= :from_at"
    " ORDER BY answer_earlier.replaced_at"
)


@dataclass(slots=True)
class Answers:
    """The answers of one check-in at the cut-off, and when some were added or changed."""

    given: list[Given] = field(default_factory=list)
    changed_ats: list[int] = field(default_factory=list)


async def answers_of_read(
    tx: Transaction,
    therapist_id: int,
    pair_id: int | None,
    window: Window,
    *,
    depth: int,
    over_at: int,
    texts: bool,
    sealers: Mapping[int, Sealer],
) -> Mapping[int, Answers]:
    """Give the answers of the check-ins that a digest reads, by check-in.

    depth, over_at, texts: as `digest_facts.facts_of`. sealers: by check-in. What has been taken
    back or kept since has no row here, and so gives nothing of what it was.
    """
    read = {
        "therapist_id": therapist_id, "pair_id": pair_id, "cut_at": window.cut_at, "depth": depth,
        "over_at": over_at,
    }  # fmt: skip
    found: defaultdict[int, Answers] = defaultdict(Answers)
    earlier = await tx.all(EARLIER, **read, from_at=window.from_at)
    for row in earlier:
        found[row["checkin_id"]].changed_ats.append(row["replaced_at"])
    stood = _stood(earlier, window.cut_at)
    for row in await tx.all(ANSWERS, **read):
        checkin_id, item, disclosure = row["checkin_id"], row["item"], row["disclosure"]
        value, here = row["value"], found[checkin_id]
        here.changed_ats.append(row["answered_at"])
        if stood and (before := stood.get((checkin_id, item))) is not None:
            value, disclosure = before["value"], before["disclosure"]
            if value is None or disclosure == "keep":
                continue
        if disclosure is None or texts:
            here.given.append(
                _given(item, open_value(sealers[checkin_id], checkin_id, item, value), disclosure)
            )
        else:
            here.given.append(Given(item, None, disclosure))
    return found


def _given(item: str, value: Value, disclosure: Disclosure | None) -> Given:
    if disclosure is None and isinstance(value, int):
        return _number(item, value)
    return Given(item, value, disclosure)


@lru_cache(maxsize=1024)
def _number(item: str, value: int) -> Given:
    """Give a rating: there are few, and a digest has thousands. Words are never kept here."""
    return Given(item, value)


def _stood(earlier: Sequence[Row], cut_at: int) -> Mapping[tuple[int, str], Row]:
    """Give what stood at the cut-off where it was replaced since: what was replaced first after."""
    stood: dict[tuple[int, str], Row] = {}
    for row in earlier:
        if row["replaced_at"] >= cut_at:
            stood.setdefault((row["checkin_id"], row["item"]), row)
    return stood
