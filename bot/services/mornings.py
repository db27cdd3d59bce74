"""The morning card: once on a day with appointments, what `/today` shows, without being asked.

It is for the day that begins: one that comes late would be wrong, and does not come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.timetable import local_day_bounds, local_on, to_utc
from bot.services.acts import reads, writes
from bot.services.in_force import each_in_force
from bot.services.ports import Clock, Ids
from bot.store import digests, outbox
from bot.store.database import Database, Transaction

#: Later than that, the day has begun without it.
LATE_MS: Final = 2 * 3_600_000


@dataclass(frozen=True, slots=True)
class Card:
    """A card that is due. on: the local date it is about."""

    therapist_id: int
    on: str
    due_at: int

    @property
    def part(self) -> str:
        """Its name in the outbox, which has it once."""
        return f"morning:{self.on}"


@dataclass(frozen=True, slots=True)
class Mornings:
    """The use case of sending morning cards."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    async def any_to_owe(self, tx: Transaction) -> bool:
        """Say whether `owe_one` has one to owe."""
        return await self._due(tx) is not None

    async def owe_one(self) -> bool:
        """Owe the card of one therapist whose hour has come; was there one?"""
        card = await self._next_due()
        return card is not None and await self._owe(card)

    @reads
    async def _next_due(self, tx: Transaction) -> Card | None:
        return await self._due(tx)

    async def _due(self, tx: Transaction) -> Card | None:
        now, force_of = self.clock.now(), await each_in_force(tx, self.settings)
        for weekly in await digests.weekly_hours(tx):
            force = force_of(weekly.therapist_id)
            at_time = force.settings.practice.morning_card
            if at_time == "off":
                continue
            zone = weekly.timezone or self.settings.practice.timezone
            on = local_on(now, zone)
            card = Card(weekly.therapist_id, on, to_utc(on, at_time, zone))
            is_now = card.due_at <= now < card.due_at + LATE_MS
            if is_now and force.away.on(on) is None and await self._is_wanted(tx, card, zone):
                return card
        return None

    async def _is_wanted(self, tx: Transaction, card: Card, zone: str) -> bool:
        """Say whether there is something to show that was not sent yet."""
        if await outbox.was_owed(tx, "notice", card.therapist_id, card.part):
            return False
        bounds = local_day_bounds(card.on, zone)
        return bool(await digests.appointments_between(tx, card.therapist_id, *bounds))

    @writes
    async def _owe(self, tx: Transaction, card: Card) -> bool:
        now = self.clock.now()
        return await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=card.therapist_id,
            part=card.part,
            person_id=card.therapist_id,
            due_at=now,
            expires_at=card.due_at + LATE_MS,
            now=now,
        )
