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


async def pair_with_history(tx: Transaction, pair_id: int, client_id: int, now: int) -> Pair:
    """Give a client's pair of which also what was before may be shown.

    Errors: as `pair_to_show`, Refused("history_waits") on the first day of a new account,
    Refused("history_objected") where the account of before says that it is not theirs.
    """
    pair = await pair_to_show(tx, pair_id, client_id)
    if not pair.shows_before(now):
        raise history_closed(pair.objected_at, pair.history_from_at)
    return pair


def history_closed(objected_at: int | None, history_from_at: int | None) -> Refused:
    """Give the refusal of what was before an account was the client's."""
    if objected_at is not None:
        return Refused("history_objected")
    return Refused("history_waits", at=history_from_at)
