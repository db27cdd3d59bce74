"""Seeing to the practice's calendars from the command line, beside the running program."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.feeds import NAME_LENGTH, Feed, Source
from bot.core.shown import on_one_line
from bot.feeds.addresses import NotFetched, read_address
from bot.feeds.facts import NotACalendar
from bot.feeds.syncing import Syncing
from bot.opening import RandomIds, SystemClock, open_database
from bot.services.enrolment import Enrolment
from bot.services.feeds import Feeds, Overview
from bot.services.following import Applied, Following
from bot.services.importing import Importing

#: The running program reads a calendar once in a quarter of an hour.
_TIMES: Final = 3


@dataclass(frozen=True, slots=True)
class Calendars:
    """What the command line needs of calendars. A feed is named by its name, in any case."""

    feeds: Feeds
    following: Following
    enrolment: Enrolment
    importing: Importing
    syncing: Syncing

    async def therapist(self, telegram_id: int) -> int | None:
        """Give a therapist by the Telegram id; None for somebody else."""
        who = await self.enrolment.who(telegram_id)
        return who.person.id if who.person is not None and "therapist" in who.roles else None

    async def add(self, address: str, name: str | None, therapist_id: int | None) -> Overview:
        """Add a feed that is only looked at, and look at it.

        Errors: `NotFetched`, `NotACalendar`: then it is not kept. `Refused` as for `Feeds.add`.
        """
        found = read_address(address)
        name = on_one_line(name or "", NAME_LENGTH) or on_one_line(found.host, NAME_LENGTH)
        source = Source(name, found.url, found.user, found.password)
        feed_id = await self.feeds.add(therapist_id, source)
        try:
            await self.sync(feed_id)
        except (NotFetched, NotACalendar):
            await self.feeds.remove(feed_id, None)
            raise
        return await self.feeds.show(feed_id, None)

    async def sync(self, feed_id: int, *, is_look: bool = False) -> Applied | None:
        """Read a feed now, and again where the running program was quicker.

        is_look: also one that somebody has said no to; the no stands.
        Errors: `NotFetched`, `NotACalendar`.
        """
        applied = None
        for _ in range(_TIMES):
            job = await self.following.job(feed_id, is_look=is_look)
            result = None if job is None else await self.syncing.sync(job)
            if isinstance(result, NotFetched | NotACalendar):
                raise result
            applied = result
            if applied is None or not applied.is_overtaken:
                break
        return applied

    async def find(self, name: str) -> Feed | None:
        """Find a feed by its name."""
        for overview in await self.feeds.all():
            if overview.feed.source.name.casefold() == name.strip().casefold():
                return overview.feed
        return None


@asynccontextmanager
async def calendars(settings: Settings) -> AsyncIterator[Calendars]:
    """Open the practice's calendars for a command. Errors: those of `open_database`."""
    clock, ids = SystemClock(), RandomIds()
    db = await open_database(settings, clock, alone=False)
    try:
        following = Following(db, clock, ids, settings)
        yield Calendars(
            Feeds(db, clock, ids, settings),
            following,
            Enrolment(db, clock, ids, settings),
            Importing(db, clock, ids, settings),
            Syncing(following, settings),
        )
    finally:
        await db.close()
