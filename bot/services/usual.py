"""A client's usual, begun anew by the therapist with a session: after a break, with another focus.

Earlier check-ins stay as they are; what changes is what later ones are compared with. It can be
taken back at any time. Refuses to begin with a session that nobody answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.errors import Refused
from bot.services.acts import reads, writes
from bot.services.digests import own_digest, placed_in
from bot.services.ports import Clock, Ids
from bot.store import audit, usual
from bot.store.database import Database, Transaction
from bot.store.usual import Beginning

#: So many of the newest sessions are offered.
OFFERED: Final = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be begun and taken back. begun: newest first. offered: newest first, not begun yet.

    digest_id: where the details were opened from, 0 for nowhere.
    """

    pair_id: int
    code: str
    digest_id: int
    begun: tuple[Beginning, ...]
    offered: tuple[Beginning, ...]


@dataclass(frozen=True, slots=True)
class Usual:
    """The use cases of beginning anew."""

    db: Database
    clock: Clock
    ids: Ids

    @reads
    async def choice(
        self, tx: Transaction, therapist_id: int, digest_id: int, pair_id: int
    ) -> Choice:
        """Say with which sessions the usual can begin anew. Errors: Refused("not_yours")."""
        await _opened_from(tx, therapist_id, digest_id, pair_id)
        code = await usual.find_code(tx, therapist_id, pair_id)
        if code is None:
            raise Refused("not_yours")
        newest = await usual.newest_beginnings(tx, therapist_id, pair_id, OFFERED)
        return Choice(
            pair_id=pair_id,
            code=code,
            digest_id=digest_id,
            begun=await usual.begun(tx, therapist_id, pair_id),
            offered=tuple(one for one in newest if not one.is_begun),
        )

    @writes
    async def begin(
        self, tx: Transaction, therapist_id: int, digest_id: int, pair_id: int, checkin_id: int
    ) -> None:
        """Begin anew with a session; this is audited.

        Errors: Refused("not_yours"), also where it was begun or is not answered.
        """
        await _opened_from(tx, therapist_id, digest_id, pair_id)
        now = self.clock.now()
        changed = await usual.begin_anew(tx, therapist_id, checkin_id, now)
        await self._note(tx, therapist_id, pair_id, changed, checkin_id, "usual begun anew")

    @writes
    async def take_back(
        self, tx: Transaction, therapist_id: int, digest_id: int, pair_id: int, checkin_id: int
    ) -> None:
        """Compare with what was before again; this is audited. Errors: as `begin`."""
        await _opened_from(tx, therapist_id, digest_id, pair_id)
        changed = await usual.take_back(tx, therapist_id, checkin_id)
        await self._note(tx, therapist_id, pair_id, changed, checkin_id, "usual begun anew undone")

    async def _note(
        self,
        tx: Transaction,
        therapist_id: int,
        pair_id: int,
        changed: int | None,
        checkin_id: int,
        act: str,
    ) -> None:
        if changed != pair_id:
            raise Refused("not_yours")  # and nothing of it stays
        now = self.clock.now()
        await audit.note(tx, self.ids.new(), now, therapist_id, act, "checkin", checkin_id)


async def _opened_from(tx: Transaction, therapist_id: int, digest_id: int, pair_id: int) -> None:
    if digest_id:
        await own_digest(tx, digest_id, therapist_id)
        await placed_in(tx, digest_id, pair_id)
