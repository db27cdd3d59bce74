"""What clients said before their first session, as rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from bot.core.rhythm import EXPECTED_ITEMS
from bot.core.sessions import Given
from bot.store.answers import open_value
from bot.store.database import Transaction
from bot.store.digest_rows import EVERYBODY, OWN, STILL, Among

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
    own = {"therapist_id": therapist_id, **Among(pair_id).values}
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


async def expected_before(
    tx: Transaction, therapist_id: int, among: Among = EVERYBODY, over_at: int = 0
) -> dict[int, dict[str, int]]:
    """Give what a therapist's pairs expected, as they rated it then: {pair: {item}}.

    What was withheld is left out, and who was stopped or ended by `over_at`.
    """
    rows = await tx.all(
        "SELECT answer.checkin_id, answer.item, answer.value, pair.id AS pair_id, pair.data_key"  # noqa: S608 - fixed text
        " FROM pair JOIN checkin ON checkin.pair_id = pair.id AND checkin.kind = 'before_first'"
        " JOIN answer ON answer.checkin_id = checkin.id"
        f" WHERE{STILL} AND checkin.state <> 'withheld' AND answer.value IS NOT NULL"
        " AND answer.item IN (:hope, :confidence)",
        therapist_id=therapist_id,
        **among.values,
        over_at=over_at,
        hope=EXPECTED_ITEMS[0],
        confidence=EXPECTED_ITEMS[1],
    )
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
        value = open_value(sealer, row["checkin_id"], row["item"], row["value"])
        if isinstance(value, int):
            found[row["pair_id"]][row["item"]] = value
    return found
