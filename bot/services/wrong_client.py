"""Wrong client: a check-in that was about somebody else's appointment, taken away or set right.

The client who was asked is told that it was a mistake, and what that client answered counts nowhere
any more. The appointment can go to the one whose it was, who is asked about it while there is time;
answers never go from one client to another: they were said by somebody about something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Pair
from bot.core.timetable import Entry, Occurrence
from bot.services.acts import reads, writes
from bot.services.asking import open_from_to
from bot.services.in_force import settings_in_force
from bot.services.news import tell
from bot.services.planning import clashes_with, insert_single
from bot.services.ports import Clock, Ids
from bot.store import asking, audit, losses, outbox, pairs, timetable
from bot.store import wrong_client as store
from bot.store.database import Database, Transaction

#: The notice's name in the outbox.
NOTICE: Final = "wrong_client"
#: So many of a client's newest appointments are offered.
OFFERED: Final = 8
_ASKING: Final[tuple[outbox.Kind, ...]] = ("prompt", "reminder")
_HEARS: Final = ("joined", "active", "paused")


@dataclass(frozen=True, slots=True)
class Mistaken:
    """An appointment that was somebody else's. others: whose it can be, in the list's order."""

    entry: Entry
    others: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Righting:
    """What setting it right means, or has meant.

    to: the client whose appointment it was, None for nobody's. closes_at: until when that client
    is asked about it (UTC milliseconds), None where nobody is: it is too late, the questions do not
    run, or this client was asked about that time before (was_asked). is_told: the client who was
    asked is told that it was a mistake.
    """

    entry: Entry
    to: Pair | None
    closes_at: int | None
    is_told: bool
    was_asked: bool = False


@dataclass(frozen=True, slots=True)
class WrongClient:
    """The use cases of setting it right."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @reads
    async def lately(
        self, tx: Transaction, therapist_id: int, pair_id: int
    ) -> tuple[Pair, Sequence[Entry]]:
        """List a client's newest appointments that have begun. Errors: Refused("pair_unknown")."""
        pair = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
        if pair is None:
            raise Refused("pair_unknown")
        now = self.clock.now()
        return pair, await store.begun_of_pair(tx, therapist_id, pair_id, now, OFFERED)

    @reads
    async def mistaken(self, tx: Transaction, therapist_id: int, appointment_id: int) -> Mistaken:
        """Give an appointment and whose it can have been. Errors: as `set_right`."""
        entry = await self._standing(tx, therapist_id, appointment_id)
        own = await pairs.pairs_of_therapist(tx, therapist_id)
        others = (one for one in own if one.id != entry.appointment.pair_id)
        return Mistaken(entry, tuple(one for one in others if not _is_over(one)))

    @reads
    async def proposal(
        self, tx: Transaction, therapist_id: int, appointment_id: int, to_pair: int
    ) -> Righting:
        """Say what setting it right would mean. to_pair: 0 for nobody's. Errors: `set_right`'s."""
        entry = await self._standing(tx, therapist_id, appointment_id)
        was_asked = entry.checkin_state is not None and entry.checkin_state != "cancelled"
        return await self._righting(tx, entry, to_pair, is_told=was_asked)

    @reads
    async def shown_in(
        self, tx: Transaction, therapist_id: int, pair_id: int
    ) -> store.Place | None:
        """Give the newest page on the therapist's phone that a pair stands on."""
        return await store.newest_place(tx, therapist_id, pair_id)

    @writes
    async def set_right(
        self, tx: Transaction, therapist_id: int, appointment_id: int, to_pair: int
    ) -> Righting:
        """Take a check-in away from who was asked, and give its appointment to whose it was.

        to_pair: 0 where it was nobody's. Errors: `Refused` with `appointment_unknown`,
        `appointment_ahead` before it begins, `appointment_changed`, `appointment_there` where the
        other client has one at that time, `pair_unknown`, `pair_stopped`, `pair_over`.
        """
        now = self.clock.now()
        entry = await self._standing(tx, therapist_id, appointment_id)
        if not await store.call_off(tx, appointment_id, therapist_id, now):
            raise Refused("stale_button")
        taken = await store.take_away(tx, appointment_id, therapist_id, now)
        is_told = False
        if taken is not None:
            for kind in _ASKING:
                await outbox.drop_queued(
                    tx, now, "cancelled", kind=kind, subject_id=taken.checkin_id
                )
            is_told = await self._tell(tx, entry, taken, now)
        done = await self._righting(tx, entry, to_pair, is_told=is_told)
        act = "wrong client, taken away"
        if done.to is not None:
            at = entry.appointment
            new_id = await insert_single(
                tx, self.ids, done.to, _occurrence(entry), at.timezone, now
            )
            if done.was_asked:
                await store.leave_unasked(tx, new_id, now)
            act = "wrong client, moved"
        await audit.note(tx, self.ids.new(), now, therapist_id, act, "appointment", appointment_id)
        return done

    async def _standing(self, tx: Transaction, therapist_id: int, appointment_id: int) -> Entry:
        entry = await timetable.find_appointment_of_therapist(tx, appointment_id, therapist_id)
        if entry is None:
            raise Refused("appointment_unknown")
        at = entry.appointment
        facts = {"code": entry.code, "on": at.local_on, "time": at.local_time}
        if at.state not in ("planned", "did_not_meet"):
            raise Refused("appointment_changed", state=at.state, **facts)
        if at.starts_at > self.clock.now():
            raise Refused("appointment_ahead", **facts)
        return entry

    async def _righting(
        self, tx: Transaction, entry: Entry, to_pair: int, *, is_told: bool
    ) -> Righting:
        if not to_pair:
            return Righting(entry, None, None, is_told)
        therapist_id = (await pairs.load_pair(tx, entry.appointment.pair_id)).therapist_id
        to = await pairs.find_pair_of_therapist(tx, to_pair, therapist_id)
        if to is None or to.id == entry.appointment.pair_id:
            raise Refused("pair_unknown")
        if _is_over(to):
            raise Refused("pair_stopped" if to.state == "stopped" else "pair_over", code=to.code)
        occurrence = _occurrence(entry)
        if any(c.pair_id == to.id for c in await clashes_with(tx, therapist_id, (occurrence,))):
            facts = {"on": occurrence.local_on, "time": occurrence.local_time}
            raise Refused("appointment_there", code=to.code, **facts)
        was_asked = await store.was_taken_away(tx, to.id, occurrence.starts_at, occurrence.ends_at)
        closes_at = None if was_asked else await self._closes_at(tx, entry, to)
        return Righting(entry, to, closes_at, is_told, was_asked)

    async def _closes_at(self, tx: Transaction, entry: Entry, to: Pair) -> int | None:
        """Say until when the other client is asked, as far as it can be known by now."""
        at = entry.appointment
        if to.state != "active" or to.consent_version != self.settings.privacy.consent_version:
            return None
        newest = await losses.newest_loss(tx)
        if newest is not None and at.ends_at <= newest.until_at:
            return None  # perhaps asked about in the hours that were lost
        settings = await settings_in_force(tx, self.settings, to.therapist_id)
        following = await asking.find_next_start(tx, to.id, at.starts_at)
        _, closes_at = open_from_to(settings, at.ends_at, following)
        return closes_at if closes_at > self.clock.now() else None

    async def _tell(self, tx: Transaction, entry: Entry, taken: store.Taken, now: int) -> bool:
        """Owe the client who was asked the news; whoever was never asked, or has left, has none."""
        pair = await pairs.load_pair(tx, entry.appointment.pair_id)
        if not taken.was_sent or pair.client_id is None or pair.state not in _HEARS:
            return False
        await tell(
            tx, pair.client_id, NOTICE, subject_id=taken.checkin_id, pair_id=pair.id,
            ids=self.ids, settings=self.settings, now=now,
        )  # fmt: skip
        return True


def _occurrence(entry: Entry) -> Occurrence:
    at = entry.appointment
    return Occurrence(at.local_on, at.local_time, at.starts_at, at.ends_at)


def _is_over(pair: Pair) -> bool:
    return pair.state in ("stopped", "ended", "erased")
