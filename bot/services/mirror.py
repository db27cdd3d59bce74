"""The therapist's mirror: guessing, blind, how a client experienced a session.

Off unless the therapist wants it. One message on a day with sessions lists those that may be
guessed about. A guess is taken only while the therapist has not been shown any answer of that
check-in, which the store decides in the same statement. Nothing of it is ever for a client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.instrument import Instrument, Item
from bot.services.acts import reads, writes
from bot.services.ports import Clock, Ids
from bot.store import audit, outbox
from bot.store import mirror as store
from bot.store.database import Database, Transaction
from bot.store.mirror import Guessable

HOUR_MS: Final = 3_600_000
#: Sessions that are listed in one message; a day has no more.
LISTED_AT_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Mirror:
    """What a therapist may guess about now. is_on: whether they want to at all."""

    is_on: bool
    sessions: tuple[Guessable, ...]
    ratings: tuple[Item, ...]

    def missing(self, session: Guessable) -> tuple[Item, ...]:
        """List the items of a session that have been neither rated nor skipped."""
        return tuple(item for item in self.ratings if item.key not in session.guesses)

    def session(self, checkin_id: int) -> Guessable:
        """Give one of the sessions. Errors: Refused("mirror_over")."""
        for session in self.sessions:
            if session.checkin_id == checkin_id:
                return session
        raise Refused("mirror_over")


@dataclass(frozen=True, slots=True)
class Mirrors:
    """The use cases of the mirror. instrument: the one whose items are guessed."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    instrument: Instrument

    async def write_one(self) -> bool:
        """Owe one therapist the message about a day whose sessions are over; was there one?"""
        return await self.db.read(self.any_to_write) and await self._write()

    async def any_to_write(self, tx: Transaction) -> bool:
        """Tell whether `write_one` would find a day."""
        return self.instrument.has_mirror and await self._next_day(tx) is not None

    async def _next_day(self, tx: Transaction) -> tuple[int, str, int] | None:
        now = self.clock.now()
        return await store.find_day_over(tx, self._since(now), now)

    @writes
    async def _write(self, tx: Transaction) -> bool:
        now = self.clock.now()
        found = await self._next_day(tx)
        if found is None:
            return False
        therapist_id, on, ended_at = found
        return await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="mirror",
            subject_id=therapist_id,
            part=on,
            person_id=therapist_id,
            due_at=now,
            expires_at=ended_at + self._lasts_ms,
            now=now,
        )

    @property
    def _lasts_ms(self) -> int:
        return self.settings.checkin.mirror_hours * HOUR_MS

    def _since(self, now: int) -> int:
        return now - self._lasts_ms

    @reads
    async def show(self, tx: Transaction, therapist_id: int) -> Mirror:
        """Give what a therapist may guess about now."""
        return await self._show(tx, therapist_id)

    async def _show(self, tx: Transaction, therapist_id: int) -> Mirror:
        now = self.clock.now()
        since_at = await store.mirror_since(tx, therapist_id)
        found = await store.guessable(tx, therapist_id, self._since(now), now)
        own = (self.instrument.name, self.instrument.version)
        fitting = [one for one in found if (one.instrument, one.instrument_version) == own]
        listed = tuple(fitting[-LISTED_AT_MOST:])
        return Mirror(since_at is not None, listed, self.instrument.ratings)

    @writes
    async def turn(self, tx: Transaction, therapist_id: int, *, on: bool) -> Mirror:
        """Turn the mirror on or off. Errors: Refused("mirror_missing") without its wording."""
        now = self.clock.now()
        if on and not self.instrument.has_mirror:
            raise Refused("mirror_missing")
        await store.set_mirror(tx, therapist_id, now if on else None)
        act = "mirror on" if on else "mirror off"
        await audit.note(tx, self.ids.new(), now, therapist_id, act, "person", therapist_id)
        return await self._show(tx, therapist_id)

    @writes
    async def guess(
        self, tx: Transaction, therapist_id: int, checkin_id: int, item: str, value: int | None
    ) -> Mirror:
        """Keep a guess; None skips the item. Errors: Refused("stale_button" | "mirror_over")."""
        now = self.clock.now()
        found = next((one for one in self.instrument.ratings if one.key == item), None)
        if found is None or not (value is None or found.lowest <= value <= found.highest):
            raise Refused("stale_button")
        since_at = self._since(now)
        if not await store.guess(tx, therapist_id, checkin_id, item, value, since_at, now):
            raise Refused("mirror_over")
        return await self._show(tx, therapist_id)
