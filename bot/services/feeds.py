"""Feeds as people see to them: add, look at what would come of one, accept, remove, answer.

A new feed is only looked at until its preview is accepted; removing it cancels what it has planned
and nobody was asked about. Therapists reach their own feeds; the command line reaches all of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.feeds import Feed, Flaw, Kept, Source
from bot.services.acts import reads, writes
from bot.services.away_keeping import keep
from bot.services.events import Steps
from bot.services.ports import Clock, Ids
from bot.store import audit, feed_events, feed_flaws, feed_series, feeds, pairs, people
from bot.store.database import Database, Transaction
from bot.store.feed_events import Whose
from bot.store.feed_series import Unknown

#: More calendars than anybody keeps; each is read every quarter of an hour.
MOST_FEEDS: Final = 10
#: So many characters has the secret of a feed's hashes.
SECRET: Final = 43
_LATER_MS: Final = 3 * 86_400_000


def hashed(secret: str, kind: str, words: str) -> bytes:
    """Give the hash (32 bytes) that a feed knows something by; only its secret can make it."""
    return hmac.digest(secret.encode(), f"{kind}|{words}".encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Overview:
    """A feed and what comes of it. coming: its events that have not begun, soonest first.

    codes: of pairs by id. unknown: of whom nobody knows. zone: of its times. flaws: what cannot be
    taken as it stands.
    """

    feed: Feed
    coming: tuple[Kept, ...]
    codes: dict[int, str]
    unknown: tuple[Unknown, ...]
    zone: str
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Whose session is it? asks: what is asked about first, None for nothing. left: how many."""

    asks: Unknown | None
    feed: Feed | None
    left: int
    choices: tuple[Whose, ...]


