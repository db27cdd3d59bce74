"""What a digest is made of, read as of its cut-off: steps inside somebody else's transaction.

A page reads whom it shows and nobody else. To count a week, or to know who has anything there, no
history is read. Nothing read is kept: whoever has been erased or has withheld since is gone from
the next page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from bot.config import Settings
from bot.core.digest import Digest, digest_of
from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts
from bot.core.sessions import Window
from bot.core.trends import FOLLOWED_SESSIONS, holds_baseline
from bot.services.beside import with_beside
from bot.services.goodbyes import with_goodbyes
from bot.services.in_force import most_per_week
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
        texts = self.settings.digest.free_text
        over_at = window.from_at - _OVER_MS if among == EVERYBODY else 0
        facts = await self._followed(tx, therapist_id, window, among, over_at)
        facts = await with_goodbyes(
            tx, facts, therapist_id, window, self.instruments, texts=texts, among=among
        )
        return await with_beside(tx, facts, therapist_id, window, self.instrument, among, over_at)

    async def _followed(
        self, tx: Transaction, therapist_id: int, window: Window, among: Among, over_at: int
    ) -> list[PairFacts]:
        """Give what is followed of pairs. First as many check-ins as a baseline has scores; of whom
        these were too few, because some had none, twice as many."""
        weeks = -(-(window.cut_at - window.from_at) // (7 * _DAY_MS))
        per_week = await most_per_week(tx, self.settings)
        read = partial(
            digest_facts.facts_of,
            tx,
            therapist_id,
            window,
            depth=FOLLOWED_SESSIONS + per_week * (weeks + 1),
            texts=self.settings.digest.free_text,
        )
        whole = self.instrument.house.baseline_over
        facts = await read(first=whole, among=among, over_at=over_at)
        return [
            pair
            if holds_baseline(pair.asked, self.instrument)
            else (await read(first=2 * whole, among=Among(pair.pair_id)))[0]
            for pair in facts
        ]

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
