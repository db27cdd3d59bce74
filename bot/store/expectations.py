"""What clients expected before their first session, as rows."""

from __future__ import annotations

from collections import defaultdict

from bot.core.rhythm import EXPECTED_ITEMS
from bot.store.answers import open_value
from bot.store.database import Transaction


async def expected_before(
    tx: Transaction, therapist_id: int, pair_id: int | None
) -> dict[int, dict[str, int]]:
    """Give the ratings before the first session of a therapist's pairs (or one): {pair: {item}}.

    What was withheld is left out.
    """
    rows = await tx.all(
        "SELECT answer.checkin_id, answer.item, answer.value, pair.id AS pair_id, pair.data_key"
        " FROM pair JOIN checkin ON checkin.pair_id = pair.id AND checkin.kind = 'before_first'"
        " JOIN answer ON answer.checkin_id = checkin.id"
        " WHERE pair.therapist_id = :therapist_id AND pair.data_key IS NOT NULL"
        " AND (CAST(:pair_id AS BIGINT) IS NULL OR pair.id = :pair_id)"
        " AND checkin.state <> 'withheld' AND answer.value IS NOT NULL"
        " AND answer.item IN (:hope, :confidence)",
        therapist_id=therapist_id,
        pair_id=pair_id,
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
