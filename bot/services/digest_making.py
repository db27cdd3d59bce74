"""Making weekly digests: once, when a therapist's weekly hour has come, with all since the last.

A digest holds everything since the last cut-off however long that was; its pages are rows of the
outbox and are put together again at delivery, as of the cut-off. Making one is three acts, so that
nobody who writes waits for a year of answers to be read: one that lets all writes from before the
cut-off be through, one that reads, one that places what was read. Only the last changes anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.config import Settings
from bot.core.digest import Placed, digest_of, pages_of
from bot.core.eve import UNITS, carried_of
from bot.core.sessions import Window
from bot.services.acts import reads, writes
from bot.services.digest_reading import DigestReading
from bot.services.failing import Failing
from bot.services.in_force import InForce, each_in_force, in_force
from bot.services.ports import Clock, Ids
from bot.services.unopened import owe_reminders
from bot.store import digests as store
from bot.store import mirror, outbox
from bot.store.database import Database, Transaction

log = structlog.get_logger(__name__)

_DELIVER_WITHIN_MS: Final = 7 * 86_400_000
#: The last digest of who leaves covers what came until so long after all pairs have ended.
LAST_AFTER_MS: Final = 60_000


def _failing() -> Failing:
    return Failing("digest cannot be made", "therapist")


@dataclass(frozen=True, slots=True)
class DigestMaking:
    """The use case of making digests. failing: of whom none can be made until a restart."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    reading: DigestReading
    failing: Failing = field(default_factory=_failing)

    async def make_one(self) -> bool:
        """Make the digest of one therapist whose weekly hour has come; was there one?"""
        therapist_id = await self.db.read(self._next_due)
        if therapist_id is None:
            return False
        await self.failing.attempt(therapist_id, self._make_of)
        return True

    async def any_to_make(self, tx: Transaction) -> bool:
        """Tell whether `make_one` would find a therapist."""
        return await self._next_due(tx) is not None

    async def _next_due(self, tx: Transaction) -> int | None:
        now, force_of = self.clock.now(), await each_in_force(tx, self.settings)
        for weekly in await store.weekly_hours(tx):
            at = self._due(weekly, force_of(weekly.therapist_id), now)
            if at is not None and weekly.therapist_id not in self.failing:
                return weekly.therapist_id
        return None

    async def _make_of(self, therapist_id: int) -> None:
        """Make a digest. Ended anywhere on the way, it is made again from the start."""
        window = await self._cut(therapist_id)
        if window is not None:
            places, made = await self._look(therapist_id, window)
            await self._place(therapist_id, window, places, made=made)

    @writes
    async def _cut(self, tx: Transaction, therapist_id: int) -> Window | None:
        """Give what a digest is to cover; None when it is not due any more.

        This takes the writer's turn though it changes nothing. Acts write one after the other and
        each takes its time within its turn: when this is through, whatever bears a time before the
        cut-off can be read, and whatever is still to come bears a later one.
        """
        for weekly in await store.weekly_hours(tx, therapist_id):
            force = await in_force(tx, self.settings, therapist_id)
            if (hour := self._due(weekly, force, self.clock.now())) is not None:
                return Window(weekly.cut_at, hour, self._zone(weekly.timezone))
        return None

    @reads
    async def _look(
        self, tx: Transaction, therapist_id: int, window: Window
    ) -> tuple[tuple[Placed, ...], bool]:
        """Give everybody's place in a digest, and whether there is one to be made at all."""
        facts = await self.reading.facts(tx, therapist_id, window)
        force = await in_force(tx, self.settings, therapist_id)
        leaves = force.leaving(window.cut_at, window.zone) is not None
        instrument = self.reading.instrument
        is_carried = leaves and bool(carried_of(facts, window, instrument))
        places = pages_of(digest_of(facts, window, instrument), UNITS if is_carried else 0)
        return places, bool(places) or any(pair.state in ("active", "paused") for pair in facts)

    def _due(self, weekly: store.Weekly, force: InForce, now: int) -> int | None:
        if weekly.leaving_at is not None:
            last_at = weekly.leaving_at + LAST_AFTER_MS
            return last_at if weekly.cut_at < last_at <= now else None
        return force.due_digest_at(now, self._zone(weekly.timezone), weekly.cut_at)

    def _zone(self, own: str | None) -> str:
        return own or self.settings.practice.timezone

    @writes
    async def _place(
        self,
        tx: Transaction,
        therapist_id: int,
        window: Window,
        places: tuple[Placed, ...],
        *,
        made: bool,
    ) -> None:
        """Move the cut-off, once, and with it record a digest and owe its pages.

        Whoever has been erased since the places were read has none.
        """
        now, cut_at = self.clock.now(), window.cut_at
        force = await in_force(tx, self.settings, therapist_id)
        leaving = force.leaving(cut_at, window.zone)
        number = await store.advance(tx, therapist_id, window.from_at, cut_at, made=made)
        if number is None or not made:
            return
        digest_id = self.ids.new()
        await store.add_digest(
            tx,
            id=digest_id,
            therapist_id=therapist_id,
            number=number,
            from_at=window.from_at,
            cut_at=cut_at,
            now=now,
            places=places,
            away_until_on=None if leaving is None else leaving.last_on,
        )
        placed = await store.places_of(tx, digest_id)
        # What came in the cut-off's own millisecond is not in this digest.
        await mirror.note_seen(tx, therapist_id, [one.pair_id for one in placed], cut_at - 1)
        pages = {1, *(one.page for one in placed)}
        await self._owe(tx, therapist_id, digest_id, sorted(pages), now)
        if leaving is None:
            # Whoever leaves tomorrow is reminded of this one, too, by the first one afterwards.
            await owe_reminders(tx, therapist_id, ids=self.ids, settings=self.settings, now=now)

    async def _owe(
        self, tx: Transaction, therapist_id: int, digest_id: int, pages: Sequence[int], now: int
    ) -> None:
        for page in pages:
            await outbox.queue(
                tx,
                id=self.ids.new(),
                kind="digest",
                subject_id=digest_id,
                part=str(page),
                person_id=therapist_id,
                due_at=now,
                expires_at=now + _DELIVER_WITHIN_MS,
                now=now,
            )
