"""Whose history may be shown: the client's own, once the account it is shown on has agreed."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.core.people import Pair
from bot.store import pairs
from bot.store.database import Transaction


async def pair_to_show(tx: Transaction, pair_id: int, client_id: int) -> Pair:
    """Give a client's pair whose answers may be shown; stopping and erasing do not ask here.

    Errors: Refused("not_yours"), Refused("agree_first") for a new account that has not agreed.
    """
    pair = await pairs.find_pair_of_client(tx, pair_id, client_id)
    if pair is None:
        raise Refused("not_yours")
    if pair.relinked_at is not None:
        raise Refused("agree_first")
    return pair
