"""Reading feeds when they are due: fetch, read apart, say whose each event is, let it count.

Owns the order of these and their limits of time. What is read stays in memory: titles and people
go no further than the rules that find a code.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import structlog

from bot.config import Settings
from bot.core.feeds import Feed, Flaw, Found, Seen
from bot.feeds.addresses import Address, NotFetched
from bot.feeds.apart import read_apart
from bot.feeds.facts import Event, NotACalendar, Reading, Trouble
from bot.feeds.fetching import fetch
from bot.feeds.matching import Known, Matching, matching_of
from bot.services.feeds import hashed
from bot.services.following import Applied, Following, Job
from bot.services.matching import Said
from bot.store.database import Transaction, Unavailable

log = structlog.get_logger(__name__)

_DAY_MS = 86_400_000
_BACK_DAYS = 14
_AHEAD_DAYS = 60
#: So many read at the same time at most, each in a process of its own.
_READERS = 2
_SECONDS = {"fetch": 30.0, "read": 20.0}
_URGENT_SECONDS = {"fetch": 5.0, "read": 5.0}


@dataclass(frozen=True, slots=True)
class Syncing:
    """Keeps the timetable beside the practice's calendars.

    in_hand: ids of the feeds that are being read, so that none is read twice at the same time.
    """

    following: Following
    settings: Settings
    in_hand: set[int] = field(default_factory=set)
    readers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_READERS))

    async def sync_one(self) -> bool:
        """Read the feed that is due and that nobody has in hand; was there one?

        One that the program itself stumbles over counts as failed. Errors: `Unavailable`.
        """
        while (job := await self.following.due(frozenset(self.in_hand))) is not None:
            if job.feed.id in self.in_hand:
                continue  # somebody took it while it was looked up
            self.in_hand.add(job.feed.id)
            try:
                await self.sync(job)
            except Unavailable:
                raise
            except Exception as bug:
                # One calendar that the program stumbles over must not keep the others from theirs.
                log.error("calendar stumbled over", feed=job.feed.id, why=type(bug).__name__)
                await self.following.failed(job, "program")
            finally:
                self.in_hand.discard(job.feed.id)
            return True
        return False

    async def any_due(self, tx: Transaction) -> bool:
        """Tell whether `sync_one` would find a feed."""
        return await self.following.any_due(tx, frozenset(self.in_hand))

    async def sync(self, job: Job) -> Applied | NotFetched | NotACalendar | None:
        """Read a feed and let it count; give what came of it, None where nothing has changed."""
        limits = _URGENT_SECONDS if job.is_urgent else _SECONDS
        feed, seen = job.feed, job.feed.seen
        source = feed.source
        try:
            fetched = await fetch(
                Address(source.url, source.user, source.password),
                etag="" if job.is_whole else seen.etag,
                modified="" if job.is_whole else seen.modified,
                private=self.settings.calendar.private_addresses,
                within_seconds=limits["fetch"],
            )
            body = b"" if fetched.body is None else fetched.body
            known = hashlib.sha256(body).hexdigest()
            if fetched.body is None or (known == seen.body and not job.is_whole):
                await self.following.unchanged(feed.id)
                return None
            now = self.following.clock.now()
            # Reading is computing. What a client's question waits for waits for no other.
            async with nullcontext() if job.is_urgent else self.readers:
                reading = await read_apart(
                    body,
                    zone=job.zone,
                    from_at=now - _BACK_DAYS * _DAY_MS,
                    to_at=now + _AHEAD_DAYS * _DAY_MS,
                    within_seconds=limits["read"],
                )
        except (NotFetched, NotACalendar) as problem:
            log.warning("calendar not read", feed=feed.id, why=problem.why)
            await self.following.failed(job, problem.why)
            return problem
        unread = frozenset(series_of(feed, uid) for uid in reading.left_out)
        seen = Seen(fetched.etag, fetched.modified, known, job.matched)
        said = await asyncio.to_thread(self._said, job, reading)
        flaws = tuple(_flaw(feed, one) for one in reading.troubles)
        return await self.following.apply(job, said, unread, seen, flaws)

    def _said(self, job: Job, reading: Reading) -> tuple[Said, ...]:
        rules = matching_of(self.settings)
        known = _known(job)
        return tuple(_say(job.feed, rules, known, event) for event in reading.events)


def series_of(feed: Feed, uid: str) -> bytes:
    """Give the hash that a feed knows an event or series by."""
    return hashed(feed.source.secret, "series", uid)


def _flaw(feed: Feed, trouble: Trouble) -> Flaw:
    knows = hashed(feed.source.secret, "flaw", f"{trouble.kind}|{trouble.name}")
    return Flaw(knows, trouble.kind, trouble.about, trouble.line)


def _known(job: Job) -> Known:
    """Give what stands for whom, by the hashes of this feed."""
    secret = job.feed.source.secret
    named: dict[tuple[str, bytes], set[str]] = {}
    for alias in job.aliases:
        named.setdefault((alias.kind, alias.words), set()).add(alias.code)

    def who(kind: str, words: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for one in words if named else ():
            plain = " ".join(one.split()).casefold()
            found |= named.get((kind, hashed(secret, kind, plain)), set())
        return found

    return who


def _say(feed: Feed, rules: Matching, known: Known, event: Event) -> Said:
    match = rules.match(event, known)
    stem = hashed(feed.source.secret, "stem", f"{event.recurrence}|{event.uid}")
    found = Found(
        stem=stem,
        series=series_of(feed, event.uid),
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        is_met=event.skipped is None,
    )
    return Said(found, match.code)
