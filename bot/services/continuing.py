"""What a client says to going on with a colleague of the therapist who leaves, once.

A yes makes a pair of its own with the colleague, in which the client is asked to agree as everybody
is. What was before stays where it is; the colleague may look at it where the client has said so,
and only while they work together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from bot.core.errors import Refused
from bot.core.people import Pair, suggest_code
from bot.services.acts import reads, writes
from bot.services.ports import Clock, Ids
from bot.services.relink_links import OBJECTS_MS
from bot.store import audit, handovers, losses, outbox, pairs, people
from bot.store.database import Database, Transaction
from bot.store.losses import Loss

_TELL_WITHIN_MS: Final = 7 * 86_400_000
Said = Literal["share", "fresh", "no"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a client is asked about a pair. until_at: so long it can be answered.

    has_left: who leaves has no access any more. lost: hours that this tells of, in which they may
    have been asked and have answered; keeps_lost: a text may have become theirs alone by that.
    """

    pair: Pair
    from_name: str = field(repr=False)
    to_name: str = field(repr=False)
    until_at: int
    has_left: bool
    lost: Loss | None
    keeps_lost: bool


@dataclass(frozen=True, slots=True)
class Continuing:
    """The use cases of going on."""

    db: Database
    clock: Clock
    ids: Ids

    @reads
    async def question(self, tx: Transaction, client_id: int, pair_id: int) -> Question | None:
        """Give what a client is asked about a pair; None where that is answered or over."""
        asked = await handovers.find_asked(tx, pair_id, client_id)
        if asked is None or asked.answer is not None or asked.until_at <= self.clock.now():
            return None
        pair = await pairs.load_pair(tx, pair_id)
        found = await handovers.load_handover(tx, asked.handover_id)
        if not await _takes_clients(tx, found.to_id):
            return None
        leaving = await people.load_person(tx, found.from_id)
        colleague = await people.load_person(tx, found.to_id)
        lost = await losses.find_untold(tx, pair_id)
        return Question(
            pair,
            leaving.name,
            colleague.name,
            asked.until_at,
            has_left=found.left_at is not None,
            lost=lost,
            keeps_lost=lost is not None
            and await losses.keeps_text(tx, pair_id, lost, self.clock.now()),
        )

    @writes
    async def answer(self, tx: Transaction, client_id: int, pair_id: int, said: Said) -> Pair:
        """Keep what a client says; give the new pair, or after a no the former one.

        Errors: Refused("not_yours" | "agree_first" | "handover_over" | "handover_twice").
        """
        now = self.clock.now()
        pair = await pairs.find_pair_of_client(tx, pair_id, client_id)
        if pair is None:
            raise Refused("not_yours")
        if pair.relinked_at is not None:
            raise Refused("agree_first")
        asked = await handovers.find_asked(tx, pair_id, client_id)
        if asked is None or asked.answer is not None:
            raise Refused("handover_over")
        colleague_id = (await handovers.load_handover(tx, asked.handover_id)).to_id
        goes_on = None if said == "no" else await self._new_pair(tx, pair, colleague_id, client_id)
        new_id = goes_on.id if goes_on else None
        if not await handovers.answer(tx, pair_id, client_id, said, new_id, now):
            raise Refused("handover_over")
        await outbox.drop_queued(tx, now, "answered", kind="notice", subject_id=asked.id)
        await self._note(tx, client_id, "asked to go on: " + said, pair_id)
        if goes_on is None:
            return pair
        await self._tell_colleague(tx, asked.id, goes_on, said)
        return goes_on

    async def _new_pair(
        self, tx: Transaction, pair: Pair, colleague_id: int, client_id: int
    ) -> Pair:
        """Make the pair with the colleague, under the same code where it was never used there."""
        now, new_id = self.clock.now(), self.ids.new()
        if not await _takes_clients(tx, colleague_id):
            raise Refused("handover_over")
        theirs = await pairs.pairs_of_client(tx, client_id)
        if any(one.therapist_id == colleague_id and not one.is_over for one in theirs):
            raise Refused("handover_twice")
        taken = await pairs.codes_of(tx, colleague_id)
        code = pair.code if pair.code not in taken else suggest_code(taken, self.ids.new())
        await pairs.add_pair(tx, new_id, colleague_id, code, now)
        await pairs.join_pair(tx, new_id, client_id, now)
        # Who it is was confirmed by who leaves, and is known to the practice.
        confirmed = await pairs.confirm_pair(tx, new_id, colleague_id, client_id, now)
        assert confirmed is not None  # noqa: S101 - it was made a moment ago
        await self._note(tx, client_id, "client joined by a handover", new_id)
        return confirmed

    async def _tell_colleague(self, tx: Transaction, asked_id: int, pair: Pair, said: Said) -> None:
        now = self.clock.now()
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=asked_id,
            part=f"handover_came:{said}",
            person_id=pair.therapist_id,
            pair_id=pair.id,
            due_at=now,
            expires_at=now + _TELL_WITHIN_MS,
            now=now,
        )

    @reads
    async def answered(self, tx: Transaction, client_id: int, pair_id: int) -> Pair:
        """Give what came of the question: the new pair, or the former one.

        Errors: Refused("not_yours" | "handover_over").
        """
        asked = await handovers.find_asked(tx, pair_id, client_id)
        if asked is None:
            raise Refused("not_yours")
        if asked.answer is None or asked.answer == "lapsed":
            raise Refused("handover_over")
        return await pairs.load_pair(tx, asked.new_pair_id or pair_id)

    @reads
    async def has_earlier(self, tx: Transaction, therapist_id: int, pair_id: int) -> bool:
        """Say whether a therapist may look at what was before a pair."""
        now = self.clock.now()
        found = await handovers.find_earlier(tx, pair_id, therapist_id, now, OBJECTS_MS)
        return found is not None

    async def _note(self, tx: Transaction, actor_id: int, act: str, pair_id: int) -> None:
        await audit.note(tx, self.ids.new(), self.clock.now(), actor_id, act, "pair", pair_id)


async def _takes_clients(tx: Transaction, therapist_id: int) -> bool:
    """Say whether somebody can go on with a therapist: one who is here, and does not leave."""
    is_here = "therapist" in await people.roles_of(tx, therapist_id)
    return is_here and await handovers.find_open(tx, therapist_id) is None
