"""Wishes to be erased that the practice decides about, because answers belong to its record.

Owns the list of what is open, what an erasure would destroy, and carrying it out or declining it.
Shows no answer, and acts on nothing but a wish that is still the one that was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Pair, Person
from bot.services.acts import reads, writes
from bot.services.ports import Clock, Ids
from bot.services.retention import leave_no_trace
from bot.store import audit, checkins, erasure, handovers, outbox, pairs, people
from bot.store.database import Database, Transaction

_TELL_WITHIN_MS: Final = 30 * 86_400_000
#: A reader of the running program holds the log for moments only.
_EMPTYING_TRIES: Final = 20
_EMPTYING_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Wish:
    """A client's open wish. destroys: how much of what, by kind."""

    pair: Pair
    therapist_name: str = field(repr=False)
    therapist_telegram_id: int | None = field(repr=False)
    asked_at: int
    destroys: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Farewell:
    """Who was erased and can still be told. gone: the messages of questions that are no more."""

    client: Person | None
    gone: tuple[int, ...]
    is_without_trace: bool = True


@dataclass(frozen=True, slots=True)
class Erasures:
    """The use cases of the practice's decision."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @reads
    async def open_wishes(self, tx: Transaction) -> list[Wish]:
        """List what waits for a decision, the oldest first."""
        found = []
        for pair in await pairs.asked_to_be_erased(tx):
            therapist = await people.load_person(tx, pair.therapist_id)
            destroys = await erasure.weigh(tx, pair.id)
            asked_at = pair.erase_asked_at or 0
            found.append(Wish(pair, therapist.name, therapist.telegram_id, asked_at, destroys))
        return found

    async def carry_out(self, wish: Wish) -> Farewell:
        """Erase a pair for good: its key, its rows, and what the log still holds of them.

        Errors: Refused("settled"), `Unavailable` where the erasures' log cannot be written.
        """
        client, gone = await self._carry_out(wish)
        for _ in range(_EMPTYING_TRIES):
            await leave_no_trace(self.db)
            if not self.db.owes_truncation:
                return Farewell(client, gone)
            await self.clock.sleep(_EMPTYING_SECONDS)
        return Farewell(client, gone, is_without_trace=False)

    @writes
    async def _carry_out(
        self, tx: Transaction, wish: Wish
    ) -> tuple[Person | None, tuple[int, ...]]:
        now = self.clock.now()
        pair = await pairs.load_pair(tx, wish.pair.id)
        if pair.state == "erased" or pair.erase_asked_at != wish.asked_at:
            raise Refused("settled")
        client = await people.load_person(tx, pair.client_id) if pair.client_id else None
        gone = await checkins.messages_of_pair(tx, pair.id)
        gone += await handovers.questions_of_pair(tx, pair.id)
        await self._tell_therapist(tx, pair, "erased", now, pair_id=None)
        await erasure.erase_pair(tx, pair.id, now)
        await audit.note(tx, self.ids.new(), now, None, "erased by the practice", "pair", pair.id)
        return client, tuple(gone)

    @writes
    async def decline(self, tx: Transaction, wish: Wish) -> None:
        """Keep the answers; client and therapist are told. Errors: Refused("settled")."""
        now = self.clock.now()
        pair = await pairs.decline_erasure(tx, wish.pair.id, wish.asked_at)
        if pair is None:
            raise Refused("settled")
        if pair.client_id is not None:
            part = f"erasure_declined:{now}"
            await self._tell(tx, pair, pair.client_id, part, now, pair_id=pair.id)
        part = f"erase_declined:{now}"
        await self._tell_therapist(tx, pair, part, now, pair_id=pair.id)
        await audit.note(tx, self.ids.new(), now, None, "erasure declined", "pair", pair.id)

    async def _tell_therapist(
        self, tx: Transaction, pair: Pair, part: str, now: int, *, pair_id: int | None
    ) -> None:
        if await people.roles_of(tx, pair.therapist_id):  # whoever has left hears nothing more
            await self._tell(tx, pair, pair.therapist_id, part, now, pair_id=pair_id)

    async def _tell(
        self, tx: Transaction, pair: Pair, person_id: int, part: str, now: int, *,
        pair_id: int | None,
    ) -> None:  # fmt: skip
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=pair.id,
            part=part,
            person_id=person_id,
            pair_id=pair_id,
            due_at=now,
            expires_at=now + _TELL_WITHIN_MS,
            now=now,
        )
