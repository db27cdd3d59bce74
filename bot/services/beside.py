"""Steps inside somebody else's transaction: put beside a pair's facts what the therapist guessed
and what the client expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.beside import BesideFacts, guessed_score
from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts
from bot.core.sessions import Window
from bot.store import expectations, mirror
from bot.store.database import Transaction
from bot.store.digest_rows import EVERYBODY, Among


async def with_beside(
    tx: Transaction,
    facts: Sequence[PairFacts],
    therapist_id: int,
    window: Window,
    instrument: Instrument,
    among: Among = EVERYBODY,
    over_at: int = 0,
) -> list[PairFacts]:
    """Complete a therapist's facts as of a window's end.

    over_at: pairs that were stopped or ended by then are not among them.
    """
    guesses = await mirror.guesses_of(tx, therapist_id, window.cut_at, among, over_at)
    before = await expectations.expected_before(tx, therapist_id, among, over_at)
    items = [item.key for item in instrument.ratings]
    completed = []
    for pair in facts:
        scores = {
            checkin_id: score
            for checkin_id, given in guesses.get(pair.pair_id, {}).items()
            if (score := guessed_score(given, items, instrument.house)) is not None
        }
        completed.append(replace(pair, beside=BesideFacts(scores, before.get(pair.pair_id, {}))))
    return completed
