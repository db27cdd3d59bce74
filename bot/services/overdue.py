"""Which digests that are due are waited for, before their hour may be moved."""

from __future__ import annotations

from typing import Final

from bot.store.database import Transaction
from bot.store.losses import is_on_hold
from bot.store.practice import last_seen_at

#: Making one takes seconds: who was at work for so long and has not made it, cannot.
_MADE_WITHIN_MS: Final = 3_600_000


async def is_waited_for(tx: Transaction, due_at: int) -> bool:
    """Say whether a digest that is due is about to be made, so that nothing may move it.

    One that the program has failed to make for an hour is not: it must not hold anybody up, and
    the next one has everything since the last.
    """
    return await is_on_hold(tx) or await last_seen_at(tx) < due_at + _MADE_WITHIN_MS