@dataclass(frozen=True, slots=True)
class Feeds:
    """The use cases of seeing to feeds. A therapist_id of None is the command line's."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def add(self, tx: Transaction, therapist_id: int | None, source: Source) -> int:
        """Add a feed that is looked at and no more; give its id. source: without a secret.

        Errors: `Refused` with `feed_there`, `feed_many`.
        """
        there = await feeds.all_feeds(tx)
        own = [feed for feed in there if feed.therapist_id == therapist_id]
        if any(feed.source.url == source.url for feed in own):
            raise Refused("feed_there")
        if len(own) >= MOST_FEEDS:
            raise Refused("feed_many", most=MOST_FEEDS)
        new_id, now = self.ids.new(), self.clock.now()
        name = free_name(source.name, {feed.source.name.casefold() for feed in there})
        kept = replace(source, name=name, secret=self.ids.secret(SECRET))
        await feeds.add_feed(tx, new_id, therapist_id, kept, now)
        await audit.note(tx, self.ids.new(), now, therapist_id, "calendar added", "feed", new_id)
        return new_id

    @reads
    async def all(self, tx: Transaction) -> tuple[Overview, ...]:
        """List every feed of the practice."""
        return tuple([await self._overview(tx, feed) for feed in await feeds.all_feeds(tx)])

    @reads
    async def own(self, tx: Transaction, therapist_id: int) -> tuple[Overview, ...]:
        """List a therapist's own feeds."""
        own = await feeds.feeds_of_therapist(tx, therapist_id)
        return tuple([await self._overview(tx, feed) for feed in own])

    @reads
    async def show(self, tx: Transaction, feed_id: int, therapist_id: int | None) -> Overview:
        """Show one feed. Errors: `Refused("feed_unknown")`."""
        return await self._overview(tx, await _load(tx, feed_id, therapist_id))

    @reads
    async def find(self, tx: Transaction, feed_id: int) -> Feed | None:
        """Find a feed for a notice about it."""
        return await feeds.find_feed(tx, feed_id)

    @writes
    async def accept(self, tx: Transaction, feed_id: int, therapist_id: int | None) -> Overview:
        """Follow a feed: what its preview shows is made.

        Errors: `Refused` with `feed_unknown`, `feed_rests`.
        """
        feed = await _load(tx, feed_id, therapist_id)
        if feed.rests is not None:
            raise Refused("feed_rests")
        if await feeds.accept(tx, feed_id, self.clock.now()):
            steps = await self._steps(tx, feed)
            await steps.make_sketched(tx)
            for one in sorted({each.therapist_id for each in steps.whose.values()}):
                await keep(tx, self.settings, one, self.clock.now())
            await self._note(tx, therapist_id, "calendar accepted", feed_id)
        return await self._overview(tx, await _load(tx, feed_id, therapist_id))

    @writes
    async def remove(self, tx: Transaction, feed_id: int, therapist_id: int | None) -> Feed:
        """Forget a feed; what it has planned and nobody was asked about is cancelled.

        Of one that config.toml declares it is kept that somebody said no.
        Errors: `Refused("feed_unknown")`.
        """
        feed = await _load(tx, feed_id, therapist_id)
        await (await self._steps(tx, feed)).undo(tx)
        if feed.source.declared in self.settings.feeds and feed.rests != "gone":
            await feeds.decline(tx, feed_id)
        else:
            await feeds.forget_feed(tx, feed_id)
        await self._note(tx, therapist_id, "calendar removed", feed_id)
        return feed

    @writes
    async def read_now(self, tx: Transaction, therapist_id: int | None, feed_id: int) -> Overview:
        """Let a feed be read at once, also one that somebody had said no to.

        Errors: `Refused` with `feed_unknown`, `feed_rests` where config.toml has it no more.
        """
        feed = await _load(tx, feed_id, therapist_id)
        if feed.rests == "gone":
            raise Refused("feed_rests")
        await feeds.wake(tx, feed_id, self.clock.now())
        return await self._overview(tx, await _load(tx, feed_id, therapist_id))

    @writes
    async def allow(self, tx: Transaction, feed_id: int, therapist_id: int | None) -> Feed:
        """Believe a feed that has lost most of its events. Errors: `Refused("feed_unknown")`."""
        feed = await _load(tx, feed_id, therapist_id)
        if await feeds.allow(tx, feed_id, self.clock.now()):
            await self._note(tx, therapist_id, "loss of a calendar believed", feed_id)
        return feed

    @writes
    async def name(
        self, tx: Transaction, feed_id: int, therapist_id: int | None, words: str, code: str
    ) -> None:
        """Let a title, or an e-mail address of who takes part, stand for a code.

        Errors: `Refused` with `feed_unknown`, `code_unknown`, and `code_twice` where two
        therapists have it.
        """
        feed = await _load(tx, feed_id, therapist_id)
        known = [one for one in await feed_events.pairs_known(tx, feed_id) if one.code == code]
        if not known:
            raise Refused("code_unknown", code=code)
        if len(known) > 1:
            raise Refused("code_twice", code=code)
        words = " ".join(words.split()).casefold()
        if "@" in words:
            hash_of = hashed(feed.source.secret, "attendee", words)
            await feed_series.add_alias(tx, feed_id, "attendee", hash_of, known[0].pair_id)
        else:
            hash_of = hashed(feed.source.secret, "title", words)
            await feed_series.add_alias(tx, feed_id, "title", hash_of, known[0].pair_id)
        await feeds.read_anew(tx, feed_id, self.clock.now())

    @reads
    async def question(self, tx: Transaction, therapist_id: int) -> Question:
        """Give what a therapist is to be asked first, if anything."""
        return await self._question(tx, therapist_id)

    @writes
    async def answer(
        self, tx: Transaction, therapist_id: int, series_id: int, pair_id: int | None
    ) -> Question:
        """Keep whose a series is, None for nobody's; give what is to be asked next.

        Of the practice's feeds None says that it is not this therapist's.
        Errors: `Refused` with `pair_unknown`, `feed_unknown`, `feed_settled`.
        """
        if pair_id is not None:
            pair = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
            if pair is None:
                raise Refused("pair_unknown")
        feed_id = await feed_series.decide_series(tx, series_id, therapist_id, pair_id)
        if feed_id is None and pair_id is None:
            feed_id = await feed_series.reply(tx, series_id, therapist_id, None)
        if feed_id is None:
            is_settled = await feed_series.is_of_practice(tx, series_id)
            raise Refused("feed_settled" if is_settled else "feed_unknown")
        await feeds.read_anew(tx, feed_id, self.clock.now())
        return await self._question(tx, therapist_id)

    @writes
    async def ask_later(self, tx: Transaction, therapist_id: int, series_id: int) -> Question:
        """Ask about a series again in three days.

        Errors: `Refused` with `feed_unknown`, `feed_settled`.
        """
        later_at = self.clock.now() + _LATER_MS
        is_kept = await feed_series.ask_later(tx, series_id, therapist_id, later_at)
        if not is_kept and not await feed_series.reply(tx, series_id, therapist_id, later_at):
            is_settled = await feed_series.is_of_practice(tx, series_id)
            raise Refused("feed_settled" if is_settled else "feed_unknown")
        return await self._question(tx, therapist_id)

    async def _question(self, tx: Transaction, therapist_id: int) -> Question:
        waiting = await feed_series.unknown_of_therapist(tx, therapist_id, self.clock.now())
        if not waiting:
            return Question(None, None, 0, ())
        first = waiting[0]
        feed = await feeds.find_feed(tx, first.feed_id)
        known = await feed_events.pairs_known(tx, first.feed_id)
        # Of the practice's feed each sees the own clients' codes only.
        choices = tuple(one for one in known if one.may_plan and one.therapist_id == therapist_id)
        return Question(first, feed, len(waiting), choices)

    async def _steps(self, tx: Transaction, feed: Feed) -> Steps:
        whose = {one.pair_id: one for one in await feed_events.pairs_known(tx, feed.id)}
        return Steps(self.ids, feed, whose, await self._zone(tx, feed), self.clock.now())

    async def _overview(self, tx: Transaction, feed: Feed) -> Overview:
        now = self.clock.now()
        kept = await feed_events.kept_events(tx, feed.id)
        is_new = feed.accepted_at is None
        coming = [e for e in kept if e.starts_at > now and (is_new or e.is_planned)]
        known = await feed_events.pairs_known(tx, feed.id)
        codes = {one.pair_id: one.code for one in known}
        unknown = tuple(await feed_series.unknown_of_feed(tx, feed.id))
        flaws = tuple(await feed_flaws.flaws_of_feed(tx, feed.id))
        return Overview(feed, tuple(coming), codes, unknown, await self._zone(tx, feed), flaws)

    async def _zone(self, tx: Transaction, feed: Feed) -> str:
        own = None
        if feed.therapist_id is not None:
            own = (await people.load_person(tx, feed.therapist_id)).timezone
        return own or self.settings.practice.timezone

    async def _note(self, tx: Transaction, actor_id: int | None, act: str, feed_id: int) -> None:
        await audit.note(tx, self.ids.new(), self.clock.now(), actor_id, act, "feed", feed_id)


def therapists_asked(known: Iterable[Whose]) -> set[int]:
    """Give the therapists who could have an event: those with clients who can be asked."""
    return {one.therapist_id for one in known if one.may_plan}


def free_name(wanted: str, taken: set[str]) -> str:
    """Give a name that no other calendar has."""
    names = [wanted, *(f"{wanted} {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name.casefold() not in taken)


async def _load(tx: Transaction, feed_id: int, therapist_id: int | None) -> Feed:
    """Load a feed: a therapist's own, or any for the command line."""
    if therapist_id is None:
        feed = await feeds.find_feed(tx, feed_id)
    else:
        feed = await feeds.find_feed_of_therapist(tx, feed_id, therapist_id)
    if feed is None:
        raise Refused("feed_unknown")
    return feed
