"""The therapist's word about who joined: asking for it, in time, and what it settles.

A button names the person it asks about. A word about somebody who is not in the pair any more
changes nothing, however late it comes; what asked for it is told, so that no name stays beside a
code once the question is settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Pair
from bot.core.timetable import day_after, local_on, to_utc
from bot.services.acts import reads, writes
from bot.services.inviting import Invite, make_invite
from bot.services.ports import Clock, Ids
from bot.store import audit, outbox, pairs, waiting, watch
from bot.store.database import Database, Transaction

DAY_MS: Final = 86_400_000
#: When, on the day before the first session, the therapist is asked once more.
_EVENING: Final = "19:00"
_EVE: Final = "confirm_eve"


@dataclass(frozen=True, slots=True)
class Word:
    """How a joining stands. asked: the messages that name the person. invite: the new link."""

    pair: Pair
    asked: tuple[int, ...]
    invite: Invite | None = None


@dataclass(frozen=True, slots=True)
class Confirming:
    """The use cases of confirming who joined."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def confirm(
        self, tx: Transaction, therapist_id: int, pair_id: int, client_id: int
    ) -> Word:
        """Confirm that the person who joined is the client; once more changes nothing.

        Errors: Refused("not_yours"), Refused("joining_over") when that person is not there.
        """
        now = self.clock.now()
        asked = await waiting.messages_that_asked(tx, pair_id, therapist_id, client_id)
        pair = await pairs.confirm_pair(tx, pair_id, therapist_id, client_id, now)
        if pair is None:
            return Word(await _confirmed_before(tx, therapist_id, pair_id, client_id), asked)
        await self._note(tx, therapist_id, "client confirmed", pair_id, now)
        if pair.state in ("joined", "active"):
            await self._tell_client(tx, client_id, pair_id, now)
        return Word(pair, asked)

    async def _tell_client(self, tx: Transaction, client_id: int, pair_id: int, now: int) -> None:
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=pair_id,
            part="confirmed",
            person_id=client_id,
            pair_id=pair_id,
            due_at=now,
            expires_at=now + 7 * DAY_MS,
            now=now,
        )

    @writes
    async def turn_away(
        self, tx: Transaction, therapist_id: int, pair_id: int, client_id: int
    ) -> Word:
        """Undo a joining by the wrong person and make a new link.

        Errors: Refused("not_yours"), Refused("confirmed_before"), Refused("joining_over").
        """
        now = self.clock.now()
        asked = await waiting.messages_that_asked(tx, pair_id, therapist_id, client_id)
        pair = await pairs.turn_away(tx, pair_id, therapist_id, client_id)
        if pair is None:
            pair = await _confirmed_before(tx, therapist_id, pair_id, client_id)
            raise Refused("confirmed_before", code=pair.code)
        await watch.forget_choices(tx, pair_id)
        await self._note(tx, therapist_id, "client turned away", pair_id, now)
        await outbox.drop_queued_of_pair(tx, now, "settled", pair_id)
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=client_id,
            part=f"turned_away:{now}",
            person_id=client_id,
            due_at=now,
            expires_at=now + DAY_MS,
            now=now,
        )
        invite = await make_invite(tx, self.ids, "client", pair, therapist_id, now)
        return Word(pair, asked, invite)

    @reads
    async def word(self, tx: Transaction, therapist_id: int, pair_id: int, client_id: int) -> Word:
        """Say how a joining stands now. Errors: Refused("not_yours")."""
        pair = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
        if pair is None:
            raise Refused("not_yours")
        return Word(pair, await waiting.messages_that_asked(tx, pair_id, therapist_id, client_id))

    async def ask_on_the_eve(self) -> bool:
        """Owe a question for the evening before a first session; was there one to owe or to move?

        An appointment may be added or moved after the joining, so this is asked again and again.
        """
        unsure = await self.db.read(self._next_owed)
        if unsure is None:
            return False
        await self._owe(unsure)
        return True

    async def any_to_ask(self, tx: Transaction) -> bool:
        """Tell whether `ask_on_the_eve` would find a question to owe or to move."""
        return await self._next_owed(tx) is not None

    async def _next_owed(self, tx: Transaction) -> waiting.Unsure | None:
        unsure = await waiting.unsure_pairs(tx, _EVE, self.clock.now())
        return next((one for one in unsure if self._is_owed(one)), None)

    def _is_owed(self, unsure: waiting.Unsure) -> bool:
        evening_at = eve_of(unsure.first_starts_at, unsure.timezone, self.settings)
        if unsure.asks_at is not None:
            # It was set to a later evening: the first session comes sooner now. A session that
            # comes later is noticed when the question is about to go out.
            return unsure.asks_at > max(evening_at, self.clock.now())
        # Who joins after that hour is asked about at once; the same question twice helps nobody.
        return not unsure.was_asked and evening_at > unsure.joined_at

    @writes
    async def _owe(self, tx: Transaction, unsure: waiting.Unsure) -> None:
        now = self.clock.now()
        at = max(eve_of(unsure.first_starts_at, unsure.timezone, self.settings), now)
        if not await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=unsure.invitation_id,
            part=_EVE,
            person_id=unsure.therapist_id,
            pair_id=unsure.pair_id,
            due_at=at,
            expires_at=at + 90 * DAY_MS,
            now=now,
        ):
            await waiting.bring_forward(tx, unsure.invitation_id, _EVE, at)

    async def _note(self, tx: Transaction, actor_id: int, act: str, pair_id: int, now: int) -> None:
        await audit.note(tx, self.ids.new(), now, actor_id, act, "pair", pair_id)


def eve_of(starts_at: int, timezone: str | None, settings: Settings) -> int:
    """Give the evening before a session, by its therapist's clock, in UTC milliseconds."""
    zone = timezone or settings.practice.timezone
    return to_utc(day_after(local_on(starts_at, zone), -1), _EVENING, zone)


async def _confirmed_before(
    tx: Transaction, therapist_id: int, pair_id: int, client_id: int
) -> Pair:
    """Give the pair in which this person was confirmed before. Errors: Refused."""
    pair = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
    if pair is None:
        raise Refused("not_yours")
    if pair.client_id != client_id or pair.confirmed_at is None:
        raise Refused("joining_over", code=pair.code)
    return pair
