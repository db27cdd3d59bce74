"""Steps of following a calendar inside somebody else's transaction: one event at a time.

A session that was typed and one of a calendar, of one pair at one time, are one appointment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.core.feeds import Changes, Feed, Found, Kept
from bot.core.timetable import Occurrence, local_on, local_time
from bot.services.ports import Ids
from bot.store import audit, feed_events
from bot.store import timetable as store
from bot.store.database import Transaction
from bot.store.feed_events import Whose


@dataclass(frozen=True, slots=True)
class Steps:
    """whose: the feed's pairs by id. zone: of its appointments."""

    ids: Ids
    feed: Feed
    whose: Mapping[int, Whose]
    zone: str
    now: int

    async def sketch(self, tx: Transaction, changes: Changes) -> None:
        """Keep what would be made of a feed, and make nothing."""
        for event in changes.made:
            assert event.pair_id is not None  # noqa: S101 - nothing is made for nobody
            there = await feed_events.find_overlapping(
                tx, event.pair_id, event.starts_at, event.ends_at
            )
            found_at = None if there is None else self.now
            await feed_events.keep_event(tx, self.feed.id, event, event.pair_id, None, found_at)

    async def make_sketched(self, tx: Transaction) -> None:
        """Make the appointments that a preview has shown and that have not begun."""
        for kept in await feed_events.kept_events(tx, self.feed.id):
            if kept.appointment_id is None:
                await feed_events.forget_event(tx, self.feed.id, kept)
                if kept.starts_at > self.now and self.whose[kept.pair_id].may_plan:
                    await self._make(
                        tx,
                        Found(kept.stem, kept.series, kept.starts_at, kept.ends_at, kept.pair_id),
                    )

    async def carry_out(self, tx: Transaction, changes: Changes) -> None:
        """Bring the timetable to what a reading says."""
        for kept in changes.cancelled:
            await self._cancel(tx, kept, is_said=True)
        for kept in changes.gone:
            await self._cancel(tx, kept, is_said=False)
        for kept, event in changes.renamed:
            await feed_events.forget_event(tx, self.feed.id, kept)
            await self._keep(tx, event, kept.appointment_id, was_found=kept.was_found)
            if event.ends_at != kept.ends_at:
                await self._move(tx, replace(kept, stem=event.stem, series=event.series), event)
        for kept, event in changes.moved:
            await self._move(tx, kept, event)
        for event in changes.made:
            await self._make(tx, event)

    async def undo(self, tx: Transaction) -> None:
        """Cancel what the feed has planned and nobody was asked about.

        What was typed stays, and what another calendar has as well.
        """
        for kept in await feed_events.kept_events(tx, self.feed.id):
            if not kept.is_planned or kept.starts_at <= self.now:
                continue
            # Its own other events go with the feed.
            is_left = await self._left_to_another(tx, kept, of_another_feed=True)
            if not is_left and not kept.was_found:
                await self._take_back(tx, kept, is_said=False)

    async def _make(self, tx: Transaction, event: Found, *, was_found: bool = False) -> int:
        """Make an event's appointment, or take the one that is there; give its id.

        was_found: what it was moved from had been there before, by other ways.
        """
        assert event.pair_id is not None  # noqa: S101 - nothing is made for nobody
        there = await feed_events.find_overlapping(
            tx, event.pair_id, event.starts_at, event.ends_at
        )
        if there is not None:
            await self._keep(tx, event, there, was_found=True)
            return there
        new_id = await self._insert(tx, event.pair_id, event.starts_at, event.ends_at)
        await self._keep(tx, event, new_id, was_found=was_found)
        return new_id

    async def _insert(self, tx: Transaction, pair_id: int, starts_at: int, ends_at: int) -> int:
        new_id = self.ids.new()
        await store.insert_appointment(
            tx,
            id=new_id,
            pair_id=pair_id,
            rule_id=None,
            occurrence=Occurrence(
                local_on(starts_at, self.zone), local_time(starts_at, self.zone), starts_at, ends_at
            ),
            timezone=self.zone,
            now=self.now,
        )
        await self._note(tx, "appointment made by a calendar", new_id)
        return new_id

    async def _keep(
        self, tx: Transaction, event: Found, appointment_id: int | None, *, was_found: bool
    ) -> None:
        assert event.pair_id is not None  # noqa: S101 - what is kept is somebody's
        found_at = self.now if was_found else None
        await feed_events.keep_event(
            tx, self.feed.id, event, event.pair_id, appointment_id, found_at
        )

    async def _cancel(self, tx: Transaction, kept: Kept, *, is_said: bool) -> None:
        """Let an event go: its appointment with it, unless another event has that as well.

        is_said: by the calendar; else it is only missing.
        """
        if kept.appointment_id is None or not kept.is_planned:
            return
        if await self._left_to_another(tx, kept, of_another_feed=False):
            await feed_events.forget_event(tx, self.feed.id, kept)
        else:
            await self._take_back(tx, kept, is_said=is_said)

    async def _left_to_another(self, tx: Transaction, kept: Kept, *, of_another_feed: bool) -> bool:
        """Leave an event's appointment to another event that has it, where that has it."""
        at = kept.appointment_id
        assert at is not None  # noqa: S101 - what is planned is there
        other = await feed_events.leave_to_another(
            tx, self.feed.id, kept, of_another_feed=of_another_feed
        )
        if other is None:
            return False
        if _touch(other, await feed_events.place_of(tx, at)):
            return True
        if other[0] <= self.now or await feed_events.is_sent(tx, at):
            return False
        # This event had moved it, the other never did.
        await self._succeed(tx, kept, at, await self._insert(tx, kept.pair_id, *other))
        return True

    async def _take_back(self, tx: Transaction, kept: Kept, *, is_said: bool) -> None:
        """Cancel an event's planned appointment."""
        at = kept.appointment_id
        assert at is not None  # noqa: S101 - what is planned is there
        has_begun = kept.starts_at <= self.now
        if await feed_events.is_sent(tx, at):
            # It is neither asked again nor taken back; both are told where they disagree.
            if is_said:
                await feed_events.call_off(tx, at, "did_not_meet", self.now)
                await self._note(tx, "appointment called off by a calendar", at)
            return
        await feed_events.forget_event(tx, self.feed.id, kept)
        await store.end_appointment(
            tx,
            at,
            self.whose[kept.pair_id].therapist_id,
            "did_not_meet" if has_begun and is_said else "cancelled",
            self.now,
        )
        await self._note(tx, "appointment cancelled by a calendar", at)

    async def _move(self, tx: Transaction, kept: Kept, event: Found) -> None:
        """Let an event's appointment be where the calendar has it now."""
        at = kept.appointment_id
        await feed_events.forget_event(tx, self.feed.id, kept)
        if at is None or not kept.is_planned:
            # Changed by hand: what the calendar says now is a new arrangement, unless it is past
            # or its client has stopped or left.
            if event.starts_at > self.now and self.whose[kept.pair_id].may_plan:
                await self._make(tx, event)
            else:
                await self._keep(tx, event, at, was_found=kept.was_found)
            return
        place, now_at = await feed_events.place_of(tx, at), (event.starts_at, event.ends_at)
        is_elsewhere = not _touch((kept.starts_at, kept.ends_at), place)
        has_start = event.starts_at == kept.starts_at
        if is_elsewhere and (has_start or _touch(now_at, place)):
            # Another calendar has moved it, and this one has not, or says the same now.
            await self._keep(tx, event, at, was_found=kept.was_found)
        elif has_start and await feed_events.is_sent(tx, at):
            await self._keep(tx, event, at, was_found=kept.was_found)
        else:
            await self._succeed(tx, kept, at, event)

    async def _succeed(self, tx: Transaction, kept: Kept, at: int, event: Found | int) -> None:
        """Let an appointment be one at another time, for all events that have it.

        event: where it is to be, or the appointment that is there.
        """
        was_sent = await feed_events.is_sent(tx, at)
        if was_sent:
            await feed_events.call_off(tx, at, "moved", self.now)
        else:
            therapist_id = self.whose[kept.pair_id].therapist_id
            await store.end_appointment(tx, at, therapist_id, "moved", self.now)
        new_id = (
            event
            if isinstance(event, int)
            else await self._make(tx, event, was_found=kept.was_found)
        )
        await store.succeed_appointment(tx, at, new_id, self.now)
        await feed_events.follow_move(tx, at, new_id)
        await feed_events.ask_no_more(tx, at, new_id, was_sent=was_sent, now=self.now)
        await self._note(tx, "appointment moved by a calendar", at)

    async def _note(self, tx: Transaction, act: str, appointment_id: int) -> None:
        await audit.note(tx, self.ids.new(), self.now, None, act, "appointment", appointment_id)


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Say whether two times, each from and until, are of one session."""
    return one[0] < other[1] and one[1] > other[0]
