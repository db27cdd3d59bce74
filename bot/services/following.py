"""Following calendars: what a reading changes in the timetable, in one transaction.

A failed reading changes nothing, one that lost most of its events changes nothing and is asked
about. What a client has been asked about is neither asked again nor taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.config import Settings
from bot.core.feeds import (
    LATE_MS,
    MOST_FLAWS,
    Changes,
    Feed,
    Flaw,
    Found,
    Kept,
    Seen,
    Span,
    reconcile,
)
from bot.core.timetable import AHEAD_DAYS, local_on
from bot.services.acts import reads, writes
from bot.services.away_keeping import keep
from bot.services.events import Steps
from bot.services.feed_news import tell_owner, tell_therapist
from bot.services.feeds import therapists_asked
from bot.services.matching import Said, plannable, resolved
from bot.services.ports import Clock, Ids
from bot.store import feed_events, feed_flaws, feed_series, feeds, people
from bot.store.database import Database, Transaction
from bot.store.feed_series import Alias

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
#: How often a calendar is read, and by how much that varies, so that not all are read at once.
EVERY_MS: Final = 15 * MINUTE_MS
_JITTER_MS: Final = 2 * MINUTE_MS
#: A question to a client goes by a calendar that was tried so lately.
FRESH_MS: Final = 2 * MINUTE_MS
#: It looks ahead for questions that are due so soon.
_SOON_MS: Final = MINUTE_MS
#: So many failures in a row are told.
_TELL_AFTER: Final = 3
#: What is over so long is not asked of a calendar any more.
_KEPT_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Job:
    """A feed to be read. is_whole: whatever the server says of its being unchanged.

    matched: a hash of what its events are matched with. is_urgent: a question to a client waits
    for it. is_look: somebody wants to see what would come of it, though a no to it stands.
    """

    feed: Feed
    zone: str
    aliases: tuple[Alias, ...]
    matched: str
    is_whole: bool
    is_urgent: bool = False
    is_look: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What a reading came to. is_held: nothing was changed, and somebody is asked.

    is_overtaken: nothing was changed, since another reading has counted meanwhile.
    """

    changes: Changes
    unknown: int
    is_held: bool = False
    is_overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Following:
    """The use cases of reading feeds again and again."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @reads
    async def due(self, tx: Transaction, in_hand: frozenset[int] = frozenset()) -> Job | None:
        """Give the feed to be read now: first one that a question to a client waits for.

        in_hand: ids of those that are being read.
        """
        now = self.clock.now()
        for feed in await feeds.stale_feeds(tx, now + _SOON_MS, now - FRESH_MS):
            if feed.id not in in_hand:
                return replace(await self._job(tx, feed), is_urgent=True)
        for feed in await feeds.due_feeds(tx, now):
            if feed.id not in in_hand:
                return await self._job(tx, feed)
        return None

    async def any_due(self, tx: Transaction, in_hand: frozenset[int]) -> bool:
        """Tell whether `due` would give a feed."""
        now = self.clock.now()
        for feed in (
            *await feeds.stale_feeds(tx, now + _SOON_MS, now - FRESH_MS),
            *await feeds.due_feeds(tx, now),
        ):
            if feed.id not in in_hand:
                return True
        return False

    @reads
    async def job(self, tx: Transaction, feed_id: int, *, is_look: bool = False) -> Job | None:
        """Give a feed to be read whole; None where it is gone."""
        feed = await feeds.find_feed(tx, feed_id)
        if feed is None:
            return None
        return replace(await self._job(tx, feed), is_whole=True, is_look=is_look)

    async def _job(self, tx: Transaction, feed: Feed) -> Job:
        zone = await self._zone(tx, feed)
        aliases = tuple(await feed_series.aliases(tx, feed.id))
        whose = await feed_events.pairs_known(tx, feed.id)
        own = self.settings.calendar
        said = (zone, own.match, own.tag, own.summary_pattern, aliases, whose)
        matched = hashlib.sha256(repr(said).encode()).hexdigest()
        is_today = feed.planned_on == local_on(self.clock.now(), zone)
        return Job(feed, zone, aliases, matched, not is_today or matched != feed.seen.matched)

    async def _zone(self, tx: Transaction, feed: Feed) -> str:
        own = None
        if feed.therapist_id is not None:
            own = (await people.load_person(tx, feed.therapist_id)).timezone
        return own or self.settings.practice.timezone

    def _next(self) -> int:
        return self.clock.now() + EVERY_MS + self.ids.new() % _JITTER_MS

    @writes
    async def unchanged(self, tx: Transaction, feed_id: int) -> None:
        """A feed is as it was."""
        await feeds.note_unchanged(tx, feed_id, self._next(), self.clock.now())

    @writes
    async def failed(self, tx: Transaction, job: Job, problem: str) -> None:
        """A feed could not be read: nothing changes; after three times somebody is told."""
        now = self.clock.now()
        feed = await feeds.find_feed(tx, job.feed.id)
        if feed is None or feed.tried_at != job.feed.tried_at:
            return  # what another has seen meanwhile, such as the command line, counts
        failures = await feeds.note_failed(tx, feed.id, problem, self._next(), now)
        feed = await feeds.find_feed(tx, feed.id)
        # Whoever has just added one waits for it.
        tell_after = 1 if feed is not None and feed.accepted_at is None else _TELL_AFTER
        if feed is not None and failures == tell_after:
            await self._tell(tx, feed, f"feed_failed:{now}")

    @writes
    async def apply(
        self,
        tx: Transaction,
        job: Job,
        said: tuple[Said, ...],
        unread: frozenset[bytes],
        seen: Seen,
        flaws: tuple[Flaw, ...] = (),
    ) -> Applied | None:
        """Let a reading count; None where the feed was removed, or rests, meanwhile.

        What was asked for before another reading counted may be older than that, and does not.
        unread: hashes of series that could not be read. seen: to know this reading again. flaws:
        what could not be taken as it stands.
        """
        feed_id = job.feed.id
        feed = await feeds.find_feed(tx, feed_id)
        if feed is None or not (feed.rests is None or (job.is_look and feed.rests == "declined")):
            return None
        if (feed.read_at, feed.source) != (job.feed.read_at, job.feed.source):
            return Applied(Changes(), 0, is_overtaken=True)
        now, zone = self.clock.now(), await self._zone(tx, feed)
        await self._note_flaws(tx, feed, flaws)
        whose = {one.pair_id: one for one in await feed_events.pairs_known(tx, feed_id)}
        found = resolved(said, whose, await feed_series.verdicts(tx, feed_id))
        since = max(now - LATE_MS, feed.accepted_at if feed.accepted_at is not None else now)
        span = Span(now, since, now + AHEAD_DAYS * DAY_MS)
        await feed_events.forget_events(tx, feed_id, now - _KEPT_DAYS * DAY_MS)
        kept = await feed_events.kept_events(tx, feed_id)
        planned = plannable(found, whose, kept)
        steps = Steps(self.ids, feed, whose, zone, now)
        if feed.accepted_at is None:
            changes = await self._sketch(tx, feed, steps, reconcile((), planned, span, unread))
        else:
            changes = _compared(feed, kept, planned, span, unread)
            if changes.is_absurd:
                return await self._hold(tx, feed, changes, seen, zone)
            await steps.carry_out(tx, changes)
            for therapist_id in sorted({one.therapist_id for one in whose.values()}):
                await keep(tx, self.settings, therapist_id, now)
        unknown = await self._note_unknown(tx, feed, found, span)
        await feeds.note_held(tx, feed_id, None, None, None)
        await feeds.note_read(tx, feed_id, seen, local_on(now, zone), self._next(), now)
        return Applied(changes, unknown)

    async def _sketch(self, tx: Transaction, feed: Feed, steps: Steps, changes: Changes) -> Changes:
        """Show what a calendar would bring that nobody has accepted yet."""
        await feed_events.forget_events(tx, feed.id)
        await steps.sketch(tx, changes)
        # Who adds the practice's by the command line sees it there.
        is_first = feed.read_at is None and feed.rests is None
        if is_first and (feed.therapist_id or feed.source.declared):
            await self._tell(tx, feed, f"feed_ready:{self.clock.now()}")
        return changes

    async def _hold(
        self, tx: Transaction, feed: Feed, changes: Changes, seen: Seen, zone: str
    ) -> Applied:
        now = self.clock.now()
        await feeds.note_read(tx, feed.id, seen, local_on(now, zone), self._next(), now)
        # Read whole each time until it is allowed or what is missing comes back. More than what
        # was allowed is asked about anew.
        if feed.held_at is None or feed.allowed_at is not None:
            await feeds.note_held(tx, feed.id, changes.lost, changes.of, now)
            await self._tell(tx, feed, f"feed_lost:{now}")
        return Applied(changes, 0, is_held=True)

    async def _note_flaws(self, tx: Transaction, feed: Feed, flaws: tuple[Flaw, ...]) -> None:
        """Keep what could not be taken, and tell what of it is new, twice a day at most."""
        now = self.clock.now()
        await feed_flaws.keep_flaws(tx, feed.id, flaws[:MOST_FLAWS], now, now - DAY_MS)
        is_followed = feed.accepted_at is not None
        if is_followed and await feed_flaws.note_told(tx, feed.id, now - DAY_MS // 2, now):
            await self._tell(tx, feed, f"feed_flaws:{now}")

    async def _note_unknown(
        self, tx: Transaction, feed: Feed, found: list[Found], span: Span
    ) -> int:
        """Keep what is to be asked about, and ask whoever was not asked; give how much it is."""
        coming: dict[bytes, Found] = {}
        for event in sorted(found, key=lambda one: one.starts_at):
            is_open = event.pair_id is None and event.is_met and event.is_asked_about
            if is_open and span.now <= event.starts_at < span.until_at:
                coming.setdefault(event.series, event)
        for event in coming.values():
            await feed_series.note_unknown(tx, self.ids.new(), feed.id, event)
        await feed_series.forget_unknown(tx, feed.id, frozenset(coming), span.now)
        if feed.accepted_at is not None:
            await self._ask(tx, feed)
        return len(await feed_series.unknown_of_feed(tx, feed.id))

    async def _ask(self, tx: Transaction, feed: Feed) -> None:
        """Owe the question to whoever can answer: of the practice's, who could have the event."""
        now = self.clock.now()
        today = local_on(now, await self._zone(tx, feed))
        asked = (
            {feed.therapist_id}
            if feed.therapist_id is not None
            else therapists_asked(await feed_events.pairs_known(tx, feed.id))
        )
        for one in sorted(asked):
            if not await feed_series.is_unasked(tx, feed.id, one):
                continue
            # One a day: the others are asked about in the same message, or the next day.
            part = f"feed_asks:{today}:{one}"
            if await tell_therapist(
                tx, feed, one, part, ids=self.ids, settings=self.settings, now=now
            ):
                await feed_series.note_asked(tx, feed.id, one, now)

    async def _tell(self, tx: Transaction, feed: Feed, part: str) -> None:
        now = self.clock.now()
        await tell_owner(tx, feed, part, ids=self.ids, settings=self.settings, now=now)


def _compared(
    feed: Feed,
    kept: Sequence[Kept],
    planned: Sequence[Found],
    span: Span,
    unread: frozenset[bytes],
) -> Changes:
    """Give what a reading changes; a loss that was allowed is believed."""
    changes = reconcile(kept, planned, span, unread)
    if feed.allowed_at is not None and changes.lost <= (feed.lost or 0):
        # No more is gone than was told: the bytes differ at each download of some makers.
        return reconcile(kept, planned, span, unread, is_believed=True)
    return changes
