"""The end of a pause, in one place: what is asked here is asked before each session is decided
about, and again and again by the sweep.

A pause counts for the sessions before its day, by the client's clock. It never ends while one of
them waits to be decided about: that would be asked about then.
"""

from __future__ import annotations

from typing import Final

from bot.config import Settings
from bot.core.pausing import goes_on_at
from bot.core.people import Pair
from bot.core.timetable import local_on
from bot.store import asking, pairs, people
from bot.store.database import Transaction

#: Nowhere is it a later day.
_FARTHEST_EAST: Final = "Pacific/Kiritimati"


async def is_pause_over(tx: Transaction, pair: Pair, at: int, settings: Settings) -> bool:
    """Say whether a pair is paused, but not for a session that starts at an instant."""
    if pair.state != "paused" or pair.paused_until_on is None or pair.client_id is None:
        return False
    client = await people.load_person(tx, pair.client_id)
    return at >= goes_on_at(pair.paused_until_on, client.timezone or settings.practice.timezone)


async def pauses_over(tx: Transaction, now: int, settings: Settings) -> list[Pair]:
    """List the pairs whose pause is over, also for the oldest session that waits to be decided."""
    found = []
    for pair in await pairs.resuming_by(tx, local_on(now, _FARTHEST_EAST)):
        undecided = await asking.find_undecided_start(tx, pair.id, now)
        if await is_pause_over(tx, pair, now if undecided is None else undecided, settings):
            found.append(pair)
    return found


async def go_on(tx: Transaction, pair: Pair) -> Pair:
    """Let a pair's questions go on."""
    assert pair.client_id is not None  # noqa: S101 - who pauses is somebody
    return await pairs.resume(tx, pair.id, pair.client_id) or pair
