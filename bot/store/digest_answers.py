"""The answers of a digest, as they stood at its cut-off.

Two things win whatever the cut-off: a check-in that is withheld gives no answers, and a text that
the client keeps (or has taken back) is not given, nor opened. A digest reads more rows here than
anywhere else, five to a check-in: what is done for each stands in one loop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from bot.core.sessions import Given, Window
from bot.store.answers import place_of, read_value
from bot.store.database import Row, Transaction
from bot.store.digest_rows import READ, RECENT, STILL
from bot.store.vault import Sealer

# Those of a check-in come one after the other: they are looked up by it.
_SELECT: Final = (
    "SELECT answer.checkin_id, answer.item, answer.value, answer.disclosure, answer.answered_at"
)
_SHOWN: Final = (
    f" JOIN answer ON answer.checkin_id = checkin.id WHERE{STILL}"
    " AND checkin.state <> 'withheld' AND answer.value IS NOT NULL"
    " AND answer.answered_at < :cut_at AND coalesce(answer.disclosure, 'show') <> 'keep'"
)
ANSWERS: Final = f"{_SELECT}{READ}{_SHOWN}"
RECENT_ANSWERS: Final = f"{_SELECT}{RECENT}{_SHOWN}"

EARLIER: Final = (
    "SELECT answer_earlier.*"
    f"{RECENT} JOIN answer_earlier ON answer_earlier.checkin_id = checkin.id WHERE{STILL}"
    " AND checkin.state <> 'withheld' AND checkin.corrected_at >= :from_at"
    " AND answer_earlier.replaced_at >= :from_at ORDER BY answer_earlier.replaced_at"
)

#: A rating, sealed, is so long at most: "10".
_SHORT: Final = 2


@dataclass(slots=True)
class Answers:
    """The answers of one check-in at the cut-off, and when some were added or changed since the
    window began."""

    given: list[Given] = field(default_factory=list)
    changed_ats: list[int] = field(default_factory=list)


async def answers_of_read(
    tx: Transaction,
    rows: Iterable[tuple[Any, ...]],
    window: Window,
    read: Mapping[str, object],
    *,
    texts: bool,
    sealers: Mapping[int, Sealer],
) -> Mapping[int, Answers]:
    """Give what rows of `ANSWERS` or `RECENT_ANSWERS` say, by check-in.

    read: what the statement was given. texts: as `digest_facts.facts_of`. sealers: by check-in.
    What has been taken back or kept since has no row here, and so gives nothing of what it was.
    """
    found: defaultdict[int, Answers] = defaultdict(Answers)
    earlier = await tx.all(EARLIER, **read)
    for row in earlier:
        found[row["checkin_id"]].changed_ats.append(row["replaced_at"])
    stood = _stood(earlier, window.cut_at)
    for checkin_id, answers in groupby(rows, itemgetter(0)):
        here, place, open_at = found[checkin_id], place_of(checkin_id), sealers[checkin_id].open_at
        add = here.given.append
        for _, item, value, disclosure, answered_at in answers:
            if answered_at >= window.from_at:
                here.changed_ats.append(answered_at)
            if stood and (before := stood.get((checkin_id, item))) is not None:
                value, disclosure = before["value"], before["disclosure"]
                if value is None or disclosure == "keep":
                    continue
            if disclosure is not None and not texts:
                add(Given(item, None, disclosure))
                continue
            plain = open_at(value, place + item)
            is_number = disclosure is None and len(plain) <= _SHORT
            add(_number(item, plain) if is_number else Given(item, read_value(plain), disclosure))
    return found


@lru_cache(maxsize=1024)
def _number(item: str, plain: bytes) -> Given:
    """Give a rating: there are few, and a digest has thousands. Words are never kept here."""
    return Given(item, read_value(plain))


def _stood(earlier: Sequence[Row], cut_at: int) -> Mapping[tuple[int, str], Row]:
    """Give what stood at the cut-off where it was replaced since: what was replaced first after."""
    stood: dict[tuple[int, str], Row] = {}
    for row in earlier:
        if row["replaced_at"] >= cut_at:
            stood.setdefault((row["checkin_id"], row["item"]), row)
    return stood
