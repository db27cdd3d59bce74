"""What a digest is made of, read as of its cut-off: steps inside somebody else's transaction.

A page reads whom it shows and nobody else. To count a week, or to know who has anything there, no
history is read. Nothing read is kept: whoever has been erased or has withheld since is gone from
the next page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.digest import Digest, digest_of
from bot.core.entries import PairFacts
from bot.core.instrument import Instrument
from bot.core.sessions import Window
from bot.core.trends import FOLLOWED_SESSIONS
from bot.services.beside import with_beside
from bot.services.goodbyes import with_goodbyes
from bot.store import digest_facts
from bot.store.database import Transaction
from bot.store.digest_rows import EVERYBODY, Among

_DAY_MS: Final = 86_400_000
#: Of whoever left so long before a digest begins, nothing is new in it: all check-ins are closed.
_OVER_MS: Final = 35 * _DAY_MS


@dataclass(frozen=True, slots=True)
class DigestReading:
    """Reads digests. instruments: `{name: {version: …}}`."""

    settings: Settings
    instrument: Instrument
    instruments: Mapping[str, Mapping[int, Instrument]]

    async def facts(
        self, tx: Transaction, therapist_id: int, window: Window, among: Among = EVERYBODY
    ) -> list[PairFacts]:
        """Give all that a digest says about pairs is judged by."""
        weeks = -(-(window.cut_at - window.from_at) // (7 * _DAY_MS))
        texts = self.settings.digest.free_text
        facts = await digest_facts.facts_of(
            tx,
            therapist_id,
            window,
            depth=FOLLOWED_SESSIONS + self.settings.checkin.per_week * (weeks + 1),
            texts=texts,
            among=among,
            over_at=window.from_at - _OVER_MS if among == EVERYBODY else 0,
        )
        facts = await with_goodbyes(
            tx, facts, therapist_id, window, self.instruments, texts=texts, among=among
        )
        return await with_beside(tx, facts, therapist_id, window, self.instrument, among)

    async def judged(
        self, tx: Transaction, therapist_id: int, window: Window, among: Among
    ) -> Digest:
        """Give what a digest says about pairs."""
        facts = await self.facts(tx, therapist_id, window, among)
        return digest_of(facts, window, self.instrument)

    async def counted(
        self, tx: Transaction, therapist_id: int, window: Window, among: Among
    ) -> Digest:
        """Give a digest of which only the counts hold, and who has something in it at all."""
        facts = await digest_facts.news_of(tx, therapist_id, window, among)
        facts = await with_goodbyes(
            tx, facts, therapist_id, window, self.instruments, texts=False, among=among
        )
        return digest_of(facts, window, self.instrument)
