"""Open check-ins before a new account: each is put there once, where it stood."""

from __future__ import annotations

from typing import Final

from bot.config import Settings
from bot.core.people import Pair
from bot.services.in_force import settings_in_force
from bot.services.ports import Ids
from bot.store import asking, checkins, outbox
from bot.store.database import Transaction

HOUR_MS: Final = 3_600_000
#: Sessions that ended so long ago are not asked about any more.
_DECIDED_ANEW_MS: Final = 48 * HOUR_MS
#: Why a session is not asked about while a new account has not agreed.
NEW_ACCOUNT: Final = "new_account"


async def ask_again(tx: Transaction, pair: Pair, ids: Ids, settings: Settings, now: int) -> None:
    """Owe a pair's client the check-ins that stood open in the chat of before.

    One whose turn had not come yet goes out as planned. The reminder, where it is not spent, comes
    no sooner than after what was put here. Sessions since then are decided about once more.
    """
    assert pair.client_id is not None  # noqa: S101 - it has just moved to somebody
    await asking.decide_anew(tx, pair.id, NEW_ACCOUNT, now - _DECIDED_ANEW_MS)
    after_hours = (await settings_in_force(tx, settings)).checkin.reminder_after_hours
    for checkin_id, closes_at in await checkins.open_of_pair(tx, pair.id, now):
        if not await outbox.move_queued(tx, "prompt", checkin_id, now):
            await outbox.queue(
                tx,
                id=ids.new(),
                kind="prompt",
                subject_id=checkin_id,
                part=f"again:{now}",
                person_id=pair.client_id,
                pair_id=pair.id,
                due_at=now,
                expires_at=closes_at,
                now=now,
            )
        await outbox.hold_back(tx, "reminder", checkin_id, now + after_hours * HOUR_MS)
