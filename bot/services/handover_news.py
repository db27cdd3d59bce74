"""What came of a handover: whoever takes over, and the admins, learn it when all have answered.

A client who said no, or nothing, is not the colleague's: the colleague learns how many these are,
and of those who go on the codes. The admins learn the codes, which somebody has to look after, and
never whether earlier answers are shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.services.acts import reads, writes
from bot.services.admins import tell_admins
from bot.services.ports import Clock, Ids
from bot.store import handovers, outbox, people
from bot.store.database import Database, Transaction
from bot.store.handovers import Handover, Said

#: The notice for whoever takes over, and the one for admins.
OUTCOME: Final = "handover_outcome"
OUTCOME_ADMIN: Final = "handover_outcome_admin"
_TELL_WITHIN_MS: Final = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the clients of a handover have said, each by the code with who leaves.

    goes_on: those codes, and the ones with the colleague. unreached: whom the question never
    reached, so that silence says nothing. open: who can answer still, until_at: so long.
    shows: the pairs of whom it tells. many: how many were asked.
    """

    from_name: str
    to_name: str
    goes_on: tuple[tuple[str, str], ...]
    said_no: tuple[str, ...]
    silent: tuple[str, ...]
    unreached: tuple[str, ...]
    open: tuple[str, ...]
    until_at: int
    shows: tuple[int, ...]

    @property
    def many(self) -> int:
        """How many were asked."""
        return len(self.shows)


@dataclass(frozen=True, slots=True)
class HandoverNews:
    """The use cases of telling what came of a handover."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    async def any_to_tell(self, tx: Transaction) -> bool:
        """Tell whether `tell_one` would find a handover."""
        return await handovers.find_untold(tx) is not None

    async def tell_one(self) -> bool:
        """Owe the news of one handover that is complete; was there one?"""
        return await self._tell() if await self.db.read(self.any_to_tell) else False

    @writes
    async def _tell(self, tx: Transaction) -> bool:
        now = self.clock.now()
        found = await handovers.find_untold(tx)
        if found is None:
            return False
        await handovers.note_told(tx, found.id, now)
        if await handovers.said_of(tx, found.id):
            await outbox.queue(
                tx, id=self.ids.new(), kind="notice", subject_id=found.id, part=OUTCOME,
                person_id=found.to_id, due_at=now, expires_at=now + _TELL_WITHIN_MS, now=now,
            )  # fmt: skip
            await owe_admins(tx, found, "all", ids=self.ids, settings=self.settings, now=now)
        return True

    @reads
    async def outcome(self, tx: Transaction, handover_id: int) -> Outcome | None:
        """Give what came of a handover so far; None where all who were asked are erased."""
        said = await handovers.said_of(tx, handover_id)
        if not said:
            return None
        found = await handovers.load_handover(tx, handover_id)
        leaving = await people.load_person(tx, found.from_id)
        colleague = await people.load_person(tx, found.to_id)
        return _outcome(leaving.name, colleague.name, said)


async def owe_admins(
    tx: Transaction, handover: Handover, when: str, *, ids: Ids, settings: Settings, now: int
) -> None:
    """Owe the admins what came of a handover; when: "all", or "left" as long as some are asked."""
    await tell_admins(
        tx, f"{OUTCOME_ADMIN}:{when}", subject_id=handover.id, pair_id=None, ids=ids,
        settings=settings, now=now,
    )  # fmt: skip


def _outcome(from_name: str, to_name: str, said: Sequence[Said]) -> Outcome:
    lapsed = [one for one in said if one.answer == "lapsed"]
    still = [one for one in said if one.answer is None]
    return Outcome(
        from_name,
        to_name,
        goes_on=tuple((one.code, one.new_code) for one in said if one.new_code is not None),
        said_no=tuple(one.code for one in said if one.answer == "no"),
        silent=tuple(one.code for one in lapsed if one.came),
        unreached=tuple(one.code for one in lapsed if not one.came),
        open=tuple(one.code for one in still),
        until_at=max((one.until_at for one in still), default=0),
        shows=tuple(one.pair_id for one in said),
    )
