"""The end of a therapy, as far as this program is concerned: the therapist says so, in two steps.

What will happen is said first. For some minutes after it is said, and as long as the client has
quiet hours, nothing changes and it can be undone. Then rules close, what was planned is cancelled,
open questions end with what they have, the client is told and, at the therapist's wish, asked once
more; and the time begins after which everything is erased. Answers reach the therapist and are
acknowledged as before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Pair, tidy_code
from bot.core.timetable import local_on
from bot.services.acts import reads, writes
from bot.services.asking import GOODBYE_DAYS, Asking
from bot.services.failing import Failing
from bot.services.ports import Clock, Ids
from bot.services.quiet import outside_quiet
from bot.store import (
    audit,
    checkin_ends,
    checkins,
    invitations,
    outbox,
    pairs,
    people,
    rules,
    timetable,
)
from bot.store.database import Database, Transaction

DAY_MS: Final = 86_400_000
#: For at least so long an end can be undone.
UNDO_MINUTES: Final = 10

#: The news for the client, without a goodbye and with one.
ENDED: Final = "ended"
ENDED_ASKED: Final = "ended:asked"

#: Why a client is not asked once more.
Unasked = Literal[
    "not_joined", "not_confirmed", "paused", "stopped", "erasure_asked", "consent_outdated"
]


@dataclass(frozen=True, slots=True)
class Ending:
    """What an end means, or meant. rules, appointments: so many close and are cancelled.

    unasked: why there can be no goodbye, None where there can. days: how long that is open.
    kept_on: when its time is over. asked: whether there is a goodbye, None before it is said.
    """

    pair: Pair
    rules: int
    appointments: int
    unasked: Unasked | None
    days: int
    kept_on: str
    asked: bool | None = None


def _failing() -> Failing:
    return Failing("therapy cannot be ended", "pair")


@dataclass(frozen=True, slots=True)
class Endings:
    """The use cases of ending a pair. failing: pairs that cannot be ended until a restart."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    asking: Asking
    failing: Failing = field(default_factory=_failing)

    @reads
    async def running(self, tx: Transaction, therapist_id: int) -> list[Pair]:
        """List a therapist's pairs that could end, by code."""
        return [p for p in await pairs.pairs_of_therapist(tx, therapist_id) if not p.is_over]

    @reads
    async def find(self, tx: Transaction, therapist_id: int, typed: str) -> Ending:
        """Say what it would mean to end the pair of a typed code.

        Errors: Refused("code_shape"), Refused("code_unknown"), also for another one's, and those
        of `preview`.
        """
        code = tidy_code(typed)
        if code is None:
            raise Refused("code_shape", code=typed)
        pair = await pairs.find_pair_by_code(tx, therapist_id, code)
        if pair is None:
            raise Refused("code_unknown", code=code)
        return await self._preview(tx, pair)

    @reads
    async def preview(self, tx: Transaction, therapist_id: int, pair_id: int) -> Ending:
        """Say what it would mean to end a pair.

        Errors: Refused("not_yours"), Refused("ended_before"), Refused("erased_before").
        """
        return await self._preview(tx, await _own(tx, therapist_id, pair_id))

    async def _preview(self, tx: Transaction, pair: Pair) -> Ending:
        now = self.clock.now()
        if pair.state == "erased":
            raise Refused("erased_before", code=pair.code)
        if pair.state == "ended":
            on = local_on(pair.ended_at or now, await self._zone(tx, pair.therapist_id))
            raise Refused("ended_before", code=pair.code, on=on)
        return Ending(
            pair=pair,
            rules=len(await rules.open_rules_of_pair(tx, pair.id)),
            appointments=await timetable.count_future(tx, pair.id, now),
            unasked=self._unasked(pair),
            days=GOODBYE_DAYS,
            kept_on=await self._kept_on(tx, pair, pair.to_end_at or now),
            asked=None if pair.to_end_at is None else pair.to_end_with == "goodbye",
        )

    def _unasked(self, pair: Pair) -> Unasked | None:
        """Say why a client is not asked once more: nobody who has a say against it is."""
        match pair.state:
            case "active" | "paused" if pair.erase_asked_at is not None:
                return "erasure_asked"
            case "active" if pair.consent_version != self.settings.privacy.consent_version:
                return "consent_outdated"
            case "active":
                return None
            case "paused" | "stopped" as state:
                return state
            case _:
                return "not_joined" if pair.client_id is None else "not_confirmed"

    @writes
    async def end(
        self, tx: Transaction, therapist_id: int, pair_id: int, *, goodbye: bool
    ) -> Ending:
        """Let a pair end soon; said twice, the first counts. goodbye: ask the client once more, if
        nothing stands against it then.

        Errors: as `preview`.
        """
        now = self.clock.now()
        planned = await self._preview(tx, await _own(tx, therapist_id, pair_id))
        to_end_at = now + UNDO_MINUTES * 60_000
        if planned.pair.client_id is not None and planned.unasked != "stopped":
            person = await people.load_person(tx, planned.pair.client_id)
            to_end_at = await outside_quiet(tx, self.settings, person, to_end_at)
        asked = goodbye and planned.unasked is None
        to_end_with: Literal["goodbye", "word"] = "goodbye" if asked else "word"
        if await pairs.plan_end(tx, pair_id, therapist_id, to_end_at, to_end_with) is not None:
            await self._note(tx, therapist_id, "therapy to end", pair_id, now)
        return await self._preview(tx, await _own(tx, therapist_id, pair_id))

    @writes
    async def undo(self, tx: Transaction, therapist_id: int, pair_id: int) -> Ending:
        """Let a pair go on that was to end; once more changes nothing. Errors: as `preview`."""
        now = self.clock.now()
        if await pairs.undo_end(tx, pair_id, therapist_id) is not None:
            await self._note(tx, therapist_id, "end of therapy undone", pair_id, now)
        return await self._preview(tx, await _own(tx, therapist_id, pair_id))

    async def end_one(self) -> bool:
        """End one pair whose time has come; was there one?"""
        due = await self.db.read(self._next_to_end)
        if due is None:
            return False
        await self.failing.attempt(due, self._end)
        return True

    async def any_to_end(self, tx: Transaction) -> bool:
        """Tell whether `end_one` would find a pair."""
        return await self._next_to_end(tx) is not None

    async def _next_to_end(self, tx: Transaction) -> int | None:
        to_end = await pairs.pairs_to_end(tx, self.clock.now(), limit=len(self.failing) + 1)
        return next((pair.id for pair in to_end if pair.id not in self.failing), None)

    @writes
    async def _end(self, tx: Transaction, pair_id: int) -> None:
        """End a pair whose time has come, unless that was undone meanwhile."""
        now = self.clock.now()
        to_end = await pairs.load_pair(tx, pair_id)
        if to_end.is_over or to_end.to_end_at is None or to_end.to_end_at > now:
            return
        pair = await pairs.end_pair(tx, to_end.id, to_end.therapist_id, now)
        assert pair is not None  # noqa: S101 - it was to end a moment ago
        await timetable.clear_timetable(tx, pair.id, now)
        await checkin_ends.end_unfinished(tx, pair.id, now, begun=True)
        await invitations.revoke_invitations(tx, pair.id, now)
        await self._note(tx, pair.therapist_id, "therapy ended", pair.id, now)
        asked = to_end.to_end_with == "goodbye" and self._unasked(to_end) is None
        # Who has stopped is left alone.
        if pair.client_id is not None and pair.stopped_at is None:
            told_at = await self._tell_client(tx, pair, pair.client_id, now, asked=asked)
            if asked:
                await self.asking.open_goodbye(tx, pair, now, told_at)

    @reads
    async def ended(self, tx: Transaction, therapist_id: int, pair_id: int) -> Ending:
        """Say how a pair has ended, or that it is to, or goes on. Errors: Refused("not_yours")."""
        pair = await _own(tx, therapist_id, pair_id)
        if not pair.is_over:
            return await self._preview(tx, pair)
        at = pair.ended_at or self.clock.now()
        return Ending(
            pair=pair,
            rules=0,
            appointments=0,
            unasked=None,
            days=GOODBYE_DAYS,
            kept_on=await self._kept_on(tx, pair, at),
            asked=await checkins.has_goodbye(tx, pair.id),
        )

    async def _tell_client(
        self, tx: Transaction, pair: Pair, client_id: int, now: int, *, asked: bool
    ) -> int:
        """Owe the client the news; give when it is told."""
        person = await people.load_person(tx, client_id)
        told_at = await outside_quiet(tx, self.settings, person, now)
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=pair.id,
            part=ENDED_ASKED if asked else ENDED,
            person_id=client_id,
            pair_id=pair.id,
            due_at=told_at,
            expires_at=told_at + GOODBYE_DAYS * DAY_MS,
            now=now,
        )
        return told_at

    async def _note(self, tx: Transaction, actor_id: int, act: str, pair_id: int, now: int) -> None:
        await audit.note(tx, self.ids.new(), now, actor_id, act, "pair", pair_id)

    async def _kept_on(self, tx: Transaction, pair: Pair, ended_at: int) -> str:
        until_at = ended_at + self.settings.privacy.retention_days * DAY_MS
        return local_on(until_at, await self._zone(tx, pair.therapist_id))

    async def _zone(self, tx: Transaction, therapist_id: int) -> str:
        therapist = await people.load_person(tx, therapist_id)
        return therapist.timezone or self.settings.practice.timezone


async def _own(tx: Transaction, therapist_id: int, pair_id: int) -> Pair:
    pair = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
    if pair is None:
        raise Refused("not_yours")
    return pair
