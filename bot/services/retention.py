"""What time asks for: pauses that end, and everything that is not kept longer than its retention.

What was deleted is gone from the files too; where another process still reads the write-ahead
log, emptying it is owed and tried again at each sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.config import Settings
from bot.services.acts import writes
from bot.services.pauses import go_on, pauses_over
from bot.services.ports import Clock, Ids
from bot.store import audit, erasure, relinks, updates
from bot.store.database import Database, Transaction
from bot.store.invitations import forget_guesses

log = structlog.get_logger(__name__)

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
#: So long after it expired, a link for a new account is still answered with what became of it.
_LINKS_KEPT_MS: Final = 2 * DAY_MS
#: Whom no therapist has confirmed for so long is nobody's client; there are no answers of theirs.
_UNCONFIRMED_DAYS: Final = 365
#: Who was turned away is told so within a day.
_NOBODYS_KEPT_MS: Final = 2 * DAY_MS


async def leave_no_trace(db: Database) -> None:
    """Let deleted text and the keys of the erased be gone from the files and from memory."""
    db.vault.forget()
    if not await db.truncate_log():
        log.warning("the write-ahead log still holds deleted text: another process reads it")


@dataclass(frozen=True, slots=True)
class _Due:
    """What there is to do. expired: a pair whose retention is over. waking: pauses are.

    links: those for new accounts are over for so long that they go.
    """

    expired: int | None
    waking: bool
    old: bool
    links: bool

    @property
    def is_any(self) -> bool:
        """Tell whether there is anything."""
        return self.expired is not None or self.waking or self.old or self.links


@dataclass(frozen=True, slots=True)
class Retention:
    """The use cases of the sweep."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    async def sweep_one(self) -> bool:
        """Do one piece of what time asks for; was there any?"""
        if self.db.owes_truncation:
            await leave_no_trace(self.db)
        due = await self.db.read(self._due)
        if not due.is_any:
            return False
        await self._sweep(due)
        if due.expired is not None:
            # Apart from the rest, which must not wait where the erasures' log cannot be written.
            await self._erase_expired()
            await leave_no_trace(self.db)
        return True

    async def any_to_sweep(self, tx: Transaction) -> bool:
        """Tell whether `sweep_one` would find something to do."""
        return self.db.owes_truncation or (await self._due(tx)).is_any

    async def _due(self, tx: Transaction) -> _Due:
        now = self.clock.now()
        return _Due(
            await erasure.find_expired_pair(tx, *self._over_before(now)),
            bool(await pauses_over(tx, now, self.settings)),
            await updates.any_to_forget(tx, self._seen_before(now), self._set_aside_before(now)),
            await relinks.any_over(tx, now - _LINKS_KEPT_MS),
        )

    @writes
    async def _sweep(self, tx: Transaction, due: _Due) -> None:
        now = self.clock.now()
        if due.waking:
            for pair in await pauses_over(tx, now, self.settings):
                await go_on(tx, pair)
        if due.old:
            await updates.forget_updates(tx, self._seen_before(now), self._set_aside_before(now))
            await forget_guesses(tx, now - DAY_MS)
            admins = self.settings.practice.admins
            await erasure.forget_nobodys(tx, admins, now - _NOBODYS_KEPT_MS)
            await audit.forget(tx, now - self.settings.privacy.audit_days * DAY_MS)
        if due.links:
            for former_id in await relinks.forget_over(tx, now - _LINKS_KEPT_MS):
                await erasure.forget_former(tx, former_id)

    @writes
    async def _erase_expired(self, tx: Transaction) -> None:
        """Erase a pair whose retention is over, looked up anew: it may have begun again."""
        now = self.clock.now()
        pair_id = await erasure.find_expired_pair(tx, *self._over_before(now))
        if pair_id is None:
            return
        await erasure.erase_pair(tx, pair_id, now)
        await audit.note(tx, self.ids.new(), now, None, "retention over", "pair", pair_id)

    def _over_before(self, now: int) -> tuple[int, int]:
        """Give before when a pair was over, and before when somebody joined, whose time is over."""
        days = self.settings.privacy.retention_days
        return now - days * DAY_MS, now - min(days, _UNCONFIRMED_DAYS) * DAY_MS

    def _seen_before(self, now: int) -> int:
        return now - self.settings.privacy.seen_update_hours * HOUR_MS

    def _set_aside_before(self, now: int) -> int:
        return now - self.settings.privacy.set_aside_days * DAY_MS
