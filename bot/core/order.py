"""Which of two Telegram updates was said first.

By webhook, taps and messages come in queues of their own, so what was said later can come first.
"""

from __future__ import annotations

from typing import Final

#: Telegram keeps an update for a day: what stands for longer is older than whatever comes now. Ids
#: begin anew after a quiet week, so an older one proves nothing.
_LIVES_MS: Final = 24 * 3_600_000


def was_said_before(update_id: int | None, other_id: int | None, handled_at: int, now: int) -> bool:
    """Say whether an update that is handled now was said before one that was handled earlier.

    update_id, other_id: None for what no update brought. handled_at: when the other one was, and
    now: UTC milliseconds.
    """
    if update_id is None or other_id is None:
        return False
    return update_id < other_id and now - handled_at < _LIVES_MS
