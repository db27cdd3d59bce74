"""Closing: check-ins whose time is over end, and their messages show it.

The row says what is still to do: an open check-in past its time, a closed one whose message still
has its buttons. So a crash between the two is made good at the next sweep.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.config import Settings
from bot.services.acts import writes
from bot.services.away_keeping import absence_of
from bot.services.failing import Failing
from bot.services.ports import Clock, Ids
from bot.services.quiet import outside_quiet
from bot.services.talks import Talk, Talks
from bot.store import answers as answer_store
from bot.store import asking, checkin_ends, losses, outbox, people
from bot.store import checkins as store
from bot.store.checkins import CheckIn
from bot.store.database import Database, Transaction, Unavailable

log = structlog.get_logger(__name__)

#: After so many check-ins in a row without an answer a client is asked how to go on.
SILENCES: Final = 3
_MINUTE_MS: Final = 60_000
_ASKED_WITHIN_MS: Final = 3 * 86_400_000


def _failing() -> Failing:
    return Failing("check-in cannot be closed", "checkin")


@dataclass(frozen=True, slots=True)
class Closing:
    """The use cases of the sweep that are about check-ins.

    failing: check-ins that cannot be read; a restart tries them again.
    """

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    talks: Talks
    failing: Failing = field(default_factory=_failing)

    async def close_one(self) -> bool:
        """Close one check-in whose time is over; was there one?"""
        if await self.db.read(self._is_misaligned):
            await self._align()
        due = await self.db.read(self._next_over)
        if due is None:
            return False
        await self.failing.attempt(due, self._close)
        return True

    async def any_to_close(self, tx: Transaction) -> bool:
        """Tell whether `close_one` would find something to do."""
        return await self._is_misaligned(tx) or await self._next_over(tx) is not None

    async def _is_misaligned(self, tx: Transaction) -> bool:
        return await asking.any_before_first_to_align(tx) or await asking.any_session_past_next(
            tx, self._before_next_ms
        )

    @writes
    async def _align(self, tx: Transaction) -> None:
        """Let open check-ins close before the next session, wherever that has moved to."""
        await asking.end_before_first_sessions(tx)
        await asking.close_sessions_before_next(tx, self._before_next_ms)

    @property
    def _before_next_ms(self) -> int:
        return self.settings.checkin.closes_before_next_minutes * _MINUTE_MS

    async def _next_over(self, tx: Transaction) -> int | None:
        over = await checkin_ends.over(tx, self.clock.now(), limit=len(self.failing) + 1)
        return next((one for one in over if one not in self.failing), None)

    @writes
    async def _close(self, tx: Transaction, checkin_id: int) -> None:
        now = self.clock.now()
        checkin = await store.load_checkin(tx, checkin_id)
        if checkin is not None and checkin.closes_at <= now:
            ended_at = now if checkin.lost_at is None else min(now, checkin.closes_at)
            await end_over(tx, checkin, ended_at)
            if checkin.kind == "session":
                await self._ask_how_to_go_on(tx, checkin, now)

    async def _ask_how_to_go_on(self, tx: Transaction, checkin: CheckIn, now: int) -> None:
        """Owe a client who stays silent one question, and again only after an answer: go on?

        Not while the therapist is away: there is nothing to ask about then.
        """
        if (
            checkin.pair_state != "active"
            or await absence_of(tx, self.settings, checkin.therapist_id, now) is not None
            or not await asking.is_silent_running(tx, checkin.pair_id, SILENCES)
            or await asking.was_asked_how_to_go_on(tx, checkin.pair_id)
        ):
            return
        person = await people.load_person(tx, checkin.client_id)
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=checkin.id,
            part="keep_asking",
            person_id=checkin.client_id,
            pair_id=checkin.pair_id,
            due_at=await outside_quiet(tx, self.settings, person, now),
            expires_at=now + _ASKED_WITHIN_MS,
            now=now,
        )

    async def fold_one(self) -> Talk | None:
        """Give one closed check-in whose message still looks open; it counts as seen to now."""
        unfolded = await self.db.read(checkin_ends.next_unfolded)
        if unfolded is None:
            return None
        try:
            return await self._fold(unfolded)
        except Unavailable:
            raise
        except Exception as bug:
            log.error("check-in cannot be folded", checkin=unfolded, why=type(bug).__name__)
            await self._give_up(unfolded)
            return None

    async def any_to_fold(self, tx: Transaction) -> bool:
        """Tell whether `fold_one` would find a check-in."""
        return await checkin_ends.next_unfolded(tx) is not None

    @writes
    async def _fold(self, tx: Transaction, checkin_id: int) -> Talk | None:
        await checkin_ends.note_folded(tx, checkin_id, self.clock.now())
        checkin = await store.load_checkin(tx, checkin_id)
        return await self.talks.of(tx, checkin) if checkin else None

    @writes
    async def _give_up(self, tx: Transaction, checkin_id: int) -> None:
        await checkin_ends.note_folded(tx, checkin_id, self.clock.now())


async def end_over(tx: Transaction, checkin: CheckIn, ended_at: int) -> None:
    """End a check-in whose time is over, with what is known of it.

    Whoever was not asked, for the bot was away or on hold, has neither been silent nor out of
    reach: the check-in is taken back, with the reason.
    """
    if checkin.sent_at is not None:
        await checkin_ends.close(tx, checkin.id, await _ending_of(tx, checkin), ended_at)
        return
    why = await outbox.why_unsent(tx, "prompt", checkin.id)
    if why == "unreachable":
        await checkin_ends.close(tx, checkin.id, "undeliverable", ended_at)
        return
    if why is None:
        held = await losses.was_on_hold(tx, checkin.due_at, checkin.closes_at)
        why = "hold" if held else "too_late"
    await checkin_ends.withdraw(tx, checkin, why, ended_at)


async def _ending_of(tx: Transaction, checkin: CheckIn) -> store.State:
    """Say how a check-in ends that was sent."""
    if checkin.completed_at is not None:
        return "answered"
    given = await answer_store.answers_of(tx, checkin)
    if any(answer.value is not None for answer in given.values()):
        return "partial"
    # Nobody knows whether it was answered in the hours that were lost: that is no silence.
    return "expired" if checkin.lost_at is None else "undeliverable"
