"""Whether there is a good backup: the admins are told when there was none for two days, and when
there is one again; each once. Makes none, and knows of none but by its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.health import BACKUP_SECONDS
from bot.services.acts import reads, writes
from bot.services.admins import tell_admins
from bot.services.ports import Clock, Ids
from bot.store import outbox
from bot.store.database import Database, Transaction
from bot.store.migrate import founded_at
from bot.store.practice import advance_clock

_OLD_MS: Final = int(BACKUP_SECONDS * 1000)


@dataclass(frozen=True, slots=True)
class Backups:
    """The use cases of backups that the running program makes."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def note_time(self, tx: Transaction) -> None:
        """Note the time, so that a backup that follows knows to the second what it holds."""
        await advance_clock(tx, self.clock.now())

    async def tell(self, made_at: int | None, now: int) -> None:
        """Tell the admins what they do not know yet. made_at: of the newest good backup.

        now, made_at: by the machine's clock, UTC milliseconds.
        """
        notice = await self._news(made_at, now)
        if notice is not None:
            await self._tell(*notice)

    @reads
    async def _news(self, tx: Transaction, made_at: int | None, now: int) -> tuple[str, int] | None:
        since = made_at if made_at is not None else await founded_at(tx)
        # What admins are told, the first of them is told.
        told = await outbox.newest_subject(tx, "no_backup:0")
        if now - since > _OLD_MS:
            return None if told == since else ("no_backup", since)
        if told is None or await outbox.newest_subject(tx, "backup_again:0") == told:
            return None
        return "backup_again", told

    @writes
    async def _tell(self, tx: Transaction, notice: str, subject_id: int) -> None:
        """Owe it; a trouble is known by when the backup before it was made."""
        await tell_admins(
            tx, notice, subject_id=subject_id, pair_id=None,
            ids=self.ids, settings=self.settings, now=self.clock.now(),
        )  # fmt: skip
