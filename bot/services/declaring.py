"""Calendars as config.toml declares them: what is new is looked at, what left the file rests.

The file says which there are and where; people say whether something is made of one. So a new one
waits for its yes like any other, a no is remembered, and one that left the file is read no more
while what it has planned stays: a slip in a file cancels nobody's appointment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from bot.config import Settings
from bot.core.feeds import Feed, Source
from bot.services.acts import writes
from bot.services.feed_news import tell_owner
from bot.services.feeds import SECRET, free_name
from bot.services.ports import Clock, Ids
from bot.store import audit, feeds, people
from bot.store.database import Database, Transaction

log = structlog.get_logger(__name__)

_AGAIN_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Declared:
    """A feed of config.toml. therapist: whose, by Telegram id; None for the practice's."""

    therapist: int | None = field(repr=False)
    source: Source


@dataclass(slots=True)
class Declaring:
    """Keeps the feeds beside what the settings declare.

    waits: whether one is of somebody not known yet; looked_at: when that was seen last.
    """

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    declared: Sequence[Declared]
    waits: bool = False
    looked_at: int = 0

    async def look(self) -> bool:
        """See now and then whether somebody whose calendar is declared has come; no work is left.

        A therapist's account is known to nobody before they have joined.
        """
        if self.waits and self.clock.now() - self.looked_at >= _AGAIN_MS:
            await self.bring_in()
        return False

    async def bring_in(self) -> None:
        """Let the feeds be as the settings declare them."""
        missing = await self._bring_in()
        for name in missing if not self.waits else ():
            log.warning("a calendar waits for its therapist to join", setting=f"feeds.{name}")
        self.waits, self.looked_at = bool(missing), self.clock.now()

    @writes
    async def _bring_in(self, tx: Transaction) -> list[str]:
        """Do so in one transaction; give the names of those whose therapist is not known."""
        there = await feeds.all_feeds(tx)
        missing: list[str] = []
        declared = {one.source.declared for one in self.declared}
        called = {feed.id: feed.source.name for feed in there}
        rest = list(there)
        for one in self.declared:
            owner = await self._owner(tx, one.therapist)
            if one.therapist is not None and owner is None:
                missing.append(one.source.declared)
                continue
            known = _known(rest, owner, one.source, declared)
            if known is None:
                await self._add(tx, owner, one.source, called)
            else:
                rest.remove(known)
                await self._renew(tx, known, one.source, called)
        for feed in rest:
            if feed.source.declared:
                await self._left(tx, feed)
        return missing

    async def _owner(self, tx: Transaction, telegram_id: int | None) -> int | None:
        if telegram_id is None:
            return None
        person = await people.find_person_by_telegram(tx, telegram_id)
        if person is None or "therapist" not in await people.roles_of(tx, person.id):
            return None
        return person.id

    async def _add(
        self, tx: Transaction, owner: int | None, source: Source, called: dict[int, str]
    ) -> None:
        """Add a feed. called: the names of all, by id."""
        new_id, now = self.ids.new(), self.clock.now()
        called[new_id] = _free(source.name, called, new_id)
        kept = replace(source, name=called[new_id], secret=self.ids.secret(SECRET))
        await feeds.add_feed(tx, new_id, owner, kept, now)
        await self._note(tx, "calendar declared", new_id)

    async def _renew(
        self, tx: Transaction, feed: Feed, source: Source, called: dict[int, str]
    ) -> None:
        """Let a feed that is known be as the file has it now; its hashes stay what they are."""
        called[feed.id] = _free(source.name, called, feed.id)
        wanted = replace(source, name=called[feed.id], secret=feed.source.secret)
        if wanted != feed.source:
            await feeds.declare_feed(tx, feed.id, wanted)
            await feeds.read_anew(tx, feed.id, self.clock.now())
            await self._note(tx, "calendar declared anew", feed.id)
        if feed.rests == "gone":
            await feeds.wake(tx, feed.id, self.clock.now())
            await self._note(tx, "calendar declared again", feed.id)

    async def _left(self, tx: Transaction, feed: Feed) -> None:
        """Let a feed rest that is not in the file any more; forget one of which nothing is made."""
        if feed.accepted_at is None:
            await feeds.forget_feed(tx, feed.id)
            await self._note(tx, "calendar no longer declared", feed.id)
        elif feed.rests is None:
            await feeds.rest(tx, feed.id)
            await self._note(tx, "calendar no longer declared", feed.id)
            now = self.clock.now()
            log.warning("a calendar is not in config.toml any more and is not read", feed=feed.id)
            await tell_owner(
                tx, feed, f"feed_gone:{now}", ids=self.ids, settings=self.settings, now=now
            )

    async def _note(self, tx: Transaction, act: str, feed_id: int) -> None:
        await audit.note(tx, self.ids.new(), self.clock.now(), None, act, "feed", feed_id)


def _free(wanted: str, called: dict[int, str], own_id: int) -> str:
    taken = {name.casefold() for feed_id, name in called.items() if feed_id != own_id}
    return free_name(wanted, taken)


def _known(
    there: Sequence[Feed], owner: int | None, source: Source, declared: set[str]
) -> Feed | None:
    """Find a declared feed: by its name in the file, else by its address where it had no other."""
    own = [feed for feed in there if feed.therapist_id == owner]
    by_name = [feed for feed in own if feed.source.declared == source.declared]
    by_url = [
        feed
        for feed in own
        if feed.source.url == source.url and feed.source.declared not in declared
    ]
    return next(iter([*by_name, *by_url]), None)
