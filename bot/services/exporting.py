"""A client's copy of everything that is held about the client and one therapist.

Refuses whoever the therapist has not recognised: such a person may be somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.errors import Refused
from bot.services.acts import reads, writes
from bot.services.own import pair_with_history
from bot.services.ports import Clock, Ids
from bot.store import audit, people
from bot.store.database import Database, Transaction
from bot.store.holdings import Facts, holdings_of


@dataclass(frozen=True, slots=True)
class Export:
    """What is held. held: see `bot.store.holdings`; instants in UTC milliseconds."""

    made_at: int
    therapist_name: str
    held: Facts


@dataclass(frozen=True, slots=True)
class Exporting:
    """The use cases of the export."""

    db: Database
    clock: Clock
    ids: Ids

    @writes
    async def export(self, tx: Transaction, client_id: int, pair_id: int) -> Export:
        """Give a client all that is held; this is audited.

        Errors: Refused("not_yours"), Refused("export_too_early").
        """
        found = await self._held(tx, client_id, pair_id)
        await audit.note(tx, self.ids.new(), found.made_at, client_id, "exported", "pair", pair_id)
        return found

    @reads
    async def export_again(self, tx: Transaction, client_id: int, pair_id: int) -> Export:
        """Give the same for a tap that Telegram delivers once more. Errors: as `export`."""
        return await self._held(tx, client_id, pair_id)

    async def _held(self, tx: Transaction, client_id: int, pair_id: int) -> Export:
        pair = await pair_with_history(tx, pair_id, client_id, self.clock.now())
        if pair.confirmed_at is None:
            raise Refused("export_too_early")
        therapist = await people.load_person(tx, pair.therapist_id)
        client = await people.load_person(tx, client_id)
        return Export(self.clock.now(), therapist.name, await holdings_of(tx, pair_id, client))
